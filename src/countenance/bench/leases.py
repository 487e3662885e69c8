"""
Leases: how long many nodes take for work that they take piece by piece, when some of them fail.

A simulation by events, the same for the same seed. All pieces are alike. A node takes a lease on a
piece, renews it while it works, and hands in what it found; nothing else is shared. A node that
fails loses the piece it was at, which is free again when its lease has run out, and comes back
after a repair, when it loads the gallery anew. Some nodes are stragglers: slower, all the time.

Far from the end a node's pieces are counted in runs, for speed: that a node which fails loses one
piece of its run, and no more, is kept. Toward the end every piece is taken by itself, so that the
wait for the last one is what it would be.
"""

import heapq
import math
from collections import deque
from dataclasses import dataclass
from random import Random

from countenance.errors import UsageError

_RUNS_A_NODE = 40
"""A run is at most this part of what is left for a node: so the last ones are single pieces."""

_FAILURES_AT_MOST = 200_000
"""Nodes that fail so often that they finish next to nothing are not simulated to the end."""

_A_LEASE = -1
"""In the place of a node: the lease of a lost piece runs out."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """
    `nodes` nodes, of which the share `straggling`, in [0, 1], works at `slow` of the speed, in
    (0, 1].

    A node fails once in `hours_to_failure` hours in the mean, at any moment alike, whether it works
    or not; `math.inf` is never. It is back after `repair_seconds`. Each start takes
    `start_seconds`, in which nothing is done. A lease that is not renewed is free after
    `lease_seconds`.

    Raises `UsageError` if a number is out of its range.
    """

    nodes: int
    hours_to_failure: float = math.inf
    repair_seconds: float = 0.0
    start_seconds: float = 0.0
    lease_seconds: float = 0.0
    straggling: float = 0.0
    slow: float = 1.0

    def __post_init__(self) -> None:
        times = (self.repair_seconds, self.start_seconds, self.lease_seconds)
        if self.nodes < 1 or not self.hours_to_failure > 0:
            raise UsageError("cluster: nodes must be 1 or more, and hours to a failure above 0")
        if not all(0 <= time < math.inf for time in times):
            raise UsageError("cluster: times must be 0 or more")
        if not (0 <= self.straggling <= 1 and 0 < self.slow <= 1):
            raise UsageError("cluster: stragglers must be a share, and their speed too, above 0")


@dataclass(frozen=True, slots=True)
class Simulated:
    """
    What became of the work.

    `seconds` is until the last piece is done. `failures` are of nodes, before that; `lost` are
    pieces begun and not handed in, which were done again. `tail_seconds` is how long before the end
    a node first found nothing to take.
    """

    seconds: float
    failures: int
    lost: int
    tail_seconds: float


def simulate(pieces: int, *, piece_seconds: float, cluster: Cluster, seed: int) -> Simulated:
    """
    Let the nodes of `cluster` do `pieces`, each in `piece_seconds` of a node that is not slow.

    Raises `UsageError` if there is nothing to do, or if the nodes fail too often to end it.
    """
    if pieces < 1 or not 0 < piece_seconds < math.inf:
        raise UsageError("simulation: there must be a piece of work, and it must take time")
    return _Simulation(pieces, piece_seconds, cluster, Random(seed)).run()  # noqa: S311  no secret


# --------------------------------------------------------------------------------------------------


class _Simulation:
    """`events` are instants, in seconds, at which a node comes free, or a lease runs out."""

    def __init__(self, pieces: int, seconds: float, cluster: Cluster, random: Random) -> None:
        self._free = self._undone = pieces
        self._cluster = cluster
        self._random = random
        slow = round(cluster.straggling * cluster.nodes)
        self._seconds = [
            seconds / cluster.slow if node < slow else seconds for node in range(cluster.nodes)
        ]
        self._fails = [self._next_failure(0.0) for _ in self._seconds]
        self._events = [(cluster.start_seconds, node) for node in range(cluster.nodes)]
        self._waiting: deque[int] = deque()
        self._failures = self._lost = 0
        self._last, self._idle_at = 0.0, math.inf

    def run(self) -> Simulated:
        while self._undone:
            now, which = heapq.heappop(self._events)
            if which == _A_LEASE:
                self._run_out(now)
            elif not self._free:
                self._wait(now, which)
            elif self._is_there(now, which):
                self._work(now, which)
        idle_at = min((at for at, which in self._events if which != _A_LEASE), default=math.inf)
        tail = max(0.0, self._last - min(idle_at, self._idle_at))
        return Simulated(self._last, self._failures, self._lost, tail)

    def _work(self, now: float, node: int) -> None:
        """Take a run of pieces, as far as the node comes with it."""
        wanted = max(1, self._free // (_RUNS_A_NODE * self._cluster.nodes))
        each, fails = self._seconds[node], self._fails[node]
        done = min(wanted, int((fails - now) / each)) if fails < math.inf else wanted
        self._free -= done
        self._undone -= done
        ended = now + done * each
        if done:
            self._last = max(self._last, ended)
        if done == wanted:
            heapq.heappush(self._events, (ended, node))
            return
        self._free -= 1
        self._lost += 1
        heapq.heappush(self._events, (fails + self._cluster.lease_seconds, _A_LEASE))
        heapq.heappush(self._events, (self._back(node), node))

    def _is_there(self, now: float, node: int) -> bool:
        """Whether a node that is asked for has not failed meanwhile; else it comes when back."""
        while self._fails[node] <= now:
            back = self._back(node)
            if back > now:
                heapq.heappush(self._events, (back, node))
                return False
        return True

    def _back(self, node: int) -> float:
        """The node failed: when it is back, and its gallery loaded. It may fail while it loads."""
        self._failures += 1
        if self._failures > _FAILURES_AT_MOST:
            raise UsageError("simulation: the nodes fail too often for the work to end")
        repaired = self._fails[node] + self._cluster.repair_seconds
        self._fails[node] = self._next_failure(repaired)
        return repaired + self._cluster.start_seconds

    def _wait(self, now: float, node: int) -> None:
        self._idle_at = min(self._idle_at, now)
        self._waiting.append(node)

    def _run_out(self, now: float) -> None:
        self._free += 1
        if self._waiting:
            heapq.heappush(self._events, (now, self._waiting.popleft()))

    def _next_failure(self, since: float) -> float:
        if math.isinf(self._cluster.hours_to_failure):
            return math.inf
        return since + self._random.expovariate(1 / (self._cluster.hours_to_failure * 3600))
