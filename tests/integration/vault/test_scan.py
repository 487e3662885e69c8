import os
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.errors import Unavailable
from countenance.vault import scan as scanning
from countenance.vault.scan import Hit, Needles, all_files, scan

CHUNK = 1000
"""Bytes read at once in these tests: many borders in little data."""


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "CHUNK_BYTES", CHUNK)


def noise(size: int, *, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(size)


NEEDLE = noise(24, seed=99)


def found_at(path: Path, *needles: bytes) -> list[int | None]:
    """Where each needle first stands in the file, as the scan says."""
    names = [str(number) for number in range(len(needles))]
    scanned = scan(
        [path], Needles({name: (one,) for name, one in zip(names, needles, strict=True)})
    )
    offsets = {hit.name: hit.offset for hit in scanned.hits}
    return [offsets.get(name) for name in names]


def as_python_finds(data: bytes, *needles: bytes) -> list[int | None]:
    return [None if (at := data.find(one)) < 0 else at for one in needles]


# --- what is found --------------------------------------------------------------------------------


@pytest.mark.promise("P21")
@pytest.mark.parametrize("length", [16, 17, 22, 23, 24, 31, 32, 100])
def test_a_needle_is_found_at_every_alignment(tmp_path: Path, length: int) -> None:
    """It does not matter where in a file it lies, from its first byte to its last."""
    needle, path = noise(length, seed=7), tmp_path / "file"
    for offset in range(2 * length):
        for behind in (0, 1, 7, 50):
            path.write_bytes(noise(offset) + needle + noise(behind, seed=2))
            assert found_at(path, needle) == [offset]


@pytest.mark.promise("P21")
@pytest.mark.usefixtures("small_chunks")
def test_a_needle_across_the_border_of_two_chunks_is_found(tmp_path: Path) -> None:
    """What is read in two parts is looked through as one."""
    path = tmp_path / "file"
    data = noise(5 * CHUNK)
    for border in (CHUNK, 2 * CHUNK, 4 * CHUNK):
        for offset in range(border - 60, border + 60):
            path.write_bytes(data[:offset] + NEEDLE + data[offset:])
            assert found_at(path, NEEDLE) == [offset]


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """A needle with one byte changed, first or last or between, is none."""
    path = tmp_path / "file"
    for changed in range(len(NEEDLE)):
        other = bytearray(NEEDLE)
        other[changed] ^= 1
        path.write_bytes(noise(99) + other + noise(99))
        assert found_at(path, NEEDLE) == [None]


@pytest.mark.parametrize("size", range(24))
def test_a_file_shorter_than_a_needle_holds_none(tmp_path: Path, size: int) -> None:
    """The beginning of a needle is not the needle."""
    path = tmp_path / "file"
    path.write_bytes(NEEDLE[:size])
    scanned = scan([path], Needles({"one": (NEEDLE,)}))
    assert (scanned.hits, scanned.files, scanned.bytes_read) == ((), 1, size)


def test_of_three_thousand_needles_each_is_found(tmp_path: Path) -> None:
    """One pass finds them all, each where it is."""
    needles = [noise(24, seed=seed) for seed in range(3000)]
    path = tmp_path / "file"
    path.write_bytes(b"".join(noise(seed % 17, seed=5) + one for seed, one in enumerate(needles)))
    data = path.read_bytes()
    assert found_at(path, *needles) == as_python_finds(data, *needles)
    assert None not in found_at(path, *needles)


def test_overlapping_needles_are_all_found(tmp_path: Path) -> None:
    """Needles that share bytes, and words, do not hide one another."""
    data = noise(64)
    needles = [data[start : start + length] for start in range(30) for length in (16, 24, 30)]
    path = tmp_path / "file"
    path.write_bytes(data)
    assert found_at(path, *needles) == as_python_finds(data, *needles)


def test_one_needle_finds_its_object_and_every_object_that_has_it(tmp_path: Path) -> None:
    """An object is found by any of its needles; a needle of two objects finds both."""
    other, absent = noise(24, seed=3), noise(24, seed=4)
    path = tmp_path / "file"
    path.write_bytes(bytes(10) + NEEDLE + bytes(10) + other)
    needles = Needles({"a": (absent, NEEDLE), "b": (other, NEEDLE), "c": (absent,)})
    assert scan([path], needles).hits == (Hit("a", path, 10), Hit("b", path, 10))
    assert scan([path], needles).found == {"a", "b"}


@pytest.mark.usefixtures("small_chunks")
def test_blank_words_of_a_needle_are_no_hindrance(tmp_path: Path) -> None:
    """A needle with a blank word in it is found in a file that is mostly blank."""
    needle = bytes(10) + b"one two three"
    data = bytes(4321) + needle + bytes(4321)
    path = tmp_path / "file"
    path.write_bytes(data)
    assert found_at(path, needle) == [4321]


WORD = st.sampled_from([b"\0" * 8, b"a" * 8, b"abcdefgh", b"hgfedcba", b"abc", b"\xff", b"b"])
TEXT = st.lists(WORD, max_size=60).map(b"".join)


@pytest.mark.promise("P21")
@settings(max_examples=300, deadline=None)
@given(
    data=TEXT,
    needles=st.lists(
        st.one_of(TEXT, st.tuples(st.integers(0, 200), st.integers(16, 60))), min_size=1, max_size=8
    ),
    chunk=st.integers(1, 300),
)
def test_the_scan_finds_what_python_finds(
    tmp_path_factory: pytest.TempPathFactory,
    data: bytes,
    needles: list[bytes | tuple[int, int]],
    chunk: int,
) -> None:
    """Of any bytes, repetitive as they may be, it says the same as `bytes.find`."""
    pieces = [one if isinstance(one, bytes) else data[one[0] : one[0] + one[1]] for one in needles]
    pieces = [one for one in pieces if len(one) >= scanning.SHORTEST_NEEDLE]
    path = tmp_path_factory.getbasetemp() / "found-or-not"
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "CHUNK_BYTES", chunk)
        assert found_at(path, *pieces) == as_python_finds(data, *pieces)


