"""Sources in the long run: a grant that is renewed, a folder that is away, another pack."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from countenance.catalog import copies
from countenance.catalog.tables import item
from countenance.errors import Refused, Unavailable, Unreadable, UsageError
from countenance.library import Given, Library
from countenance.people.purpose import Purpose
from tests.fakes.clock import FakeClock
from tests.fakes.gala import A_DAY, Gala, open_library
from tests.fakes.vision import FakeVision, picture

ADA, BO = 1, 2


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        yield made


@pytest.mark.promise("P1")
def test_a_folder_added_again_has_its_grant_renewed(gala: Gala) -> None:
    """After a grant has expired a new one for the same folder brings everything back, unread."""
    gala.put("one.png", ADA)
    gala.enrol("Ada", ADA)
    gala.ingest()
    gala.clock.advance(60 * A_DAY)
    assert gala.places("Ada") == []
    given = Given("the club", gala.clock.now() + A_DAY)
    renewed = gala.library.add_folder(gala.folder, given)
    assert renewed.source == gala.source
    assert [grant.granted_by for grant in gala.library.grants(gala.source.id)] == ["the club"] * 2
    assert gala.places("Ada") == ["one.png"]
    assert gala.ingest().done == 0


def test_a_folder_is_a_source_of_one_collection(gala: Gala) -> None:
    """Adding it again under another collection is refused, and its grants stay as they were."""
    given = Given("the club", gala.clock.now() + A_DAY)
    with pytest.raises(UsageError, match="belongs to collection gala"):
        gala.library.add_folder(gala.folder, given, collection="elsewhere")
    assert len(gala.library.grants(gala.source.id)) == 1
    assert [one.name for one in gala.library.collections()] == ["gala"]


@pytest.mark.promise("P29")
def test_a_source_that_is_away_does_not_stop_the_others(gala: Gala, tmp_path: Path) -> None:
    """Of two folders one is unplugged: the other is read, and nothing of the first is lost."""
    gala.put("one.png", ADA)
    gala.enrol("Ada", ADA)
    gala.ingest()
    other = tmp_path / "other"
    other.mkdir()
    (other / "two.png").write_bytes(picture(BO))
    gala.library.add_folder(other, Given("the club", gala.clock.now() + A_DAY))
    shutil.move(gala.folder, tmp_path / "unplugged")
    report = gala.ingest()
    assert (report.done, report.listed.vanished) == (1, 0)
    assert [part.locator for part in report.unlisted] == [gala.source.id]
    shutil.move(tmp_path / "unplugged", gala.folder)
    assert gala.places("Ada") == ["one.png"]


def test_no_source_at_all_is_an_error(gala: Gala) -> None:
    """If the only folder is away the run ends with that, and not as if all were well."""
    gala.put("one.png", ADA)
    gala.ingest()
    shutil.rmtree(gala.folder)
    with pytest.raises(Unavailable):
        gala.ingest()


def test_a_library_is_of_one_pack(gala: Gala) -> None:
    """With another pack than it was filled with nothing is found, compared or stored."""
    gala.put("one.png", ADA)
    gala.ingest()
    settings = replace(gala.library.settings, pack="yunet-sface")
    with (
        Library.open(gala.root, settings, gala.clock) as other,
        pytest.raises(UsageError, match="filled with the pack starter, and not with yunet-sface"),
    ):
        other.ingest()


@pytest.mark.promise("P11")
def test_a_folder_does_not_join_a_recognising_collection_unasked(
    gala: Gala, tmp_path: Path
) -> None:
    """A second folder of the same name is not recognised on a ground recorded for the first."""
    other = tmp_path / "other" / "gala"
    other.mkdir(parents=True)
    given = Given("somebody else", gala.clock.now() + A_DAY)
    with pytest.raises(UsageError, match="recognition is on"):
        gala.library.add_folder(other, given)
    assert gala.library.add_folder(other, given, collection="gala").collection.name == "gala"


@pytest.mark.promise("P3")
def test_a_folder_is_one_source_by_whatever_path(gala: Gala, tmp_path: Path) -> None:
    """A way round or a link to a folder renews its grant, and makes no second source of it."""
    (tmp_path / "link").symlink_to(gala.folder)
    given = Given("the club", gala.clock.now() + A_DAY)
    for path in (gala.folder / ".." / gala.folder.name, tmp_path / "link"):
        assert gala.library.add_folder(path, given).source == gala.source


@pytest.mark.promise("P29")
def test_a_source_that_goes_away_meanwhile_does_not_stop_the_others(
    gala: Gala, tmp_path: Path
) -> None:
    """A folder is unplugged while it is read: that is said, the rest waits, the others go on."""
    gala.enrol("Ada", ADA)
    for number in range(12):
        gala.put(f"{number:02}.png", ADA, salt=number)
    other = tmp_path / "other"
    other.mkdir()
    for number in range(4):
        (other / f"{number}.png").write_bytes(picture(BO, salt=number))
    gala.library.add_folder(other, Given("the club", gala.clock.now() + A_DAY))
    gala.vision.after_templates = lambda: _move(gala.folder, tmp_path / "unplugged")
    report = gala.ingest()
    gala.vision.after_templates = lambda: None
    assert [part.locator for part in report.unlisted] == [gala.source.id]
    assert report.skipped == []
    states = gala.states()
    left = [name for name, state in states.items() if state == "listed"]
    assert left
    assert set(states.values()) == {"done", "listed"}
    assert [states[f"{number}.png"] for number in range(4)] == ["done"] * 4
    with gala.library._database.read() as tx:
        tried = tx.execute(select(item.c.attempts).where(item.c.state == "listed")).scalars()
        assert set(tried) == {0}
        assert copies.unconfirmed(tx) == []
    _move(tmp_path / "unplugged", gala.folder)
    report = gala.ingest()
    assert (report.done, report.unlisted) == (len(left), [])
    assert len(gala.places("Ada")) == 12


@pytest.mark.promise("P2")
def test_a_library_among_the_pictures_does_not_read_itself(tmp_path: Path) -> None:
    """The library's folder and its keys are passed over, and are no source themselves."""
    library = open_library(tmp_path / "a library", FakeClock(), FakeVision())
    with library:
        given = Given("the club", library.now() + A_DAY)
        (tmp_path / "one.png").write_bytes(picture(ADA))
        (library.root / "vault" / "two.png").write_bytes(picture(BO))
        (library.root / "three.png").write_bytes(picture(BO))
        source = library.add_folder(tmp_path, given).source
        assert [one.locator for one in library.scan(source.id).changes.new] == ["one.png"]
        with pytest.raises(Unreadable, match="none of the source's"):
            library._reader(source).read("a library/vault/two.png", max_bytes=1 << 20)


