"""
Certainty: whether the face of a stretch of a film is that of the person, in each of its frames.

A person said of a few instants who it is, and in the frames between the face was followed. A film
may be cut from one head to another at the same place, so being followed is not enough: in every
frame the face is compared with those very instants, and a frame in which it might be a stranger's
ends the stretch. Compared is only what is claimed to be somebody who agreed, with themselves;
templates are in memory, for as long as that takes.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from countenance.catalog.photos import Face
from countenance.core.ids import FaceId, PersonId
from countenance.errors import Refused
from countenance.extract.extractor import Extractor
from countenance.extract.film import moments, templates_again
from countenance.extract.recognise import one_face_within
from countenance.media.film import Frame, Sampling
from countenance.publish.stretch import Seen, Stretch, alone, followed, owners, parts
from countenance.vision.types import Float32

STRANGERS = 0.001
"""Of strangers' faces, the part that would be taken for the person's, at most."""

EVERY_FRAME = Sampling(all=True)

Frames = Callable[[Sampling], Iterator[Frame]]
"""Reads a film anew, from its beginning."""

Allowed = Mapping[FaceId, frozenset[PersonId]]
"""The faces of the catalog that may be left open, and of whom each is."""


def certain_stretches(
    seen: Sequence[Seen],
    faces: Sequence[Face],
    allowed: Allowed,
    *,
    frames: Frames,
    extractor: Extractor,
) -> list[Stretch]:
    """
    The stretches of a film, which shows `faces`, in which somebody allowed is seen without a doubt.

    Raises `Refused` if the film is not the one that was `seen`.
    """
    claimed = [
        part
        for one in followed(seen)
        if owners(seen, one, faces) & allowed.keys()
        for part in _owned(seen, alone(seen, one), faces, allowed)
    ]
    if not claimed:
        return []
    wanted = sorted({which for one in claimed for which in one.owners})
    known = _known([face for face in faces if face.id in wanted], frames, extractor)
    same = _same(seen, claimed, known, frames(EVERY_FRAME), extractor)
    return [
        part
        for number, one in enumerate(claimed)
        for part in _owned(seen, parts(one, same[number].__contains__), faces, allowed)
    ]


# --------------------------------------------------------------------------------------------


def _owned(
    seen: Sequence[Seen], found: Iterator[Stretch], faces: Sequence[Face], allowed: Allowed
) -> Iterator[Stretch]:
    """Those of the stretches that are of one person who is allowed, and of nobody else."""
    for stretch in found:
        own = owners(seen, stretch, faces)
        if own and own <= allowed.keys() and len({allowed[one] for one in own}) == 1:
            yield replace(stretch, owners=own)


def _known(faces: Sequence[Face], frames: Frames, extractor: Extractor) -> dict[FaceId, Float32]:
    """The template of each face at its known instants."""
    made = templates_again(extractor, frames(Sampling(times=moments(faces))), faces)
    return {faces[row].id: made.vectors[place] for place, row in enumerate(made.rows.tolist())}


def _same(
    seen: Sequence[Seen],
    claimed: Sequence[Stretch],
    known: Mapping[FaceId, Float32],
    frames: Iterator[Frame],
    extractor: Extractor,
) -> list[Collection[int]]:
    """For each stretch the frames in which it is the person, by their numbers."""
    same: list[set[int]] = [set() for _ in claimed]
    farthest = one_face_within(extractor.pack, strangers=STRANGERS)
    for number, frame in enumerate(frames):
        if number >= len(seen) or frame.at != seen[number].at:
            raise Refused("the film was changed while it was read")
        for place, stretch in enumerate(claimed):
            row = stretch.row(number)
            if row is None:
                continue
            points = np.array([seen[number].points[row]], np.float32)
            vector = extractor.vision.templates(frame.pixels, points)[0]
            own = [known[which] for which in stretch.owners if which in known]
            if any(float(np.linalg.norm(vector - one)) <= farthest for one in own):
                same[place].add(number)
    return list(same)
