"""
Films: the bytes of a film in, upright frames with their times out, one after the other.

PyAV decodes, and is imported where it is used: it is an extra, for its wheels carry encoders under
the GPL. A film is read from its beginning to its end. With groups of pictures of eight seconds,
which are common, going from place to place decodes three times as much as reading through.

Frames that no other frame refers to are passed over undecoded, which saves a third of the time; at
two frames a second there is always another one near. Times are those of the frames themselves,
counted from the film's beginning as a player counts, so that a variable frame rate does no harm.

Everything here runs in a child process (`films.py`), which may open no file and no connection once
it has begun: a film is not allowed to name others.
"""

import io
import math
import os
import pkgutil
import resource
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from countenance.core.canonical import Json
from countenance.engines.isolated import Message
from countenance.errors import Reason, Unreadable
from countenance.media.limits import FilmLimits

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Pixels = NDArray[np.uint8]

NO_DECODER = "a film, and what decodes films is not installed"
INSTALL = "pip install 'countenance[video]'"

# No playlists (HLS, DASH, concat): they name other files and addresses. No formats that are lists
# of pictures. What an ending promises is not believed: the bytes say which of these it is.
_FORMATS = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpeg", "mpegts"),
    *("flv", "asf", "ogg", "mpegvideo", "m4v", "mxf"),
)

_SHAPES = 16  # frames of another size than before, as a film may have, and a hostile one has
_TICK = 1e-3  # seconds: times that are nearer are one


@dataclass(frozen=True, slots=True)
class Sampling:
    """
    Which frames are wanted.

    One every `every` seconds; with `quick` only of those that stand for themselves (key frames).
    With `times`, in seconds and ascending, the frames of just these instants, and no others. With
    `all` every frame that there is.
    """

    every: float = 0.5
    quick: bool = False
    times: tuple[float, ...] = ()
    all: bool = False


@dataclass(frozen=True, slots=True)
class FilmHeader:
    """
    What a film says of itself: for how many `seconds` it plays, or 0 if it does not say.

    How large it is, its frames say.
    """

    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """
    One frame, as it is seen. `at` is in seconds from the beginning.

    `pixels` is `(h, w, 3)` uint8, RGB, upright, C-contiguous. Of a film of more pixels than
    `FilmLimits.long_side` it is a reduction, the same for every frame: a film is given in it.
    """

    at: float
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Ended:
    """
    How far a film could be read: until `at`, in seconds.

    `reason` is nothing if that was its end, and else why there was no more.
    """

    at: float
    reason: Reason | None = None
    detail: str = ""


def frames_of(
    file: BinaryIO, wanted: Sampling, limits: FilmLimits
) -> Generator[FilmHeader | Frame, None, Ended]:
    """
    What a film says of itself, then the `wanted` frames in their order. Returns how it ended.

    At most one frame is held at a time. Raises `Unreadable`, with the reason, if PyAV is not here
    or there is no film in `file` that can be read and breaks no limit. What goes wrong after the
    first frame is no error: it is how the film ended.
    """
    with _opened(file) as container:
        stream = _pictures(container)
        film = _Film(container, stream, wanted, limits)
        yield film.header
        yield from film.frames()
        return film.ended()


def film_messages(request: Message) -> Iterator[Message]:
    """What the child does: the header and the frames of one film, then how it ended."""
    fields = dict(request.fields)
    wanted = Sampling(**_sampling(fields.pop("sampling")))
    limits = FilmLimits(**fields.pop("limits"))  # type: ignore[arg-type]  # they were its own
    which = fields.pop("file")
    file = os.fdopen(int(str(which)), "rb") if which is not None else io.BytesIO(request.body)
    with suppress(ImportError):  # `frames_of` says that it is not here
        _import_all_of_av()
    _open_nothing_more()
    try:
        film = frames_of(file, wanted, limits)
        while True:
            yield _message(next(film))
    except StopIteration as end:
        yield Message({"ended": _plain(asdict(end.value))})
    except Unreadable as exc:
        yield Message({"unreadable": exc.reason.value, "message": exc.message, "hint": exc.hint})


