"""The plan on paper: its arithmetic can be reckoned again, and says what it must."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.bench.leases import Cluster
from countenance.bench.plan import Asked, Plan, make_plan
from countenance.bench.units import known_units
from countenance.errors import UsageError

CLUSTER = Cluster(
    1,
    hours_to_failure=720,
    repair_seconds=900,
    lease_seconds=600,
    straggling=0.05,
    slow=0.5,
)
ARCHIVE = Asked(3_000_000_000, 10_000_000, "starter", CLUSTER)

asked = st.builds(
    Asked,
    st.integers(1, 10**9),
    st.integers(0, 10**6),
    st.sampled_from(["starter", "yunet-dlib"]),
    st.just(CLUSTER),
    faces=st.floats(0, 20),
    consenting=st.floats(0, 1),
    days=st.floats(1, 365),
    cores=st.integers(1, 64),
    memory=st.floats(4, 512),
    node_price=st.floats(0, 100),
    store_price=st.floats(0, 100),
    replication=st.integers(1, 4),
    preview_bytes=st.integers(0, 10**6),
    runs=st.just(1),
)


def _plan(what: Asked) -> Plan:
    return make_plan(what, known_units(what.pack))


def _line(plan: Plan, name: str) -> float:
    return next(line.value for line in plan.lines if line.name == name)


@given(asked)
def test_every_line_is_its_formula(what: Asked) -> None:
    """Whoever reckons a formula again, by its numbers alone, comes to the value beside it."""
    words = {"ceil": math.ceil, "floor": math.floor, "min": min, "max": max}
    for line in _plan(what).lines:
        formula = re.sub(r"(?<=\d),(?=\d{3}\b)", "", line.formula)
        again = eval(formula, words)  # noqa: S307  the plan's own arithmetic
        assert again == pytest.approx(line.value, rel=1e-5, abs=1e-9), line


@given(asked)
def test_the_days_wanted_are_kept(what: Asked) -> None:
    """By the simulation, and never with fewer nodes than the division asks for."""
    plan = _plan(what)
    assert plan.days[0] <= plan.days[1] <= what.days
    assert plan.nodes >= _line(plan, "nodes, if none failed or was slow")
    assert plan.memory <= what.memory
    busy = plan.nodes * plan.days[1] * _line(plan, "a node") * 86_400
    assert busy >= what.photos * 0.999


@given(asked)
def test_the_same_question_has_the_same_answer(what: Asked) -> None:
    """To the last digit; and its JSON can be written."""
    first, second = _plan(what), _plan(what)
    assert json.dumps(first.as_json()) == json.dumps(second.as_json())
    assert list(first.as_text()) == list(second.as_text())


def test_the_archive_of_three_billion() -> None:
    """What it comes to is what `docs/scale.md` says."""
    plan = _plan(ARCHIVE)
    assert plan.nodes == 32
    assert plan.days[1] == pytest.approx(29.6, abs=0.1)
    assert plan.run.failures > 0
    assert any("reaches no band" in note for note in plan.notes)


def test_the_manual_shows_this_arithmetic(repository: Path) -> None:
    """`docs/scale.md` has the whole plan of three billion photos, line for line."""
    text = (repository / "docs" / "scale.md").read_text(encoding="utf-8")
    assert "\n".join(_plan(ARCHIVE).as_text()) in text


def test_strangers_cost_no_place() -> None:
    """More faces cost time, and rows; the gallery is those who enrolled, however many there are."""
    few, many = _plan(replace(ARCHIVE, faces=1)), _plan(replace(ARCHIVE, faces=2))
    assert _line(few, "the gallery in memory") == _line(many, "the gallery in memory")
    assert _line(few, "a photo") < _line(many, "a photo")
    everybody = replace(ARCHIVE, consenting=1.0)
    assert _line(_plan(everybody), "a photo") == _line(_plan(ARCHIVE), "a photo")


def test_a_club_needs_one_machine() -> None:
    """20,000 photos, 200 people, two cores: one node, and every band can be given."""
    club = Asked(20_000, 200, "starter", CLUSTER, days=1, cores=2, memory=8)
    plan = _plan(club)
    assert plan.nodes == 1
    assert "sure, likely, unsure" in " ".join(plan.notes)


def test_comparing_with_fewer_costs_less() -> None:
    """Where a face is compared with a part of the people, that part counts, also for the bands."""
    part = replace(ARCHIVE, compared=10_000)
    plan = _plan(part)
    assert _line(plan, "a photo") < _line(_plan(ARCHIVE), "a photo")
    assert any("Among 10,000 people" in note for note in plan.notes)


def test_what_does_not_fit_is_refused() -> None:
    """A gallery beyond a node's memory; days that no number of nodes keeps; an unknown pack."""
    with pytest.raises(UsageError, match="GB of memory"):
        _plan(replace(ARCHIVE, memory=8))
    for days in (0.001, 0.1):
        with pytest.raises(UsageError, match="are not kept"):
            _plan(replace(ARCHIVE, days=days))
    hopeless = replace(CLUSTER, straggling=1.0, slow=0.1)
    with pytest.raises(UsageError, match="are not kept by"):
        _plan(Asked(2_000, 0, "starter", hopeless, cores=1, days=0.005, lease=256))
    with pytest.raises(UsageError, match="no costs are known"):
        known_units("another")


@pytest.mark.parametrize(
    "wrong",
    [
        {"photos": 0},
        {"people": -1},
        {"compared": 10_000_001},
        {"faces": -1},
        {"node_price": math.nan},
        {"consenting": 1.1},
        {"days": 0},
        {"memory": math.inf},
        {"preview_bytes": -1},
    ],
)
def test_a_question_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    """Each number by itself."""
    with pytest.raises(UsageError, match="plan"):
        replace(ARCHIVE, **wrong)  # type: ignore[arg-type]
