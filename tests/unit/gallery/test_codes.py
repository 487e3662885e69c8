import numpy as np
import pytest

from countenance.core.ids import PersonId
from countenance.gallery import gallery as module
from countenance.gallery.codes import Codes
from countenance.gallery.gallery import Float32, Gallery, Hits

PEOPLE, DIMS = 6000, 32


def _units(random: np.random.Generator, n: int) -> Float32:
    vectors = random.standard_normal((n, DIMS), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def matrix() -> Float32:
    return _units(np.random.default_rng(3), PEOPLE)


@pytest.fixture
def made(matrix: Float32, monkeypatch: pytest.MonkeyPatch) -> Gallery:
    """A gallery that is large enough for codes, because the limit is low."""
    monkeypatch.setattr(module, "EXACT_UP_TO", PEOPLE - 1)
    persons = tuple(PersonId(f"p_{row}") for row in range(PEOPLE))
    return Gallery.made(persons, matrix, np.zeros(PEOPLE, np.bool_))


def _exact(gallery: Gallery, probes: Float32, *, limit: float) -> Hits:
    return Gallery(gallery.persons, gallery.matrix, gallery.weak).within(probes, limit=limit)


def _rows(hits: Hits) -> list[tuple[int, int, float]]:
    return list(
        zip(hits.probe.tolist(), hits.reference.tolist(), hits.distance.tolist(), strict=True)
    )


def test_codes_find_what_the_exact_search_finds(made: Gallery) -> None:
    """Near people, strangers, one probe or many: the same pairs at the same distances."""
    assert made.codes is not None
    random = np.random.default_rng(4)
    known = made.matrix[random.integers(0, PEOPLE, 100)] + 0.08 * _units(random, 100)
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    probes = np.concatenate([known, _units(random, 100)])
    expected = _rows(_exact(made, probes, limit=0.5))
    assert len(expected) >= 100
    assert _rows(made.within(probes, limit=0.5)) == expected
    one = made.within(probes[:1], limit=0.5)
    assert _rows(one) == [row for row in expected if row[0] == 0]


def test_a_crowd_is_searched_whole(made: Gallery) -> None:
    """More people are within the limit than a list holds: none of them is cut off."""
    probes = _units(np.random.default_rng(5), 3)
    expected = _rows(_exact(made, probes, limit=1.3))
    assert len(expected) > 3 * 400
    assert _rows(made.within(probes, limit=1.3)) == expected


def test_no_probe_and_no_limit_are_no_hits(made: Gallery) -> None:
    assert len(made.within(made.matrix[:0], limit=1.0)) == 0
    assert len(made.within(made.matrix[:1], limit=-1.0)) == 0


@pytest.mark.promise("P20")
def test_whoever_was_taken_out_is_in_no_code(
    made: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gallery without somebody has codes of its own, which propose the others alone."""
    gone = made.persons[0]
    monkeypatch.setattr(module, "EXACT_UP_TO", PEOPLE - 2)
    rest = made.only(set(made.persons) - {gone})
    assert rest.codes is not None
    probe = made.matrix[:1]
    assert len(made.within(probe, limit=0.01)) == 1
    assert len(rest.within(probe, limit=0.01)) == 0
    references, _ = rest.codes.shortlists(probe)
    assert references.max() < len(rest)


def test_a_small_gallery_has_no_codes(matrix: Float32) -> None:
    """Up to 100,000 people every search reads them all."""
    persons = tuple(PersonId(f"p_{row}") for row in range(PEOPLE))
    assert Gallery.made(persons, matrix, np.zeros(PEOPLE, np.bool_)).codes is None


def test_without_faiss_a_large_gallery_is_searched_whole(
    matrix: Float32, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra makes it faster: nothing else."""
    monkeypatch.setattr(module, "EXACT_UP_TO", 10)
    monkeypatch.setattr("countenance.gallery.codes.available", lambda: False)
    persons = tuple(PersonId(f"p_{row}") for row in range(PEOPLE))
    gallery = Gallery.made(persons, matrix, np.zeros(PEOPLE, np.bool_))
    assert gallery.codes is None
    assert _rows(gallery.within(matrix[5:6], limit=0.01)) == [(0, 5, 0.0)]


def test_a_list_is_no_longer_than_the_gallery() -> None:
    """Fewer people than a list would hold are all on it."""
    matrix = _units(np.random.default_rng(6), 300)
    references, distances = Codes(matrix).shortlists(matrix[:2])
    assert references.shape == distances.shape == (2, 300)
    assert sorted(references[0].tolist()) == list(range(300))
