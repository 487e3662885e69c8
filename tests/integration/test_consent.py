"""Consent from end to end: time, evidence, guardians and objections, on a whole library."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from countenance.catalog import evidence as evidence_of
from countenance.catalog import notices
from countenance.catalog.evidence import Proof
from countenance.catalog.tables import (
    consent_event,
    copy,
    evidence,
    guardian,
    notice,
    objection,
    reference,
    roster,
    sighting,
)
from countenance.core.canonical import digest
from countenance.enrol.enrol import Portrait
from countenance.errors import NoConsent, NoGrant, NotFound, Refused, UsageError
from countenance.people.consent import ConsentState
from countenance.people.guardians import AgeBand, Role, Standing
from countenance.people.purpose import Purpose, Wish
from tests.fakes.gala import A_DAY, COLLECTION, GROUND, Gala, rows
from tests.fakes.vision import picture

ADA, BO, CY = 1, 2, 13
A_YEAR = 365 * A_DAY
SLIP = b"a scanned slip with a signature " * 20
CHILD = Standing(AgeBand.CHILD)


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Ada and Bo at a party, under a grant that outlasts every consent."""
    with Gala.make(tmp_path, until=datetime(2099, 1, 1, tzinfo=UTC)) as made:
        made.put("a.jpg", ADA, BO)
        made.ingest()
        yield made


# --- time -----------------------------------------------------------------------------------


@pytest.mark.promise("P14")
def test_an_expiry_is_written_down_and_takes_what_rested_on_it(gala: Gala) -> None:
    """Once the time has come the next act says so in the events and the log, for good."""
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO, until=gala.clock.now() + 2 * A_YEAR)
    assert gala.places("Ada") == ["a.jpg"]
    gala.clock.advance(A_YEAR)
    assert gala.places("Ada") == []
    assert _kinds(gala, "Ada") == ["given", "expired"]
    assert gala.log().count("consent.expired") == 1
    assert list(gala.library._stores.keys.ids()) != []
    gala.library.resume()
    assert _owners(gala) == {_id(gala, "Bo")}
    gala.places("Ada")
    assert _kinds(gala, "Ada") == ["given", "expired"]


@pytest.mark.promise("P15")
@pytest.mark.parametrize("swept", [True, False])
def test_a_clock_set_back_revives_nothing(gala: Gala, *, swept: bool) -> None:
    """Whether an act saw the expiry or only the time of it, the time before does not come back."""
    gala.enrol("Ada", ADA)
    gala.clock.advance(A_YEAR)
    if swept:
        assert gala.places("Ada") == []
    else:
        gala.library.add_collection("seen")
        assert _kinds(gala, "Ada") == ["given"]
    gala.clock.advance(-2 * A_YEAR)
    assert gala.places("Ada") == []
    gala.reopen()
    assert gala.places("Ada") == []
    assert gala.named(ADA) == []


@pytest.mark.promise("P15")
def test_a_clock_set_back_revives_nothing_in_another_program(gala: Gala) -> None:
    """The latest instant stands in the catalog, and not in the memory of who saw it."""
    gala.enrol("Ada", ADA)
    with gala.another() as other:
        gala.clock.advance(A_YEAR)
        other.add_collection("seen")
        gala.clock.advance(-A_YEAR)
    assert gala.places("Ada") == []


@pytest.mark.promise("P15")
def test_a_clock_set_back_revives_no_grant(gala: Gala) -> None:
    """What holds for consents holds for the grants of sources."""
    gala.enrol("Ada", ADA, until=datetime(2199, 1, 1, tzinfo=UTC))
    gala.clock.at = datetime(2099, 1, 1, tzinfo=UTC)
    assert gala.places("Ada") == []
    gala.clock.advance(-A_YEAR)
    assert gala.places("Ada") == []


@pytest.mark.promise("P15")
def test_a_clock_that_jumps_ahead_and_back_keeps_what_is_in_force(gala: Gala) -> None:
    """Half a year forwards and back, and a leap day between: nothing ends before its time."""
    gala.clock.at = datetime(2028, 2, 28, 23, 59, tzinfo=UTC)
    gala.enrol("Ada", ADA, until=datetime(2028, 3, 1, tzinfo=UTC))
    gala.clock.at = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)
    assert gala.places("Ada") == ["a.jpg"]
    gala.clock.advance(timedelta(hours=-1))
    assert gala.places("Ada") == ["a.jpg"]
    gala.clock.at = datetime(2028, 3, 1, tzinfo=UTC)
    assert gala.places("Ada") == []


