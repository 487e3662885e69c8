"""Films, decoded in a child process: times, turns, what ends early, and what is no film at all."""

import io
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from countenance.engines.isolated import Message
from countenance.errors import Reason, Unreadable
from countenance.media import films as films_module
from countenance.media.film import Ended, Frame, Sampling, film_messages
from countenance.media.films import Films
from countenance.media.limits import FilmLimits
from tests.fakes.films import FRAMES_A_SECOND, Scene, make_film, make_sound

pytest.importorskip("av", reason="films need the extra `video`")

FILMS = Films(FilmLimits())


def _all(
    path: Path, wanted: Sampling | None = None, films: Films = FILMS
) -> tuple[list[Frame], Ended]:
    with path.open("rb") as file, films.opened(file, wanted or Sampling()) as film:
        frames = list(film.frames())
        assert film.ended is not None
        return frames, film.ended


def _times(frames: list[Frame]) -> list[float]:
    return [frame.at for frame in frames]


def _refused(data: bytes, films: Films = FILMS) -> Unreadable:
    with (
        pytest.raises(Unreadable) as caught,
        films.opened(io.BytesIO(data), Sampling()) as film,
    ):
        list(film.frames())
    return caught.value


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, of which the first two show somebody."""
    return make_film(tmp_path_factory.mktemp("film") / "film.mp4", Scene(2, (1,)), Scene(4))


def test_a_frame_every_half_second_in_its_order(film: Path) -> None:
    """From the first to the last, upright, of the size it was made, and to its end."""
    frames, ended = _all(film)
    assert _times(frames) == [number / 2 for number in range(12)]
    assert {frame.pixels.shape for frame in frames} == {(256, 896, 3)}
    assert frames[0].pixels.min() < 150
    assert frames[-1].pixels.min() > 200
    assert (round(ended.at, 1), ended.reason) == (6.0, None)


def test_how_often_is_a_choice(film: Path) -> None:
    """Every two seconds, or only key frames, of which there is one in twelve."""
    assert _times(_all(film, Sampling(every=2))[0]) == [0, 2, 4]
    quick = _times(_all(film, Sampling(every=0.1, quick=True))[0])
    assert quick[0] == 0
    assert 4 <= len(quick) <= 6
    assert all(round(at * FRAMES_A_SECOND) % 12 == 0 for at in quick)


def test_the_times_are_the_frames_own(tmp_path: Path) -> None:
    """Of a film whose frames come quickly first and slowly then, none is given another's time."""
    shown = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 2.0, 2.9, 3.0, 5.5, 5.6]
    path = make_film(
        tmp_path / "vfr.mkv",
        Scene(len(shown) / FRAMES_A_SECOND),
        times=lambda number: shown[number],
    )
    assert _times(_all(path)[0]) == [0, 0.5, 2.0, 2.9, 3.0, 5.5]


@pytest.mark.parametrize("turned", [90, 180, -90])
def test_a_film_is_given_upright(tmp_path: Path, turned: int) -> None:
    """As a telephone holds it: the picture lies in the file, and the player turns it."""
    path = make_film(tmp_path / "turned.mp4", Scene(1, (1,)), turned=turned, size=(320, 256))
    (frame, *_), _ = _all(path)
    straight, _ = _all(make_film(tmp_path / "straight.mp4", Scene(1, (1,)), size=(320, 256)))
    expected = np.rot90(straight[0].pixels, turned // 90)
    assert frame.pixels.shape == expected.shape
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 4
    assert frame.pixels.flags.c_contiguous


def test_just_the_wanted_instants(tmp_path: Path) -> None:
    """Far apart, so that it is gone from place to place; and what is given is that very frame."""
    path = make_film(tmp_path / "long.mp4", Scene(30), Scene(30, (2,)), Scene(30))
    every = {frame.at: frame for frame in _all(path)[0]}
    wanted = (1.5, 29.5, 30.0, 59.5, 89.5)
    frames, ended = _all(path, Sampling(times=wanted))
    assert _times(frames) == list(wanted)
    for frame in frames:
        assert np.array_equal(frame.pixels, every[frame.at].pixels)
    assert ended.reason is None
    assert _times(_all(path, Sampling(times=(89.5, 500.0)))[0]) == [89.5]


def test_a_film_that_ends_early_gives_what_it_had(tmp_path: Path) -> None:
    """With the reason, and how far that was."""
    whole = make_film(tmp_path / "whole.mkv", Scene(20, (1, 2, 3), pan=3)).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    frames, ended = _all(tmp_path / "cut.mkv")
    assert 15 < len(frames) < 35
    assert ended.reason is Reason.DAMAGED
    assert "20.0 s" in ended.detail
    assert frames[-1].at <= ended.at < 19


def test_a_film_with_a_hole_goes_on_after_it(tmp_path: Path) -> None:
    """What cannot be decoded is left out, and it is said that something was."""
    path = make_film(tmp_path / "hole.mp4", Scene(20, (1, 2, 3), pan=3))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 6] = bytes(len(data) // 6)
    path.write_bytes(data)
    frames, ended = _all(path)
    assert frames[-1].at > 19
    assert ended.reason is Reason.DAMAGED


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"no film" * 1000, Reason.DAMAGED),
        (struct.pack(">I4s", 16, b"ftyp") + b"isom" * 2, Reason.DAMAGED),
        (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n", Reason.DAMAGED),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", Reason.DAMAGED),
    ],
)
def test_what_is_no_film_has_a_reason(data: bytes, reason: Reason) -> None:
    """Neither is a list of other files, whatever it is called."""
    assert _refused(data).reason is reason


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    """There is nothing to see in it."""
    assert _refused(make_sound(tmp_path / "sound.mp4").read_bytes()).reason is Reason.NOT_A_PICTURE