# --- which files ----------------------------------------------------------------------------------


def test_each_file_is_named_with_the_first_offset(tmp_path: Path) -> None:
    """A hit says which object is in which file, and where it first stands."""
    for name, data in {"a": NEEDLE, "b": b"x" * 9, "c": b"xy" + NEEDLE * 2}.items():
        (tmp_path / name).write_bytes(data)
    told: list[tuple[int, int]] = []
    scanned = scan(
        sorted(all_files(tmp_path)),
        Needles({"one": (NEEDLE,)}),
        progress=lambda files, size: told.append((files, size)),
    )
    assert scanned.hits == (Hit("one", tmp_path / "a", 0), Hit("one", tmp_path / "c", 2))
    assert (scanned.files, scanned.bytes_read, scanned.unread) == (3, 83, ())
    assert told == [(1, 24), (2, 33), (3, 83)]


def test_a_scan_for_nothing_reads_everything(tmp_path: Path) -> None:
    """No objects is a value: every file is read, and nothing found."""
    (tmp_path / "file").write_bytes(NEEDLE)
    scanned = scan(all_files(tmp_path), Needles({}))
    assert (scanned.found, scanned.files, scanned.bytes_read) == (frozenset(), 1, 24)


def test_a_file_that_vanished_is_left_out(tmp_path: Path) -> None:
    """What was listed and is gone is no failure: it holds nothing any more."""
    scanned = scan([tmp_path / "gone"], Needles({"one": (NEEDLE,)}))
    assert (scanned.files, scanned.unread) == (0, ())


@pytest.mark.promise("P21")
def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A link, a folder, a pipe or a socket in a file's place is not read, and not passed over."""
    (tmp_path / "file").write_bytes(NEEDLE)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    strange = [tmp_path / name for name in ("folder", "link", "pipe", "socket")]
    scanned = scan([*strange, tmp_path / "file"], Needles({"one": (NEEDLE,)}))
    assert [one.path for one in scanned.unread] == strange
    assert all(one.reason for one in scanned.unread)
    assert (scanned.files, scanned.found) == (1, frozenset({"one"}))


@pytest.mark.promise("P21")
def test_a_file_that_breaks_off_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk in the middle of a file is no end of the file."""
    (tmp_path / "file").write_bytes(NEEDLE)

    def broken(_descriptor: int, _into: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "readv", broken)
    scanned = scan(all_files(tmp_path), Needles({"one": (NEEDLE,)}))
    assert [one.reason for one in scanned.unread] == ["Input/output error"]
    assert scanned.files == 0


def test_every_regular_file_is_listed_and_no_link_followed(tmp_path: Path) -> None:
    """Hidden files and deep folders are listed; links and what is no file are not."""
    deep = tmp_path / "root" / ".hidden" / "deep"
    deep.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "not-ours").touch()
    files = {deep / "one", deep.parent / ".two", tmp_path / "root" / "three"}
    for file in files:
        file.touch()
    (deep / "link").symlink_to(outside)
    (deep / "file-link").symlink_to(outside / "not-ours")
    os.mkfifo(deep / "pipe")
    assert set(all_files(tmp_path / "root")) == files


def test_a_root_may_be_a_file_or_a_link(tmp_path: Path) -> None:
    """A root is what somebody named: what it leads to is read."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").touch()
    (tmp_path / "link").symlink_to(folder)
    assert set(all_files(folder / "file", tmp_path / "link")) == {folder / "file"}


def test_a_root_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    """A wrong folder must not make a scan that finds nothing."""
    with pytest.raises(Unavailable, match="cannot be listed"):
        list(all_files(tmp_path / "none"))


@pytest.mark.promise("P21")
def test_a_folder_that_cannot_be_listed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in it was not read, and the scan says so."""
    closed = tmp_path / "closed"
    closed.mkdir()
    listing = os.scandir

    def refusing(path: Path) -> object:
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", refusing)
    scanned = scan(all_files(tmp_path), Needles({"one": (NEEDLE,)}))
    assert [one.path for one in scanned.unread] == [closed]