@pytest.mark.promise("P14")
def test_only_a_new_given_revives_what_expired(gala: Gala) -> None:
    """Enrolled again, a person is found again; the list of events tells the whole story."""
    gala.enrol("Ada", ADA)
    gala.clock.advance(2 * A_YEAR)
    gala.enrol("Ada", ADA, again=True)
    assert gala.places("Ada") == ["a.jpg"]
    assert _kinds(gala, "Ada") == ["given", "expired", "given"]


@pytest.mark.promise("P5")
def test_one_purpose_that_expires_leaves_the_others(gala: Gala) -> None:
    """The reference of the purpose that ended goes; sightings stay while another keeps them."""
    gala.enrol("Ada", ADA, Purpose.FIND_ME)
    gala.clock.advance(A_DAY)
    gala.enrol("Ada", ADA, Purpose.STAFF_FIND, again=True)
    gala.clock.advance(A_YEAR - A_DAY)
    assert gala.places("Ada") == []
    assert gala.places("Ada", Purpose.STAFF_FIND) == ["a.jpg"]
    gala.library.resume()
    with gala.library._database.read() as tx:
        assert rows(tx, reference.c.purpose) == [(Purpose.STAFF_FIND,)]


# --- notices and evidence -------------------------------------------------------------------


@pytest.mark.promise("P17")
def test_every_consent_leads_to_the_words_it_was_given_under(gala: Gala) -> None:
    """The text is in the catalog; one that was changed there is not taken for it."""
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    assert set(gala.library.proofs("Ada").values()) == {Proof.KEPT}
    with gala.library._database.write() as tx:
        ((shown, words),) = rows(tx, notice.c.digest, notice.c.text)
        assert digest(str(words).encode()) == shown
        assert notices.kept(tx, [digest(b"other words")]) == {}
        tx.execute(update(notice).values(text="other words"))
    assert set(gala.library.proofs("Ada").values()) == {Proof.DIGEST_ONLY}


@pytest.mark.promise("P17")
def test_evidence_is_kept_and_verifies(gala: Gala) -> None:
    """It opens to the very bytes, stands in no file as it was, and damage is named."""
    _enrol_with_slip(gala)
    assert gala.library.proofs("Ada")[digest(SLIP)] is Proof.KEPT
    assert [path for path in gala.files() if SLIP[:32] in path.read_bytes()] == []
    with gala.library._database.read() as tx:
        ((which,),) = rows(tx, evidence.c.copy_id)
        assert ("evidence", True) in rows(tx, copy.c.kind, copy.c.confirmed)
    path = next(path for path in gala.files() if path.name == which)
    path.write_bytes(path.read_bytes()[:-1])
    assert gala.library.proofs("Ada")[digest(SLIP)] is Proof.DAMAGED


@pytest.mark.promise("P17")
@pytest.mark.promise("P21")
def test_evidence_goes_with_the_key(gala: Gala) -> None:
    """After a withdrawal the file, its row and its seal are gone, and the digest has stayed."""
    _enrol_with_slip(gala)
    gala.library.withdraw("Ada")
    with gala.library._database.read() as tx:
        assert rows(tx, evidence.c.copy_id) == []
        assert ("evidence",) not in rows(tx, copy.c.kind)
        assert (digest(SLIP),) in rows(tx, consent_event.c.evidence)
        assert {str(which) for (which,) in rows(tx, copy.c.id)} == set(gala.blobs.ids())


def test_evidence_of_an_enrolment_that_failed_is_not_kept(gala: Gala) -> None:
    """The name is taken: neither a file nor a row nor a key of the second one is left."""
    _enrol_with_slip(gala)
    before, keys = set(gala.blobs.ids()), gala.library._stores.keys.ids()
    with pytest.raises(Refused, match="enrolled"):
        _enrol_with_slip(gala)
    assert set(gala.blobs.ids()) == before
    assert gala.library._stores.keys.ids() == keys


@pytest.mark.promise("P2")
def test_evidence_that_a_crash_left_is_swept_by_the_next_enrolment(gala: Gala) -> None:
    """An ingest leaves it alone, for the enrolment that wrote it may be under way."""
    key = gala.enrol("Ada", ADA).enrolment.person.key
    evidence_of.write(gala.library._stores, SLIP, key=key)
    gala.ingest()
    assert len(list(gala.blobs.ids())) == 2
    gala.enrol("Bo", BO)
    assert len(list(gala.blobs.ids())) == 1


# --- guardians and objections ---------------------------------------------------------------


