"""
Holders: every place that can hold data of a person, or pictures of a source.

Each is asked three things of a case. What it holds, in the very bytes that stand on the disk, so
that a scan can find them; to purge it; and afterwards, read again, how much of it is still there.
To hide is not theirs: what a case names is hidden by the consent that ended, or the grant.

A table or a folder that holds such data and has no holder here fails a test.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    func,
    or_,
    select,
)

from countenance.catalog import copies, evidence, people, photos, uploads, words
from countenance.catalog.database import kind_of
from countenance.catalog.erasures import Erasure
from countenance.catalog.stores import Stores
from countenance.catalog.tables import (
    account,
    account_ward,
    claim,
    face,
    guardian,
    item,
    link,
    objection,
    page,
    person,
    photo,
    reference,
    roster,
    sighting,
    step,
    step_sighting,
    telling,
    upload,
)
from countenance.catalog.tables import evidence as evidence_table
from countenance.catalog.telling import TellingState
from countenance.core.ids import CopyId
from countenance.errors import NotFound, Unavailable, VerificationError
from countenance.vault.scan import needles_of
from countenance.vault.seal import HEAD_BYTES

_NEEDLES = 5
"""Pieces of one object of bytes. One is not enough: the border of a page may cut it."""

_PICTURE_HEADER = 700
"""Bytes at the beginning of a preview that are alike in all of them."""

Pieces = tuple[str, tuple[bytes, ...]]
"""An object, by its kind and id, and the pieces of it to look for."""

_Which = Callable[[Erasure], ColumnElement[bool] | None]
"""The condition on a table's rows for a case, or nothing where the case does not touch them."""


class Holder(Protocol):
    """
    A place that can hold what is to go.

    Each method may be called again after a crash, and then does no harm.
    """

    @property
    def name(self) -> str:
        """What it holds, in the plural, as a receipt says it."""

    def pieces(self, tx: Connection, stores: Stores, case: Erasure) -> Iterator[Pieces]:
        """What it holds of the case, object by object, as it stands on the disk."""

    def purge(self, tx: Connection, case: Erasure) -> list[CopyId]:
        """Remove the rows. Gives the copies whose bytes are to be removed after the commit."""

    def holds(self, tx: Connection, stores: Stores, case: Erasure) -> int:
        """How much of it is there, read from the storage itself."""


@dataclass(frozen=True, slots=True)
class RowsHolder:
    """
    Rows of one table.

    `which` gives the condition for a case, or nothing where the case does not touch them. `texts`
    are columns that stand side by side in a row as it is stored, so that they are found together as
    the database keeps them; `data` is a column of bytes. `erase` empties the rows where they are
    not deleted.
    """

    name: str
    table: Table
    which: _Which
    texts: tuple[Column[Any], ...] = ()
    data: Column[Any] | None = None
    erase: Callable[[Connection, Erasure], None] | None = None

    def pieces(self, tx: Connection, stores: Stores, case: Erasure) -> Iterator[Pieces]:
        """The columns that stand side by side, as one text; or the bytes, in pieces."""
        del stores
        for row in self._rows(tx, case, *self.texts, *([] if self.data is None else [self.data])):
            if self.data is not None:
                yield from _object(f"{self.name} {row[0]}", row[-1], skip=HEAD_BYTES)
            else:
                text = kind_of(tx.dialect.name).as_stored(row)
                yield f"{self.name} {text.hex()}", (text,)

    def purge(self, tx: Connection, case: Erasure) -> list[CopyId]:
        condition = self.which(case)
        if condition is not None and self.erase is not None:
            self.erase(tx, case)
        elif condition is not None:
            tx.execute(delete(self.table).where(condition))
        return []

    def holds(self, tx: Connection, stores: Stores, case: Erasure) -> int:
        del stores
        condition = self.which(case)
        if condition is None:
            return 0
        query = select(func.count()).select_from(self.table).where(condition)
        return int(tx.execute(query).scalar_one())

    def _rows(self, tx: Connection, case: Erasure, *columns: Column[Any]) -> Iterable[Any]:
        condition = self.which(case)
        return () if condition is None else tx.execute(select(*columns).where(condition))


