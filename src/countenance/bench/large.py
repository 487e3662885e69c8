"""
A library as large as an archive's: photos, faces, words, people, sightings, sources, publications
and a log, as years of use leave them. All of it is rows made by a generator, and of nobody.

It is kept in a folder and made once, so that one can measure it again and again. Files are made
where a page looks at them: a preview for each photo, which are a few drawn pictures under many
names, and the key of each person. No template is made, for nothing is recognised here.
"""

import itertools
import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
from sqlalchemy import Connection, Table, insert

from countenance.audit.entry import Act, Entry
from countenance.audit.statement import Level, Statement, Trigger
from countenance.bench.load import _key
from countenance.bench.many import PICTURES, Copies, draw
from countenance.catalog import (
    assessments,
    collections,
    erasures,
    jobs,
    log,
    people,
    receipts,
    shelves,
    sources,
    words,
)
from countenance.catalog.erasures import Stage, Wanted
from countenance.catalog.jobs import JobKind
from countenance.catalog.photos import moment_of
from countenance.catalog.tables import (
    claim,
    consent,
    consent_event,
    copy,
    demand,
    disclosed_person,
    disclosure,
    erasure,
    face,
    item,
    person,
    photo,
    recipient,
    roster,
    sighting,
    step,
    step_sighting,
)
from countenance.core.canonical import digest
from countenance.core.ids import CopyId, GrantId, PersonId, SourceId, new_id
from countenance.errors import UsageError
from countenance.library import Library
from countenance.settings import MAX_SEARCHES, SETTINGS_FILE, load_settings
from countenance.sources.grant import Grant
from countenance.sources.source import Source, SourceKind
from countenance.vault.ledger import CopyKind

LEAST = 1000
"""Photos."""

LARGEST = "archive"
"""The collection that nearly all of the photos are in."""

MADE = "made.json"
"""Beside the library, written last: how many photos it was made with."""

FACES = 3.0
"""In a photo, on the average."""

_PART = 20_000  # photos made at a time
_BEGIN = datetime(2020, 3, 1, 8, tzinfo=UTC)
_YEARS = 6
_DAY = 86_400  # seconds
_ALPHABET = np.frombuffer(b"0123456789abcdefghjkmnpqrstvwxyz", dtype="S1")
_RATIOS = ((6000, 4000), (4000, 6000), (4000, 3000), (3000, 4000), (1920, 1080))
_POINTS = "[[40,50],[80,50],[60,75],[45,100],[75,100]]"
_ERASED = 300  # people
_CACHE = "PRAGMA cache_size=-1500000"  # kB: the indexes of millions of rows in random order

_ENROLLED = 0.05
"""Of the faces, those in which the model saw somebody enrolled."""

_BANDS, _BAND_SHARES = ("sure", "likely", "unsure"), (0.6, 0.85)
_STATES, _STATE_SHARES = ("candidate", "confirmed", "rejected"), (0.8, 0.95)
"""Of what the model saw; each up to its share."""

_CHILDREN = 0.05
"""Of the people."""

_UNDATED, _SAID_TWICE, _VANISHED, _NAMED = 0.1, 0.02, 0.01, 0.05
"""Of the photos, those of no date, at two places, gone from their source, with a name in words."""


@dataclass(frozen=True, slots=True)
class Part:
    """A collection: its share of the photos, from so many sources, and its rule."""

    name: str
    share: float
    sources: int
    recognition: bool = True
    minors: bool = False


PARTS = (
    Part(LARGEST, 0.93, 12),
    Part("gala", 0.03, 1),
    Part("school", 0.02, 1, minors=True),
    Part("press", 0.02, 2, recognition=False),
)


