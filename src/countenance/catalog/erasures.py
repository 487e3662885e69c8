"""
Cases of erasure: what is to go, and how far its going has come.

    hidden ──> keys-destroyed ──> found ──> purged ──> bytes-gone ──> closed

A case is opened in the transaction that records the wish: from then on what it names is in no
answer. What it knows besides are ids, counts and times, and for a while the needles, sealed pieces
of what is to go, by which the scan shows that it went.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from countenance.audit.statement import Trigger
from countenance.catalog.tables import erasure
from countenance.core.ids import (
    ConsentId,
    CopyId,
    ErasureId,
    KeyId,
    PersonId,
    PhotoId,
    SourceId,
    new_id,
)
from countenance.errors import NotFound, VerificationError

SALT_BYTES = 32
"""Of the salt of a takedown, under which a receipt names its pictures."""


class Stage(StrEnum):
    """How far a case has come."""

    HIDDEN = "hidden"
    KEYS_DESTROYED = "keys-destroyed"
    FOUND = "found"
    PURGED = "purged"
    BYTES_GONE = "bytes-gone"
    CLOSED = "closed"


UNFINISHED = (Stage.HIDDEN, Stage.KEYS_DESTROYED, Stage.FOUND, Stage.PURGED)
"""The stages at which something of what is to go may still be there."""

OPEN = (*UNFINISHED, Stage.BYTES_GONE)
"""The stages at which not every level is reached yet."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the scan before the purge found: `found` of `objects`. The two have to be equal."""

    objects: int
    found: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What the scan after the purge read: so many files and bytes, and what it found: nothing."""

    files: int
    bytes: int
    found: int


@dataclass(frozen=True, slots=True)
class Progress:
    """
    What is known of a case so far.

    `reached` are the instants of its stages, `references` the ids of those that are to go, and
    `sightings` says that the person's are. `gone` is how many of each kind went, and `items` are
    salted digests of the pictures among them. `named` is in how many places the sources' own words
    say the name of who went.
    """

    reached: Mapping[str, datetime]
    references: tuple[str, ...] = ()
    sightings: bool = False
    gone: Mapping[str, int] = field(default_factory=dict)
    items: tuple[str, ...] = ()
    named: int = 0
    before: Found | None = None
    after: Looked | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """
    A case about one person, one source or one photo.

    `consents` are those that ended, `whole` says that the person agreed to nothing any more and
    wants all of it gone. `keys` are to be destroyed, `copies` to be removed from the vault.
    `sealed` are the needles, under the key `key`, for as long as they are needed.
    """

    id: ErasureId
    trigger: Trigger
    person: PersonId | None
    source: SourceId | None
    photo: PhotoId | None
    consents: tuple[ConsentId, ...]
    whole: bool
    stage: Stage
    opened_at: datetime
    keys: tuple[KeyId, ...]
    copies: tuple[CopyId, ...]
    salt: str
    progress: Progress
    key: KeyId | None
    sealed: bytes | None

    @property
    def subject(self) -> PersonId | SourceId | PhotoId:
        """Whom or what it is about. Raises `VerificationError` if its row names neither."""
        subject = self.person or self.source or self.photo
        if subject is None:
            raise VerificationError(f"{self.id}: its row does not say what it is about")
        return subject

    @property
    def of_pictures(self) -> bool:
        """Whether pictures go, and not what is of a person."""
        return bool(self.source or self.photo)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a case is opened with. Exactly one of `person`, `source` and `photo` is given."""

    trigger: Trigger
    person: PersonId | None = None
    source: SourceId | None = None
    photo: PhotoId | None = None
    consents: tuple[ConsentId, ...] = ()
    whole: bool = False
    references: tuple[str, ...] = ()
    sightings: bool = False
    keys: tuple[KeyId, ...] = ()
    salt: str = ""


def open_case(tx: Connection, wanted: Wanted, *, at: datetime) -> ErasureId:
    """Open a case, in the transaction that makes what it names invisible."""
    made = ErasureId(new_id("e"))
    progress = Progress({Stage.HIDDEN: at}, wanted.references, wanted.sightings)
    tx.execute(
        insert(erasure).values(
            id=made,
            trigger=wanted.trigger,
            person_id=wanted.person,
            source_id=wanted.source,
            photo_id=wanted.photo,
            consents=list(wanted.consents),
            whole=wanted.whole,
            stage=Stage.HIDDEN,
            opened_at=at,
            keys=list(wanted.keys),
            copies=[],
            salt=wanted.salt,
            progress=_write(progress),
        )
    )
    return made