def test_a_film_of_huge_frames_is_refused(film: Path) -> None:
    """By what it says, before a frame is decoded."""
    small = Films(replace(FilmLimits(), max_pixels=1000))
    assert _refused(film.read_bytes(), small).reason is Reason.TOO_MANY_PIXELS


def test_a_film_that_lies_about_its_size_does_no_harm(film: Path, tmp_path: Path) -> None:
    """It is no larger than any, whatever its header makes of its pictures."""
    lying = tmp_path / "lying.mp4"
    lying.write_bytes(_said_to_be(film.read_bytes(), 60_000, 60_000))
    frames, _ = _all(lying)
    assert len(frames) == 12
    assert max(frames[0].pixels.shape) <= FilmLimits().long_side


def test_large_frames_are_reduced(film: Path) -> None:
    """To the long side of the limits, in proportion."""
    frames, _ = _all(film, films=Films(replace(FilmLimits(), long_side=448)))
    assert {frame.pixels.shape for frame in frames} == {(128, 448, 3)}


def test_an_endless_film_ends(film: Path) -> None:
    """After as many seconds as are allowed, with that reason."""
    frames, ended = _all(film, films=Films(replace(FilmLimits(), max_seconds=2)))
    assert _times(frames) == [0, 0.5, 1, 1.5, 2]
    assert ended.reason is Reason.TOO_LONG


def test_a_child_that_dies_costs_the_rest_of_the_film(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before is kept, with the reason; a child that dies first is a refusal."""
    monkeypatch.setattr(films_module, "film_messages", dying_messages)
    frames, ended = _all(film)
    assert _times(frames) == [0, 0.5, 1]
    assert ended.reason is Reason.KILLED_THE_DECODER
    monkeypatch.setattr(films_module, "film_messages", dead_messages)
    assert _refused(film.read_bytes()).reason is Reason.KILLED_THE_DECODER


def dying_messages(request: Message) -> Iterator[Message]:
    """What a child does that crashes after three frames. Called in the child."""
    for number, message in enumerate(film_messages(request)):
        if number == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        yield message


def dead_messages(request: Message) -> Iterator[Message]:
    """What a child does that crashes at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    yield request


def test_the_child_opens_nothing_more(film: Path) -> None:
    """Once it has begun, neither a file nor a connection: in a process of our own, to look."""
    code = """
import socket, sys
from countenance.engines.isolated import Message
from countenance.media.film import film_messages
fields = {"file": None, "sampling": {"every": 0.5, "quick": False, "times": []}}
fields["limits"] = {"max_seconds": 100.0}
answers = film_messages(Message(fields, open(sys.argv[1], "rb").read()))
next(answers)
for attempt in (lambda: open("/dev/null"), lambda: socket.socket()):
    try:
        attempt()
    except OSError:
        print("refused")
print(sum("at" in answer.fields for answer in answers))
"""
    run = [sys.executable, "-c", code, str(film)]
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["refused", "refused", "12"]


def test_without_pyav_it_says_what_is_missing(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: the answer names it."""
    monkeypatch.setattr(films_module, "find_spec", lambda _: None)
    refused = _refused(film.read_bytes())
    assert refused.reason is Reason.NO_DECODER
    assert "video" in refused.hint


def test_a_film_left_early_leaves_no_child(film: Path) -> None:
    """Whoever stops taking frames has the process ended."""
    with film.open("rb") as file, FILMS.opened(file, Sampling()) as opened:
        assert next(opened.frames()).at == 0
    assert opened.ended is None


# --------------------------------------------------------------------------------------------------


def _said_to_be(data: bytes, width: int, height: int) -> bytes:
    """An MP4 whose sample entry and track header declare other dimensions."""
    patched = bytearray(data)
    entry = data.index(b"mp4v", data.index(b"stsd"))
    struct.pack_into(">HH", patched, entry + 4 + 24, width, height)
    return bytes(patched)
