"""Links that show photos: who is seen, who is covered, and when all of it is gone."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from countenance.audit.entry import Act
from countenance.audit.statement import RecallState
from countenance.catalog import sources
from countenance.catalog.links import LinkKind
from countenance.catalog.tables import entry, link, share_photo, sighting
from countenance.core.canonical import digest
from countenance.core.ids import PersonId
from countenance.enrol.enrol import Portrait
from countenance.errors import NotFound, Refused, UsageError
from countenance.gallery.bands import Band
from countenance.library import Library
from countenance.library.links import LeadsNowhere
from countenance.library.own import Word
from countenance.library.shares import MOST_PHOTOS, Shared, Sharing
from countenance.media.cover import PALETTE, Colour
from countenance.media.cut import Cut
from countenance.media.decode import Pixels, decode
from countenance.media.leaks import find_leaks
from countenance.media.limits import Limits
from countenance.people.purpose import Purpose, Wish
from countenance.publish.disclose import WHOEVER_HAS_A_LINK as ANYBODY
from tests.fakes.echo import CHANNEL, Echo, FakePost
from tests.fakes.gala import A_DAY, Gala, holding, open_library, rows
from tests.fakes.vision import picture

ADA, BO, CY = 1, 2, 3
A_HEAD = 128
MARGIN = 40


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    """Three photos: of Ada; of Ada, Bo and a stranger; of nobody."""
    made = Echo.make(tmp_path)
    with made.gala:
        made.gala.put("one.png", ADA)
        made.gala.put("three.png", ADA, BO, 20)
        made.gala.put("none.png")
        made.gala.ingest()
        yield made


def sharing(gala: Gala, *, days: int = 7, label: str = "", looked: bool = True) -> Sharing:
    return Sharing(gala.library.now() + days * A_DAY, label, looked)


def share(echo: Echo, *names: str, days: int = 7) -> Shared:
    """By the desk, as in the newspaper."""
    paths = [str(echo.gala.folder / name) for name in names]
    return echo.gala.library.share(paths, CHANNEL, sharing(echo.gala, days=days))


def share_mine(echo: Echo, who: PersonId, *names: str, label: str = "") -> Shared:
    """By a person, of their own pictures."""
    library = echo.gala.library
    own = library.link_for(who).token
    found = library.my_pictures(own).sure
    which = [one.sighting.id for one in found if not names or one.sighting.locator in names]
    return library.share_mine(own, which, sharing(echo.gala, label=label))


def numbers(library: Library, token: str) -> list[int]:
    return [one.number for one in library.shared(token).pictures]


def seen(library: Library, token: str, number: int = 1) -> Pixels:
    return decode(library.shared_picture(token, number, Cut.WHOLE).data, limits=Limits()).pixels


def heads(pixels: Pixels) -> list[bool]:
    """Of each head of a picture, whether it is to be seen: it is no cover."""
    found = []
    for left in range(MARGIN, pixels.shape[1] - A_HEAD, A_HEAD + MARGIN):
        inside = pixels[MARGIN : MARGIN + A_HEAD, left : left + A_HEAD].astype(int)
        away = np.abs(inside - np.array(PALETTE[Colour.SLATE])).max()
        found.append(bool(away > 12))
    return found


# --- what is seen ---------------------------------------------------------------------------------


@pytest.mark.promise("P8")
def test_whoever_did_not_agree_is_covered(echo: Echo) -> None:
    """Of the desk's link: Ada agreed, Bo to another channel, and of the third nobody knows."""
    echo.enrol("Ada", ADA)
    echo.enrol("Bo", BO, "elsewhere")
    done = share(echo, "one.png", "three.png", "none.png")
    assert (done.count, done.left_out) == (3, ())
    library, token = echo.gala.library, done.issued.token
    assert [heads(seen(library, token, one)) for one in (1, 2)] == [[True], [True, False, False]]
    assert numbers(library, token) == [1, 2, 3]


