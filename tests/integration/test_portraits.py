"""Pictures that are kept by choice: what is kept, for whom it opens, and every way it goes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import simplejpeg  # type: ignore[import-untyped]
from sqlalchemy import select

from countenance.catalog import people
from countenance.catalog.portraits import portraits_of
from countenance.catalog.tables import reference
from countenance.cli.main import main
from countenance.core.ids import KeyId
from countenance.enrol.enrol import PORTRAIT_PIXELS, Portrait
from countenance.errors import NotFound, UsageError, VerificationError
from countenance.people.guardians import AgeBand, AgeSource, Standing
from countenance.people.notice import load_notice
from countenance.people.purpose import Purpose, Wish
from countenance.vault.seal import unseal
from tests.fakes.gala import A_DAY, Gala, holding
from tests.fakes.vision import picture

ADA, BO, CY = 1, 2, 3
BOTH = (Purpose.FIND_ME, Purpose.KEEP_PICTURE)


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, BO)
        made.ingest()
        yield made


# --- what is kept -------------------------------------------------------------------------------


@pytest.mark.promise("P5")
def test_no_picture_is_kept_unless_it_was_chosen(gala: Gala) -> None:
    """Whatever else is agreed to, nothing of the picture is there but the references."""
    every = (Purpose.FIND_ME, Purpose.TELL_ME, Purpose.STAFF_FIND, Purpose.HIDE_ME)
    who = gala.enrol("Ada", ADA, *every).enrolment.person
    assert _kept(gala, who.id) == ()
    assert set(_rows(gala)) == {*map(str, every)}
    with gala.library._database.read() as tx:
        sealed = tx.execute(select(reference.c.sealed)).scalars().all()
    assert {len(one) for one in sealed} == {29 + 4 * gala.library.pack.embedder.dimensions}


def test_what_is_kept_is_small_and_no_more_than_the_face(gala: Gala) -> None:
    """A JPEG of the face and a margin, at most so many pixels, with nothing beside the pixels."""
    large = picture(ADA, side=600)
    who = gala.library.enrol(
        "Ada", [Portrait("a.jpg", large)], tuple(map(Wish, BOTH))
    ).enrolment.person
    (kept,) = _kept(gala, who.id)
    height, width, _, _ = simplejpeg.decode_jpeg_header(kept)
    assert max(height, width) == PORTRAIT_PIXELS
    assert len(kept) < 40_000
    assert b"Exif" not in kept
    assert b"http://ns.adobe.com" not in kept
    # The face is found in it again, and is theirs.
    found = gala.library.extractor.vision.find(gala.library.extractor.decoder(kept).pixels)
    assert len(found.boxes) == 1
    assert gala.named(ADA) == ["Ada"]


def test_a_picture_is_kept_for_what_recognises_and_never_alone(gala: Gala) -> None:
    """Alone, or without a picture, it is no purpose; and nobody is enrolled by it."""
    with pytest.raises(UsageError, match="nothing does"):
        gala.enrol("Ada", ADA, Purpose.KEEP_PICTURE)
    with pytest.raises(UsageError, match="no picture to keep"):
        gala.library.enrol("Ada", [], tuple(map(Wish, BOTH)))
    assert gala.library.people() == []
    assert _keys(gala) == set()


def test_it_may_be_chosen_later_and_is_replaced_by_new_pictures(gala: Gala) -> None:
    """Of who enrols again it is kept anew, also where it is not named in the call."""
    who = gala.enrol("Ada", ADA).enrolment.person
    gala.enrol("Ada", ADA, Purpose.KEEP_PICTURE, again=True)
    first, keys = _kept(gala, who.id), _keys(gala)
    gala.enrol("Ada", CY, Purpose.FIND_ME, again=True)
    second = _kept(gala, who.id)
    assert len(first) == len(second) == 1
    assert first != second
    assert _keys(gala) & keys == {who.key}


def test_the_notice_says_so_in_both_languages() -> None:
    """What is kept, that it is a choice, and when it goes."""
    assert "The pictures you give are not kept. If you choose keep-picture" in _plain("en")
    assert "Bilderna du lämnar sparas inte. Om du väljer keep-picture" in _plain("sv")


@pytest.mark.promise("P17")
def test_who_agreed_under_earlier_words_agreed_to_those(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of an earlier notice stay with the consents that were given under them."""
    before = load_notice("en", version=1)
    with monkeypatch.context() as patch:
        patch.setattr("countenance.library.people.load_notice", lambda _: before)
        who = gala.enrol("Ada", ADA).enrolment.person
    gala.enrol("Ada", ADA, Purpose.KEEP_PICTURE, again=True)
    _, said = gala.library.consents(who.id)
    shown = {one.wish.purpose: one.events[-1].notice for one in said}
    assert shown == {
        Purpose.FIND_ME: before.digest,
        Purpose.KEEP_PICTURE: load_notice("en").digest,
    }
    assert set(gala.library.proofs(who.id).values()) == {"kept"}
    assert "keep-picture" not in before.text


