"""
A program: an ingest on a cluster of two nodes on this machine, one of which is killed in between.

`python -m tests.fakes.two_nodes LIBRARY OUT [KILL_AFTER]`. It leads the run from the first node.
When `KILL_AFTER` photos are done, whatever runs on the second node is killed with SIGKILL; before
that both have looked at some. What became of it all is written to `OUT` as JSON.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from countenance.engines.ray import QUIET, RayCluster
from countenance.ingest.progress import Step
from countenance.library import Library
from countenance.library.photos import SpreadOver
from tests.fakes.spread import lookers, slow_extractor
from tests.fakes.watch import descendants

A_LOOK = 0.15
_STORE_BYTES = 80_000_000


def main(root: Path, out: Path, kill_after: int) -> None:
    """Run it, and say what became of it."""
    os.environ.update(QUIET, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="a" * 64)
    said: dict[str, object] = {"killed": 0}
    diary = out.with_suffix(".diary")
    needles = [bytes.fromhex(one) for one in json.loads(os.environ.get("NEEDLES", "[]"))]
    with (
        tempfile.TemporaryDirectory(prefix="ray-") as folder,
        _two_nodes(folder) as (address, second),
    ):
        raylet = second.all_processes["raylet"][0].process

        def progress(step: Step) -> None:
            if not said["killed"] and step.what == "photos" and step.done >= kill_after > 0:
                victims = [*descendants(raylet.pid), raylet.pid]
                said["killed"] = len(lookers(diary) & set(victims))
                for victim in victims:
                    os.kill(victim, signal.SIGKILL)
                raylet.wait()  # else it stays as a zombie, and its children with it

        with (
            Library.open(root) as library,
            RayCluster(address) as engine,
            _watched(needles, Path(folder)) as held,
        ):
            library.__dict__["_load_elsewhere"] = lambda: partial(
                slow_extractor, A_LOOK, diary, together=2
            )
            report = library.ingest(spread=SpreadOver(engine, batch=4), progress=progress)
    said |= {"held": sorted(held), "report": report.counts}
    out.write_text(json.dumps(said), encoding="utf-8")


@contextmanager
def _two_nodes(folder: str) -> Iterator[tuple[str, Any]]:
    """A cluster with its files in `folder`: its address, and its second node."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415  it was told to be silent before

    node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": _STORE_BYTES}
    node["include_dashboard"] = False
    cluster = Cluster(initialize_head=True, head_node_args={**node, "temp_dir": folder})
    try:
        yield cluster.address, cluster.add_node(**node)
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


@contextmanager
def _watched(needles: Sequence[bytes], folder: Path) -> Iterator[set[str]]:
    """
    The files that hold one of `needles` at any moment until it ends; filled then.

    A process of its own looks: whoever searches memory in Python lets nobody else do anything.
    """
    held: set[str] = set()
    command = [sys.executable, "-m", "tests.fakes.watch", str(folder), str(os.getpid())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as looking:
        assert looking.stdin is not None
        looking.stdin.write(json.dumps([one.hex() for one in needles]) + "\n")
        looking.stdin.flush()
        try:
            yield held
        finally:
            said, _ = looking.communicate()
    held.update(json.loads(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 0)
