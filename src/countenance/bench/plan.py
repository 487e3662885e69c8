"""
A plan on paper: how many machines, days and how much money so many photos and people take.

Each line of it is a quantity, the formula it comes from with its numbers, and its value, so that
whoever doubts it can reckon it again. The unit costs are measured (`bench.units`); the days come
out of a simulation of nodes that fail and nodes that are slow (`bench.leases`), not out of a
division. Prices are whoever asks' own.

Templates of people who did not enrol are never stored. So photos cost what it takes to look at
them, and the gallery is those who enrolled, however many faces the photos show.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median

from countenance.bench.leases import Cluster, Simulated, simulate
from countenance.bench.units import DIMENSIONS, FACES_A_PHOTO, Unit, Units
from countenance.core.canonical import Json
from countenance.errors import UsageError
from countenance.extract.recognise import expected_here
from countenance.gallery.bands import Band, limits
from countenance.gallery.gallery import EXACT_UP_TO
from countenance.vision.pack import load_pack

_DAY = 86_400  # seconds
_MONTH_DAYS = 30
_TRIES = 12  # of more nodes, until the simulation ends in time
_NODES_AT_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is to be planned.

    `faces` are those a photo shows in the mean, and `consenting` the share of them, in [0, 1], that
    is of people enrolled. `compared` are the people a face is compared with, 0 being everybody.
    A node has `cores`, and `memory` GB. `days` are wanted. `node_price` is an hour of a node's,
    `store_price` a month of a TB's. What is stored is stored `replication` times. Sizes of a photo
    and of its preview are in bytes. `lease` photos are taken at a time.

    Of `cluster` all but the nodes and the seconds of a start is used. The simulation is made `runs`
    times.

    Raises `UsageError` if a number is out of its range.
    """

    photos: int
    people: int
    pack: str
    cluster: Cluster
    faces: float = 3.0
    consenting: float = 0.05
    compared: int = 0
    days: float = 30.0
    cores: int = 16
    memory: float = 64.0
    node_price: float = 0.8
    store_price: float = 20.0
    replication: int = 2
    photo_bytes: int = 3_100_000
    preview_bytes: int = 400_000
    lease: int = 256
    runs: int = 5
    seed: int = 1

    def __post_init__(self) -> None:
        if min(self.photos, self.cores, self.replication, self.lease, self.runs) < 1:
            raise UsageError("plan: photos, cores, replication, lease and runs must be 1 or more")
        if not 0 <= self.compared <= self.people:
            raise UsageError("plan: a face is compared with nobody who is not enrolled")
        amounts = (self.faces, self.node_price, self.store_price)
        if not all(0 <= one < math.inf for one in amounts) or not 0 <= self.consenting <= 1:
            raise UsageError("plan: faces and prices must be 0 or more, and consenting a share")
        if not all(0 < one < math.inf for one in (self.days, self.memory)):
            raise UsageError("plan: days and memory must be above 0")
        if min(self.photo_bytes, self.preview_bytes) < 0:
            raise UsageError("plan: sizes must be 0 or more")