# --- for whom it opens --------------------------------------------------------------------------


@pytest.mark.promise("P5")
def test_it_opens_as_nothing_else(gala: Gala) -> None:
    """Not with the key of a reference, not for another purpose, and not without its consent."""
    who = gala.enrol("Ada", ADA, *BOTH).enrolment.person
    keys, stores = _rows(gala), gala.library._stores
    assert len({who.key, *keys.values()}) == 3
    with gala.library._database.read() as tx:
        (row,) = people.references_of(tx, who.id, [Purpose.KEEP_PICTURE])
        for which in (row.key, keys["find-me"]):
            with pytest.raises(VerificationError):
                unseal(stores.keys.read(which), row.sealed, bound=b"something else")
        assert portraits_of(tx, stores.keys, who.id, at=stores.now(tx)) != ()
        late = stores.now(tx) + 400 * A_DAY
        assert portraits_of(tx, stores.keys, who.id, at=late) == ()


@pytest.mark.promise("P6")
def test_it_is_no_reference(gala: Gala) -> None:
    """Who is counted as recognised, and by which pack, does not follow from it."""
    gala.enrol("Ada", ADA, *BOTH)
    with gala.library._database.read() as tx:
        assert people.packs(tx) == {"starter"}
        assert people.count_recognised(tx) == 1


