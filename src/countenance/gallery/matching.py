"""
Matching: which faces of a photo are which people of the gallery.

A face is one person, and a person is in a photo once, and in a film once at any instant. So the
nearest pair is taken first, and its face and its person are spoken for. Distances do not leave this
module: what comes out is bands.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.core.ids import PersonId
from countenance.errors import UsageError
from countenance.gallery.bands import FALSE_HITS, Band, Calibration, limits
from countenance.gallery.gallery import Float32, Gallery, Hits


@dataclass(frozen=True, slots=True)
class Match:
    """A face of the photo, by its row, and the person it is taken for."""

    face: int
    person: PersonId
    band: Band


def assign(  # noqa: PLR0913  what decides a match, and each by itself
    templates: Float32,
    *,
    small: NDArray[np.bool_],
    gallery: Gallery,
    calibration: Calibration,
    penalty: float,
    false_hits: float = FALSE_HITS,
    rejected: Collection[tuple[int, PersonId]] = (),
    together: NDArray[np.bool_] | None = None,
) -> tuple[Match, ...]:
    """
    Match the faces of one photo with the people of the gallery, in the order of the faces.

    `templates` is `(m, d)` float32, unit rows, one a face. `small` is `(m,)` bool: faces of so few
    pixels that strangers look alike `penalty` times as often as measured; so they do for a weak
    reference, and for both together `penalty` squared. Of 1,000 searches with a stranger's face at
    most `false_hits` may name somebody for sure (`bands.limits`).

    A pair that is the nearest but reaches no band speaks for its face and its person all the
    same: a face is not given to its second best because its best is too unsure.

    `rejected` are pairs, of a row and a person, that somebody said are not so: they are passed
    over, and both are free for others.

    `together` is `(m, m)` bool: which faces are seen at one instant, and so are two people. In a
    photo, where it is not given, all are.

    Raises `UsageError` if a shape, a norm or the penalty is wrong.
    """
    if small.shape != (len(templates),):
        raise UsageError(f"small: expected shape ({len(templates)},), got {small.shape}")
    by_doubts = [
        limits(calibration, size=len(gallery), penalty=penalty**doubts, false_hits=false_hits)
        for doubts in range(3)
    ]
    hits = gallery.within(templates, limit=by_doubts[0].unsure)
    doubts = small[hits.probe].astype(np.intp) + gallery.weak[hits.reference]
    matches = []
    for hit in _one_to_one(hits, gallery, frozenset(rejected), together):
        face, distance = int(hits.probe[hit]), float(hits.distance[hit])
        if band := by_doubts[doubts[hit]].band_of(distance):
            matches.append(Match(face, gallery.persons[hits.reference[hit]], band))
    return tuple(sorted(matches, key=lambda match: match.face))


# ------------------------------------------------------------------------------------------------


def _one_to_one(
    hits: Hits,
    gallery: Gallery,
    barred: frozenset[tuple[int, PersonId]],
    together: NDArray[np.bool_] | None,
) -> Iterator[int]:
    """
    The rows of `hits` whose probe stands in no nearer row that was taken, and whose reference in
    none of a probe that is seen with it.
    """
    probes: set[int] = set()
    taken_by: dict[int, list[int]] = {}
    for hit, (probe, reference) in enumerate(
        zip(hits.probe.tolist(), hits.reference.tolist(), strict=True)
    ):
        if barred and (probe, gallery.persons[reference]) in barred:
            continue
        others = taken_by.get(reference, [])
        if together is not None:
            others = [other for other in others if together[probe, other]]
        if probe not in probes and not others:
            probes.add(probe)
            taken_by.setdefault(reference, []).append(probe)
            yield hit