@pytest.mark.promise("P13")
def test_a_child_is_enrolled_by_a_guardian(gala: Gala) -> None:
    """Without one it is refused; with one the event says in what capacity they spoke."""
    with pytest.raises(Refused, match="guardian"):
        _enrol_child(gala, None)
    assert gala.library.people() == []
    _enrol_child(gala, ("Eva", "mother"))
    with gala.library._database.read() as tx:
        ((eva,),) = rows(tx, guardian.c.id)
        assert rows(tx, consent_event.c.role, consent_event.c.authority) == [("guardian", eva)]
    assert gala.places("Ada") == ["a.jpg"]


@pytest.mark.promise("P14")
@pytest.mark.parametrize("by", ["", "Eva", "Jan"])
def test_one_objection_wins(gala: Gala, by: str) -> None:
    """The child's own or any guardian's: nobody is found, and nothing that was made is left."""
    _enrol_child(gala, ("Eva", "mother"))
    _enrol_child(gala, ("Jan", "father"), again=True)
    done = gala.library.object_to("Ada", by=by)
    assert (done.suspended, done.sightings) == (("find-me",), 1)
    assert gala.places("Ada") == []
    assert gala.named(ADA) == []
    assert _owners(gala) == set()
    assert _state(gala, "Ada") is ConsentState.OBJECTED
    with pytest.raises(Refused, match="an objection stands"):
        _enrol_child(gala, ("Eva", "mother"), again=True)


@pytest.mark.promise("P14")
def test_only_who_objected_takes_it_back_and_nothing_revives(gala: Gala) -> None:
    """Another's word does not lift it; lifted, it takes a new consent to be found."""
    _enrol_child(gala, ("Eva", "mother"))
    gala.library.object_to("Ada")
    gala.library.object_to("Ada", by="Eva")
    with pytest.raises(Refused, match="Bo: may not"):
        gala.library.lift_objection("Ada", by="Bo")
    (left,) = gala.library.lift_objection("Ada", by="Eva")
    assert left.role == "self"
    with pytest.raises(NotFound, match="no objection"):
        gala.library.lift_objection("Ada", by="Eva")
    assert gala.library.lift_objection("Ada") == ()
    assert gala.places("Ada") == []
    assert _state(gala, "Ada") is ConsentState.OBJECTED
    _enrol_child(gala, ("Eva", "mother"), again=True)
    assert gala.places("Ada") == ["a.jpg"]


@pytest.mark.promise("P25")
def test_an_objection_changes_nothing_for_another(gala: Gala) -> None:
    """Bo is in the same picture, and stays in it."""
    _enrol_child(gala, ("Eva", "mother"))
    gala.enrol("Bo", BO)
    gala.library.object_to("Ada")
    assert gala.places("Bo") == ["a.jpg"]


@pytest.mark.promise("P19")
def test_a_withdrawal_takes_the_names_of_guardians_along(gala: Gala) -> None:
    """Who spoke for the person is nobody's business once the person is gone."""
    _enrol_child(gala, ("Eva", "mother"))
    gala.library.object_to("Ada", by="Eva")
    assert gala.library.withdraw("Ada").erased
    with gala.library._database.read() as tx:
        assert rows(tx, guardian.c.name) == rows(tx, objection.c.by) == []


# --- collections of minors ------------------------------------------------------------------


@pytest.mark.promise("P11")
def test_of_minors_only_the_roster_is_recognised(gala: Gala) -> None:
    """Ada is on it, Bo is not, and they are in the same picture."""
    _class_of_minors(gala, "Ada")
    assert (gala.places("Ada"), gala.places("Bo")) == (["a.jpg"], [])
    assert _sighted(gala) == {_id(gala, "Ada")}
    gala.put("b.jpg", BO)
    gala.ingest()
    assert gala.places("Bo") == []
    gala.library.add_to_roster(COLLECTION, "Bo")
    gala.ingest()
    assert gala.places("Bo") == ["a.jpg", "b.jpg"]


def test_where_there_are_minors_no_more_everybody_is_looked_for(gala: Gala) -> None:
    """The next ingest compares with everybody what was compared with the roster alone."""
    _class_of_minors(gala, "Ada")
    gala.library.set_rule(COLLECTION, recognition=True, ground=GROUND, minors=False)
    gala.ingest()
    assert (gala.places("Ada"), gala.places("Bo")) == (["a.jpg"], ["a.jpg"])


