"""What a library's own decisions say, on decisions that are made up."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from countenance.catalog.decided import Decided
from countenance.catalog.sightings import SightingState
from countenance.core.ids import FaceId, PersonId
from countenance.core.rates import Rate
from countenance.gallery.bands import FALSE_NAMES, Band
from countenance.people.guardians import AgeBand
from countenance.search.calibrate import FEWEST_TOLD, BandRates, Kept, own_rates

SURE, LIKELY, UNSURE = Band
CANDIDATE, CONFIRMED, REJECTED = SightingState


def said(  # noqa: PLR0913  a row, by its columns
    state: SightingState,
    band: Band | None,
    *,
    face: int,
    person: int = 0,
    height: float = 100,
    weak: bool = False,
    age: AgeBand = AgeBand.ADULT,
) -> Decided:
    return Decided(FaceId(f"f{face}"), PersonId(f"p{person}"), band, state, height, weak, age)


DECIDED = st.builds(
    said,
    st.sampled_from(SightingState),
    st.sampled_from([*Band, None]),
    face=st.integers(0, 30),
    person=st.integers(0, 8),
    height=st.floats(40, 300),
    weak=st.booleans(),
    age=st.sampled_from(AgeBand),
)


@given(st.lists(DECIDED, max_size=60), st.integers(0, 200))
def test_the_counts_are_what_counting_one_by_one_says(rows: list[Decided], faces: int) -> None:
    """In each band what was confirmed of what was decided; every sighting in one band and group."""
    found = own_rates(rows, faces=faces)
    for rates in found.bands:
        own = [one.state for one in rows if one.band is rates.band]
        yes, no = own.count(CONFIRMED), own.count(REJECTED)
        assert rates.confirmed == Rate(yes, yes + no)
        assert rates.undecided == own.count(CANDIDATE)
        assert rates.promise == FALSE_NAMES[rates.band]
    decided = sum(one.band is not None and one.state is not CANDIDATE for one in rows)
    assert sum(one.confirmed.of for one in found.groups if one.by == "face height") == decided


@given(st.lists(DECIDED, max_size=60), st.integers(0, 200))
def test_false_names_are_of_faces_that_are_nobodys(rows: list[Decided], faces: int) -> None:
    """A face is counted once, however many it was taken for; none that is somebody's by now."""
    found = own_rates(rows, faces=faces)
    counts = []
    for number, rates in enumerate(found.bands, 1):
        better = list(Band)[:number]
        wrong = {
            one.face
            for one in rows
            if one.band in better
            and one.state is REJECTED
            and not any(other.face == one.face and other.state is not REJECTED for other in rows)
        }
        assert rates.false.count == len(wrong)
        assert rates.false.count <= rates.worst.count <= rates.worst.of
        counts.append(rates.false.count)
    assert counts == sorted(counts), "a band holds the better ones too"


@pytest.mark.parametrize(
    ("false", "undecided", "strangers", "kept"),
    [
        (0, 0, 100_000, Kept.YES),
        (10, 0, 100_000, Kept.YES),
        (0, 0, 100, Kept.OPEN),  # none of a hundred says nothing of one in a thousand
        (90, 0, 100_000, Kept.OPEN),
        (500, 0, 100_000, Kept.NO),
        (0, 500, 100_000, Kept.OPEN),
        (500, 500, 100_000, Kept.NO),
        (2, 0, 7, Kept.OPEN),  # two may be a slip of the hand
        (3, 0, 7, Kept.NO),
    ],
)
def test_a_promise_is_kept_only_where_the_counts_can_say_so(
    false: int, undecided: int, strangers: int, kept: Kept
) -> None:
    """By the interval, with all that nobody judged taken for false; else it is open."""
    rates = BandRates(
        SURE,
        Rate(0, false),
        undecided,
        0.001,
        Rate(false, strangers),
        Rate(false + undecided, strangers + undecided),
    )
    assert rates.kept is kept


def test_a_group_of_few_people_is_not_told_apart() -> None:
    """Counts of one teenager would be about that one; five are a group."""
    rows = [
        said(CONFIRMED, LIKELY, face=number, person=number, age=AgeBand.TEEN, weak=number > 0)
        for number in range(FEWEST_TOLD)
    ]
    rows.append(said(REJECTED, LIKELY, face=99, person=99, age=AgeBand.CHILD))
    told = {(one.by, one.group): one.confirmed for one in own_rates(rows, faces=9).groups}
    assert told == {
        ("face height", "80 to 160 px"): Rate(5, 6),
        ("stated age", "teen"): Rate(5, 5),
    }


def test_what_was_put_there_by_hand_is_in_no_band() -> None:
    """The model did not see it: it is said how many there are."""
    rows = [said(CONFIRMED, None, face=1), said(CONFIRMED, UNSURE, face=2)]
    found = own_rates(rows, faces=10)
    assert (found.named, found.by_hand, found.strangers) == (1, 1, 8)
    assert sum(rates.confirmed.of for rates in found.bands) == 1


def test_a_library_without_decisions_says_so() -> None:
    """No share, and the interval is all there is."""
    found = own_rates([], faces=0)
    assert [rates.confirmed.share for rates in found.bands] == [None, None, None]
    assert {rates.kept for rates in found.bands} == {Kept.OPEN}
    assert found.groups == ()
