"""Recognising: templates against a gallery, by the calibration of the pack that made both."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from countenance.catalog.photos import Face
from countenance.core.ids import PersonId
from countenance.errors import Refused
from countenance.extract.extractor import Templates
from countenance.gallery.bands import FALSE_HITS, Calibration, limits, most_people, promised
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


def sieve(
    gallery: Gallery, pack: Pack, *, version: int, false_hits: float = FALSE_HITS
) -> Sieve | None:
    """What sifts faces for a gallery, or nothing where the pack was not measured for it."""
    slack = pack.embedder.mirror_slack
    if slack is None:
        return None
    return Sieve(gallery, version, farthest(gallery, pack, false_hits=false_hits), slack)


def farthest(gallery: Gallery, pack: Pack, *, false_hits: float = FALSE_HITS) -> float:
    """The distance beyond which a face is nobody's of `gallery`; `-inf` if all are."""
    return limits(expected_here(pack), size=len(gallery), false_hits=false_hits).unsure


def recognise(  # noqa: PLR0913  what decides a match, and each by itself
    templates: Templates,
    gallery: Gallery,
    pack: Pack,
    *,
    rejected: Collection[tuple[int, PersonId]] = (),
    film: Sequence[Face] = (),
    false_hits: float = FALSE_HITS,
) -> dict[int, Match]:
    """
    Whom the faces of one photo show, by the face's place among the photo's faces.

    A face is given to at most one person, and a person to at most one face; none of the pairs
    `rejected`, of a face's place and a person, is among them. Of a film, `film` are all its faces,
    and a person is given to at most one at any instant. `false_hits` is as in `bands.limits`.
    """
    matches = assign(
        templates.vectors,
        small=templates.small,
        gallery=gallery,
        calibration=expected_here(pack),
        penalty=pack.faces.small_penalty,
        false_hits=false_hits,
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


def require_reach(pack: Pack, people: int, *, false_hits: float) -> None:
    """
    Raises `Refused` if among so many people no face could be given even the least sure band: the
    pack's rates were not measured so low as that would take.
    """
    calibration = expected_here(pack)
    most = max(most_people(calibration, false_hits=false_hits).values())
    if people <= most:
        return
    needed = max(promised(false_hits).values()) / people
    raise Refused(
        f"at most {false_hits:g} false hits per 1,000 searches among {people:,} people would take "
        f"a false-match rate of {needed:.1g}, and what the pack {pack.id} was measured for is "
        f"{calibration.points[-1][0]:.1g}, which is enough for {most:,} people",
        hint="allow more (setting false_hits), or change to a stronger pack: countenance models",
    )


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
