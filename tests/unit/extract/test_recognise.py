"""What may be passed over because it can be nobody's, and what may not."""

import numpy as np

from countenance.core.ids import PersonId
from countenance.extract.recognise import farthest, sieve
from countenance.gallery.gallery import Float32, Gallery
from countenance.vision.pack import load_pack

PACK = load_pack("starter")


def gallery(count: int = 1) -> Gallery:
    """People in directions that are at right angles to one another."""
    persons = tuple(PersonId(f"p_{row}") for row in range(count))
    matrix = np.eye(count, PACK.embedder.dimensions, dtype=np.float32)
    return Gallery(persons, matrix, np.zeros(count, np.bool_))


def at(distance: float) -> Float32:
    """A unit vector so far from the first person, `(1, d)`."""
    vector = np.zeros((1, PACK.embedder.dimensions), np.float32)
    cosine = 1 - distance**2 / 2
    vector[0, 0], vector[0, -1] = cosine, np.sqrt(1 - cosine**2)
    return vector


def test_half_a_template_passes_up_to_the_limit_and_its_slack() -> None:
    """By as much as the whole may be nearer than the half; beyond it nobody can be named."""
    sifts = sieve(gallery(), PACK, version=7)
    assert sifts is not None
    assert sifts.version == 7
    assert sifts.limit == farthest(gallery(), PACK)
    edge = sifts.limit + (PACK.embedder.mirror_slack or 0)
    assert sifts(np.concatenate([at(edge - 0.01), at(edge + 0.01), at(1.2)])).tolist() == [
        True,
        False,
        False,
    ]


def test_a_pack_that_was_not_measured_has_no_sieve() -> None:
    assert sieve(gallery(), load_pack("yunet-sface"), version=1) is None


def test_the_limit_is_that_of_the_bands() -> None:
    """Among more people a face has to be nearer; among fewer than 20 it is as among 20."""
    assert farthest(gallery(1), PACK) == farthest(gallery(20), PACK)
    assert farthest(gallery(100), PACK) < farthest(gallery(20), PACK)
