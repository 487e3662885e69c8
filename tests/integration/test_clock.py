"""
Clocks that jump: nothing that ended revives, and nothing that is due is skipped (P13 to P15).

The jumps are scripted, for by chance they are hardly ever found. The judge keeps the latest instant
at which anything was done, and holds everything to it.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from countenance.catalog import log
from countenance.catalog.tables import reference
from countenance.enrol.enrol import Portrait
from countenance.errors import Error, NoGrant, Refused
from countenance.ingest.progress import Step
from countenance.people.guardians import AgeBand, Standing
from countenance.people.purpose import Purpose, Wish
from tests.fakes.clock import START, FakeClock
from tests.fakes.gala import A_DAY, Gala, copy_library, open_library, require_receipts
from tests.fakes.vision import FakeVision, picture

ADA, BO = 1, 2
A_YEAR = 365 * A_DAY
AN_INSTANT = timedelta(microseconds=1)
ADA_UNTIL = START + A_YEAR
BO_UNTIL = START + 10 * A_DAY
GRANT_UNTIL = START + 2 * A_YEAR


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Gala:
    """Ada agreed for a year and Bo for ten days, under a grant for two years. It is closed."""
    with Gala.make(tmp_path_factory.mktemp("prepared"), until=GRANT_UNTIL) as made:
        made.put("a.jpg", ADA, BO)
        made.enrol("Ada", ADA, until=ADA_UNTIL)
        made.enrol("Bo", BO, until=BO_UNTIL)
        made.ingest()
    return made


@pytest.fixture
def gala(prepared: Gala, tmp_path: Path) -> Iterator[Gala]:
    """A copy of it, open. The folder of pictures is where it was."""
    with _copied(prepared, tmp_path / "library") as made:
        yield made
    for path in prepared.folder.iterdir():
        if path.name != "a.jpg":
            path.unlink()


SCRIPTS = {
    "a year ahead and back": (A_YEAR, -A_YEAR),
    "a year back and ahead": (-A_YEAR, A_YEAR),
    "to the last instant, and over it": (10 * A_DAY - AN_INSTANT, AN_INSTANT),
    "over an end by an instant, and back by two": (10 * A_DAY, -2 * AN_INSTANT, AN_INSTANT),
    "over one end and back, again and again": (11 * A_DAY, -20 * A_DAY) * 4,
    "far back, and creeping over the end": (-100 * A_YEAR, 100 * A_YEAR + 9 * A_DAY, A_DAY, -A_DAY),
    "over the grant's end and back": (2 * A_YEAR, -2 * A_YEAR),
    "no step at all": (timedelta(), timedelta()),
}


@pytest.mark.promise("P13")
@pytest.mark.promise("P14")
@pytest.mark.promise("P15")
@pytest.mark.parametrize("reopening", [False, True])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_jump_revives_nothing_and_skips_nothing(
    script: str, gala: Gala, *, reopening: bool
) -> None:
    """After each jump everybody is found as by the latest instant at which anything was done."""
    latest = START
    for jump in SCRIPTS[script]:
        gala.clock.advance(jump)
        if reopening:
            gala.reopen()
        latest = max(latest, gala.clock.at)
        _assert_as_of(gala, latest)


@pytest.mark.promise("P14")
@pytest.mark.promise("P15")
@settings(max_examples=8)
@given(
    jumps=st.lists(
        st.tuples(
            st.sampled_from([A_YEAR, 9 * A_DAY, A_DAY, AN_INSTANT]),
            st.sampled_from([-2, -1, 1, 2]),
            st.integers(0, 1),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_two_programs_whose_clocks_jump_agree(
    prepared: Gala,
    tmp_path_factory: pytest.TempPathFactory,
    jumps: list[tuple[timedelta, int, int]],
) -> None:
    """Each has a clock of its own, and the time of one library is that of whoever is ahead."""
    with _copied(prepared, tmp_path_factory.mktemp("two") / "library") as gala:
        clock, latest = FakeClock(), START
        with open_library(gala.root, clock, FakeVision()) as library:
            other = Gala(gala.root, gala.folder, clock, FakeVision())
            other.library = library
            for step, times, who in jumps:
                one = (gala, other)[who]
                one.clock.advance(step * times)
                latest = max(latest, one.clock.at)
                _assert_as_of(one, latest)


@pytest.mark.promise("P15")
def test_a_program_whose_clock_is_behind_gives_no_consent_of_the_past(gala: Gala) -> None:
    """What it records begins at the library's present, and lasts from there."""
    gala.clock.advance(30 * A_DAY)
    gala.places("Ada")
    behind = FakeClock(START - A_YEAR)
    with open_library(gala.root, behind, FakeVision()) as library:
        wishes = (Wish(Purpose.FIND_ME),)
        library.enrol("Cy", [Portrait("c.jpg", picture(3))], wishes)
        _, (consent,) = library.consents("Cy")
        withdrawn = library.withdraw("Ada")
    assert consent.events[0].at == gala.clock.at
    assert consent.events[0].until == gala.clock.at + A_YEAR
    assert withdrawn.erased
    _assert_sound(gala)


