import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from countenance.core.ids import PersonId
from countenance.errors import UsageError
from countenance.gallery.gallery import Float32, Gallery, GalleryEntry, Hits, mean_templates

seeds = st.integers(0, 2**32 - 1)


def _units(random: np.random.Generator, n: int, dims: int) -> Float32:
    vectors = random.standard_normal((n, dims))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def _persons(n: int) -> tuple[PersonId, ...]:
    return tuple(PersonId(f"p_{row}") for row in range(n))


def _gallery(matrix: Float32) -> Gallery:
    return Gallery(_persons(len(matrix)), matrix, np.zeros(len(matrix), np.bool_))


def _brute_force(probes: Float32, matrix: Float32) -> NDArray[np.float64]:
    """The oracle: every distance `(m, n)`, by its definition, in float64."""
    difference = probes[:, None].astype(np.float64) - matrix[None].astype(np.float64)
    return np.asarray(np.sqrt((difference**2).sum(axis=2)), np.float64)


def _pairs(hits: Hits) -> list[tuple[int, int]]:
    return list(zip(hits.probe.tolist(), hits.reference.tolist(), strict=True))


@given(
    seed=seeds,
    n=st.integers(0, 40),
    m=st.integers(0, 10),
    dims=st.integers(1, 64),
    limit=st.floats(-0.5, 2.5),
)
def test_a_search_finds_what_brute_force_finds(
    seed: int, n: int, m: int, dims: int, limit: float
) -> None:
    """Every pair within the limit is found, and no other, with its distance."""
    random = np.random.default_rng(seed)
    matrix, probes = _units(random, n, dims), _units(random, m, dims)
    hits = _gallery(matrix).within(probes, limit=limit)
    expected = _brute_force(probes, matrix)
    # A pair at the limit to the last digit may fall on either side.
    clear = np.abs(expected - limit) > 1e-12
    found = np.zeros_like(expected, dtype=np.bool_)
    found[hits.probe, hits.reference] = True
    assert np.array_equal(found[clear], (expected <= limit)[clear])
    assert hits.distance == pytest.approx(expected[hits.probe, hits.reference], abs=1e-12)
    assert len(hits) == len(set(_pairs(hits)))


