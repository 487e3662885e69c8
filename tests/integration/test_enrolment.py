"""Enrolling: a key a purpose, all references anew, without a picture, growing up, names."""

import json
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from countenance.catalog import postgresql, sqlite
from countenance.catalog.database import Database
from countenance.catalog.references import open_gallery
from countenance.catalog.tables import reference
from countenance.cli.main import main
from countenance.core.ids import KeyId
from countenance.enrol.enrol import Portrait
from countenance.errors import (
    NotFound,
    Refused,
    Unavailable,
    UsageError,
    VerificationError,
)
from countenance.people.guardians import AgeBand, AgeSource, Standing
from countenance.people.purpose import Purpose, Wish
from countenance.search import probe
from countenance.vault.keys import OpenKeys
from tests.fakes.gala import COLLECTION, Gala
from tests.fakes.vision import picture

ADA, BO, CY = 1, 2, 3
STRANGER = 20
CHILD = Standing(AgeBand.CHILD)
EVA = ("Eva Berg", "mother")


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, BO)
        made.ingest()
        yield made


# --- a key for each purpose -----------------------------------------------------------------


@pytest.mark.promise("P5")
def test_each_purpose_has_a_key_of_its_own(gala: Gala) -> None:
    """Withdrawing one destroys its key and no other; the rest is found as before."""
    person = gala.enrol("Ada", ADA, Purpose.FIND_ME, Purpose.STAFF_FIND).enrolment.person
    keys = _reference_keys(gala)
    assert len({person.key, *keys.values()}) == 3
    assert _kept(gala) == {person.key, *keys.values()}
    gala.library.withdraw("Ada", Purpose.STAFF_FIND)
    assert _kept(gala) == {person.key, keys["find-me"]}
    assert gala.places("Ada") == ["a.jpg"]
    assert gala.named(ADA) == ["Ada"]


@pytest.mark.promise("P5")
def test_enrolling_again_replaces_every_reference(gala: Gala) -> None:
    """Also of what is not named in the call: nobody is looked for by the earlier pictures."""
    gala.enrol("Ada", ADA, Purpose.FIND_ME, Purpose.STAFF_FIND, Purpose.HIDE_ME)
    before = _reference_keys(gala)
    person = gala.enrol("Ada", CY, Purpose.STAFF_FIND, Purpose.TELL_ME, again=True)
    after = _reference_keys(gala)
    assert set(after) == {"find-me", "staff-find", "hide-me", "tell-me"}
    assert not set(before.values()) & set(after.values())
    assert _kept(gala) == {person.enrolment.person.key, *after.values()}
    for purpose in (Purpose.FIND_ME, Purpose.STAFF_FIND):
        assert (gala.named(ADA, purpose), gala.named(CY, purpose)) == ([], ["Ada"])


@pytest.mark.promise("P14")
def test_enrolling_again_revives_nothing(gala: Gala) -> None:
    """What was withdrawn gets no new reference."""
    gala.enrol("Ada", ADA, Purpose.FIND_ME, Purpose.STAFF_FIND)
    gala.library.withdraw("Ada", Purpose.STAFF_FIND)
    gala.enrol("Ada", ADA, again=True)
    assert set(_reference_keys(gala)) == {"find-me"}


def test_an_enrolment_that_fails_leaves_no_key(gala: Gala) -> None:
    """The name is taken, or an objection stands: the keys made for it are gone."""
    gala.enrol("Ada", ADA)
    before = _kept(gala)
    with pytest.raises(Refused):
        gala.enrol("Ada", ADA, Purpose.FIND_ME, Purpose.STAFF_FIND)
    assert _kept(gala) == before
    gala.library.object_to("Ada")
    left = _kept(gala)
    assert len(left) == 1
    with pytest.raises(Refused, match="objection"):
        gala.enrol("Ada", ADA, again=True)
    assert _kept(gala) == left


