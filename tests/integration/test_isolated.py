"""The isolated engine: whatever the function does to its process, the caller gets a word for it."""

import importlib
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from countenance.engines import isolated
from countenance.engines.isolated import Bounds, ChildLost, Isolated, Message, Outcome
from countenance.errors import Unavailable

# Everything a decoder could do, and worse. The child imports it by name, like any module.
_MODULE = """
import os, resource, signal, sys
from countenance.engines.isolated import Message

def echo(request): return Message(request.fields, request.body)
def pid(request): return Message({"pid": os.getpid()})
def chatter(request):
    print("noise on stdout", flush=True)
    return Message({"read": os.read(0, 9).hex()})
def imported(request): return Message({"modules": sorted(sys.modules)})
def limits(request): return Message({"core": resource.getrlimit(resource.RLIMIT_CORE)[0],
                                     "memory": resource.getrlimit(resource.RLIMIT_AS)[0]})
def abort(request): os.abort()
def leave(request): os._exit(3)
def spin(request):
    while True: pass
def sleep(request): signal.pause()
def eat(request): return Message({}, bytearray(2**33))
def fail(request): raise KeyError("a bug")
def count(request):
    for number in range(request.fields["until"]):
        yield Message({"number": number}, bytes([number]))
def crash_midway(request):
    yield Message({"number": 0})
    os.abort()
def fail_midway(request):
    yield Message({"number": 0})
    raise KeyError("a bug")
def sleep_midway(request):
    yield Message({"number": 0})
    signal.pause()
def read_file(request):
    yield Message({}, os.pread(request.fields["file"], 100, 0))
def lie(request): os.write(4, b"\\xff" * 64); os.write(5, b"\\xff" * 64); signal.pause()
"""

Start = Callable[..., Isolated]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a child with a function of `_MODULE`, and ends it after the test."""
    (tmp_path / "odd_functions.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    functions = importlib.import_module("odd_functions")
    children: list[Isolated] = []

    def begin(name: str, *, memory_bytes: int = 2**30, seconds: float = 60) -> Isolated:
        children.append(Isolated(getattr(functions, name), Bounds(memory_bytes, seconds)))
        return children[-1]

    yield begin
    for child in children:
        child.close()
    del sys.modules["odd_functions"]


def test_message_comes_back_as_it_went(start: Start) -> None:
    """Fields and megabytes of body cross both ways, unchanged, call after call."""
    child = start("echo")
    for body in (b"", b"x", os.urandom(5_000_000)):
        answer = child.call(Message({"a": [1, None, "\N{SNOWMAN}"], "b": {"c": 1.5}}, body))
        assert answer.fields["a"] == [1, None, "\N{SNOWMAN}"]
        assert answer.fields["b"] == {"c": 1.5}
        assert answer.body == body


def test_child_stays_for_the_next_call(start: Start) -> None:
    """One process serves all calls, until it is closed; then a new one does."""
    child = start("pid")
    first = child.call(Message({})).fields["pid"]
    assert child.call(Message({})).fields["pid"] == first != os.getpid()
    child.close()
    child.close()
    assert child.call(Message({})).fields["pid"] != first


def test_child_that_died_between_calls_is_replaced(start: Start) -> None:
    """Nobody is blamed for a child that somebody else ended."""
    child = start("pid")
    first = child.call(Message({})).fields["pid"]
    assert isinstance(first, int)
    process = child._process
    assert process is not None
    process.kill()
    process.wait()
    assert child.call(Message({})).fields["pid"] != first


@pytest.mark.parametrize(
    ("name", "outcome", "words"),
    [
        ("abort", Outcome.DIED, "SIGABRT"),
        ("leave", Outcome.DIED, "status 3"),
        ("eat", Outcome.OUT_OF_MEMORY, "out of memory"),
        ("fail", Outcome.FAILED, "KeyError: 'a bug'"),
    ],
)
def test_loss_is_told_and_the_next_call_works(
    start: Start, name: str, outcome: Outcome, words: str
) -> None:
    """A crash, an exit, hunger for memory and a bug are told apart, twice in a row."""
    child = start(name)
    for _ in range(2):
        with pytest.raises(ChildLost, match=words) as lost:
            child.call(Message({}))
        assert lost.value.outcome is outcome


@pytest.mark.parametrize("name", ["spin", "sleep"])
def test_time_is_limited_awake_and_asleep(start: Start, name: str) -> None:
    """A loop without end and a wait without end both stop at the limit."""
    with pytest.raises(ChildLost) as lost:
        start(name, seconds=0.5).call(Message({}))
    assert lost.value.outcome is Outcome.TOO_SLOW


def test_child_is_held(start: Start) -> None:
    """The child itself sees its limits: no core file, and so much address space."""
    fields = start("limits", memory_bytes=512 * 2**20).call(Message({})).fields
    assert fields["core"] == 0
    if sys.platform == "linux":
        assert fields["memory"] == 512 * 2**20


def test_child_imports_little(start: Start) -> None:
    """The child has none of the caller's modules: no database, no model, no test runner."""
    modules = start("imported").call(Message({})).fields["modules"]
    assert isinstance(modules, list)
    assert {"sqlalchemy", "onnxruntime", "cv2", "numpy", "pytest"}.isdisjoint(modules)


