"""
A disk that fails at every single step of an act: what is left is legal, and leads to the end.

Each act runs on a copy of a prepared library, on a SQLite whose n-th write, sync, truncation or
deletion fails, for n = 1, 2, 3, ... until the act comes through. Then the copy is opened by the
ordinary SQLite, and judged from outside. Legal is what was before; or that the act is recorded, and
so in every answer, and after `resume` exactly its end: no byte of what was to go is in any file,
and every receipt verifies. Nothing else. An error does not say that nothing was done: the caller
asks again, and is answered.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from countenance.audit.statement import RecallState
from countenance.catalog import database
from countenance.catalog.tables import copy, metadata, photo, reference
from countenance.enrol.enrol import Portrait
from countenance.erasure import scanner
from countenance.erasure.recall import close
from countenance.erasure.scanner import scan_here
from countenance.errors import ErasureIncomplete, NotFound, Refused, Unavailable, UsageError
from countenance.library import Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import keys_beside
from countenance.vault.layout import LibraryLayout, lock
from countenance.vault.scan import Needles, Scanned
from tests.fakes.clock import START, FakeClock
from tests.fakes.echo import CHANNEL, allow_publishing, terms
from tests.fakes.faulty_sqlite import FaultyDisk, Trouble, faulty_engine
from tests.fakes.gala import A_DAY, Gala, copy_library, holding, open_library, require_receipts
from tests.fakes.vision import FakeVision, picture

pytestmark = pytest.mark.sqlite("its file system fails")

ADA, BO, DEE, EVE, ZED = "Ada Ardent", "Bo Brisk", "Dee Daring", "Eve Early", "Zed Zealous"
FACES = {ADA: 1, BO: 2, DEE: 3, EVE: 5, ZED: 4}
A_MOMENT = timedelta(seconds=1)
BO_UNTIL = START + 10 * A_DAY
PAPER = b"I, Ada, agree. " * 8
REASON = "the firm is no more"
NEEDLE_BYTES = 16
HEADER_BYTES = 700
"""At the beginning of a preview, alike in all of them."""

LONG = pytest.mark.long
A_SHARE = 2
"""Calls that fail every day, of each act and each trouble: as far apart as can be."""

LOOKS = {"person.found", "probe.searched", "search.refused", "source.ingested"}
"""Acts that a look of the test itself logs, or that say nothing of what is in force."""


@dataclass(frozen=True, slots=True)
class View:
    """
    A library from outside: `acts` of the log, what holds for people and pictures, and the `cases`
    of erasure as they stand.
    """

    acts: tuple[str, ...]
    holds: tuple[object, ...]
    cases: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """
    An act, and how it is judged.

    `do` is called until it comes through, after `ready`. `gone` are pieces of what must be in no
    file once it is done, and of which the prepared library holds each. `at` is when it is done.
    With `by_itself` it is done by whoever comes next, too, and can wait for them.
    """

    name: str
    do: Callable[[Gala], object]
    gone: Callable[["Prepared"], Iterable[bytes]] = field(default=lambda _: ())
    at: timedelta = A_DAY
    ready: Callable[[Gala], object] = field(default=lambda _: None)
    by_itself: bool = False


@dataclass(slots=True)
class Prepared:
    """
    A library that is closed, to be copied: Ada and Bo are enrolled and found, one photo is new.
    Eve was given out, and then withdrew: the recall is open, and so is her case.

    The pieces are of what it holds of Ada and Bo: `sealed` by name and purpose, and `plain` besides
    (name, key, evidence); and `pictures` of its photos. `backup` was made of it.
    """

    root: Path
    folder: Path
    backup: Path
    sealed: dict[tuple[str, Purpose], list[bytes]] = field(default_factory=dict)
    plain: list[bytes] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    def copy(self, to: Path, deed: Deed) -> Gala:
        """A copy of it, not opened yet, at the instant of the deed."""
        copy_library(self.root, to)
        gala = Gala(to, self.folder, FakeClock(START + deed.at), FakeVision())
        with open_library(gala.root, gala.clock, gala.vision) as gala.library:
            deed.ready(gala)
        return gala


# --- the acts -------------------------------------------------------------------------------


def _enrol(gala: Gala, *, again: bool = False) -> object:
    return gala.library.enrol(
        ADA if again else DEE,
        [Portrait("portrait.jpg", picture(FACES[ADA if again else DEE], salt=8))],
        (Wish(Purpose.FIND_ME), Wish(Purpose.STAFF_FIND)),
        evidence=PAPER[::-1],
        again=again,
    )


def _all_of_ada(prepared: Prepared) -> Iterable[bytes]:
    return [*prepared.plain, *_references_of(ADA, prepared)]


def _references_of(name: str, prepared: Prepared) -> Iterable[bytes]:
    return [*prepared.sealed[name, Purpose.FIND_ME], *prepared.sealed[name, Purpose.STAFF_FIND]]


def _close_the_recall(gala: Gala) -> object:
    (one,) = gala.library.recalls()
    return gala.library.close_recall(one.id, reason=REASON)


def _close_it_without_a_receipt(gala: Gala) -> object:
    """As of a program that died just after the recall was closed."""
    (one,) = gala.library.recalls()
    return close(one.id, REASON, actor="tester", stores=gala.library._stores)


def _give(gala: Gala) -> object:
    (to,) = gala.library.recipients()
    return gala.library.give(str(gala.folder / "ada.jpg"), to.id, channel=CHANNEL)


WITHDRAWAL = Deed("withdrawal", lambda gala: gala.library.withdraw(ADA), _all_of_ada)

DEEDS = [
    WITHDRAWAL,
    Deed(
        "withdrawal of who was given out",
        lambda gala: gala.library.withdraw(ADA),
        _all_of_ada,
        ready=_give,
    ),
    Deed(
        "withdrawal of one purpose",
        lambda gala: gala.library.withdraw(ADA, Purpose.STAFF_FIND),
        lambda prepared: prepared.sealed[ADA, Purpose.STAFF_FIND],
    ),
    Deed(
        "objection",
        lambda gala: gala.library.object_to(ADA),
        lambda prepared: _references_of(ADA, prepared),
    ),
    Deed(
        "expiry",
        lambda gala: gala.library.find(BO, purpose=Purpose.FIND_ME),
        lambda prepared: _references_of(BO, prepared),
        at=11 * A_DAY,
        by_itself=True,
    ),
    Deed("enrolment", _enrol),
    Deed("enrolment again", lambda gala: _enrol(gala, again=True)),
    Deed("ingest", lambda gala: gala.ingest()),
    Deed(
        "takedown",
        lambda gala: gala.library.take_down(gala.library.sources()[0].id),
        lambda prepared: prepared.pictures,
    ),
    Deed("disclosure", _give),
    Deed("recall closed", _close_the_recall),
    Deed(
        "receipt",
        lambda gala: gala.library.resume(),
        ready=_close_it_without_a_receipt,
        by_itself=True,
    ),
]


# --- the test -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("prepared")
    with Gala.make(folder) as gala:
        allow_publishing(gala)
        gala.put("both.jpg", FACES[ADA], FACES[BO], 20)
        gala.put("ada.jpg", FACES[ADA])
        gala.put("eve.jpg", FACES[EVE])
        shown = Wish(Purpose.MAY_PUBLISH, CHANNEL)
        wishes = (Wish(Purpose.FIND_ME), Wish(Purpose.STAFF_FIND), shown)
        portrait = Portrait("portrait.jpg", picture(FACES[ADA]))
        gala.library.enrol(ADA, [portrait], wishes, evidence=PAPER)
        gala.enrol(BO, FACES[BO], Purpose.FIND_ME, Purpose.STAFF_FIND, until=BO_UNTIL)
        eve = Portrait("portrait.jpg", picture(FACES[EVE]))
        gala.library.enrol(EVE, [eve], (Wish(Purpose.FIND_ME), shown))
        gala.ingest()
        to = gala.library.add_recipient(terms(None)).recipient
        gala.library.give(str(gala.folder / "eve.jpg"), to.id, channel=CHANNEL)
        gala.library.withdraw(EVE)
        gala.put("new.jpg", FACES[ADA], FACES[BO], FACES[DEE])
        gala.clock.advance(A_MOMENT)  # the backup is of after Eve: her receipt says nothing of it
        backup = gala.library.back_up(folder / "backups").backup
    made = Prepared(gala.root, gala.folder, backup.location)
    _note_pieces(gala, made)
    return made


@pytest.fixture(scope="module")
def looked() -> dict[str, tuple[View, View, int]]:
    """Of each act: the views before and after it, and how many calls it makes."""
    return {}


@pytest.fixture
def below(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, if there is such a place: what is lost by a real disk is not asked."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="countenance-faults-", dir="/dev/shm"))
    except OSError:
        yield tmp_path
        return
    yield folder
    shutil.rmtree(folder)


@pytest.mark.promise("P19")
@pytest.mark.promise("P26")
@pytest.mark.promise("P28")
@pytest.mark.promise("P30")
@pytest.mark.parametrize("trouble", Trouble, ids=lambda trouble: trouble.name.lower())
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=LONG)], ids=["some", "every"])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_whatever_fails_an_act_is_done_or_not(  # noqa: PLR0913, PLR0917  what it is done to, and how
    deed: Deed,
    trouble: Trouble,
    prepared: Prepared,
    looked: dict[str, tuple[View, View, int]],
    below: Path,
    every: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    """At each n: a legal state, log and tables agree, and asking again leads to the end."""
    if deed.name not in looked:
        looked[deed.name] = _look(deed, prepared, below)
    before, after, calls = looked[deed.name]
    assert before != after, "the act changes nothing that is looked at: the test proves nothing"
    gone = list(deed.gone(prepared))
    assert all(holding(prepared.root, [one]) for one in gone), "the scan must find what is there"
    disk, failed = FaultyDisk(), 0
    for number in _numbers(calls, trouble, every=every):
        gala = prepared.copy(below / str(number), deed)
        came_through = _try(gala, deed.do, disk, at=number, trouble=trouble)
        failed += disk.failed > 0
        where = f"{deed.name}: {trouble.name} at call {number}"
        seen = _judge(gala, deed, before, after, where)
        assert not came_through or seen != before or deed.by_itself, (
            f"{where}: said to be done, and is not"
        )
        assert not holding(gala.root, gone), f"{where}: bytes are left"
        _remove(gala.root)
        if not disk.failed:
            break
    assert failed >= A_SHARE - 1, "the disk hardly failed: the test proves nothing"


@pytest.mark.promise("P22")
@pytest.mark.promise("P26")
@pytest.mark.parametrize("trouble", Trouble, ids=lambda trouble: trouble.name.lower())
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=LONG)], ids=["some", "every"])
def test_whatever_fails_a_backup_is_one_or_none(
    trouble: Trouble,
    prepared: Prepared,
    below: Path,
    every: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    """What has the name of one verifies; of what has not, nothing is left, and its row says so."""
    deed = Deed("backup", lambda gala: gala.library.back_up(gala.root.with_name("backups")))
    disk = FaultyDisk()
    for number in _numbers(_calls(deed, prepared, below), trouble, every=every):
        gala = prepared.copy(below / str(number) / "library", deed)
        came_through = _try(gala, deed.do, disk, at=number, trouble=trouble)
        where = f"{trouble.name} at call {number}"
        with open_library(gala.root, gala.clock, gala.vision) as gala.library:
            gala.library.prune_backups()
            of_before, *rows = gala.library.backups()
            folders = gala.root.with_name("backups").glob("*")
            here = {path.name for path in folders if any(path.iterdir())}
            assert {one.id for one in rows if one.gone_at is None} == here, where
            assert len(here) == 1 or not came_through, where
            for one in here:
                assert Library.verify_backup(gala.root.with_name("backups") / one).backup == one
            assert of_before.gone_at is None
            _assert_sound(gala, where)
        shutil.rmtree(below / str(number))
        if not disk.failed:
            break


@pytest.mark.promise("P22")
@pytest.mark.promise("P26")
@pytest.mark.parametrize("trouble", Trouble, ids=lambda trouble: trouble.name.lower())
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=LONG)], ids=["some", "every"])
def test_whatever_fails_a_restore_brings_nobody_back(
    trouble: Trouble,
    prepared: Prepared,
    below: Path,
    every: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    """There is no library, or one without Ada; beginning again leads to the same end."""
    lost = prepared.copy(below / "lost" / "library", WITHDRAWAL)
    with open_library(lost.root, lost.clock, lost.vision) as lost.library:
        lost.library.withdraw(ADA)
        after = _view(lost)
    shutil.rmtree(lost.root)
    disk, gone = FaultyDisk(), list(_all_of_ada(prepared))
    calls = _restored(lost, prepared, below / "count", disk, trouble, at=0) and len(disk.calls)
    assert calls
    for number in _numbers(calls, trouble, every=every):
        root = below / str(number) / "library"
        came_through = _restored(lost, prepared, root.parent, disk, trouble, at=number)
        failed, where = disk.failed, f"{trouble.name} at call {number}"
        assert came_through or failed, where
        if not LibraryLayout(root).exists():
            assert not came_through, where
            assert _restored(lost, prepared, root.parent, disk, trouble, at=0), where
        gala = Gala(root, lost.folder, lost.clock, lost.vision)
        with open_library(root, gala.clock, gala.vision) as gala.library:
            assert _view(gala).holds == after.holds, where
            gala.library.resume()
            _assert_sound(gala, where)
            with lock(gala.root):
                gala.enrol(ZED, FACES[ZED])
            _assert_nothing_is_left_over(gala, where)
        assert not holding(root, gone), f"{where}: bytes are left"
        shutil.rmtree(root.parent)
        if not failed:
            break


# --------------------------------------------------------------------------------------------


def _numbers(calls: int, trouble: Trouble, *, every: bool) -> Iterable[int]:
    """The calls that fail: every one there is, or a few, each trouble at calls of its own."""
    if every:
        return count(1)
    step = -(-calls // A_SHARE)
    return range(1 + list(Trouble).index(trouble) * step // len(Trouble), calls + 1, step)


def _try(
    gala: Gala, do: Callable[[Gala], object], disk: FaultyDisk, *, at: int, trouble: Trouble
) -> bool:
    """
    Do it on a disk that fails. Gives whether it said that it was done.

    A disk that has gone stays so until the program has ended, which is as if it were killed.
    """
    with _on(disk):
        gala.library = open_library(gala.root, gala.clock, gala.vision)
        disk.fail(at, trouble)
        try:
            do(gala)
        except (Unavailable, ErasureIncomplete):
            came_through = False
        else:
            came_through = True
        gala.library.close()
        disk.repair()
    return came_through


def _restored(  # noqa: PLR0913  what, whereto, and what fails
    lost: Gala, prepared: Prepared, folder: Path, disk: FaultyDisk, trouble: Trouble, *, at: int
) -> bool:
    """Restore into the folder `folder`. Gives whether it said that it was done."""
    keys = keys_beside(folder / "library")
    if not keys.exists():
        shutil.copytree(keys_beside(lost.root), keys)
    with _on(disk):
        disk.fail(at, trouble)
        try:
            Library.restore(
                prepared.backup, folder / "library", keys=keys, actor="tester", clock=lost.clock
            )
        except Unavailable:
            return False
        finally:
            disk.repair()
    return True


class _ScannerHere:
    def __call__(
        self, files: Sequence[Path], needles: Needles, progress: Callable[[int, int], object]
    ) -> Scanned:
        return scan_here(files, needles, progress)

    def close(self) -> None:
        return


def _remove(root: Path) -> None:
    shutil.rmtree(root)
    shutil.rmtree(keys_beside(root))


@contextmanager
def _on(disk: FaultyDisk) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "sqlite_engine", lambda path: faulty_engine(path, disk))
        patch.setattr(scanner, "ScannerApart", _ScannerHere)  # it saves the time to start one
        yield


def _judge(gala: Gala, deed: Deed, before: View, after: View, where: str) -> View:
    """
    Open it with the ordinary SQLite, look, carry on, look, ask again, look again.

    Gives what was seen first.
    """
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    seen = _view(gala)
    assert seen == before or _is_recorded(seen, before, after), f"{where}: torn: {seen}"
    _assert_sound(gala, where, settled=False)
    gala.library.resume()
    carried, done = _view(gala), seen != before or deed.by_itself
    assert carried == (after if done else before), f"{where}: carried on: {carried}"
    _assert_sound(gala, where)
    # What was done already may be refused, for the name is taken, or is not there any more.
    with suppress(*(NotFound, Refused, UsageError) if done else ()):
        deed.do(gala)
    # Whoever comes next clears away what is left of what died.
    with lock(gala.root):  # so that the photos are not searched: it saves time
        gala.enrol(ZED, FACES[ZED])
    again = _view(gala)
    assert again.holds == after.holds, f"{where}: asked again: {again}"
    _assert_sound(gala, where)
    _assert_nothing_is_left_over(gala, where)
    gala.library.close()
    return seen


def _is_recorded(seen: View, before: View, after: View) -> bool:
    """Whether an act is in every answer and in the log, however much is still to be done."""
    logged = after.acts[: len(seen.acts)] == seen.acts and len(seen.acts) > len(before.acts)
    # A case that was closed by the act alone is written down before its receipt is in the log.
    return seen.holds == after.holds and (logged or seen == after)


def _look(deed: Deed, prepared: Prepared, below: Path) -> tuple[View, View, int]:
    gala = prepared.copy(below / "before", deed)
    with open_library(gala.root, gala.clock, gala.vision) as gala.library:
        before = _view(gala)
    gala = prepared.copy(below / "after", deed)
    with open_library(gala.root, gala.clock, gala.vision) as gala.library:
        deed.do(gala)
        gala.library.resume()
        after = _view(gala)
    return before, after, _calls(deed, prepared, below)


def _calls(deed: Deed, prepared: Prepared, below: Path) -> int:
    disk = FaultyDisk()
    gala = prepared.copy(below / "count" / "library", deed)
    assert _try(gala, deed.do, disk, at=0, trouble=Trouble.GONE)
    shutil.rmtree(below / "count")
    return len(disk.calls)


def _view(gala: Gala) -> View:
    acts = tuple(act for act in gala.log() if act not in LOOKS)
    library = gala.library
    now = library.now()
    people = [one for one in library.people() if one.name != ZED]
    return View(
        acts,
        (
            [one.name for one in people],
            [
                (one.name, str(consent.wish))
                for one in people
                for consent in sorted(library.consents(one.id)[1], key=lambda c: str(c.wish))
                if consent.in_force(now)
            ],
            [bool(library.objections(one.id)) for one in people],
            [gala.places(name) for name in (ADA, BO)],
            gala.places(ADA, Purpose.STAFF_FIND),
            # To recognise a probe, every reference in force must open under its key.
            gala.named(FACES[ADA]),
            _named_by_staff(gala),
            sorted(
                locator
                for photo in library.photos()
                for locator in photo.locators
                if any(grant.in_force(now) for grant in library.grants(photo.source))
            ),
            [grant.in_force(now) for s in library.sources() for grant in library.grants(s.id)],
            {one.photo for to in library.recipients() for one in library.disclosures(to.id)},
            # Of what was given out and ended, a recall is open, or answered for.
            {(one.photo, one.state is RecallState.CLOSED) for one in library.recalls()},
        ),
        tuple(sorted((one.trigger, one.stage) for one in library.erasures())),
    )


def _named_by_staff(gala: Gala) -> list[list[str]]:
    shown = picture(*(FACES[name] for name in (ADA, BO, DEE)))
    faces = gala.library.search(shown, purpose=Purpose.STAFF_FIND)
    return [[one.name for one in face.candidates] for face in faces]


def _assert_sound(gala: Gala, where: str, *, settled: bool = True) -> None:
    assert gala.library.damage() == (), where
    assert gala.library.trail.verify({}).findings == (), where
    require_receipts(gala.library, settled=settled)


def _assert_nothing_is_left_over(gala: Gala, where: str) -> None:
    """Every key and every file of the vault is somebody's, and whose it is has it."""
    stores = gala.library._stores
    with stores.database.read() as tx:
        named = {
            key
            for table in metadata.sorted_tables
            for column in table.c
            if column.name in ("key_id", "tombstone_key")
            for key in tx.execute(select(column).where(column.is_not(None))).scalars()
        }
        confirmed = {row.id: row.confirmed for row in tx.execute(select(copy))}
    assert set(stores.keys.ids()) == named, f"{where}: keys"
    assert set(stores.blobs.ids()) == set(confirmed), f"{where}: blobs"
    assert all(confirmed.values()), f"{where}: copies that nobody confirmed"


def _note_pieces(gala: Gala, made: Prepared) -> None:
    with open_library(gala.root, gala.clock, gala.vision) as library:
        named = {one.id: one for one in library.people()}
        stores = library._stores
        with library._database.read() as tx:
            for row in tx.execute(select(reference)):
                name = named[row.person_id].name
                made.sealed[name, Purpose(row.purpose)] = _pieces(row.sealed)
                if name == ADA:
                    made.plain += _pieces((gala.keys / f"{row.key_id}.key").read_bytes())
            kept = {row.id: row for row in tx.execute(select(copy))}
            made.pictures += [row.digest.encode() for row in tx.execute(select(photo))]
        for row in kept.values():
            data = stores.blobs.read(row.id, expected=row.digest)
            if row.kind == "evidence":
                made.plain += _pieces(data)
            else:
                made.pictures += _pieces(data[HEADER_BYTES:])[:3]
    made.plain += [ADA.encode()]


def _pieces(data: bytes) -> list[bytes]:
    """Several of each: one may be cut in two by the end of a page."""
    return [data[at : at + NEEDLE_BYTES] for at in range(0, len(data) - NEEDLE_BYTES + 1, 64)]