@pytest.mark.promise("P11")
def test_who_leaves_the_roster_is_found_no_more_at_once(gala: Gala) -> None:
    """What the model saw of them there goes in the same transaction; nobody else notices."""
    _class_of_minors(gala, "Ada", "Bo")
    gala.library.remove_from_roster(COLLECTION, "Bo")
    assert (gala.places("Ada"), gala.places("Bo")) == (["a.jpg"], [])
    assert _sighted(gala) == {_id(gala, "Ada")}
    with pytest.raises(NotFound, match="not on the roster"):
        gala.library.remove_from_roster(COLLECTION, "Bo")


@pytest.mark.promise("P6")
@pytest.mark.promise("P11")
def test_without_a_roster_no_minor_is_measured(gala: Gala) -> None:
    """Not one template is made in a collection of minors that has nobody to find."""
    _class_of_minors(gala)
    made = len(gala.vision.made)
    gala.put("b.jpg", BO)
    gala.ingest()
    assert len(gala.vision.made) == made


@pytest.mark.promise("P11")
def test_who_is_shown_follows_the_roster_of_the_moment(gala: Gala) -> None:
    """A sighting that is there all the same is in no answer while its person is off the roster."""
    _class_of_minors(gala, "Ada")
    with gala.library._database.write() as tx:
        tx.execute(delete(roster))
    assert gala.places("Ada") == []
    assert _sighted(gala) == {_id(gala, "Ada")}


@pytest.mark.promise("P19")
def test_a_withdrawal_leaves_every_roster(gala: Gala) -> None:
    """The lists of a class do not remember who is gone."""
    _class_of_minors(gala, "Ada", "Bo")
    gala.library.withdraw("Bo")
    assert [one.name for one in gala.library.roster(COLLECTION)] == ["Ada"]


# --- by hand --------------------------------------------------------------------------------


@pytest.mark.promise("P18")
def test_by_hand_somebody_is_found_without_the_model(gala: Gala) -> None:
    """With recognition off a person's word is enough, under the same consent."""
    gala.library.set_rule(COLLECTION, recognition=False)
    gala.enrol("Ada", ADA)
    photo = gala.library.photos()[0].id
    gala.library.add_sighting(photo, 1, "Ada")
    (seen,) = gala.find("Ada").sightings
    assert (seen.band, seen.state.value, seen.box[0]) == (None, "confirmed", 40.0)
    gala.library.object_to("Ada")
    assert gala.places("Ada") == []
    with pytest.raises(NoConsent):
        gala.library.add_sighting(photo, 1, "Ada")


@pytest.mark.promise("P18")
@pytest.mark.promise("P11")
def test_by_hand_goes_through_the_same_gate(gala: Gala) -> None:
    """No consent for it, no grant, or off the roster of minors: refused, and nothing stored."""
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO, Purpose.HIDE_ME)
    photo = gala.library.photos()[0].id
    gala.library.withdraw("Bo")
    with pytest.raises(NotFound):
        gala.library.add_sighting(photo, 2, "Bo")
    with pytest.raises(NotFound, match="none is number 3"):
        gala.library.add_sighting(photo, 3, "Ada")
    gala.library.set_rule(COLLECTION, recognition=True, ground=GROUND, minors=True)
    with pytest.raises(Refused, match="not on the roster"):
        gala.library.add_sighting(photo, 1, "Ada")
    gala.library.add_to_roster(COLLECTION, "Ada")
    gala.end_the_grants()
    with pytest.raises(NoGrant):
        gala.library.add_sighting(photo, 1, "Ada")
    assert _sighted(gala) == set()


@pytest.mark.promise("P12")
def test_a_rejected_pair_blocks_that_pair_alone(gala: Gala) -> None:
    """Ada's face is not Ada: her twin is found there, and Ada elsewhere."""
    gala.enrol("Ada", ADA)
    (seen,) = gala.find("Ada").sightings
    gala.library.reject_sighting(seen.id)
    assert gala.places("Ada") == []
    gala.enrol("Twin", ADA)
    assert gala.places("Twin") == ["a.jpg"]
    gala.library.withdraw("Twin")
    gala.enrol("Cy", CY)  # for whom every photo is looked at again
    assert gala.places("Ada") == []
    gala.put("b.jpg", ADA)
    gala.ingest()
    assert gala.places("Ada") == ["b.jpg"]


