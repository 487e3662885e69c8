"""
How long a withdrawal takes: until nobody is found by it, and until its bytes are seen to be gone.

The library is made of rows and files as an ingest leaves them: previews of random bytes as large as
those of photos from a camera, faces, and sightings of a few people. Nothing is recognised: a
withdrawal does not look at pictures.
"""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from sqlalchemy import Connection, insert

from countenance.bench.search import Spread
from countenance.catalog import collections, copies, people, photos, sources
from countenance.catalog.database import Database
from countenance.catalog.photos import NewPhoto, new_face
from countenance.catalog.references import OwnTemplates, seal_templates
from countenance.catalog.sightings import SightingState
from countenance.catalog.stores import Stores
from countenance.catalog.tables import item, sighting
from countenance.core.canonical import digest
from countenance.core.clock import SystemClock
from countenance.core.ids import FaceId, GrantId, PersonId, PhotoId, SourceId, new_id
from countenance.erasure.case import Ground, carry_on
from countenance.erasure.scanner import Scanner, ScannerApart
from countenance.erasure.withdraw import withdraw
from countenance.errors import Error, UsageError
from countenance.gallery.bands import Band
from countenance.people.consent import Consent, ConsentEvent, EventKind
from countenance.people.purpose import Purpose, Wish
from countenance.search.asker import Asker
from countenance.search.find import find
from countenance.sources.grant import Grant
from countenance.sources.source import Source, SourceKind
from countenance.vault.blobs import BlobStore
from countenance.vault.keys import KeyStore
from countenance.vault.layout import LibraryLayout
from countenance.vault.ledger import CopyKind

PREVIEW_BYTES = 300_000
"""Of a preview 2048 pixels wide, of a photo with much in it."""

FACES_A_PHOTO = 3
SIGHTINGS_A_PERSON = 200
_DIMENSIONS = 128
_PART = 500  # photos stored in one transaction


@dataclass(frozen=True, slots=True)
class WithdrawalFigures:
    """
    What was measured, in so many withdrawals from a library of so many photos and bytes.

    `invisible` is milliseconds from the call until a search has answered that there is nobody,
    `gone` seconds from there until the scan has found nothing.
    """

    photos: int
    bytes: int
    withdrawals: int
    invisible: Spread
    gone: Spread

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        yield (
            f"{self.photos:,} photos, {self.bytes / 1e6:,.0f} MB, {self.withdrawals} withdrawals"
        )
        yield f"  until nobody is found    {_in_words(self.invisible, 'ms')}"
        yield f"  until the bytes are gone {_in_words(self.gone, 's')}"


def bench_withdrawal(count: int = 10_000, *, withdrawals: int = 5) -> WithdrawalFigures:
    """
    Measure `withdrawals`, one after the other, from a library of `count` photos.

    Raises `UsageError` if one of them is below 1, and `Error` if somebody is found afterwards.
    """
    if count < 1 or withdrawals < 1:
        raise UsageError("expected at least one photo and one withdrawal")
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as below:
        root = Path(below) / "library"
        stores, folders = _make(root)
        who = _fill(stores, count, withdrawals)
        stores.database.forget_deleted_bytes()
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        with closing(ScannerApart()) as scanner:
            times = [_withdraw(stores, folders, one, scanner) for one in who]
        stores.database.close()
    return WithdrawalFigures(
        count,
        size,
        withdrawals,
        _spread([invisible * 1000 for invisible, _ in times]),
        _spread([gone for _, gone in times]),
    )


# --------------------------------------------------------------------------------------------


def _withdraw(
    stores: Stores, folders: tuple[Path, ...], who: PersonId, scanner: Scanner
) -> tuple[float, float]:
    asker = Asker("bench", Purpose.FIND_ME)
    if len(find(who, asker, stores=stores).sightings) == 0:
        raise Error(f"{who} is found nowhere: the bench is broken")
    begun = perf_counter()
    done = withdraw(who, None, actor="bench", stores=stores)
    if find(who, asker, stores=stores).sightings:
        raise Error(f"{who} is still found after the withdrawal")
    invisible = perf_counter()
    carry_on(done.erasure, Ground(stores, folders, nullcontext, scanner, lambda *_: None))
    return invisible - begun, perf_counter() - invisible


