"""Publishing: what may be shown, what is covered, and the one file that is given out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from countenance.audit.entry import LOOKING, Act
from countenance.catalog.tables import disclosed_person, disclosure, entry, sighting
from countenance.core.canonical import digest
from countenance.core.ids import PersonId
from countenance.enrol.enrol import Portrait
from countenance.errors import (
    NoConsent,
    NoGrant,
    NotFound,
    Refused,
    Unavailable,
    UsageError,
    VerificationError,
)
from countenance.gallery.bands import Band
from countenance.media.cover import PALETTE, Colour
from countenance.media.decode import Pixels, decode
from countenance.media.leaks import find_leaks
from countenance.media.limits import Limits
from countenance.media.metadata import read_metadata
from countenance.media.release import Packing
from countenance.people.purpose import Purpose, Wish
from countenance.publish.check import Checked
from countenance.publish.export import Published
from countenance.publish.plan import UNTOUCHED, Hand
from countenance.publish.verdict import Ground, Verdict
from tests.fakes.echo import CHANNEL, Echo, terms
from tests.fakes.gala import Gala, rows
from tests.fakes.profiles import to_srgb, wide_profile
from tests.fakes.said import in_jpeg, with_words, xmp
from tests.fakes.vision import picture

ADA, BO = 1, 2
RED = 18
REASON = "it is a bust of marble, and nobody's face"


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    made = Echo.make(tmp_path)
    with made.gala:
        yield made


def check(echo: Echo, name: str, channel: str = CHANNEL) -> Checked:
    return echo.gala.library.check(str(echo.gala.folder / name), channel)


def publish(echo: Echo, name: str, hand: Hand = UNTOUCHED, *, looked: bool = True) -> Published:
    return echo.gala.library.publish(
        str(echo.gala.folder / name),
        "The Echo",
        channel=CHANNEL,
        out=out_of(echo),
        looked=looked,
        hand=hand,
    )


def out_of(echo: Echo) -> Path:
    return echo.gala.folder.parent / "out"


def nothing_was_given(echo: Echo) -> bool:
    """No file under any name, and nothing in the ledger."""
    left = list(out_of(echo).iterdir()) if out_of(echo).exists() else []
    with echo.gala.library._database.read() as tx:
        return not left and not rows(tx, disclosure.c.id)


def pixels_of(path: Path) -> Pixels:
    return decode(path.read_bytes(), limits=Limits()).pixels


def put_on_channel(echo: Echo, name: str = "two.png") -> tuple[PersonId, PersonId]:
    """A photo of two, one of whom agreed to be shown."""
    echo.gala.put(name, ADA, BO)
    ada, bo = echo.enrol("Ada", ADA), echo.enrol("Bo", BO, "elsewhere")
    echo.gala.ingest()
    return ada, bo


def make_likely(echo: Echo, band: Band = Band.LIKELY) -> None:
    with echo.gala.library._database.write() as tx:
        tx.execute(sighting.update().values(band=band))


# --- check --------------------------------------------------------------------------------------


def test_whoever_agreed_is_shown(echo: Echo) -> None:
    """With the consent that it rests on; and the photo may be published as it is."""
    echo.gala.put("two.png", ADA, BO)
    people = [echo.enrol("Ada", ADA), echo.enrol("Bo", BO)]
    echo.gala.ingest()
    found = check(echo, "two.png")
    assert [one.verdict for one in found.faces] == [Verdict.SHOWN, Verdict.SHOWN]
    assert [one.people for one in found.faces] == [(who,) for who in people]
    for one, who in zip(found.faces, people, strict=True):
        consents = {had.id: had.wish for had in echo.gala.library.consents(who)[1]}
        assert [consents[which] for which in one.rests_on] == [Wish(Purpose.MAY_PUBLISH, CHANNEL)]
        assert one.ground is Ground.AGREED
    assert found.is_free
    assert found.advice.crop is None
    assert found.advice.others == ()


def enrolled_elsewhere(echo: Echo) -> None:
    echo.enrol("Bo", BO, "elsewhere")


def withdrew(echo: Echo) -> None:
    echo.enrol("Bo", BO)
    echo.gala.library.withdraw("Bo", Purpose.MAY_PUBLISH)


def hides(echo: Echo) -> None:
    wishes = (Wish(Purpose.HIDE_ME), Wish(Purpose.MAY_PUBLISH, CHANNEL))
    echo.gala.library.enrol("Bo", [Portrait("portrait.jpg", picture(BO))], wishes)


def objected(echo: Echo) -> None:
    who = echo.enrol("Bo", BO)
    echo.gala.library.withdraw(who)


def never_enrolled(echo: Echo) -> None:
    del echo


@pytest.mark.promise("P10")
@pytest.mark.promise("P8")
@pytest.mark.parametrize("band", [Band.SURE, Band.LIKELY, Band.UNSURE])
@pytest.mark.parametrize("said", [enrolled_elsewhere, withdrew, hides, objected])
def test_whoever_is_covered_is_nobody(
    echo: Echo, tmp_path: Path, said: Callable[[Echo], None], band: Band
) -> None:
    """Declined, ended, hidden and unknown are one answer, however sure the model is of whom."""
    answers = []
    other = Echo.make(tmp_path / "other")
    with other.gala:
        for one, before in ((echo, said), (other, never_enrolled)):
            one.gala.put("two.png", ADA, BO)
            ada = one.enrol("Ada", ADA)
            before(one)
            one.gala.ingest()
            (mine,) = one.gala.find("Ada").sightings
            make_likely(one, band)
            one.gala.library.confirm_sighting(mine.id)
            found = check(one, "two.png")
            (shown, hidden) = found.faces
            assert shown.people == (ada,)
            answers.append((replace(hidden, id=""), found.advice, found.obstacle))
            assert hidden.verdict is Verdict.COVER
            assert not hidden.people + hidden.rests_on + hidden.sightings
            with one.gala.library._database.read() as tx:
                logged = [str(said) for (said,) in rows(tx, entry.c.payload)]
            assert [said.count('"p_') for said in logged if "photo.checked" in said] == [1]
    assert answers[0] == answers[1]
    assert "Bo" not in repr(answers)


@pytest.mark.promise("P8")
@pytest.mark.parametrize("band", [Band.LIKELY, Band.UNSURE])
def test_somebody_looks_first_where_it_matters(echo: Echo, band: Band) -> None:
    """Who may be in a face and agreed is shown once a person says that it is them."""
    echo.gala.put("one.png", ADA)
    who = echo.enrol("Ada", ADA)
    echo.gala.ingest()
    make_likely(echo, band)
    (face,) = check(echo, "one.png").faces
    (seen,) = echo.gala.find("Ada").sightings
    assert (face.verdict, face.sightings, face.people) == (Verdict.ASK, (seen.id,), (who,))
    with pytest.raises(NoConsent, match="somebody has to say who it is"):
        publish(echo, "one.png")
    assert nothing_was_given(echo)
    echo.gala.library.confirm_sighting(seen.id)
    (face,) = check(echo, "one.png").faces
    assert face.verdict is Verdict.SHOWN
    echo.gala.library.reject_sighting(seen.id)
    (face,) = check(echo, "one.png").faces
    assert (face.verdict, face.people) == (Verdict.COVER, ())


@pytest.mark.promise("P8")
def test_whom_the_search_missed_is_covered(echo: Echo) -> None:
    """Faces are looked for again, at less; whose those are, nobody knows."""
    echo.gala.put("low.png", ADA, BO, side=30)
    echo.gala.ingest()
    assert echo.gala.library.photos()[0].faces == ()
    found = check(echo, "low.png")
    assert [one.id for one in found.faces] == ["m1", "m2"]
    assert {one.ground for one in found.faces} == {Ground.PASSED_OVER}
    done = publish(echo, "low.png")
    assert done.covers == 2
    for one in found.faces:
        x1, y1, x2, y2 = (round(side) for side in one.box)
        assert pixels_of(done.path)[y1:y2, x1:x2].std((0, 1)).max() < 3


@pytest.mark.promise("P33")
def test_who_was_looked_at_can_read_it(echo: Echo) -> None:
    """A check tells somebody where people are, and so it is there for them to read."""
    ada, bo = put_on_channel(echo)
    check(echo, "two.png")
    with echo.gala.library._database.read() as tx:
        payloads = [one for (one,) in rows(tx, entry.c.payload) if "photo.checked" in str(one)]
    assert Act.CHECKED in LOOKING
    assert ada in str(payloads)
    assert bo not in str(payloads)


@pytest.mark.promise("P1")
def test_without_a_grant_nothing_is_published(tmp_path: Path) -> None:
    """The check says so beside the faces; and there is no file."""
    with Gala.make(tmp_path) as gala:
        gala.put("none.png")
        gala.ingest()
        gala.library.add_recipient(terms(None))
        path = str(gala.folder / "none.png")
        found = gala.library.check(path, "web")
        assert not found.is_free
        assert "no grant in force" in found.obstacle
        with pytest.raises(NoGrant):
            gala.library.publish(path, "The Echo", channel="web", out=tmp_path / "out", looked=True)
        assert not (tmp_path / "out").exists()
        gala.end_the_grants()
        with pytest.raises(NoGrant):
            gala.library.check(path, "web")


def test_another_photo_of_the_moment_is_proposed(echo: Echo) -> None:
    """One in which nobody needs a cover, before a crop and a cover; not one of another hour."""
    times = {"two.jpg": "10:00:00", "free.jpg": "10:01:00", "late.jpg": "11:00:00"}
    for name, time in times.items():
        people = (ADA, BO) if name == "two.jpg" else (ADA,)
        path = echo.gala.put(name)
        said = with_words(picture(*people, salt=len(name)), taken=f"2026-05-02T{time}")
        path.write_bytes(said)
    stranger = echo.gala.put("stranger.jpg")
    stranger.write_bytes(with_words(picture(BO, salt=9), taken="2026-05-02T10:00:30"))
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    found = check(echo, "two.jpg")
    (free,) = (one for one in echo.gala.library.photos() if one.locators == ("free.jpg",))
    assert found.advice.others == (free.id,)
    crop = found.advice.crop
    assert crop is not None
    shown, hidden = found.faces
    assert crop[0] <= shown.box[0]
    assert crop[2] <= hidden.cover[0]


# --- the file -----------------------------------------------------------------------------------


@pytest.mark.promise("P8")
def test_the_file_shows_who_agreed_and_nobody_else(echo: Echo) -> None:
    """One cover of one colour over the other's head; what is shown is as it was."""
    ada, _ = put_on_channel(echo)
    found = check(echo, "two.png")
    done = publish(echo, "two.png")
    shown, hidden = found.faces
    before = pixels_of(echo.gala.folder / "two.png").astype(int)
    after = pixels_of(done.path).astype(int)
    x1, y1, x2, y2 = (round(side) for side in hidden.box)
    assert np.ptp(after[y1:y2, x1:x2].reshape(-1, 3), axis=0).max() <= 10
    x1, y1, x2, y2 = (round(side) for side in shown.box)
    assert np.abs(after - before)[y1:y2, x1:x2].max() < 60
    assert np.abs(after - before)[y1:y2, x1:x2].mean() < 3
    assert dict(done.shown).keys() == {ada}
    assert find_leaks(done.path.read_bytes()) == ()
    assert [path.name for path in out_of(echo).iterdir()] == [f"{done.disclosure.id}.jpg"]