@pytest.mark.parametrize(
    ("n", "m"), [(8191, 256), (8192, 256), (8193, 256), (17_000, 257), (8192, 600), (1, 513)]
)
def test_no_pair_is_lost_between_two_blocks(n: int, m: int) -> None:
    """Around and over the edges of the blocks the search is as exact as within."""
    random = np.random.default_rng(n + m)
    matrix, probes = _units(random, n, 8), _units(random, m, 8)
    edges = [0, n // 2, n - 1]
    probes[[0, m // 2, m - 1]] = matrix[edges]
    limit = 0.3
    hits = _gallery(matrix).within(probes, limit=limit)
    products = probes.astype(np.float64) @ matrix.T.astype(np.float64)
    expected = np.argwhere(np.sqrt(np.maximum(0, 2 - 2 * products)) <= limit)
    assert sorted(_pairs(hits)) == [(probe, reference) for probe, reference in expected.tolist()]
    assert {(m - 1, n - 1)} <= set(_pairs(hits))


@given(seed=seeds, limit=st.floats(1e-3, 1.0))
def test_pairs_beside_the_limit_fall_on_their_side(seed: int, limit: float) -> None:
    """A distance a ten-millionth within the limit is found, and one as much beyond is not."""
    random = np.random.default_rng(seed)
    (probe,) = _units(random, 1, 128).astype(np.float64)
    across = random.standard_normal(128)
    across -= across @ probe * probe
    across /= np.linalg.norm(across)
    wanted = limit + 1e-3 * np.linspace(-1, 1, 41)
    angles = 2 * np.arcsin(wanted / 2)
    matrix = np.cos(angles)[:, None] * probe + np.sin(angles)[:, None] * across
    matrix32, probe32 = matrix.astype(np.float32), probe[None].astype(np.float32)
    truth = _brute_force(probe32, matrix32)[0]
    for bound in (truth[20] + 1e-7, truth[20] - 1e-7):
        hits = _gallery(matrix32.copy()).within(probe32, limit=float(bound))
        assert set(hits.reference.tolist()) == set(np.flatnonzero(truth <= bound).tolist())


@given(seed=seeds)
def test_the_nearest_comes_first(seed: int) -> None:
    """Hits are in order of distance, then probe, then reference."""
    random = np.random.default_rng(seed)
    matrix = np.repeat(_units(random, 10, 4), 2, axis=0)
    probes = np.repeat(_units(random, 5, 4), 2, axis=0)
    hits = _gallery(matrix).within(probes, limit=2)
    rows = list(
        zip(hits.distance.tolist(), hits.probe.tolist(), hits.reference.tolist(), strict=True)
    )
    assert rows == sorted(rows)
    assert len(rows) == 200


def test_an_equal_vector_is_at_distance_zero() -> None:
    """A limit of 0 finds the same vector, and a negative one nothing at all."""
    matrix = _units(np.random.default_rng(1), 5, 16)
    gallery = _gallery(matrix)
    assert _pairs(gallery.within(matrix[2:3], limit=0)) == [(0, 2)]
    assert len(gallery.within(matrix[2:3], limit=-1e-9)) == 0
    assert len(gallery.within(matrix[2:3], limit=-np.inf)) == 0


@given(seed=seeds, k=st.integers(1, 6))
def test_a_persons_template_is_their_mean(seed: int, k: int) -> None:
    """Several templates become their mean, of length 1; one stays as it is."""
    templates = _units(np.random.default_rng(seed), k, 8)
    gallery = Gallery.of([GalleryEntry(PersonId("p_1"), templates, weak=True)], dims=8)
    mean = templates.astype(np.float64).mean(axis=0)
    assert gallery.matrix[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert gallery.weak.tolist() == [True]


@given(seed=seeds, counts=st.lists(st.integers(1, 5), max_size=12))
def test_the_means_of_many_are_those_of_each(seed: int, counts: list[int]) -> None:
    """However many templates each has: a person's mean is theirs alone, to the last bit."""
    random = np.random.default_rng(seed)
    each = [_units(random, k, 8) for k in counts]
    together = np.concatenate([np.empty((0, 8), np.float32), *each])
    means = mean_templates(together, np.array(counts, np.intp))
    alone = [mean_templates(one, np.array([len(one)])) for one in each]
    assert means.shape == (len(counts), 8)
    assert all(np.array_equal(means[row : row + 1], one) for row, one in enumerate(alone))


def test_means_need_templates_for_everybody() -> None:
    """Counts that do not fit the templates are refused."""
    templates = _units(np.random.default_rng(1), 3, 8)
    for counts in ([3, 0], [2], [2, 2]):
        with pytest.raises(UsageError, match="at least one"):
            mean_templates(templates, np.array(counts, np.intp))


def test_an_empty_gallery_is_a_gallery() -> None:
    """Nobody enrolled: no hits, whatever is asked."""
    gallery = Gallery.of((), dims=16)
    assert (len(gallery), gallery.dims) == (0, 16)
    assert len(gallery.within(_units(np.random.default_rng(1), 3, 16), limit=2)) == 0


def test_no_probes_no_hits() -> None:
    """A photo without faces is a question too."""
    gallery = _gallery(_units(np.random.default_rng(1), 3, 16))
    assert len(gallery.within(np.empty((0, 16), np.float32), limit=2)) == 0


@pytest.mark.promise("P25")
@given(seed=seeds, row=st.integers(0, 9))
def test_without_one_person_the_others_are_as_before(seed: int, row: int) -> None:
    """A person taken out is found no more, and nothing changes for anybody else."""
    random = np.random.default_rng(seed)
    gallery, probes = _gallery(_units(random, 10, 4)), _units(random, 6, 4)
    gone = gallery.persons[row]
    rest = gallery.only(set(gallery.persons) - {gone})

    def found(gallery: Gallery) -> dict[tuple[int, PersonId], float]:
        hits = gallery.within(probes, limit=1.5)
        named = [(probe, gallery.persons[reference]) for probe, reference in _pairs(hits)]
        return dict(zip(named, hits.distance.tolist(), strict=True))

    before = found(gallery)
    assert found(rest) == {pair: d for pair, d in before.items() if pair[1] != gone}
    assert len(gallery) == 10


def test_a_gallery_cannot_be_changed() -> None:
    """It is a value: its arrays are read-only."""
    gallery = _gallery(_units(np.random.default_rng(1), 3, 4))
    with pytest.raises(ValueError, match="read-only"):
        gallery.matrix[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        gallery.weak[0] = True


@pytest.mark.parametrize(
    "probes",
    [
        np.ones((1, 4), np.float32),
        np.full((1, 4), np.nan, np.float32),
        np.full((1, 4), np.inf, np.float32),
        np.eye(4),
        np.eye(5, dtype=np.float32),
        np.eye(4, dtype=np.float32)[0],
    ],
)
def test_malformed_probes_are_refused(probes: Float32) -> None:
    """Rows of another length, norm or type are no probes of this gallery."""
    with pytest.raises(UsageError, match="probes"):
        _gallery(np.eye(4, dtype=np.float32)).within(probes, limit=1)


def test_a_malformed_gallery_is_refused() -> None:
    """Rows, persons and flags belong together, and a person stands there once."""
    matrix, weak = np.eye(3, dtype=np.float32), np.zeros(3, np.bool_)
    with pytest.raises(UsageError, match="gallery"):
        Gallery(_persons(2), matrix, weak)
    with pytest.raises(UsageError, match="gallery"):
        Gallery(_persons(3), matrix, weak[:2])
    with pytest.raises(UsageError, match="gallery"):
        Gallery(_persons(3), matrix * 2, weak)
    with pytest.raises(UsageError, match="C order"):
        Gallery(_persons(3), np.asfortranarray(matrix), weak)
    with pytest.raises(UsageError, match="twice"):
        Gallery((PersonId("p_1"),) * 3, matrix, weak)


@pytest.mark.parametrize(
    ("templates", "words"),
    [
        (np.empty((0, 4), np.float32), "at least one"),
        (np.eye(5, dtype=np.float32), "expected float32 of shape"),
        (np.array([[1, 0, 0, 0], [-1, 0, 0, 0]], np.float32), "cancel"),
        (np.zeros((1, 4), np.float32), "length 1"),
    ],
)
def test_a_person_without_a_usable_template_is_refused(templates: Float32, words: str) -> None:
    """No template, a foreign one, or some that cancel out make no reference."""
    with pytest.raises(UsageError, match=words):
        Gallery.of([GalleryEntry(PersonId("p_1"), templates, weak=False)], dims=4)