def _make(root: Path) -> tuple[Stores, tuple[Path, ...]]:
    layout = LibraryLayout(root)
    layout.create()
    keys = root.with_name("keys")
    keys.mkdir(mode=0o700)
    database = Database.of_library(layout.catalog)
    database.create(new_id("l"), at=datetime.now(UTC))
    return Stores(database, KeyStore(keys), BlobStore(layout.vault), SystemClock()), (root, keys)


def _fill(stores: Stores, count: int, withdrawals: int) -> list[PersonId]:
    with stores.database.write() as tx:
        at = stores.now(tx)
        source = _add_source(tx, at=at)
        who = [_enrol(tx, stores, number, at=at) for number in range(withdrawals)]
    made: list[tuple[PhotoId, FaceId]] = []
    for start in range(0, count, _PART):
        with stores.database.write() as tx:
            made += [
                _add_photo(tx, stores, source, number, at=at)
                for number in range(start, min(count, start + _PART))
            ]
    with stores.database.write() as tx:
        for place, person in enumerate(who):
            _see(tx, person, made[place::withdrawals][:SIGHTINGS_A_PERSON], at=at)
    return who


def _add_source(tx: Connection, *, at: datetime) -> Source:
    where = collections.add(tx, "bench", at=at)
    source = Source(SourceId(new_id("d")), SourceKind.FOLDER, "/bench", where.id, at)
    until = at + timedelta(days=1)
    sources.add(tx, source, Grant(GrantId(new_id("g")), source.id, "bench", at, until))
    collections.set_rule(
        tx,
        collections.Collection(
            where.id, where.name, recognition=True, ground="bench", minors=False
        ),
        at=at,
    )
    return source


def _enrol(tx: Connection, stores: Stores, number: int, *, at: datetime) -> PersonId:
    person = people.add(tx, f"Person {number}", stores.keys.create(), at=at)
    given = ConsentEvent(EventKind.GIVEN, at, "bench", until=at + timedelta(days=1))
    wish = Wish(Purpose.FIND_ME)
    consent = Consent(people.add_event(tx, person.id, wish, given), person.id, wish, (given,))
    vectors = np.random.default_rng(number).standard_normal((3, _DIMENSIONS)).astype(np.float32)
    own = OwnTemplates(vectors, "bench", weak=False)
    sealed = seal_templates(tx, stores.keys, person.key, consent, own)
    people.add_reference(tx, sealed, at=at)
    return person.id


def _add_photo(
    tx: Connection, stores: Stores, source: Source, number: int, *, at: datetime
) -> tuple[PhotoId, FaceId]:
    data = secrets.token_bytes(PREVIEW_BYTES)
    preview = copies.intend(tx, CopyKind.PREVIEW, at=at)
    stores.blobs.write(preview, data, durable=False)
    copies.confirm(tx, preview, digest=digest(data), size=len(data))
    points = tuple((float(x), float(x)) for x in range(5))
    faces = tuple(
        new_face((10.0 + place, 20.0, 110.0 + place, 150.0), points)
        for place in range(FACES_A_PHOTO)
    )
    new = NewPhoto(source.id, digest(data[:32]), 4000, 3000, "bench", preview, faces)
    photo = photos.add(tx, new, compared_with=1, at=at)
    tx.execute(
        insert(item).values(
            source_id=source.id,
            locator=f"{number // 1000}/{number}.jpg",
            stamp=f"{number}",
            state="done",
            attempts=1,
            photo_id=photo,
            changed_at=at,
        )
    )
    return photo, faces[0].id


def _see(
    tx: Connection, who: PersonId, where: list[tuple[PhotoId, FaceId]], *, at: datetime
) -> None:
    rows = [
        {
            "id": new_id("s"),
            "photo_id": photo,
            "face_id": face,
            "person_id": who,
            "band": Band.SURE,
            "state": SightingState.CANDIDATE,
            "made_at": at,
        }
        for photo, face in where
    ]
    tx.execute(insert(sighting), rows)


def _spread(values: list[float]) -> Spread:
    return Spread(min(values), median(values), max(values))


def _in_words(spread: Spread, unit: str) -> str:
    return f"{spread.median:.1f} {unit} ({spread.least:.1f} to {spread.most:.1f})"
