"""Films that are given out: everybody covered, in every frame, and nothing beside the pictures."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from countenance.catalog.tables import disclosure
from countenance.errors import NoGrant, Refused, UsageError, VerificationError
from countenance.media.cover import Colour
from countenance.media.film import Frame, Sampling
from countenance.media.filmout import film_written, require_bare
from countenance.media.films import Films
from countenance.media.limits import FilmLimits
from countenance.publish import film
from countenance.publish.export import Published
from countenance.publish.film import HOLD_SECONDS, LOST_SECONDS, covers_of
from countenance.publish.plan import UNTOUCHED, Hand
from countenance.publish.stretch import Seen
from countenance.vision.types import Detections, Pixels
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.films import FRAMES_A_SECOND, Scene, frame_of, make_film
from tests.fakes.gala import rows

pytest.importorskip("av", reason="films need the extra `video`")

ADA, BO = 1, 2
HEAD, FAR = (10.0, 10.0, 40.0, 50.0), (300.0, 10.0, 330.0, 50.0)


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    made = Echo.make(tmp_path)
    with made.gala:
        make_film(
            made.gala.folder / "party.mp4",
            Scene(0.8),
            Scene(1.2, (ADA, BO), pan=4),
            Scene(0.6, (BO,)),
        )
        made.gala.ingest()
        yield made


def publish(echo: Echo, hand: Hand = UNTOUCHED) -> Published:
    path = str(echo.gala.folder / "party.mp4")
    return echo.gala.library.publish(
        path, "The Echo", channel=CHANNEL, out=out_of(echo), looked=True, hand=hand
    )


def out_of(echo: Echo) -> Path:
    return echo.gala.folder.parent / "out"


def nothing_was_given(echo: Echo) -> bool:
    left = list(out_of(echo).iterdir()) if out_of(echo).exists() else []
    with echo.gala.library._database.read() as tx:
        return not left and not rows(tx, disclosure.c.id)


def frames_of(path: Path) -> list[Frame]:
    with (
        path.open("rb") as file,
        Films(FilmLimits()).opened(file, Sampling(all=True)) as opened,
    ):
        return list(opened.frames())


@pytest.mark.promise("P8")
def test_nobody_is_in_any_frame_of_it(echo: Echo) -> None:
    """As many frames as before, at the same times, and in none of them a face."""
    done = publish(echo)
    before = frames_of(echo.gala.folder / "party.mp4")
    after = frames_of(done.path)
    assert len(before) == round(2.6 * FRAMES_A_SECOND)
    assert [one.at for one in after] == pytest.approx([one.at for one in before], abs=0.002)
    assert any(len(echo.gala.vision.find(one.pixels)) for one in before)
    assert not any(len(echo.gala.vision.find(one.pixels)) for one in after)
    assert np.abs(after[0].pixels.astype(int) - before[0].pixels).mean() < 5
    assert (done.covers, done.shown) == (2, {})
    assert done.path.name == f"{done.disclosure.id}.mp4"
    require_bare(done.path)
    found = echo.gala.library.given_as(done.digest)
    assert found is not None
    assert found.id == done.disclosure.id


@pytest.mark.promise("P8")
def test_a_face_that_is_missed_in_some_frames_is_covered_in_all(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The detector sees it every third time: no frame is open between two of those."""
    looks = iter(range(10**6))
    see = echo.gala.vision.find_easily

    def now_and_then(pixels: Pixels) -> Detections:
        return see(pixels) if next(looks) // 6 % 3 == 0 else Detections.none()

    monkeypatch.setattr(echo.gala.vision, "find_easily", now_and_then)
    done = publish(echo)
    assert not any(len(echo.gala.vision.find(one.pixels)) for one in frames_of(done.path))


