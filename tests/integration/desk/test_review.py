from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, update

from countenance.audit.entry import Act
from countenance.catalog import log
from countenance.catalog.tables import person, roster, sighting
from countenance.errors import NoConsent, NotFound, Refused, Stale, UsageError
from countenance.library import Library
from countenance.people.purpose import Purpose
from countenance.search.review import Answer, Wanted
from tests.fakes.gala import A_DAY, COLLECTION, Gala, open_library

ADA, BO, EVE = 1, 2, 3


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Ada and Bo, who agreed to be found by staff, in three photos each; nobody is sure of any."""
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA)
        made.put("b.jpg", ADA, BO)
        made.put("c.jpg", BO, ADA, salt=3)
        made.put("d.jpg", EVE, BO, salt=5)
        made.ingest()
        made.enrol("Ada", ADA, Purpose.STAFF_FIND, Purpose.FIND_ME)
        made.enrol("Bo", BO, Purpose.STAFF_FIND, Purpose.FIND_ME)
        made.enrol("Eve", EVE, Purpose.FIND_ME)
        set_band(made.library, "likely")
        yield made


def set_band(library: Library, band: str) -> None:
    with library._database.write() as tx:
        tx.execute(update(sighting).where(sighting.c.state == "candidate").values(band=band))


def rows(library: Library) -> list[tuple[object, ...]]:
    """Every sighting as it stands."""
    with library._database.read() as tx:
        return sorted(tuple(row) for row in tx.execute(select(sighting)))


def acts(library: Library) -> list[str]:
    with library._database.read() as tx:
        return [str(one.act) for one in log.entries(tx)]


def ids(library: Library, *, person: str = "") -> list[str]:
    asked = library.questions(Wanted(person=person), count=100)
    return [one.sighting for one in asked.questions]


# --- the queue --------------------------------------------------------------------------------


@pytest.mark.promise("P8")
def test_only_who_agreed_to_be_found_by_staff_is_asked_about(gala: Gala) -> None:
    """Eve agreed to look for herself: nobody at the desk is asked whether it is her."""
    asked = gala.library.questions(count=100)
    assert {asked.names[one.person] for one in asked.questions} == {"Ada", "Bo"}
    assert asked.left == 6
    assert ids(gala.library, person="Eve") == ids(gala.library, person="Nobody") == []


@pytest.mark.promise("P7", "P33")
def test_to_be_asked_is_to_look(gala: Gala) -> None:
    """A page of questions is in the log, for those it is about to read; nobody asks namelessly."""
    gala.library.questions(Wanted(person="Ada"), count=2)
    who = gala.library.consents("Ada")[0].id
    with gala.library._database.read() as tx:
        look = log.looked_for(tx, who)[-1]
    assert (look.act, look.actor, look.purpose) == (Act.FOUND, "tester", Purpose.STAFF_FIND)
    with gala.library.acting_as(" "), pytest.raises(Refused):
        gala.library.questions()


@pytest.mark.promise("P8")
def test_a_question_ends_with_consent_grant_and_rule(gala: Gala) -> None:
    """Whoever withdraws is asked about no more; nor is anybody where nothing may be recognised."""
    gala.library.withdraw("Ada", Purpose.STAFF_FIND)
    assert len(ids(gala.library)) == 3
    gala.library.take_down(gala.source.id)
    assert ids(gala.library) == []


def test_pages_go_on_by_key_and_likely_comes_first(gala: Gala) -> None:
    """Every question comes once, in pages of any size, the likelier before the others."""
    every = ids(gala.library)
    with gala.library._database.write() as tx:
        tx.execute(update(sighting).where(sighting.c.id == every[0]).values(band="unsure"))
    seen, after = [], ("", "")
    while True:
        page = gala.library.questions(after=after, count=2)
        seen += [one.sighting for one in page.questions]
        if page.last is None:
            break
        after = page.last
    assert seen == [*every[1:], every[0]]


def test_what_is_sure_is_not_asked(gala: Gala) -> None:
    """What the model is sure of needs nobody to look at it."""
    set_band(gala.library, "sure")
    assert ids(gala.library) == []


# --- answers ----------------------------------------------------------------------------------


@pytest.mark.promise("P12")
def test_a_no_is_for_good(gala: Gala) -> None:
    """However sure the model is later: a pair that was rejected is not seen again."""
    which = ids(gala.library, person="Ada")
    for one in which:
        gala.library.answer(one, Answer.NO)
    gala.enrol("Ada", ADA, Purpose.STAFF_FIND, again=True)
    gala.put("e.jpg", ADA, salt=9)
    gala.ingest()
    found = gala.find("Ada", Purpose.STAFF_FIND).sightings
    assert [one.locator for one in found] == ["e.jpg"]
    assert {row[5] for row in rows(gala.library) if row[0] in which} == {"rejected"}


@pytest.mark.promise("P12")
def test_a_yes_stays(gala: Gala) -> None:
    """A Yes is a person's word, and the model's next comparison leaves it."""
    (which, *_) = ids(gala.library, person="Ada")
    gala.library.answer(which, Answer.YES)
    gala.enrol("Ada", ADA, Purpose.STAFF_FIND, again=True)
    assert {row[0]: row[5] for row in rows(gala.library)}[which] == "confirmed"


def test_not_sure_is_put_aside_and_not_lost(gala: Gala) -> None:
    """It leaves the queue, for whoever asks for what was put aside; nothing else has changed."""
    before, (which, *rest) = rows(gala.library), ids(gala.library)
    gala.library.answer(which, Answer.NOT_SURE)
    assert ids(gala.library) == rest
    aside = gala.library.questions(Wanted(aside=True), count=9)
    assert [one.sighting for one in aside.questions] == [which]
    assert rows(gala.library) == before


def test_two_at_one_question_do_not_overrule_each_other(gala: Gala) -> None:
    """What somebody answered meanwhile is said to the second, and stays."""
    (which, *_) = ids(gala.library)
    gala.library.answer(which, Answer.NO)
    with pytest.raises(Stale):
        gala.library.answer(which, Answer.YES)
    assert {row[0]: row[5] for row in rows(gala.library)}[which] == "rejected"


@pytest.mark.promise("P8")
def test_an_answer_needs_the_consent_of_its_moment(gala: Gala) -> None:
    """Between the question and the answer somebody withdrew: nothing is said of them."""
    (which, *_) = ids(gala.library, person="Ada")
    gala.library.withdraw("Ada", Purpose.STAFF_FIND)
    with pytest.raises(NoConsent):
        gala.library.answer(which, Answer.YES)


# --- taking back ------------------------------------------------------------------------------


@pytest.mark.promise("P12")
@pytest.mark.parametrize("said", list(Answer))
def test_taking_back_restores_exactly_what_was(gala: Gala, said: Answer) -> None:
    """Every row of every sighting is what it was, those that gave way among them; it is logged."""
    with gala.library._database.write() as tx:
        crowd(tx)
    before, (which, *_) = rows(gala.library), ids(gala.library, person="Ada")
    made = gala.library.answer(which, said)
    assert gala.library.take_back().id == made.id
    assert rows(gala.library) == before
    assert acts(gala.library)[-1] == Act.TAKEN_BACK
    assert which in ids(gala.library, person="Ada")


def crowd(tx: Connection) -> None:
    """Beside every candidate of Ada another: the model sees Eve in the same face."""
    eve = tx.execute(select(person.c.id).where(person.c.name == "Eve")).scalar_one()
    ada = tx.execute(select(person.c.id).where(person.c.name == "Ada")).scalar_one()
    own = tx.execute(select(sighting).where(sighting.c.person_id == ada)).all()
    for number, row in enumerate(own):
        values = row._asdict() | {"id": f"s_{number:016}", "person_id": eve, "band": "unsure"}
        tx.execute(insert(sighting).values(values))


@pytest.mark.promise("P12")
def test_what_was_changed_since_is_not_taken_back_with_it(gala: Gala) -> None:
    """Somebody decided otherwise after it: that stands, and the step says so."""
    (which, *_) = ids(gala.library)
    step = gala.library.answer(which, Answer.YES)
    gala.library.reject_sighting(which)
    after = rows(gala.library)
    with pytest.raises(Stale):
        gala.library.take_back(step.id)
    assert rows(gala.library) == after


def test_each_takes_back_their_own_and_once(gala: Gala) -> None:
    """Z takes back one's own newest; a step is taken back once, and a name nobody has is none."""
    first, second, *_ = ids(gala.library)
    gala.library.answer(first, Answer.NO)
    with gala.library.acting_as("another"):
        other = gala.library.answer(second, Answer.NO)
    gala.library.take_back()
    with pytest.raises(NotFound):
        gala.library.take_back()
    gala.library.take_back(other.id)
    with pytest.raises(Stale):
        gala.library.take_back(other.id)
    with pytest.raises(NotFound):
        gala.library.take_back("w_none")