@pytest.mark.promise("P8")
def test_a_person_shows_nobody_but_themselves(echo: Echo) -> None:
    """Also not who agreed to every channel: to somebody's link nobody else agreed."""
    ada = echo.enrol("Ada", ADA)
    echo.enrol("Bo", BO)
    done = share_mine(echo, ada, "three.png")
    assert heads(seen(echo.gala.library, done.issued.token)) == [True, False, False]


@pytest.mark.promise("P8")
def test_who_agrees_later_stays_covered(echo: Echo) -> None:
    """Who is seen is fixed when the link is made: what its maker looked at is what it shows."""
    echo.enrol("Ada", ADA)
    done = share(echo, "three.png")
    echo.enrol("Bo", BO)
    assert heads(seen(echo.gala.library, done.issued.token)) == [True, False, False]


def test_what_is_not_sure_is_covered(echo: Echo) -> None:
    """And a person cannot show as themselves what only may be them."""
    ada = echo.enrol("Ada", ADA)
    with echo.gala.library._database.write() as tx:
        tx.execute(sighting.update().values(band=Band.LIKELY))
    done = share(echo, "one.png")
    assert heads(seen(echo.gala.library, done.issued.token)) == [False]
    own = echo.gala.library.link_for(ada).token
    asked = [one.sighting.id for one in echo.gala.library.my_pictures(own).to_check]
    with pytest.raises(Refused, match="not known to show you"):
        echo.gala.library.share_mine(own, asked, sharing(echo.gala))


@pytest.mark.promise("P8")
def test_what_the_search_passed_over_is_covered(echo: Echo) -> None:
    """A face too small for the search is found by the closer look, and nobody answers for it."""
    echo.enrol("Ada", ADA)
    path = echo.gala.put("small.png", ADA, 21, side=24)
    echo.gala.ingest()
    (photo,) = [one for one in echo.gala.library.photos() if one.locators == ("small.png",)]
    assert photo.faces == ()
    done = echo.gala.library.share([str(path)], CHANNEL, sharing(echo.gala))
    pixels = seen(echo.gala.library, done.issued.token)
    assert np.abs(pixels[52, 52].astype(int) - np.array(PALETTE[Colour.SLATE])).max() < 12


def test_the_file_is_nothing_but_a_picture(echo: Echo) -> None:
    """It bears the number of its disclosure, by which anybody can ask whether it may be shown."""
    ada = echo.enrol("Ada", ADA)
    library = echo.gala.library
    for done in (share(echo, "one.png"), share_mine(echo, ada, "one.png")):
        sent = library.shared_picture(done.issued.token, 1, Cut.WHOLE).data
        assert not find_leaks(sent)
        (given,) = [one for one in library.disclosures(ANYBODY) if one.file == digest(sent)]
        assert given.id.encode() in sent
        found = library.permission(number=given.id)
        assert found is not None
        assert (found.recipient, found.channel) == (ANYBODY, given.channel)
        assert library.permission(file=digest(sent)) == found
        small = library.shared_picture(done.issued.token, 1, Cut.SMALL).data
        assert not find_leaks(small)
    library.withdraw("Ada")
    assert [library.permission(number=one.id) for one in library.disclosures(ANYBODY)] == [
        None,
        None,
    ]


# --- what is not made -----------------------------------------------------------------------------


def test_what_is_not_a_share(echo: Echo) -> None:
    """No word that somebody looked, no end, none or too many photos, no channel, no such photo."""
    echo.enrol("Ada", ADA)
    library, one = echo.gala.library, str(echo.gala.folder / "one.png")
    with pytest.raises(Refused, match="nobody has looked"):
        library.share([one], CHANNEL, sharing(echo.gala, looked=False))
    for days in (-1, 0, 400):
        with pytest.raises(UsageError, match=r"over before it begins|ends within"):
            share(echo, "one.png", days=days)
    with pytest.raises(UsageError, match="at least one photo"):
        library.share([], CHANNEL, sharing(echo.gala))
    with pytest.raises(UsageError, match="a channel belongs"):
        library.share([one], " ", sharing(echo.gala))
    with pytest.raises(UsageError, match="characters"):
        library.share([one], CHANNEL, sharing(echo.gala, label="a" * 101))
    with pytest.raises(NotFound):
        library.share(["i_none"], CHANNEL, sharing(echo.gala))
    assert library.shares() == []
    assert MOST_PHOTOS == 24


