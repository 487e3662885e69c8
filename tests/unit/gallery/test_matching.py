import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from countenance.core.ids import PersonId
from countenance.errors import UsageError
from countenance.gallery.bands import Band, Calibration
from countenance.gallery.gallery import Float32, Gallery
from countenance.gallery.matching import Match, assign

STARTER = Calibration(((1e-2, 0.420), (1e-3, 0.374), (1e-4, 0.335), (1e-5, 0.301), (1e-6, 0.272)))
DIMS = 32
PENALTY = 2.0
ORDER = (Band.SURE, Band.LIKELY, Band.UNSURE, None)

seeds = st.integers(0, 2**32 - 1)


def _unit(vectors: NDArray[np.float64]) -> Float32:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _crowd(seed: int, faces: int, people: int) -> tuple[Float32, NDArray[np.bool_], Gallery]:
    """Faces and people that are all about as near one another as the bands are wide."""
    random = np.random.default_rng(seed)
    centre = random.standard_normal(DIMS)
    spread = 0.28 * np.linalg.norm(centre) / np.sqrt(DIMS)
    templates = _unit(centre + spread * random.standard_normal((faces, DIMS)))
    matrix = _unit(centre + spread * random.standard_normal((people, DIMS)))
    persons = tuple(PersonId(f"p_{row}") for row in range(people))
    return (
        templates,
        random.random(faces) < 0.3,
        Gallery(persons, matrix, random.random(people) < 0.3),
    )


def _assign(templates: Float32, small: NDArray[np.bool_], gallery: Gallery) -> tuple[Match, ...]:
    return assign(templates, small=small, gallery=gallery, calibration=STARTER, penalty=PENALTY)


def _on_a_circle(*angles: float) -> Float32:
    """Unit vectors at these angles: the distance of two is 2 sin of half their difference."""
    return np.array([[np.cos(angle), np.sin(angle)] for angle in angles], np.float32)


def _circle(*angles: float, weak: bool = False) -> Gallery:
    persons = tuple(PersonId(f"p_{row}") for row in range(len(angles)))
    return Gallery(persons, _on_a_circle(*angles), np.full(len(angles), weak))


@given(seeds, st.integers(0, 8), st.integers(0, 8))
def test_matches_are_one_to_one(seed: int, faces: int, people: int) -> None:
    """A face is given to at most one person, a person to at most one face; faces are in order."""
    matches = _assign(*_crowd(seed, faces, people))
    assert len({match.face for match in matches}) == len(matches)
    assert len({match.person for match in matches}) == len(matches)
    assert [match.face for match in matches] == sorted(match.face for match in matches)


@given(seeds, st.permutations(range(6)), st.permutations(range(6)))
def test_the_order_of_faces_and_people_does_not_matter(
    seed: int, faces: list[int], people: list[int]
) -> None:
    """Shuffled faces and shuffled people give the same pairs."""
    templates, small, gallery = _crowd(seed, 6, 6)
    shuffled = Gallery(
        tuple(gallery.persons[row] for row in people), gallery.matrix[people], gallery.weak[people]
    )
    found = _assign(templates[faces], small[faces], shuffled)
    back = {dataclasses.replace(match, face=faces[match.face]) for match in found}
    assert back == set(_assign(templates, small, gallery))


@given(seeds)
def test_a_far_stranger_in_the_photo_changes_nothing(seed: int) -> None:
    """One more face that is like nobody leaves every match as it was, and gets none."""
    templates, small, gallery = _crowd(seed, 5, 5)
    more = np.concatenate([templates, -gallery.matrix[:1]])
    assert _assign(more, np.append(small, values=False), gallery) == _assign(
        templates, small, gallery
    )