def test_it_goes_along_in_what_its_person_takes_away(
    gala: Gala, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`person export` writes it beside the rest; of who keeps none nothing is written."""
    ada = gala.enrol("Ada", ADA, *BOTH).enrolment.person
    bo = gala.enrol("Bo", BO).enrolment.person
    kept = _kept(gala, ada.id)
    assert gala.library.export(ada.id).portraits == kept
    assert gala.library.export(bo.id).portraits == ()
    gala.library.close()
    line = ["person", "export", ada.id, "--out", str(tmp_path / "ada"), "--json"]
    assert main(["--library", str(gala.root), *line]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert files == ["consent.jsonld", "consent.jws", "consent.txt", "picture-1.jpg"]
    assert (tmp_path / "ada" / "picture-1.jpg").read_bytes() == kept[0]
    gala.reopen()


# --- every way it goes --------------------------------------------------------------------------


@pytest.mark.promise("P5")
@pytest.mark.promise("P16")
@pytest.mark.promise("P21")
def test_it_is_taken_back_alone(gala: Gala) -> None:
    """One command, as giving it: its key and bytes are gone, and all else is as it was."""
    who = gala.enrol("Ada", ADA, *BOTH).enrolment.person
    keys = _rows(gala)
    pieces = _pieces(gala)
    assert holding(gala.root, pieces) != []
    done = gala.library.withdraw("Ada", Purpose.KEEP_PICTURE)
    assert (done.withdrawn, done.erased) == (("keep-picture",), False)
    assert _kept(gala, who.id) == ()
    assert _keys(gala) == {who.key, keys["find-me"]}
    assert gala.places("Ada") == ["a.jpg"]
    (case,) = (one for one in gala.library.erasures() if one.id == done.erasure)
    assert case.progress.gone == {"references": 1}
    gala.library.close()
    assert holding(gala.root, pieces) == []
    gala.reopen()


@pytest.mark.promise("P5")
@pytest.mark.promise("P21")
@pytest.mark.parametrize("how", ["last purpose", "everything", "objection", "time", "age"])
def test_it_ends_with_the_last_purpose_that_recognises(gala: Gala, how: str) -> None:
    """However that ends: nothing is kept of a face that nothing may recognise."""
    child = Standing(AgeBand.CHILD) if how == "age" else None
    until = gala.clock.now() + A_DAY if how == "time" else None
    find = tuple(map(Wish, BOTH))
    who = gala.library.enrol(
        "Ada",
        [Portrait("a.jpg", picture(ADA))],
        find,
        until=until,
        standing=child,
        guardian=("Eva Berg", "mother") if child else None,
    ).enrolment.person
    if how == "time":  # the picture may be kept for longer than they may be looked for
        gala.enrol("Ada", ADA, Purpose.KEEP_PICTURE, again=True)
    pieces = _pieces(gala)
    assert holding(gala.root, pieces) != []
    match how:
        case "last purpose":
            done = gala.library.withdraw("Ada", Purpose.FIND_ME)
            assert set(done.withdrawn) == {"find-me", "keep-picture"}
            assert done.erased
        case "everything":
            gala.library.withdraw("Ada")
        case "objection":
            gala.library.object_to("Ada")
        case "age":
            gala.library.change_age("Ada", AgeBand.TEEN, AgeSource.VERIFIED)
        case _:
            gala.clock.advance(2 * A_DAY)
            gala.reopen()
            gala.ingest()
    assert _rows(gala) == {}
    assert _kept(gala, who.id) == ()
    gala.library.close()
    assert holding(gala.root, pieces) == []
    gala.reopen()


@pytest.mark.promise("P25")
def test_one_going_leaves_that_of_others(gala: Gala) -> None:
    """Ada's goes; Bo's is there, byte for byte."""
    gala.enrol("Ada", ADA, *BOTH)
    bo = gala.enrol("Bo", BO, *BOTH).enrolment.person
    before = _kept(gala, bo.id)
    gala.library.withdraw("Ada")
    assert _kept(gala, bo.id) == before != ()


def test_a_merge_moves_none(gala: Gala) -> None:
    """Each enrolment of one human keeps its own, and it stands in nobody's way to be one."""
    first = gala.enrol("Ada", ADA, *BOTH).enrolment.person
    second = gala.enrol("Ada B", ADA).enrolment.person
    gala.library.merge(
        first.id,
        second.id,
        mark=gala.library.plan_merge(first.id, second.id).mark,
        why="she said so",
    )
    assert len(_kept(gala, first.id)) == 1
    assert _kept(gala, second.id) == ()


def test_nothing_of_it_is_shown_to_who_is_nobody(gala: Gala) -> None:
    """One's own page shows it, to who holds the link, until it is taken back."""
    who = gala.enrol("Ada", ADA, *BOTH).enrolment.person
    link = gala.library.link_for(who.id).token
    assert gala.library.my_portrait(link, 0).data == _kept(gala, who.id)[0]
    for number in (-1, 1):
        with pytest.raises(NotFound):
            gala.library.my_portrait(link, number)
    gala.library.leave(link, Purpose.KEEP_PICTURE)
    with pytest.raises(NotFound):
        gala.library.my_portrait(link, 0)


# --------------------------------------------------------------------------------------------------


def _kept(gala: Gala, who: str) -> tuple[bytes, ...]:
    stores = gala.library._stores
    with gala.library._database.read() as tx:
        return portraits_of(tx, stores.keys, who, at=stores.now(tx))  # type: ignore[arg-type]


def _rows(gala: Gala) -> dict[str, KeyId]:
    """The key of each row that is sealed, by its purpose."""
    with gala.library._database.read() as tx:
        return {row.purpose: KeyId(row.key_id) for row in tx.execute(select(reference))}


def _pieces(gala: Gala) -> list[bytes]:
    """Of each portrait, as it is sealed, pieces that no page of the database cuts all of."""
    with gala.library._database.read() as tx:
        own = select(reference.c.sealed).where(reference.c.purpose == Purpose.KEEP_PICTURE)
        sealed = tx.execute(own).scalars().all()
    gala.library.close()
    gala.reopen()
    return [one[at : at + 64] for one in sealed for at in range(100, len(one) - 64, 500)]


def _keys(gala: Gala) -> set[KeyId]:
    return set(gala.library._stores.keys.ids())


def _plain(language: str) -> str:
    return load_notice(language).text
