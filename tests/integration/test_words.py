"""What sources say of their pictures: found by it, named by nobody else, and gone with them."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from countenance.audit.receipt import verify_chain
from countenance.catalog import words
from countenance.catalog.sightings import Within
from countenance.catalog.tables import face, photo
from countenance.errors import UsageError
from countenance.library import Given
from countenance.people.purpose import Purpose
from countenance.vault.scan import Needles, all_files, scan
from tests.fakes.gala import A_DAY, Gala, rows
from tests.fakes.said import with_words
from tests.fakes.vision import picture

ADA, BO, STRANGER = 1, 2, 20
WHOLE = (0.1, 0.1, 0.9, 0.9)
LONG_WORD = "zqxjkvwpyhgfdsbnm"
"""In no other text: so the index keeps all of it, and not only where it differs from the last."""


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


def test_what_a_file_says_is_kept_with_its_photo(gala: Gala) -> None:
    """Title, caption, keywords and the time; a picture that says nothing has nothing."""
    _put(
        gala, "a.jpg", ADA, title="Summer ball", caption="On the stairs", keywords=["gala", "2026"]
    )
    _put(gala, "b.jpg", BO, taken="2026-05-01T12:30:00+02:00")
    gala.ingest()
    with gala.library._database.read() as tx:
        said = rows(tx, photo.c.title, photo.c.caption, photo.c.keywords, photo.c.taken_at)
    assert sorted(said) == [
        ("", "", "", "2026-05-01T12:30:00+02:00"),
        ("Summer ball", "On the stairs", "gala\n2026", ""),
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ball", ["a.jpg"]),
        ("BALL", ["a.jpg"]),
        ("som*", ["b.jpg"]),
        ("sommar", []),
        ('"summer ball"', ["a.jpg"]),
        ('"ball summer"', []),
        ("ball summer", ["a.jpg"]),
        ("Ångström", ["b.jpg"]),
        ("angstrom", ["b.jpg"]),
        ("ÅNGSTROM", ["b.jpg"]),
        ("Malmo", ["a.jpg"]),
        ("Malmö", ["a.jpg"]),
        ("a.jpg", ["a.jpg"]),
        ("ball NOT summer", []),
        ("title:ball", []),
        ('NEAR(ball "summer")', []),
        ("ball OR sommarfest", []),
        ("(ball", ["a.jpg"]),
        ("ball - ^ +", ["a.jpg"]),
        ("'; DROP TABLE place_words; --", []),
    ],
)
def test_words_are_looked_for(gala: Gala, asked: str, found: list[str]) -> None:
    """Folded, as beginnings, as phrases; and nothing that is typed is a command to the index."""
    _put(gala, "a.jpg", ADA, title="Summer ball", keywords=["Malmö"])
    _put(gala, "b.jpg", ADA, caption="Sommarfest hos Ångström")
    gala.ingest()
    gala.enrol("Ada", ADA)
    seen = gala.library.find("Ada", purpose=Purpose.FIND_ME, within=Within(text=asked))
    assert [one.locator for one in seen.sightings] == found
    assert gala.library.words_out_of_step() == 0


@pytest.mark.parametrize("asked", ["...", '"', 'ball "open', "* *", "x" * 1001, '""', "\0"])
def test_a_question_without_words_is_said_to_be_one(gala: Gala, asked: str) -> None:
    """It is a sentence, and no fault of the database."""
    gala.enrol("Ada", ADA)
    with pytest.raises(UsageError, match="words to look for"):
        gala.library.find("Ada", purpose=Purpose.FIND_ME, within=Within(text=asked))


@pytest.mark.promise("P10")
def test_words_narrow_the_answer_about_nobody_as_about_anybody(gala: Gala) -> None:
    """Who is not enrolled is found by no words: the source's caption is no way around consent."""
    _put(gala, "a.jpg", ADA, caption="Ada Lovelace on the stairs")
    gala.ingest()
    for who in ("Ada Lovelace", "Nobody"):
        found = gala.library.find(who, purpose=Purpose.FIND_ME, within=Within(text="stairs"))
        assert (found.person, found.sightings) == (None, ())