@given(seeds, st.integers(1, 5000))
def test_a_larger_gallery_never_improves_a_match(seed: int, more: int) -> None:
    """People who look like nobody here add no match, change none and better no band."""
    templates, small, gallery = _crowd(seed, 5, 5)
    far = _unit(
        -gallery.matrix[0] + 0.01 * np.random.default_rng(seed).standard_normal((more, DIMS))
    )
    larger = Gallery(
        (*gallery.persons, *(PersonId(f"q_{row}") for row in range(more))),
        np.concatenate([gallery.matrix, far]),
        np.concatenate([gallery.weak, np.zeros(more, np.bool_)]),
    )
    before = {
        (match.face, match.person): match.band for match in _assign(templates, small, gallery)
    }
    for match in _assign(templates, small, larger):
        assert ORDER.index(before[match.face, match.person]) <= ORDER.index(match.band)


def test_a_poor_picture_is_trusted_less() -> None:
    """A small face and a weak reference each tighten the limits, both together twice."""
    # In a small gallery: sure up to .325, .314 and .304 with a penalty of 1, 2 and 4.
    probe, far, near = _on_a_circle(0.0), 0.320, 0.309
    no, yes = np.array([False]), np.array([True])
    assert _assign(probe, no, _circle(far))[0].band is Band.SURE
    assert _assign(probe, yes, _circle(far))[0].band is Band.LIKELY
    assert _assign(probe, no, _circle(far, weak=True))[0].band is Band.LIKELY
    assert _assign(probe, yes, _circle(near))[0].band is Band.SURE
    assert _assign(probe, yes, _circle(near, weak=True))[0].band is Band.LIKELY


def test_the_nearest_pair_is_served_first() -> None:
    """Two faces like one person: the nearer one is that person, the other one is nobody."""
    matches = _assign(_on_a_circle(0.2, 0.1), np.zeros(2, np.bool_), _circle(0.0))
    assert matches == (Match(1, PersonId("p_0"), Band.SURE),)


def test_equal_pairs_go_to_the_first() -> None:
    """Where two are exactly as near, the lower face and the lower person are taken."""
    matches = _assign(_on_a_circle(0.0, 0.0), np.zeros(2, np.bool_), _circle(0.0, 0.0))
    assert [(match.face, match.person) for match in matches] == [(0, "p_0"), (1, "p_1")]


def test_a_face_is_not_given_to_its_second_best() -> None:
    """Where the nearest person is too unsure to name, the next one is not named in their place."""
    # In a small gallery: unsure up to .392, for a weak reference up to .379.
    persons = (PersonId("p_near"), PersonId("p_next"))
    gallery = Gallery(persons, _on_a_circle(0.385, -0.386), np.array([True, False]))
    probe = _on_a_circle(0.0)
    assert _assign(probe, np.array([False]), gallery.only(persons[1:])) != ()
    assert _assign(probe, np.array([False]), gallery) == ()


def test_nobody_and_nothing_are_answers_too() -> None:
    """No faces or no people: no matches."""
    assert _assign(np.empty((0, 2), np.float32), np.empty(0, np.bool_), _circle(0.0)) == ()
    assert _assign(_on_a_circle(0.0), np.array([True]), Gallery.of((), dims=2)) == ()


@pytest.mark.promise("P9")
def test_a_match_holds_no_score() -> None:
    """What leaves is a row, an id and a band: no number that says how near."""
    assert [field.name for field in dataclasses.fields(Match)] == ["face", "person", "band"]
    (match,) = _assign(_on_a_circle(0.0), np.array([False]), _circle(0.1))
    assert [type(value) for value in dataclasses.astuple(match)] == [int, str, Band]


def test_malformed_questions_are_refused() -> None:
    """One flag a face, and a penalty that is one."""
    with pytest.raises(UsageError, match="small"):
        _assign(_on_a_circle(0.0), np.zeros(2, np.bool_), _circle(0.0))
    with pytest.raises(UsageError, match="penalty"):
        assign(
            _on_a_circle(0.0),
            small=np.zeros(1, np.bool_),
            gallery=_circle(0.0),
            calibration=STARTER,
            penalty=0.5,
        )
