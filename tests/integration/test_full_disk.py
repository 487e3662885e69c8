"""A disk that is really full: no new work, and every no still takes effect (P28)."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from countenance.catalog.database import Database
from countenance.catalog.erasures import Stage
from countenance.catalog.tables import collection
from countenance.erasure.withdraw import withdraw
from countenance.errors import DiskFull, Unavailable
from countenance.people.purpose import Purpose
from countenance.vault import reserve
from countenance.vault.layout import LibraryLayout
from tests.fakes.gala import Gala

pytestmark = pytest.mark.sqlite("its disk is full")

ADA, BO = 0, 8
DISK = "24m"
RESERVE = 2 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, which only the administrator of a machine may make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "countenance", str(folder)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no `mount` here, and so no small disk to fill")
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def gala(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gala]:
    """A library on it, with somebody enrolled and in a photo."""
    monkeypatch.setattr(reserve, "RESERVE_BYTES", RESERVE)
    with Gala.make(disk) as made:
        made.put("1.jpg", ADA, BO)
        made.enrol("Ada", ADA, Purpose.FIND_ME, Purpose.STAFF_FIND)
        made.enrol("Bo", BO)
        made.ingest()
        assert made.places("Ada") == ["1.jpg"]
        yield made


def _fill(disk: Path) -> None:
    """Leave not a byte."""
    with (disk / "filling").open("ab", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    assert os.statvfs(disk).f_bavail == 0


def _add_collections(gala: Gala, count: int) -> None:
    """Some 400 kB for each thousand of them."""
    with gala.library._database.write() as tx:
        for number in range(count):
            made = {"id": str(number), "name": f"{number:0190}", "changed_at": gala.clock.now()}
            tx.execute(collection.insert().values(recognition=False, minors=False, **made))


def _make_room(disk: Path) -> None:
    (disk / "filling").unlink()


@pytest.mark.promise("P28")
def test_new_work_is_refused_on_a_full_disk(gala: Gala, disk: Path) -> None:
    """Neither an ingest nor an enrolment begins; once there is room, both do."""
    gala.put("2.jpg", BO)
    _fill(disk)
    with pytest.raises(Unavailable, match="nearly full"):
        gala.ingest()
    with pytest.raises(Unavailable, match="nearly full"):
        gala.enrol("Cy", 13)
    assert [one.name for one in gala.library.people()] == ["Ada", "Bo"]
    _make_room(disk)
    assert gala.ingest().done == 1
    gala.enrol("Cy", 13)


@pytest.mark.promise("P28")
def test_a_full_disk_is_called_one(gala: Gala, disk: Path) -> None:
    """What cannot be written is told as that, and nothing of it is there after."""
    _fill(disk)
    gala.library._reserve.spend()
    _fill(disk)
    with pytest.raises(DiskFull, match="the disk is full"):
        _add_collections(gala, 2000)
    assert [one.name for one in gala.library.collections()] == ["gala"]


@pytest.mark.promise("P28")
@pytest.mark.parametrize("opened_anew", [False, True])
def test_a_withdrawal_works_on_a_full_disk(gala: Gala, disk: Path, *, opened_anew: bool) -> None:
    """The reserve gives it room: they are found no more, and the key is gone."""
    keys = gala.library._stores.keys.ids()
    if opened_anew:
        gala.library.close()
    _fill(disk)
    if opened_anew:
        gala.reopen()
    done = gala.library.withdraw("Ada")
    assert (done.erased, done.sightings) == (True, 1)
    assert gala.library._stores.keys.ids() < keys
    assert not (LibraryLayout(gala.root).root / "reserve").exists()
    _make_room(disk)
    gala.reopen()
    assert [one.name for one in gala.library.people()] == ["Bo"]
    assert gala.places("Bo") == ["1.jpg"]
    assert gala.library.damage() == ()
    assert (gala.root / "reserve").stat().st_size == RESERVE


@pytest.mark.promise("P28")
def test_one_purpose_and_an_objection_work_on_a_full_disk(gala: Gala, disk: Path) -> None:
    """Whatever says no, it takes effect."""
    _fill(disk)
    assert gala.library.withdraw("Ada", Purpose.STAFF_FIND).withdrawn == ("staff-find",)
    assert gala.library.object_to("Bo").suspended == ("find-me",)
    _make_room(disk)
    assert gala.places("Bo") == []
    assert gala.places("Ada") == ["1.jpg"]


@pytest.mark.promise("P28")
def test_there_is_room_for_all_steps_of_a_withdrawal(
    gala: Gala, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only for its transaction: it is not recorded first, and then ends half done."""
    forget = Database.forget_deleted_bytes

    def forget_if_there_is_room(database: Database, *tables: str) -> None:
        if (gala.root / "reserve").exists():
            raise DiskFull("the disk is full")
        forget(database, *tables)

    _fill(disk)
    monkeypatch.setattr(Database, "forget_deleted_bytes", forget_if_there_is_room)
    done = gala.library.withdraw("Ada")
    assert gala.library.erasure(done.erasure).stage is Stage.CLOSED


@pytest.mark.promise("P28")
def test_the_disk_may_fill_up_in_the_middle(gala: Gala, disk: Path) -> None:
    """A withdrawal that finds no room although there was some spends the reserve and goes on."""
    library = gala.library
    tried: list[bool] = []

    def act() -> str:
        tried.append((gala.root / "reserve").exists())
        if len(tried) == 1:
            _fill(disk)
        return str(withdraw("Ada", None, actor="tester", stores=library._stores).person)

    person = library._whatever_the_room(act)
    assert (tried[0], person.startswith("p_")) == (True, True)
    assert [one.name for one in library.people()] == ["Bo"]
