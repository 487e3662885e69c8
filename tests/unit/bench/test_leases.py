"""Leases: what the simulation of many nodes may and may not say."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.bench.leases import Cluster, simulate
from countenance.errors import UsageError

FAILING = Cluster(20, hours_to_failure=50, repair_seconds=600, start_seconds=60, lease_seconds=300)


@given(st.integers(1, 500), st.integers(1, 40), st.floats(0.1, 100))
def test_nodes_that_never_fail_share_the_work_alike(
    pieces: int, nodes: int, seconds: float
) -> None:
    """They end when the one with most pieces does: the fewest that somebody must have."""
    done = simulate(pieces, piece_seconds=seconds, cluster=Cluster(nodes), seed=1)
    assert done.seconds == pytest.approx(math.ceil(pieces / nodes) * seconds)
    assert (done.failures, done.lost) == (0, 0)


@given(
    st.integers(1, 3000),
    st.builds(
        Cluster,
        st.integers(1, 30),
        hours_to_failure=st.floats(2, 1000),
        repair_seconds=st.floats(0, 3600),
        start_seconds=st.floats(0, 100),
        lease_seconds=st.floats(0, 1000),
        straggling=st.floats(0, 1),
        slow=st.floats(0.1, 1),
    ),
    st.integers(0, 5),
)
def test_no_work_is_done_in_less_than_it_takes(pieces: int, cluster: Cluster, seed: int) -> None:
    """Whatever fails, it is no faster than all nodes at full speed, and each failure loses one."""
    done = simulate(pieces, piece_seconds=20, cluster=cluster, seed=seed)
    assert done.seconds >= cluster.start_seconds + pieces * 20 / cluster.nodes - 1e-6
    assert done.lost <= done.failures
    assert 0 <= done.tail_seconds <= done.seconds


def test_the_same_seed_gives_the_same_days() -> None:
    """And another seed other failures."""
    first, second, other = (
        simulate(20_000, piece_seconds=60, cluster=FAILING, seed=seed) for seed in (3, 3, 4)
    )
    assert first == second
    assert first != other


def test_failures_cost_what_they_must() -> None:
    """The nodes are away for as long as repairs, starts and work done twice take."""
    done = simulate(20_000, piece_seconds=60, cluster=FAILING, seed=3)
    ideal = 20_000 * 60 / 20 + FAILING.start_seconds
    lost = done.failures * (FAILING.repair_seconds + FAILING.start_seconds) + done.lost * 30
    assert done.failures > 0
    assert done.seconds == pytest.approx(ideal + lost / 20, abs=2 * 60 + FAILING.lease_seconds)


def test_a_straggler_holds_the_end_up() -> None:
    """One node of ten at a tenth of the speed: nearly nine tenths remain, and a wait for it."""
    slow = simulate(10_000, piece_seconds=10, cluster=Cluster(10, straggling=0.1, slow=0.1), seed=0)
    speed = 9 + 0.1
    assert 10_000 * 10 / speed <= slow.seconds <= 10_000 * 10 / speed + 100
    assert slow.tail_seconds > 0


def test_the_runs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting pieces in runs gives the days that counting each by itself gives, to a piece."""
    coarse = simulate(30_000, piece_seconds=60, cluster=FAILING, seed=3)
    monkeypatch.setattr("countenance.bench.leases._RUNS_A_NODE", 10**9)
    fine = simulate(30_000, piece_seconds=60, cluster=FAILING, seed=3)
    assert coarse.seconds == pytest.approx(fine.seconds, abs=120)


def test_what_never_ends_is_refused() -> None:
    """Nodes that always fail before a piece is done."""
    hopeless = replace(FAILING, nodes=1, hours_to_failure=0.001)
    with pytest.raises(UsageError, match="too often"):
        simulate(1, piece_seconds=36_000, cluster=hopeless, seed=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nodes": 0},
        {"hours_to_failure": 0},
        {"repair_seconds": -1},
        {"lease_seconds": math.inf},
        {"straggling": 1.5},
        {"slow": 0},
    ],
)
def test_a_cluster_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    """Each number by itself."""
    with pytest.raises(UsageError, match="cluster"):
        replace(FAILING, **wrong)  # type: ignore[arg-type]


def test_no_work_is_no_simulation() -> None:
    """There must be a piece, and it must take time."""
    for pieces, seconds in ((0, 1.0), (1, 0.0), (1, math.nan)):
        with pytest.raises(UsageError, match="piece"):
            simulate(pieces, piece_seconds=seconds, cluster=FAILING, seed=1)
