"""The ledger of items: what is taken in which order, and what becomes of it."""

import pytest
from sqlalchemy import Connection, select

from countenance.catalog import items, photos
from countenance.catalog.database import Database
from countenance.catalog.items import MAX_ATTEMPTS, Claim, ItemState, NoResult
from countenance.catalog.photos import NewPhoto
from countenance.catalog.tables import item
from countenance.core.canonical import digest
from countenance.core.ids import PhotoId, SourceId
from countenance.errors import Reason
from countenance.sources.grant import Grant
from countenance.sources.source import Entry
from tests.fakes.clock import START


@pytest.mark.promise("P29")
def test_items_are_taken_in_the_order_of_their_listing(database: Database, grant: Grant) -> None:
    """Each is taken once, with its attempt counted before the work; then there is none left."""
    with database.write() as tx:
        _list(tx, grant.source, "b", "a", "c")
        taken = [one for _ in range(4) for one in _claim(tx, grant)]
        assert [(one.locator, one.attempt) for one in taken] == [("b", 1), ("a", 1), ("c", 1)]
        assert _states(tx) == {"a": "working", "b": "working", "c": "working"}


def test_what_died_in_somebodys_hands_is_tried_last(database: Database, grant: Grant) -> None:
    """An item that was taken back keeps its count, and waits until the others were tried."""
    with database.write() as tx:
        _list(tx, grant.source, "deadly", "a", "b")
        _claim(tx, grant)
        items.take_back(tx, at=START)
        assert [_claim(tx, grant)[0].locator for _ in range(3)] == ["a", "b", "deadly"]
        assert _attempts(tx)["deadly"] == 2


@pytest.mark.promise("P29")
def test_what_kills_every_run_is_given_up(database: Database, grant: Grant) -> None:
    """After so many deaths the file is a line in the report, with its reason; the rest goes on."""
    with database.write() as tx:
        _list(tx, grant.source, "deadly")
        for attempt in range(1, MAX_ATTEMPTS + 1):
            assert _claim(tx, grant)[0].attempt == attempt
            items.take_back(tx, at=START)
        assert _claim(tx, grant) == []
        (trouble,) = items.troubles(tx, [grant.source])
        assert (trouble.reason, trouble.state) == (Reason.KILLED_THE_RUN, ItemState.FAILED)
        # Written again it is another file, and gets another chance.
        items.put_changed(tx, grant.source, [Entry("deadly", "new")], at=START)
        assert _claim(tx, grant)[0].attempt == 1


@pytest.mark.promise("P29")
def test_what_was_given_up_is_tried_once_alone(database: Database, grant: Grant) -> None:
    """By the next run and with nothing beside it; if that run dies too, it was this file."""
    with database.write() as tx:
        _list(tx, grant.source, "deadly")
        for _ in range(MAX_ATTEMPTS):
            _claim(tx, grant)
            items.take_back(tx, at=START)
        assert not items.any_suspect(tx, [grant.source])
        items.take_back(tx, at=START)
        assert items.any_suspect(tx, [grant.source])
        assert _claim(tx, grant) == []
        # Ctrl-C is no death: it is still to be tried.
        items.release(tx, _claim(tx, grant, suspect=True), at=START)
        (taken,) = _claim(tx, grant, suspect=True)
        assert taken.attempt == MAX_ATTEMPTS + 1
        for _ in range(3):
            items.take_back(tx, at=START)
            assert _claim(tx, grant) == _claim(tx, grant, suspect=True) == []
        (trouble,) = items.troubles(tx, [grant.source])
        assert trouble.detail.endswith("once more with this file alone")


def test_what_is_given_back_was_not_tried(database: Database, grant: Grant) -> None:
    """A claim that was never begun costs no attempt; one that was finished is not undone."""
    with database.write() as tx:
        _list(tx, grant.source, "a", "b")
        first, second = _claim(tx, grant), _claim(tx, grant)
        items.finish(tx, first[0].id, _photo(tx, grant, b"a"), grant.id, at=START)
        items.release(tx, [*first, *second], at=START)
        items.release(tx, second, at=START)
        assert _states(tx) == {"a": "done", "b": "listed"}
        assert _attempts(tx) == {"a": 1, "b": 0}


