"""
How fast the audit log is added to, and verified whole.

The entries are such as a search leaves: one person, one consent. What the appending takes is also
measured part by part, over the same entries.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

from countenance.audit.entry import Act, Entry
from countenance.audit.leaf import new_salt, salted, write_payload
from countenance.audit.merkle import Tree
from countenance.audit.verify import Verified
from countenance.catalog import log
from countenance.catalog.database import Database
from countenance.catalog.journal import catch_up
from countenance.catalog.trail import Trail
from countenance.core.canonical import canonical_json
from countenance.core.clock import SystemClock
from countenance.core.ids import new_id
from countenance.errors import UsageError
from countenance.vault.journal import Journal
from countenance.vault.signing import SigningKeyFile

BATCH = 50_000
"""Entries recorded in one transaction, at most."""

_MICROSECONDS = 1_000_000
_BEGUN = datetime(2026, 5, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of the processor, of one core, and by the clock."""

    cpu: float
    clock: float


@dataclass(frozen=True, slots=True)
class AuditFigures:
    """
    What so many entries took to append, in transactions of `BATCH`, and to verify.

    The parts are microseconds of the processor for an entry: its payload written, its salt drawn
    and the hashes of the tree, and what is left, which is the database. `any_json` is what a writer
    of any canonical JSON takes in place of `payload`. `sound` says that the verification found
    nothing wrong.
    """

    entries: int
    append: Taken
    verify: Taken
    payload: float
    hashes: float
    database: float
    any_json: float
    sound: bool

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        rate = self.entries / self.append.cpu
        yield f"{self.entries:,} entries"
        yield f"  appended    {rate:,.0f} a CPU second, in {self.append.clock:.2f} s"
        yield f"    payload   {self.payload:.1f} µs; {self.any_json:.1f} by a writer of any JSON"
        yield f"    hashes    {self.hashes:.1f} µs"
        yield f"    database  {self.database:.1f} µs"
        yield f"  verified    in {self.verify.cpu:.2f} CPU seconds, {self.verify.clock:.2f} s"
        yield f"              and {'sound' if self.sound else 'NOT sound'}"


def bench_audit(entries: int = 200_000) -> AuditFigures:
    """
    Measure a log that is made for it, in a folder that is gone when this returns.

    Raises `UsageError` if there is no entry.
    """
    if entries < 1:
        raise UsageError("bench: 1 entry or more")
    acts = [_search(number) for number in range(entries)]
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as folder:
        database = Database.at(Path(folder) / "catalog.db")
        database.create(new_id("l"), at=_BEGUN)
        append = _taken(lambda: _append(database, acts))
        keys = _keys(Path(folder))
        journal = Journal(keys)
        trail = Trail(database, SigningKeyFile(keys), journal, SystemClock(), lambda: None)
        trail.sign()
        catch_up(database, journal)
        seen: list[Verified] = []
        verify = _taken(lambda: seen.append(trail.verify({})))
        database.close()
    some = acts[:BATCH]
    payload = _each(lambda: [write_payload(act) for act in some], len(some))
    hashes = _each(lambda: _hash([write_payload(act) for act in some]), len(some)) - payload
    return AuditFigures(
        entries=entries,
        append=append,
        verify=verify,
        payload=payload,
        hashes=hashes,
        database=append.cpu / entries * _MICROSECONDS - payload - hashes,
        any_json=_each(lambda: [_any_json(act) for act in some], len(some)),
        sound=all(one.size == entries and not one.findings for one in seen),
    )


# --------------------------------------------------------------------------------------------------


def _search(number: int) -> Entry:
    at = _BEGUN + timedelta(milliseconds=number)
    return Entry(Act.FOUND, at, "annika", "staff-find", (new_id("p"),), (new_id("n"),))


def _keys(folder: Path) -> Path:
    made = folder / "keys"
    made.mkdir(mode=0o700)
    return made


def _append(database: Database, acts: list[Entry]) -> None:
    for begin in range(0, len(acts), BATCH):
        with database.write() as tx:
            log.record_all(tx, acts[begin : begin + BATCH])


def _hash(payloads: list[str]) -> None:
    tree = Tree()
    for index, payload in enumerate(payloads):
        tree.append(salted(payload, new_salt(), index))


def _any_json(act: Entry) -> bytes:
    return canonical_json(
        {
            "act": act.act.value,
            "actor": act.actor,
            "at": act.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "purpose": act.purpose,
            "rests_on": list(act.rests_on),
            "subjects": list(act.subjects),
        }
    )


def _each(work: Callable[[], object], count: int) -> float:
    return _taken(work).cpu / count * _MICROSECONDS


def _taken(work: Callable[[], object]) -> Taken:
    clock, cpu = perf_counter(), process_time()
    work()
    return Taken(process_time() - cpu, perf_counter() - clock)
