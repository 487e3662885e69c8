"""Giving pictures out: to whom, of whom, under which grant; and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from countenance.catalog import disclosures, recipients
from countenance.catalog.tables import disclosed_person, entry, recipient, sighting
from countenance.errors import NoConsent, NoGrant, NotFound, Refused, Unavailable, UsageError
from countenance.gallery.bands import Band
from countenance.library import Given
from countenance.people.purpose import Purpose
from tests.fakes.echo import CHANNEL, ENDPOINT, Echo, terms
from tests.fakes.gala import A_DAY, GROUND, Gala, rows
from tests.fakes.vision import picture

ADA, BO = 1, 2


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    made = Echo.make(tmp_path)
    with made.gala:
        yield made


def given(gala: Gala) -> list[tuple[object, ...]]:
    with gala.library._database.read() as tx:
        return rows(tx, disclosed_person.c.disclosure_id, disclosed_person.c.person_id)


def test_a_photo_of_people_who_agreed_is_given(echo: Echo) -> None:
    """Its disclosure names everybody in it, each with their consent; the log says so in ids."""
    echo.gala.put("two.png", ADA, BO)
    ada, bo = echo.enrol("Ada", ADA), echo.enrol("Bo", BO)
    echo.gala.ingest()
    which = echo.give("two.png")
    assert sorted(given(echo.gala)) == sorted([(which, ada), (which, bo)])
    (said,) = (one for _, one in echo.gala.library.trail.tail(1) if one)
    assert said.act == "photo.disclosed"
    assert {which, echo.added.recipient.id, ada, bo} <= set(said.subjects)
    consents = [one.id for who in (ada, bo) for one in echo.gala.library.consents(who)[1]]
    assert len(set(said.rests_on) & set(consents)) == 2
    assert said.rests_on[0].startswith("g_")
    (kept,) = echo.gala.library.disclosures("The Echo")
    assert (kept.id, kept.channel) == (which, CHANNEL)
    with echo.gala.library._database.read() as tx:
        assert disclosures.showing(tx, ada, channels=None) == [which]
        assert disclosures.showing(tx, ada, channels=[CHANNEL]) == [which]
        assert disclosures.showing(tx, ada, channels=["web"]) == []
        assert disclosures.of_source(tx, echo.gala.source.id) == [which]


def test_a_photo_of_nobody_is_given(echo: Echo) -> None:
    """Without a face there is nobody to ask."""
    echo.gala.put("none.png")
    echo.gala.ingest()
    echo.give("none.png")
    assert given(echo.gala) == []


@pytest.mark.promise("P8")
@pytest.mark.parametrize("purposes", [("web",), ("newspapers",)])
def test_another_channel_is_not_this_one(echo: Echo, purposes: tuple[str, ...]) -> None:
    """A consent for one channel permits no other."""
    echo.gala.put("one.png", ADA)
    echo.enrol("Ada", ADA, *purposes)
    echo.gala.ingest()
    with pytest.raises(NoConsent, match="1 of 1 face without"):
        echo.give("one.png")
    assert given(echo.gala) == []


@pytest.mark.promise("P8")
def test_one_stranger_is_enough(echo: Echo) -> None:
    """A face of which nobody is known counts as no, and the answer says how many there are."""
    echo.gala.put("three.png", ADA, BO, 3)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    with pytest.raises(NoConsent, match="2 of 3 faces without"):
        echo.give("three.png")
    assert "photo.disclosed" not in echo.gala.log()


def test_a_rejected_sighting_is_none(echo: Echo) -> None:
    """Who is said not to be in a face does not answer for it."""
    echo.gala.put("one.png", ADA)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    (one,) = echo.gala.find("Ada").sightings
    echo.gala.library.reject_sighting(one.id)
    with pytest.raises(NoConsent):
        echo.give("one.png")


@pytest.mark.promise("P8")
@pytest.mark.parametrize("band", [Band.LIKELY, Band.UNSURE])
def test_what_is_not_sure_is_confirmed_first(echo: Echo, band: Band) -> None:
    """The consent of who may be in a face shows nobody, until a person says that it is them."""
    echo.gala.put("one.png", ADA)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    with echo.gala.library._database.write() as tx:
        tx.execute(sighting.update().values(band=band))
    (one,) = echo.gala.find("Ada").sightings
    with pytest.raises(NoConsent, match="1 of 1 face without"):
        echo.give("one.png")
    assert given(echo.gala) == []
    echo.gala.library.confirm_sighting(one.id)
    echo.give("one.png")


@pytest.mark.promise("P8")
def test_consent_that_ended_gives_nothing(echo: Echo) -> None:
    """Withdrawn or expired, it permits nothing from then on."""
    echo.gala.put("one.png", ADA)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    echo.give("one.png")
    echo.gala.library.withdraw("Ada", Purpose.MAY_PUBLISH)
    with pytest.raises(NoConsent):
        echo.give("one.png")


@pytest.mark.promise("P19")
def test_who_is_recognised_no_more_answers_for_no_face(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the sighting is on its way out: who it is, is not known from that commit on."""
    echo.gala.put("one.png", ADA)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    monkeypatch.setattr("countenance.erasure.case.carry_on", _unavailable)
    echo.gala.library.withdraw("Ada", Purpose.FIND_ME)
    with pytest.raises(NoConsent):
        echo.give("one.png")