def test_a_claim_is_of_the_sources_that_are_wanted(database: Database, grant: Grant) -> None:
    """Items of other sources are left for other runs."""
    with database.write() as tx:
        _list(tx, grant.source, "a")
        assert items.claim(tx, [SourceId("d_another")], count=1, at=START) == []
        assert items.claim(tx, [], count=1, at=START) == []


def test_an_item_tells_which_photo_it_was_before(database: Database, grant: Grant) -> None:
    """Who changes or loses its photo is told the former one, and only if it is another."""
    with database.write() as tx:
        _list(tx, grant.source, "a")
        (held,) = _claim(tx, grant)
        one, other = _photo(tx, grant, b"one"), _photo(tx, grant, b"other")
        assert items.finish(tx, held.id, one, grant.id, at=START) is None
        assert items.finish(tx, held.id, one, grant.id, at=START) is None
        assert items.finish(tx, held.id, other, grant.id, at=START) == one
        why = NoResult(ItemState.FAILED, Reason.DAMAGED, "cut short")
        assert items.give_up(tx, held.id, why, at=START) == other
        assert items.give_up(tx, held.id, why, at=START) is None


def test_what_vanished_is_new_when_it_is_back(database: Database, grant: Grant) -> None:
    """It is no longer among what is known, and coming back it takes its old row again."""
    with database.write() as tx:
        _list(tx, grant.source, "a", "b")
        items.put_vanished(tx, grant.source, ["a"], at=START)
        assert items.stamps(tx, grant.source) == {"b": "1"}
        assert [one.locator for one in _claim(tx, grant)] == ["b"]
        _list(tx, grant.source, "a")
        assert items.stamps(tx, grant.source) == {"a": "1", "b": "1"}
        assert len(tx.execute(select(item)).all()) == 2


@pytest.mark.parametrize("reason", Reason)
def test_passing_troubles_are_tried_again(database: Database, grant: Grant, reason: Reason) -> None:
    """What a new permission, a new grant or a file's return may mend counts as changed."""
    passing = {
        *(Reason.NO_GRANT, Reason.NO_PERMISSION, Reason.VETO),
        *(Reason.VANISHED, Reason.SERVER_ERROR, Reason.NO_DECODER),
    }
    with database.write() as tx:
        _list(tx, grant.source, "a")
        (held,) = _claim(tx, grant)
        items.give_up(tx, held.id, NoResult(ItemState.FAILED, reason, ""), at=START)
        assert items.stamps(tx, grant.source) == {"a": "" if reason in passing else "1"}


def test_many_items_are_no_trouble(database: Database, grant: Grant) -> None:
    """More locators than a statement of an old SQLite takes values are listed and marked."""
    names = [f"{number:05}.jpg" for number in range(3000)]
    with database.write() as tx:
        _list(tx, grant.source, *names)
        _list(tx, grant.source, *names[:1200])
        items.put_vanished(tx, grant.source, names[1000:], at=START)
        assert sorted(items.stamps(tx, grant.source)) == names[:1000]
        counted = items.count_by_state(tx, [grant.source])
        assert counted == {ItemState.LISTED: 1000, ItemState.VANISHED: 2000}


# --------------------------------------------------------------------------------------------


def _list(tx: Connection, source: SourceId, *locators: str) -> None:
    items.put_new(tx, source, [Entry(locator, "1") for locator in locators], at=START)


def _claim(tx: Connection, grant: Grant, *, suspect: bool = False) -> list[Claim]:
    return items.claim(tx, [grant.source], count=1, at=START, suspect=suspect)


def _photo(tx: Connection, grant: Grant, data: bytes) -> PhotoId:
    new = NewPhoto(grant.source, digest(data), 4, 3, "starter", None, ())
    return photos.add(tx, new, compared_with=0, at=START)


def _states(tx: Connection) -> dict[str, str]:
    return {row.locator: row.state for row in tx.execute(select(item))}


def _attempts(tx: Connection) -> dict[str, int]:
    return {row.locator: row.attempts for row in tx.execute(select(item))}
