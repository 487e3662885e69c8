"""How many searches there are in an hour, and that every "no" is the same answer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from countenance.audit.entry import Act, Entry
from countenance.catalog import log
from countenance.catalog.tables import asked, person
from countenance.errors import Refused, TooManySearches, Unreadable, UsageError
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.search.find import Found
from countenance.settings import keys_beside
from tests.fakes.gala import A_DAY, Gala, open_library
from tests.fakes.postgres import copy_catalog
from tests.fakes.vision import FakeVision, picture

ADA, BO, STRANGER = 1, 2, 3
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

SEARCHES = """
import sys
from pathlib import Path
from countenance.errors import TooManySearches
from countenance.library import Library
from countenance.people.purpose import Purpose
with Library.open(Path(sys.argv[1])) as library:
    print("ready", flush=True)
    sys.stdin.readline()
    through = 0
    for _ in range(int(sys.argv[2])):
        try:
            library.find("Nobody", purpose=Purpose.FIND_ME)
            through += 1
        except TooManySearches:
            pass
    print(through)
"""


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


# --- windows --------------------------------------------------------------------------------------


@pytest.mark.promise("P10")
def test_an_account_has_so_many_searches_an_hour(gala: Gala) -> None:
    """After them find and search are refused alike, and the refusal says when there is room."""
    _limit(gala, account=3)
    gala.find("Ada")
    gala.clock.advance(10 * SECOND)
    gala.library.search(picture(ADA), purpose=Purpose.STAFF_FIND)
    gala.find("Bo")
    for ask in (gala.find, _search_for(gala)):
        with pytest.raises(TooManySearches, match=r"one account.*: 3 an hour.*2026-05-01 13:00:00"):
            ask("Ada")
    with gala.library._database.read() as tx:
        last = log.entries(tx)[-1]
    assert last == Entry(Act.REFUSED, gala.clock.now(), "tester", "find-me")


@pytest.mark.promise("P10")
def test_the_window_moves(gala: Gala) -> None:
    """There is room again an hour after each search, at the second that was said, not before."""
    _limit(gala, account=2)
    gala.find("Ada")
    gala.clock.advance(HOUR / 2)
    gala.find("Ada")
    gala.clock.advance(HOUR / 2 - SECOND)
    with pytest.raises(TooManySearches, match="13:00:00"):
        gala.find("Ada")
    gala.clock.advance(SECOND)
    gala.find("Ada")
    with pytest.raises(TooManySearches, match="13:30:00"):
        gala.find("Ada")
    gala.clock.advance(2 * HOUR)
    gala.find("Ada")
    # What is in no window any more is gone: one row for the account, one for the library.
    assert _rows(gala) == 2


@pytest.mark.promise("P10")
@pytest.mark.promise("P15")
def test_a_clock_set_back_makes_no_room(gala: Gala) -> None:
    """Neither does a clock that is set back count the searches of now as past."""
    _limit(gala, account=1)
    gala.find("Ada")
    gala.clock.advance(-A_DAY)
    with pytest.raises(TooManySearches):
        gala.find("Ada")


@pytest.mark.promise("P10")
def test_the_library_has_so_many_searches_an_hour(gala: Gala) -> None:
    """However many accounts there are; and a refused search uses nothing of the account's."""
    _limit(gala, account=2, library=3)
    _as(gala, "one")
    gala.find("Ada")
    gala.find("Ada")
    _as(gala, "two")
    gala.find("Ada")
    with pytest.raises(TooManySearches, match="this library are used up: 3 an hour"):
        gala.find("Ada")
    before = _rows(gala)
    with pytest.raises(TooManySearches):
        gala.find("Ada")
    assert _rows(gala) == before
    gala.clock.advance(HOUR)
    _as(gala, "one")
    gala.find("Ada")
    _as(gala, "two")
    gala.find("Ada")
    gala.find("Ada")


@pytest.mark.promise("P10")
def test_a_refusal_by_the_account_uses_nothing_of_the_library(gala: Gala) -> None:
    """One who asks too often takes nothing from the others."""
    _limit(gala, account=1, library=3)
    gala.find("Ada")
    for _ in range(5):
        with pytest.raises(TooManySearches):
            gala.find("Ada")
    _as(gala, "another")
    gala.find("Ada")