@pytest.mark.promise("P8")
def test_a_frame_that_was_painted_is_looked_at_once_more(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom the plan forgot is covered there and then."""

    def forgetting(seen: list[Seen], _: object) -> list[tuple[object, ...]]:
        return [() for _ in seen]

    monkeypatch.setattr(film, "covers_of", forgetting)
    done = publish(echo)
    assert not any(len(echo.gala.vision.find(one.pixels)) for one in frames_of(done.path))


@pytest.mark.promise("P8")
def test_a_face_found_only_in_what_was_written_is_covered_as_well(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The film is written again: the code may change what a detector finds."""
    writings = []

    def once(path: Path, *what: object) -> object:
        writings.append(path)
        return sound(path, *what)  # type: ignore[arg-type]  # what it was called with

    sound = film.heads_open
    monkeypatch.setattr(film, "heads_open", once)
    monkeypatch.setattr(film, "covers_of", lambda seen, _: [() for _ in seen])
    monkeypatch.setattr(film, "_all_covers", lambda _, planned, number, __: planned.covers[number])
    done = publish(echo)
    assert not any(len(echo.gala.vision.find(one.pixels)) for one in frames_of(done.path))
    assert len(writings) == 2


@pytest.mark.promise("P23")
def test_a_film_is_recalled_with_its_source(echo: Echo) -> None:
    """Nobody is shown in it; it is of that source all the same."""
    done = publish(echo)
    echo.gala.library.take_down(echo.gala.source.id)
    assert [one.disclosure for one in echo.gala.library.recalls()] == [done.disclosure.id]


@pytest.mark.promise("P8")
@pytest.mark.parametrize("broken", ["covered", "_all_covers", "require_bare"])
def test_a_film_that_fails_its_own_check_is_not_given(
    echo: Echo, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Covers that were not painted, a head that nobody covered, a word too much: no file."""

    def unpainted(pixels: Pixels, *_: object) -> Pixels:
        return pixels

    def uncovered(*_: object) -> tuple[object, ...]:
        return ()

    def chatty(_: Path) -> None:
        raise VerificationError("the film says something of itself: title")

    instead = {"covered": unpainted, "_all_covers": uncovered, "require_bare": chatty}
    monkeypatch.setattr(film, broken, instead[broken])
    with pytest.raises(VerificationError):
        publish(echo)
    assert nothing_was_given(echo)


@pytest.mark.promise("P1")
def test_a_grant_that_ends_meanwhile_ends_it(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The door asks once more, when all is written."""
    sound = film.heads_open

    def ending(*what: object) -> object:
        found = sound(*what)  # type: ignore[arg-type]  # what it was called with
        echo.gala.end_the_grants()
        return found

    monkeypatch.setattr(film, "heads_open", ending)
    with pytest.raises(NoGrant):
        publish(echo)
    assert nothing_was_given(echo)


def test_what_cannot_be_in_a_film_is_refused(echo: Echo) -> None:
    """Boxes by hand, a colour of the picture; a film that changed, or that is cut short."""
    for hand in (
        Hand(added=[(0, 0, 9, 9)]),
        Hand(removed={"f_nobody": "it is a bust of marble"}),
        Hand(crop=(0, 0, 99, 99)),
        Hand(colour=Colour.AROUND),
    ):
        with pytest.raises(UsageError, match="everybody is covered"):
            publish(echo, hand)
    path = echo.gala.folder / "party.mp4"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(Refused, match="as it was"):
        publish(echo)
    assert nothing_was_given(echo)


def test_a_film_that_says_something_is_found(tmp_path: Path) -> None:
    """A title, a second stream: what is given out has one stream, and no words."""
    av = pytest.importorskip("av")
    plain, titled = tmp_path / "plain.mp4", tmp_path / "titled.mp4"
    with film_written(plain) as made:
        for number in range(4):
            made.add(number / 10, frame_of((ADA,)))
    require_bare(plain)
    with av.open(str(titled), "w", format="mp4") as container:
        container.metadata["title"] = "Ada at the party"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode())
    with pytest.raises(VerificationError, match="says something"):
        require_bare(titled)


# --- when a head is covered -----------------------------------------------------------------------


def shown(*heads: tuple[float, ...]) -> list[Seen]:
    """Frames ten a second: at which of them the head is seen, and where."""
    found = {round(head[0] * 10): head[1:] for head in heads}
    return [
        Seen(number / 10, (found[number],) if number in found else ())  # type: ignore[arg-type]
        for number in range(60)
    ]


def covered_at(seen: list[Seen]) -> list[float]:
    return [one.at for one, covers in zip(seen, covers_of(seen), strict=True) if covers]


@pytest.mark.promise("P8")
def test_a_head_is_covered_before_and_after_it_is_seen() -> None:
    """For half a second, in both directions."""
    times = covered_at(shown((3.0, *HEAD)))
    assert times[0] == pytest.approx(3.0 - HOLD_SECONDS)
    assert times[-1] == pytest.approx(3.0 + HOLD_SECONDS)
    assert len(times) == 11


@pytest.mark.promise("P8")
def test_no_frame_is_open_between_two_detections() -> None:
    """A head that is lost for nearly two seconds is covered all the while, on all of its way."""
    there = tuple(side + 20 for side in HEAD)
    seen = shown((1.0, *HEAD), (1.0 + LOST_SECONDS - 0.1, *there))
    between = [
        covers
        for one, covers in zip(seen, covers_of(seen), strict=True)
        if 1.0 <= one.at <= 1.0 + LOST_SECONDS - 0.1
    ]
    around = (HEAD[0], HEAD[1], there[2], there[3])
    assert all(around in covers for covers in between)


def test_another_head_far_away_is_another() -> None:
    """Where it was and where it is are covered, and not all between."""
    seen = shown((1.0, *HEAD), (2.5, *FAR))
    assert not any(box not in (HEAD, FAR) for covers in covers_of(seen) for box in covers)


def test_covers_that_lie_in_others_are_left_out() -> None:
    """A head that stays where it is is one cover, however many frames it is seen in."""
    seen = [Seen(number / 10, (HEAD,)) for number in range(20)]
    assert covers_of(seen) == [(HEAD,)] * 20
    assert covers_of([replace(one, heads=()) for one in seen]) == [()] * 20
