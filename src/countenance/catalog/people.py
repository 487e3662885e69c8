"""People, what they agreed to, and their sealed references."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from countenance.catalog.tables import (
    consent,
    consent_event,
    erasure,
    library,
    person,
    reference,
    roster,
)
from countenance.core.canonical import Digest
from countenance.core.ids import (
    CollectionId,
    ConsentId,
    GuardianId,
    KeyId,
    PersonId,
    ReferenceId,
    new_id,
)
from countenance.errors import NotFound, UsageError
from countenance.people.consent import Consent, ConsentEvent, EventKind, LastEvent
from countenance.people.guardians import AgeBand, AgeSource, Role, Standing
from countenance.people.names import name_form
from countenance.people.purpose import Purpose, Wish

_ROWS_AT_ONCE = 256
"""Few enough that the processor's cache holds them with what is made of them."""


@dataclass(frozen=True, slots=True)
class Person:
    """
    Somebody who is enrolled. `key` opens their references, `standing` says whose rules hold.

    `same_as` is the other enrolment of the same human that stands for this one, while the two are
    merged (`catalog.merges`).
    """

    id: PersonId
    name: str
    key: KeyId
    enrolled_at: datetime
    standing: Standing
    same_as: PersonId | None = None


@dataclass(frozen=True, slots=True)
class SealedReference:
    """
    The templates of `person` from one enrolment and for one purpose, sealed under `key`.

    `weak` says that every picture behind it was below what a reference should be.
    """

    id: ReferenceId
    person: PersonId
    consent: ConsentId
    purpose: Purpose
    pack: str
    key: KeyId
    sealed: bytes
    weak: bool


def add(
    tx: Connection, name: str, key: KeyId, *, at: datetime, standing: Standing | None = None
) -> Person:
    """A new person; of no `standing`, an adult by what was declared."""
    made = Person(PersonId(new_id("p")), name, key, at, standing or Standing())
    tx.execute(
        insert(person).values(
            id=made.id,
            name=name,
            key_id=key,
            enrolled_at=at,
            age_band=made.standing.band,
            age_source=made.standing.source,
            died=made.standing.died,
            record=made.standing.record,
        )
    )
    return made


def set_standing(tx: Connection, which: PersonId, standing: Standing) -> None:
    """Record another age band, or another source of it."""
    tx.execute(
        update(person)
        .where(person.c.id == which)
        .values(age_band=standing.band, age_source=standing.source)
    )


def by_name(tx: Connection, name: str) -> list[Person]:
    """
    The people who are called so, however it is typed, not counting those who were erased.

    Libraries of the first releases hold names as they were typed then.
    """
    rows = tx.execute(
        select(person)
        .where(person.c.name.in_({name, name_form(name)}), person.c.key_id.is_not(None))
        .order_by(person.c.id)
    )
    return [_read(row) for row in rows]


def get(tx: Connection, name_or_id: str) -> Person:
    """
    The person of this id, or else the only one of this name.

    Raises `NotFound` if there is none, and `UsageError` if two share the name.
    """
    found = named(tx, name_or_id)
    if not found:
        raise NotFound(
            f"{name_or_id}: nobody enrolled here under this name or id",
            hint="countenance person list shows who is",
        )
    return only(found, name_or_id)


def named(tx: Connection, name_or_id: str) -> list[Person]:
    """
    The person of this id, or else those of this name, not counting those who were erased.

    Of two enrolments that are merged, either name means the one that stands. It is one and the same
    statement whether there are such people or not (P10).
    """
    so_named = person.c.name.in_((name_or_id, name_form(name_or_id)))
    stood_for = select(person.c.same_as).where(so_named, person.c.same_as.is_not(None))
    rows = tx.execute(
        select(person)
        .where(
            or_(
                person.c.id == name_or_id,
                and_(so_named, person.c.same_as.is_(None)),
                person.c.id.in_(stood_for),
            ),
            person.c.key_id.is_not(None),
        )
        .order_by(person.c.id)
    )
    found = [_read(row) for row in rows]
    return [one for one in found if one.id == name_or_id] or found


