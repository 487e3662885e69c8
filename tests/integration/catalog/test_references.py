"""References: sealed for one person, one purpose and one consent, and opened for nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, select, update

from countenance.catalog import people, references
from countenance.catalog.database import Database
from countenance.catalog.people import Person, SealedReference
from countenance.catalog.references import (
    OpenGallery,
    OwnTemplates,
    open_gallery,
    open_templates,
    seal_templates,
)
from countenance.catalog.tables import library, reference
from countenance.core.ids import ConsentId, PersonId, new_id
from countenance.errors import VerificationError
from countenance.gallery.gallery import Gallery, GalleryEntry
from countenance.people.consent import Consent, ConsentEvent, EventKind
from countenance.people.purpose import RECOGNISING, Purpose, Wish
from countenance.vault.keys import KeyStore
from countenance.vision.pack import Pack, load_pack
from countenance.vision.types import Float32
from tests.fakes.clock import START
from tests.fakes.gala import A_DAY

DIMENSIONS = 128


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    return KeyStore(folder)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack("starter")


@pytest.mark.promise("P5")
def test_a_reference_opens_as_what_it_is(database: Database, keys: KeyStore) -> None:
    """The templates come out to the bit, and their bytes stand nowhere in what is stored."""
    with database.write() as tx:
        ada = _person(tx, keys, "Ada")
        sealed = _enrol(tx, keys, ada, Purpose.FIND_ME)
        opened = open_templates(tx, keys, sealed, dimensions=DIMENSIONS)
        assert np.array_equal(opened, _templates("Ada"))
        assert opened.tobytes()[:16] not in sealed.sealed


@pytest.mark.promise("P5")
@pytest.mark.parametrize("what", ["purpose", "person", "consent", "pack", "library", "key", "byte"])
def test_a_reference_opens_as_nothing_else(database: Database, keys: KeyStore, what: str) -> None:
    """For another purpose, person, consent, pack or library, or changed by a bit: not at all."""
    with database.write() as tx:
        ada, bo = _person(tx, keys, "Ada"), _person(tx, keys, "Bo")
        sealed = _enrol(tx, keys, ada, Purpose.FIND_ME)
        changed: Mapping[str, SealedReference] = {
            "purpose": replace(sealed, purpose=Purpose.STAFF_FIND),
            "person": replace(sealed, person=bo.id),
            "consent": replace(sealed, consent=ConsentId(new_id("n"))),
            "pack": replace(sealed, pack="another"),
            "key": replace(sealed, key=bo.key),
            "byte": replace(sealed, sealed=sealed.sealed[:-1] + b"\0"),
        }
        if what == "library":
            tx.execute(update(library).values(id=new_id("l")))
        with pytest.raises(VerificationError, match="seal is broken"):
            open_templates(tx, keys, changed.get(what, sealed), dimensions=DIMENSIONS)


@pytest.mark.promise("P5")
def test_a_row_that_was_relabelled_does_not_open(
    database: Database, keys: KeyStore, pack: Pack
) -> None:
    """Whoever changes a reference's purpose in the database gains no search by it."""
    with database.write() as tx:
        ada = _person(tx, keys, "Ada")
        _enrol(tx, keys, ada, Purpose.HIDE_ME)
        _give(tx, ada.id, Purpose.STAFF_FIND, START + A_DAY)
        tx.execute(update(reference).values(purpose=Purpose.STAFF_FIND))
        with pytest.raises(VerificationError, match="seal is broken"):
            _open(tx, keys, pack, Purpose.STAFF_FIND)


@pytest.mark.promise("P8")
def test_the_gallery_holds_those_who_agree_now(
    database: Database, keys: KeyStore, pack: Pack
) -> None:
    """Who agreed to another purpose, whose consent is over, or who left, is not opened."""
    with database.write() as tx:
        names = ("ada", "other purpose", "expired", "withdrawn", "erased")
        ada, other, expired, withdrawn, erased = (_person(tx, keys, name) for name in names)
        _enrol(tx, keys, ada, Purpose.FIND_ME)
        _enrol(tx, keys, other, Purpose.STAFF_FIND)
        _enrol(tx, keys, expired, Purpose.FIND_ME, until=START + timedelta(hours=1))
        _enrol(tx, keys, withdrawn, Purpose.FIND_ME)
        _enrol(tx, keys, erased, Purpose.FIND_ME)
        gone = ConsentEvent(EventKind.WITHDRAWN, START, "tester")
        people.add_event(tx, withdrawn.id, Wish(Purpose.FIND_ME), gone)
        people.erase(tx, erased.id)
        for one in (expired, withdrawn, erased):
            keys.destroy(one.key)  # so that opening theirs would be an error
        opened = _open(tx, keys, pack, Purpose.FIND_ME, at=START + timedelta(hours=2))
        assert opened.gallery.persons == (ada.id,)
        assert set(opened.rests_on) == {ada.id}


def test_a_person_with_several_purposes_stands_there_once(
    database: Database, keys: KeyStore, pack: Pack
) -> None:
    """And rests on a consent whose reference it is, also where the first has none of this pack."""
    with database.write() as tx:
        ada, bo = _person(tx, keys, "Ada"), _person(tx, keys, "Bo")
        for purpose in (Purpose.STAFF_FIND, Purpose.FIND_ME):
            _enrol(tx, keys, ada, purpose)
        _give(tx, bo.id, Purpose.FIND_ME, START + A_DAY)
        own = _enrol(tx, keys, bo, Purpose.STAFF_FIND)
        opened = _open(tx, keys, pack, *RECOGNISING)
        assert set(opened.gallery.persons) == {ada.id, bo.id}
        assert len(opened.gallery) == 2
        assert opened.rests_on[bo.id] == own.consent
        assert len(_open(tx, keys, load_pack("yunet-dlib"), *RECOGNISING).gallery) == 0


