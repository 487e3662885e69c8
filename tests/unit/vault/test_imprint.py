"""Imprints: each byte of a file, and where it is another one."""

import os
from pathlib import Path

import pytest

from countenance.vault.imprint import (
    PART_BYTES,
    read_imprint,
    take_again,
    take_imprint,
    write_imprint,
)

DATA = bytes(range(256)) * 1024
"""Four parts."""

LONG = os.urandom(33 * PART_BYTES + 5)
"""More than is read at once, and again, and a little."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


@pytest.mark.promise("P27")
@pytest.mark.parametrize("at", [0, 1, PART_BYTES - 1, PART_BYTES, 3 * PART_BYTES + 7, -1])
def test_any_bit_shows_and_where(file: Path, at: int) -> None:
    """In its part, and in no other."""
    before = take_imprint(file)
    data = bytearray(DATA)
    data[at] ^= 1
    file.write_bytes(data)
    start = at % len(DATA) // PART_BYTES * PART_BYTES
    assert before.differences(take_imprint(file, like=before)) == [(start, start + PART_BYTES)]


@pytest.mark.promise("P27")
def test_parts_that_changed_places_show(file: Path) -> None:
    """A sound part in the place of another is not that other."""
    data = b"".join(bytes([number]) * PART_BYTES for number in range(4))
    file.write_bytes(data)
    before = take_imprint(file)
    one, two, three, four = (data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES))
    file.write_bytes(one + three + two + four)
    assert before.differences(take_imprint(file, like=before)) == [(PART_BYTES, 3 * PART_BYTES)]


@pytest.mark.parametrize("kept", [0, 1, PART_BYTES, len(DATA) - 1])
def test_a_file_that_was_cut_shows(file: Path, kept: int) -> None:
    """What is missing is from the part that was cut to the end."""
    before = take_imprint(file)
    file.write_bytes(DATA[:kept])
    now = take_imprint(file, like=before)
    start = kept // PART_BYTES * PART_BYTES
    assert before.differences(now) == now.differences(before) == [(start, len(DATA))]


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, len(DATA)])
def test_it_is_read_as_it_was_written(file: Path, tmp_path: Path, size: int) -> None:
    """Of files of any size; and nothing else is left beside it."""
    file.write_bytes(DATA[:size])
    taken = take_imprint(file)
    assert taken.size == size
    write_imprint(tmp_path / "imprint", taken)
    assert read_imprint(tmp_path / "imprint") == taken == take_imprint(file, like=taken)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "imprint"}


@pytest.mark.promise("P27")
def test_one_that_is_damaged_is_none(file: Path, tmp_path: Path) -> None:
    """Whichever byte of it, and wherever it is cut: it never says that a file differs."""
    where = tmp_path / "imprint"
    assert read_imprint(where) is None
    write_imprint(where, take_imprint(file))
    whole = where.read_bytes()
    for at in range(len(whole)):
        where.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert read_imprint(where) is None, at
        where.write_bytes(whole[:at])
        assert read_imprint(where) is None, at


def test_short_reads_make_no_other_imprint(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operating system may give less than it is asked for."""
    before, readv = take_imprint(file), os.readv
    monkeypatch.setattr(os, "readv", lambda file, to: readv(file, [to[0][:1000]]))
    assert take_imprint(file, like=before) == before


@pytest.mark.promise("P27")
@pytest.mark.parametrize("at", [0, 15, 16, 31, 32, 33])
def test_a_file_that_is_read_in_several_steps_shows_too(file: Path, at: int) -> None:
    """In the part, whichever step reads it; the last one is short."""
    file.write_bytes(LONG)
    before = take_imprint(file)
    start = at * PART_BYTES
    file.write_bytes(LONG[: start + 3] + bytes([LONG[start + 3] ^ 16]) + LONG[start + 4 :])
    end = min(start + PART_BYTES, len(LONG))
    assert before.differences(take_imprint(file, like=before)) == [(start, end)]


@pytest.mark.promise("P27")
def test_zeros_that_were_cut_or_added_show(file: Path) -> None:
    """A tag knows how long its part is."""
    file.write_bytes(bytes(100))
    before = take_imprint(file)
    file.write_bytes(bytes(101))
    assert before.differences(take_imprint(file, like=before)) == [(0, 101)]


def test_each_imprint_has_a_key_of_its_own(file: Path) -> None:
    """No two parts are alike to all of them."""
    assert len({take_imprint(file).key for _ in range(3)}) == 3


@pytest.mark.promise("P27")
@pytest.mark.parametrize("size", [0, 1, PART_BYTES, 2 * PART_BYTES + 9, len(DATA), len(DATA) + 1])
@pytest.mark.parametrize("before", [1, 3 * PART_BYTES, len(DATA)])
def test_only_what_was_written_is_read_again(file: Path, before: int, size: int) -> None:
    """And what came to the end, or went from it. Of the rest it says what it was."""
    data = DATA + b"more"
    file.write_bytes(data[:before])
    was = take_imprint(file)
    now = bytearray(data[:size])
    now[PART_BYTES // 2 : PART_BYTES // 2 + 1] = b"!"[: len(now[PART_BYTES // 2 :])]
    file.write_bytes(now)
    assert take_again(file, was, {0, 77}) == take_imprint(file, like=was)


@pytest.mark.promise("P27")
def test_what_was_damaged_meanwhile_still_shows(file: Path) -> None:
    """A part that nobody wrote is not read, and so not vouched for."""
    was = take_imprint(file)
    damaged = bytearray(DATA)
    damaged[2 * PART_BYTES] ^= 1
    file.write_bytes(damaged)
    now = take_again(file, was, {0})
    place = (2 * PART_BYTES, 3 * PART_BYTES)
    assert now.differences(take_imprint(file, like=now)) == [place]
