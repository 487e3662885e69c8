"""Recognising: templates against a gallery, by the calibration of the pack that made both."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from countenance.catalog.photos import Face
from countenance.core.ids import PersonId
from countenance.extract.extractor import Templates
from countenance.gallery.bands import Calibration, limits
from countenance.gallery.gallery import Gallery
from countenance.gallery.matching import Match, assign
from countenance.vision.pack import Pack
from countenance.vision.types import Float32


@dataclass(frozen=True, slots=True, eq=False)
class Sieve:
    """
    Which faces can be anybody's of a gallery, told from half of their templates.

    `version` is the gallery's: whoever was added since may have been passed over. `limit` is the
    distance beyond which a face is nobody's; `slack` what half a template may be off by.
    """

    gallery: Gallery
    version: int
    limit: float
    slack: float

    def __call__(self, halves: Float32) -> NDArray[np.bool_]:
        """Of unit rows `(n, dimensions)`, which to embed wholly: `(n,)`."""
        passed = np.zeros(len(halves), np.bool_)
        passed[self.gallery.within(halves, limit=self.limit + self.slack).probe] = True
        return passed


def sieve(gallery: Gallery, pack: Pack, *, version: int) -> Sieve | None:
    """What sifts faces for a gallery, or nothing where the pack was not measured for it."""
    slack = pack.embedder.mirror_slack
    return None if slack is None else Sieve(gallery, version, farthest(gallery, pack), slack)


def farthest(gallery: Gallery, pack: Pack) -> float:
    """The distance beyond which a face is nobody's of `gallery`; `-inf` if all are."""
    return limits(expected_here(pack), size=len(gallery)).unsure


def recognise(
    templates: Templates,
    gallery: Gallery,
    pack: Pack,
    *,
    rejected: Collection[tuple[int, PersonId]] = (),
    film: Sequence[Face] = (),
) -> dict[int, Match]:
    """
    Whom the faces of one photo show, by the face's place among the photo's faces.

    A face is given to at most one person, and a person to at most one face; none of the pairs
    `rejected`, of a face's place and a person, is among them. Of a film, `film` are all its faces,
    and a person is given to at most one at any instant.
    """
    matches = assign(
        templates.vectors,
        small=templates.small,
        gallery=gallery,
        calibration=expected_here(pack),
        penalty=pack.faces.small_penalty,
        rejected=[
            (row, person)
            for row, place in enumerate(templates.rows.tolist())
            for rejected_place, person in rejected
            if rejected_place == place
        ],
        together=_together([film[place] for place in templates.rows.tolist()]) if film else None,
    )
    return {int(templates.rows[match.face]): match for match in matches}


def one_face_within(pack: Pack, *, strangers: float) -> float:
    """
    The largest distance of two templates at which of so many strangers, a part of 1, at most one
    would be taken for the other. It is `-inf` if the pack was never measured so far down.
    """
    return expected_here(pack).distance(strangers)


@lru_cache(maxsize=8)
def expected_here(pack: Pack) -> Calibration:
    """The pack's rates, raised to what strangers in one library come to."""
    measured = pack.calibration
    return Calibration(
        tuple((min(1.0, point.fmr * measured.alike), point.distance) for point in measured.points)
    )


# --------------------------------------------------------------------------------------------


def _together(faces: Sequence[Face]) -> NDArray[np.bool_]:
    """Which of `faces` are seen at one instant, `(m, m)`."""
    spans = np.array([face.track.span for face in faces if face.track], np.float64).reshape(-1, 2)
    begins, ends = spans[:, 0], spans[:, 1]
    return np.asarray(
        (begins[:, None] <= ends[None, :]) & (begins[None, :] <= ends[:, None]), np.bool_
    )