# --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Film:
    """A film that is being read."""

    container: "InputContainer"
    stream: "VideoStream"
    wanted: Sampling
    limits: FilmLimits
    _begin: float = field(default=0.0, init=False)
    _tick: float = field(default=0.0, init=False)
    _until: float = field(default=0.0, init=False)
    _sampled: int = field(default=0, init=False)
    _damaged: int = field(default=0, init=False)
    _stopped: "tuple[Reason, str] | None" = field(default=None, init=False)
    _shapes: set[tuple[int, int]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._begin = (self.container.start_time or 0) / _MICROSECONDS
        # A number, not a fraction: it is wanted for every packet.
        self._tick = float(self.stream.time_base or 0)
        codec = self.stream.codec_context
        self._judge(codec.width, codec.height)
        codec.thread_type = "NONE"  # work is spread over films and photos
        codec.skip_frame = "NONKEY" if self.wanted.quick else "NONREF"
        if self.wanted.all:
            codec.skip_frame = "DEFAULT"

    @property
    def header(self) -> FilmHeader:
        return FilmHeader(self._declared)

    def frames(self) -> Iterator[Frame]:
        due = _Due(self.wanted)
        for frame in self._decoded(due):
            at = self._time(frame)
            if at > self.limits.max_seconds:
                self._stopped = (Reason.TOO_LONG, f"longer than {self.limits.max_seconds:,.0f} s")
                return
            if due.takes(at) and self._is_sound(frame):
                self._sampled += 1
                yield self._frame(frame, at)
            if due.is_done():
                return

    def ended(self) -> Ended:
        """Raises `Unreadable` if there was not one frame, though frames were wanted."""
        if self.wanted.times:
            return Ended(self._until)
        reason, detail = self._stopped or self._missing() or (None, "")
        if not self._sampled:
            raise Unreadable(reason or Reason.DAMAGED, detail or "a film without a frame")
        return Ended(self._until, reason, detail)

    # ----------------------------------------------------------------------------------------------

    def _decoded(self, due: "_Due") -> "Iterator[VideoFrame]":
        import av.error  # noqa: PLC0415  an extra

        packets = self._packets(due)
        while True:
            try:
                packet = next(packets)
                found = packet.decode()
            except StopIteration:
                return
            except (av.error.InvalidDataError, av.error.PatchWelcomeError):
                self._damaged += 1
                continue
            except av.error.MemoryError as exc:
                raise MemoryError from exc
            except (av.error.FFmpegError, ValueError, OSError) as exc:
                # What a library of many hands raises on hostile bytes.
                self._stopped = (Reason.DAMAGED, _said(exc))
                return
            yield from found

    def _packets(self, due: "_Due") -> "Iterator[Any]":
        """The packets of the pictures, past long stretches in which nothing is wanted."""
        position = gone_to = 0.0
        while True:
            if due.is_far(position) and due.next > gone_to:
                gone_to = due.next
                self.container.seek(round((gone_to + self._begin) * _MICROSECONDS))
            for packet in self.container.demux(self.stream):
                if packet.pts is not None:
                    position = packet.pts * self._tick - self._begin
                    end = position + (packet.duration or 0) * self._tick
                    self._until = max(self._until, end)
                yield packet
                if due.is_far(position) and due.next > gone_to:
                    break
            else:
                return

    @property
    def _declared(self) -> float:
        if self.container.duration is not None and self.container.duration > 0:
            return float(self.container.duration / _MICROSECONDS)
        if self.stream.duration and self.stream.time_base:
            return float(self.stream.duration * self.stream.time_base)
        return 0.0

    def _missing(self) -> "tuple[Reason, str] | None":
        """What of the film is not there, though it says so, or could not be decoded."""
        slack = max(_SLACK_SECONDS, 2 * self.wanted.every)
        own = self._declared
        if self.stream.duration and self.stream.time_base:
            # The sound may be longer than the pictures.
            own = min(own, float(self.stream.duration * self.stream.time_base))
        if own and self._until < own - slack:
            return (
                Reason.DAMAGED,
                f"it says that it is {own:.1f} s long, and ends after {self._until:.1f} s",
            )
        if self._damaged:
            return (Reason.DAMAGED, f"{self._damaged} of its frames cannot be decoded")
        return None

    def _time(self, frame: "VideoFrame") -> float:
        if frame.pts is None:
            return self._until
        return max(0.0, frame.pts * self._tick - self._begin)

    def _is_sound(self, frame: "VideoFrame") -> bool:
        if frame.is_corrupt:
            self._damaged += 1
            return False
        return True

    def _frame(self, frame: "VideoFrame", at: float) -> Frame:
        self._judge(frame.width, frame.height)
        # Each size has a converter of its own, and PyAV keeps them.
        self._shapes.add((frame.width, frame.height))
        if len(self._shapes) > _SHAPES:
            raise Unreadable(Reason.DAMAGED, f"its frames are of more than {_SHAPES} sizes")
        width, height = _square(frame.width, frame.height, _aspect(self.stream))
        scale = min(1.0, self.limits.long_side / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = frame.to_ndarray(format="rgb24", width=size[0], height=size[1])
        return Frame(round(at, 3), np.ascontiguousarray(np.rot90(pixels, _quarters(frame))))

    def _judge(self, width: int, height: int) -> None:
        if width < 1 or height < 1:
            raise Unreadable(
                Reason.DAMAGED, f"damaged: it says that it is {width} by {height} pixels"
            )
        if width * height > self.limits.max_pixels:
            raise Unreadable(
                Reason.TOO_MANY_PIXELS,
                f"its frames have more pixels than the {self.limits.max_pixels:,} allowed",
            )


@dataclass(slots=True)
class _Due:
    """Which instant is wanted next: `next`, in seconds."""

    wanted: Sampling
    next: float = field(default=0.0, init=False)
    _place: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.wanted.times:
            self.next = self.wanted.times[0]

    def is_done(self) -> bool:
        return bool(self.wanted.times) and self._place >= len(self.wanted.times)

    def takes(self, at: float) -> bool:
        """Whether the frame at this instant is wanted; then the next one is another."""
        if self.wanted.all:
            return True
        if self.is_done() or at < self.next - _TICK:
            return False
        if self.wanted.times:
            while not self.is_done() and self.wanted.times[self._place] <= at + _TICK:
                self._place += 1
            self.next = math.inf if self.is_done() else self.wanted.times[self._place]
        else:
            # On a grid, so that a late frame does not make all that follow late.
            self.next = (math.floor((at + _TICK) / self.wanted.every) + 1) * self.wanted.every
        return True

    def is_far(self, position: float) -> bool:
        """Whether to go there rather than to read on: going decodes from the key frame before."""
        return bool(self.wanted.times) and math.inf > self.next > position + _WORTH_A_JUMP_SECONDS


_MICROSECONDS = 1_000_000  # in which a container counts
_SLACK_SECONDS = 1.0
_WORTH_A_JUMP_SECONDS = 10.0
_MOST_STRETCHED = 4.0  # a pixel that is wider or narrower than this is a mistake


def _opened(file: BinaryIO) -> "InputContainer":
    try:
        import av  # noqa: PLC0415  an extra
        import av.error  # noqa: PLC0415
    except ImportError as exc:
        raise Unreadable(Reason.NO_DECODER, NO_DECODER, hint=INSTALL) from exc
    av.logging.set_level(None)
    if not file.seek(0, os.SEEK_END):
        raise Unreadable(Reason.EMPTY, "the file is empty")
    file.seek(0)
    try:
        return av.open(
            file,
            mode="r",
            options={"format_whitelist": ",".join(_FORMATS), "protocol_whitelist": "none"},
            io_open=_refused,
            metadata_errors="replace",
        )
    except av.error.MemoryError as exc:
        raise MemoryError from exc
    except (av.error.FFmpegError, ValueError, OSError) as exc:
        raise Unreadable(Reason.DAMAGED, f"not a film that can be opened: {_said(exc)}") from exc


def _import_all_of_av() -> None:
    """PyAV imports parts of itself when it meets sound or subtitles, and can then no more."""
    import av  # noqa: PLC0415  an extra

    for part in pkgutil.walk_packages(av.__path__, "av."):
        if part.name not in {"av.__main__", "av.datasets"}:
            import_module(part.name)


def _open_nothing_more() -> None:
    """What this process has open it keeps; no other file, and no connection, comes to it."""
    _, ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, ceiling))


