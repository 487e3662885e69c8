"""Searching again: those photos first in which somebody is likely to be, and each photo once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from countenance.catalog import likely, words
from countenance.catalog.tables import photo
from countenance.core.ids import PhotoId
from countenance.enrol.enrol import Portrait
from countenance.ingest.progress import Step
from countenance.library import Given, Joining
from countenance.people.purpose import Purpose
from tests.fakes.gala import COLLECTION, Gala
from tests.fakes.vision import picture

ADA, BO, NIA = 1, 2, 3
MANY = 60
SHOT = range(40, 48)
"""The photos that show Nia, one after the other."""


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Photos of strangers, a second apart, and eight of Nia among them."""
    with Gala.make(tmp_path) as made:
        for number in range(MANY):
            made.put(f"{number:02}.jpg", NIA if number in SHOT else BO, salt=number)
        made.ingest()
        for one in made.library.photos():
            moment = f"2026-05-03T10:00:{one.locators[0][:2]}"
            change(made, one.id, moment=moment, taken_at=moment)
        yield made


def change(gala: Gala, which: PhotoId, **values: str) -> None:
    with gala.library._database.write() as tx:
        tx.execute(update(photo).where(photo.c.id == which).values(**values))


def places(gala: Gala) -> dict[str, PhotoId]:
    return {one.locators[0]: one.id for one in gala.library.photos()}


def join(gala: Gala, identity: int, name: str = "Nia", number: str = "") -> None:
    invited = gala.library.invite(COLLECTION)
    given = [Portrait("face.jpg", picture(identity))]
    said = Joining(name, frozenset({Purpose.FIND_ME}), given, number=number)
    gala.library.join(invited.token, said)


def compared(gala: Gala) -> list[int]:
    """Whose face each comparison of a search is of, in their order."""
    gala.vision.made.clear()
    gala.library.search_again()
    return [identity for identity, _ in gala.vision.made]


def test_what_was_taken_beside_a_find_comes_next(gala: Gala) -> None:
    """Once one is found, the others of that moment follow, whatever their ids are."""
    join(gala, NIA)
    order = compared(gala)
    assert sorted(order) == sorted([BO] * (MANY - len(SHOT)) + [NIA] * len(SHOT))
    first = order.index(NIA)
    # Six before and six after are asked for; some of them, and what was on its way, are of others.
    assert order[first : first + 30].count(NIA) >= len(SHOT) - 1


def test_where_the_source_says_their_number_comes_first(gala: Gala) -> None:
    """Also their name: what a caption says is looked at before anything else."""
    here = places(gala)
    for number in SHOT:
        change(gala, here[f"{number:02}.jpg"], caption="runner 4711 at the bridge")
    with gala.library._database.write() as tx:
        words.rebuild(tx)
    join(gala, NIA, number="4711")
    order = compared(gala)
    assert NIA in order[:4]
    assert order[: len(SHOT) + 4].count(NIA) == len(SHOT)


def test_a_word_of_every_photo_says_nothing(gala: Gala, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likely, "AT_MOST", MANY - 1)
    for one in gala.library.photos():
        change(gala, one.id, caption="Nia")
    with gala.library._database.write() as tx:
        words.rebuild(tx)
    join(gala, NIA)
    with gala.library._database.read() as tx:
        who = likely.sought(tx)
        assert len(who.people) == len(who.collections) == 1
        assert likely.said(tx, who.people, gala.library._stores) == ()


def test_each_is_compared_once_and_progress_begins_at_once(gala: Gala) -> None:
    """Whatever the order: nothing is left out, nothing comes twice, and the whole is said first."""
    join(gala, NIA)
    told: list[Step] = []
    assert gala.library.search_again(progress=told.append) == MANY
    assert (told[0].done, told[0].total) == (0, MANY)
    assert [one.done for one in told] == list(range(MANY + 1))
    assert gala.library.search_again() == 0


def test_who_enrols_while_faces_are_embedded_is_found_all_the_same(gala: Gala) -> None:
    """Faces were passed over that were nobody's then: such a photo stays behind for who came."""
    join(gala, NIA)
    joined: list[str] = []

    def bo_joins() -> None:
        gala.vision.after_templates = lambda: None
        joined.append("Bo")
        join(gala, BO, "Bo")

    gala.vision.after_templates = bo_joins
    gala.library.search_again()
    gala.library.search_again()
    assert joined
    found = gala.library.find("Bo", purpose=Purpose.FIND_ME).sightings
    assert len(found) == MANY - len(SHOT)


def test_who_enrols_meanwhile_does_not_wait_for_the_whole(gala: Gala) -> None:
    """The search begins anew with what is left, for both; nobody is compared for one alone."""
    join(gala, NIA)
    steps: list[Step] = []

    def progress(step: Step) -> None:
        steps.append(step)
        if step.done == 10 and len(steps) == 11:
            join(gala, BO, "Bo")

    done = gala.library.search_again(progress=progress)
    assert done is not None
    # What was done before, and what was on its way: that was sifted for the others alone.
    assert MANY < done <= MANY + 32
    assert gala.library.search_again() == 0
    names = {one.name: one.id for one in gala.library.people()}
    assert len(gala.find(names["Nia"]).sightings) == len(SHOT)
    assert len(gala.find(names["Bo"]).sightings) == MANY - len(SHOT)


def test_another_collection_waits(gala: Gala, tmp_path: Path) -> None:
    """Who was invited to one is looked for there first."""
    other = tmp_path / "other"
    other.mkdir()
    for number in range(30):
        (other / f"{number}.jpg").write_bytes(picture(ADA, salt=100 + number))
    given = Given("the club", gala.library.now().replace(year=2999))
    gala.library.add_folder(other, given, collection="other", ground="notice")
    gala.ingest()
    join(gala, NIA)
    order = compared(gala)
    assert ADA not in order[: MANY - 4]
    assert order.count(ADA) == 30