@pytest.mark.promise("P10")
def test_the_limit_that_lasts_longest_is_named(gala: Gala) -> None:
    """Where both are used up, who waits as long as is said is let through."""
    _limit(gala, account=1, library=2)
    _as(gala, "one")
    gala.find("Ada")
    gala.clock.advance(HOUR / 4)
    _as(gala, "two")
    gala.find("Ada")
    with pytest.raises(TooManySearches, match=r"one account.*13:15:00"):
        gala.find("Ada")


@pytest.mark.promise("P10")
def test_a_lowered_limit_counts_what_was_asked_before(gala: Gala) -> None:
    """The searches of the hour stay counted, and there is room when enough of them have passed."""
    for _ in range(3):
        gala.find("Ada")
        gala.clock.advance(60 * SECOND)
    _limit(gala, account=2)
    with pytest.raises(TooManySearches, match="13:01:00"):
        gala.find("Ada")
    gala.clock.at = gala.clock.at.replace(hour=13, minute=1)
    gala.find("Ada")


@pytest.mark.promise("P10")
def test_two_programs_share_one_window(gala: Gala) -> None:
    """What the one let through counts for the other, and the other way round."""
    _limit(gala, account=2)
    gala.find("Ada")
    with gala.another() as other:
        other._settings = gala.library._settings
        other.find("Ada", purpose=Purpose.FIND_ME)
        with pytest.raises(TooManySearches):
            other.find("Ada", purpose=Purpose.FIND_ME)
    with pytest.raises(TooManySearches):
        gala.find("Ada")


@pytest.mark.promise("P10")
def test_a_probe_that_is_no_picture_was_a_search(gala: Gala) -> None:
    """A slot is taken before the probe is looked at."""
    _limit(gala, account=1)
    with pytest.raises(Unreadable):
        gala.library.search(b"no picture", purpose=Purpose.FIND_ME)
    with pytest.raises(TooManySearches):
        gala.find("Ada")


@pytest.mark.promise("P10")
def test_nothing_of_an_account_but_a_digest_is_counted(gala: Gala) -> None:
    """However long a name is, the table of searches has no name in it."""
    _as(gala, "Ada Lovelace " * 100)
    gala.find("Ada")
    with gala.library._database.read() as tx:
        counted = tx.execute(select(asked.c.who)).scalars().all()
    assert len(counted) == 2
    assert not any("Ada" in who for who in counted)
    assert max(map(len, counted)) < 100