@pytest.mark.promise("P14", "P21")
def test_taking_back_brings_nobody_back_who_left(gala: Gala) -> None:
    """Whose sighting gave way to a Yes, and who withdrew since, is put into no face again."""
    with gala.library._database.write() as tx:
        crowd(tx)
    (which, *_) = ids(gala.library, person="Ada")
    step = gala.library.answer(which, Answer.YES)
    eve = gala.library.consents("Eve")[0].id
    gala.library.withdraw("Eve")
    gala.library.take_back(step.id)
    assert eve not in {value for row in rows(gala.library) for value in row}


# --- merge ------------------------------------------------------------------------------------


def enrol_twice(gala: Gala, *wishes: Purpose) -> None:
    """Ada enrolled a second time, as Ada Berg, under other purposes."""
    gala.enrol("Ada Berg", ADA, *wishes)
    set_band(gala.library, "likely")


def everything(library: Library) -> list[list[tuple[object, ...]]]:
    tables = (sighting, roster, person)
    with library._database.read() as tx:
        return [sorted(tuple(map(str, row)) for row in tx.execute(select(one))) for one in tables]


@pytest.fixture
def twice(gala: Gala) -> Gala:
    """Ada is enrolled twice, and each of the two was seen: the second in two photos by hand."""
    enrol_twice(gala, Purpose.STAFF_FIND, Purpose.FIND_ME, Purpose.TELL_ME)
    gala.put("f.jpg", EVE, ADA, salt=17)
    gala.put("g.jpg", EVE, ADA, salt=19)
    gala.ingest()
    with gala.library._database.write() as tx:
        names = {row.id: row.name for row in tx.execute(select(person))}
        one = tx.execute(select(sighting)).all()
        second = next(which for which, name in names.items() if name == "Ada Berg")
        first = next(which for which, name in names.items() if name == "Ada")
        mine = [row for row in one if row.person_id in (first, second)]
        for place, row in enumerate(sorted(mine, key=lambda each: each.id)):
            whose = (first, second)[place % 2]
            tx.execute(update(sighting).where(sighting.c.id == row.id).values(person_id=whose))
    gala.library.add_to_roster(COLLECTION, "Ada Berg", number="17")
    return gala