@pytest.mark.promise("P8")
def test_nothing_of_a_covered_face_is_in_the_file(echo: Echo, tmp_path: Path) -> None:
    """Whoever stood there, the file is the same, but for its receipt."""
    files = []
    other = Echo.make(tmp_path / "other")
    with other.gala:
        for one, stranger in ((echo, 3), (other, 7)):
            one.gala.put("two.png", ADA, stranger)
            one.enrol("Ada", ADA)
            one.gala.ingest()
            done = publish(one, "two.png", Hand(added=[(180.0, 0.0, 400.0, 208.0)]))
            data = done.path.read_bytes()
            assert data.count(done.disclosure.id.encode()) == 1
            files.append(data.replace(done.disclosure.id.encode(), b"-"))
    assert files[0] == files[1]


def test_what_the_file_may_say_it_says(echo: Echo) -> None:
    """Creator and licence are kept, the caption is not; the receipt is in it."""
    words = (
        "<dc:creator><rdf:Seq><rdf:li>A photographer</rdf:li></rdf:Seq></dc:creator>"
        "<dc:description>Bo at the window</dc:description>"
        "<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED</plus:DataMining>"
    )
    echo.gala.put("two.png").write_bytes(in_jpeg(picture(ADA, BO), xmp=xmp(words)))
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    done = publish(echo, "two.png")
    data = done.path.read_bytes()
    told = read_metadata(data)
    assert (told.creator, told.data_mining) == ("A photographer", "DMI-PROHIBITED")
    assert told.caption == ""
    assert b"window" not in data
    assert b"MR-LMR" in data
    assert done.disclosure.id.encode() in data
    (region,) = told.regions
    assert region.name == ""


