"""Recognising: templates against a gallery, by the calibration of the pack that made both."""

from collections.abc import Collection

from countenance.core.ids import PersonId
from countenance.extract.extractor import Templates
from countenance.gallery.bands import Calibration
from countenance.gallery.gallery import Gallery
from countenance.gallery.matching import Match, assign
from countenance.vision.pack import Pack


def recognise(
    templates: Templates,
    gallery: Gallery,
    pack: Pack,
    *,
    rejected: Collection[tuple[int, PersonId]] = (),
) -> dict[int, Match]:
    """
    Whom the faces of one photo show, by the face's place among the photo's faces.

    A face is given to at most one person, and a person to at most one face; none of the pairs
    `rejected`, of a face's place and a person, is among them.
    """
    matches = assign(
        templates.vectors,
        small=templates.small,
        gallery=gallery,
        calibration=_expected_here(pack),
        penalty=pack.faces.small_penalty,
        rejected=[
            (row, person)
            for row, place in enumerate(templates.rows.tolist())
            for rejected_place, person in rejected
            if rejected_place == place
        ],
    )
    return {int(templates.rows[match.face]): match for match in matches}


# --------------------------------------------------------------------------------------------


def _expected_here(pack: Pack) -> Calibration:
    """The pack's rates, raised to what strangers in one library come to."""
    measured = pack.calibration
    return Calibration(
        tuple((min(1.0, point.fmr * measured.alike), point.distance) for point in measured.points)
    )
