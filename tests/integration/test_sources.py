"""Sources in the long run: a grant that is renewed, a folder that is away, another pack."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from countenance.errors import Unavailable, UsageError
from countenance.library import Given, Library
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
