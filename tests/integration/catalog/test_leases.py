"""Leases: what several machines take of one list, and what becomes of it when one is lost."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from countenance.catalog import items
from countenance.catalog.database import Database
from countenance.catalog.items import MAX_ATTEMPTS, Claim, ItemState, Lease, NoResult
from countenance.catalog.tables import item
from countenance.core.ids import ItemId, SourceId
from countenance.errors import Reason
from countenance.sources.grant import Grant
from countenance.sources.source import Entry
from tests.fakes.clock import START
from tests.fakes.postgres import where_is

A_MINUTE = timedelta(minutes=1)
ONE, OTHER = Lease("one", START + A_MINUTE), Lease("other", START + A_MINUTE)

TAKER = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from countenance.catalog import items
from countenance.catalog.database import Database
from countenance.catalog.items import Lease
where, source, who = sys.argv[1:4]
database = Database.at(where if "://" in where else Path(where))
at = datetime.fromisoformat(sys.argv[4])
while True:
    with database.write() as tx:
        ids = items.to_be_taken(tx, [source], count=5)
        lease = Lease(who, at + timedelta(minutes=1))
        taken = items.claim_these(tx, [source], ids[:3], lease=lease, at=at)
    if not taken:
        break
    for one in taken:
        print(one.id, flush=True)
"""


@pytest.mark.promise("P29")
def test_what_one_has_taken_no_other_takes(database: Database, grant: Grant) -> None:
    """Of the same list each item goes to one of them, with its attempt counted."""
    with database.write() as tx:
        _list(tx, grant.source, "a", "b", "c")
        ids = items.to_be_taken(tx, [grant.source], count=9)
        first = items.claim_these(tx, [grant.source], ids[:2], lease=ONE, at=START)
        second = items.claim_these(tx, [grant.source], ids, lease=OTHER, at=START)
        assert [(one.locator, one.attempt, one.holder) for one in first] == [
            ("a", 1, "one"),
            ("b", 1, "one"),
        ]
        assert [(one.locator, one.holder) for one in second] == [("c", "other")]
        assert items.to_be_taken(tx, [grant.source], count=9) == []
        assert all(items.holds(tx, one) for one in (*first, *second))


@pytest.mark.promise("P29")
def test_two_programs_take_from_one_list(tmp_path: Path, database: Database, grant: Grant) -> None:
    """At the same time: together they have every item, and none both."""
    with database.write() as tx:
        _list(tx, grant.source, *(f"{number:03}" for number in range(60)))
        expected = set(tx.execute(select(item.c.id)).scalars())
    where = [where_is(tmp_path / "catalog.db"), grant.source]
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, *where, who, START.isoformat()],
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in ("one", "other")
    ]
    taken = [taker.communicate()[0].split() for taker in takers]
    assert sorted(map(int, [*taken[0], *taken[1]])) == sorted(expected)


@pytest.mark.promise("P29")
def test_a_lease_that_ran_out_is_free_and_one_that_was_renewed_is_not(
    database: Database, grant: Grant
) -> None:
    """Whoever is heard of keeps what it has; of whom nothing is heard, it is taken back."""
    with database.write() as tx:
        _list(tx, grant.source, "a", "b")
        ids = items.to_be_taken(tx, [grant.source], count=2)
        (slow,) = items.claim_these(tx, [grant.source], ids[:1], lease=ONE, at=START)
        (alive,) = items.claim_these(tx, [grant.source], ids[1:], lease=OTHER, at=START)
        assert items.take_back_late(tx, at=START) == []
        items.renew(tx, Lease("other", START + 2 * A_MINUTE))
        assert items.take_back_late(tx, at=START + A_MINUTE) == [slow.id]
        assert items.holds(tx, alive)
        assert not items.holds(tx, slow)
        assert items.to_be_taken(tx, [grant.source], count=9) == [slow.id]


@pytest.mark.promise("P29")
def test_who_was_slow_does_not_hold_what_it_takes_up_again(
    database: Database, grant: Grant
) -> None:
    """The same worker takes the same item once more: that is another attempt."""
    with database.write() as tx:
        _list(tx, grant.source, "a")
        first = _take(tx, grant, ONE)
        items.take_back_late(tx, at=START + A_MINUTE)
        second = _take(tx, grant, ONE)
        assert (first.attempt, second.attempt) == (1, 2)
        assert not items.holds(tx, first)
        assert items.holds(tx, second)


@pytest.mark.promise("P29")
def test_what_a_lost_worker_had_is_free_at_once(database: Database, grant: Grant) -> None:
    """Nobody waits for the lease of who is known to be gone; its attempt stays counted."""
    with database.write() as tx:
        _list(tx, grant.source, "a", "b")
        ids = items.to_be_taken(tx, [grant.source], count=2)
        items.claim_these(tx, [grant.source], ids[:1], lease=ONE, at=START)
        items.claim_these(tx, [grant.source], ids[1:], lease=OTHER, at=START)
        assert items.take_back_from(tx, "one", at=START) == ids[:1]
        assert _take(tx, grant, OTHER).attempt == 2
        assert items.take_back_from(tx, "nobody", at=START) == []


def test_what_is_done_or_given_back_is_nobodys(database: Database, grant: Grant) -> None:
    """No lease stays behind: neither of what has no result, nor of what was never begun."""
    with database.write() as tx:
        _list(tx, grant.source, "a")
        held = _take(tx, grant, ONE)
        items.release(tx, [Claim(held.id, held.source, "a", 1, "other")], at=START)
        assert items.holds(tx, held), "it is not the other's to give back"
        items.release(tx, [held], at=START)
        assert _leases(tx) == [None]
        held = _take(tx, grant, ONE)
        items.give_up(tx, held.id, NoResult(ItemState.FAILED, Reason.DAMAGED, ""), at=START)
        assert _leases(tx) == [None]
        assert not items.holds(tx, held)
        assert items.take_back_late(tx, at=START + A_MINUTE) == []


def test_what_many_workers_died_of_is_not_spread_again(database: Database, grant: Grant) -> None:
    """It is left to be tried alone."""
    with database.write() as tx:
        _list(tx, grant.source, "deadly")
        for _ in range(MAX_ATTEMPTS):
            _take(tx, grant, ONE)
            items.take_back_from(tx, "one", at=START)
        assert items.to_be_taken(tx, [grant.source], count=1) == []
        which = [ItemId(tx.execute(select(item.c.id)).scalar_one())]
        assert items.claim_these(tx, [grant.source], which, lease=ONE, at=START) == []
        assert items.any_suspect(tx, [grant.source])


# --------------------------------------------------------------------------------------------------


def _list(tx: Connection, source: SourceId, *locators: str) -> None:
    items.put_new(tx, source, [Entry(locator, "1") for locator in locators], at=START)


def _take(tx: Connection, grant: Grant, lease: Lease) -> Claim:
    ids = items.to_be_taken(tx, [grant.source], count=1)
    (taken,) = items.claim_these(tx, [grant.source], ids, lease=lease, at=START)
    return taken


def _leases(tx: Connection) -> list[str | None]:
    return list(tx.execute(select(item.c.taken_by)).scalars())