def do_merge(gala: Gala, kept: str = "Ada", other: str = "Ada Berg") -> str:
    mark = gala.library.plan_merge(kept, other).mark
    return gala.library.merge(kept, other, mark=mark, why="she said so at the desk").id


def test_a_merge_shows_what_it_would_do_and_does_that(twice: Gala) -> None:
    """The counts of the plan are those of what is done; the other's name finds the kept."""
    plan = twice.library.plan_merge("Ada", "Ada Berg")
    before = {one.id for one in twice.find("Ada", Purpose.STAFF_FIND).sightings}
    theirs = {one.id for one in twice.find("Ada Berg", Purpose.STAFF_FIND).sightings}
    assert (plan.moved, plan.set_aside, plan.resting, plan.roster) == (len(theirs), 0, 3, 1)
    do_merge(twice)
    for name in ("Ada", "Ada Berg"):
        found = twice.find(name, Purpose.STAFF_FIND)
        assert (found.name, {one.id for one in found.sightings}) == ("Ada", before | theirs)
    assert [one.name for one in twice.library.merged_into("Ada")] == ["Ada Berg"]
    twice.library.add_sighting(_photo(twice, "a.jpg"), 1, "#17")
    assert Act.MERGED in acts(twice.library)


def _photo(gala: Gala, locator: str) -> str:
    return next(one.id for one in gala.library.photos() if locator in one.locators)


def test_a_merge_taken_back_is_as_if_it_had_not_been(twice: Gala) -> None:
    """People, rosters and sightings stand exactly as before."""
    before = everything(twice.library)
    step = do_merge(twice)
    assert everything(twice.library) != before
    twice.library.take_back(step)
    assert everything(twice.library) == before


