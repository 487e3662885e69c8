"""Films in whole walks: ingested, searched, decided on, taken down; only the networks are fake."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from countenance.bench.process import in_child, peak_bytes
from countenance.catalog.photos import PhotoKind
from countenance.catalog.sightings import spans_of
from countenance.catalog.tables import face, item, photo
from countenance.cli.find import _text
from countenance.cli.sightings import sighting_document
from countenance.core.spans import Span
from countenance.demo.pictures import find_portraits
from countenance.enrol.enrol import Portrait
from countenance.errors import Interrupted, NoConsent, NoModel, Reason, Unavailable, UsageError
from countenance.extract import film as extract_film
from countenance.extract.extractor import Extractor
from countenance.extract.film import VIEWS, Watch
from countenance.ingest.film import Watching
from countenance.ingest.progress import Step
from countenance.library import Given, Library
from countenance.media.film import FilmHeader, Frame, Sampling
from countenance.people.purpose import Purpose, Wish
from countenance.publish.verdict import judge
from countenance.vision.types import Float32
from tests.fakes.films import Scene, frame_of, make_film
from tests.fakes.gala import Gala, holding
from tests.fakes.vision import FakeVision

pytest.importorskip("av", reason="films need the extra `video`")

ADA, BO, STRANGER = 1, 2, 20
NEEDLE_NUMBERS = 4


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Ada and a stranger for 3 s, nobody for 3 s, Bo for 2 s, then Ada, alone, for 4 s."""
    path = tmp_path_factory.mktemp("party") / "party.mp4"
    scenes = (Scene(3, (ADA, STRANGER)), Scene(3), Scene(2, (BO,)), Scene(4, (ADA,)))
    return make_film(path, *scenes).read_bytes()


def _put(gala: Gala, data: bytes, name: str = "party.mp4") -> Path:
    path = gala.folder / name
    path.write_bytes(data)
    return path


def _spans(gala: Gala, who: str) -> list[Span]:
    return [one.span for one in gala.find(who).sightings if one.span]


AGAIN = [(0.0, 2.5), (8.0, 11.5)]


def test_somebody_is_found_when_they_are_in_it(gala: Gala, party: bytes) -> None:
    """Each time, once for each; photos beside it are found as ever, and strangers not."""
    _put(gala, party)
    gala.put("photo.jpg", ADA)
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    report = gala.ingest()
    assert (report.done, report.films) == (2, 1)
    assert report.film_seconds == pytest.approx(12, abs=0.2)
    assert not report.skipped
    assert not report.cut_short
    assert _spans(gala, "Ada") == AGAIN
    assert _spans(gala, "Bo") == [(6.0, 7.5)]
    assert gala.places("Ada") == ["party.mp4", "party.mp4", "photo.jpg"]
    (film,) = [one for one in gala.library.photos() if one.kind is PhotoKind.FILM]
    assert (film.width, film.height) == (896, 256)
    assert len(film.faces) == 4  # Ada twice, the stranger, Bo
    assert all(len(one.track.views) <= VIEWS for one in film.faces if one.track)
    assert film.preview is not None


def test_enrolling_first_or_ingesting_first_is_the_same(gala: Gala, party: bytes) -> None:
    """Whoever enrols later is found in the film at the same times, from the film itself."""
    _put(gala, party)
    gala.enrol("Bo", BO)
    gala.ingest()
    looked = len(gala.vision.looked)
    gala.enrol("Ada", ADA)
    assert _spans(gala, "Ada") == AGAIN
    assert _spans(gala, "Bo") == [(6.0, 7.5)]
    assert len(gala.vision.looked) == looked + 1  # at the portrait: no face is looked for again


def test_a_film_that_is_away_is_compared_another_time(gala: Gala, party: bytes) -> None:
    """Without the film there is nothing to compare, and nothing is forgotten by that."""
    path = _put(gala, party)
    gala.ingest()
    away = path.rename(gala.folder.parent / "away.mp4")
    gala.enrol("Ada", ADA)
    assert _spans(gala, "Ada") == []
    away.rename(path)
    gala.ingest()
    assert _spans(gala, "Ada") == AGAIN


def test_a_film_that_was_changed_is_not_compared_as_the_old_one(gala: Gala, party: bytes) -> None:
    """Other bytes at its place are another film, until an ingest has looked at it."""
    path = _put(gala, party)
    gala.ingest()
    make_film(path, Scene(4, (ADA,)), Scene(8, (STRANGER,)))
    gala.enrol("Ada", ADA)
    assert _spans(gala, "Ada") == []
    gala.ingest()
    assert _spans(gala, "Ada") == [(0.0, 3.5)]