@dataclass(frozen=True, slots=True)
class CopiesHolder:
    """
    Files of the vault, with their rows in the copy ledger.

    `which` selects the ids of a case's copies, or gives nothing; `release` takes their rows back to
    intentions and gives their ids.
    """

    name: str
    which: Callable[[Erasure], Select[Any] | None]
    release: Callable[[Connection, Erasure], list[CopyId]]
    skip: int

    def pieces(self, tx: Connection, stores: Stores, case: Erasure) -> Iterator[Pieces]:
        """The files, in pieces; one that is missing or damaged is passed over."""
        for which in self.ids(tx, case):
            try:
                held = copies.get(tx, which)
                data = stores.blobs.read(which, expected=held.digest)
            except (NotFound, VerificationError, Unavailable):
                continue  # what is not there cannot be looked for
            yield from _object(f"{self.name} {which}", data, skip=self.skip)

    def purge(self, tx: Connection, case: Erasure) -> list[CopyId]:
        return [] if self.which(case) is None else self.release(tx, case)

    def holds(self, tx: Connection, stores: Stores, case: Erasure) -> int:
        there = frozenset(stores.blobs.ids()) if case.copies else frozenset()
        return len(there.intersection(case.copies)) + len(self.ids(tx, case))

    def ids(self, tx: Connection, case: Erasure) -> list[CopyId]:
        """The copies of the case whose rows lead to it yet."""
        query = self.which(case)
        return [] if query is None else [CopyId(one) for one in tx.execute(query).scalars()]


@dataclass(frozen=True, slots=True)
class WordsHolder:
    """
    The full text over what the sources say of their pictures.

    A caption may stand under many pictures, of which others stay; so what is looked for is how the
    row begins, which is the photo's id and what follows it. Of one photo the rows went when it was
    hidden. The index is merged after a purge, for
    it would keep the words of what was deleted. A word by itself the scan cannot know: in the index
    it is cut where the word before it begins alike.
    """

    name: str

    def pieces(self, tx: Connection, stores: Stores, case: Erasure) -> Iterator[Pieces]:
        """How the row of each place begins."""
        del stores
        for which, beginning in words.beginnings(tx, self._places(case)):
            yield f"{self.name} {which}", (beginning,)

    def purge(self, tx: Connection, case: Erasure) -> list[CopyId]:
        if case.of_pictures:
            words.remove_all(tx, self._places(case))
            words.forget_deleted(tx)
        return []

    def holds(self, tx: Connection, stores: Stores, case: Erasure) -> int:
        del stores
        if not case.of_pictures:
            return 0
        return sum(1 for _ in words.beginnings(tx, self._places(case))) + words.strays(tx)

    def _places(self, case: Erasure) -> Select[Any]:
        return select(item.c.id).where(item.c.source_id == case.source)


# --------------------------------------------------------------------------------------------


def _object(name: str, data: bytes, *, skip: int) -> Iterator[Pieces]:
    pieces = needles_of(data, count=_NEEDLES, skip=skip)
    if pieces:  # too short, or of one byte only: nothing that a scan could tell from anything else
        yield name, pieces


def _whole(condition: Callable[[str], ColumnElement[bool]]) -> _Which:
    """Of a case in which the person goes altogether."""
    return lambda case: condition(case.person) if case.whole and case.person else None


def _of_source(condition: Callable[[str], ColumnElement[bool]]) -> _Which:
    """Of a case about a source. The places of one photo stay: its source lists them again."""
    return lambda case: condition(case.source) if case.source else None


def _of_pictures(condition: Callable[[Erasure], ColumnElement[bool]]) -> _Which:
    """Of a case about a source, or about one photo."""
    return lambda case: condition(case) if case.of_pictures else None


