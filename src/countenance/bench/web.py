"""
How fast the pages are: the real server in a second process, over a library of rows and previews
made for it. Nobody took these photos, and nobody is in them.

    countenance bench web

Each page is asked for by one visitor, then by twenty people at once who browse as people do. The
processor time is the server's own, all of its threads; the clock is only as good as the neighbours
are quiet.
"""

import gzip
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import select, update

from countenance.bench.crowd import IN_VIEW, THINKS, Doors, browse
from countenance.bench.desk import COLLECTION, fill
from countenance.bench.many import PICTURES, draw, give_previews
from countenance.bench.search import Spread
from countenance.bench.serving import Server, Visitor, serving
from countenance.catalog import people
from countenance.catalog.tables import link, sighting
from countenance.core.ids import CollectionId
from countenance.errors import UsageError
from countenance.gallery.bands import Band
from countenance.library import Caller, Library
from countenance.people.consent import ConsentEvent, EventKind
from countenance.people.purpose import Purpose, Wish
from countenance.settings import MAX_SEARCHES, load_settings

GUESTS = 10
"""People with a link of their own, each with some hundred photos that may show them."""

LEAST = 4000
"""Photos."""

CONNECTIONS = 6
"""That a browser keeps to one server at a time."""

_TO_CHECK = 5
"""Of a person's photos every so manieth is asked about; of the others they are sure."""