@pytest.mark.promise("P12")
def test_a_persons_word_takes_the_place_of_the_models(gala: Gala) -> None:
    """Bo by hand in the face that the model took for Ada: the candidate goes, and stays away."""
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    photo = gala.library.photos()[0].id
    gala.library.add_sighting(photo, 1, "Bo")
    assert (gala.places("Ada"), gala.places("Bo")) == ([], ["a.jpg"])
    gala.enrol("Ada", ADA, again=True)
    assert gala.places("Ada") == []
    with pytest.raises(UsageError, match="is confirmed"):
        gala.library.add_sighting(photo, 1, "Ada")
    (by_hand,) = gala.find("Bo").sightings
    gala.library.reject_sighting(by_hand.id)
    gala.enrol("Ada", ADA, again=True)
    assert gala.places("Ada") == ["a.jpg"]
    assert gala.library.confirm_sighting(gala.find("Ada").sightings[0].id).state == "confirmed"


# --- people no longer living ----------------------------------------------------------------


@pytest.mark.promise("P13")
def test_somebody_who_died_long_ago_is_enrolled_from_a_record(gala: Gala) -> None:
    """A basis of its own stands where others agree; it has no end, and can be withdrawn."""
    _enrol_historical(gala, died=1931)
    _, (one,) = gala.library.consents("Ada")
    assert one.state(gala.library.now()) is ConsentState.RECORDED
    assert (one.events[0].role, one.events[0].until, one.events[0].notice) == (
        Role.ARCHIVE,
        None,
        None,
    )
    gala.clock.advance(10 * A_YEAR)
    assert gala.places("Ada", Purpose.STAFF_FIND) == ["a.jpg"]
    assert gala.library.withdraw("Ada").erased


def test_somebody_who_died_lately_is_not(gala: Gala) -> None:
    """Nothing is stored of them, not even a key."""
    with pytest.raises(Refused, match="10 full years"):
        _enrol_historical(gala, died=gala.clock.now().year - 10)
    assert gala.library.people() == []
    assert gala.library._stores.keys.ids() == frozenset()


@pytest.mark.promise("P14")
def test_a_descendant_has_the_last_word(gala: Gala) -> None:
    """An objection of any descendant who gives their name ends it, until that same one lifts it."""
    _enrol_historical(gala, died=1931)
    gala.library.object_to("Ada", by="a grandchild")
    assert gala.places("Ada", Purpose.STAFF_FIND) == []
    with pytest.raises(NotFound):
        gala.library.lift_objection("Ada", by="another grandchild")
    gala.library.lift_objection("Ada", by="a grandchild")
    assert gala.places("Ada", Purpose.STAFF_FIND) == []


# --------------------------------------------------------------------------------------------


def _class_of_minors(gala: Gala, *members: str) -> None:
    """Ada and Bo agree both; the collection is one of minors, and has a roster."""
    gala.enrol("Ada", ADA)
    gala.enrol("Bo", BO)
    gala.library.set_rule(COLLECTION, recognition=True, ground=GROUND, minors=True)
    for name in members:
        gala.library.add_to_roster(COLLECTION, name)
    gala.ingest()


def _sighted(gala: Gala) -> set[str]:
    with gala.library._database.read() as tx:
        return set(tx.execute(select(sighting.c.person_id)).scalars())


def _enrol_historical(gala: Gala, *, died: int) -> None:
    gala.library.enrol(
        "Ada",
        [Portrait("portrait.jpg", picture(ADA))],
        (Wish(Purpose.STAFF_FIND),),
        standing=Standing(AgeBand.HISTORICAL, died=died, record="parish register"),
    )


def _enrol_with_slip(gala: Gala) -> None:
    portrait = Portrait("portrait.jpg", picture(ADA))
    gala.library.enrol("Ada", [portrait], (Wish(Purpose.FIND_ME),), evidence=SLIP)


def _enrol_child(gala: Gala, by: tuple[str, str] | None, *, again: bool = False) -> None:
    gala.library.enrol(
        "Ada",
        [Portrait("portrait.jpg", picture(ADA))],
        (Wish(Purpose.FIND_ME),),
        standing=CHILD,
        guardian=by,
        again=again,
    )


def _id(gala: Gala, name: str) -> str:
    return gala.library.consents(name)[0].id


def _kinds(gala: Gala, name: str) -> list[str]:
    _, (one,) = gala.library.consents(name)
    return [event.kind.value for event in one.events]


def _state(gala: Gala, name: str) -> ConsentState:
    _, (one,) = gala.library.consents(name)
    return one.state(gala.library.now())


def _owners(gala: Gala) -> set[str]:
    """Whose references and sightings there are."""
    with gala.library._database.read() as tx:
        of_references = set(tx.execute(select(reference.c.person_id)).scalars())
        assert set(tx.execute(select(sighting.c.person_id)).scalars()) <= of_references
        return of_references