def only(found: Sequence[Person], name: str) -> Person:
    """The one person in `found`. Raises `UsageError` if there are several of this name."""
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise UsageError(f"{name}: {len(found)} people have this name: {ids}", hint="name the id")
    return found[0]


def of_age(tx: Connection) -> frozenset[PersonId]:
    """Everybody who is no minor."""
    bands = (AgeBand.ADULT, AgeBand.HISTORICAL)
    rows = tx.execute(select(person.c.id).where(person.c.age_band.in_(bands))).scalars()
    return frozenset(PersonId(one) for one in rows)


def list_all(tx: Connection) -> list[Person]:
    """Everybody enrolled, by name."""
    rows = tx.execute(
        select(person).where(person.c.key_id.is_not(None)).order_by(person.c.name, person.c.id)
    )
    return [_read(row) for row in rows]


def on_roster(tx: Connection, which: CollectionId) -> list[Person]:
    """Everybody enrolled who is on the roster of a collection, by name."""
    rows = tx.execute(
        select(person)
        .join(roster, roster.c.person_id == person.c.id)
        .where(roster.c.collection_id == which, person.c.key_id.is_not(None))
        .order_by(person.c.name, person.c.id)
    )
    return [_read(row) for row in rows]


def names(tx: Connection, people: Collection[PersonId]) -> dict[PersonId, str]:
    rows = tx.execute(select(person.c.id, person.c.name).where(person.c.id.in_(people)))
    return {PersonId(row.id): row.name for row in rows}


def hide(tx: Connection, which: PersonId) -> None:
    """Take the key's id: from this transaction nobody of this id is enrolled here."""
    tx.execute(update(person).where(person.c.id == which).values(key_id=None))


def erase(tx: Connection, which: PersonId) -> None:
    """Take the name and the key's id; what is left is an opaque id that the log refers to."""
    nobody = Standing()
    tx.execute(
        update(person)
        .where(person.c.id == which)
        .values(
            name="",
            key_id=None,
            age_band=nobody.band,
            age_source=nobody.source,
            died=None,
            record="",
            same_as=None,
            again_since=None,
        )
    )


def keys_in_use(tx: Connection, *, but: Collection[str] = ()) -> frozenset[KeyId]:
    """
    The keys that something is sealed under: evidence, references, cases that go on, tombstones.

    A case's column is emptied when what its key was for is done. References `but` do not count.
    """
    columns = (person.c.key_id, erasure.c.key_id, library.c.tombstone_key)
    named = [select(column).where(column.is_not(None)) for column in columns]
    named.append(select(reference.c.key_id).where(reference.c.id.not_in(but)))
    return frozenset(KeyId(which) for which in tx.execute(union(*named)).scalars())


def key_holders(tx: Connection) -> dict[KeyId, str]:
    """Whose the keys are: a person's id, and of a reference's key also the purpose."""
    own = tx.execute(select(person.c.key_id, person.c.id).where(person.c.key_id.is_not(None)))
    holders = {KeyId(row.key_id): str(row.id) for row in own}
    sealed = select(reference.c.key_id, reference.c.person_id, reference.c.purpose)
    for row in tx.execute(sealed):
        holders.setdefault(KeyId(row.key_id), f"{row.person_id}, {row.purpose}")
    return holders


def add_event(tx: Connection, who: PersonId, wish: Wish, event: ConsentEvent) -> ConsentId:
    """Append `event` to what `who` said about `wish`."""
    found = tx.execute(
        select(consent.c.id).where(
            consent.c.person_id == who,
            consent.c.purpose == wish.purpose,
            consent.c.channel == wish.channel,
        )
    ).scalar()
    which = ConsentId(found or new_id("n"))
    if found is None:
        tx.execute(
            insert(consent).values(
                id=which, person_id=who, purpose=wish.purpose, channel=wish.channel
            )
        )
    last = tx.execute(
        select(func.max(consent_event.c.seq)).where(consent_event.c.consent_id == which)
    ).scalar()
    tx.execute(
        insert(consent_event).values(
            consent_id=which,
            seq=(last or 0) + 1,
            kind=event.kind,
            at=event.at,
            by=event.by,
            until=event.until,
            notice=event.notice,
            language=event.language,
            evidence=event.evidence,
            role=event.role,
            authority=event.authority,
        )
    )
    return which