def test_days_are_those_of_the_cameras_clock(gala: Gala) -> None:
    """Both ends count; a photo that does not say when is on no day."""
    _put(gala, "a.jpg", ADA, taken="2026-05-01T23:59:00-10:00")
    _put(gala, "b.jpg", ADA, taken="2026-05-02T00:01:00")
    _put(gala, "c.jpg", ADA)
    gala.ingest()
    gala.enrol("Ada", ADA)
    first, second = date(2026, 5, 1), date(2026, 5, 2)
    assert _places(gala, Within(since=first, until=first)) == ["a.jpg"]
    assert _places(gala, Within(since=second)) == ["b.jpg"]
    assert _places(gala, Within(until=second)) == ["a.jpg", "b.jpg"]
    assert _places(gala, Within()) == ["a.jpg", "b.jpg", "c.jpg"]


@pytest.mark.promise("P8")
def test_words_of_a_place_without_a_grant_find_nothing(gala: Gala) -> None:
    """The grants of the answer's moment count, whatever the index still knows."""
    _put(gala, "a.jpg", ADA, caption="stairs")
    gala.ingest()
    gala.enrol("Ada", ADA)
    assert _places(gala, Within(text="stairs")) == ["a.jpg"]
    gala.end_the_grants()
    assert _places(gala, Within(text="stairs")) == []


def test_the_full_text_is_a_shadow_that_is_made_anew(gala: Gala) -> None:
    """What is damaged is seen, and the next ingest mends it."""
    _put(gala, "a.jpg", ADA, title="Summer ball")
    gala.ingest()
    with gala.library._database.write() as tx:
        tx.execute(update(words._TABLE).values(title="another"))
    assert gala.library.words_out_of_step() == 1
    gala.ingest()
    assert gala.library.words_out_of_step() == 0
    with gala.library._database.write() as tx:
        tx.execute(delete(words._TABLE))
    assert gala.library.words_out_of_step() == 1
    gala.ingest()
    gala.enrol("Ada", ADA)
    assert _places(gala, Within(text="ball")) == ["a.jpg"]


def test_a_file_that_is_written_again_is_found_by_its_new_words_alone(gala: Gala) -> None:
    """And one that can be read no more by none."""
    _put(gala, "a.jpg", ADA, title="old")
    gala.ingest()
    gala.enrol("Ada", ADA)
    _put(gala, "a.jpg", ADA, title="new", salt=5)
    gala.ingest()
    assert (_places(gala, Within(text="old")), _places(gala, Within(text="new"))) == ([], ["a.jpg"])
    (gala.folder / "a.jpg").write_bytes(b"no picture")
    gala.ingest()
    assert gala.library.words_out_of_step() == 0


# --- hints ------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", [1, 3])
def test_a_name_at_the_face_is_said_of_that_very_person(gala: Gala, orientation: int) -> None:
    """Whoever enrols by the name that the source wrote there; in whatever case it is written."""
    _put(
        gala, "a.jpg", ADA, BO, regions=_named("ADA lovelace", "Somebody", turned=orientation == 3)
    )
    gala.ingest()
    gala.enrol("Ada Lovelace", ADA)
    gala.enrol("Bo", BO)
    # The fake faces look the same upside down, but stand the other way round.
    assert [one.named_by_source for one in gala.find("Ada Lovelace").sightings] == [True]
    assert [one.named_by_source for one in gala.find("Bo").sightings] == [False]
    (probed,) = gala.library.search(picture(ADA), purpose=Purpose.FIND_ME)
    assert [one.named_by_source for one in probed.candidates[0].sightings] == [True]


@pytest.mark.promise("P6")
@pytest.mark.promise("P10")
def test_a_name_in_a_region_is_kept_nowhere_and_finds_nobody(gala: Gala) -> None:
    """A stranger's name beside a face is in no file, in no answer, and enrols nobody."""
    name = "Wilhelmina Unforgettable"
    _put(gala, "a.jpg", STRANGER, regions=_named(name))
    _put(gala, "b.jpg", STRANGER, regions=_named(name), salt=3)
    gala.ingest()
    found = gala.find(name)
    assert (found.person, found.sightings, gala.library.people()) == (None, (), [])
    gala.library._database.forget_deleted_bytes()
    assert [path for path in gala.files() if name.encode() in path.read_bytes()] == []
    with gala.library._database.read() as tx:
        (one,), (two,) = rows(tx, face.c.named)
    assert one != two, "the marks of one name at two faces must not lead from one to the other"
    assert one
    assert two


def test_a_name_at_another_face_is_not_said(gala: Gala) -> None:
    """The region has to lie over the face."""
    _put(gala, "a.jpg", ADA, regions=[("Ada", (0.0, 0.0, 0.1, 0.1))])
    gala.ingest()
    gala.enrol("Ada", ADA)
    assert [one.named_by_source for one in gala.find("Ada").sightings] == [False]


