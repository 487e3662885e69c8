"""
Films that tests make: scenes of pictures, one after the other, as PyAV encodes them.

The encoder is MPEG-4's simple one, which every build of FFmpeg has. `FakeVision` reads the faces.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from countenance.media.preview import decode_preview
from countenance.vision.types import Pixels
from tests.fakes.vision import picture

FRAMES_A_SECOND = 10
_TICKS = 1000  # a second
_WIDTH, _HEIGHT = 896, 256


@dataclass(frozen=True, slots=True)
class Scene:
    """`seconds` of people, by their identities, side by side; moved by `pan` pixels a frame."""

    seconds: float
    identities: tuple[int, ...] = ()
    pan: int = 0


def make_film(
    path: Path,
    *scenes: Scene | Sequence[Pixels],
    times: Callable[[int], float] = lambda number: number / FRAMES_A_SECOND,
    turned: int = 0,
    size: tuple[int, int] = (_WIDTH, _HEIGHT),
    group: int = 12,
) -> Path:
    """
    Write a film of scenes, or of frames as they are: `times` says when each frame is shown, in
    seconds, `turned` by how many degrees the player has to turn it to the left, `group` how far key
    frames are apart.
    """
    av = pytest.importorskip("av", reason="films need the extra `video`")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FRAMES_A_SECOND)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate, stream.gop_size = 8_000_000, group
        stream.codec_context.time_base = Fraction(1, _TICKS)
        if turned:
            stream.set_display_rotation(turned)
        for number, pixels in enumerate(_frames(scenes, size)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round(times(number) * _TICKS), Fraction(1, _TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def make_sound(path: Path) -> Path:
    """Write a film in which there is sound, and no picture."""
    av = pytest.importorskip("av", reason="films need the extra `video`")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 8000, 1024 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def frame_of(identities: Sequence[int], size: tuple[int, int] = (_WIDTH, _HEIGHT)) -> Pixels:
    """One frame: the picture of these people at the upper left of a near-white ground."""
    width, height = size
    canvas = np.full((height, width, 3), 250, np.uint8)
    shown = decode_preview(picture(*identities))[:height, :width] if identities else canvas[:1, :1]
    canvas[: shown.shape[0], : shown.shape[1]] = shown
    return canvas


def frame_at(places: Mapping[int, tuple[int, int]], size: tuple[int, int]) -> Pixels:
    """One frame of people, by their identities, each with the upper left corner of the face."""
    width, height = size
    canvas = np.full((height, width, 3), 250, np.uint8)
    for identity, (x, y) in places.items():
        face = decode_preview(picture(identity))[40:168, 40:168]
        wide, high = min(128, width - x), min(128, height - y)
        if wide > 0 and high > 0:
            canvas[y : y + high, x : x + wide] = face[:high, :wide]
    return canvas


# --------------------------------------------------------------------------------------------


def _frames(scenes: Iterable[Scene | Sequence[Pixels]], size: tuple[int, int]) -> Iterable[Pixels]:
    for scene in scenes:
        if not isinstance(scene, Scene):
            yield from scene
            continue
        still = frame_of(scene.identities, size)
        for number in range(round(scene.seconds * FRAMES_A_SECOND)):
            yield np.roll(still, scene.pan * number, axis=1)