def test_library_that_prints_spoils_nothing(start: Start) -> None:
    """What the function prints is not taken for its answer, and it has nothing to read."""
    child = start("chatter")
    assert child.call(Message({})).fields["read"] == ""
    assert child.call(Message({})).fields["read"] == ""


def test_nonsense_from_the_child_is_a_loss(start: Start) -> None:
    """A child that was taken over and claims an endless answer gets no memory for it."""
    with pytest.raises(ChildLost) as lost:
        start("lie").call(Message({}))
    assert lost.value.outcome is Outcome.DIED


def test_ctrl_c_in_a_call_ends_the_child(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe with half an answer in it is not used again."""
    child = start("pid")
    first = child.call(Message({})).fields["pid"]

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(isolated, "receive_frame", interrupted)
        with pytest.raises(KeyboardInterrupt):
            child.call(Message({}))
    assert child.call(Message({})).fields["pid"] != first


def test_machine_that_can_start_nothing_is_unavailable(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no process can be started, trying again may work."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(Unavailable, match="no child process"):
        start("echo").call(Message({}))


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
@pytest.mark.parametrize("name", ["echo", "spin"])
def test_child_ends_with_its_parent(start: Start, tmp_path: Path, name: str) -> None:
    """Kill -9 of the parent leaves no child, be it idle or busy."""
    del start  # it wrote the module
    script = f"""
import sys; sys.path.insert(0, {str(tmp_path)!r})
import os, threading, odd_functions
from countenance.engines.isolated import Bounds, Isolated, Message
child = Isolated(odd_functions.{name}, Bounds(2**30, 1))
child._process = child._started()
print(child._process.pid, flush=True)
threading.Thread(target=child.call, args=[Message({{}})], daemon=True).start()
sys.stdin.read(1)
os.kill(os.getpid(), 9)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.communicate(b"x")
    watch = select.poll()
    watch.register(child, select.POLLIN)
    assert watch.poll(60_000), "the child outlived its parent"
    os.close(child)


@pytest.mark.parametrize("how", ["-c", "script"])
def test_works_from_any_kind_of_program(start: Start, tmp_path: Path, how: str) -> None:
    """A one-liner and a script without a guard start a child, and the child starts neither."""
    del start
    code = f"""
import sys; sys.path.insert(0, {str(tmp_path)!r})
import odd_functions
from countenance.engines.isolated import Bounds, Isolated, Message
child = Isolated(odd_functions.echo, Bounds(2**30, 60))
print(child.call(Message({{"a": 1}})).fields["a"])
child.close()
"""
    (tmp_path / "script.py").write_text(code)
    arguments = ["-c", code] if how == "-c" else [str(tmp_path / "script.py")]
    ran = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert (ran.stdout, ran.stderr) == ("1\n", "")


def test_pieces_come_one_by_one_until_there_are_no_more(start: Start) -> None:
    """Each with what it carries; and the child ends with the last one."""
    child = start("count")
    pieces = list(child.stream(Message({"until": 3})))
    assert [(one.fields["number"], bytes(one.body)) for one in pieces] == [
        (0, b"\x00"),
        (1, b"\x01"),
        (2, b"\x02"),
    ]
    assert child._process is None
    assert list(child.stream(Message({"until": 0}))) == []


def test_whoever_takes_no_more_ends_the_child(start: Start) -> None:
    """What was not taken is not made: the child waits, and is ended."""
    child = start("count")
    pieces = child.stream(Message({"until": 10**9}))
    assert next(pieces).fields["number"] == 0
    process = child._process
    assert process is not None
    pieces.close()
    assert process.returncode is not None


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("crash_midway", Outcome.DIED),
        ("fail_midway", Outcome.FAILED),
        ("sleep_midway", Outcome.TOO_SLOW),
    ],
)
def test_what_goes_wrong_comes_in_the_place_of_a_piece(
    start: Start, name: str, outcome: Outcome
) -> None:
    """The pieces before it were given; the wait for one is as long as for an answer."""
    pieces = start(name, seconds=1).stream(Message({}))
    assert next(pieces).fields["number"] == 0
    with pytest.raises(ChildLost) as caught:
        next(pieces)
    assert caught.value.outcome is outcome


def test_a_file_is_handed_to_the_child(start: Start, tmp_path: Path) -> None:
    """By its number, and no other is."""
    (tmp_path / "file").write_bytes(b"what stands in it")
    with (tmp_path / "file").open("rb") as file:
        child = start("read_file")
        child._files = (file.fileno(),)
        (piece,) = child.stream(Message({"file": file.fileno()}))
        assert piece.body == b"what stands in it"
        with pytest.raises(ChildLost):
            list(start("read_file").stream(Message({"file": file.fileno()})))