@pytest.mark.promise("P8")
def test_of_several_purposes_the_one_in_force_counts(
    database: Database, keys: KeyStore, pack: Pack
) -> None:
    """Where one consent is over, the other's reference is opened, and the ended one's is not."""
    with database.write() as tx:
        ada = _person(tx, keys, "Ada")
        _enrol(tx, keys, ada, Purpose.FIND_ME, until=START + timedelta(hours=1))
        own = _enrol(tx, keys, ada, Purpose.STAFF_FIND)
        tx.execute(
            update(reference).where(reference.c.purpose == Purpose.FIND_ME).values(sealed=b"")
        )
        opened = _open(tx, keys, pack, *RECOGNISING, at=START + timedelta(hours=2))
        assert opened.rests_on == {ada.id: own.consent}


@pytest.mark.promise("P5")
def test_many_are_opened_as_each_by_itself(
    database: Database, keys: KeyStore, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read and brought to means in parts, the gallery is that of the references one by one."""
    monkeypatch.setattr(references, "_PEOPLE_AT_ONCE", 3)
    monkeypatch.setattr(people, "_ROWS_AT_ONCE", 2)
    with database.write() as tx:
        for number in range(10):
            who = _person(tx, keys, f"Person {number}")
            for purpose in (Purpose.TELL_ME, Purpose.HIDE_ME)[: 1 + number % 2]:
                _enrol(tx, keys, who, purpose)
        sealed = people.references(tx, purposes=RECOGNISING, pack=pack.id)
        first = {one.person: one for one in reversed(sealed)}
        one_by_one = Gallery.of(
            [
                GalleryEntry(
                    who,
                    open_templates(tx, keys, first[who], dimensions=DIMENSIONS),
                    weak=first[who].weak,
                )
                for who in sorted(first)
            ],
            dims=DIMENSIONS,
        )
        together = _open(tx, keys, pack, *RECOGNISING)
        assert together.gallery.persons == one_by_one.persons
        assert np.array_equal(together.gallery.matrix, one_by_one.matrix)
        assert {one.consent for one in first.values()} == set(together.rests_on.values())


@pytest.mark.promise("P27")
@pytest.mark.parametrize("what", ["key", "sealed", "short"])
def test_the_one_that_is_damaged_is_named(
    database: Database, keys: KeyStore, pack: Pack, what: str
) -> None:
    """Among many it is said whose reference does not open; nobody is passed over in silence."""
    with database.write() as tx:
        everybody = [_person(tx, keys, f"Person {number}") for number in range(5)]
        for who in everybody:
            _enrol(tx, keys, who, Purpose.FIND_ME)
        bo = everybody[2]
        changed = update(reference).where(reference.c.person_id == bo.id)
        if what == "key":
            keys.destroy(bo.key)
        elif what == "sealed":
            tx.execute(changed.values(sealed=b"\x01" + bytes(540)))
        else:
            given = _give(tx, bo.id, Purpose.FIND_ME, START + A_DAY)
            own = OwnTemplates(np.ones((1, 7), np.float32), "starter", weak=False)
            cut = seal_templates(tx, keys, bo.key, given, own)
            tx.execute(changed.values(sealed=cut.sealed))
        with pytest.raises(VerificationError, match=f"{bo.id}: the reference for find-me") as told:
            _open(tx, keys, pack, Purpose.FIND_ME)
        assert "countenance doctor" in told.value.hint


def test_an_empty_gallery_is_a_gallery(database: Database, keys: KeyStore, pack: Pack) -> None:
    """Nobody enrolled, or no purpose, gives a gallery of nobody."""
    with database.write() as tx:
        assert len(_open(tx, keys, pack, *RECOGNISING).gallery) == 0
        assert len(_open(tx, keys, pack).gallery) == 0


def test_a_new_reference_takes_the_place_of_the_old(database: Database, keys: KeyStore) -> None:
    """There is one for each person, purpose and pack; that of another purpose stays."""
    with database.write() as tx:
        ada = _person(tx, keys, "Ada")
        for purpose in (Purpose.FIND_ME, Purpose.STAFF_FIND, Purpose.FIND_ME):
            latest = _enrol(tx, keys, ada, purpose)
        stored = tx.execute(select(reference.c.id, reference.c.purpose)).all()
        assert sorted(row.purpose for row in stored) == ["find-me", "staff-find"]
        assert latest.id in {row.id for row in stored}


# --------------------------------------------------------------------------------------------


def _person(tx: Connection, keys: KeyStore, name: str) -> Person:
    return people.add(tx, name, keys.create(), at=START)


def _give(tx: Connection, who: PersonId, purpose: Purpose, until: datetime) -> Consent:
    given = ConsentEvent(EventKind.GIVEN, START, "tester", until)
    which = people.add_event(tx, who, Wish(purpose), given)
    return Consent(which, who, Wish(purpose), (given,))


def _enrol(
    tx: Connection,
    keys: KeyStore,
    who: Person,
    purpose: Purpose,
    until: datetime = START + A_DAY,
) -> SealedReference:
    consent = _give(tx, who.id, purpose, until)
    own = OwnTemplates(_templates(who.name), "starter", weak=False)
    sealed = seal_templates(tx, keys, who.key, consent, own)
    people.add_reference(tx, sealed, at=START)
    return sealed


def _open(
    tx: Connection, keys: KeyStore, pack: Pack, *purposes: Purpose, at: datetime = START
) -> OpenGallery:
    return open_gallery(tx, keys, purposes=purposes, pack=pack, at=at)


def _templates(name: str) -> Float32:
    vectors = np.random.default_rng(list(name.encode())).standard_normal((2, DIMENSIONS))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths, np.float32)