def test_the_librarys_own_folders_are_no_sources(tmp_path: Path) -> None:
    """Neither the vault nor the keys, nor what is in them; a folder beside them is one."""
    with open_library(tmp_path / "library", FakeClock(), FakeVision()) as library:
        given = Given("the club", library.now() + A_DAY)
        for own in (library.root / "vault", library.settings.keys_dir):
            with pytest.raises(UsageError, match="library's own files"):
                library.add_folder(own, given)
        (library.root / "photos").mkdir()
        library.add_folder(library.root / "photos", given)


@pytest.mark.promise("P3")
def test_no_folder_is_a_source_within_a_source(gala: Gala, tmp_path: Path) -> None:
    """The end of one grant would leave the pictures to the other; so the second is refused."""
    (gala.folder / "day 2").mkdir()
    given = Given("the club", gala.clock.now() + A_DAY)
    for folder, side in ((gala.folder / "day 2", "inside"), (tmp_path, "around")):
        with pytest.raises(UsageError, match=f"lies {side} the source {gala.source.id}"):
            gala.library.add_folder(folder, given)
    (tmp_path / "gala-2").mkdir()
    gala.library.add_folder(tmp_path / "gala-2", given)
    assert gala.library.add_folder(gala.folder, given).renewed


@pytest.mark.promise("P2")
def test_a_vanished_photo_keeps_no_preview(gala: Gala) -> None:
    """Its bytes go with the file, what was found in it waits, and both are there when it is."""
    gala.enrol("Ada", ADA)
    gala.put("one.png", ADA, BO)
    gala.ingest()
    (kept,) = gala.blobs.ids()
    data = (gala.folder / "one.png").read_bytes()
    (gala.folder / "one.png").unlink()
    gala.ingest()
    assert list(gala.blobs.ids()) == []
    with gala.library._database.read() as tx:
        assert copies.ids(tx) == frozenset()
    gala.enrol("Bo", BO)
    assert gala.places("Ada") == gala.places("Bo") == []
    (gala.folder / "one.png").write_bytes(data)
    gala.ingest()
    assert gala.places("Ada") == gala.places("Bo") == ["one.png"]
    (back,) = gala.blobs.ids()
    assert back != kept
    with gala.library._database.read() as tx:
        assert copies.get(tx, back).confirmed


def test_a_photo_that_moves_keeps_its_preview(gala: Gala) -> None:
    """A file of another name is the photo that it was, and is not looked at again."""
    gala.put("one.png", ADA)
    gala.ingest()
    before, looked = list(gala.blobs.ids()), len(gala.vision.looked)
    _move(gala.folder / "one.png", gala.folder / "two.png")
    gala.ingest()
    assert (list(gala.blobs.ids()), len(gala.vision.looked)) == (before, looked)


@pytest.mark.promise("P7")
def test_looking_for_oneself_takes_a_picture_of_oneself(gala: Gala) -> None:
    """Under find-me a picture of several people is refused: it would name the others."""
    gala.enrol("Ada", ADA)
    with pytest.raises(Refused, match="shows one face, and this one 2"):
        gala.library.search(picture(ADA, BO), purpose=Purpose.FIND_ME)
    assert len(gala.library.search(picture(ADA, BO), purpose=Purpose.STAFF_FIND)) == 2


# --------------------------------------------------------------------------------------------------


def _move(what: Path, to: Path) -> None:
    """Once: it is called again for each photo."""
    if what.exists():
        what.rename(to)