def consents(
    tx: Connection,
    *,
    people: Collection[PersonId] | None = None,
    purposes: Collection[Purpose] | None = None,
) -> list[Consent]:
    """What `people` (else everybody) said about `purposes` (else all), with every event."""
    query = (
        select(consent, consent_event)
        .join(consent_event, consent_event.c.consent_id == consent.c.id)
        .order_by(consent.c.id, consent_event.c.seq)
    )
    if people is not None:
        query = query.where(consent.c.person_id.in_(people))
    if purposes is not None:
        query = query.where(consent.c.purpose.in_(purposes))
    return list(_gather(tx.execute(query)))


def channels(tx: Connection) -> list[str]:
    """Every channel that stands in a consent, in alphabetical order."""
    query = select(consent.c.channel).where(consent.c.channel != "").distinct()
    return sorted(tx.execute(query).scalars())


def overdue(tx: Connection, *, at: datetime) -> list[Consent]:
    """The consents whose time has come by `at`, and of which no event says so yet."""
    later = consent_event.alias()
    due = select(consent_event.c.consent_id).where(
        consent_event.c.until <= at,
        ~exists().where(
            later.c.consent_id == consent_event.c.consent_id, later.c.seq > consent_event.c.seq
        ),
    )
    query = (
        select(consent, consent_event)
        .join(consent_event, consent_event.c.consent_id == consent.c.id)
        .where(consent.c.id.in_(due))
        .order_by(consent.c.id, consent_event.c.seq)
    )
    return list(_gather(tx.execute(query)))


def add_reference(tx: Connection, new: SealedReference, *, at: datetime) -> None:
    """Store a reference in the place of the person's earlier one for this purpose and pack."""
    tx.execute(
        delete(reference).where(
            reference.c.person_id == new.person,
            reference.c.purpose == new.purpose,
            reference.c.pack == new.pack,
        )
    )
    tx.execute(
        insert(reference).values(
            id=new.id,
            person_id=new.person,
            consent_id=new.consent,
            purpose=new.purpose,
            pack=new.pack,
            key_id=new.key,
            sealed=new.sealed,
            weak=new.weak,
            made_at=at,
        )
    )


def references(
    tx: Connection,
    *,
    purposes: Collection[Purpose],
    pack: str,
    people: Collection[PersonId] | None = None,
) -> list[SealedReference]:
    """The references for `purposes` made with `pack`, by person."""
    query = (
        select(reference)
        .where(reference.c.purpose.in_(purposes), reference.c.pack == pack)
        .order_by(reference.c.person_id, reference.c.purpose)
    )
    if people is not None:
        query = query.where(reference.c.person_id.in_(people))
    return [_read_reference(row) for row in tx.execute(query)]


class ReferenceToOpen(NamedTuple):
    """A reference of somebody enrolled, as its row has it, and its consent's last event."""

    person: PersonId
    consent: ConsentId
    purpose: Purpose
    key: KeyId
    sealed: bytes
    weak: bool
    last: LastEvent


def references_to_open(tx: Connection, *, purpose: Purpose, pack: str) -> Iterator[ReferenceToOpen]:
    """
    The references for `purpose` made with `pack`, in no order: of everybody enrolled, and of two
    enrolments that are merged, of the one that stands for both.

    Whether `last` permits anything is for the gate to say. A reference without a consent for its
    purpose is not among them.
    """
    newest = consent_event.alias()
    seq = (
        select(func.max(newest.c.seq)).where(newest.c.consent_id == consent.c.id).scalar_subquery()
    )
    said = and_(consent_event.c.consent_id == consent.c.id, consent_event.c.seq == seq)
    asked = and_(
        consent.c.person_id == reference.c.person_id, consent.c.purpose == reference.c.purpose
    )
    query = (
        select(
            reference.c.person_id,
            reference.c.consent_id,
            reference.c.key_id,
            reference.c.sealed,
            reference.c.weak,
            consent_event.c.kind,
            consent_event.c.until,
        )
        .join(person, person.c.id == reference.c.person_id)
        .join(consent, asked)
        .join(consent_event, said)
        .where(reference.c.purpose == purpose, reference.c.pack == pack)
        .where(person.c.key_id.is_not(None), person.c.same_as.is_(None))
    )
    for rows in tx.execute(query).partitions(_ROWS_AT_ONCE):
        for who, which, key, sealed, weak, kind, until in rows:
            last = LastEvent(EventKind(kind), until)
            yield ReferenceToOpen(who, which, purpose, key, sealed, weak, last)