@pytest.mark.promise("P1")
def test_a_grant_to_match_is_none_to_publish(tmp_path: Path) -> None:
    """What may be searched may not by that be given out."""
    with Gala.make(tmp_path) as gala:
        gala.put("none.png")
        gala.ingest()
        added = gala.library.add_recipient(terms(None))
        with pytest.raises(NoGrant, match="allows it to be published"):
            gala.library.give(str(gala.folder / "none.png"), added.recipient.id, channel="web")


@pytest.mark.promise("P3")
def test_a_grant_that_ended_gives_nothing(echo: Echo) -> None:
    """After the revocation, and after its end, nothing of the source is given out."""
    echo.gala.put("none.png")
    echo.gala.ingest()
    echo.give("none.png")
    echo.wait(31 * A_DAY)
    with pytest.raises(NoGrant):
        echo.give("none.png")
    echo.gala.end_the_grants()
    with pytest.raises(NoGrant):
        echo.give("none.png")


def test_a_photo_that_is_gone_or_changed_is_not_given(echo: Echo) -> None:
    """What does not stand at its source now, as it was read, is not given out."""
    path = echo.gala.put("none.png")
    echo.gala.ingest()
    (photo,) = echo.gala.library.photos()
    path.unlink()
    echo.gala.put("other.png", salt=3)
    echo.gala.ingest()
    with pytest.raises((Refused, NotFound)):
        echo.gala.library.give(photo.id, "The Echo", channel=CHANNEL)


def test_nobody_is_given_anything_but_a_recipient(echo: Echo) -> None:
    """There is no disclosure without a recipient, and none to one that ended."""
    echo.gala.put("none.png")
    echo.gala.ingest()
    (photo,) = echo.gala.library.photos()
    with pytest.raises(NotFound, match="no such recipient"):
        echo.gala.library.give(photo.id, "somebody", channel=CHANNEL)
    with pytest.raises(NotFound, match="no photo"):
        echo.give("other.png")
    with pytest.raises(UsageError):
        echo.gala.library.give(photo.id, "The Echo", channel=" ")
    ended = echo.gala.library.end_recipient("The Echo")
    assert not ended.live
    with pytest.raises(Refused, match="recipient no more"):
        echo.give("none.png")
    with pytest.raises(UsageError, match="no more"):
        echo.gala.library.end_recipient("The Echo")


def test_what_recognition_may_not_show_answers_for_nobody(echo: Echo, tmp_path: Path) -> None:
    """Where only those on a roster are known, a face that was found before is a stranger's."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "one.png").write_bytes(picture(ADA, salt=9))
    until = echo.gala.clock.now() + A_DAY
    echo.gala.library.add_folder(other, Given("the club", until), ground=GROUND)
    echo.gala.put("one.png", ADA)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    (here,) = (one for one in echo.gala.find("Ada").sightings if one.source == echo.gala.source.id)
    echo.gala.library.confirm_sighting(here.id)
    echo.give("one.png")
    echo.gala.library.set_rule("gala", recognition=True, ground=GROUND, minors=True)
    assert echo.gala.places("Ada") == ["one.png"]  # that of the other folder
    with pytest.raises(NoConsent):
        echo.give("one.png")
    echo.gala.library.add_to_roster("gala", "Ada")
    echo.gala.ingest()
    echo.give("one.png")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"contact": ""},
        {"accepted": "\n"},
        {"endpoint": "http://echo.example/"},
        {"endpoint": "https://127.0.0.1/"},
        {"public_key": "AAAA"},
        {"public_key": "no key"},
        {"name": "The Echo"},
    ],
)
def test_a_recipient_that_is_not_known_well_is_none(echo: Echo, wrong: dict[str, str]) -> None:
    """Name, contact and accepted terms are needed, and an endpoint and a key are what they say."""
    right = terms(echo.key, "Another", endpoint=ENDPOINT)
    with pytest.raises(UsageError):
        echo.gala.library.add_recipient(replace(right, **wrong))  # type: ignore[arg-type]  # text
    assert [one.name for one in echo.gala.library.recipients()] == ["The Echo"]
    assert echo.gala.library.recipients()[0].terms.endpoint == ENDPOINT


@pytest.mark.promise("P32")
def test_tokens_and_names_are_where_they_belong(echo: Echo) -> None:
    """The token is in no table and in no file, and the log does not name the recipient."""
    with echo.gala.library._database.read() as tx:
        logged = " ".join(str(one) for one in tx.execute(select(entry.c.payload)).scalars())
        (kept,) = tx.execute(select(recipient)).mappings()
        found = recipients.by_token(tx, echo.added.token)
        assert recipients.by_token(tx, echo.added.token[:-1]) is None
        assert recipients.by_token(tx, kept["token_digest"]) is None
    assert found == echo.added.recipient
    assert len(kept["token_digest"]) == 64
    assert echo.added.recipient.id in logged
    assert "Echo" not in logged
    assert "desk@" not in logged
    secret = echo.added.token.encode()
    assert not any(secret in path.read_bytes() for path in echo.gala.files())


# --------------------------------------------------------------------------------------------


def _unavailable(*_: object) -> None:
    raise Unavailable("the program was stopped here")