@pytest.mark.promise("P10")
def test_processes_at_once_get_no_more_through_than_the_limit(tmp_path: Path) -> None:
    """Three programs that search the same library at the same time share one window (I40)."""
    root, tries, limit = tmp_path / "library", 8, 10
    Library.init(root).close()
    environment = os.environ | {
        "COUNTENANCE_ACTOR": "tester",
        "COUNTENANCE_SEARCHES_PER_ACCOUNT": str(limit),
    }
    searching = [
        subprocess.Popen(
            [sys.executable, "-c", SEARCHES, root, str(tries)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for one in searching:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    through = [int(one.communicate()[0]) for one in _all_told(searching)]
    assert sum(through) == limit
    with Library.open(root) as library, library._database.read() as tx:
        acts = [one.act for one in log.entries(tx) if one.actor == "tester"]
    assert len(acts) == 3 * tries


# --- one answer for no ----------------------------------------------------------------------------


@pytest.mark.promise("P10")
def test_every_no_takes_the_same_statements(tmp_path: Path) -> None:
    """Not enrolled, declined, in no picture, in one whose grant ended: one answer, one work."""
    with Gala.make(tmp_path / "first") as gala:
        gala.enrol("Ada", ADA)
        gala.enrol("Bob", BO, Purpose.STAFF_FIND)
        gala.enrol("Cyd", STRANGER)
        gala.put("bob-and-cyd.png", BO, STRANGER)
        gala.ingest()
        gala.library.take_down(gala.source.id)
    answers = {name: _asked_anew(gala, tmp_path / name, name) for name in ("Ada", "Bob", "Cyd")}
    nobody, statements = _asked_anew(gala, tmp_path / "none", "Eve")
    assert nobody == Found("Eve", None, "Eve", ())
    assert len(statements) > 5
    for name, (answer, same) in answers.items():
        assert answer == Found(name, None, name, ())
        assert same == statements


@pytest.mark.promise("P10")
def test_every_unnamed_face_takes_the_same_statements(tmp_path: Path) -> None:
    """A probe of somebody who declined is answered as one of somebody who is not here."""
    with Gala.make(tmp_path / "first") as gala:
        gala.enrol("Ada", ADA)
        gala.enrol("Bob", BO, Purpose.STAFF_FIND)
        gala.put("bob.png", BO)
        gala.ingest()
    seen = []
    for number, identity in enumerate((BO, STRANGER)):
        library = _copy_of(gala, tmp_path / str(number))
        with library, _statements(library) as statements:
            seen.append((library.search(picture(identity), purpose=Purpose.FIND_ME), statements))
    assert seen[0] == seen[1]
    (face,) = seen[0][0]
    assert face.candidates == ()


@pytest.mark.promise("P10")
@pytest.mark.promise("P33")
def test_only_who_agreed_stands_in_the_log(gala: Gala) -> None:
    """A refused search says that it was made, and of nobody whether they are enrolled."""
    gala.enrol("Ada", ADA, Purpose.STAFF_FIND)
    for who in ("Ada", "Eve"):
        gala.find(who)
    with gala.library._database.read() as tx:
        declined, nobody = log.entries(tx)[-2:]
    assert declined == nobody == Entry(Act.REFUSED, gala.clock.now(), "tester", "find-me")


@pytest.mark.promise("P10")
def test_of_one_name_count_those_who_agreed(gala: Gala) -> None:
    """A namesake who declined is as if they were not enrolled; two who agreed are told apart."""
    gala.enrol("Ada", ADA)
    other = gala.enrol("Other", BO, Purpose.STAFF_FIND).enrolment.person.id
    gala.put("one.png", ADA)
    gala.ingest()
    _call_everybody(gala, "Ada")
    assert gala.places("Ada") == ["one.png"]
    gala.enrol(other, BO, Purpose.FIND_ME, again=True)
    with pytest.raises(UsageError, match="2 people have this name"):
        gala.find("Ada")
    assert gala.log()[-1] == Act.REFUSED


@pytest.mark.promise("P7")
def test_a_picture_of_several_is_refused_and_logged(gala: Gala) -> None:
    """Who looks for themselves with a picture of others is in the log."""
    with pytest.raises(Refused, match="shows one face, and this one 2"):
        gala.library.search(picture(ADA, BO), purpose=Purpose.FIND_ME)
    assert gala.log()[-1] == Act.REFUSED


@pytest.mark.promise("P7")
def test_a_search_by_nobody_is_refused_and_logged(gala: Gala) -> None:
    """Without somebody who asks there is no search, and that one was tried is in the log."""
    _as(gala, " ")
    with pytest.raises(Refused, match="somebody who asks"):
        gala.find("Ada")
    assert gala.log()[-1] == Act.REFUSED
    assert _rows(gala) == 0


# --------------------------------------------------------------------------------------------------


def _limit(gala: Gala, *, account: int, library: int = 1000) -> None:
    own = gala.library._settings
    gala.library._settings = replace(
        own, searches_per_account=account, searches_per_library=library
    )


def _as(gala: Gala, actor: str) -> None:
    gala.library._settings = replace(gala.library._settings, actor=actor)


def _search_for(gala: Gala):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return lambda _who: gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)


def _rows(gala: Gala) -> int:
    with gala.library._database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(asked)).scalar_one())


def _all_told(searching: "list[subprocess.Popen[str]]") -> "list[subprocess.Popen[str]]":
    """Everybody begins before anybody is waited for."""
    for one in searching:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    return searching


def _copy_of(gala: Gala, root: Path) -> Library:
    """The library as it is, as one that has done nothing else since."""
    shutil.copytree(gala.root, root)
    shutil.copytree(gala.keys, keys_beside(root))
    copy_catalog(root)
    return open_library(root, gala.clock, FakeVision())


def _asked_anew(gala: Gala, root: Path, who: str) -> tuple[Found, list[str]]:
    with _copy_of(gala, root) as library, _statements(library) as statements:
        return library.find(who, purpose=Purpose.FIND_ME), statements


@contextmanager
def _statements(library: Library) -> Iterator[list[str]]:
    """The statements that are put to the database meanwhile, without their values."""
    put: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        put.append(statement)

    event.listen(library._database._engine, "before_cursor_execute", hear)
    try:
        yield put
    finally:
        event.remove(library._database._engine, "before_cursor_execute", hear)


def _call_everybody(gala: Gala, name: str) -> None:
    with gala.library._database.write() as tx:
        tx.execute(person.update().values(name=name))
