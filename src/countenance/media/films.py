"""
Films, decoded in a child process: hostile bytes cost a line in the report, and never the run.

What goes wrong in the child (a crash, a loop without end, memory without end) is why a film ended
where it did, or, before its first frame, why it cannot be read. The child holds one frame and so
does this side: memory does not grow with a film's length.
"""

import io
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from typing import BinaryIO, cast

import numpy as np

from countenance.core.canonical import Json
from countenance.engines.isolated import Bounds, ChildLost, Isolated, Message, Outcome
from countenance.errors import Reason, Unreadable
from countenance.media.film import (
    INSTALL,
    NO_DECODER,
    Ended,
    FilmHeader,
    Frame,
    Sampling,
    film_messages,
)
from countenance.media.limits import FilmLimits

_REASONS = {
    Outcome.DIED: (Reason.KILLED_THE_DECODER, "it makes the decoder crash"),
    Outcome.TOO_SLOW: (Reason.TOO_SLOW, "decoding a frame takes longer than is allowed"),
    Outcome.OUT_OF_MEMORY: (
        Reason.TOO_MUCH_MEMORY,
        "decoding it takes more memory than is allowed",
    ),
}


@dataclass(slots=True)
class Film:
    """
    A film that is open. Its frames are taken once, in their order.

    `ended` is nothing until the last frame was taken, and then how the film ended.
    """

    header: FilmHeader
    ended: Ended | None = field(default=None, init=False)
    _answers: Generator[Message, None, None]

    def frames(self) -> Iterator[Frame]:
        """Raises `Unreadable` if there is none at all."""
        at = None
        try:
            for answer in self._answers:
                if "ended" in answer.fields:
                    self.ended = _ended(answer)
                    return
                frame = _frame(answer)
                at = frame.at
                yield frame
        except Unreadable as exc:
            if at is None:
                raise
            self.ended = Ended(at, exc.reason, exc.message)


class Films:
    """
    Decodes films within `limits`. May be used from several threads: each film has a child of its
    own.
    """

    def __init__(self, limits: FilmLimits) -> None:
        self._limits = limits

    @property
    def limits(self) -> FilmLimits:
        return self._limits

    @contextmanager
    def opened(self, file: BinaryIO, wanted: Sampling) -> Iterator[Film]:
        """
        The film in `file`, which stays open that long. A file of the system is read by the child
        itself; what is in memory is given to it whole.

        Raises `Unreadable` with the reason if it is no film that can be read and breaks no limit,
        or if PyAV is not installed.
        """
        if find_spec("av") is None:
            raise Unreadable(Reason.NO_DECODER, NO_DECODER, hint=INSTALL)
        number, body = _passed(file)
        own = self._limits
        bounds = Bounds(own.memory_bytes, own.seconds)
        child = Isolated(film_messages, bounds, files=() if number is None else (number,))
        fields: dict[str, Json] = {
            "file": number,
            "sampling": _plain(wanted),
            "limits": asdict(own),
        }
        with closing(_told(child.stream(Message(fields, body)))) as answers:
            first = cast("dict[str, float]", next(answers).fields["header"])
            yield Film(FilmHeader(**first), answers)


# --------------------------------------------------------------------------------------------------


def _passed(file: BinaryIO) -> tuple[int | None, bytes | memoryview]:
    """How a file gets into the child: by its number, or by its bytes."""
    try:
        return file.fileno(), b""
    except (io.UnsupportedOperation, OSError):
        file.seek(0)
        return None, file.read()


def _plain(wanted: Sampling) -> dict[str, Json]:
    return {**asdict(wanted), "times": list(wanted.times)}


def _told(answers: Generator[Message, None, None]) -> Generator[Message, None, None]:
    """The child's answers, its refusals and its end made ours."""
    with closing(answers):
        try:
            for answer in answers:
                fields = answer.fields
                if "unreadable" in fields:
                    reason = Reason(str(fields["unreadable"]))
                    raise Unreadable(reason, str(fields["message"]), hint=str(fields["hint"]))
                yield answer
        except ChildLost as exc:
            if exc.outcome not in _REASONS:
                raise
            reason, sentence = _REASONS[exc.outcome]
            raise Unreadable(reason, f"{sentence} ({exc.message})") from exc


def _frame(answer: Message) -> Frame:
    fields = answer.fields
    shape = (cast("int", fields["rows"]), cast("int", fields["columns"]), 3)
    return Frame(cast("float", fields["at"]), np.frombuffer(answer.body, np.uint8).reshape(shape))


def _ended(answer: Message) -> Ended:
    fields = cast("dict[str, object]", answer.fields["ended"])
    reason = None if fields["reason"] is None else Reason(str(fields["reason"]))
    return Ended(float(cast("float", fields["at"])), reason, str(fields["detail"]))