@pytest.mark.promise("P12")
def test_what_was_decided_while_merged_stays_with_whose_it_was(twice: Gala) -> None:
    """A No that was said meanwhile is a No of the enrolment that the sighting was of (P12)."""
    theirs = [one.id for one in twice.find("Ada Berg", Purpose.STAFF_FIND).sightings]
    step = do_merge(twice)
    twice.library.answer(theirs[0], Answer.NO)
    twice.library.take_back(step)
    other = twice.library.consents("Ada Berg")[0].id
    row = {one[0]: one for one in rows(twice.library)}[theirs[0]]
    assert (row[3], row[5]) == (other, "rejected")


@pytest.mark.promise("P12")
def test_a_stale_page_merges_nothing(twice: Gala) -> None:
    """Whatever of the two has changed since it was shown: a conflict, and never a silent merge."""
    mark = twice.library.plan_merge("Ada", "Ada Berg").mark
    first, *_ = twice.find("Ada", Purpose.STAFF_FIND).sightings
    twice.library.confirm_sighting(first.id)
    before = everything(twice.library)
    with pytest.raises(Stale):
        twice.library.merge("Ada", "Ada Berg", mark=mark, why="she said so")
    assert everything(twice.library) == before


@pytest.mark.promise("P5")
def test_the_stricter_of_two_consents_stands(gala: Gala) -> None:
    """
    Where the kept may be used for more than the other agreed to, or for longer, nothing is merged:
    no consent covers what it did not.
    """
    enrol_twice(gala, Purpose.FIND_ME)
    against = gala.library.plan_merge("Ada", "Ada Berg").against
    assert ["staff-find" in one for one in against] == [True]
    with pytest.raises(Refused):
        do_merge(gala)
    do_merge(gala, "Ada Berg", "Ada")
    assert gala.find("Ada", Purpose.STAFF_FIND).sightings == ()
    assert gala.find("Ada", Purpose.FIND_ME).sightings != ()


@pytest.mark.promise("P13")
def test_a_merge_changes_no_consent(twice: Gala) -> None:
    """What each enrolment agreed to is its own, word by word, before and after."""
    before = [twice.library.consents(name)[1] for name in ("Ada", "Ada Berg")]
    ids_ = [twice.library.consents(name)[0].id for name in ("Ada", "Ada Berg")]
    step = do_merge(twice)
    assert [twice.library.consents(one)[1] for one in ids_] == before
    twice.library.take_back(step)
    assert [twice.library.consents(one)[1] for one in ids_] == before


def test_a_shorter_consent_is_the_stricter(gala: Gala) -> None:
    """A consent that ends earlier is not stretched by another."""
    gala.clock.advance(A_DAY)
    enrol_twice(gala, Purpose.STAFF_FIND, Purpose.FIND_ME)
    assert gala.library.plan_merge("Ada", "Ada Berg").against == ()
    assert len(gala.library.plan_merge("Ada Berg", "Ada").against) == 2


@pytest.mark.promise("P19", "P20")
@pytest.mark.parametrize("name", ["Ada", "Ada Berg"])
def test_who_withdraws_by_one_enrolment_withdraws_by_both(twice: Gala, name: str) -> None:
    """From that transaction she is found by neither, and nothing of either is left."""
    both = [twice.library.consents(one)[0].id for one in ("Ada", "Ada Berg")]
    do_merge(twice)
    which = both[("Ada", "Ada Berg").index(name)]
    twice.library.withdraw(which)
    assert [one.name for one in twice.library.people()] == ["Bo", "Eve"]
    left = {value for row in rows(twice.library) for value in row}
    assert left.isdisjoint(both)
    twice.ingest()
    assert {value for row in rows(twice.library) for value in row}.isdisjoint(both)


def test_an_objection_by_one_is_one_by_both(twice: Gala) -> None:
    """A No weighs more than any consent, whichever enrolment it is said by."""
    do_merge(twice)
    twice.library.object_to("Ada")
    for name in ("Ada", "Ada Berg"):
        assert len(twice.library.objections(name)) == 1
        assert twice.find(name, Purpose.STAFF_FIND).sightings == ()


@pytest.mark.promise("P5")
def test_references_of_the_one_that_rests_look_for_nobody(twice: Gala) -> None:
    """While two are merged the gallery holds one of them; taken back, both."""
    step = do_merge(twice)
    other = next(one.id for one in twice.library.people() if one.name == "Ada Berg")
    twice.put("h.jpg", ADA, salt=23)
    twice.ingest()
    assert other not in {row[3] for row in rows(twice.library)}
    twice.library.take_back(step)
    with twice.library._at_work() as writer, twice.library._database.read() as tx:
        assert other in writer.gallery(tx).gallery.persons


