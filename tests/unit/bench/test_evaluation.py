"""What is compared with what, on templates that are made up."""

import xml.etree.ElementTree as ET
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from countenance.bench import evaluation
from countenance.bench.datasets import Dataset, Labelled, Pair
from countenance.bench.embedding import Embedded, matched
from countenance.bench.evaluated import as_json, as_text, in_words, write_charts
from countenance.bench.evaluation import Evaluation, all_pairs
from countenance.bench.identification import identified, split
from countenance.bench.protocols import BINS, Spread
from countenance.core.rates import Rate
from countenance.errors import Unavailable
from countenance.vision.pack import load_pack

PACK = load_pack("starter")
DIMS = PACK.embedder.dimensions
PEOPLE, EACH = 60, 4


def dataset(*people: str, references: int = 0) -> Dataset:
    """Faces of `people`, in their order; the first `references` of each are said to be enrolled."""
    counts: dict[str, int] = {}
    faces = []
    for person in people:
        counts[person] = number = counts.get(person, 0) + 1
        faces.append(Labelled(Path(f"{person}_{number}"), person, reference=number <= references))
    return Dataset("folders", Path("made up"), tuple(faces))


def embedded(of: Dataset, *, noise: float, missing: int = 0, seed: int = 1) -> Embedded:
    """Each person a direction of their own, each face somewhere near it."""
    rng = np.random.default_rng(seed)
    centres = {person: rng.normal(size=DIMS) for person in dict.fromkeys(_people(of))}
    rows = np.array([centres[one] + noise * rng.normal(size=DIMS) for one in _people(of)])
    found = np.arange(len(rows)) >= missing
    vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True) * found[:, None]
    return Embedded(
        vectors.astype(np.float32),
        found,
        np.where(found, 100, 0).astype(np.float32),
        np.array([15.0, 100.0]),
        np.array([False, True]),
        1,
        2,
        (),
    )


def _people(of: Dataset) -> list[str]:
    return [face.person for face in of.faces]


@given(st.lists(st.sampled_from("ABC"), min_size=1, max_size=12), st.integers(0, 3))
def test_every_pair_is_counted_once(people: list[str], missing: int) -> None:
    """As two loops would count it; faces that were not found are infinitely far from all."""
    of = dataset(*people)
    made = embedded(of, noise=0.5, missing=min(missing, len(people)))
    patch = pytest.MonkeyPatch()
    patch.setattr(evaluation, "_BLOCK", 5)
    try:
        same, different = all_pairs(made.vectors, made.found, np.array(people))
    finally:
        patch.undo()
    counted = {True: np.zeros(0), False: np.zeros(0)}
    for one in range(len(people)):
        for other in range(one):
            apart = np.inf
            if made.found[one] and made.found[other]:
                apart = float(np.linalg.norm(made.vectors[one] - made.vectors[other]))
            alike = people[one] == people[other]
            counted[alike] = np.append(counted[alike], apart)
    for spread, expected in ((same, counted[True]), (different, counted[False])):
        by_hand = Spread.of(expected)
        assert (spread.total, spread.apart) == (len(expected), by_hand.apart)
        # A product in float32 may put a pair into the bin beside.
        assert np.abs(spread.within() - by_hand.within()).max(initial=0) <= len(expected)
        assert _middle(spread) == pytest.approx(_middle(by_hand), abs=1e-4)


def _middle(spread: Spread) -> float:
    return float((spread.counts * np.arange(BINS)).sum() * 2 / BINS / max(1, spread.counts.sum()))


def test_strangers_are_never_enrolled() -> None:
    """Who has one picture, and others until a third of the people are strangers; no row twice."""
    of = dataset(*"AABBBBBCCDDDEF")
    parts = split(of)
    strangers = {of.faces[row].person for row in parts.strangers}
    assert strangers == {"E", "F"}
    assert parts.references == {"A": (0,), "B": (2, 3, 4), "C": (7,), "D": (9, 10)}
    used = [row for own in parts.references.values() for row in own]
    assert sorted([*used, *parts.mates, *parts.strangers]) == list(range(len(of.faces)))
    without = split(dataset(*"AABBCC"))
    assert set(without.references) == {"B", "C"}


def test_who_is_enrolled_from_what_is_as_the_layout_says() -> None:
    """Then nobody is made a stranger, and all other faces are searched for."""
    parts = split(dataset(*"AABBBC", references=1))
    assert parts.references == {"A": (0,), "B": (2,), "C": (5,)}
    assert (parts.mates, parts.strangers) == ((1, 3, 4), ())


