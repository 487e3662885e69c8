"""Sources in the long run: a grant that is renewed, a folder that is away, another pack."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from countenance.errors import Refused, Unavailable, UsageError
from countenance.library import Given, Library
from countenance.people.purpose import Purpose
from tests.fakes.gala import A_DAY, Gala
from tests.fakes.vision import picture

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


@pytest.mark.promise("P7")
def test_looking_for_oneself_takes_a_picture_of_oneself(gala: Gala) -> None:
    """Under find-me a picture of several people is refused: it would name the others."""
    gala.enrol("Ada", ADA)
    with pytest.raises(Refused, match="shows one face, and this one 2"):
        gala.library.search(picture(ADA, BO), purpose=Purpose.FIND_ME)
    assert len(gala.library.search(picture(ADA, BO), purpose=Purpose.STAFF_FIND)) == 2
