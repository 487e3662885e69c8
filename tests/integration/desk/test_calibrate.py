"""`calibrate`: what was decided in a library, counted, and nothing else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from countenance.catalog.tables import sighting
from countenance.cli.main import main
from countenance.core.rates import Rate
from countenance.gallery.bands import Band
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.search.review import Answer
from tests.fakes.gala import A_DAY, Gala, open_library

ADA, BO, EVE, STRANGER = 1, 2, 3, 9


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Ada in three photos, Bo in two, one stranger; of Ada two are confirmed, one rejected."""
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, STRANGER)
        made.put("b.jpg", ADA, BO)
        made.put("c.jpg", ADA, BO, salt=3)
        made.ingest()
        made.enrol("Ada", ADA, Purpose.STAFF_FIND)
        made.enrol("Bo", BO, Purpose.STAFF_FIND)
        with made.library._database.write() as tx:
            tx.execute(update(sighting).values(band=Band.LIKELY))
        for which, said in zip(seen(made, "Ada"), (Answer.YES, Answer.YES, Answer.NO), strict=True):
            made.library.answer(which, said)
        yield made


def seen(gala: Gala, name: str) -> list[str]:
    person = gala.library.consents(name)[0].id
    with gala.library._database.read() as tx:
        rows = tx.execute(select(sighting.c.id).where(sighting.c.person_id == person))
        return sorted(rows.scalars())


def likely(library: Library) -> tuple[Rate, int]:
    (rates,) = [one for one in library.calibrate().bands if one.band is Band.LIKELY]
    return rates.confirmed, rates.undecided


def test_what_was_decided_is_counted(gala: Gala) -> None:
    """Two of three confirmed; Bo's two are undecided; five faces have a name, and one has none."""
    found = gala.library.calibrate()
    assert likely(gala.library) == (Rate(2, 3), 2)
    assert found.faces == 6
    # The face that was said not to be Ada's is nobody's by now.
    assert found.strangers == 2
    by_band = {rates.band: rates for rates in found.bands}
    assert by_band[Band.SURE].false == Rate(0, 2)
    assert by_band[Band.LIKELY].false == by_band[Band.UNSURE].false == Rate(1, 2)
    assert by_band[Band.LIKELY].worst == Rate(3, 4)


def test_it_changes_nothing_and_names_nobody(
    gala: Gala,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    documented: Callable[[str], set[str]],
) -> None:
    """The log has no more entries than before; neither names nor ids are in the answer."""
    before = gala.log()
    ids = {gala.library.consents(name)[0].id for name in ("Ada", "Bo")}
    gala.library.close()
    now = gala.clock.now()
    monkeypatch.setattr("countenance.core.clock.SystemClock.now", lambda _: now)
    assert main(["calibrate", "--library", str(gala.root), "--json"]) == 0
    out = capsys.readouterr().out
    assert main(["calibrate", "--library", str(gala.root)]) == 0
    text = capsys.readouterr().out
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    assert gala.log() == before
    told = json.loads(out)
    assert {*told, *told["bands"][0], *told["bands"][0]["confirmed"]} <= documented("calibrate")
    assert not [word for word in ("Ada", "Bo", *ids) if word in out + text]
    assert "66.7 % (2 of 3; between 20.8 and 93.9)" in text
    assert "not enough to say" in text


@pytest.mark.promise("P8", "P19")
def test_who_withdrew_is_counted_no_more(gala: Gala) -> None:
    """Nor is what no grant covers now, nor what lies where the rule is off."""
    gala.library.withdraw("Ada", Purpose.STAFF_FIND)
    assert likely(gala.library) == (Rate(0, 0), 2)
    gala.end_the_grants()
    assert likely(gala.library) == (Rate(0, 0), 0)
    assert gala.library.calibrate().faces == 0


@pytest.mark.promise("P8")
def test_who_no_longer_agrees_is_counted_no_more_though_the_rows_are_there(gala: Gala) -> None:
    """A consent that ran out ends it at once, and not when its rows are gone."""
    gala.enrol("Eve", EVE, Purpose.STAFF_FIND, until=gala.clock.now() + 2 * A_DAY)
    gala.put("d.jpg", EVE)
    gala.ingest()
    with gala.library._database.write() as tx:
        tx.execute(update(sighting).values(band=Band.LIKELY))
    assert likely(gala.library) == (Rate(2, 3), 3)
    gala.clock.advance(3 * A_DAY)
    assert likely(gala.library) == (Rate(2, 3), 2)