@pytest.mark.promise("P1")
def test_a_grant_to_match_is_none_to_share(tmp_path: Path) -> None:
    """Neither for the desk nor for the person: it goes to others."""
    with Gala.make(tmp_path) as gala:
        gala.put("one.png", ADA)
        gala.ingest()
        ada = gala.enrol("Ada", ADA).enrolment.person.id
        own = gala.library.link_for(ada).token
        (one,) = gala.library.my_pictures(own).sure
        with pytest.raises(Refused, match="no grant in force allows it"):
            gala.library.share_mine(own, [one.sighting.id], sharing(gala))
        with pytest.raises(Refused, match="no grant in force allows it"):
            gala.library.share([one.photo], CHANNEL, sharing(gala))


@pytest.mark.promise("P10")
def test_a_picture_of_somebody_else_is_not_shared(echo: Echo) -> None:
    """Whatever there is: the answer for another's sighting is that for none."""
    ada, bo = echo.enrol("Ada", ADA), echo.enrol("Bo", BO)
    library = echo.gala.library
    (of_bo,) = library.my_pictures(library.link_for(bo).token).sure
    own = library.link_for(ada).token
    said = []
    for which in (of_bo.sighting.id, "s_none"):
        with pytest.raises(Refused) as caught:
            library.share_mine(own, [which], sharing(echo.gala))
        said.append(caught.value.message)
    assert said[0] == said[1]


# --- gone at once ---------------------------------------------------------------------------------


def withdraws_all(echo: Echo) -> None:
    echo.gala.library.withdraw("Ada")


def withdraws_channel(echo: Echo) -> None:
    echo.gala.library.withdraw("Ada", Purpose.MAY_PUBLISH)


def stops_being_found(echo: Echo) -> None:
    echo.gala.library.withdraw("Ada", Purpose.FIND_ME)


def objects(echo: Echo) -> None:
    echo.gala.library.object_to("Ada")


def hides(echo: Echo) -> None:
    echo.gala.library.enrol(
        "Ada", [Portrait("p.jpg", picture(ADA))], (Wish(Purpose.HIDE_ME),), again=True
    )


def takes_down_the_source(echo: Echo) -> None:
    echo.gala.library.take_down(echo.gala.source.id)


def takes_down_the_picture(echo: Echo) -> None:
    data = (echo.gala.folder / "one.png").read_bytes()
    echo.gala.library.take_down_copies(echo.gala.library.find_copies(data).exact)


def ends_the_grants(echo: Echo) -> None:
    echo.gala.end_the_grants()


def lets_the_grant_run_out(echo: Echo) -> None:
    with echo.gala.library._database.write() as tx:
        sources.supersede(tx, echo.gala.source.id, at=echo.gala.library._stores.now(tx))


def removes_the_file(echo: Echo) -> None:
    (echo.gala.folder / "one.png").unlink()
    echo.gala.ingest()


def rejects(echo: Echo) -> None:
    (one,) = [each for each in echo.gala.find("Ada").sightings if each.locator == "one.png"]
    echo.gala.library.reject_sighting(one.id)


def switches_recognition_off(echo: Echo) -> None:
    echo.gala.library.set_rule("gala", recognition=False, ground="")


def ends_the_recipient(echo: Echo) -> None:
    echo.gala.library.end_recipient(ANYBODY)


ENDS: list[tuple[Callable[[Echo], None], bool, bool]] = [
    (withdraws_all, True, True),
    (withdraws_channel, True, False),
    (stops_being_found, True, True),
    (objects, True, True),
    (hides, True, True),
    (takes_down_the_source, True, True),
    (takes_down_the_picture, True, True),
    (ends_the_grants, True, True),
    (lets_the_grant_run_out, True, True),
    (removes_the_file, True, True),
    (rejects, True, True),
    (switches_recognition_off, True, True),
    (ends_the_recipient, True, True),
]
"""What happens, and whether the desk's link and Ada's own stop showing her photo by it."""


