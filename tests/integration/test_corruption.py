"""
Bytes that are not the ones that were stored: named, and never served (P27).

A prepared library is copied, one thing in it is damaged, and then everything is asked of it that a
person asks. No answer says what is not so, and no error is one of Python's; whoever looks, with
`doctor`, `audit verify` or the act itself, is told what is damaged.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from countenance.catalog.tables import metadata
from countenance.cli.exits import FINDINGS
from countenance.cli.main import main
from countenance.enrol.enrol import Portrait
from countenance.errors import Error, VerificationError
from countenance.library import Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import LIBRARY_KEY_FILE, keys_beside
from countenance.vault.journal import JOURNAL_FILE
from tests.fakes.clock import START, FakeClock
from tests.fakes.gala import Gala, copy_library, forget_imprint, open_library
from tests.fakes.vision import FakeVision, picture

pytestmark = pytest.mark.sqlite("damaged pages of its file")

ADA, BO = 1, 2
PAPER = b"I, Ada, agree. " * 8
PAGE = 4096
BUG = 1
"""The exit code of what failed and should not have."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A library that is closed, to be copied, and the right answers of it."""

    root: Path
    folder: Path
    answers: dict[str, object]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    with Gala.make(tmp_path_factory.mktemp("prepared")) as gala:
        for number in range(12):
            gala.put(f"{number:02}.jpg", ADA, *([BO] if number % 2 else [20]), salt=number)
        wishes = (Wish(Purpose.FIND_ME), Wish(Purpose.STAFF_FIND))
        gala.library.enrol("Ada", [Portrait("a.jpg", picture(ADA))], wishes, evidence=PAPER)
        gala.enrol("Bo", BO)
        gala.ingest()
        answers = {what: ask(gala.library) for what, ask in QUESTIONS.items()}
    return Prepared(gala.root, gala.folder, answers)


@pytest.fixture
def gala(prepared: Prepared, tmp_path: Path) -> Gala:
    """A copy, not opened yet."""
    return _copy(prepared, tmp_path / "library")


# --- what is asked --------------------------------------------------------------------------


def _find(name: str, purpose: Purpose = Purpose.FIND_ME) -> Callable[[Library], object]:
    return lambda library: sorted(
        (one.locator, str(one.band), one.box)
        for one in library.find(name, purpose=purpose).sightings
    )


def _search(identity: int) -> Callable[[Library], object]:
    return lambda library: [
        (face.box, [one.name for one in face.candidates])
        for face in library.search(picture(identity), purpose=Purpose.STAFF_FIND)
    ]


QUESTIONS: dict[str, Callable[[Library], object]] = {
    "find Ada": _find("Ada"),
    "find Ada, for staff": _find("Ada", Purpose.STAFF_FIND),
    "find Bo": _find("Bo"),
    "search Ada": _search(ADA),
    "search Bo": _search(BO),
    "photos": lambda library: sorted(photo.locators for photo in library.photos()),
    "people": lambda library: sorted(one.name for one in library.people()),
}

HANDS = {  # what somebody changes by hand, and what then names it
    "a sealed reference": ("UPDATE reference SET sealed = zeroblob(length(sealed))", "search"),
    "one bit of a reference": (
        (
            "UPDATE reference SET sealed = CAST(substr(sealed, 1, 40) || "
            "CASE substr(sealed, 41, 1) WHEN x'01' THEN x'00' ELSE x'01' END || "
            "substr(sealed, 42) AS BLOB)"
        ),
        "search",
    ),
    "a reference cut short": ("UPDATE reference SET sealed = substr(sealed, 1, 20)", "search"),
    "a reference of nothing": ("UPDATE reference SET sealed = x''", "search"),
    "a reference that is text": ("UPDATE reference SET sealed = 'text'", "search"),
    "another's reference": (
        (
            "UPDATE reference SET sealed = (SELECT r.sealed FROM reference r "
            "WHERE r.person_id != reference.person_id LIMIT 1)"
        ),
        "search",
    ),
    "a reference for another purpose": (
        (
            "UPDATE reference SET sealed = (SELECT r.sealed FROM reference r "
            "WHERE r.person_id = reference.person_id AND r.purpose = 'find-me') "
            "WHERE purpose = 'staff-find'"
        ),
        "search",
    ),
    "an entry's content": ("UPDATE entry SET payload = '{}' WHERE seq = 2", "verify"),
    "an entry's hashes": ("UPDATE entry SET hashes = zeroblob(32) WHERE seq = 2", "verify"),
    "the last entry": ("DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)", "opening"),
    "a consent that nobody gave": (
        (
            "INSERT INTO consent_event (consent_id, seq, kind, at, by, until, language, role) "
            "SELECT consent_id, 2, 'given', at, by, '2099-01-01 00:00:00.000000', language, role "
            "FROM consent_event WHERE seq = 1 LIMIT 1"
        ),
        "verify",
    ),
    "a grant that nobody gave": (
        (
            "INSERT INTO grant_ SELECT 'g_0000000000000000', source_id, granted_by, scope, "
            "purposes, given_at, '2099-01-01 00:00:00.000000', evidence, revoked_at, "
            "seen_until FROM grant_"
        ),
        "verify",
    ),
    "a person who never enrolled": (
        (
            "INSERT INTO person SELECT 'p_0000000000000000', 'Eve', key_id, enrolled_at, age_band, "
            "age_source, died, record, NULL, NULL FROM person LIMIT 1"
        ),
        "verify",
    ),
    "a date that is none": ("UPDATE grant_ SET until = 'for ever'", "anything"),
    "a kind that is none": ("UPDATE consent_event SET kind = 'sold'", "anything"),
    "a scope that is none": ("UPDATE grant_ SET scope = 'not JSON'", "anything"),
    "points that are none": ("UPDATE face SET points = '[]'", "anything"),
    "a band that is none": ("UPDATE sighting SET band = 'certain'", "anything"),
}