def large_library(
    root: Path,
    count: int,
    *,
    who: int = 2000,
    catalog: str = "",
    said: Callable[[str], None] = lambda _: None,
) -> None:
    """
    Make a library of `count` photos and `who` people at `root`, unless it was made there already.

    Its catalog is where `catalog` says, as in the setting of that name, else a file. `said` is told
    how far it is. Raises `UsageError` if a number is too low, or if there is another library.
    """
    if count < LEAST or who < 1:
        raise UsageError(f"bench: {LEAST:,} photos or more, and 1 person or more")
    made = root / MADE
    if made.exists():
        known = json.loads(made.read_text(encoding="utf-8"))["photos"]
        if known != count:
            raise UsageError(f"{root}: there is a library of {known:,} photos, not {count:,}")
        return
    root.mkdir(parents=True, exist_ok=True)
    (root / SETTINGS_FILE).write_text(
        f'actor = "bench"\nsearches_per_account = {MAX_SEARCHES}\n'
        f"searches_per_library = {MAX_SEARCHES}\n",
        encoding="utf-8",
    )
    settings = load_settings(root, environment={}, given={"catalog": catalog} if catalog else None)
    with Library.init(root, settings) as library:
        _fill(library, count, who, said)
        # What a server counts of its tables by itself, in a minute or two.
        library._database.forget_deleted_bytes()  # noqa: SLF001
    made.write_text(json.dumps({"photos": count, "people": who}), encoding="utf-8")


# --------------------------------------------------------------------------------------------------


def _fill(library: Library, count: int, who: int, said: Callable[[str], None]) -> None:
    at = library.now()
    with library._database.write() as tx:  # noqa: SLF001  rows are made where no ingest is
        if tx.dialect.name == "sqlite":
            tx.exec_driver_sql(_CACHE)
        said("people")
        everybody = _people(tx, library, who, at)
        where = [one for part in PARTS for one in _collection(tx, part, everybody, at)]
        making = _Making(library, tx, where, everybody, at)
        for begin in range(0, count, _PART):
            making.add(min(_PART, count - begin))
            said(f"{min(begin + _PART, count):,} of {count:,} photos")
        said("full text")
        words.rebuild(tx)
        shelves.rebuild(tx)
        said("what was done with them")
        making.use(library)


def _ids(prefix: str, count: int) -> list[str]:
    """Ids as `new_id` makes them, many at once, in their order: so their index is written once."""
    random = np.frombuffer(secrets.token_bytes(count * 16), dtype=np.uint8).reshape(count, 16)
    letters = _ALPHABET[random % 32].view("S16").reshape(count)
    return [f"{prefix}_{one.decode()}" for one in np.sort(letters)]


