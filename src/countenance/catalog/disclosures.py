"""
Disclosures: which photo was given to whom, who was shown in it, and on which consents.

They stay when the photo and the people are gone: a recall must know what there is to recall.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from countenance.catalog.tables import disclosed_person, disclosure
from countenance.core.canonical import Digest
from countenance.core.ids import ConsentId, DisclosureId, PersonId, PhotoId, RecipientId, SourceId
from countenance.errors import NotFound
from countenance.people.purpose import Purpose, Wish


@dataclass(frozen=True, slots=True)
class FaceSaid:
    """
    What was said of one face when a photo was given out: the verdict and its ground, by their
    words, and whether it is `seen` in what was given. Of nobody by id, so that it may stay.

    `face` is the stored face's id, or the name that the check gave to what the search passed over.
    """

    face: str
    verdict: str
    ground: str
    seen: bool


@dataclass(frozen=True, slots=True)
class Disclosure:
    """
    One photo, given to one recipient, to be shown in one channel; of none, a person showed it by a
    link of their own.

    `file` is the digest of the file that was made of it, if one was, and `covers` how many covers
    are in that. `uncovered` are the faces from which a person took the cover by hand, by id, each
    with their reason. `faces` says what was said of each; of what was restored it is not known.
    """

    id: DisclosureId
    recipient: RecipientId
    photo: PhotoId
    source: SourceId
    channel: str
    at: datetime
    file: Digest | None = None
    covers: int = 0
    uncovered: Mapping[str, str] = field(default_factory=dict)
    faces: tuple[FaceSaid, ...] = ()

    @property
    def wish(self) -> Wish:
        """What the consents that it rests on are for."""
        return wish_for(self.channel)


def wish_for(channel: str) -> Wish:
    """What whoever is shown in a channel agrees to. Without one they show what they find."""
    return Wish(Purpose.MAY_PUBLISH, channel) if channel else Wish(Purpose.FIND_ME)


def add(tx: Connection, new: Disclosure, shown: Mapping[PersonId, ConsentId]) -> None:
    """Store a disclosure, with each person `shown` in it and the consent that permits that."""
    tx.execute(
        insert(disclosure).values(
            id=new.id,
            recipient_id=new.recipient,
            photo_id=new.photo,
            source_id=new.source,
            channel=new.channel,
            at=new.at,
            file=new.file,
            covers=new.covers,
            uncovered=dict(new.uncovered),
            faces=[asdict(one) for one in new.faces],
        )
    )
    rows = [
        {"disclosure_id": new.id, "person_id": who, "consent_id": consent}
        for who, consent in shown.items()
    ]
    if rows:
        tx.execute(insert(disclosed_person), rows)


def list_all(
    tx: Connection, *, to: RecipientId | None = None, which: Collection[str] | None = None
) -> list[Disclosure]:
    """The disclosures to one recipient (else all), of the ids `which` (else any), oldest first."""
    query = select(disclosure).order_by(disclosure.c.at, disclosure.c.id)
    if to is not None:
        query = query.where(disclosure.c.recipient_id == to)
    if which is not None:
        query = query.where(disclosure.c.id.in_(which))
    return [_read(row) for row in tx.execute(query)]


def get(tx: Connection, which: str) -> Disclosure:
    """The disclosure of this id. Raises `NotFound` if there is none."""
    row = tx.execute(select(disclosure).where(disclosure.c.id == which)).first()
    if row is None:
        raise NotFound(f"{which}: nothing was given under this id")
    return _read(row)


def shown_in(tx: Connection, which: str) -> dict[PersonId, ConsentId]:
    """Whom the disclosure of this id shows, each on which consent."""
    columns = (disclosed_person.c.person_id, disclosed_person.c.consent_id)
    found = tx.execute(select(*columns).where(disclosed_person.c.disclosure_id == which))
    return {PersonId(row.person_id): ConsentId(row.consent_id) for row in found}


def of_file(tx: Connection, file: Digest) -> Disclosure | None:
    """The disclosure as which this very file was given out, if it was."""
    row = tx.execute(select(disclosure).where(disclosure.c.file == file)).first()
    return None if row is None else _read(row)


def showing(
    tx: Connection, person: PersonId, *, channels: Collection[str] | None
) -> list[DisclosureId]:
    """What was given to anybody that shows a person, in `channels` or, of nothing, in any."""
    query = (
        select(disclosure.c.id)
        .join(disclosed_person, disclosed_person.c.disclosure_id == disclosure.c.id)
        .where(disclosed_person.c.person_id == person)
        .order_by(disclosure.c.at, disclosure.c.id)
    )
    if channels is not None:
        query = query.where(disclosure.c.channel.in_(channels))
    return [DisclosureId(which) for which in tx.execute(query).scalars()]


def resting_on(tx: Connection, consents: Collection[str]) -> list[DisclosureId]:
    """What was given to anybody on one of `consents`."""
    given = select(disclosed_person.c.disclosure_id)
    query = (
        select(disclosure.c.id)
        .where(disclosure.c.id.in_(given.where(disclosed_person.c.consent_id.in_(consents))))
        .order_by(disclosure.c.at, disclosure.c.id)
    )
    return [DisclosureId(which) for which in tx.execute(query).scalars()]


def of_source(tx: Connection, source: SourceId) -> list[DisclosureId]:
    """What was given to anybody of the photos of one source."""
    query = (
        select(disclosure.c.id)
        .where(disclosure.c.source_id == source)
        .order_by(disclosure.c.at, disclosure.c.id)
    )
    return [DisclosureId(which) for which in tx.execute(query).scalars()]


def of_photo(tx: Connection, photo: PhotoId) -> list[DisclosureId]:
    """What was given to anybody of one photo."""
    query = (
        select(disclosure.c.id)
        .where(disclosure.c.photo_id == photo)
        .order_by(disclosure.c.at, disclosure.c.id)
    )
    return [DisclosureId(which) for which in tx.execute(query).scalars()]


# --------------------------------------------------------------------------------------------


def _read(row: Row[Any]) -> Disclosure:
    return Disclosure(
        id=DisclosureId(row.id),
        recipient=RecipientId(row.recipient_id),
        photo=PhotoId(row.photo_id),
        source=SourceId(row.source_id),
        channel=row.channel,
        at=row.at,
        file=None if row.file is None else Digest(row.file),
        covers=row.covers,
        uncovered=row.uncovered,
        faces=tuple(FaceSaid(**one) for one in row.faces),
    )