@pytest.mark.promise("P8")
@pytest.mark.parametrize(("happens", "desk", "own"), ENDS, ids=[one[0].__name__ for one in ENDS])
def test_gone_at_once(
    echo: Echo, *, happens: Callable[[Echo], None], desk: bool, own: bool
) -> None:
    """The picture and its place on the page: of the desk's, which was opened, and of one's own."""
    ada = echo.enrol("Ada", ADA)
    made = [share(echo, "one.png"), share_mine(echo, ada, "one.png")]
    library = echo.gala.library
    for one in made:
        assert numbers(library, one.issued.token) == [1]
    library.shared_picture(made[0].issued.token, 1, Cut.WHOLE)
    happens(echo)
    for one, ends in zip(made, (desk, own), strict=True):
        if not ends:
            assert library.shared_picture(one.issued.token, 1, Cut.SMALL).data
            continue
        with pytest.raises(LeadsNowhere):
            library.shared_picture(one.issued.token, 1, Cut.WHOLE)
        try:
            assert library.shared(one.issued.token).pictures == ()
        except LeadsNowhere:
            assert happens is withdraws_all


@pytest.mark.promise("P3")
def test_a_grant_to_publish_that_is_over(echo: Echo) -> None:
    """Though it is found as before, and though nobody is in the photo to ask."""
    ada = echo.enrol("Ada", ADA)
    library = echo.gala.library
    made = [share(echo, "none.png", "three.png"), share_mine(echo, ada, "one.png")]
    assert [len(numbers(library, one.issued.token)) for one in made] == [2, 1]
    lets_the_grant_run_out(echo)
    echo.gala.grant_again()
    assert "one.png" in echo.gala.places("Ada")
    assert [numbers(library, one.issued.token) for one in made] == [[], []]
    with pytest.raises(LeadsNowhere):
        library.shared_picture(made[0].issued.token, 1, Cut.WHOLE)


@pytest.mark.promise("P8")
def test_an_expired_consent_shows_nothing(echo: Echo) -> None:
    """At the instant it ends, though nobody has swept; the link itself would go on."""
    until = echo.gala.library.now() + 2 * A_DAY
    echo.gala.library.enrol(
        "Ada",
        [Portrait("p.jpg", picture(ADA))],
        (Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, CHANNEL)),
        until=until,
    )
    done = share(echo, "one.png", "none.png")
    library = echo.gala.library
    library.shared_picture(done.issued.token, 1, Cut.WHOLE)
    echo.gala.clock.at = until - timedelta(microseconds=1)
    assert numbers(library, done.issued.token) == [1, 2]
    echo.gala.clock.at = until
    with pytest.raises(LeadsNowhere):
        library.shared_picture(done.issued.token, 1, Cut.WHOLE)
    assert numbers(library, done.issued.token) == [2]


@pytest.mark.promise("P14")
@pytest.mark.parametrize("opened", [True, False], ids=["opened", "unopened"])
def test_given_again_the_old_link_does_not_revive(echo: Echo, *, opened: bool) -> None:
    """A new consent is for what is shown from then on."""
    ada = echo.enrol("Ada", ADA)
    made = [share(echo, "one.png"), share_mine(echo, ada, "one.png")]
    library = echo.gala.library
    if opened:
        for one in made:
            library.shared_picture(one.issued.token, 1, Cut.WHOLE)
    library.withdraw("Ada", Purpose.MAY_PUBLISH)
    library.enrol(
        "Ada",
        [Portrait("p.jpg", picture(ADA))],
        (Wish(Purpose.TELL_ME),),
        again=True,
    )
    library.withdraw("Ada", Purpose.FIND_ME)
    library.enrol(
        "Ada",
        [Portrait("p.jpg", picture(ADA))],
        (Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, CHANNEL)),
        again=True,
    )
    for one in made:
        assert numbers(library, one.issued.token) == []
        with pytest.raises(LeadsNowhere):
            library.shared_picture(one.issued.token, 1, Cut.WHOLE)
    echo.gala.clock.advance(timedelta(seconds=1))
    again = share(echo, "one.png")
    assert numbers(library, again.issued.token) == [1]