@pytest.mark.parametrize("states", [("confirmed", "rejected"), ("confirmed", "confirmed")])
def test_two_who_people_told_apart_are_not_merged(gala: Gala, states: tuple[str, str]) -> None:
    """
    Side by side in one photo, or one in a face that the other is not: whoever looked said that they
    are two.
    """
    enrol_twice(gala, Purpose.STAFF_FIND, Purpose.FIND_ME)
    photo = _photo(gala, "b.jpg")
    gala.library.add_sighting(photo, 1, "Ada")
    if states[1] == "confirmed":
        gala.library.add_sighting(photo, 2, "Ada Berg")
    else:
        made = gala.library.add_sighting(_photo(gala, "a.jpg"), 1, "Ada Berg")
        gala.library.reject_sighting(made.id)
        gala.library.add_sighting(_photo(gala, "a.jpg"), 1, "Ada")
    (said,) = gala.library.plan_merge("Ada", "Ada Berg").against
    assert "photos" in said
    with pytest.raises(Refused):
        do_merge(gala)


def test_nobody_merges_without_saying_why_or_with_themselves(twice: Gala) -> None:
    """It is said how it is known; and one cannot be merged with oneself, or with two."""
    mark = twice.library.plan_merge("Ada", "Ada Berg").mark
    with pytest.raises(UsageError):
        twice.library.merge("Ada", "Ada Berg", mark=mark, why=" ")
    assert twice.library.plan_merge("Ada", "Ada").against != ()
    do_merge(twice)
    assert twice.library.plan_merge("Bo", "Ada").against != ()


# --- split ------------------------------------------------------------------------------------


def test_a_split_moves_sightings_and_can_be_taken_back(gala: Gala) -> None:
    """What is not of one is of another who agreed, or of nobody known; and back, exactly."""
    before = rows(gala.library)
    (first, *_) = list(gala.find("Ada", Purpose.STAFF_FIND).sightings)
    step = gala.library.split("Ada", [first.id], to="Bo")
    found = [one.photo for one in gala.find("Bo", Purpose.STAFF_FIND).sightings]
    assert first.photo in found
    assert first.id not in {one.id for one in gala.find("Ada", Purpose.STAFF_FIND).sightings}
    gala.library.take_back(step.id)
    assert rows(gala.library) == before
    gala.library.split("Ada", [first.id])
    assert len(gala.find("Ada", Purpose.STAFF_FIND).sightings) == 2
    assert acts(gala.library).count(Act.SPLIT) == 2


@pytest.mark.promise("P8")
def test_a_split_needs_the_consent_of_both(gala: Gala) -> None:
    """Nobody gets pictures who did not agree to be found, and of nobody else is any taken."""
    (first, *_) = gala.find("Ada", Purpose.STAFF_FIND).sightings
    before = rows(gala.library)
    for whose, to in (("Ada", "Eve"), ("Eve", "Ada")):
        with pytest.raises((NoConsent, Stale)):
            gala.library.split(whose, [first.id], to=to)
    with pytest.raises(Stale):
        gala.library.split("Bo", [first.id])
    with pytest.raises(UsageError):
        gala.library.split("Ada", [])
    assert rows(gala.library) == before


# --- restored ---------------------------------------------------------------------------------


@pytest.mark.promise("P22")
def test_a_restore_says_what_of_the_desk_was_lost(twice: Gala, tmp_path: Path) -> None:
    """A merge after the backup is one to be made again; a Yes taken back since is none."""
    (which, *_) = ids(twice.library, person="Bo")
    twice.library.answer(which, Answer.YES)
    backup = twice.library.back_up(tmp_path / "backups").backup.location
    twice.library.take_back()
    do_merge(twice)
    twice.library.close()
    keys = twice.root.with_name("keys-of-before")
    twice.keys.rename(keys)
    twice.root.rename(twice.root.with_name("lost"))
    done = Library.restore(backup, twice.root, keys=keys, actor="tester", clock=twice.clock)
    twice.library = open_library(twice.root, twice.clock, twice.vision)
    assert {Act.MERGED, Act.TAKEN_BACK} <= {one.act for one in done.remaining}
    with twice.library._database.read() as tx:
        state = tx.execute(select(sighting.c.state).where(sighting.c.id == which)).scalar_one()
    assert state == "candidate"