@dataclass(frozen=True, slots=True)
class Line:
    """`name` = `formula`, in numbers, = `value` of `unit`. `by` are the unit costs in it."""

    name: str
    formula: str
    value: float
    unit: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The plan: its `lines` in the order in which they follow from one another.

    `days` is from least to most of the simulations, the median in the middle; `run` is the one of
    the median. `notes` are sentences of what it means and does not.
    """

    asked: Asked
    units: Units
    lines: tuple[Line, ...]
    nodes: int
    days: tuple[float, float, float]
    run: Simulated
    memory: float
    money: float
    money_a_month: float
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """The plan for a program; times in the units that the names say."""
        return {
            "asked": {**asdict(self.asked), "cluster": _finite(asdict(self.asked.cluster))},
            "nodes": self.nodes,
            "days": dict(zip(("least", "median", "most"), self.days, strict=True)),
            "failures": self.run.failures,
            "pieces_lost": self.run.lost,
            "tail_seconds": self.run.tail_seconds,
            "memory_gb_a_node": self.memory,
            "money": self.money,
            "money_a_month": self.money_a_month,
            "lines": [asdict(line) for line in self.lines],
            "units": [asdict(unit) for unit in self.units],
            "notes": list(self.notes),
        }

    def as_text(self) -> Iterator[str]:
        """The answer first, then the arithmetic, then where the unit costs come from."""
        asked, (least, middle, most) = self.asked, self.days
        yield f"{asked.photos:,} photos, {asked.people:,} people enrolled, pack {asked.pack}"
        yield f"  nodes    {self.nodes:,} of {asked.cores} cores and {asked.memory:g} GB"
        yield f"  days     {middle:.2f} ({least:.2f} to {most:.2f} in {asked.runs} simulations)"
        yield f"  memory   {self.memory:.1f} GB a node"
        yield f"  money    {self.money:,.0f} for the run, {self.money_a_month:,.0f} a month after"
        used = {name for line in self.lines for name in line.by}
        shown = [unit for unit in self.units if unit.name in used]
        numbers = {unit.name: number for number, unit in enumerate(shown, start=1)}
        yield "Arithmetic"
        for line in self.lines:
            refers = "".join(f" [{numbers[name]}]" for name in line.by)
            yield f"  {line.name} = {line.formula} = {_written(line.value)} {line.unit}{refers}"
        yield "Unit costs"
        for unit in shown:
            yield f"  [{numbers[unit.name]}] {unit.name}: {unit.value:.4g} {unit.unit}"
            yield f"      {unit.command} ({unit.where})"
        yield "Notes"
        yield from (f"  {note}" for note in self.notes)


def make_plan(asked: Asked, units: Units) -> Plan:
    """
    Reckon, then simulate with ever more nodes until the days wanted are kept.

    Raises `UsageError` if the gallery does not fit into a node's memory, or if no number of nodes
    keeps the days.
    """
    sheet = _Sheet()
    cost = _cost_of_a_photo(sheet, asked, units)
    memory, workers = _memory(sheet, asked, units)
    rate = _rate(sheet, asked, units, cost, workers)
    start = _start(sheet, asked, units)
    cluster = replace(asked.cluster, start_seconds=start)
    by_division = sheet.add(
        "nodes, if none failed or was slow",
        f"ceil({_n(asked.photos)} / ({_n(rate)} * {_DAY} * {_n(asked.days)}))",
        math.ceil(asked.photos / (rate * _DAY * asked.days)),
        "nodes",
    )
    nodes, runs = _enough(asked, rate, replace(cluster, nodes=int(by_division)))
    days = _days(runs)
    money = _money(sheet, asked, nodes, days[1])
    monthly = _stored(sheet, asked, units)
    _load_of_others(sheet, asked, nodes, rate)
    run = sorted(runs, key=lambda one: one.seconds)[len(runs) // 2]
    notes = tuple(_notes(asked, run, nodes, rate))
    return Plan(asked, units, tuple(sheet.lines), nodes, days, run, memory, money, monthly, notes)


# --------------------------------------------------------------------------------------------------


class _Sheet:
    """Lines as they are reckoned."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(self, name: str, formula: str, value: float, unit: str, *by: Unit) -> float:
        self.lines.append(Line(name, formula, value, unit, tuple(one.name for one in by)))
        return value


def _cost_of_a_photo(sheet: _Sheet, asked: Asked, units: Units) -> float:
    whole = (units.read, units.decode, units.detect, units.words, units.preview, units.store)
    looked = sheet.add(
        "looking at a photo",
        " + ".join(_n(one.value) for one in whole),
        sum(one.value for one in whole),
        "CPU s",
        *whole,
    )
    embedded = sheet.add(
        "embedding its faces",
        f"{_n(asked.faces)} * {_n(units.embed.value)}",
        asked.faces * units.embed.value,
        "CPU s",
        units.embed,
    )
    among = _among(asked)
    each = units.by_codes if among > EXACT_UP_TO else units.by_product
    compared = sheet.add(
        "comparing them with the gallery",
        f"{_n(asked.faces)} * {_n(among)} * {_n(each.value)} / 1e9",
        asked.faces * among * each.value / 1e9,
        "CPU s",
        each,
    )
    return sheet.add(
        "a photo",
        f"{_n(looked)} + {_n(embedded)} + {_n(compared)}",
        looked + embedded + compared,
        "CPU s",
    )


