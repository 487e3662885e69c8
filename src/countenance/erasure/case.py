"""
A case of erasure, carried from wherever it stands until its bytes are gone and seen to be gone.

    1  keys destroyed    what is sealed under them opens no more, here and in every backup
    2  found             what is to go is read, and a scan of every file finds each of it
    3  purged            rows and files are removed, and the pictures' tombstones set
    4  bytes gone        every holder is read again, and the same scan finds nothing

Each step is committed before the next begins, and each may be done again: a case that was cut off,
wherever that was, goes on from the last step that is written down. A step is written down after
what it says was done, never before.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from countenance.audit.statement import item_mark
from countenance.catalog import (
    copies,
    erasures,
    people,
    photos,
    tombstones,
    uploads,
    words,
)
from countenance.catalog.erasures import Erasure, Found, Looked, Stage
from countenance.catalog.stores import Stores
from countenance.core.canonical import Digest
from countenance.core.ids import ErasureId, SourceId
from countenance.erasure.holders import HOLDERS, staying, tables_of
from countenance.erasure.scanner import Scanner
from countenance.errors import DiskFull, ErasureIncomplete, NotFound, Unavailable, VerificationError
from countenance.vault.scan import Hit, Needles, Scanned, all_files
from countenance.vault.seal import seal, unseal

_LOOKS = 2
"""Scans before it is said that something cannot be found."""

_Pieces = Mapping[str, tuple[bytes, ...]]
"""Pieces of bytes, by the object that they are of."""


@dataclass(frozen=True, slots=True)
class Ground:
    """
    Where cases are carried: the stores, every folder whose files are scanned, what keeps the keys
    of others from being swept while a new one is made, what scans, and who is told how many files
    of how many it has read.
    """

    stores: Stores
    folders: tuple[Path, ...]
    holding_keys: Callable[[], AbstractContextManager[None]]
    scanner: Scanner
    progress: Callable[[int, int], object]


def carry_on(which: ErasureId, ground: Ground, *, until: Stage = Stage.BYTES_GONE) -> Erasure:
    """
    Carry a case on, to `until` or further if it stands further already. Gives it as it then is.

    Raises `ErasureIncomplete` if something is still there after the purge, could not be looked at,
    or does not open, as a damaged key does; what the case names is in no answer all the same, and
    the next call goes on.
    """
    while True:
        case = _load(which, ground.stores)
        if case.stage not in erasures.UNFINISHED or _is_at(case, until):
            return case
        with _damage_named(case):
            if _is_needleless(case, ground.stores):
                _find_anew(case, ground.stores)
            else:
                _STEPS[case.stage](case, ground)


def obstacle(case: Erasure, stores: Stores) -> str:
    """
    Why a case cannot go on, where that is a key that does not open or needles that are damaged; the
    empty string if they are sound. Nothing is changed.
    """
    if case.stage not in erasures.UNFINISHED:
        return ""
    try:
        if _has_needles(case) and not _is_needleless(case, stores):
            _needles(case, stores)
        if case.of_pictures:
            tombstones.known_key(stores)
    except (NotFound, Unavailable, VerificationError) as exc:
        return exc.message
    return ""


# --------------------------------------------------------------------------------------------


def _is_at(case: Erasure, until: Stage) -> bool:
    order = list(Stage)
    return order.index(case.stage) >= order.index(until)


def _destroy_keys(case: Erasure, ground: Ground) -> None:
    stores = ground.stores
    with ground.holding_keys(), stores.database.read() as tx:
        # A key that something else is sealed under, too, goes with the last of them.
        shared = people.keys_in_use(tx, but=case.progress.references)
        for key in case.keys:
            if key not in shared:
                stores.keys.destroy(key)
    _advance(case, Stage.KEYS_DESTROYED, stores)


def _find(case: Erasure, ground: Ground) -> None:
    """Read what is to go, and have the scan find it: a scan that cannot find proves nothing."""
    stores = ground.stores
    stores.database.write_through()
    with stores.database.read() as tx:
        pieces = {name: own for one in HOLDERS for name, own in one.pieces(tx, stores, case)}
        gone = {one.name: one.holds(tx, stores, case) for one in HOLDERS}
        items, stays = _items(tx, case), staying(tx, case)
        named = _named(tx, case)
    telling, found = _look_for(pieces, stays, ground)
    progress = replace(
        case.progress,
        # Of a case that is found anew, what went before counts as well.
        gone={**case.progress.gone, **{name: count for name, count in gone.items() if count}},
        items=items or case.progress.items,
        named=named or case.progress.named,
        before=_counted(case, Found(len(telling), len(found))),
    )
    # What could not be found now cannot be shown to be gone later.
    kept = {name: telling[name] for name in found}
    with ground.holding_keys():
        # A crash here leaves a key of nothing, which the next enrolment destroys.
        key = stores.keys.create()
        with stores.database.write() as tx:
            sealed = seal(stores.keys.read(key), _write(kept), bound=_bound(case))
            at = stores.now(tx)
            erasures.advance(tx, case, Stage.FOUND, progress, at=at, needles=(key, sealed))


def _purge(case: Erasure, ground: Ground) -> None:
    stores = ground.stores
    of_pictures = case.of_pictures
    marking = tombstones.ensure_key(stores, ground.holding_keys) if of_pictures else None
    with stores.database.write() as tx:
        at = stores.now(tx)
        if marking is not None:
            marks: dict[SourceId, list[str]] = {}
            for source, one in _digests_of(tx, case):
                marks.setdefault(source, []).append(tombstones.mark(marking, one))
            for source, own in marks.items():
                tombstones.add_all(tx, source, own, case=case.id, at=at)
        going = [which for holder in HOLDERS for which in holder.purge(tx, case)]
        erasures.advance(tx, case, Stage.PURGED, case.progress, at=at, copies=going)


def _digests_of(tx: Connection, case: Erasure) -> set[tuple[SourceId, Digest]]:
    """Of all that goes, each with its source: also of what was uploaded and not read yet."""
    read = photos.digests_of(tx, photos.belonging(case.source, case.photo))
    return {*read, *uploads.digests_of(tx, uploads.belonging(case.source, case.photo))}


def _prove(case: Erasure, ground: Ground) -> None:
    """We do not believe the purge; we look."""
    stores = ground.stores
    copies.remove_unconfirmed(stores, case.copies)
    with _incomplete(case):
        stores.database.forget_deleted_bytes(*tables_of(case))
    _require_nothing_held(case, stores)
    needles = Needles(_needles(case, stores))
    seen = _scan(ground, needles)
    if seen.hits:
        # A database may hold copies of rows that it moved, where nothing leads to.
        with _incomplete(case):
            stores.database.rewrite()
        seen = _scan(ground, needles)
    _require_nothing_found(case, seen)
    progress = replace(case.progress, after=Looked(seen.files, seen.bytes_read, len(seen.hits)))
    with stores.database.write() as tx:
        erasures.advance(tx, case, Stage.BYTES_GONE, progress, at=stores.now(tx))
    # A crash here leaves a key of nothing, which the next enrolment destroys.
    if case.key is not None:
        stores.keys.destroy(case.key)


_STEPS: Mapping[Stage, Callable[[Erasure, Ground], None]] = {
    Stage.HIDDEN: _destroy_keys,
    Stage.KEYS_DESTROYED: _find,
    Stage.FOUND: _purge,
    Stage.PURGED: _prove,
}
"""What is done next with a case that stands there."""


def _has_needles(case: Erasure) -> bool:
    """Whether what goes was found: of a case that has gone back to be found anew, not yet."""
    return case.key is not None and case.stage in (Stage.FOUND, Stage.PURGED)


def _is_needleless(case: Erasure, stores: Stores) -> bool:
    """
    Whether what the case was to be looked for by opens no more.

    So it is in a backup that was made while the case went on: the key went when it was done. A key
    that is there and damaged is another matter, and raises `VerificationError`: it may be brought
    back, and only a person can say that it will not be.
    """
    if case.key is None or not _has_needles(case):
        return False
    try:
        stores.keys.read(case.key)
    except NotFound:
        return True
    return False


def _find_anew(case: Erasure, stores: Stores) -> None:
    """
    Go back to before it was found: what is there yet is found again, and then gone again.

    What was purged by then cannot be; so no receipt says that the bytes of that are gone.
    """
    copies.remove_unconfirmed(stores, case.copies)
    progress = replace(case.progress, before=None) if case.stage is Stage.FOUND else case.progress
    with stores.database.write() as tx:
        erasures.advance(tx, case, Stage.KEYS_DESTROYED, progress, at=stores.now(tx))


def _counted(case: Erasure, found: Found) -> Found:
    """Of a case that had purged, what was there before counts as not found now (P24)."""
    before = case.progress.before
    return found if before is None else replace(found, objects=max(found.objects, before.objects))


@contextmanager
def _incomplete(case: Erasure) -> Iterator[None]:
    """What the database cannot do now is for `resume` to try again."""
    try:
        yield
    except DiskFull:
        raise  # for that there is a reserve
    except Unavailable as exc:
        raise ErasureIncomplete(f"{case.id}: {exc.message}", hint=exc.hint) from exc


@contextmanager
def _damage_named(case: Erasure) -> Iterator[None]:
    """A key that is gone or damaged keeps its own case open, and stops no other."""
    try:
        yield
    except (NotFound, VerificationError) as exc:
        raise ErasureIncomplete(
            f"{case.id}: {exc.message}", hint="countenance doctor says what does not open"
        ) from exc


def _load(which: ErasureId, stores: Stores) -> Erasure:
    with stores.database.read() as tx:
        return erasures.get(tx, which)


def _advance(case: Erasure, stage: Stage, stores: Stores) -> None:
    with stores.database.write() as tx:
        erasures.advance(tx, case, stage, case.progress, at=stores.now(tx))


def _look_for(
    pieces: _Pieces, stays: frozenset[str], ground: Ground
) -> tuple[_Pieces, frozenset[str]]:
    """
    The pieces that tell an object from all that stays, and the objects that were found by them.

    A piece that is also in a file that stays, as pictures of one wall share bytes, tells nothing.
    """
    named = {
        (name, place): piece for name, own in pieces.items() for place, piece in enumerate(own)
    }
    numbered = {str(number): key for number, key in enumerate(named)}
    needles = Needles({number: (named[key],) for number, key in numbered.items()})
    hits: set[Hit] = set()
    for _ in range(_LOOKS):
        hits |= set(_scan(ground, needles).hits) if named else set()
        # A page may have moved under the scan, from the write-ahead log into the database.
        if {numbered[hit.name][0] for hit in hits} == pieces.keys():
            break
    shared = {numbered[hit.name] for hit in hits if hit.path.name in stays}
    telling = {
        name: left
        for name, own in pieces.items()
        if (left := tuple(one for place, one in enumerate(own) if (name, place) not in shared))
    }
    told = {numbered[hit.name] for hit in hits} - shared
    return telling, frozenset(name for name, _ in told)


def _scan(ground: Ground, needles: Needles) -> Scanned:
    # Where the database's own cannot be read, nothing of it is found before either, and so no
    # receipt says that its bytes are gone (P24).
    beside = ground.stores.database.own_files() or ()
    return ground.scanner([*all_files(*ground.folders), *beside], needles, ground.progress)


def _items(tx: Connection, case: Erasure) -> tuple[str, ...]:
    """What shows to whoever has a picture and the salt that the picture was among them."""
    if not case.of_pictures:
        return ()
    salt = bytes.fromhex(case.salt)
    digests = photos.digests_of(tx, photos.belonging(case.source, case.photo))
    return tuple(sorted(item_mark(salt, one) for _, one in digests))


def _named(tx: Connection, case: Erasure) -> int:
    """In how many places the sources' own words say the name of who goes altogether."""
    if not case.whole or case.person is None:
        return 0
    return words.saying(tx, people.names(tx, [case.person]).get(case.person, ""))