@pytest.mark.promise("P15")
@pytest.mark.promise("P20")
@pytest.mark.parametrize("back", [A_DAY, A_YEAR])
def test_a_clock_set_back_during_an_ingest_revives_nobody(gala: Gala, back: timedelta) -> None:
    """Bo's time comes between two photos, and then the clock goes back: the rest is without Bo."""
    for number in range(6):
        gala.put(f"later {number}.jpg", ADA, BO, salt=number + 1)
    _ingest_while_the_clock_jumps(gala, 10 * A_DAY, -back)
    assert gala.places("Bo") == []
    assert len(gala.places("Ada")) == 7
    gala.library.resume()
    assert _owners(gala) == {_id(gala, "Ada")}
    assert set(gala.states().values()) == {"done"}
    _assert_sound(gala)


@pytest.mark.promise("P1")
@pytest.mark.promise("P15")
@pytest.mark.parametrize("seen", ["by an act", "by nobody"])
def test_a_grant_that_ended_is_not_read_under_again(gala: Gala, seen: str) -> None:
    """Over the end of the grant and back: no file is listed or read, until it is granted anew."""
    gala.put("later.jpg", ADA)
    gala.clock.at = GRANT_UNTIL
    if seen == "by an act":
        with pytest.raises(NoGrant):
            gala.library.ingest([gala.source.id])
        gala.library.add_collection("seen")
    gala.clock.advance(-A_YEAR)
    if seen == "by an act":
        with pytest.raises(NoGrant):
            gala.library.ingest([gala.source.id])
        assert set(gala.states()) == {"a.jpg"}
    else:
        gala.ingest()
        assert set(gala.states()) == {"a.jpg", "later.jpg"}


@pytest.mark.promise("P1")
@pytest.mark.promise("P15")
def test_a_grant_that_ends_in_the_middle_of_an_ingest_ends_it_for_good(gala: Gala) -> None:
    """What is read after its end is refused, though the clock goes back at once."""
    for number in range(6):
        gala.put(f"later {number}.jpg", ADA, BO, salt=number + 1)
    _ingest_while_the_clock_jumps(gala, 2 * A_YEAR, -2 * A_YEAR)
    assert gala.places("Ada") == []
    assert "refused" in gala.states().values()
    _assert_sound(gala)


def test_the_year_after_a_death_begins_at_midnight_in_utc(gala: Gala) -> None:
    """Ten full years are over with the eleventh year's first instant, and stay over."""
    gala.put("c.jpg", 3)
    gala.ingest()
    gala.clock.at = datetime(2027, 1, 1, tzinfo=UTC) - AN_INSTANT
    with pytest.raises(Refused, match="10 full years"):
        _enrol_historical(gala, "Cy", died=2016)
    gala.clock.advance(AN_INSTANT)
    _enrol_historical(gala, "Cy", died=2016)
    gala.clock.advance(-A_YEAR)
    with pytest.raises(Refused, match="10 full years"):
        _enrol_historical(gala, "Di", died=2017)
    assert gala.places("Cy", Purpose.STAFF_FIND) == ["c.jpg"]