def _memory(sheet: _Sheet, asked: Asked, units: Units) -> tuple[float, int]:
    code = DIMENSIONS // 4 if asked.people > EXACT_UP_TO else 0
    gallery = sheet.add(
        "the gallery in memory",
        f"{_n(asked.people)} * ({DIMENSIONS} * 4 + {code} + {_n(units.person_objects.value)})"
        " / 1e9",
        asked.people * (DIMENSIONS * 4 + code + units.person_objects.value) / 1e9,
        "GB",
        units.person_objects,
    )
    first, more = units.first_worker.value / 1000, units.next_worker.value / 1000
    room = asked.memory - gallery - first
    if room < 0:
        raise UsageError(
            f"plan: {asked.people:,} people and a worker take {gallery + first:.1f} GB of memory, "
            f"and a node has {asked.memory:g}",
            hint="take nodes with more memory",
        )
    workers = sheet.add(
        "workers on a node",
        f"min({asked.cores}, 1 + floor(({_n(asked.memory)} - {_n(gallery)} - {_n(first)})"
        f" / {_n(more)}))",
        min(asked.cores, 1 + math.floor(room / more)),
        "workers",
        units.first_worker,
        units.next_worker,
    )
    memory = sheet.add(
        "memory of a node",
        f"{_n(gallery)} + {_n(first)} + ({_n(workers)} - 1) * {_n(more)}",
        gallery + first + (workers - 1) * more,
        "GB",
    )
    return memory, int(workers)


def _rate(sheet: _Sheet, asked: Asked, units: Units, cost: float, workers: int) -> float:
    sheet.add(
        "processor time of all photos",
        f"{_n(asked.photos)} * {_n(cost)} / {_DAY}",
        asked.photos * cost / _DAY,
        "CPU days",
    )
    worth = 1.0
    if workers > 1:
        worth = sheet.add(
            "what a worker is worth beside others",
            f"min(1, {_n(units.two_workers.value)} / 2)",
            min(1, units.two_workers.value / 2),
            "of one alone",
            units.two_workers,
        )
    return sheet.add(
        "a node",
        f"{workers} * {_n(worth)} / {_n(cost)}",
        workers * worth / cost,
        "photos a second",
    )


def _start(sheet: _Sheet, asked: Asked, units: Units) -> float:
    coded = units.code.value if asked.people > EXACT_UP_TO else 0.0
    by = (units.load, units.code) if coded else (units.load,)
    return sheet.add(
        "a start: the gallery is opened",
        f"{_n(asked.people)} * ({_n(units.load.value)} + {_n(coded)}) / 1e6",
        asked.people * (units.load.value + coded) / 1e6,
        "s",
        *by,
    )


def _enough(asked: Asked, rate: float, cluster: Cluster) -> tuple[int, list[Simulated]]:
    """As many nodes as keep the days, by the median of the simulations; the fewest tried."""
    pieces, seconds = math.ceil(asked.photos / asked.lease), asked.lease / rate
    soonest = cluster.start_seconds + seconds
    if soonest > asked.days * _DAY or cluster.nodes > _NODES_AT_MOST:
        raise UsageError(
            f"plan: {asked.days:g} days are not kept: a node's first {asked.lease} photos take "
            f"{soonest:.0f} s with its start, and {cluster.nodes:,} nodes would be needed",
            hint=f"allow more days; more than {_NODES_AT_MOST:,} nodes are not planned",
        )
    for _ in range(_TRIES):
        runs = [
            simulate(pieces, piece_seconds=seconds, cluster=cluster, seed=asked.seed + number)
            for number in range(asked.runs)
        ]
        over = median(run.seconds for run in runs) / (asked.days * _DAY)
        if over <= 1:
            return cluster.nodes, runs
        if cluster.nodes >= min(pieces, _NODES_AT_MOST):
            break
        more = max(cluster.nodes + 1, math.ceil(cluster.nodes * over))
        cluster = replace(cluster, nodes=min(more, pieces, _NODES_AT_MOST))
    raise UsageError(
        f"plan: {asked.days:g} days are not kept by {cluster.nodes:,} nodes",
        hint="allow more days, take smaller leases, or nodes that fail less",
    )


def _days(runs: Sequence[Simulated]) -> tuple[float, float, float]:
    days = sorted(run.seconds / _DAY for run in runs)
    return days[0], median(days), days[-1]


