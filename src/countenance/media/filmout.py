"""
The film that is given out: frames packed anew, and nothing beside them.

One stream of pictures, without sound, subtitles, data, chapters, cover art, or a word of metadata.
Sound is a matter of its own: people are known by their voices, too. PyAV encodes, and is imported
where it is used; its wheels bring H.264, and a build without that has MPEG-4's simple codec.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from countenance.errors import Reason, Unreadable, VerificationError
from countenance.media.film import INSTALL, NO_DECODER

if TYPE_CHECKING:
    from av.container import OutputContainer

Pixels = NDArray[np.uint8]

ENDING = ".mp4"
TICKS = 1000
"""A second has so many: times are those of the film it is made of, to a thousandth."""

_CODECS = (
    ("libx264", {"crf": "20", "preset": "fast"}),
    ("mpeg4", {"qmin": "2", "qmax": "4"}),
)
_ALLOWED = {
    "major_brand": None,
    "minor_version": None,
    "compatible_brands": None,
    "language": "und",
    "handler_name": "VideoHandler",
    "vendor_id": "[0][0][0][0]",
}
"""What a container says of itself, whoever wrote it; of the others it is this or nothing."""


@dataclass(slots=True)
class FilmWriter:
    """
    A film that is being written. Every frame has the size of the first one, but for an odd last row
    or column, which is left out.
    """

    _container: "OutputContainer"
    _stream: Any = field(default=None, init=False)
    _shape: tuple[int, ...] = field(default=(), init=False)
    _last: int = field(default=-1, init=False)

    def add(self, at: float, pixels: Pixels) -> None:
        """
        Add a frame `(h, w, 3)` uint8 RGB, shown from `at`, in seconds, later than the one before.

        Raises `Unreadable` if it is of another size than the first.
        """
        from av.video.frame import VideoFrame  # noqa: PLC0415  an extra

        if self._stream is None:
            self._begin(pixels)
        if pixels.shape != self._shape:
            raise Unreadable(Reason.DAMAGED, "its frames are of several sizes")
        height, width = self._stream.height, self._stream.width
        frame = VideoFrame.from_ndarray(
            np.ascontiguousarray(pixels[:height, :width]), format="rgb24"
        )
        self._last = max(self._last + 1, round(at * TICKS))
        frame.pts, frame.time_base = self._last, Fraction(1, TICKS)
        self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write what is left."""
        if self._stream is not None:
            self._container.mux(self._stream.encode())

    def _begin(self, pixels: Pixels) -> None:
        name, options = _codec()
        height, width = (side - side % 2 for side in pixels.shape[:2])
        if not height or not width:
            raise Unreadable(Reason.DAMAGED, "its frames are of one pixel")
        stream: Any = self._container.add_stream(name, rate=25, options=dict(options))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        self._stream, self._shape = stream, pixels.shape


@contextmanager
def film_written(path: Path) -> Iterator[FilmWriter]:
    """
    A new film at `path`, whole when the block ends.

    Raises `Unreadable` if PyAV is not installed, and `OSError` if it cannot be written.
    """
    try:
        import av  # noqa: PLC0415  an extra
    except ImportError as exc:
        raise Unreadable(Reason.NO_DECODER, NO_DECODER, hint=INSTALL) from exc
    # Without this the container says which program wrote it.
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        writer = FilmWriter(container)
        yield writer
        writer.end()


def require_bare(path: Path) -> None:
    """
    Raises `VerificationError` unless the film at `path` is one stream of pictures and no more.

    It is one of our own: it is opened here, and not in a child.
    """
    import av  # noqa: PLC0415  an extra

    with av.open(str(path), "r") as container:
        kinds = [stream.type for stream in container.streams]
        if kinds != ["video"]:
            raise VerificationError(f"the film has more than pictures: {', '.join(kinds)}")
        if container.chapters():
            raise VerificationError("the film has chapters")
        said = {**container.metadata, **container.streams[0].metadata}
    for name, text in said.items():
        if name not in _ALLOWED or _ALLOWED[name] not in (None, text):
            raise VerificationError(f"the film says something of itself: {name}")


# --------------------------------------------------------------------------------------------------


def _codec() -> tuple[str, dict[str, str]]:
    from av.codec import Codec  # noqa: PLC0415  an extra
    from av.codec.codec import UnknownCodecError  # noqa: PLC0415

    for name, options in _CODECS:
        try:
            Codec(name, "w")
        except UnknownCodecError:
            continue
        return name, options
    raise Unreadable(Reason.NO_DECODER, "this build of FFmpeg writes no films")