_PASSWORD = "vagnen rostar tyst i mars"  # noqa: S105  of accounts that are gone with the library
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')
_SMALL = re.compile(r'<img src="([^"]+/small)"')
_BUCKET = re.compile(r'hx-get="(/staff/collections/[^"]+/bucket[^"]+)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, asked so many times by one visitor: milliseconds by the clock, and of CPU."""

    wall: Spread
    cpu: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Under:
    """One question among many at once: how often it was asked, and milliseconds by the clock."""

    times: int
    wall: Spread
    slowest_twentieth: float


@dataclass(frozen=True, slots=True)
class WebFigures:
    """What was measured. `load` is how many processes wanted a processor before and after."""

    photos: int
    users: int
    seconds: float
    runs: int
    load: tuple[float, float]
    first_load_bytes: Mapping[str, int]
    alone: Mapping[str, Asked]
    first_screen: Spread
    thumbnails_a_second: float
    thumbnails_a_cpu_second: float
    together: Mapping[str, Under]
    requests: int
    busy: float

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        begun, ended = self.load
        yield f"{self.photos:,} photos; load of the machine {begun:.1f} before, {ended:.1f} after"
        whole = sum(self.first_load_bytes.values())
        yield f"first load of the enrolment page: {whole / 1e3:.1f} kB"
        yield f"one visitor, {self.runs} times each: ms, and CPU ms of the server"
        wide = max(map(len, (*self.alone, *self.together)))
        for what, one in self.alone.items():
            spent = f"{one.cpu:6.1f} CPU  {one.bytes / 1e3:6.0f} kB"
            yield f"  {what:{wide}}  {_said(one.wall)}  {spent}"
        screen = f"a page of the collection with the {IN_VIEW} pictures in view"
        yield f"{screen}: {_said(self.first_screen)} ms"
        yield (
            f"thumbnails, {CONNECTIONS} at a time: {self.thumbnails_a_second:.0f} a second, "
            f"{self.thumbnails_a_cpu_second:.0f} a CPU second"
        )
        least, most = THINKS
        yield (
            f"{self.users} people for {self.seconds:.0f} s, {least:.0f} to {most:.0f} s between "
            f"pages: {self.requests:,} requests, {self.busy:.2f} processors busy; ms"
        )
        for what, many in sorted(self.together.items()):
            yield (
                f"  {what:{wide}}  {_said(many.wall)}  19 of 20 within "
                f"{many.slowest_twentieth:.0f}  ({many.times:,} times)"
            )


def bench_web(
    count: int = 100_000, *, users: int = 20, seconds: float = 120.0, runs: int = 15
) -> WebFigures:
    """
    Measure the pages of a library of `count` photos, by one visitor and by `users` at once.

    Raises `UsageError` if a number is too low, and `Unavailable` where processor time cannot be
    told.
    """
    if min(count, users, seconds, runs) < 1:
        raise UsageError("bench: photos, users, seconds and runs must be 1 or more")
    if count < LEAST:
        raise UsageError(f"bench: {LEAST:,} photos or more, so that everybody is in some of them")
    begun = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as below:
        root = Path(below) / "library"
        doors = prepare(root, count, sessions=max(1, users // 2))
        with serving(root) as server:
            return _measured(server, doors, _Wanted(count, users, seconds, runs, begun))


def prepare(root: Path, count: int, *, sessions: int) -> Doors:
    """Make a library of `count` photos at `root`, and say how people come in."""
    given: dict[str, str | int] = {"actor": "bench", "searches_per_account": MAX_SEARCHES}
    settings = load_settings(root, environment={}, given=given)
    with Library.init(root, settings) as library:
        fill(library, count)
        give_previews(library, [draw(number) for number in range(PICTURES)])
        (where,) = [one for one in library.collections() if one.name == COLLECTION]
        return Doors(
            invitation=f"/i/{library.invite(COLLECTION, channel='website', browse=True).token}",
            own=_guests(library, where.id),
            photos=f"/staff/collections/{where.id}/photos",
            sessions=_sign_in(library, sessions),
        )


# --------------------------------------------------------------------------------------------------


def _guests(library: Library, where: CollectionId) -> list[str]:
    """
    Let some of the people look for themselves, and through the collection: most of their pictures
    are sure.
    """
    until = library.now() + timedelta(days=1)
    who = library.people()[:GUESTS]
    with library._database.write() as tx:  # noqa: SLF001  rows are made where no ingest is
        for one in who:
            given = ConsentEvent(EventKind.GIVEN, library._stores.now(tx), "bench", until=until)  # noqa: SLF001
            people.add_event(tx, one.id, Wish(Purpose.FIND_ME), given)
            own = select(sighting.c.id).where(sighting.c.person_id == one.id)
            seen = sorted(tx.execute(own).scalars())
            sure = [which for number, which in enumerate(seen) if number % _TO_CHECK]
            found = update(sighting).where(sighting.c.id.in_(sure))
            tx.execute(found.values(band=Band.SURE))
    own_pages = [f"/me/{library.link_for(one.id).token}" for one in who]
    with library._database.write() as tx:  # noqa: SLF001  as if they came by the invitation
        tx.execute(
            update(link).where(link.c.kind == "own").values(collection_id=where, browse=True)
        )
    return own_pages


def _sign_in(library: Library, sessions: int) -> list[str]:
    """The cookies of so many sessions of one owner."""
    code = library.set_up_code()
    assert code is not None  # noqa: S101  nobody is owner of a new library
    library.set_up(code.code, "bench", "Bench", _PASSWORD, Caller())
    signed = [library.sign_in("bench", _PASSWORD, Caller()) for _ in range(sessions)]
    return [f"session={one.token}" for one in signed]


@dataclass(frozen=True, slots=True)
class _Wanted:
    photos: int
    users: int
    seconds: float
    runs: int
    begun: float


def _measured(server: Server, doors: Doors, wanted: _Wanted) -> WebFigures:
    first = _first_load(server, doors.invitation)
    with server.visitor(doors.sessions[0]) as desk, server.visitor() as guest:
        alone = {
            what: _alone(server, who, paths, wanted.runs)
            for what, who, paths in _questions(doors, desk, guest)
        }
        screen = _spread([_first_screen(server, doors) for _ in range(wanted.runs)])
        small = _SMALL.findall(desk.get(doors.photos).body.decode())
    by_clock, by_processor = _thumbnails(server, doors.sessions[0], small * 2)
    spent, since = server.cpu_seconds(), perf_counter()
    heard = browse(server, doors, users=wanted.users, seconds=wanted.seconds)
    busy = (server.cpu_seconds() - spent) / (perf_counter() - since)
    together = {what: _under(times) for what, times in heard.seconds.items()}
    return WebFigures(
        photos=wanted.photos,
        users=wanted.users,
        seconds=wanted.seconds,
        runs=wanted.runs,
        load=(wanted.begun, os.getloadavg()[0]),
        first_load_bytes=first,
        alone=alone,
        first_screen=screen,
        thumbnails_a_second=by_clock,
        thumbnails_a_cpu_second=by_processor,
        together=together,
        requests=sum(one.times for one in together.values()),
        busy=busy,
    )


def _questions(
    doors: Doors, desk: Visitor, guest: Visitor
) -> Iterator[tuple[str, Visitor, Sequence[str]]]:
    """What is asked by whom, and where: the same thing at several places in turn."""
    photos = desk.get(doors.photos).body.decode()
    mine = guest.get(doors.own[0]).body.decode()
    buckets = [one.replace("&amp;", "&") for one in _BUCKET.findall(photos)]
    small = _SMALL.findall(photos)
    yield "what do you agree to", guest, [doors.invitation]
    yield "my photos", guest, doors.own
    yield "my photos: a picture, small", guest, _SMALL.findall(mine)
    yield "my photos: a picture, large", guest, [_large(one) for one in _SMALL.findall(mine)]
    others = [f"{one}/other?words=bridge" for one in doors.own]
    yield "other ways: a word", guest, others
    yield "what would go", guest, [f"{one}/leave" for one in doors.own]
    yield "collections", desk, ["/staff"]
    yield "photos of the collection", desk, [doors.photos]
    if buckets:
        yield "a bucket of them", desk, buckets[:: max(1, len(buckets) // 7)]
    yield "a picture, small", desk, small
    yield "a picture, large", desk, [_large(one) for one in small]
    yield "a photo", desk, [one.removesuffix("/small") for one in small]
    yield "search: a name", desk, ["/staff/search?q=Person+7"]
    yield "search: a name and a word", desk, ["/staff/search?q=Person+7+bridge"]
    yield "search: words", desk, ["/staff/search?q=finish+rain"]
    yield "search: a day", desk, ["/staff/search?q=2026-05-02"]
    for what in ("review", "people", "sources", "jobs", "due", "log"):
        yield what, desk, [f"/staff/{what}"]


def _large(small: str) -> str:
    return f"{small.removesuffix('small')}whole"


def _alone(server: Server, visitor: Visitor, paths: Sequence[str], runs: int) -> Asked:
    visitor.get(paths[0])  # what is loaded once is loaded
    spent = server.cpu_seconds()
    answers = [visitor.get(path) for path in islice(cycle(paths), 1, runs + 1)]
    cpu = (server.cpu_seconds() - spent) / runs * 1e3
    size = round(median(len(one.body) for one in answers))
    return Asked(_spread([one.seconds for one in answers]), cpu, size)


def _first_screen(server: Server, doors: Doors) -> float:
    """Seconds until a page of the collection is here, and the pictures in view of it."""
    visitors = [server.visitor(doors.sessions[0]) for _ in range(CONNECTIONS)]
    begun = perf_counter()
    wanted = _SMALL.findall(visitors[0].get(doors.photos).body.decode())[:IN_VIEW]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(_get_all, visitors, (wanted[n::CONNECTIONS] for n in range(CONNECTIONS))))
    return perf_counter() - begun


def _get_all(visitor: Visitor, paths: Sequence[str]) -> None:
    with visitor:
        for path in paths:
            visitor.get(path)


def _thumbnails(server: Server, cookie: str, small: Sequence[str]) -> tuple[float, float]:
    """How many a second by the clock, and a second of the server's processor time."""
    parts = [small[number::CONNECTIONS] for number in range(CONNECTIONS)]
    visitors = [server.visitor(cookie) for _ in parts]
    spent, begun = server.cpu_seconds(), perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(_get_all, visitors, parts))
    taken = perf_counter() - begun
    return len(small) / taken, len(small) / (server.cpu_seconds() - spent)


def _first_load(server: Server, invitation: str) -> dict[str, int]:
    """Bytes of the enrolment page and of what it loads, as they go over the wire."""
    with server.visitor() as visitor:
        page = visitor.get(invitation, Accept_Encoding="gzip")
        sizes = {"page": len(page.body)}
        text = page.body
        if page.headers.get("content-encoding") == "gzip":
            text = gzip.decompress(text)
        for path in dict.fromkeys(_ASSET.findall(text.decode())):
            name = path.rpartition("/")[2]
            sizes[name] = len(visitor.get(path, Accept_Encoding="gzip").body)
    return sizes


def _under(seconds: list[float]) -> Under:
    ordered = sorted(seconds)
    slow = ordered[min(len(ordered) - 1, len(ordered) * 19 // 20)]
    return Under(len(seconds), _spread(seconds), slow * 1e3)


def _spread(seconds: Sequence[float]) -> Spread:
    return Spread(min(seconds) * 1e3, median(seconds) * 1e3, max(seconds) * 1e3)


def _said(spread: Spread) -> str:
    return f"{spread.median:6.1f} ({spread.least:.1f} to {spread.most:.1f})"
