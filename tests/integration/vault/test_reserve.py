"""The reserve: really there, given up once, made again, and no new work without room."""

import errno
import os
from collections import namedtuple
from pathlib import Path
from typing import NoReturn

import pytest

from countenance.errors import DiskFull, Unavailable
from countenance.vault import reserve
from countenance.vault.reserve import Reserve, full, require_room
from tests.fakes.gala import Gala

Usage = namedtuple("Usage", ["total", "used", "free"])  # noqa: PYI024  what `shutil` gives


def _leave(monkeypatch: pytest.MonkeyPatch, reserves: float) -> None:
    """Pretend that the disk has room for so many reserves."""
    free = int(reserves * reserve.RESERVE_BYTES)
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage(0, 0, free))


def test_the_reserve_is_written_bytes(tmp_path: Path) -> None:
    """It takes the room that it says, and is the same file when asked for again."""
    own = Reserve(tmp_path)
    assert own.restore()
    (file,) = tmp_path.iterdir()
    seen = file.stat()
    assert seen.st_size == reserve.RESERVE_BYTES
    assert seen.st_mode & 0o777 == 0o600
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
    assert file.stat().st_blocks * 512 >= seen.st_size
    assert own.restore()
    assert file.stat().st_ino == seen.st_ino


@pytest.mark.promise("P28")
def test_it_is_given_up_once(tmp_path: Path) -> None:
    """Who spends it is told whether it was there; what a crash left of it goes as well."""
    own = Reserve(tmp_path)
    assert not own.spend()
    own.restore()
    (tmp_path / "reserve.part").write_bytes(b"half")
    assert own.spend()
    assert not own.spend()
    assert list(tmp_path.iterdir()) == []


def test_it_is_made_again_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making it does not fill the disk that it is to help on."""
    own = Reserve(tmp_path)
    _leave(monkeypatch, 2.9)
    assert not own.restore()
    assert list(tmp_path.iterdir()) == []
    _leave(monkeypatch, 3)
    assert own.restore()


def test_half_a_reserve_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it finds no room after all, that is said, and nothing is left of it."""

    def no_room(*_args: object, **_kwargs: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reserve, "write_file", no_room)
    with pytest.raises(DiskFull, match="the reserve: No space left"):
        Reserve(tmp_path).restore()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.promise("P28")
def test_no_new_work_on_a_disk_that_is_nearly_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under twice the reserve it is refused, with how much is left; from there on it is not."""
    monkeypatch.setattr(reserve, "RESERVE_BYTES", 16 * 2**20)
    _leave(monkeypatch, 1.9)
    assert full(tmp_path)
    with pytest.raises(Unavailable, match="nearly full: 30 MB left") as caught:
        require_room(tmp_path)
    assert "withdrawing" in caught.value.hint
    _leave(monkeypatch, 2)
    assert not full(tmp_path)
    require_room(tmp_path)


@pytest.mark.promise("P28")
def test_what_finds_no_room_is_done_with_the_reserve(tmp_path: Path) -> None:
    """What a full disk may not stop is done again once the reserve is given up; all else fails."""
    with Gala.make(tmp_path) as gala:
        file = gala.root / "reserve"

        def act() -> str:
            if file.exists():
                raise DiskFull("the disk is full")
            return "done"

        assert file.exists()
        assert gala.library._whatever_the_room(act) == "done"
        assert file.exists(), "there is room again, and so a reserve"
        with pytest.raises(DiskFull):
            gala.library._whatever_the_room(_finds_no_room)


def _finds_no_room() -> NoReturn:
    raise DiskFull("the disk is full")