def test_a_film_is_not_watched_twice(gala: Gala, party: bytes) -> None:
    """The same bytes at another place, and the next ingest, cost a digest."""
    _put(gala, party)
    gala.ingest()
    looked = len(gala.vision.looked)
    _put(gala, party, "copy.mp4")
    report = gala.ingest()
    assert (report.done, report.known) == (0, 1)
    assert gala.ingest().done == 0
    assert len(gala.vision.looked) == looked


def test_quick_looks_at_key_frames_only(gala: Gala, party: bytes) -> None:
    """A tenth of the looks, of which each stands for itself."""
    _put(gala, party)
    gala.enrol("Ada", ADA)
    gala.library.ingest(quick=True)
    assert 4 <= len([one for one in gala.vision.looked if one]) <= 12
    assert _spans(gala, "Ada")


def test_a_film_cut_short_gives_what_it_had_and_says_so(
    gala: Gala, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is found in, the report has the reason, and so has the source."""
    whole = make_film(tmp_path / "whole.mkv", Scene(20, (ADA,))).read_bytes()
    _put(gala, whole[: len(whole) // 2], "cut.mkv")
    gala.enrol("Ada", ADA)
    report = gala.ingest()
    (short,) = report.cut_short
    assert (report.done, report.skipped) == (1, [])
    assert (short.locator, short.reason) == ("cut.mkv", Reason.DAMAGED)
    assert gala.states() == {"cut.mkv": "done"}
    ((begin, end),) = _spans(gala, "Ada")
    assert begin == 0
    assert 5 < end < 19
    (trouble,) = gala.library.troubles(gala.source.id)
    assert trouble.reason is Reason.DAMAGED
    assert gala.ingest().done == 0
    capsys.readouterr()


def test_what_is_no_film_is_a_line_in_the_report(gala: Gala, party: bytes) -> None:
    """And the films beside it are watched."""
    _put(gala, b"", "empty.mp4")
    _put(gala, b"nothing of the sort" * 100, "text.mov")
    _put(gala, party[: len(party) // 3], "headless.mp4")
    _put(gala, party)
    report = gala.ingest()
    assert report.films == 1
    assert {one.locator: one.reason for one in report.skipped} == {
        "empty.mp4": Reason.EMPTY,
        "text.mov": Reason.DAMAGED,
        "headless.mp4": Reason.DAMAGED,
    }


def test_without_pyav_films_wait_for_it(
    gala: Gala, party: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report names the extra; once it is there, the next ingest reads them."""
    _put(gala, party)
    with monkeypatch.context() as without:
        without.setattr("countenance.media.films.find_spec", lambda _: None)
        (skipped,) = gala.ingest().skipped
        assert skipped.reason is Reason.NO_DECODER
        assert "countenance[video]" in skipped.detail
    assert gala.ingest().films == 1


@pytest.mark.promise("P12")
def test_what_was_decided_in_a_film_holds_for_its_stretch(gala: Gala, party: bytes) -> None:
    """A no to one stretch leaves the other; both a yes and a no stay when compared again."""
    _put(gala, party)
    gala.enrol("Ada", ADA)
    gala.ingest()
    first, second = gala.find("Ada").sightings
    gala.library.reject_sighting(first.id)
    gala.library.confirm_sighting(second.id)
    assert _spans(gala, "Ada") == AGAIN[1:]
    gala.enrol("Bo", BO)  # everything is compared again
    (kept,) = gala.find("Ada").sightings
    assert (kept.id, kept.state.value) == (second.id, "confirmed")
    gala.library.confirm_sighting(first.id)
    assert _spans(gala, "Ada") == AGAIN
    gala.enrol("Cy", 3)
    assert {one.state.value for one in gala.find("Ada").sightings} == {"confirmed"}


@pytest.mark.promise("P12")
def test_a_person_is_in_a_film_once_at_any_instant(gala: Gala, party: bytes) -> None:
    """Said to be the stranger beside them, Ada leaves her own face; a second yes is refused."""
    _put(gala, party)
    gala.enrol("Ada", ADA)
    gala.ingest()
    (film,) = gala.library.photos()
    order = sorted(film.faces, key=lambda one: (one.track.begin if one.track else 0, one.box[0]))
    own, stranger = order[0], order[1]
    made = gala.library.add_sighting(film.id, 2, "Ada")
    assert made.face == stranger.id
    assert {one.id for one in gala.find("Ada").sightings if one.span == AGAIN[0]} == {made.id}
    assert AGAIN[1] in _spans(gala, "Ada")
    with pytest.raises(UsageError, match="once"):
        gala.library.add_sighting(film.id, 1, "Ada")
    gala.enrol("Bo", BO)  # compared again: her own face does not come back beside it
    assert len([one for one in gala.find("Ada").sightings if one.span == AGAIN[0]]) == 1
    assert _spans(gala, "Ada") == AGAIN
    assert own.meets(stranger)


def test_two_who_look_alike_are_not_one_person_at_one_instant(gala: Gala, tmp_path: Path) -> None:
    """Of two faces like hers, side by side, one is hers."""
    _put(gala, make_film(tmp_path / "twins.mp4", Scene(3, (ADA, ADA))).read_bytes())
    gala.enrol("Ada", ADA)
    gala.ingest()
    assert len(_spans(gala, "Ada")) == 1


@pytest.mark.promise("P1")
def test_a_grant_that_ends_while_a_film_is_watched_ends_it(gala: Gala, party: bytes) -> None:
    """At the next frame, and nothing of the film is stored."""
    _put(gala, party)
    gala.enrol("Ada", ADA)
    gala.vision.looked.clear()
    find = gala.vision.find

    def end_then_find(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> object:
        if len(gala.vision.looked) == 3:
            gala.end_the_grants()
        return find(pixels)

    gala.vision.find_in_frame = end_then_find  # type: ignore[method-assign,assignment]
    report = gala.ingest()
    assert [one.reason for one in report.skipped] == [Reason.NO_GRANT]
    assert len(gala.vision.looked) == 4
    assert gala.library.photos() == []
    assert list(gala.blobs.ids()) == []


@pytest.mark.promise("P6")
def test_no_template_of_a_film_is_in_any_file(
    gala: Gala, party: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of a frame nor of a track, of nobody, while it is watched and after."""
    tracks: list[Float32] = []
    combined = extract_film._combined

    def recorded(*args: object) -> Float32:
        tracks.append(combined(*args))  # type: ignore[arg-type]
        return tracks[-1]

    monkeypatch.setattr(extract_film, "_combined", recorded)
    _put(gala, party)
    gala.enrol("Ada", ADA)

    def scan(_: Step) -> None:
        assert _holding(gala, [*tracks, *(one for _, one in gala.vision.made)]) == []

    gala.ingest(scan)
    gala.enrol("Bo", BO)
    assert len(tracks) == 8
    assert {identity for identity, _ in gala.vision.made} == {ADA, BO, STRANGER}
    gala.library.close()
    assert _holding(gala, [*tracks, *(one for _, one in gala.vision.made)]) == []


@pytest.mark.promise("P6")
def test_where_nobody_is_looked_for_no_template_is_made(gala: Gala, party: bytes) -> None:
    """With nobody enrolled, and with the rule off."""
    _put(gala, party)
    gala.ingest()
    assert gala.vision.made == []


@pytest.mark.promise("P21")
def test_a_takedown_takes_the_film_with_all_that_was_seen_in_it(gala: Gala, party: bytes) -> None:
    """Tracks, sightings, the still; the scan that finds nothing found it before."""
    _put(gala, party)
    gala.enrol("Ada", ADA)
    gala.ingest()
    with gala.library._database.read() as tx:
        ids = [row.encode() for row in tx.execute(select(face.c.id)).scalars()]
        ids += [row.encode() for row in tx.execute(select(photo.c.digest)).scalars()]
    (still,) = gala.blobs.ids()
    preview = gala.blobs._path(still).read_bytes()
    pieces = [*ids, preview[1000:1040]]
    gala.library.close()
    assert holding(gala.root, pieces)
    gala.reopen()
    gala.library.take_down(gala.source.id)
    assert gala.find("Ada").sightings == ()
    gala.library.close()
    assert holding(gala.root, pieces) == []


@pytest.mark.promise("P19")
def test_after_a_withdrawal_nobody_is_found_in_a_film(gala: Gala, party: bytes) -> None:
    """Their stretches go, everybody else's stay; and the next comparison brings nothing back."""
    name = "Ada of the Party"  # long enough to be nowhere by chance
    _put(gala, party)
    gala.enrol(name, ADA)
    gala.enrol("Bo", BO)
    gala.ingest()
    gala.library.withdraw(name)
    assert gala.find(name).sightings == ()
    assert _spans(gala, "Bo") == [(6.0, 7.5)]
    gala.enrol("Cy", 3)
    assert _spans(gala, "Bo") == [(6.0, 7.5)]
    gala.library.close()
    assert holding(gala.root, [name.encode()]) == []


@pytest.mark.promise("P8")
def test_a_consent_withdrawn_while_the_film_is_watched_counts(gala: Gala, party: bytes) -> None:
    """What counts is what holds when the film is stored, minutes after it was begun."""
    _put(gala, party)
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    with gala.another() as other:
        gone: list[str] = []

        def withdraw() -> None:
            if not gone:
                gone.append(other.withdraw("Ada").person)

        gala.vision.after_templates = withdraw
        gala.ingest()
    assert gone
    assert gala.find("Ada").sightings == ()
    assert _spans(gala, "Bo") == [(6.0, 7.5)]


def test_a_film_is_not_given_out(gala: Gala, party: bytes) -> None:
    """That nobody else is in it, between two looks, is not known."""
    _put(gala, party)
    gala.ingest()
    (film,) = gala.library.photos()
    with gala.library._database.read() as tx, pytest.raises(NoConsent, match="film"):
        judge(tx, film, Wish(Purpose.MAY_PUBLISH, "web"), at=gala.library.now())
    with pytest.raises(NoConsent, match="film"):
        gala.library.check(film.id, "web")


def test_ctrl_c_is_heeded_at_the_next_frame(gala: Gala, party: bytes) -> None:
    """Not at the end of a film of two hours; the next ingest begins it again."""
    _put(gala, party)
    gala.vision.looked.clear()

    def interrupt(step: Step) -> None:
        if step.what == "seconds of film" and step.done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gala.ingest(interrupt)
    assert len(gala.vision.looked) < 12
    assert gala.states() == {"party.mp4": "listed"}
    assert gala.ingest().films == 1


def test_stopping_ends_what_is_watched() -> None:
    """Whatever thread it is watched in."""
    watching = Watching(Sampling(), lambda _: None)
    watching.require_going_on()
    with pytest.raises(ZeroDivisionError), watching.until_it_fails():
        raise ZeroDivisionError
    with pytest.raises(Interrupted):
        watching.require_going_on()


def test_answers_say_when(gala: Gala, party: bytes) -> None:
    """In words, joined for each film; in JSON as seconds; and the address plays from there."""
    _put(gala, party)
    gala.enrol("Ada", ADA)
    gala.ingest()
    seen = gala.find("Ada").sightings
    assert [gala.library.url(one).rpartition("#")[2] for one in seen] == ["t=0.0", "t=8.0"]
    assert spans_of(seen) == ((0.0, 2.5), (8.0, 11.5))
    found = gala.find("Ada")
    (line,) = _text(found, found.results)[1:]
    assert line.endswith("00:00.0-00:02.5, 00:08.0-00:11.5")
    document = sighting_document(gala.library, seen[1])
    assert (document["span"], document["at"]) == ([8.0, 11.5], seen[1].at)


def test_a_persons_own_record_says_when(gala: Gala, party: bytes) -> None:
    """For them to take away, as JSON and in words."""
    _put(gala, party)
    gala.enrol("Ada", ADA)
    gala.ingest()
    exported = gala.library.export("Ada")
    appearances = exported.document["countenance:appearances"]
    assert isinstance(appearances, list)
    assert [one["countenance:seconds"] for one in appearances if isinstance(one, dict)] == [
        [0.0, 2.5],
        [8.0, 11.5],
    ]
    assert "00:08.0-00:11.5" in exported.words


@pytest.mark.promise("P8")
def test_sidecars_name_whom_a_search_would_find_and_nobody_else(gala: Gala, party: bytes) -> None:
    """Each looked for under the purpose, and logged; a no, or a withdrawal, is in no file."""
    _put(gala, party)
    gala.put("both.jpg", ADA, BO, STRANGER)
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO, Purpose.STAFF_FIND)
    gala.ingest()
    before = len(gala.log())
    made = gala.library.sidecars(["Ada", "Bo"], purpose=Purpose.FIND_ME)
    assert [one.place[1:] for one in made.written] == [("both.jpg.xmp",), ("party.mp4.xmp",)]
    assert all(one.place[0] == gala.source.id for one in made.written)
    assert gala.log()[before:] == ["person.found", "search.refused"]
    for one in made.written:
        assert b"Ada" in one.document
        assert b"Bo" not in one.document
    (photo_of, film_of) = (one.document for one in made.written)
    assert photo_of.count(b"<mwg-rs:Name>") == 1
    assert b"<xmpDM:startTime>8000</xmpDM:startTime>" in film_of
    gala.library.withdraw("Ada")
    assert gala.library.sidecars(["Ada"], purpose=Purpose.FIND_ME).written == []


@pytest.mark.promise("P29")
def test_a_run_that_was_killed_in_a_film_goes_on(gala: Gala, party: bytes) -> None:
    """Nothing of the film was stored; the next run watches it, and the one before not again."""
    _put(gala, party, "a.mp4")
    gala.ingest()
    make_film(gala.folder / "b.mp4", Scene(2, (BO,)), Scene(30, (ADA,)))
    gala.library.close()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(gala.root), str(gala.clock.now().timestamp())],
        check=False,
        env=env,
    )
    assert done.returncode == -9
    gala.reopen()
    assert gala.states() == {"a.mp4": "done", "b.mp4": "working"}
    assert len(gala.library.photos()) == 1
    report = gala.ingest()
    assert (report.done, report.known) == (1, 0)
    assert gala.states() == {"a.mp4": "done", "b.mp4": "done"}
    with gala.library._database.read() as tx:
        assert sorted(tx.execute(select(item.c.attempts)).scalars()) == [1, 2]


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from tests.fakes.clock import FakeClock
from tests.fakes.gala import open_library
from tests.fakes.vision import FakeVision
vision = FakeVision()
find = vision.find
def die_then_find(pixels):
    if len(vision.looked) == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    return find(pixels)
