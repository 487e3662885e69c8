"""The journal: what was appended is read, what a crash cut off is mended, damage is named."""

from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import Unavailable, VerificationError
from countenance.vault.journal import JOURNAL_FILE, Journal, Record

LIBRARY = "l_7q2m0c4x9v1ksz3d"


def record(index: int, payload: str | None = "{}") -> Record:
    salt = None if payload is None else bytes([100 + index % 151]) * 32
    return Record(index, bytes([index % 241]) * 32, payload, salt)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """One with four records, the second of them redacted."""
    made = Journal(tmp_path)
    with made.held(LIBRARY) as held:
        held.append([record(0, "{0}"), record(1, None), record(2, "é" * 40), record(3)])
    return made


contents = st.lists(st.one_of(st.none(), st.text(min_size=1)), max_size=8)


@given(parts=st.lists(contents, max_size=4))
def test_what_was_appended_is_read(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[str | None]]
) -> None:
    """In whatever portions, and the last one is found without reading the others."""
    journal = Journal(tmp_path_factory.mktemp("keys"))
    number, expected = count(), []
    for part in parts:
        new = [record(next(number), text) for text in part]
        expected += new
        with journal.held(LIBRARY) as held:
            held.append(new)
            assert held.last == (expected[-1] if expected else None)
    with journal.held(LIBRARY):
        assert journal.read(LIBRARY) == expected


@pytest.mark.promise("P26")
def test_an_append_that_was_cut_off_anywhere_is_mended(journal: Journal) -> None:
    """What had been acknowledged before is there, and the next append goes on from it."""
    whole, kept = journal.path.read_bytes(), journal.read(LIBRARY)
    with journal.held(LIBRARY) as held:
        held.append([record(4, "the last one"), record(5)])
    longer = journal.path.read_bytes()
    end_of_4 = len(longer) - len("{}") - 96
    for cut in range(len(whole), len(longer)):
        for filled in (b"", bytes(40)):
            journal.path.write_bytes(longer[:cut] + filled * (cut < end_of_4))
            with journal.held(LIBRARY) as held:
                assert held.last == (record(4, "the last one") if cut >= end_of_4 else kept[-1])
                held.append([record(held.last.index + 1)])
            assert journal.read(LIBRARY)[:4] == kept


@pytest.mark.promise("P27")
@pytest.mark.promise("P22")
def test_each_changed_byte_is_named(journal: Journal) -> None:
    """No change of a byte, wherever it is, makes the journal a shorter one."""
    whole = journal.path.read_bytes()
    for at in range(len(whole)):
        journal.path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(VerificationError, match="the journal of the log is damaged") as caught:
            journal.read(LIBRARY)
        assert JOURNAL_FILE in caught.value.hint


def test_redaction_leaves_nothing_of_the_content(journal: Journal) -> None:
    """Payload and salt are in no file any more; the others, and the new ones, are there."""
    with journal.held(LIBRARY) as held:
        held.rewrite([record(4)], redacted={2})
    found = journal.read(LIBRARY)
    assert [one.payload for one in found] == ["{0}", None, None, "{}", "{}"]
    assert found[2].leaf == record(2).leaf
    for path in journal.path.parent.iterdir():
        assert "é".encode() not in path.read_bytes()
        assert bytes([102]) * 32 not in path.read_bytes()


def test_a_journal_belongs_to_one_library(journal: Journal, tmp_path: Path) -> None:
    """Another library's is not read, and one that is missing is not made by reading."""
    with pytest.raises(Unavailable, match="keys of another library, l_7q2m0c4x9v1ksz3d"):
        journal.read("l_another")
    with pytest.raises(Unavailable), journal.held("l_another"):
        pass
    with pytest.raises(Unavailable, match="No such file"):
        Journal(tmp_path / "none").read(LIBRARY)
    with pytest.raises(Unavailable), Journal(tmp_path / "none").held(LIBRARY):
        pass