def references_of(
    tx: Connection, who: PersonId, purposes: Collection[Purpose]
) -> list[SealedReference]:
    """The references of a person for `purposes`, of every pack."""
    query = (
        select(reference)
        .where(reference.c.person_id == who, reference.c.purpose.in_(purposes))
        .order_by(reference.c.id)
    )
    return [_read_reference(row) for row in tx.execute(query)]


def keeping_pictures(tx: Connection) -> frozenset[PersonId]:
    """Of whom a picture is kept; whether their consent is in force is for the gate to say."""
    query = select(reference.c.person_id).where(reference.c.purpose == Purpose.KEEP_PICTURE)
    return frozenset(PersonId(one) for one in tx.execute(query).scalars())


def count_recognised(tx: Connection) -> int:
    """How many people have a reference."""
    query = select(func.count(reference.c.person_id.distinct())).where(_IS_REFERENCE)
    return int(tx.execute(query).scalar_one())


def library_id(tx: Connection) -> str:
    """The library whose people these are."""
    return str(tx.execute(select(library.c.id)).scalar_one())


def packs(tx: Connection) -> set[str]:
    """The packs that made the references that are stored."""
    return set(tx.execute(select(reference.c.pack).where(_IS_REFERENCE).distinct()).scalars())


def gallery_version(tx: Connection) -> int:
    """Grows whenever somebody can newly be found: then earlier photos are compared again."""
    return int(tx.execute(select(library.c.gallery_version)).scalar_one())


def raise_gallery_version(tx: Connection) -> int:
    tx.execute(update(library).values(gallery_version=library.c.gallery_version + 1))
    return gallery_version(tx)


# --------------------------------------------------------------------------------------------


_IS_REFERENCE = reference.c.purpose != Purpose.KEEP_PICTURE
"""Of the rows of the table: of no pack's making is the face that is kept as a picture."""


def _read_reference(row: Row[Any]) -> SealedReference:
    return SealedReference(
        id=ReferenceId(row.id),
        person=PersonId(row.person_id),
        consent=ConsentId(row.consent_id),
        purpose=Purpose(row.purpose),
        pack=row.pack,
        key=KeyId(row.key_id),
        sealed=row.sealed,
        weak=row.weak,
    )


def _read(row: Row[Any]) -> Person:
    return Person(
        id=PersonId(row.id),
        name=row.name,
        key=KeyId(row.key_id),
        enrolled_at=row.enrolled_at,
        standing=Standing(
            AgeBand(row.age_band), AgeSource(row.age_source), died=row.died, record=row.record
        ),
        same_as=None if row.same_as is None else PersonId(row.same_as),
    )


def _gather(rows: Iterable[Row[Any]]) -> Iterable[Consent]:
    gathered: dict[ConsentId, Consent] = {}
    for row in rows:
        which = ConsentId(row.id)
        known = gathered.get(which)
        events = known.events if known else ()
        gathered[which] = Consent(
            id=which,
            person=PersonId(row.person_id),
            wish=Wish(Purpose(row.purpose), row.channel),
            events=(*events, _event(row)),
        )
    return gathered.values()


def _event(row: Row[Any]) -> ConsentEvent:
    return ConsentEvent(
        kind=EventKind(row.kind),
        at=row.at,
        by=row.by,
        until=row.until,
        notice=None if row.notice is None else Digest(row.notice),
        language=row.language,
        evidence=None if row.evidence is None else Digest(row.evidence),
        role=Role(row.role),
        authority=None if row.authority is None else GuardianId(row.authority),
    )