def test_the_ledger_knows_the_very_file(echo: Echo) -> None:
    """By its digest; one byte more, and it is another file."""
    put_on_channel(echo)
    done = publish(echo, "two.png")
    data = done.path.read_bytes()
    found = echo.gala.library.given_as(digest(data))
    assert found is not None
    assert (found.id, found.covers, found.file) == (done.disclosure.id, 1, done.digest)
    assert echo.gala.library.given_as(digest(data + b"\0")) is None
    (said,) = (one for _, one in echo.gala.library.trail.tail(1) if one)
    assert (said.act, done.digest in said.subjects) == (Act.DISCLOSED, True)


@pytest.mark.promise("P23")
def test_a_file_with_covers_is_recalled_when_a_consent_ends(echo: Echo) -> None:
    """That of who is shown in it; who is covered has nothing to recall."""
    put_on_channel(echo)
    done = publish(echo, "two.png")
    echo.gala.library.withdraw("Bo")
    assert echo.gala.library.recalls() == []
    echo.gala.library.withdraw("Ada", Wish(Purpose.MAY_PUBLISH, CHANNEL))
    assert [one.disclosure for one in echo.gala.library.recalls()] == [done.disclosure.id]


@pytest.mark.promise("P23")
def test_a_file_that_shows_nobody_is_recalled_with_its_photo(echo: Echo) -> None:
    """It is of that source all the same."""
    echo.gala.put("one.png", BO)
    echo.gala.ingest()
    done = publish(echo, "one.png")
    assert done.shown == {}
    echo.gala.library.take_down(echo.gala.source.id)
    assert [one.disclosure for one in echo.gala.library.recalls()] == [done.disclosure.id]