def _photos(case: Erasure) -> ColumnElement[bool]:
    return photos.belonging(case.source, case.photo)


def _uploads(case: Erasure) -> ColumnElement[bool]:
    return uploads.belonging(case.source, case.photo)


def _references(case: Erasure) -> ColumnElement[bool] | None:
    return reference.c.id.in_(case.progress.references) if case.progress.references else None


def _sightings(case: Erasure) -> ColumnElement[bool] | None:
    """Those made until the case was opened: who agrees anew is found anew."""
    if case.of_pictures:
        return _in_photos_of(sighting.c.photo_id, case)
    if not case.progress.sightings:
        return None
    return and_(sighting.c.person_id == case.person, sighting.c.made_at <= case.opened_at)


def _tellings(case: Erasure) -> ColumnElement[bool] | None:
    """Where somebody is told of new pictures: theirs if they go, else if its consent ended."""
    if case.person is None:
        return None
    own = telling.c.person_id == case.person
    return own if case.whole else own & (telling.c.state == TellingState.OVER)


def _step_sightings(case: Erasure) -> ColumnElement[bool] | None:
    """What a step would bring back: whenever sightings go, and of the photos that go."""
    if case.of_pictures:
        return _in_photos_of(step_sighting.c.photo_id, case)
    if not (case.whole or case.progress.sightings):
        return None
    return and_(step_sighting.c.person_id == case.person, step_sighting.c.made_at <= case.opened_at)


def _in_photos_of(column: Column[Any], case: Erasure) -> ColumnElement[bool]:
    """In a photo of the case, or in one that is not there: nothing outlives its photo."""
    own = select(photo.c.id).where(_photos(case))
    return or_(column.in_(own), column.not_in(select(photo.c.id)))


def _erase_person(tx: Connection, case: Erasure) -> None:
    if case.person is not None:
        people.erase(tx, case.person)


def _accounts(who: str) -> ColumnElement[bool]:
    """Their own, and of those who speak for them and for nobody else; with all that is theirs."""
    ward = account_ward.c.person_id
    theirs = select(account_ward.c.account_id).where(ward == who)
    others = select(account_ward.c.account_id).where(ward != who)
    alone = and_(account.c.id.in_(theirs), account.c.id.not_in(others))
    return or_(account.c.person_id == who, and_(alone, account.c.person_id.is_(None)))


def _evidence_copies(case: Erasure) -> Select[Any] | None:
    if not case.whole:
        return None
    return select(evidence_table.c.copy_id).where(evidence_table.c.person_id == case.person)


def _previews(case: Erasure) -> Select[Any] | None:
    if not case.of_pictures:
        return None
    return select(photo.c.preview_id).where(_photos(case), photo.c.preview_id.is_not(None))


def _originals(case: Erasure) -> Select[Any] | None:
    if not case.of_pictures:
        return None
    return select(upload.c.copy_id).where(_uploads(case)).distinct()


def _release_originals(tx: Connection, case: Erasure) -> list[CopyId]:
    return uploads.release(tx, _uploads(case)) if case.of_pictures else []


def _release_evidence(tx: Connection, case: Erasure) -> list[CopyId]:
    return [] if case.person is None else evidence.release(tx, case.person)


def _release_previews(tx: Connection, case: Erasure) -> list[CopyId]:
    return photos.release_previews(tx, _photos(case)) if case.of_pictures else []


