"""
The decoder of a run: ordinary JPEGs in the calling thread, everything else in a child process.

A decoder of images is C that reads bytes of strangers. What may go wrong in it (a crash, a loop
without end, memory without end) goes wrong in a child with limits, and is a reason in the report.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import TracebackType
from typing import Self, cast

import numpy as np

from countenance.engines.isolated import Bounds, ChildLost, Isolated, Message, Outcome
from countenance.errors import Reason, Unreadable
from countenance.media.decode import (
    Header,
    Picture,
    decode,
    decode_jpeg,
    is_jpeg,
    read_header,
)
from countenance.media.limits import Limits

# A progressive JPEG is decoded once a scan. Cameras write ten; thousands are an attack on time,
# and only in a child is time limited.
_MAX_SCANS_IN_THREAD = 100
_SCAN_MARKER = b"\xff\xda"

# A progressive JPEG takes up to nine bytes a pixel while it is decoded. Above this, memory is
# better counted too.
_MAX_PIXELS_IN_THREAD = 50_000_000

_REASONS = {
    Outcome.DIED: (Reason.KILLED_THE_DECODER, "it makes the decoder crash"),
    Outcome.TOO_SLOW: (Reason.TOO_SLOW, "decoding it takes longer than is allowed"),
    Outcome.OUT_OF_MEMORY: (
        Reason.TOO_MUCH_MEMORY,
        "decoding it takes more memory than is allowed",
    ),
}


class Decoder:
    """
    Decodes pictures within `limits`.

    May be called from many threads: each call that needs a child has one to itself, and children
    are kept for the next call. `close` ends them; call it when no call is under way. A decoder
    that was closed starts new children when called again.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: deque[Isolated] = deque()

    def __call__(self, data: bytes, *, half: bool = False, isolated: bool = False) -> Picture:
        """
        The picture in `data`, upright; what `half` means, `decode` says.

        With `isolated` nothing of `data` is read in this process, not even its header.

        Raises `Unreadable` with the reason, whatever happens to the child.
        """
        picture = None if isolated else self._in_thread(data, half=half)
        return picture or self._in_child(data, half=half)

    @property
    def limits(self) -> Limits:
        return self._limits

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ----------------------------------------------------------------------------------------------

    def _in_thread(self, data: bytes, *, half: bool) -> Picture | None:
        """The picture, if it is an ordinary JPEG."""
        if not is_jpeg(data) or data.count(_SCAN_MARKER) > _MAX_SCANS_IN_THREAD:
            return None
        header = read_header(data, self._limits)
        return decode_jpeg(data, header, half=half) if _is_modest(header) else None

    def _in_child(self, data: bytes, *, half: bool) -> Picture:
        request = Message({"half": half, **asdict(self._limits)}, data)
        with self._child() as child:
            try:
                answer = child.call(request)
            except ChildLost as exc:
                if exc.outcome not in _REASONS:
                    raise
                reason, sentence = _REASONS[exc.outcome]
                raise Unreadable(reason, f"{sentence} ({exc.message})") from exc
        return _picture_from(answer)

    @contextmanager
    def _child(self) -> Iterator[Isolated]:
        """A child that nobody else is using."""
        try:
            child = self._idle.pop()
        except IndexError:
            bounds = Bounds(self._limits.memory_bytes, self._limits.seconds)
            child = Isolated(decode_message, bounds)
        try:
            yield child
        finally:
            self._idle.append(child)


def decode_message(request: Message) -> Message:
    """What the child does: decode one picture, and answer with its pixels or with the reason."""
    fields = dict(request.fields)
    half = bool(fields.pop("half"))
    try:
        picture = decode(bytes(request.body), limits=Limits(**fields), half=half)  # type: ignore[arg-type]  # they were its own fields
    except Unreadable as exc:
        return Message({"reason": exc.reason.value, "message": exc.message})
    rows, columns = picture.pixels.shape[:2]
    return Message(
        {
            "rows": rows,
            "columns": columns,
            "width": picture.width,
            "height": picture.height,
            "oriented": picture.oriented,
        },
        picture.pixels.data.cast("B"),
    )


# --------------------------------------------------------------------------------------------------


def _is_modest(header: Header) -> bool:
    return header.width * header.height <= _MAX_PIXELS_IN_THREAD


def _picture_from(answer: Message) -> Picture:
    fields = answer.fields
    if "reason" in fields:
        raise Unreadable(Reason(str(fields["reason"])), str(fields["message"]))
    shape = (cast("int", fields["rows"]), cast("int", fields["columns"]), 3)
    return Picture(
        np.frombuffer(answer.body, np.uint8).reshape(shape),
        cast("int", fields["width"]),
        cast("int", fields["height"]),
        oriented=bool(fields["oriented"]),
    )
