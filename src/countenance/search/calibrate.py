"""
Calibration of a library by itself: how often its bands were right, by what people decided.

The pack's rates come from a benchmark; whether a library's own faces are like it, only its own
decisions can tell. They are counted here, and nothing else: no name, no picture, no distance. A
group so small that its counts would speak of single people is not told apart.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from countenance.catalog import decided as decisions
from countenance.catalog import people
from countenance.catalog.decided import Decided
from countenance.catalog.sightings import SightingState
from countenance.catalog.stores import Stores
from countenance.core.ids import FaceId
from countenance.core.rates import Rate
from countenance.gallery.bands import FALSE_HITS, Band, promised
from countenance.people.gate import admitted
from countenance.people.purpose import RECOGNISING

FEWEST_TOLD = 5
"""People in a group of people that is told apart: fewer, and its counts would be somebody's."""

FEWEST_FALSE = 3
"""Rejected faces from which a promise is called broken: one or two may be a slip of the hand."""

HEIGHTS = ((0, 80), (80, 160), (160, None))
"""Of faces, in pixels: from, and up to but not including."""


class Kept(StrEnum):
    """
    Whether a band keeps its promise, by its interval: `YES` if even the worst is within it, `NO` if
    even the best is not, by `FEWEST_FALSE` faces at least, and else `OPEN`.
    """

    YES = "yes"
    NO = "no"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class BandRates:
    """
    One band. Of what was decided in it, so much was `confirmed`; `undecided` nobody judged.

    `promise` is for how many of the strangers' faces this band or a better one may name somebody,
    at most; `false` for how many one was rejected. `worst` takes all that is undecided for false.
    """

    band: Band
    confirmed: Rate
    undecided: int
    promise: float
    false: Rate
    worst: Rate

    @property
    def kept(self) -> Kept:
        if self.worst.interval[1] <= self.promise:
            return Kept.YES
        best = Rate(self.false.count, self.worst.of)
        broken = best.count >= FEWEST_FALSE and best.interval[0] > self.promise
        return Kept.NO if broken else Kept.OPEN


@dataclass(frozen=True, slots=True)
class GroupRate:
    """Of what was decided in a band, within the group `group` of the division `by`: `confirmed`."""

    by: str
    group: str
    band: Band
    confirmed: Rate


@dataclass(frozen=True, slots=True)
class OwnRates:
    """
    What a library's own decisions say.

    `faces` were compared; `strangers` of them are nobody's, by all that is known. `by_hand` are
    confirmed without the model having seen them, `named` those that it had.
    """

    faces: int
    strangers: int
    named: int
    by_hand: int
    bands: tuple[BandRates, ...]
    groups: tuple[GroupRate, ...]


def calibrate(*, stores: Stores, lowest: float, false_hits: float = FALSE_HITS) -> OwnRates:
    """
    Count what was decided of faces at least `lowest` pixels high, beside what is promised where
    `false_hits` in 1,000 searches are allowed. Nothing is changed.

    Those who withdrew are not in it, nor is what no grant covers now.
    """
    with stores.database.read() as tx:
        at = stores.now(tx)
        agreed = admitted(people.consents(tx, purposes=RECOGNISING), purposes=RECOGNISING, at=at)
        rows = decisions.decided(tx, agreed.keys(), at=at, lowest=lowest)
        compared = decisions.count_compared(tx, at=at, lowest=lowest)
    return own_rates(rows, faces=compared, false_hits=false_hits)


def own_rates(rows: Sequence[Decided], *, faces: int, false_hits: float = FALSE_HITS) -> OwnRates:
    """The rates of `rows`, each a pair of a face and a person, where `faces` were compared."""
    held = {one.face for one in rows if one.state is not SightingState.REJECTED}
    strangers = max(0, faces - len(held))
    confirmed = [one for one in rows if one.state is SightingState.CONFIRMED]
    return OwnRates(
        faces,
        strangers,
        named=sum(one.band is not None for one in confirmed),
        by_hand=sum(one.band is None for one in confirmed),
        bands=tuple(_bands(rows, held, strangers, promised(false_hits))),
        groups=tuple(_groups(rows)),
    )


# --------------------------------------------------------------------------------------------------


def _bands(
    rows: Sequence[Decided], held: set[FaceId], strangers: int, promise: Mapping[Band, float]
) -> Iterator[BandRates]:
    for count, band in enumerate(Band, 1):
        among = frozenset(list(Band)[:count])
        better = [one for one in rows if one.band in among]
        # A face that is somebody else's is no stranger's, whoever it was taken for before.
        false = {one.face for one in better if one.state is SightingState.REJECTED} - held
        undecided = {one.face for one in better if one.state is SightingState.CANDIDATE}
        of_all = max(strangers, len(false))
        own = [one for one in rows if one.band is band]
        yield BandRates(
            band,
            _confirmed(own),
            sum(one.state is SightingState.CANDIDATE for one in own),
            promise[band],
            Rate(len(false), of_all),
            Rate(len(false) + len(undecided), of_all + len(undecided)),
        )


def _groups(rows: Sequence[Decided]) -> Iterator[GroupRate]:
    seen = [one for one in rows if one.band and one.state is not SightingState.CANDIDATE]
    for by, group_of in _DIVISIONS.items():
        groups: dict[str, list[Decided]] = {}
        for one in seen:
            groups.setdefault(group_of(one), []).append(one)
        for group in sorted(groups, key=lambda name: (len(name), name)):
            own = groups[group]
            if by in _OF_PEOPLE and len({one.person for one in own}) < FEWEST_TOLD:
                continue
            for band in Band:
                in_band = [one for one in own if one.band is band]
                if in_band:
                    yield GroupRate(by, group, band, _confirmed(in_band))


def _confirmed(rows: Sequence[Decided]) -> Rate:
    said = [one for one in rows if one.state is not SightingState.CANDIDATE]
    return Rate(sum(one.state is SightingState.CONFIRMED for one in said), len(said))


def _height(one: Decided) -> str:
    low, high = next((low, high) for low, high in HEIGHTS if high is None or one.height < high)
    return f"{low} px and more" if high is None else f"{low} to {high} px"


def _reference(one: Decided) -> str:
    return "weak" if one.weak else "good"


def _age(one: Decided) -> str:
    return one.age.value


_DIVISIONS: dict[str, Callable[[Decided], str]] = {
    "face height": _height,
    "reference": _reference,
    "stated age": _age,
}
_OF_PEOPLE = frozenset({"reference", "stated age"})
