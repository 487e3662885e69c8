"""
A program: an ingest on a cluster of two nodes on this machine, one of which is killed in between.

`python -m tests.fakes.two_nodes LIBRARY OUT [KILL_AFTER]`. It leads the run from the first node.
When `KILL_AFTER` photos are done, whatever runs on the second node is killed with SIGKILL; before
that both have looked at some. What became of it all is written to `OUT` as JSON.
"""

import json
import os
import signal
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import Any

from countenance.engines.ray import QUIET, RayCluster
from countenance.ingest.progress import Step
from countenance.library import Library
from countenance.library.photos import SpreadOver
from tests.fakes.spread import lookers, slow_extractor
from tests.fakes.watch import descendants, files_holding

A_LOOK = 0.15
_STORE_BYTES = 80_000_000


def main(root: Path, out: Path, kill_after: int) -> None:
    """Run it, and say what became of it."""
    os.environ.update(QUIET, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="a" * 64)
    from ray.cluster_utils import Cluster  # noqa: PLC0415  told to be silent before

    said: dict[str, object] = {"killed": 0, "held": []}
    diary = out.with_suffix(".diary")
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": _STORE_BYTES}
        node["include_dashboard"] = False
        cluster = Cluster(initialize_head=True, head_node_args={**node, "temp_dir": folder})
        second = cluster.add_node(**node)
        raylet = second.all_processes["raylet"][0].process.pid
        needles = [bytes.fromhex(one) for one in json.loads(os.environ.get("NEEDLES", "[]"))]

        def progress(step: Step) -> None:
            if kill_after and step.what == "photos" and step.done >= kill_after:
                victims = [*descendants(raylet), raylet]
                if not said["killed"]:
                    said["killed"] = len(lookers(diary) & set(victims))
                    for victim in victims:
                        os.kill(victim, signal.SIGKILL)
                    # Else it stays as a zombie, and its children with it.
                    second.all_processes["raylet"][0].process.wait()

        ended = threading.Event()
        held: set[str] = set()

        def look() -> None:
            while not ended.wait(0.5):
                held.update(files_holding(needles, Path(folder), os.getpid()))

        watch = threading.Thread(target=look)
        watch.start()
        with Library.open(root) as library, RayCluster(cluster.address) as engine:
            library.__dict__["_load_elsewhere"] = lambda: partial(
                slow_extractor, A_LOOK, diary, together=2
            )
            report = library.ingest(spread=SpreadOver(engine, batch=4), progress=progress)
            ended.set()
            watch.join()
            held.update(files_holding(needles, Path(folder), os.getpid()))
        said["held"] = sorted(held)
        said["report"] = report.counts
        cluster.shutdown()  # type: ignore[no-untyped-call]
    out.write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 0)