PAGES: dict[str, Callable[[bytes, bytes, random.Random], bytes]] = {
    "other bytes": lambda page, _, chance: chance.randbytes(len(page)),
    "zeros": lambda page, _other, _chance: bytes(len(page)),
    "half of it": lambda page, _, chance: page[:2048] + chance.randbytes(len(page) - 2048),
    "another page": lambda _page, other, _chance: other,
}

BYTES: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit": lambda data: bytes([*data[:9], data[9] ^ 4, *data[10:]]),
    "a flipped first bit": lambda data: bytes([data[0] ^ 128, *data[1:]]),
    "a flipped last bit": lambda data: bytes([*data[:-1], data[-1] ^ 1]),
    "cut short": lambda data: data[: len(data) // 2],
    "nothing": lambda _: b"",
    "something behind it": lambda data: data + b"\0",
    "other bytes": lambda data: b"\xff" * len(data),
}

damages = pytest.mark.parametrize("damage", BYTES)


# --- the catalog ----------------------------------------------------------------------------


@pytest.mark.promise("P27")
@pytest.mark.parametrize("how", PAGES)
@pytest.mark.parametrize("imprinted", [True, False], ids=["imprinted", "after a crash"])
@pytest.mark.parametrize("step", [15, pytest.param(1, marks=pytest.mark.long)])
def test_a_damaged_page_is_named_and_makes_nothing_up(  # noqa: PLR0913  which page, how, and whose
    how: str,
    step: int,
    prepared: Prepared,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    imprinted: bool,
) -> None:
    """
    Whichever page it is: no answer says what is not so, and the program names the damage.

    With an imprint of the catalog each byte of it; without one, what SQLite's own check sees: all
    but what holds nothing.
    """
    data = (prepared.root / "catalog.db").read_bytes()
    chance = random.Random(20261123)  # noqa: S311  not for secrets
    pages = range(0, len(data), PAGE)
    for number, start in list(enumerate(pages))[::step]:
        gala = _copy(prepared, tmp_path / str(number))
        page, other = data[start : start + PAGE], data[-2 * PAGE : -PAGE]
        damaged = PAGES[how](page, other, chance)
        (gala.root / "catalog.db").write_bytes(data[:start] + damaged + data[start + PAGE :])
        if not imprinted:
            forget_imprint(gala.root)
        named = _ask_all(gala, prepared)
        codes = _run_program(gala.root, capsys)
        assert BUG not in codes, f"page {number}: {codes}"
        if imprinted and damaged != page:
            assert named, f"page {number}"
            assert all(codes), f"page {number}: {codes}"
        # What nobody names was in a part of the page that holds nothing.
        if not named and not any(codes):
            assert _rows(gala.root) == _rows(prepared.root), f"page {number}: nobody names it"
        shutil.rmtree(gala.root)