def _put(
    tx: Connection, into: Table, names: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Rows handed to the driver as they are: a tenth of the time."""
    ordered = [one.name for one in into.c if one.name in names]
    places = [names.index(one) for one in ordered]
    listed = [tuple(row[place] for place in places) for row in rows]
    if not listed:
        return
    statement = str(insert(into).values(dict.fromkeys(ordered)).compile(dialect=tx.dialect))
    named = tx.dialect.paramstyle == "pyformat"
    tx.exec_driver_sql(
        statement,
        [dict(zip(ordered, row, strict=True)) for row in listed] if named else listed,
    )


def _people(tx: Connection, library: Library, count: int, at: datetime) -> list[str]:
    """People with a key and one to three consents each, of which some ended."""
    random = Random(3)  # noqa: S311  who agreed to what
    own = library._stores.keys  # noqa: SLF001
    own.create()  # and with it the library's key
    folder, sealing = library.settings.keys_dir, own.library_key.read()
    everybody = _ids("p", count)
    rows, agreed, events = [], [], []
    for number, one in enumerate(everybody):
        since = at - timedelta(days=random.randrange(1, 700))
        band = "child" if random.random() < _CHILDREN else "adult"
        rows.append(
            {"id": one, "name": f"{_GIVEN[number % len(_GIVEN)]} {_family(number)}"}
            | {"key_id": _key(folder, sealing)[0], "enrolled_at": since, "age_band": band}
        )
        for purpose, share in (("staff-find", 0.9), ("find-me", 0.7), ("may-publish", 0.4)):
            if random.random() < share:
                which = new_id("n")
                channel = "website" if purpose == "may-publish" else ""
                agreed.append(
                    {"id": which, "person_id": one, "purpose": purpose, "channel": channel}
                )
                given = {"consent_id": which, "seq": 1, "kind": "given", "at": since, "by": "bench"}
                events.append(
                    given | {"until": since + timedelta(days=random.randrange(701, 1400))}
                )
    tx.execute(insert(person), rows)
    tx.execute(insert(consent), agreed)
    tx.execute(insert(consent_event), events)
    return everybody


_GIVEN = (
    "Anna",
    "Björn",
    "Carla",
    "David",
    "Elif",
    "Frida",
    "Göran",
    "Hanna",
    "Ivan",
    "Jamal",
    "Karin",
    "Lars",
    "Mona",
)
_ONSETS, _ENDS = (
    ["b", "d", "f", "g", "h", "k", "l", "m", "n", "r", "s", "t", "v"],
    ["ander", "berg", "dal", "feldt", "gren", "holm", "lund", "ström"],
)


def _family(number: int) -> str:
    onset, end = _ONSETS[number // 13 % 13], _ENDS[number // 169 % 8]
    return f"{onset}{'aeiou'[number % 5]}{end}{number // 1352 or ''}".title()


def _collection(
    tx: Connection, part: Part, everybody: list[str], at: datetime
) -> list[tuple[float, Source]]:
    """A collection with its rule, roster and sources, each with its share of all photos."""
    made = collections.add(tx, part.name, at=at)
    ground = "notice at the entrance" if part.recognition else ""
    rule = collections.Collection(
        made.id, made.name, recognition=part.recognition, ground=ground, minors=part.minors
    )
    collections.set_rule(tx, rule, at=at)
    assessments.add(
        tx,
        made.id,
        dict.fromkeys(assessments.QUESTIONS, "as it was said and written down"),
        by="bench",
        at=at,
    )
    on_it = everybody[::10] if part.minors else everybody[::40]
    tx.execute(
        insert(roster),
        [
            {"collection_id": made.id, "person_id": one, "added_at": at, "number": str(number)}
            for number, one in enumerate(on_it, 100)
        ],
    )
    found = []
    for number in range(part.sources):
        own = Source(
            SourceId(new_id("d")), SourceKind.FOLDER, f"/{part.name}/{number}", made.id, at
        )
        grant = Grant(GrantId(new_id("g")), own.id, "the owner", at, at + timedelta(days=700))
        sources.add(tx, own, grant)
        found.append((part.share / part.sources, own))
    return found


class _Making:
    """What is made of photos, part by part."""

    def __init__(
        self,
        library: Library,
        tx: Connection,
        where: list[tuple[float, Source]],
        everybody: list[str],
        at: datetime,
    ) -> None:
        self.tx, self.at = tx, at
        self.at_text = (
            str(at.astimezone(UTC).replace(tzinfo=None)) if tx.dialect.name == "sqlite" else at
        )
        self.shares = np.array([share for share, _ in where])
        self.sources = [one for _, one in where]
        self.everybody = everybody
        self.random = np.random.default_rng(11)
        self.vocabulary = [f"{a}{b}{c}" for a in _ONSETS for b in "aeiou" for c in _ENDS] + [
            *["start", "finish", "prize", "rain", "crowd", "bridge", "forest", "night"]
        ]
        self.previews = [Copies(library, draw(number)) for number in range(PICTURES)]
        self.number = itertools.count()
        self.seen: list[tuple[str, str, str, str]] = []

    def add(self, count: int) -> None:
        """So many photos, with their items, previews, faces and sightings."""
        random = self.random
        ids = _ids("i", count)
        whence = random.choice(len(self.sources), count, p=self.shares / self.shares.sum())
        days = random.integers(0, _YEARS * 365 // 7, count) * 7 + random.integers(0, 2, count)
        seconds = random.normal(6 * 3600, 2 * 3600, count).clip(0, _DAY - 1)
        chances, ratios = random.random((4, count)), random.integers(0, len(_RATIOS), count)
        terms = (random.zipf(1.3, (count, 4)) - 1) % len(self.vocabulary)
        near = secrets.token_bytes(32 * count)
        previews = _ids("v", count)
        self._previews(previews)
        photos, items = [], []
        for row in range(count):
            source = self.sources[whence[row]]
            taken = _BEGIN + timedelta(days=int(days[row]), seconds=int(seconds[row]))
            dated = "" if chances[0, row] < _UNDATED else taken.isoformat()[:19]
            said = " ".join(self.vocabulary[one] for one in terms[row])
            if chances[1, row] < _NAMED:
                said = f"{said} {self._name(row)}"
            width, height = _RATIOS[ratios[row]]
            photos.append(
                (
                    *(ids[row], source.id, secrets.token_hex(32), width, height, "bench", 1),
                    *(
                        self.at_text,
                        "photo",
                        dated,
                        "",
                        said,
                        self.vocabulary[terms[row, 0]],
                        "",
                        "",
                    ),
                    *(near[row * 32 : row * 32 + 32], source.collection),
                    *(moment_of(dated, taken), previews[row]),
                )
            )
            number = next(self.number)
            state = "vanished" if chances[2, row] < _VANISHED else "done"
            place = f"{taken:%Y/%m-%d}/{number}.jpg"
            items.append((source.id, place, f"{number}", state, 1, ids[row], self.at_text, "", ""))
            if chances[3, row] < _SAID_TWICE:
                again = (f"again/{number}.jpg", f"{number}", "done", 1, ids[row])
                items.append((source.id, *again, self.at_text, "", ""))
        _put(self.tx, photo, _PHOTO, photos)
        _put(self.tx, item, _ITEM, items)
        self._faces(ids, whence)

    def use(self, library: Library) -> None:
        """Reviews, publications, searches, demands, withdrawals: what was done with all that."""
        self._publish()
        self._review()
        self._ask()
        self._run()
        self._log()
        self._erase(library)

    def _previews(self, ids: list[str]) -> None:
        rows = []
        for which, own in zip(ids, itertools.cycle(self.previews)):
            own.add(CopyId(which))
            rows.append((which, CopyKind.PREVIEW, own.digest, own.size, True, self.at_text))
        _put(self.tx, copy, _COPY, rows)

    def _name(self, row: int) -> str:
        number = (row * 7919) % len(self.everybody)
        return f"{_GIVEN[number % len(_GIVEN)]} {_family(number)}"

    def _faces(self, ids: list[str], whence: np.ndarray) -> None:
        random = self.random
        many = random.poisson(FACES, len(ids))
        total = int(many.sum())
        own, seen = _ids("f", total), _ids("s", total)
        random.shuffle(own)
        boxes = random.integers(0, 3000, (total, 2))
        sizes = random.integers(40, 600, total)
        chance, band, state = random.random(total), random.random(total), random.random(total)
        # Some are in many pictures, most in few.
        who = (random.pareto(0.8, total) * 20).astype(int) % len(self.everybody)
        faces, found = [], []
        row = 0
        for place, which in enumerate(ids):
            here: set[str] = set()
            for _ in range(many[place]):
                x, y, size = *map(float, boxes[row]), float(sizes[row])
                faces.append((own[row], which, x, y, x + size, y + size * 1.3, _POINTS, ""))
                one = self.everybody[who[row]]
                known = self.sources[whence[place]].id in self._recognising
                if chance[row] < _ENROLLED and one not in here and known:
                    here.add(one)
                    how = _BANDS[int(np.searchsorted(_BAND_SHARES, band[row]))]
                    what = _STATES[int(np.searchsorted(_STATE_SHARES, state[row]))]
                    found.append((seen[row], which, own[row], one, how, what, self.at_text, False))
                row += 1
        _put(self.tx, face, _FACE, sorted(faces))
        _put(self.tx, sighting, _SIGHTING, found)
        self.seen += [(one[0], one[1], one[2], one[3]) for one in found]

    @property
    def _recognising(self) -> set[str]:
        return {one.id for one in self.sources[: PARTS[0].sources + 2]}

    def _publish(self) -> None:
        """To three recipients a twentieth of the photos in which somebody is."""
        whom = [new_id("o") for _ in range(3)]
        self.tx.execute(
            insert(recipient),
            [
                {"id": one, "name": f"Recipient {number}", "contact": "", "terms": "as agreed"}
                | {"token_digest": digest(one.encode()), "added_at": self.at}
                for number, one in enumerate(whom)
            ],
        )
        agreed = {
            row.person_id: row.id
            for row in self.tx.execute(consent.select().where(consent.c.purpose == "may-publish"))
        }
        given, shown = [], []
        for number, (_, which, _, one) in enumerate(self.seen[::20]):
            if one in agreed:
                made = new_id("x")
                given.append(
                    {"id": made, "recipient_id": whom[number % 3], "photo_id": which}
                    | {"source_id": self.sources[0].id, "channel": "website", "at": self.at}
                )
                shown.append({"disclosure_id": made, "person_id": one, "consent_id": agreed[one]})
        if given:
            self.tx.execute(insert(disclosure), given)
            self.tx.execute(insert(disclosed_person), shown)

    def _review(self) -> None:
        """A tenth of what was seen was answered by hand, in steps."""
        made = [(new_id("t"), one) for one in self.seen[::10]]
        self.tx.execute(
            insert(step),
            [
                {"id": which, "number": number, "kind": "not-sure" if number % 5 == 0 else "yes"}
                | {"actor": "bench", "at": self.at, "person_id": one[3], "sighting_id": one[0]}
                for number, (which, one) in enumerate(made, 1)
            ],
        )
        self.tx.execute(
            insert(step_sighting),
            [
                {"step_id": which, "id": one[0], "after": after, "photo_id": one[1]}
                | {"face_id": one[2], "person_id": one[3], "band": "likely", "state": "candidate"}
                | {"made_at": self.at, "in_film": False}
                for which, one in made
                for after in (False, True)
            ],
        )

    def _ask(self) -> None:
        """Demands and claims, most of them answered."""
        ended = {"ended_at": self.at, "ended_by": "bench", "outcome": "kept", "answer": "done"}
        self.tx.execute(
            insert(demand),
            [
                {"id": new_id("q"), "at": self.at, "places": "", "reasons": "", "name": ""}
                | {"mail": "", "of_a_child": False}
                | (
                    ended
                    if number % 20
                    else dict.fromkeys(("ended_by", "outcome", "answer"), "") | {"ended_at": None}
                )
                for number in range(300)
            ],
        )
        where = self.sources[0].collection
        self.tx.execute(
            insert(claim),
            [
                {"id": new_id("w"), "person_id": one, "collection_id": where, "at": self.at}
                | (
                    ended | {"outcome": "found"}
                    if number % 20
                    else dict.fromkeys(("ended_by", "outcome", "answer"), "") | {"ended_at": None}
                )
                for number, one in enumerate(self.everybody[:300])
            ],
        )

    def _run(self) -> None:
        for _ in range(jobs.KEPT):
            made = jobs.begin(
                self.tx, JobKind.INGEST, [self.sources[0].id], actor="bench", at=self.at
            )
            jobs.end(self.tx, made, jobs.JobState.DONE, counts={"new": 100}, trouble="", at=self.at)

    def _log(self) -> None:
        """Three searches for every ten photos, and what was confirmed."""
        random = Random(5)  # noqa: S311  who was looked for
        agreed = list(self.tx.execute(consent.select()).all())
        begun = self.at - timedelta(days=700)
        many = next(self.number) * 3 // 10
        apart = timedelta(days=699) / max(1, many)
        for first in range(0, many, 50_000):
            acts = []
            for number in range(first, min(many, first + 50_000)):
                one = random.choice(agreed)
                said = (PersonId(one.person_id),), (one.id,)
                acts.append(Entry(Act.FOUND, begun + apart * number, "annika", "staff-find", *said))
            log.record_all(self.tx, acts)

    def _erase(self, library: Library) -> None:
        """Withdrawals of before, each with its case and its receipt."""
        key = library._signing_key  # noqa: SLF001
        signer = key.read() if key.exists() else key.create()
        begun, library_id = self.at - timedelta(days=1), people.library_id(self.tx)
        for _ in range(_ERASED):
            gone = PersonId(new_id("p"))
            self.tx.execute(insert(person).values(id=gone, name="", enrolled_at=begun))
            wanted = Wanted(Trigger.WITHDRAWN, person=gone, whole=True)
            case = erasures.open_case(self.tx, wanted, at=begun)
            statement = Statement(
                library=library_id,
                erasure=case,
                number=1,
                trigger=Trigger.WITHDRAWN,
                subject=gone,
                opened_at=begun,
                issued_at=self.at,
                levels={Level.INVISIBLE: begun},
            )
            receipts.issue(self.tx, statement, actor="bench", signer=signer)
        self.tx.execute(erasure.update().values(stage=Stage.CLOSED))


_PHOTO = (
    *("id", "source_id", "digest", "width", "height", "pack", "compared_with", "added_at", "kind"),
    *("taken_at", "title", "caption", "keywords", "creator", "licence", "near", "collection_id"),
    *("moment", "preview_id"),
)
_COPY = ("id", "kind", "digest", "size", "confirmed", "made_at")
_ITEM = (
    *("source_id", "locator", "stamp", "state", "attempts", "photo_id", "changed_at", "page"),
    "words",
)
_FACE = ("id", "photo_id", "x1", "y1", "x2", "y2", "points", "named")
_SIGHTING = ("id", "photo_id", "face_id", "person_id", "band", "state", "made_at", "in_film")