vision.find_in_frame = die_then_find
clock = FakeClock(datetime.fromtimestamp(float(sys.argv[2]), UTC))
open_library(Path(sys.argv[1]), clock, vision).ingest()
"""


def test_memory_does_not_grow_with_the_length_of_a_film() -> None:
    """A watch of 1,000 frames holds no more frames, cuts or tracks than one of 50."""
    short, long = _held_after(50), _held_after(1000)
    assert long == short


def _held_after(frames: int) -> tuple[int, int]:
    """How many live tracks there are, and how many pixels are held, at the most of all frames."""
    see = Extractor(None, FakeVision())  # type: ignore[arg-type]
    watch = Watch(see, FilmHeader(frames / 2), compares=True)
    stills = [frame_of(identities, (400, 208)) for identities in ((1,), (2,), (), (1, 2))]
    most = (0, 0)
    for number in range(frames):
        watch.look(Frame(number / 2, stills[number // 5 % 4]))
        cuts = sum(
            view.cut.pixels.size for seen in watch._live.values() for view in seen.views if view.cut
        )
        most = max(most[0], len(watch._live)), max(most[1], cuts)
    return most


@pytest.mark.long
def test_a_film_ten_times_as_long_takes_no_more_memory(tmp_path: Path) -> None:
    """As the system counts it, with the real networks, the child that decodes included."""
    try:
        find_portraits()
    except Unavailable as exc:
        pytest.skip(f"the demo's portraits are absent: {exc}")
    short = make_film(tmp_path / "short" / "film.mp4", Scene(30, (ADA, BO)))
    long = make_film(tmp_path / "long" / "film.mp4", Scene(300, (ADA, BO)))
    try:
        peaks = [in_child(_peak, str(path.parent)) for path in (short, long)]
    except NoModel as exc:
        pytest.skip(f"the starter pack is not installed: {exc}")
    assert peaks[1] < 1.1 * peaks[0]


def _peak(folder: str) -> int:
    root = Path(folder).with_suffix(".library")
    with Library.init(root) as library:
        portraits = find_portraits()
        hopper = Portrait("hopper", portraits.hopper.read_bytes())
        library.enrol("Grace Hopper", [hopper], (Wish(Purpose.FIND_ME),))
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        library.add_folder(Path(folder), Given("the test", tomorrow), ground="a test")
        library.ingest()
        return peak_bytes()


# --------------------------------------------------------------------------------------------------


def _holding(gala: Gala, templates: Sequence[Float32]) -> list[str]:
    pieces = [
        template.astype(kind)[start : start + NEEDLE_NUMBERS].tobytes()
        for template in templates
        for kind in ("<f4", "<f2", "<f8")
        for start in range(0, len(template), 32)
    ]
    files = {path.name: path.read_bytes() for path in gala.files()}
    return [name for name, data in files.items() if any(one in data for one in pieces)]
