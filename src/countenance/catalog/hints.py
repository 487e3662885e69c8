"""
Hints: a name that a source wrote beside a face of its picture.

The name itself is not kept: it may be anybody's, and nobody asked them. What is kept is a keyed
hash of the name and the face's own id. So it can be asked of one face and one enrolled person
whether the source names them there, and nothing else: the hashes of one name at two faces differ,
so that nobody is grouped by them, and without the key, which lies with the other keys, no list of
names can be tried.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from countenance.catalog import tombstones
from countenance.catalog.photos import Box, Face
from countenance.catalog.stores import Stores
from countenance.core.ids import FaceId
from countenance.errors import NotFound
from countenance.people.names import name_form

MARK_BYTES = 16

LEAST_OVERLAP = 0.25
"""Of a face and a region, as the part that both share of what either covers. Programs draw a head
larger or smaller than a detector does a face."""

Hint = tuple[str, Box]
"""A name, and a box in pixels of the upright photo."""


def key_of(tx: Connection, stores: Stores) -> bytes | None:
    """The key of the marks; nothing if there is none, or if it is away."""
    which = tombstones.key_of(tx)
    try:
        return None if which is None else stores.keys.read(which)
    except NotFound:
        return None


def mark(key: bytes, face: FaceId, name: str) -> str:
    """What stands for `name` at this face: 32 hexadecimal digits."""
    said = f"named by its source\0{face}\0{name_form(name).casefold()}"
    return hmac.digest(key, said.encode(), hashlib.sha256)[:MARK_BYTES].hex()


def names(key: bytes | None, face: FaceId, marked: str, name: str) -> bool:
    """Whether the mark that stands at a face is the one of `name`."""
    return bool(key and marked) and hmac.compare_digest(marked, mark(key or b"", face, name))


def marked(faces: Sequence[Face], hints: Sequence[Hint], key: bytes | None) -> tuple[Face, ...]:
    """The faces, each with the mark of the name of the region that overlaps it most, if any."""
    named = [hint for hint in hints if name_form(hint[0])]
    if key is None or not named:
        return tuple(faces)
    pairs = sorted(
        (
            (shared, row, place)
            for row, face in enumerate(faces)
            for place, (_, box) in enumerate(named)
            if (shared := overlap(face.box, box)) >= LEAST_OVERLAP
        ),
        reverse=True,
    )
    given: dict[int, int] = {}
    for _, row, place in pairs:  # the best first; a region is of one face, and a face of one region
        if row not in given and place not in given.values():
            given[row] = place
    return tuple(
        replace(face, named=mark(key, face.id, named[given[row]][0])) if row in given else face
        for row, face in enumerate(faces)
    )


def overlap(one: Box, two: Box) -> float:
    """What two boxes share, as a part of what they cover together, in [0, 1]."""
    wide = min(one[2], two[2]) - max(one[0], two[0])
    high = min(one[3], two[3]) - max(one[1], two[1])
    if wide <= 0 or high <= 0:
        return 0.0
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, two))
    return wide * high / (area - wide * high)
