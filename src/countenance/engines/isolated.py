"""
A function in a child process, with limits: for work on bytes that may be hostile.

The child is a fresh interpreter, never a fork of a process that has threads, and imports the
module of its function and nothing of the caller's `__main__`. Messages cross as JSON and raw
bytes. Nothing that comes out of the child is unpickled: whoever takes the child over gains no
code in the parent.

What holds the child: its address space, the processor seconds of each call, no core dump, and the
wall clock, which the parent keeps. When the parent dies, the child reads the end of its pipe, or
spends its processor seconds, and ends. macOS does not limit the address space.
"""

import importlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import FileIO
from types import TracebackType
from typing import Self

from countenance.core.canonical import Json
from countenance.engines.frames import receive_frame, send_frame
from countenance.errors import Error, Unavailable

# The child gets the parent's path of imports, whatever made it: a virtual environment, pytest, a
# script. Until then `-I` keeps the working folder and the environment out.
_BOOT = (
    "import sys; sys.path[:] = sys.argv[4:]; "
    "from countenance.engines.isolated import live; live(*sys.argv[1:4])"
)


class Outcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    DIED = "died"
    TOO_SLOW = "too-slow"
    OUT_OF_MEMORY = "out-of-memory"
    FAILED = "failed"


class ChildLost(Error):
    """
    The child gave no answer; the next call starts a new one if it has to.

    `outcome` says why, and is never `ANSWERED`. `FAILED` means that the function raised: a bug,
    not a limit.
    """

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    What a call may cost.

    `memory_bytes` is the address space of the child, its program included; no answer may be
    larger. `seconds` is by the wall clock, and again by the processor.
    """

    memory_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """What crosses to the child and back: `fields` as JSON, `body` as it is."""

    fields: Mapping[str, Json]
    body: bytes | bytearray | memoryview = b""


class Isolated:
    """
    `function`, which stands at the top of an importable module, in a child process.

    The child starts at the first call and stays for the next. One call at a time. An answer's
    `body` is a `bytearray` of its own. `files` are descriptors that the child gets, by the same
    numbers; they must be open when it starts.
    """

    def __init__(
        self,
        function: Callable[[Message], Message] | Callable[[Message], Iterator[Message]],
        bounds: Bounds,
        *,
        files: Sequence[int] = (),
    ) -> None:
        self._target = f"{function.__module__}:{function.__qualname__}"
        self._bounds = bounds
        self._files = tuple(files)
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, request: Message) -> Message:
        """
        What the function answers to `request`.

        Raises `ChildLost` if there is no answer, and `Unavailable` if no child can be started.
        """
        process = self._living()
        deadline = _Deadline(process, self._bounds.seconds)
        try:
            with deadline:
                outcome, answer = self._exchange(process, request)
        except (OSError, EOFError, ValueError, KeyError) as exc:
            self.close()
            raise _lost(process.returncode, too_slow=deadline.passed) from exc
        except BaseException:
            # Ctrl-C between two halves of a frame: this pipe cannot be used again.
            self.close()
            raise
        if deadline.passed or outcome is Outcome.OUT_OF_MEMORY:
            self.close()
        if outcome is not Outcome.ANSWERED:
            raise ChildLost(outcome, str(answer.fields["error"]))
        return answer

    def stream(self, request: Message) -> Generator[Message, None, None]:
        """
        What the function, which gives an iterator, answers to `request`, piece by piece.

        The child is at most one piece ahead of what is taken. Each piece has the bounds of a call
        for itself, and the child ends with the last one, or when this is closed.

        Raises as `call` does, in the place of a piece.
        """
        process = self._living()
        try:
            assert process.stdin is not None  # noqa: S101  it was asked for
            send_frame(process.stdin, request.fields, request.body)
            while (piece := self._next_piece(process)) is not None:
                yield piece
        except (OSError, EOFError, ValueError, KeyError) as exc:
            self.close()
            raise _lost(process.returncode, too_slow=False) from exc
        finally:
            self.close()

    def close(self) -> None:
        """End the child. May be called again."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with process:
                pass  # closes its pipes and waits for it

    # ----------------------------------------------------------------------------------------------

    def _next_piece(self, process: "subprocess.Popen[bytes]") -> Message | None:
        """The next answer, or nothing after the last one."""
        assert process.stdout is not None  # noqa: S101  it was asked for
        deadline = _Deadline(process, self._bounds.seconds)
        try:
            with deadline:
                head, body = receive_frame(process.stdout, max_body_bytes=self._bounds.memory_bytes)
        except (OSError, EOFError, ValueError) as exc:
            self.close()
            raise _lost(process.returncode, too_slow=deadline.passed) from exc
        outcome = Outcome(str(head.pop("outcome")))
        if outcome is not Outcome.ANSWERED:
            raise ChildLost(outcome, str(head["error"]))
        return Message(head, body) if head.pop("more", False) else None

    def _living(self) -> "subprocess.Popen[bytes]":
        """The child, started if there is none or if it died between two calls."""
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = self._started()
        return self._process

    def _started(self) -> "subprocess.Popen[bytes]":
        path = [folder or os.getcwd() for folder in sys.path]  # noqa: PTH109  # as `import` does
        bounds = [str(self._bounds.memory_bytes), str(self._bounds.seconds)]
        try:
            return subprocess.Popen(  # noqa: S603  # this very Python, and our own words
                [sys.executable, "-I", "-c", _BOOT, self._target, *bounds, *path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # C libraries complain there about bad files, and would spoil a terminal.
                stderr=subprocess.DEVNULL,
                bufsize=0,
                pass_fds=self._files,
                # Ctrl-C on a terminal is for the parent, which then ends the child.
                start_new_session=True,
            )
        except OSError as exc:
            raise Unavailable(f"no child process can be started: {exc}") from exc

    def _exchange(
        self, process: "subprocess.Popen[bytes]", request: Message
    ) -> tuple[Outcome, Message]:
        assert process.stdin is not None  # noqa: S101  # both were asked for
        assert process.stdout is not None  # noqa: S101
        send_frame(process.stdin, request.fields, request.body)
        head, body = receive_frame(process.stdout, max_body_bytes=self._bounds.memory_bytes)
        return Outcome(str(head["outcome"])), Message(head, body)


def live(target: str, memory_bytes: str, seconds: str) -> None:
    """
    The life of a child: answer until the pipe ends. Called in the child only.

    `target` is `module:function`, and the limits are `Bounds`, all as words of a command line.
    """
    requests, answers = _own_pipes()
    # Threads of a BLAS would each take address space, and a decoder multiplies no matrices.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform != "darwin":
        _limit(resource.RLIMIT_AS, int(memory_bytes))
    outcome = Outcome.ANSWERED
    # A process that once ran out of memory is not trusted to be whole.
    while outcome is not Outcome.OUT_OF_MEMORY:
        try:
            fields, body = receive_frame(requests, max_body_bytes=int(memory_bytes))
        except EOFError:
            return
        for outcome, answer in _answered(target, Message(fields, body), float(seconds)):
            send_frame(answers, {**answer.fields, "outcome": outcome.value}, answer.body)


# --------------------------------------------------------------------------------------------------


class _Deadline:
    """Kills a process if the block takes longer than `seconds`; `passed` is whether it did."""

    def __init__(self, process: "subprocess.Popen[bytes]", seconds: float) -> None:
        self.passed = False
        self._process = process
        self._timer = threading.Timer(seconds, self._kill)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        # After this it cannot strike any more, and hit the child in its next call.
        self._timer.join()

    def _kill(self) -> None:
        self.passed = True
        self._process.kill()


def _lost(status: int, *, too_slow: bool) -> ChildLost:
    """What became of a child that ended with `status`, as `subprocess` gives it."""
    if too_slow or status == -signal.SIGXCPU:
        return ChildLost(Outcome.TOO_SLOW, "the child process was stopped at its time limit")
    how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    return ChildLost(Outcome.DIED, f"the child process ended {how}")


def _own_pipes() -> tuple[FileIO, FileIO]:
    """The two pipes to the parent, out of reach of a library that prints or reads."""
    requests, answers = FileIO(os.dup(0), "rb"), FileIO(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return requests, answers


def _limit(what: int, value: int) -> None:
    _, ceiling = resource.getrlimit(what)
    soft = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
    resource.setrlimit(what, (soft, ceiling))


def _answered(target: str, request: Message, seconds: float) -> Iterator[tuple[Outcome, Message]]:
    """The answer to a request, or its pieces and their end, each within `seconds`."""
    module, _, name = target.partition(":")
    try:
        _limit_cpu(seconds)
        function: Callable[[Message], Message | Iterator[Message]] = getattr(
            importlib.import_module(module), name
        )
        given = function(request)
        if isinstance(given, Message):
            yield Outcome.ANSWERED, given
            return
        for piece in given:
            yield Outcome.ANSWERED, Message({**piece.fields, "more": True}, piece.body)
            _limit_cpu(seconds)
        yield Outcome.ANSWERED, Message({})
    except MemoryError:
        yield (
            Outcome.OUT_OF_MEMORY,
            Message({"error": "the child process ran out of memory"}),
        )
    # The entry point of a process: what is wrong in it is told to the parent, which raises.
    except Exception as exc:  # noqa: BLE001
        yield Outcome.FAILED, Message({"error": f"{target}: {type(exc).__name__}: {exc}"})


def _limit_cpu(seconds: float) -> None:
    _limit(resource.RLIMIT_CPU, int(time.process_time() + seconds) + 1)