def test_a_year_from_a_leap_day_is_a_year(gala: Gala) -> None:
    """A consent given on the 29th of February ends, and not a day after the year."""
    gala.grant_again(days=4000)
    gala.clock.at = datetime(2028, 2, 29, 12, tzinfo=UTC)
    gala.enrol("Cy", ADA)
    _, (consent,) = gala.library.consents("Cy")
    until = consent.events[0].until
    assert until is not None
    assert timedelta(days=364) < until - gala.clock.at <= timedelta(days=366)
    gala.clock.at = until - AN_INSTANT
    assert gala.places("Cy") == ["a.jpg"]
    gala.clock.at = until
    assert gala.places("Cy") == []


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "America/St_Johns", "Pacific/Apia"])
def test_no_local_time_is_asked(gala: Gala, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the night in which summer time ends, an hour that comes twice ends nothing twice."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        until = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        gala.put("c.jpg", 3)
        gala.ingest()
        gala.enrol("Cy", 3, until=until)
        gala.clock.at = until - timedelta(hours=1)
        assert gala.places("Cy") == ["c.jpg"]
        gala.clock.at = until - AN_INSTANT
        assert gala.places("Cy") == ["c.jpg"]
        gala.clock.at = until
        assert gala.places("Cy") == []
        assert gala.log().count("consent.expired") == 2  # Bo's and Cy's
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("at", [datetime(9998, 12, 31, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_a_clock_at_the_end_of_time_is_no_bug(gala: Gala, at: datetime) -> None:
    """A machine without a battery, or with a wrong one: it is refused or it works."""
    gala.clock.at = at
    try:
        gala.enrol("Cy", 3)
    except Error as exc:
        assert exc.exit_code != Error.exit_code  # noqa: PT017  it may also not be raised
    gala.places("Ada")
    _assert_sound(gala)


# --------------------------------------------------------------------------------------------


def _copied(prepared: Gala, to: Path) -> Gala:
    copy_library(prepared.root, to)
    made = Gala(to, prepared.folder, FakeClock(), FakeVision())
    made.library = open_library(made.root, made.clock, made.vision)
    made.source = prepared.source
    return made


def _ingest_while_the_clock_jumps(gala: Gala, *jumps: timedelta) -> None:
    """A jump after each photo that was stored; the first one is stored before them all."""
    left = iter(jumps)

    def jump(step: Step) -> None:
        if step.what == "photos":
            gala.clock.advance(next(left, timedelta()))

    gala.ingest(jump)
    assert list(left) == [], "the clock did not jump: the test proves nothing"


def _assert_as_of(gala: Gala, latest: datetime) -> None:
    """Everybody is found, and everything that is due was done, as by `latest`."""
    granted = latest < GRANT_UNTIL
    untils = {"Ada": ADA_UNTIL, "Bo": BO_UNTIL}
    for name, until in untils.items():
        assert gala.places(name) == (["a.jpg"] if granted and latest < until else []), name
    due = {name for name, until in untils.items() if until <= latest}
    with gala.library._database.read() as tx:
        expired = [
            who
            for said in log.entries(tx)
            if said.act == "consent.expired"
            for who in said.subjects
        ]
    assert sorted(expired) == sorted(_id(gala, name) for name in due)
    # From its latch on nobody is found; the rows of it go at the next ingest, enrolment, `resume`.
    gala.library.resume()
    assert _owners(gala) == {_id(gala, name) for name in untils if name not in due}
    _assert_sound(gala)


def _assert_sound(gala: Gala) -> None:
    """The log is whole, no entry of it earlier than the one before, and every receipt verifies."""
    assert gala.library.trail.verify({}).findings == ()
    require_receipts(gala.library)


def _owners(gala: Gala) -> set[str]:
    """Of whom there are references."""
    with gala.library._database.read() as tx:
        return set(tx.execute(select(reference.c.person_id)).scalars())


def _id(gala: Gala, name: str) -> str:
    return next(one.id for one in gala.library.people() if one.name == name)


def _enrol_historical(gala: Gala, name: str, *, died: int) -> None:
    standing = Standing(AgeBand.HISTORICAL, died=died, record="parish register")
    portrait = Portrait("portrait.jpg", picture(3))
    gala.library.enrol(name, [portrait], (Wish(Purpose.STAFF_FIND),), standing=standing)