def _money(sheet: _Sheet, asked: Asked, nodes: int, days: float) -> float:
    sheet.add("days, simulated", _n(days), days, "days")
    return sheet.add(
        "money for the run",
        f"{nodes} * {_n(days)} * 24 * {_n(asked.node_price)}",
        nodes * days * 24 * asked.node_price,
        "of the price's money",
    )


def _stored(sheet: _Sheet, asked: Asked, units: Units) -> float:
    rows = sheet.add(
        "catalog, of photos",
        f"{_n(asked.photos)} * {_n(units.photo_row.value)} * max(1, {_n(asked.faces)}"
        f" / {FACES_A_PHOTO}) / 1e12",
        asked.photos * units.photo_row.value * max(1, asked.faces / FACES_A_PHOTO) / 1e12,
        "TB",
        units.photo_row,
    )
    people = sheet.add(
        "catalog and keys, of people",
        f"{_n(asked.people)} * {_n(units.person_rows.value)} / 1e12",
        asked.people * units.person_rows.value / 1e12,
        "TB",
        units.person_rows,
    )
    previews = sheet.add(
        "previews",
        f"{_n(asked.photos)} * {_n(asked.preview_bytes)} / 1e12",
        asked.photos * asked.preview_bytes / 1e12,
        "TB",
    )
    stored = sheet.add(
        "stored, with copies",
        f"({_n(rows)} + {_n(people)} + {_n(previews)}) * {asked.replication}",
        (rows + people + previews) * asked.replication,
        "TB",
    )
    return sheet.add(
        "money a month after, for what is stored and a node for each copy that answers",
        f"{_n(stored)} * {_n(asked.store_price)} + {asked.replication} * {_n(asked.node_price)}"
        f" * 24 * {_MONTH_DAYS}",
        stored * asked.store_price + asked.replication * asked.node_price * 24 * _MONTH_DAYS,
        "of the price's money",
    )


def _load_of_others(sheet: _Sheet, asked: Asked, nodes: int, rate: float) -> None:
    together = sheet.add(
        "what the catalog has to take", f"{nodes} * {_n(rate)}", nodes * rate, "photos a second"
    )
    sheet.add(
        "what the sources have to give",
        f"{_n(together)} * {_n(asked.photo_bytes)} * 8 / 1e9",
        together * asked.photo_bytes * 8 / 1e9,
        "Gbit/s",
    )
    sheet.add(
        "sightings stored, at most",
        f"{_n(asked.photos)} * {_n(asked.faces)} * {_n(asked.consenting)}",
        asked.photos * asked.faces * asked.consenting,
        "sightings",
    )


def _notes(asked: Asked, run: Simulated, nodes: int, rate: float) -> Iterator[str]:
    ideal = asked.photos / (nodes * rate) / _DAY
    yield (
        f"{run.failures:,} failures of nodes and {run.lost:,} leases lost in the median simulation;"
        f" {ideal:.2f} days by division alone, and the first node had nothing to do for the last "
        f"{run.tail_seconds / 60:.0f} minutes."
    )
    yield _bands(asked)
    yield (
        "Not measured: more than two workers on a machine, more than one machine, a catalog that "
        "takes so many photos a second, and other processors than these."
    )


def _bands(asked: Asked) -> str:
    among = _among(asked)
    pack = load_pack(asked.pack)
    if not pack.measured:
        return f"The pack {pack.id} names nobody: its false-match rates were never measured."
    reached = limits(expected_here(pack), size=among)
    words = [band for band in Band if getattr(reached, band.value) > -math.inf]
    if words:
        return f"Among {among:,} people a face can be given the bands: {', '.join(words)}."
    return (
        f"Among {among:,} people the pack {asked.pack} reaches no band, and names nobody: its "
        "rates were not measured so low. Compare each face with fewer people (--compared), or take "
        "a stronger pack."
    )


def _among(asked: Asked) -> int:
    return asked.compared or asked.people


def _finite(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: one if math.isfinite(one) else None for name, one in numbers.items()}


def _n(number: float) -> str:
    """A number in a formula, to eight digits: whoever reckons again comes to the same value."""
    return f"{number:,}" if isinstance(number, int) else f"{number:.8g}"


def _written(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"  # noqa: PLR2004