# --- gone -------------------------------------------------------------------------------------


@pytest.mark.sqlite("the blocks of its index")
@pytest.mark.promise("P21")
def test_words_leave_every_file_with_their_source(gala: Gala) -> None:
    """Captions of any length, and the terms of the index: found before, and in no byte after."""
    long = f"{'A very long caption, page after page. ' * 200} its only end {LONG_WORD[::-1]}"
    _put(gala, "a.jpg", ADA, title="An unmistakable title", caption=long, keywords=[LONG_WORD])
    _put(gala, "b.jpg", BO, caption="Another caption of the same club")
    gala.ingest()
    _put(gala, "b.jpg", BO, caption="A caption in the place of another", salt=3)
    gala.ingest()
    needles = {
        "title": b"An unmistakable title",
        "term": LONG_WORD[1:].encode(),
        "end": b"its only end " + LONG_WORD[::-1].encode(),
    }
    assert _held(gala, needles) == set(needles)
    # The whole word stands in the rows, and in the index up to where it is like the one before it.
    in_index = _blobs_of_the_index(gala)
    assert LONG_WORD[1:].encode() in in_index
    done = gala.library.take_down(gala.source.id)
    assert gala.library.erasure(done.erasure).progress.gone.get("words") == 2
    assert _held(gala, needles) == set()
    assert LONG_WORD[1:].encode() not in _blobs_of_the_index(gala)


@pytest.mark.promise("P24")
def test_a_receipt_says_that_captions_name_who_left(gala: Gala) -> None:
    """The source's own words stay, and that is said: how many, without the name."""
    _put(gala, "a.jpg", ADA, caption="Ada Lovelace on the stairs")
    _put(gala, "b.jpg", BO, caption="Nobody in particular")
    gala.ingest()
    gala.enrol("Ada Lovelace", ADA)
    gala.library.add_to_roster("gala", "Ada Lovelace")
    done = gala.library.withdraw("Ada Lovelace")
    (receipt,) = gala.library.receipts(done.erasure)
    (said,) = verify_chain([receipt.text], gala.library.trail.key())
    assert [one.count for one in said.kept if one.what == "source-words"] == [1]
    with gala.library._database.read() as tx:
        assert "Ada Lovelace on the stairs" in [one for (one,) in rows(tx, photo.c.caption)]


def test_a_new_grant_brings_the_words_again(gala: Gala) -> None:
    """Nothing of the old index is in the way."""
    _put(gala, "a.jpg", ADA, title="Summer ball")
    gala.ingest()
    gala.library.take_down(gala.source.id)
    until = gala.library.now() + A_DAY
    gala.library.add_folder(gala.folder, Given("the club", until, erased_too=True))
    gala.ingest()
    gala.enrol("Ada", ADA)
    assert _places(gala, Within(text="ball")) == ["a.jpg"]


# --------------------------------------------------------------------------------------------


def _put(gala: Gala, name: str, *identities: int, salt: int = 0, **said: object) -> None:
    path = gala.put(name, *identities, salt=salt)
    times = path.stat()
    path.write_bytes(with_words(path.read_bytes(), **said))  # type: ignore[arg-type]
    os.utime(path, ns=(0, times.st_mtime_ns))


def _named(
    *names: str, turned: bool = False
) -> list[tuple[str, tuple[float, float, float, float]]]:
    """A region over each of the fake faces, which stand side by side: 40 of 168 pixels apart."""
    width = 40 + len(names) * 168
    boxes = [
        ((40 + 168 * place) / width, 40 / 208, (168 + 168 * place) / width, 168 / 208)
        for place in range(len(names))
    ]
    if turned:
        boxes = [(1 - x2, 1 - y2, 1 - x1, 1 - y1) for x1, y1, x2, y2 in boxes]
        boxes.reverse()
    return list(zip(names, boxes, strict=True))


def _places(gala: Gala, within: Within) -> list[str]:
    found = gala.library.find("Ada", purpose=Purpose.FIND_ME, within=within)
    return sorted(one.locator for one in found.sightings)


def _held(gala: Gala, needles: dict[str, bytes]) -> set[str]:
    seen = scan(
        list(all_files(gala.root, gala.keys)), Needles({k: (v,) for k, v in needles.items()})
    )
    return set(seen.found)


def _blobs_of_the_index(gala: Gala) -> bytes:
    with gala.library._database.read() as tx:
        return b"".join(tx.execute(text("SELECT block FROM place_words_data")).scalars())