@pytest.mark.promise("P27")
@pytest.mark.parametrize("kept", [0, 1, 99, 100, PAGE - 1, PAGE, 3 * PAGE + 7, -PAGE])
def test_a_catalog_that_was_cut_is_named(
    kept: int, gala: Gala, prepared: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that lost its end, or all but its beginning, is no smaller library."""
    path = gala.root / "catalog.db"
    path.write_bytes(path.read_bytes()[:kept])
    assert _ask_all(gala, prepared)
    codes = _run_program(gala.root, capsys)
    assert all(codes)
    assert BUG not in codes


@pytest.mark.promise("P27")
def test_flipped_bits_are_no_bug(
    prepared: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    A bit anywhere in the catalog is named. So it is after a crash where SQLite sees it; else what
    is asked is answered, or refused in our own words.
    """
    data = (prepared.root / "catalog.db").read_bytes()
    chance = random.Random(20261123)  # noqa: S311  not for secrets
    for number in range(12):
        gala = _copy(prepared, tmp_path / str(number))
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        (gala.root / "catalog.db").write_bytes(damaged)
        with pytest.raises(VerificationError):
            _opened(gala)
        assert all(code not in (0, BUG) for code in _run_program(gala.root, capsys))
        forget_imprint(gala.root)
        assert BUG not in _run_program(gala.root, capsys), f"flip {number}"
        with suppress(Error), _opened(gala) as library:
            for ask in QUESTIONS.values():
                _answer(library, ask)
        shutil.rmtree(gala.root)


@pytest.mark.promise("P27")
@pytest.mark.parametrize("what", HANDS)
def test_what_somebody_changed_by_hand_is_named(
    what: str, gala: Gala, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    A row that says what this program never wrote: told when the library is opened, and without an
    imprint by who reads it, or by the log.
    """
    statement, where = HANDS[what]
    with closing(sqlite3.connect(gala.root / "catalog.db")) as connection, connection:
        connection.execute(statement)
    with pytest.raises(VerificationError):
        _opened(gala)
    assert all(code not in (0, BUG) for code in _run_program(gala.root, capsys))
    # Now as after a crash: nothing says what the bytes were.
    forget_imprint(gala.root)
    if where == "opening":
        with pytest.raises(VerificationError, match="older than its journal"):
            _opened(gala)
        assert all(code not in (0, BUG) for code in _run_program(gala.root, capsys))
        return
    with _opened(gala) as library:
        errors = {name: _answer(library, ask)[1] for name, ask in QUESTIONS.items()}
        findings = _answer(library, lambda it: it.trail.verify({}).findings)
    if where == "search":
        assert isinstance(errors["search Ada"], VerificationError)
    elif where == "verify":
        assert findings[0] or isinstance(findings[1], VerificationError)
    else:
        told = [*errors.values(), findings[1]]
        assert any(isinstance(error, VerificationError) for error in told) or findings[0]
    assert BUG not in _run_program(gala.root, capsys)


@pytest.mark.promise("P27")
@pytest.mark.promise("P22")
def test_what_looks_after_a_damaged_library_still_works(
    gala: Gala, prepared: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`doctor` and `audit verify` say what is wrong, and a restore brings it back."""
    with _opened(gala) as library:
        backup = library.back_up(tmp_path / "backups").backup.location
    with closing(sqlite3.connect(gala.root / "catalog.db")) as connection, connection:
        connection.execute("UPDATE sighting SET band = 'unsure'")
    assert main(["doctor", "--library", str(gala.root)]) == FINDINGS
    said = capsys.readouterr().out
    assert "is not what was written: bytes" in said
    assert "sound in its form" in said
    assert main(["audit", "verify", "--library", str(gala.root)]) == VerificationError.exit_code
    assert "catalog-damaged: the catalog" in capsys.readouterr().out
    keys = keys_beside(gala.root)
    gala.root.rename(tmp_path / "broken")
    Library.restore(backup, gala.root, keys=keys, actor="tester", clock=gala.clock)
    with _opened(gala) as library:
        assert {name: ask(library) for name, ask in QUESTIONS.items()} == prepared.answers


@pytest.mark.promise("P27")
@pytest.mark.parametrize("table", ["entry", "checkpoint"])
def test_a_log_in_which_another_table_stands_is_verified_to_its_end(
    table: str, gala: Gala, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where what is stored is of another kind, that is a finding too, and no bug."""
    path = gala.root / "catalog.db"
    data = path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        at = dict(connection.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))
    to = (at[table] - 1) * PAGE
    for other in ("alembic_version", "collection", "place_words_docsize"):
        start = (at[other] - 1) * PAGE
        path.write_bytes(data[:to] + data[start : start + PAGE] + data[to + PAGE :])
        code = main(["audit", "verify", "--library", str(gala.root)])
        told = capsys.readouterr()
        assert code == VerificationError.exit_code, (other, told)


# --- the write-ahead log --------------------------------------------------------------------


@pytest.mark.promise("P27")
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_rubbish_beside_the_catalog_is_passed_over(
    suffix: str, gala: Gala, prepared: Prepared
) -> None:
    """A log that is not one holds no transaction, and the catalog is as it was."""
    (gala.root / f"catalog.db{suffix}").write_bytes(b"rubbish" * 3000)
    with _opened(gala) as library:
        assert {name: ask(library) for name, ask in QUESTIONS.items()} == prepared.answers
        assert library.damage() == ()


@pytest.mark.promise("P27")
@pytest.mark.promise("P31")
def test_what_a_damaged_write_ahead_log_lost_is_named(gala: Gala, tmp_path: Path) -> None:
    """
    SQLite drops all from the first wrong frame on: an earlier state, whole, in which somebody may
    be who was erased. The journal names it, or, if that is lost too, a checkpoint kept elsewhere.
    """
    with _opened(gala) as library:
        library.withdraw("Ada", Purpose.STAFF_FIND)
        library.find("Ada", purpose=Purpose.FIND_ME)
        kept = library.trail.sign()
        crashed = Gala(tmp_path / "crashed", gala.folder, gala.clock, gala.vision)
        copy_library(gala.root, crashed.root)
    assert kept is not None
    wal = crashed.root / "catalog.db-wal"
    data = bytearray(wal.read_bytes())
    data[60] ^= 1
    wal.write_bytes(data)
    with pytest.raises(VerificationError, match="older than its journal"):
        _opened(crashed)
    (keys_beside(crashed.root) / JOURNAL_FILE).unlink()
    with _opened(crashed) as library:
        assert library.damage() == ()
        assert library.trail.verify({"monday": kept}).findings != ()
        # What was erased before stays erased: its bytes were not in this log any more.
        assert _answer(library, QUESTIONS["find Ada, for staff"])[0] in ([], None)


# --- the vault and the keys -----------------------------------------------------------------


@pytest.mark.promise("P27")
@pytest.mark.promise("P5")
@damages
def test_a_damaged_key_is_named(damage: str, gala: Gala) -> None:
    """With a key that is not the one, nothing opens."""
    for path in keys_beside(gala.root).glob("k_*.key"):
        path.write_bytes(BYTES[damage](path.read_bytes()))
    with _opened(gala) as library, pytest.raises(VerificationError, match=r"key .* is damaged"):
        library.search(picture(ADA), purpose=Purpose.STAFF_FIND)


@pytest.mark.promise("P27")
@pytest.mark.promise("P5")
def test_keys_that_were_exchanged_are_named(gala: Gala) -> None:
    """A whole key in the place of another is not taken for it."""
    files = sorted(keys_beside(gala.root).glob("k_*.key"))
    held = [path.read_bytes() for path in files]
    for path, others in zip(files, [*held[1:], held[0]], strict=True):
        path.write_bytes(others)
    with _opened(gala) as library, pytest.raises(VerificationError, match=r"key .* is damaged"):
        library.search(picture(ADA), purpose=Purpose.STAFF_FIND)


@pytest.mark.promise("P27")
@damages
def test_a_damaged_signing_key_is_named(
    damage: str, gala: Gala, capsys: pytest.CaptureFixture[str]
) -> None:
    """It signs nothing, and `audit verify` says so."""
    path = keys_beside(gala.root) / "log.ed25519"
    path.write_bytes(BYTES[damage](path.read_bytes()))
    with _opened(gala) as library:
        for ask in (library.trail.key, library.trail.sign, lambda: library.trail.verify({})):
            with pytest.raises(VerificationError, match="the signing key is damaged"):
                ask()
    assert _program(gala.root, capsys, "audit", "verify") == VerificationError.exit_code


@pytest.mark.promise("P27")
@damages
def test_a_damaged_owner_file_keeps_everybody_out(
    damage: str, gala: Gala, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keys that do not say whose they are are nobody's: none is made, read or destroyed."""
    path = keys_beside(gala.root) / "library"
    path.write_bytes(BYTES[damage](path.read_bytes()))
    before = _contents(keys_beside(gala.root))
    with pytest.raises(Error, match="keys of another library"):
        _opened(gala)
    assert all(code not in (0, BUG) for code in _run_program(gala.root, capsys))
    assert _contents(keys_beside(gala.root)) == before


@pytest.mark.promise("P27")
@pytest.mark.promise("P5")
@damages
def test_a_damaged_library_key_is_named(damage: str, gala: Gala) -> None:
    """Without the key of the keys nothing opens, and none of them is taken for damaged."""
    path = keys_beside(gala.root) / LIBRARY_KEY_FILE
    path.write_bytes(BYTES[damage](path.read_bytes()))
    with _opened(gala) as library:
        for ask in (QUESTIONS["search Ada"], lambda it: it.keys_found()):
            assert "the library key" in str(_answer(library, ask)[1])


@pytest.mark.promise("P27")
@pytest.mark.promise("P22")
@damages
def test_a_damaged_journal_is_named_or_made_whole(
    damage: str, gala: Gala, prepared: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a crash may have cut off follows from the log again; any other byte is named."""
    path = keys_beside(gala.root) / JOURNAL_FILE
    whole = path.read_bytes()
    path.write_bytes(BYTES[damage](whole))
    if damage not in ("cut short", "something behind it"):
        with pytest.raises(Error, match="journal"):
            _opened(gala)
        assert all(code not in (0, BUG) for code in _run_program(gala.root, capsys))
        return
    with _opened(gala) as library:
        assert {name: ask(library) for name, ask in QUESTIONS.items()} == prepared.answers
        assert library.trail.verify({}).findings == ()
    assert path.read_bytes().startswith(whole)


@pytest.mark.promise("P27")
@pytest.mark.promise("P17")
@damages
def test_damaged_evidence_is_not_taken_for_proof(damage: str, gala: Gala) -> None:
    """What is shown of a consent says whether the file behind it is still the one."""
    for path in _blobs(gala):
        path.write_bytes(BYTES[damage](path.read_bytes()))
    with _opened(gala) as library:
        assert "damaged" in {proof.value for proof in library.proofs("Ada").values()}


@pytest.mark.promise("P27")
@damages
def test_a_damaged_preview_is_not_looked_at(damage: str, gala: Gala) -> None:
    """Neither with the photo at hand, which is read instead, nor without: then nothing is found."""
    for path in _blobs(gala):
        path.write_bytes(BYTES[damage](path.read_bytes()))
    with _opened(gala) as library:
        library.enrol("Cy", [Portrait("c.jpg", picture(20))], (Wish(Purpose.FIND_ME),))
        expected = [f"{number:02}.jpg" for number in range(0, 12, 2)]
        assert [locator for locator, *_ in _find("Cy")(library)] == expected  # type: ignore[attr-defined]


# --------------------------------------------------------------------------------------------


def _copy(prepared: Prepared, to: Path) -> Gala:
    copy_library(prepared.root, to)
    return Gala(to, prepared.folder, FakeClock(START), FakeVision())


def _opened(gala: Gala) -> Library:
    return open_library(gala.root, gala.clock, gala.vision)


def _answer(
    library: Library, ask: Callable[[Library], object]
) -> tuple[object | None, Error | None]:
    """The answer, or the error of ours; any other error is one of the test's too."""
    try:
        return ask(library), None
    except Error as exc:
        return None, exc


def _ask_all(gala: Gala, prepared: Prepared) -> bool:
    """Ask everything; no answer may be wrong. Gives whether something was said of damage."""
    try:
        library = _opened(gala)
    except Error:
        return True
    with library:
        told = False
        for name, ask in QUESTIONS.items():
            answer, error = _answer(library, ask)
            # After a crash a row may be missed. None may be made up.
            assert error is not None or not _more_than(prepared.answers[name], answer), name
            told |= error is not None
        findings, error = _answer(library, lambda it: (it.damage(), it.trail.verify({}).findings))
        return told or error is not None or findings != ((), ())


def _more_than(right: object, answer: object) -> bool:
    """Whether an answer, a list, says anything that the right one does not."""
    assert isinstance(answer, list)
    assert isinstance(right, list)
    return any(one not in right for one in answer)


def _run_program(root: Path, capsys: pytest.CaptureFixture[str]) -> list[int]:
    """The exit codes of commands that look at the library."""
    lines = (["doctor"], ["audit", "verify"], ["find", "Ada"], ["person", "show", "Ada"])
    return [_program(root, capsys, *words) for words in lines]


def _program(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> int:
    code = main([*words, "--library", str(root)])
    capsys.readouterr()
    return code


def _rows(root: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that the catalog says, but for the log and the counts, which grow with each look."""
    with closing(sqlite3.connect(root / "catalog.db")) as connection:
        return {
            table.name: connection.execute(f'SELECT * FROM "{table.name}"').fetchall()  # noqa: S608
            for table in metadata.sorted_tables
            if table.name not in ("entry", "checkpoint", "library", "asked")
        }


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _blobs(gala: Gala) -> Iterator[Path]:
    return (path for path in (gala.root / "vault").rglob("*") if path.is_file())