HOLDERS: tuple[Holder, ...] = (
    RowsHolder("references", reference, _references, (reference.c.id,), reference.c.sealed),
    RowsHolder("sightings", sighting, _sightings, (sighting.c.face_id, sighting.c.person_id)),
    RowsHolder(
        "steps-with-sightings",
        step_sighting,
        _step_sightings,
        (step_sighting.c.photo_id, step_sighting.c.face_id, step_sighting.c.person_id),
    ),
    RowsHolder(
        "steps",
        step,
        _whole(lambda who: or_(step.c.person_id == who, step.c.other_id == who)),
        (step.c.person_id, step.c.other_id, step.c.sighting_id, step.c.why),
    ),
    CopiesHolder("evidence-files", _evidence_copies, _release_evidence, skip=HEAD_BYTES),
    RowsHolder(
        "evidence",
        evidence_table,
        _whole(lambda who: evidence_table.c.person_id == who),
        (evidence_table.c.copy_id, evidence_table.c.person_id, evidence_table.c.digest),
    ),
    RowsHolder(
        "objections",
        objection,
        _whole(lambda who: objection.c.person_id == who),
        (objection.c.id, objection.c.person_id, objection.c.by),
    ),
    RowsHolder(
        "guardians",
        guardian,
        _whole(lambda who: guardian.c.person_id == who),
        (guardian.c.id, guardian.c.person_id, guardian.c.name),
    ),
    RowsHolder(
        "roster-entries",
        roster,
        _whole(lambda who: roster.c.person_id == who),
        (roster.c.collection_id, roster.c.person_id),
    ),
    RowsHolder(
        "accounts",
        account,
        _whole(_accounts),
        (account.c.id, account.c.login, account.c.name),
    ),
    RowsHolder(
        "wards",
        account_ward,
        _whole(lambda who: account_ward.c.person_id == who),
        (account_ward.c.account_id, account_ward.c.person_id),
    ),
    RowsHolder(
        "links",
        link,
        _whole(lambda who: link.c.person_id == who),
        (link.c.id, link.c.person_id, link.c.digest),
    ),
    RowsHolder("tellings", telling, _tellings, (telling.c.person_id,), telling.c.sealed),
    RowsHolder(
        "claims",
        claim,
        _whole(lambda who: claim.c.person_id == who),
        (claim.c.id, claim.c.person_id),
    ),
    RowsHolder(
        "names",
        person,
        _whole(lambda who: and_(person.c.id == who, person.c.name != "")),
        (person.c.id, person.c.name),
        erase=_erase_person,
    ),
    RowsHolder(
        "faces",
        face,
        _of_pictures(lambda case: _in_photos_of(face.c.photo_id, case)),
        (face.c.id, face.c.photo_id),
    ),
    WordsHolder("words"),
    RowsHolder(
        "pages",
        page,
        _of_pictures(lambda case: page.c.source_id == case.source),
        (page.c.source_id, page.c.url),
    ),
    RowsHolder(
        "places",
        item,
        _of_source(lambda source: item.c.source_id == source),
        (item.c.source_id, item.c.locator, item.c.stamp),
    ),
    CopiesHolder("originals", _originals, _release_originals, skip=_PICTURE_HEADER),
    RowsHolder(
        "uploads",
        upload,
        _of_pictures(_uploads),
        (upload.c.source_id, upload.c.locator, upload.c.copy_id),
    ),
    CopiesHolder("previews", _previews, _release_previews, skip=_PICTURE_HEADER),
    RowsHolder(
        "photos",
        photo,
        _of_pictures(_photos),
        (photo.c.id, photo.c.source_id, photo.c.digest),
    ),
)
"""In the order in which they are purged: what refers to another goes before it."""


def staying(tx: Connection, case: Erasure) -> frozenset[str]:
    """
    The names of the vault's files that the case leaves where they are.

    Those among them that another case is about to remove stand there until it has.
    """
    going = {
        which for one in HOLDERS if isinstance(one, CopiesHolder) for which in one.ids(tx, case)
    }
    return frozenset(copies.ids(tx)) - going


def tables_of(case: Erasure) -> tuple[str, ...]:
    """The names of the tables that a case has taken rows from."""
    own = {
        one.table.name
        for one in HOLDERS
        if isinstance(one, RowsHolder) and one.name in case.progress.gone
    }
    # What refers to a photo goes with it, wherever it is, and so do the words of its places.
    with_photos = {"sighting", "share_photo", words.TABLES} if case.of_pictures else set()
    return tuple(sorted(own | with_photos))
