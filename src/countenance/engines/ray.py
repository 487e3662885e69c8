"""
A cluster of machines: Daft on Ray, from the extra `cluster`.

It spreads rows of numbers over workers, in batches, and nothing else: whoever gives them out knows
what they mean, and what came of them reaches it by another way (`engines.hub`). So nothing lies in
Ray's store that it could write to disk, and a row that comes twice, or never, is no harm.

Both live in a process of their own, which can be ended at any moment, also in the middle of a query
that waits for a machine that is gone. It ends with this one, however this one ends, and takes
everything with it that it started here.

Both packages tell their makers of each start, unless they are told not to before they are imported.
`QUIET` tells them, in that process and in whatever it starts. Whoever starts a cluster themselves
has to tell its machines: `docs/scale.md` says how.
"""

import importlib.util
import os
import pickle
import re
import secrets
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from io import FileIO
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from countenance.core.canonical import Json
from countenance.engines.frames import receive_frame, send_frame
from countenance.errors import Unavailable, UsageError
from countenance.settings import environment_with

if TYPE_CHECKING:
    from types import ModuleType

INSTALL = "pip install 'countenance[cluster]'"

QUIET: Mapping[str, str] = {
    # Daft asks any one of these three, at its import and at each query.
    "DAFT_ANALYTICS_ENABLED": "0",
    "DO_NOT_TRACK": "true",
    "SCARF_NO_ANALYTICS": "true",
    "DAFT_PROGRESS_BAR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_DASHBOARD": "1",
    # Under `uv run` Ray would pack the working folder, and have each worker install it.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
"""What the environment has to say for both to be silent, before either is imported."""

# Not by `-m`: Ray gives its workers the folder of the script, and this module has Ray's own name.
_BOOT = "from countenance.engines.ray import main; main()"

_STORE_BYTES = 80_000_000  # the least that Ray takes: there are only numbers in it
_MAX_BODY_BYTES = 64 * 1024**2
_ENDS_WITHIN = 12.0  # seconds; then it is killed


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Batched(Protocol):
    """A stage for batches: its constructor loads, and its call gives one number for each row."""

    def __call__(self, rows: Sequence[int], /) -> Sequence[int]: ...


class RayCluster:
    """
    The cluster at `address`, its head's host and port; of the empty string one on this machine.

    Nothing is started or reached before it is needed. One of this machine has `workers` workers,
    and ends with the context, as does all that runs for this one on another. A cluster elsewhere
    has a worker for each processor, and `workers` at most.
    """

    def __init__(self, address: str = "", *, workers: int | None = None) -> None:
        self._address = address
        self._workers = workers
        self._process: subprocess.Popen[bytes] | None = None
        self._host = ""
        self._starting = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def require(self) -> None:
        """Raises `Unavailable` if the extra is not installed, `UsageError` for an odd address."""
        if "://" in self._address:
            raise UsageError(
                f"{self._address}: the address of a cluster is that of its head, as 10.0.0.5:6379",
                hint="run this on a machine of the cluster",
            )
        if not all(importlib.util.find_spec(name) for name in ("daft", "ray")):
            raise Unavailable("Daft and Ray, which spread work, are not installed", hint=INSTALL)

    @property
    def host(self) -> str:
        """
        The address of this machine by which workers reach it.

        Raises `Unavailable` if there is no such cluster, and none can be started.
        """
        self._started()
        return self._host

    def scatter(self, make: Callable[[], Batched], rows: Sequence[int], *, batch: int) -> None:
        """
        Call stages with `rows`, `batch` at a time: each worker makes one, and keeps it.

        Some rows may be given out twice, if a machine is lost. Raises `Unavailable` if the query
        fails, or is ended by `close`: some may not have been given out then. `make` must be
        picklable, and importable on every machine.
        """
        process = self._started()
        fields: dict[str, Json] = {"batch": batch, "workers": self._workers}
        # Rows in the body: there may be more than a head takes.
        body = pickle.dumps((make, list(rows)))
        said = _exchange(process, fields, body)
        if "failed" in said:
            raise Unavailable(f"the cluster: {said['failed']}")

    def close(self) -> None:
        """End it. May be called again, and while a query runs; it is started anew when needed."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101  it was asked for
        process.stdin.close()  # which it takes for the end
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # ----------------------------------------------------------------------------------------

    def _started(self) -> "subprocess.Popen[bytes]":
        with self._starting:
            if self._process is None or self._process.poll() is not None:
                self.require()
                self._process = self._start()
            return self._process

    def _start(self) -> "subprocess.Popen[bytes]":
        quiet = dict(QUIET)
        if not self._address:
            # Entered by a word only, which is made here and written nowhere.
            quiet |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        process = subprocess.Popen(  # noqa: S603  this very Python, and our own words
            [sys.executable, "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment_with(quiet),
            start_new_session=True,  # Ctrl-C is for this process, which ends that one
            bufsize=0,
        )
        said = _exchange(process, {"address": self._address, "workers": self._workers}, b"")
        if "failed" in said:
            process.wait()
            where = self._address or "this machine"
            raise Unavailable(f"no cluster at {where}: {said['failed']}")
        self._host = str(said["host"])
        return process


def main() -> None:
    """
    What the process of its own does: start or reach a cluster, then query by query.

    It reads frames from its standard input, and ends when that does.
    """
    requests, answers = FileIO(os.dup(0), "rb"), FileIO(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    folder = Path(tempfile.mkdtemp(prefix="countenance-"))
    asked: SimpleQueue[tuple[dict[str, Json], bytearray]] = SimpleQueue()

    def listen() -> None:
        try:
            while True:
                asked.put(receive_frame(requests, max_body_bytes=_MAX_BODY_BYTES))
        finally:
            _end_all(folder)

    Thread(target=listen, daemon=True).start()
    fields, _ = asked.get()
    try:
        host = _begin(str(fields["address"]), cast("int | None", fields["workers"]), folder)
    # Whatever Ray raises, of which there is no list.
    except Exception as exc:  # noqa: BLE001
        send_frame(answers, {"failed": _in_words(exc)}, b"")
        _end_all(folder)
    send_frame(answers, {"host": host}, b"")
    while True:
        fields, body = asked.get()
        try:
            make, rows = pickle.loads(body)  # noqa: S301  from the process that started this one
            _query(make, rows, cast("int", fields["batch"]), cast("int | None", fields["workers"]))
        except Exception as exc:  # noqa: BLE001
            send_frame(answers, {"failed": _in_words(exc)}, b"")
        else:
            send_frame(answers, {}, b"")


# --------------------------------------------------------------------------------------------------


def _exchange(
    process: "subprocess.Popen[bytes]", fields: Mapping[str, Json], body: bytes
) -> Mapping[str, Json]:
    assert process.stdin is not None  # noqa: S101  both were asked for
    assert process.stdout is not None  # noqa: S101
    try:
        send_frame(process.stdin, fields, body)
        return receive_frame(process.stdout, max_body_bytes=0)[0]
    except (OSError, EOFError, ValueError):
        return {"failed": "its process has ended"}


def _begin(address: str, workers: int | None, folder: Path) -> str:
    """Start or reach a cluster. Gives the address of this machine in it."""
    if not address:
        _stay_at_home(folder)
    import ray  # noqa: PLC0415  heavy, and of an extra

    said: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if address:
        # Its machines were started by others, who may have said nothing.
        ray.init(address, runtime_env={"env_vars": dict(QUIET)}, **said)
    else:
        ray.init(
            "local",
            num_cpus=workers,
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            _temp_dir=str(folder),
            **said,
        )
    import daft  # noqa: PLC0415

    daft.set_runner_ray(noop_if_initialized=True)
    # Ray has no types here, nor below.
    return str(ray.util.get_node_ip_address()) if address else "127.0.0.1"  # type: ignore[no-untyped-call]


def _stay_at_home(folder: Path) -> None:
    """
    Keep the head of a cluster from asking in which cloud it is, which it does to report it, and
    also where it is told to report nothing: it asks the file of whoever made the cluster first.
    """
    # Python's own packages may lie at home as well.
    os.environ["PYTHONUSERBASE"] = site.getuserbase()
    os.environ["HOME"] = str(folder)
    (folder / "ray_bootstrap_config.yaml").touch()


def _query(
    make: Callable[[], Batched], rows: Sequence[int], batch: int, workers: int | None
) -> None:
    import daft  # noqa: PLC0415
    import ray  # noqa: PLC0415

    there = max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]

    @daft.cls(max_concurrency=min(there, workers or there))
    class Staged:
        def __init__(self, make: Callable[[], Batched]) -> None:
            self._stage = make()

        @daft.method.batch(return_dtype=daft.DataType.int64())
        def run(self, rows: daft.Series) -> list[int]:
            return list(self._stage(rows.to_pylist()))

    # Without it all rows are one batch, which one worker gets.
    frame = daft.from_pydict({"row": list(rows)}).into_batches(batch)
    # Called with a column, it is a plan to be called with its rows.
    run = cast("Callable[[daft.Expression], daft.Expression]", Staged(make).run)
    for _ in frame.select(run(frame["row"])).iter_rows():
        pass


def _end_all(folder: Path) -> None:
    """End this process, in whatever it is, and all that it started. Never returns."""
    # Ray's own way waits for what is under way, and breaks in the middle of a query.
    ray: ModuleType | None = sys.modules.get("ray")
    if ray is not None:
        import psutil  # type: ignore[import-untyped]  # noqa: PLC0415  Ray brings it

        below = psutil.Process().children(recursive=True)
        for one in below:
            one.kill()
        psutil.wait_procs(below, timeout=_ENDS_WITHIN / 2)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _in_words(exc: BaseException) -> str:
    """The last line of what is often a trace through several machines: what was wrong at first."""
    lines = [line.strip() for line in _COLOURS.sub("", str(exc)).splitlines() if line.strip()]
    return lines[-1] if lines else type(exc).__name__