def test_a_consent_that_is_renewed_goes_on(echo: Echo) -> None:
    """Before its end, that is no break."""
    echo.enrol("Ada", ADA)
    done = share(echo, "one.png")
    echo.gala.clock.advance(A_DAY)
    echo.gala.library.enrol(
        "Ada", [], (Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, CHANNEL)), again=True
    )
    assert numbers(echo.gala.library, done.issued.token) == [1]


@pytest.mark.promise("P20")
def test_who_withdraws_while_it_is_painted_is_not_sent(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked before is asked again as the bytes leave; and nothing is in the ledger."""
    echo.enrol("Ada", ADA)
    done, library = share(echo, "one.png"), echo.gala.library
    paint = library._rendered

    def slowly(*given: object) -> bytes:
        data = paint(*given)  # type: ignore[arg-type]
        with echo.gala.another() as other:
            other.withdraw("Ada", Purpose.MAY_PUBLISH)
        return data

    monkeypatch.setattr(library, "_rendered", slowly)
    with pytest.raises(LeadsNowhere):
        library.shared_picture(done.issued.token, 1, Cut.WHOLE)
    assert library.disclosures(ANYBODY) == []


# --- its end, and its marks -----------------------------------------------------------------------


@pytest.mark.promise("P8")
def test_its_end_and_ended_by_hand(echo: Echo) -> None:
    """From that instant it leads nowhere, and says no more than a link that never was."""
    ada = echo.enrol("Ada", ADA)
    library = echo.gala.library
    made = [share(echo, "one.png"), share_mine(echo, ada, "one.png"), share(echo, "one.png")]
    own = library.link_for(ada).token
    tokens = [one.issued.token for one in made]
    library.end_share(made[0].issued.link.id)
    library.end_my_share(own, made[1].issued.link.id)
    echo.gala.clock.advance(7 * A_DAY)
    said = set()
    for token in (*tokens, "never"):
        with pytest.raises(LeadsNowhere) as caught:
            library.shared(token)
        said.add(caught.value.message)
        with pytest.raises(LeadsNowhere):
            library.shared_picture(token, 1, Cut.WHOLE)
    assert len(said) == 1
    assert library.recalls() == []


def test_only_ones_own_are_ended(echo: Echo) -> None:
    """By a link of one's own; and an invitation is no share."""
    ada, bo = echo.enrol("Ada", ADA), echo.enrol("Bo", BO)
    library = echo.gala.library
    of_ada, of_desk = share_mine(echo, ada, "one.png"), share(echo, "one.png")
    of_bo = library.link_for(bo).token
    for which in (of_ada.issued.link.id, of_desk.issued.link.id, "y_none"):
        with pytest.raises(NotFound):
            library.end_my_share(of_bo, which)
    with pytest.raises(NotFound):
        library.end_share(library.invite("gala").link.id)
    assert [one.link.id for one in library.my_shares(of_bo)] == []
    assert {one.link.kind for one in library.shares()} == {LinkKind.SHARE}
    assert {one.kind for one in library.links()} == {LinkKind.OWN, LinkKind.INVITATION}


def test_a_share_is_no_way_in(echo: Echo) -> None:
    """What stands in it leads to no page of the person, and theirs to no share."""
    ada = echo.enrol("Ada", ADA)
    library, done = echo.gala.library, share_mine(echo, ada, "one.png")
    with pytest.raises(LeadsNowhere):
        library.own(done.issued.token)
    with pytest.raises(LeadsNowhere):
        library.shared(library.link_for(ada).token)


def test_it_is_listed_and_seen_when_used(echo: Echo) -> None:
    ada = echo.enrol("Ada", ADA)
    library = echo.gala.library
    done = share_mine(echo, ada, "one.png", "three.png", label="for Grandma")
    own = library.link_for(ada).token
    (listed,) = library.my_shares(own)
    assert (listed.link.label, listed.link.uses, listed.link.used_at) == ("for Grandma", 0, None)
    assert (listed.shows, listed.of) == (2, 2)
    echo.gala.clock.advance(timedelta(hours=1))
    library.shared(done.issued.token)
    library.shared(done.issued.token)
    (listed,) = library.my_shares(own)
    assert (listed.link.uses, listed.link.used_at) == (2, library.now())
    (of_two,) = [
        one for one in library.my_pictures(own).sure if one.sighting.locator == "three.png"
    ]
    library.say(own, of_two.sighting.id, Word.NO)
    (listed,) = library.my_shares(own)
    assert (listed.shows, listed.of) == (1, 2)
    assert library.shared(done.issued.token).gone
    assert library.desk_shares() == []


@pytest.mark.promise("P32")
def test_what_stands_in_it_is_kept_nowhere(echo: Echo) -> None:
    """Of the token the digest alone; of the label the log says nothing."""
    ada = echo.enrol("Ada", ADA)
    done = share_mine(echo, ada, "one.png", label="for Grandma Karin")
    library = echo.gala.library
    library.shared_picture(done.issued.token, 1, Cut.WHOLE)
    with library._database.read() as tx:
        said = " ".join(str(one) for (one,) in rows(tx, entry.c.payload))
    assert "Karin" not in said
    assert done.issued.link.id in said
    echo.gala.library.close()
    assert holding(echo.gala.root, [done.issued.token.encode()]) == []
    echo.gala.reopen()


# --- in the ledger --------------------------------------------------------------------------------


@pytest.mark.promise("P23")
def test_what_was_seen_is_in_the_ledger_and_called_back(echo: Echo) -> None:
    """Once a photo, from the first bytes; what nobody opened was given to nobody."""
    ada = echo.enrol("Ada", ADA)
    library = echo.gala.library
    done = share_mine(echo, ada, "one.png", "three.png")
    library.shared(done.issued.token)
    assert library.disclosures(ANYBODY) == []
    for how in (Cut.SMALL, Cut.WHOLE, Cut.SMALL):
        library.shared_picture(done.issued.token, 1, how)
    (given,) = library.disclosures(ANYBODY)
    assert (given.channel, given.wish) == ("", Wish(Purpose.FIND_ME))
    _, shown = library.given(given.id)
    assert set(shown) == {ada}
    said = [one for _, one in library.trail.tail(20) if one and one.act is Act.DISCLOSED]
    assert [one.actor for one in said] == [done.issued.link.id]
    assert done.issued.link.id in said[0].subjects
    own = library.link_for(ada).token
    assert [one.recipient for one in library.my_pictures(own).deliveries] == [ANYBODY]
    library.withdraw("Ada", Purpose.FIND_ME)
    (called,) = library.recalls()
    assert called.disclosure == given.id
    library.send_recalls(post=FakePost())
    (called,) = library.recalls()
    assert called.state is RecallState.NEEDS_PERSON


@pytest.mark.promise("P23")
@pytest.mark.parametrize("happens", [withdraws_channel, takes_down_the_source, withdraws_all])
def test_of_the_desk_it_is_called_back_too(echo: Echo, happens: Callable[[Echo], None]) -> None:
    echo.enrol("Ada", ADA)
    echo.enrol("Bo", BO)
    library, done = echo.gala.library, share(echo, "three.png")
    library.shared_picture(done.issued.token, 1, Cut.WHOLE)
    happens(echo)
    (given,) = library.disclosures(ANYBODY)
    assert [one.disclosure for one in library.recalls()] == [given.id]


def test_whoever_has_a_link_is_given_no_file(echo: Echo) -> None:
    """They stand in no list of those to choose from, and by their name they are refused."""
    library = echo.gala.library
    share(echo, "one.png")
    assert ANYBODY in {one.name for one in library.recipients()}
    assert [one.name for one in library.receivers()] == ["The Echo"]
    photo = str(echo.gala.folder / "one.png")
    out = echo.gala.folder.parent / "out"
    with pytest.raises(Refused, match="is given no file"):
        library.publish(photo, ANYBODY, channel="web", out=out, looked=True)
    with pytest.raises(Refused, match="is given no file"):
        library.give(photo, ANYBODY, channel=CHANNEL)
    assert library.disclosures(ANYBODY) == []


@pytest.mark.promise("P25")
def test_what_others_do_changes_nothing(echo: Echo) -> None:
    """Who is covered may leave: of them nothing was shown."""
    ada = echo.enrol("Ada", ADA)
    echo.enrol("Bo", BO)
    library, done = echo.gala.library, share_mine(echo, ada, "three.png")
    before = library.shared_picture(done.issued.token, 1, Cut.WHOLE)
    library.withdraw("Bo")
    assert library.shared_picture(done.issued.token, 1, Cut.WHOLE) == before
    assert library.recalls() == []


@pytest.mark.promise("P21")
def test_with_the_person_their_links_go(echo: Echo) -> None:
    """Row, label and all; and with the photo its place in every share."""
    ada = echo.enrol("Ada", ADA)
    bo = echo.enrol("Bo", BO)
    library = echo.gala.library
    share_mine(echo, ada, "one.png", label="for Grandma Karin")
    share_mine(echo, bo, "three.png", label="for Bo's own")
    library.withdraw("Ada")
    with library._database.read() as tx:
        assert [who for (who,) in rows(tx, link.c.person_id) if who == ada] == []
        assert len(rows(tx, share_photo.c.number)) == 1
    library.take_down(echo.gala.source.id)
    with library._database.read() as tx:
        assert rows(tx, share_photo.c.number) == []
    library.close()
    assert holding(echo.gala.root, [b"Karin"]) == []
    echo.gala.reopen()


@pytest.mark.promise("P22")
def test_a_restore_ends_it_again_and_calls_back(echo: Echo, tmp_path: Path) -> None:
    """What was ended since stays ended; what was seen since by one that goes on is called back."""
    ada = echo.enrol("Ada", ADA)
    library = echo.gala.library
    ended, stays = share(echo, "one.png"), share_mine(echo, ada, "one.png", "three.png")
    backup = library.back_up(tmp_path / "backups").backup.location
    library.shared_picture(stays.issued.token, 1, Cut.WHOLE)
    (given,) = library.disclosures(ANYBODY)
    library.end_share(ended.issued.link.id)
    library.close()
    shutil.rmtree(echo.gala.root)
    Library.restore(
        backup, echo.gala.root, keys=echo.gala.keys, actor="tester", clock=echo.gala.clock
    )
    library = echo.gala.library = open_library(echo.gala.root, echo.gala.clock, echo.gala.vision)
    with pytest.raises(LeadsNowhere):
        library.shared(ended.issued.token)
    assert numbers(library, stays.issued.token) == [1, 2]
    (known,) = library.disclosures(ANYBODY)
    assert (known.id, known.file, known.wish) == (given.id, given.file, Wish(Purpose.FIND_ME))
    library.withdraw("Ada", Purpose.FIND_ME)
    assert [one.disclosure for one in library.recalls()] == [given.id]
    with pytest.raises(LeadsNowhere):
        library.shared_picture(stays.issued.token, 1, Cut.WHOLE)


def test_the_log_names_what_it_shows(echo: Echo) -> None:
    """Who made it, and of which photos, by ids."""
    echo.enrol("Ada", ADA)
    done = share(echo, "one.png", "none.png")
    (said,) = [
        one for _, one in echo.gala.library.trail.tail(2) if one and one.act is Act.LINK_ISSUED
    ]
    assert said.subjects[0] == done.issued.link.id
    assert [one[:2] for one in said.subjects[1:]] == ["i_", "i_"]
    assert (said.actor, said.purpose) == ("tester", f"may-publish:{CHANNEL}")