def measured(*, noise: float, missing: int = 0) -> Evaluation:
    of = dataset(*(f"p{n:03}" for n in range(PEOPLE) for _ in range(EACH)))
    pairs = [
        Pair(0, 1, same=True, protocol="FF", fold=0),
        Pair(0, 4, same=False, protocol="FF", fold=1),
    ]
    of = Dataset(of.layout, of.root, of.faces, tuple(pairs), ())
    made = embedded(of, noise=noise, missing=missing)
    people = np.array(_people(of))
    return Evaluation(
        "folders",
        "starter",
        PEOPLE,
        Rate(int(made.found.sum()), len(of.faces)),
        0,
        tuple(evaluation._compared(of, made, people)),
        identified(of, made, PACK),
        evaluation._detected(made),
    )


def test_people_who_are_far_apart_are_all_told() -> None:
    """With faces close to their person nothing is missed, and nobody is named wrongly."""
    of_all = measured(noise=0.05)
    found = of_all.identified
    assert found is not None
    assert (found.people, found.strangers, found.searches) == (40, 80, 40)
    for band in found.bands:
        assert (band.found, band.named.count, band.mistaken.count) == (Rate(40, 40), 0, 0)
    every = of_all.compared[-1]
    assert every.points[0].accepted == Rate(every.same.total, every.same.total)
    assert every.points[1].accepted is None, "28,320 pairs say nothing of 1 in 10,000"


def test_a_face_that_was_not_found_is_a_miss() -> None:
    """It is not left out of the count: whoever uses the product does not find it either."""
    # The first person by name is a stranger; the second is enrolled from rows 4 to 6.
    found = measured(noise=0.05, missing=EACH + EACH).identified
    assert found is not None
    assert found.people == 39
    assert found.bands[-1].found == Rate(39, 40)


def test_several_references_count_by_their_mean_as_the_gallery_does() -> None:
    """The first way is the product's own: what it finds, the bands have from the same rows."""
    found = measured(noise=0.6).identified
    assert found is not None
    ways = {each.way for each in found.combinations}
    assert ways == {"mean", "mean by height", "nearest of them"}
    for each in found.combinations:
        assert (each.own.of, each.others.of) == (40, 40 * 39)
    plain = [step for step in found.margins if step.least == 0]
    asked = [step for step in found.margins if step.least > 0]
    assert max(step.own.count for step in asked) <= max(step.own.count for step in plain)


def test_the_report_says_what_cannot_be_said(tmp_path: Path) -> None:
    """In words how many it takes, in JSON null; rates come with their intervals."""
    of_all = measured(noise=0.3)
    text = "\n".join(as_text(of_all))
    assert "it takes 100,000 pairs of two" in text
    assert "it takes 3,334 searches for strangers" in text
    assert "| 80 to 160 | 100.0 % (1 of 1; 20.7 to 100.0) |" in text
    told = as_json(of_all)
    assert told["layout"] == "folders"
    written = write_charts(of_all, tmp_path / "plots")
    assert {path.name for path in written} == {
        f"{chart}-{of}.{kind}"
        for chart in ("det", "distances")
        for of in ("FF", "all-pairs")
        for kind in ("svg", "png")
    }
    for path in written:
        if path.suffix == ".svg":
            ET.fromstring(path.read_text())  # noqa: S314  made a line above


def test_plots_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    """A file in the place of the folder, as on any day."""
    (tmp_path / "plots").write_text("")
    with pytest.raises(Unavailable, match="plots cannot be written"):
        write_charts(measured(noise=0.3), tmp_path / "plots")


def test_rates_in_words() -> None:
    """The share, what was counted, and the interval; of nothing there is none."""
    assert in_words(Rate(2973, 3000)) == "99.1 % (2,973 of 3,000; 98.7 to 99.4)"
    assert in_words(Rate(0, 0)) == "nothing to count"


def test_a_face_is_matched_once() -> None:
    """The box that overlaps most takes a known face; a second one over it is another."""
    known = [(0.0, 0.0, 10.0, 10.0), (100.0, 0.0, 110.0, 10.0)]
    found = [(2.0, 0.0, 12.0, 10.0), (0.0, 0.0, 10.0, 11.0), (300.0, 0.0, 310.0, 10.0)]
    assert matched(found, known) == {1: 0}
    assert matched([], known) == matched(found, []) == {}