@pytest.mark.promise("P8")
@pytest.mark.promise("P19")
def test_consent_that_ends_meanwhile_gives_nothing(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdrawn while the file is made and checked: it is removed, and never had a name."""
    put_on_channel(echo)
    from countenance.publish import export  # noqa: PLC0415

    sound = export.require_sound

    def withdrawing(*what: object) -> None:
        sound(*what)  # type: ignore[arg-type]
        with echo.gala.another() as other:
            other.withdraw("Ada", Purpose.MAY_PUBLISH)

    monkeypatch.setattr(export, "require_sound", withdrawing)
    with pytest.raises(NoConsent):
        publish(echo, "two.png")
    assert nothing_was_given(echo)


@pytest.mark.promise("P8")
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("covered", "not of one colour"),
        ("released", "more than a picture"),
        ("plan", "nobody answers for"),
    ],
)
def test_a_file_that_fails_its_own_check_is_not_given(
    echo: Echo, monkeypatch: pytest.MonkeyPatch, broken: str, said: str
) -> None:
    """A cover that was not painted, a thumbnail, a face that somebody forgot: no file, no entry."""
    put_on_channel(echo)
    from countenance.publish import export  # noqa: PLC0415

    before = getattr(export, broken)

    def instead(*what: object) -> object:
        if broken == "covered":
            return what[0]
        made = before(*what)
        if broken == "released":
            return made + picture(BO)
        return replace(made, covers=(), open=made.open[:1])

    monkeypatch.setattr(export, broken, instead)
    with pytest.raises(VerificationError, match=said):
        publish(echo, "two.png")
    assert nothing_was_given(echo)


@pytest.mark.promise("P23")
def test_what_cannot_be_written_is_in_no_hand(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the ledger has it the file may fail to get its name: then there is none."""
    put_on_channel(echo)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(Unavailable, match="No space"):
        publish(echo, "two.png")
    assert list(out_of(echo).iterdir()) == []
    assert len(echo.gala.library.disclosures("The Echo")) == 1


def test_what_is_refused_leaves_nothing(echo: Echo) -> None:
    """Nobody looked, no such recipient or photo, one that ended, and a folder of pictures."""
    put_on_channel(echo)
    with pytest.raises(Refused, match="nobody has looked"):
        publish(echo, "two.png", looked=False)
    with pytest.raises(NotFound):
        publish(echo, "nobody.png")
    path, library = str(echo.gala.folder / "two.png"), echo.gala.library
    for where in (echo.gala.folder / "out", echo.gala.root / "out", echo.gala.keys):
        with pytest.raises(UsageError, match="it is in"):
            library.publish(path, "The Echo", channel=CHANNEL, out=where, looked=True)
    with pytest.raises(UsageError):
        library.publish(path, "The Echo", channel=" ", out=out_of(echo), looked=True)
    library.end_recipient("The Echo")
    with pytest.raises(Refused, match="recipient no more"):
        publish(echo, "two.png")
    assert nothing_was_given(echo)


def test_a_photo_that_changed_is_not_published(echo: Echo) -> None:
    """What was ingested is what is judged; what stands there now is another picture."""
    put_on_channel(echo)
    echo.gala.put("two.png", BO, ADA)
    with pytest.raises(Refused, match="as it was"):
        publish(echo, "two.png")
    assert nothing_was_given(echo)


# --- by hand ------------------------------------------------------------------------------------


def test_a_cover_is_added_and_moved(echo: Echo) -> None:
    """Where a person says; a cover that is moved still covers its face."""
    put_on_channel(echo)
    found = check(echo, "two.png")
    shown, hidden = found.faces
    x1, y1, x2, y2 = hidden.box
    wide = (x1 - 30, y1 - 30, x2 + 30, y2 + 30)
    done = publish(echo, "two.png", Hand(added=[(0, 0, 20, 20)], moved={hidden.id: wide}))
    assert done.covers == 2
    assert pixels_of(done.path)[10, 10].max() < 130
    nowhere = (-1e300, -1e300, float("inf"), 1e300)
    all_of_it = pixels_of(publish(echo, "two.png", Hand(moved={hidden.id: nowhere})).path)
    assert all_of_it.reshape(-1, 3).std(0).max() < 8, "a cover ends where the photo does"
    for wrong in (
        Hand(moved={hidden.id: (x1 + 20, y1, x2 + 60, y2)}),
        Hand(moved={hidden.id: (float("nan"), y1, x2, y2)}),
        Hand(crop=(float("nan"), 0, 50, 50)),
        Hand(moved={hidden.id: hidden.box}),
        Hand(moved={shown.id: wide}),
        Hand(moved={"f_nobody": wide}),
        Hand(added=[(500, 500, 600, 600)]),
        Hand(crop=(5, 5, 5, 5)),
    ):
        with pytest.raises(UsageError):
            publish(echo, "two.png", wrong)


@pytest.mark.promise("P32")
def test_a_cover_is_removed_for_a_reason(echo: Echo) -> None:
    """It is kept beside what was given, and the log says of which face; not the words."""
    echo.gala.put("one.png", BO)
    echo.gala.ingest()
    (face,) = check(echo, "one.png").faces
    for reason in ("", "because", " " * 40):
        with pytest.raises(UsageError, match="for a reason"):
            publish(echo, "one.png", Hand(removed={face.id: reason}))
    assert nothing_was_given(echo)
    done = publish(echo, "one.png", Hand(removed={face.id: REASON}))
    assert (done.covers, done.shown) == (0, {})
    (kept,) = echo.gala.library.disclosures("The Echo")
    assert dict(kept.uncovered) == {face.id: REASON}
    with echo.gala.library._database.read() as tx:
        logged = " ".join(str(one) for one in tx.execute(select(entry.c.payload)).scalars())
    assert "photo.cover-removed" in logged
    assert face.id in logged
    assert "marble" not in logged
    assert b"MR-NON" in done.path.read_bytes()


def test_who_is_asked_about_can_be_covered(echo: Echo) -> None:
    """Where nobody has the time to look."""
    echo.gala.put("one.png", ADA)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    make_likely(echo)
    done = publish(echo, "one.png", Hand(cover_asked=True))
    assert (done.covers, done.shown) == (1, {})


@pytest.mark.promise("P8")
def test_a_crop_leaves_out_who_may_not_be_shown(echo: Echo) -> None:
    """No cover is needed, and who is cut off is not shown on any consent."""
    echo.gala.put("three.png", ADA, BO, 3)
    ada = echo.enrol("Ada", ADA)
    echo.enrol("Cy", 3)
    echo.gala.ingest()
    found = check(echo, "three.png")
    edge = found.faces[1].cover[0]
    part = (0.0, 0.0, edge, float(found.height))
    done = publish(echo, "three.png", Hand(crop=part))
    assert (done.covers, set(done.shown)) == (0, {ada})
    assert pixels_of(done.path).shape == (found.height, int(edge), 3)
    with echo.gala.library._database.read() as tx:
        assert rows(tx, disclosed_person.c.person_id) == [(ada,)]


def test_giving_by_hand_asks_the_same_door(echo: Echo) -> None:
    """A photo as it is, with one who may not be shown, is still not given."""
    put_on_channel(echo)
    with pytest.raises(NoConsent, match="1 of 2 faces without"):
        echo.give("two.png")


@pytest.mark.promise("P8")
@pytest.mark.parametrize("packing", list(Packing))
def test_a_webp_in_wide_colours_is_published(echo: Echo, packing: Packing) -> None:
    """As sRGB, without its profile, in either format, with its cover and by its own check."""
    path = echo.gala.folder / "two.webp"
    before = decode(picture(RED, BO), limits=Limits()).pixels
    Image.fromarray(before).save(path, "WEBP", lossless=True, icc_profile=wide_profile())
    echo.enrol("Ada", RED)
    echo.gala.ingest()
    done = echo.gala.library.publish(
        str(path), "The Echo", channel=CHANNEL, out=out_of(echo), looked=True, packing=packing
    )
    assert done.path.suffix == packing.ending
    assert find_leaks(done.path.read_bytes()) == ()
    assert done.covers == 1
    ada, bo = sorted(echo.gala.library.photos()[0].faces, key=lambda face: face.box)
    after, wanted = pixels_of(done.path), to_srgb(before)
    x1, y1, x2, y2 = (round(side) for side in ada.box)
    own = (slice(y1 + 8, y2 - 8), slice(x1 + 8, x2 - 8))
    assert np.abs(after[own].mean((0, 1)) - wanted[own].mean((0, 1))).max() < 4
    assert np.abs(before[own].mean((0, 1)) - wanted[own].mean((0, 1))).max() > 8
    x1, y1, x2, y2 = (round(side) for side in bo.box)
    assert np.abs(after[y1:y2, x1:x2].astype(int) - PALETTE[Colour.SLATE]).max() < 8