@pytest.mark.promise("P26")
def test_keys_of_an_enrolment_that_is_stored_after_all_are_kept(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that comes after the commit does not make the new references unreadable."""
    write = Database.write

    @contextmanager
    def write_and_fail(database: Database) -> Iterator[Connection]:
        monkeypatch.setattr(Database, "write", write)
        with write(database) as tx:
            yield tx
        raise Unavailable("the disk went away")

    monkeypatch.setattr(Database, "write", write_and_fail)
    with pytest.raises(Unavailable, match="went away"):
        gala.enrol("Ada", ADA)
    assert [one.name for one in gala.library.people()] == ["Ada"]
    assert gala.named(ADA) == ["Ada"]


@pytest.mark.promise("P27")
@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_a_key_that_does_not_open_is_named(gala: Gala, how: str) -> None:
    """A search says whose it is, for which purpose, and what to do; nobody is passed over."""
    who = gala.enrol("Ada", ADA).enrolment.person.id
    gala.enrol("Bo", BO)
    file = gala.keys / f"{_reference_keys(gala, who)['find-me']}.key"
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(VerificationError, match=f"{who}: the reference for find-me") as caught:
        gala.named(BO)
    assert "countenance doctor" in caught.value.hint
    found = gala.library.keys_found()
    assert [one.of for one in found.broken] == [f"{who}, find-me"]
    gala.library.withdraw("Ada")
    assert gala.named(BO) == ["Bo"]
    assert gala.library.keys_found().broken == ()


@pytest.mark.promise("P20")
def test_a_withdrawal_during_a_search_is_no_damage(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that goes between the reading of its row and its opening was withdrawn, not lost."""
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    # The search holds the old state of the catalog meanwhile: the purge gives up waiting sooner.
    monkeypatch.setitem(sqlite._PRAGMAS, "busy_timeout", ("500", 500))
    monkeypatch.setattr(postgresql, "BUSY_MILLISECONDS", 500)
    other = gala.another()

    def late(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(probe, "open_gallery", open_gallery)
        with monkeypatch.context() as meanwhile:
            read = OpenKeys.read

            def withdrawn(keys: OpenKeys, key_id: KeyId) -> bytes:
                meanwhile.setattr(OpenKeys, "read", read)
                other.withdraw("Ada")
                return keys.read(key_id)

            meanwhile.setattr(OpenKeys, "read", withdrawn)
            return open_gallery(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(probe, "open_gallery", late)
    assert gala.named(BO) == ["Bo"]
    other.close()
    assert [one.name for one in gala.library.people()] == ["Bo"]


# --- without a picture ----------------------------------------------------------------------


@pytest.mark.promise("P18")
def test_somebody_enrols_without_a_picture(gala: Gala) -> None:
    """Nobody is recognised by it, no model is loaded, and by hand they are found all the same."""
    del gala.library.__dict__["extractor"]
    wishes = (Wish(Purpose.FIND_ME), Wish(Purpose.HIDE_ME), Wish(Purpose.MAY_PUBLISH, "website"))
    done = gala.library.enrol("Ada", (), wishes)
    assert (done.enrolment.pictures, done.compared) == ((), 0)
    assert _reference_keys(gala) == {}
    (photo,) = gala.library.photos()
    gala.library.add_sighting(photo.id, 1, "Ada")
    assert gala.places("Ada") == ["a.jpg"]
    assert "extractor" not in gala.library.__dict__
    gala.library.withdraw("Ada", Purpose.FIND_ME)
    assert gala.places("Ada") == []
    gala.library.withdraw("Ada")
    assert _kept(gala) == set()


@pytest.mark.promise("P18")
def test_a_picture_may_come_later(gala: Gala) -> None:
    """Enrolled again with one, they are recognised for all that they agreed to."""
    gala.library.enrol("Ada", (), (Wish(Purpose.FIND_ME),))
    gala.ingest()
    assert gala.places("Ada") == []
    gala.enrol("Ada", ADA, Purpose.STAFF_FIND, again=True)
    assert set(_reference_keys(gala)) == {"find-me", "staff-find"}
    assert gala.places("Ada") == ["a.jpg"]
    gala.library.enrol("Ada", (), (Wish(Purpose.TELL_ME),), again=True)
    assert set(_reference_keys(gala)) == {"find-me", "staff-find"}


# --- growing up -----------------------------------------------------------------------------


@pytest.mark.promise("P13")
@pytest.mark.parametrize("band", [AgeBand.TEEN, AgeBand.ADULT])
def test_what_a_guardian_gave_ends_with_childhood(gala: Gala, band: AgeBand) -> None:
    """They are found no more, their keys are gone, and they can agree themselves."""
    _enrol_child(gala)
    assert gala.places("Ada") == ["a.jpg"]
    done = gala.library.change_age("Ada", band, AgeSource.VERIFIED)
    assert (done.ended, done.sightings) == (("find-me",), 1)
    assert gala.places("Ada") == []
    assert _kept(gala) == {done.person.key}
    assert [one for one in gala.log() if one in ("person.age-changed", "consent.expired")] == [
        *("person.age-changed", "consent.expired")
    ]
    assert gala.library.trail.verify({}).findings == ()
    (person,) = gala.library.people()
    assert (person.standing.band, person.standing.source) == (band, AgeSource.VERIFIED)
    gala.enrol("Ada", ADA, again=True)
    assert gala.places("Ada") == ["a.jpg"]
    _, (consent,) = gala.library.consents("Ada")
    assert consent.events[-1].role == "self"


def test_a_teens_own_consent_stays_when_they_grow_up(gala: Gala) -> None:
    """Nothing ends that the person gave; a band mended to child ends what only a guardian gives."""
    gala.library.enrol(
        "Ada",
        [Portrait("a", picture(ADA))],
        (Wish(Purpose.FIND_ME),),
        standing=Standing(AgeBand.TEEN),
    )
    assert gala.library.change_age("Ada", AgeBand.ADULT, AgeSource.ROSTER).ended == ()
    assert gala.places("Ada") == ["a.jpg"]
    assert gala.library.change_age("Ada", AgeBand.CHILD, AgeSource.ROSTER).ended == ("find-me",)
    assert gala.places("Ada") == []


def test_an_objection_of_a_guardian_ends_with_their_say(gala: Gala) -> None:
    """A teen's guardian may still object, an adult's may not; the person's own stays."""
    _enrol_child(gala)
    gala.library.object_to("Ada", by="Eva Berg")
    gala.library.object_to("Ada")
    assert gala.library.change_age("Ada", AgeBand.TEEN, AgeSource.ROSTER).lifted == 0
    assert gala.library.change_age("Ada", AgeBand.ADULT, AgeSource.ROSTER).lifted == 1
    assert [one.role for one in gala.library.objections("Ada")] == ["self"]
    assert gala.places("Ada") == []


def test_the_dead_do_not_age(gala: Gala) -> None:
    """Nobody becomes historical by this, and who is stays so."""
    gala.enrol("Ada", ADA)
    with pytest.raises(UsageError, match="historical"):
        gala.library.change_age("Ada", AgeBand.HISTORICAL, AgeSource.DECLARED)
    with pytest.raises(NotFound):
        gala.library.change_age("Nora", AgeBand.TEEN, AgeSource.DECLARED)
    gala.library.enrol(
        "Cy",
        (),
        (Wish(Purpose.FIND_ME),),
        standing=Standing(AgeBand.HISTORICAL, died=1931, record="a parish register"),
    )
    with pytest.raises(Refused, match="no longer living"):
        gala.library.change_age("Cy", AgeBand.ADULT, AgeSource.DECLARED)


# --- names and channels ---------------------------------------------------------------------


def test_a_name_is_one_name_however_it_is_typed(gala: Gala) -> None:
    """Composed or not, with more or less space: it is taken, found and withdrawn as one."""
    gala.enrol("  Zoë   Ågren ", ADA)
    typed = unicodedata.normalize("NFD", "Zoë Ågren")
    assert [one.name for one in gala.library.people()] == ["Zoë Ågren"]
    with pytest.raises(Refused, match="enrolled"):
        gala.enrol(typed, BO)
    assert gala.places(typed) == gala.places("Zoë\tÅgren") == ["a.jpg"]
    assert gala.library.withdraw(typed).erased


@pytest.mark.parametrize("name", ["", " \n", "x" * 201, "Ada\x00", "Ada\x1b[2J", "Ada\udcff"])
def test_what_is_no_name_enrols_nobody(gala: Gala, name: str) -> None:
    """Nothing is stored, and nobody is found under it either."""
    with pytest.raises(UsageError):
        gala.enrol(name, ADA)
    assert _kept(gala) == set()


def test_one_channel_is_withdrawn_alone(gala: Gala) -> None:
    """Publishing elsewhere, and what else was agreed to, goes on; without a channel all end."""
    channels = [Wish(Purpose.MAY_PUBLISH, one) for one in ("website", "print", "tv")]
    gala.library.enrol("Ada", (), (Wish(Purpose.FIND_ME), *channels))
    assert gala.library.withdraw("Ada", channels[0]).withdrawn == ("may-publish:website",)
    left = set(gala.library.withdraw("Ada", Purpose.MAY_PUBLISH).withdrawn)
    assert left == {"may-publish:print", "may-publish:tv"}
    done = gala.library.withdraw("Ada")
    assert (done.withdrawn, done.erased) == (("find-me",), True)


# --------------------------------------------------------------------------------------------


def _enrol_child(gala: Gala) -> None:
    gala.library.enrol(
        "Ada",
        [Portrait("a", picture(ADA))],
        (Wish(Purpose.FIND_ME),),
        standing=CHILD,
        guardian=EVA,
    )


def _kept(gala: Gala) -> set[KeyId]:
    return {KeyId(path.stem) for path in gala.keys.glob("k_*")}


def _reference_keys(gala: Gala, who: str = "") -> dict[str, KeyId]:
    """The key of each purpose's reference, of everybody or of one person."""
    with gala.library._database.read() as tx:
        found = tx.execute(select(reference.c.person_id, reference.c.purpose, reference.c.key_id))
        return {row.purpose: KeyId(row.key_id) for row in found if who in ("", row.person_id)}


# --- by number and by list ------------------------------------------------------------------


@pytest.mark.promise("P18")
def test_who_wears_a_number_is_in_the_picture_by_it(gala: Gala) -> None:
    """Without a picture of theirs, and without one face measured; a number is one person's."""
    gala.library.enrol("Ada", (), (Wish(Purpose.FIND_ME),))
    gala.library.enrol("Bo", (), (Wish(Purpose.FIND_ME),))
    gala.library.add_to_roster(COLLECTION, "Ada", number="214")
    with pytest.raises(UsageError, match="somebody else on this roster"):
        gala.library.add_to_roster(COLLECTION, "Bo", number="214")
    gala.put("finish.jpg", STRANGER, ADA, salt=7)
    gala.ingest()
    made = len(gala.vision.made)
    gala.library.add_sighting(str(gala.folder / "finish.jpg"), 2, "#214")
    assert "finish.jpg" in gala.places("Ada")
    assert len(gala.vision.made) == made
    with pytest.raises(NotFound, match="nobody on the roster"):
        gala.library.add_sighting(str(gala.folder / "finish.jpg"), 1, "#9")
    with pytest.raises(UsageError, match="say in which one"):
        gala.library.add_sighting(str(gala.folder / "finish.jpg"), None, "#214")


@pytest.mark.promise("P18")
def test_a_list_adds_what_it_can_and_names_the_rest(
    gala: Gala, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the same gate, line by line."""
    gala.clock.at = datetime.now(UTC)  # the command goes by the machine's clock
    gala.grant_again()
    gala.library.enrol("Ada", (), (Wish(Purpose.FIND_ME),))
    gala.put("one.jpg", ADA, salt=8)
    gala.ingest()
    file = tmp_path / "list.csv"
    place = gala.folder / "one.jpg"
    file.write_text(f"photo,face,person\n{place},,Ada\n{place},1,Nobody\n", encoding="utf-8")
    gala.library.close()
    words = ["sighting", "import", str(file), "--library", str(gala.root), "--json"]
    assert main(words) == 3
    said = json.loads(capsys.readouterr().out)
    assert [one["state"] for one in said["added"]] == ["confirmed"]
    assert [one["line"] for one in said["not_added"]] == [3]
    file.write_text("picture,person\n", encoding="utf-8")
    assert main(words) == 0
    file.write_text("picture,person\na,b\n", encoding="utf-8")
    assert main(words) == 2
    gala.reopen()
    assert gala.places("Ada") == ["one.jpg"]