def _refused(url: str, flags: int, options: Mapping[str, str]) -> BinaryIO:
    del flags, options
    raise PermissionError(f"a film may not open another: {url[:80]!r}")


def _pictures(container: "InputContainer") -> "VideoStream":
    """The film in it: not a cover that somebody put beside the sound."""
    from av.stream import Disposition  # noqa: PLC0415  an extra

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise Unreadable(Reason.NOT_A_PICTURE, "there are no pictures in it, only sound")


def _aspect(stream: "VideoStream") -> float:
    """How wide a pixel is, of its height."""
    said = stream.sample_aspect_ratio
    ratio = float(said) if said else 1.0
    return ratio if 1 / _MOST_STRETCHED <= ratio <= _MOST_STRETCHED else 1.0


def _square(width: int, height: int, aspect: float) -> tuple[int, int]:
    return (max(1, round(width * aspect)), height)


def _quarters(frame: "VideoFrame") -> int:
    """By how many quarters a frame is turned to the left to be upright."""
    return round(frame.rotation / 90) % 4


def _said(exc: Exception) -> str:
    return str(getattr(exc, "strerror", "") or exc).lower().removesuffix(".")


def _sampling(fields: Json) -> dict[str, Any]:
    assert isinstance(fields, dict)  # noqa: S101  # it was made by `films.py`
    times = fields["times"]
    assert isinstance(times, list)  # noqa: S101
    return {**fields, "times": tuple(times)}


def _message(one: FilmHeader | Frame) -> Message:
    if isinstance(one, FilmHeader):
        return Message({"header": _plain(asdict(one))})
    rows, columns = one.pixels.shape[:2]
    return Message({"at": one.at, "rows": rows, "columns": columns}, one.pixels.data.cast("B"))


def _plain(fields: dict[str, Any]) -> dict[str, Json]:
    return dict(fields)
