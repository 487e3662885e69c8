"""
"Take this picture down": its copies are found in every source, and go, each as a case of its own.

A copy has the very bytes, or a near hash at most `SAME` bits apart; up to `ALIKE` bits apart is
what a person has to look at. Bytes that were taken down are refused from every source after that
(P4), and no new grant lets them in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from countenance.audit.entry import Act, Entry
from countenance.catalog import erasures, log, photos, tombstones
from countenance.catalog.endings import end_picture
from countenance.catalog.photos import Print
from countenance.catalog.stores import Stores
from countenance.core.canonical import Digest
from countenance.core.ids import ErasureId, PhotoId, SourceId
from countenance.media.near import ALIKE, SAME, distance


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture by its digest, and by its near hash if it has one."""

    digest: Digest
    near: bytes


@dataclass(frozen=True, slots=True)
class Copy:
    """A photo that is a copy of a picture, or may be: `bits` apart; none if the bytes are equal."""

    photo: PhotoId
    source: SourceId
    digest: Digest
    bits: int | None


@dataclass(frozen=True, slots=True)
class Copies:
    """The photos with the very bytes, those that are near, and those for a person to look at."""

    exact: tuple[Copy, ...]
    near: tuple[Copy, ...]
    unsure: tuple[Copy, ...]


def find_copies(wanted: Wanted, *, stores: Stores) -> Copies:
    """The copies of a picture among the photos of all sources, the nearest first."""
    with stores.database.read() as tx:
        known = photos.prints(tx)
    exact = [_copy(one, None) for one in known if one.digest == wanted.digest]
    apart = [
        _copy(one, distance(one.near, wanted.near))
        for one in known
        if one.near and wanted.near and one.digest != wanted.digest
    ]
    apart.sort(key=lambda one: (one.bits or 0, one.photo))
    return Copies(
        tuple(exact),
        tuple(one for one in apart if (one.bits or 0) <= SAME),
        tuple(one for one in apart if SAME < (one.bits or 0) <= ALIKE),
    )


def take_down_copies(
    chosen: Sequence[Copy], key: bytes, *, actor: str, stores: Stores
) -> tuple[ErasureId, ...]:
    """
    Take photos down, all in one transaction: none of them is in any answer when this returns.

    `key` is that of the tombstones. Gives the case of each, in which the rest of it goes; of one
    that was taken down meanwhile, the case that there is.
    """
    with stores.database.write() as tx:
        at = stores.now(tx)
        cases = []
        for one in chosen:
            if known := erasures.of_photo(tx, one.photo):
                cases.append(known)
                continue
            mark = tombstones.mark(key, one.digest)
            cases.append(end_picture(tx, one.photo, one.source, mark, at=at))
            subjects = (one.photo, one.source)
            log.record(tx, Entry(Act.PICTURE_REMOVED, at, actor, "", subjects, (mark,)))
    return tuple(cases)


# --------------------------------------------------------------------------------------------


def _copy(one: Print, bits: int | None) -> Copy:
    return Copy(one.id, one.source, one.digest, bits)
