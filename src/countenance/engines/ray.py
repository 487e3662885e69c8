"""
A cluster of machines: Daft on Ray, from the extra `cluster`.

It spreads rows of numbers over workers, in batches, and nothing else: whoever gives them out knows
what they mean, and what came of them reaches it by another way (`engines.hub`). So nothing lies in
Ray's store that it could write to disk, and a row that comes twice, or never, is no harm.

Both packages tell their makers of each start, unless they are told not to before they are imported.
`silence` does, here and for every process of a cluster that is started here.
"""

import importlib.util
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, cast

from countenance.errors import Unavailable, UsageError

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

_STORE_BYTES = 80_000_000  # the least that Ray takes: there are only numbers in it
_SOCKET_PATH = 107  # the longest path of a socket; Ray's are some 70 characters below its folder


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
        self._ray: ModuleType | None = None
        self._folder: Path | None = None

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
        """The address of this machine by which workers reach it."""
        started = self._started()
        if not self._address:
            return "127.0.0.1"
        return str(started.util.get_node_ip_address())

    @property
    def workers(self) -> int:
        """How many workers there may be now."""
        there = max(1, int(self._started().cluster_resources().get("CPU", 1)))
        return min(there, self._workers or there)

    def scatter(self, make: Callable[[], Batched], rows: Sequence[int], *, batch: int) -> None:
        """
        Call stages with `rows`, `batch` at a time: each worker makes one, and keeps it.

        Some rows may be given out twice, if a machine is lost. Raises `Unavailable` if the query
        fails: some may not have been given out then. `make` and what it holds must be picklable,
        and importable on every machine.
        """
        self._started()
        import daft  # noqa: PLC0415  heavy, and of an extra

        @daft.cls(max_concurrency=self.workers)
        class Staged:
            def __init__(self, make: Callable[[], Batched]) -> None:
                self._stage = make()

            @daft.method.batch(return_dtype=daft.DataType.int64())
            def run(self, rows: daft.Series) -> list[int]:
                return list(self._stage(rows.to_pylist()))

        # Without it all rows are one batch, which one worker gets.
        frame = daft.from_pydict({"row": list(rows)}).into_batches(batch)
        staged = Staged(make)
        try:
            # Called with a column, it is a plan to be called with its rows.
            called = cast("Callable[[daft.Expression], daft.Expression]", staged.run)
            for _ in frame.select(called(frame["row"])).iter_rows():
                pass
        # Whatever either of them raises, of which there is no list.
        except Exception as exc:
            raise Unavailable(f"the cluster: {_first_line(exc)}") from exc

    def close(self) -> None:
        """End it. May be called again; it is started anew when it is needed again."""
        started, self._ray = self._ray, None
        folder, self._folder = self._folder, None
        if started is not None:
            started.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    # ----------------------------------------------------------------------------------------

    def _started(self) -> "ModuleType":
        if self._ray is None:
            self.require()
            silence(own=not self._address)
            import ray  # noqa: PLC0415

            try:
                self._start(ray)
            except Exception as exc:
                self.close()
                where = self._address or "this machine"
                raise Unavailable(f"no cluster at {where}: {_first_line(exc)}") from exc
            self._ray = ray
            _use_ray()
        return self._ray

    def _start(self, ray: "ModuleType") -> None:
        said = {"log_to_driver": False, "configure_logging": False}
        if self._address:
            # Its machines were started by others, who may have said nothing.
            ray.init(self._address, runtime_env={"env_vars": dict(QUIET)}, **said)
            return
        self._folder = _short_folder()
        ray.init(
            "local",
            num_cpus=self._workers,
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            _temp_dir=str(self._folder),
            **said,
        )


def silence(*, own: bool) -> None:
    """
    See to it that neither Daft nor Ray tells anybody anything, from this process or a child of it.

    With `own` Ray is to be entered by a word only, which is made here and written nowhere.
    """
    for name, value in QUIET.items():
        os.environ[name] = value
    if own:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


# --------------------------------------------------------------------------------------------------


def _use_ray() -> None:
    import daft  # noqa: PLC0415

    runner: object = daft.set_runner_ray(noop_if_initialized=True)
    # The one of a cluster that has ended since: Daft starts another.
    if hasattr(runner, "flotilla_plan_runner"):
        runner.flotilla_plan_runner = None


def _short_folder() -> Path:
    """A folder for what Ray leaves, with a path that is short enough for its sockets."""
    made = Path(tempfile.mkdtemp(prefix="countenance-"))
    if len(str(made)) + 70 > _SOCKET_PATH:
        made.rmdir()
        made = Path(tempfile.mkdtemp(prefix="countenance-", dir="/tmp"))
    return made


def _first_line(exc: BaseException) -> str:
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return lines[0] if lines else type(exc).__name__
