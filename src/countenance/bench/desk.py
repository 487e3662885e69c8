"""
How fast the desk answers: buckets of a large collection, the review, and the search box.

The library is rows as an ingest leaves them, of photos that there are not: nothing here looks at a
picture.
"""

import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from sqlalchemy import Connection, insert

from countenance.bench.search import Spread
from countenance.catalog import collections, people, sources, words
from countenance.catalog.buckets import SIZE
from countenance.catalog.photos import moment_of
from countenance.catalog.tables import face, item, photo, sighting
from countenance.core.ids import CollectionId, GrantId, KeyId, PersonId, SourceId, new_id
from countenance.errors import UsageError
from countenance.library import Library
from countenance.people.consent import ConsentEvent, EventKind
from countenance.people.purpose import Purpose, Wish
from countenance.settings import MAX_SEARCHES, load_settings
from countenance.sources.grant import Grant
from countenance.sources.source import Source, SourceKind

COLLECTION = "bench"
PEOPLE = 50

_BEGIN = datetime(2026, 5, 1, 8, tzinfo=UTC)
_RATIOS = ((6000, 4000), (4000, 6000), (4000, 3000), (1920, 1080))
_WORDS = ("start", "finish", "prize", "rain", "crowd", "bridge", "forest", "night")
_PART = 5000  # rows in one statement
_SIGHTED = 20
"""Every so manieth photo shows somebody who enrolled, whom nobody is sure of."""


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """What was measured: milliseconds of each question, asked so many times."""

    photos: int
    runs: int
    buckets: int
    times: dict[str, Spread]

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        yield f"{self.photos:,} photos in {self.buckets:,} buckets, {self.runs} times each"
        wide = max(map(len, self.times))
        for what, spread in self.times.items():
            least_and_most = f"{spread.least:.1f} to {spread.most:.1f}"
            yield f"  {what:{wide}}  {spread.median:7.1f} ms ({least_and_most})"


def bench_desk(count: int = 100_000, *, runs: int = 9) -> DeskFigures:
    """
    Ask each question `runs` times of a collection of `count` photos.

    Raises `UsageError` if one of them is below 1.
    """
    if min(count, runs) < 1:
        raise UsageError("bench: photos and runs must be 1 or more")
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as below:
        root = Path(below) / "library"
        given: dict[str, str | int] = {
            "actor": "bench",
            "searches_per_account": MAX_SEARCHES,
            "searches_per_library": MAX_SEARCHES,
        }
        settings = load_settings(root, environment={}, given=given)
        with Library.init(root, settings) as library:
            fill(library, count)
            return _measured(library, count, runs)


def fill(library: Library, count: int) -> None:
    """Fill an empty library with `count` photos in one collection, and `PEOPLE` in them."""
    at = library.now()
    with library._database.write() as tx:  # noqa: SLF001  rows are made where no ingest is
        where = collections.add(tx, COLLECTION, at=at)
        rule = collections.Collection(
            where.id, where.name, recognition=True, ground="bench", minors=False
        )
        collections.set_rule(tx, rule, at=at)
        source = _add_source(tx, where.id, at=at)
        who = [_enrol(tx, number, at=at) for number in range(PEOPLE)]
        for begin in range(0, count, _PART):
            _add_photos(tx, source, range(begin, min(count, begin + _PART)), who, at=at)
        words.rebuild(tx)


# --------------------------------------------------------------------------------------------


def _measured(library: Library, count: int, runs: int) -> DeskFigures:
    outline = library.outline(COLLECTION)
    middle, last = outline[len(outline) // 2].first, outline[-1].first
    questions: dict[str, Callable[[], object]] = {
        "outline of the collection": lambda: library.outline(COLLECTION),
        "first bucket": lambda: library.bucket(COLLECTION),
        "bucket in the middle": lambda: library.bucket(COLLECTION, middle),
        "last bucket": lambda: library.bucket(COLLECTION, last),
        "one question of the review": library.questions,
        "calibration": library.calibrate,
        "box: a name": lambda: library.look("Person 7"),
        "box: words": lambda: library.look("finish rain"),
        "box: a name, a word, a day": lambda: library.look("Person 7 rain 2026-05-02"),
        "box: a day": lambda: library.look("2026-05-02"),
    }
    times = {
        what: _spread([_milliseconds(ask) for _ in range(runs)]) for what, ask in questions.items()
    }
    return DeskFigures(count, runs, -(-count // SIZE), times)


def _add_source(tx: Connection, where: CollectionId, *, at: datetime) -> Source:
    source = Source(SourceId(new_id("d")), SourceKind.FOLDER, "/bench", where, at)
    grant = Grant(GrantId(new_id("g")), source.id, "bench", at, at + timedelta(days=1))
    sources.add(tx, source, grant)
    return source


def _enrol(tx: Connection, number: int, *, at: datetime) -> PersonId:
    """Without a reference: nothing is recognised here."""
    made = people.add(tx, f"Person {number}", KeyId(new_id("k")), at=at)
    given = ConsentEvent(EventKind.GIVEN, at, "bench", until=at + timedelta(days=1))
    people.add_event(tx, made.id, Wish(Purpose.STAFF_FIND), given)
    return made.id


def _add_photos(
    tx: Connection, source: Source, numbers: range, who: list[PersonId], *, at: datetime
) -> None:
    random = Random(numbers.start)  # noqa: S311  which words stand under which photo
    photos, items, faces, seen = [], [], [], []
    for number in numbers:
        width, height = random.choice(_RATIOS)
        taken = (_BEGIN + timedelta(seconds=number * 5)).isoformat()[:19]
        which = new_id("i")
        photos.append(
            {
                "id": which,
                "source_id": source.id,
                "collection_id": source.collection,
                "digest": secrets.token_hex(32),
                "width": width,
                "height": height,
                "pack": "bench",
                "compared_with": 0,
                "added_at": at,
                "taken_at": taken,
                "moment": moment_of(taken, at),
                "caption": " ".join(random.sample(_WORDS, 2)),
            }
        )
        items.append(
            {
                "source_id": source.id,
                "locator": f"{number // 1000}/{number}.jpg",
                "stamp": f"{number}",
                "state": "done",
                "attempts": 1,
                "photo_id": which,
                "changed_at": at,
            }
        )
        if number % _SIGHTED == 0:
            own = new_id("f")
            faces.append(
                {
                    "id": own,
                    "photo_id": which,
                    "x1": 10.0,
                    "y1": 10.0,
                    "x2": 110.0,
                    "y2": 140.0,
                    "points": [[0, 0]] * 5,
                }
            )
            seen.append(
                {
                    "id": new_id("s"),
                    "photo_id": which,
                    "face_id": own,
                    "person_id": who[number // _SIGHTED % len(who)],
                    "band": random.choice(("likely", "unsure")),
                    "state": "candidate",
                    "made_at": at,
                    "in_film": False,
                }
            )
    for table, rows in ((photo, photos), (item, items), (face, faces), (sighting, seen)):
        if rows:
            tx.execute(insert(table), rows)


def _milliseconds(ask: Callable[[], object]) -> float:
    begun = perf_counter()
    ask()
    return (perf_counter() - begun) * 1000


def _spread(figures: list[float]) -> Spread:
    return Spread(min(figures), median(figures), max(figures))