def _require_nothing_held(case: Erasure, stores: Stores) -> None:
    with stores.database.read() as tx:
        held = {one.name: one.holds(tx, stores, case) for one in HOLDERS}
        shared = people.keys_in_use(tx)
    held["keys"] = len(stores.keys.ids().intersection(case.keys) - shared)
    still = ", ".join(f"{count} {name}" for name, count in held.items() if count)
    if still:
        raise ErasureIncomplete(f"{case.id}: still there after the purge: {still}")


def _require_nothing_found(case: Erasure, seen: Scanned) -> None:
    if seen.hits:
        where = ", ".join(sorted({str(hit.path) for hit in seen.hits}))
        raise ErasureIncomplete(
            f"{case.id}: {len(seen.found)} objects of it are still found in {where}",
            hint="countenance takedown resume goes on with it",
        )
    if seen.unread:
        first = seen.unread[0]
        raise ErasureIncomplete(
            f"{case.id}: {len(seen.unread)} files could not be scanned, "
            f"such as {first.path}: {first.reason}",
            hint="countenance takedown resume goes on with it",
        )


def _needles(case: Erasure, stores: Stores) -> dict[str, tuple[bytes, ...]]:
    if case.key is None or case.sealed is None:
        return {}
    return _read(unseal(stores.keys.read(case.key), case.sealed, bound=_bound(case)))


def _bound(case: Erasure) -> bytes:
    return f"needles of {case.id}".encode()


def _write(groups: Mapping[str, Iterable[bytes]]) -> bytes:
    return json.dumps({name: [one.hex() for one in own] for name, own in groups.items()}).encode()


def _read(plain: bytes) -> dict[str, tuple[bytes, ...]]:
    said = json.loads(plain)
    return {name: tuple(bytes.fromhex(one) for one in own) for name, own in said.items()}