def get(tx: Connection, which: str) -> Erasure:
    """Raises `NotFound` if there is no such case."""
    row = tx.execute(select(erasure).where(erasure.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: no such erasure", hint="countenance takedown status shows them")
    return _read(row)


def list_all(tx: Connection) -> list[Erasure]:
    """Every case, oldest first."""
    rows = tx.execute(select(erasure).order_by(erasure.c.opened_at, erasure.c.id))
    return [_read(row) for row in rows]


def in_stages(tx: Connection, stages: Collection[Stage]) -> list[ErasureId]:
    """The cases that stand at one of `stages`, oldest first."""
    rows = tx.execute(
        select(erasure.c.id)
        .where(erasure.c.stage.in_(stages))
        .order_by(erasure.c.opened_at, erasure.c.id)
    )
    return [ErasureId(which) for which in rows.scalars()]


def unfinished_of_source(tx: Connection, which: SourceId) -> ErasureId | None:
    """A case about this source of which something may still be there, if there is one."""
    query = (
        select(erasure.c.id)
        .where(erasure.c.source_id == which, erasure.c.stage.in_(UNFINISHED))
        .limit(1)
    )
    found = tx.execute(query).scalar()
    return None if found is None else ErasureId(found)


def of_photo(tx: Connection, which: PhotoId) -> ErasureId | None:
    """The case about a photo, if it was ever taken down: there is one of each."""
    found = tx.execute(select(erasure.c.id).where(erasure.c.photo_id == which)).scalar()
    return None if found is None else ErasureId(found)


def newest_of_source(tx: Connection, which: SourceId) -> ErasureId | None:
    """The newest case about a source, if it was ever taken down."""
    query = (
        select(erasure.c.id)
        .where(erasure.c.source_id == which)
        .order_by(erasure.c.opened_at.desc(), erasure.c.id)
        .limit(1)
    )
    found = tx.execute(query).scalar()
    return None if found is None else ErasureId(found)


def advance(  # noqa: PLR0913  all that a step of a case can change
    tx: Connection,
    case: Erasure,
    stage: Stage,
    progress: Progress,
    *,
    at: datetime,
    copies: Sequence[CopyId] | None = None,
    needles: tuple[KeyId, bytes] | None = None,
) -> None:
    """
    Say that a case has come to `stage`, unless another program has brought it further meanwhile.

    `needles` are kept from now on; those that were kept go with the stage `BYTES_GONE`.
    """
    now = replace(progress, reached={**progress.reached, stage.value: at})
    values: dict[str, object] = {"stage": stage, "progress": _write(now)}
    if copies is not None:
        values["copies"] = list(copies)
    if needles is not None:
        values["key_id"], values["needles"] = needles
    if stage not in UNFINISHED:
        values["key_id"] = values["needles"] = None
    as_it_was = (erasure.c.id == case.id, erasure.c.stage == case.stage)
    tx.execute(update(erasure).where(*as_it_was).values(values))


def keys_going(tx: Connection) -> frozenset[KeyId]:
    """The keys that cases destroy, or have destroyed, under which rows may be sealed still."""
    rows = tx.execute(select(erasure.c["keys"]).where(erasure.c.stage.in_(UNFINISHED)))
    return frozenset(KeyId(which) for keys in rows.scalars() for which in keys)


# --------------------------------------------------------------------------------------------

_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def _read(row: Row[Any]) -> Erasure:
    return Erasure(
        id=ErasureId(row.id),
        trigger=Trigger(row.trigger),
        person=None if row.person_id is None else PersonId(row.person_id),
        source=None if row.source_id is None else SourceId(row.source_id),
        photo=None if row.photo_id is None else PhotoId(row.photo_id),
        consents=tuple(ConsentId(which) for which in row.consents),
        whole=row.whole,
        stage=Stage(row.stage),
        opened_at=row.opened_at,
        keys=tuple(KeyId(which) for which in row.keys),
        copies=tuple(CopyId(which) for which in row.copies),
        salt=row.salt,
        progress=_read_progress(row.progress),
        key=None if row.key_id is None else KeyId(row.key_id),
        sealed=row.needles,
    )


def _write(progress: Progress) -> dict[str, object]:
    before, after = progress.before, progress.after
    return {
        "reached": {
            name: at.astimezone(UTC).strftime(_TIME) for name, at in progress.reached.items()
        },
        "references": list(progress.references),
        "sightings": progress.sightings,
        "gone": dict(progress.gone),
        "items": list(progress.items),
        "named": progress.named,
        "before": None if before is None else [before.objects, before.found],
        "after": None if after is None else [after.files, after.bytes, after.found],
    }


def _read_progress(said: Mapping[str, Any]) -> Progress:
    return Progress(
        reached={
            name: datetime.fromisoformat(at).astimezone(UTC) for name, at in said["reached"].items()
        },
        references=tuple(said["references"]),
        sightings=said["sightings"],
        gone=dict(said["gone"]),
        items=tuple(said["items"]),
        named=said.get("named", 0),
        before=None if said["before"] is None else Found(*said["before"]),
        after=None if said["after"] is None else Looked(*said["after"]),
    )
