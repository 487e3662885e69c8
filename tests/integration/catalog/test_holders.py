"""
Holders: whatever can hold data of a person is known, and is empty of whoever was erased.

A library is filled with all that can be known of somebody, and they withdraw. Then every column of
every table and every byte of every file is looked at. A table, a column or a file that is new is
looked at as well, without anybody thinking of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, Table, select

from countenance.accounts.roles import Role
from countenance.catalog import claims, people, telling
from countenance.catalog.accounts import Belongings
from countenance.catalog.claims import Described
from countenance.catalog.people import Person
from countenance.catalog.tables import metadata, person
from countenance.catalog.telling import Where
from countenance.core.ids import PersonId
from countenance.enrol.enrol import Portrait
from countenance.erasure.holders import HOLDERS, CopiesHolder, RowsHolder
from countenance.people.guardians import AgeBand, Standing
from countenance.people.purpose import Purpose, Wish
from countenance.search.review import Answer
from countenance.vault.layout import LibraryLayout
from countenance.vault.ledger import CopyKind
from tests.fakes.gala import COLLECTION, Gala
from tests.fakes.vision import picture

ADA, BO, EMMA = 1, 2, 3
FAR = datetime(2099, 1, 1, tzinfo=UTC)
SLIP = b"a scanned slip with a signature " * 20
PIECE_BYTES = 24

HOLDS = {"personal", "ids", "contact", "none"}
"""What a table holds of people, in the first word of its comment; see `tables.py`."""

PERSONAL = sorted(
    name for name, one in metadata.tables.items() if (one.comment or "").startswith("personal:")
)

ID_STAYS = {
    "person.id": "all that is left of a person; what follows here refers to it",
    "consent.person_id": "whose consents the log speaks of",
    "entry.payload": "the log: who acted on whom, by ids alone",
    "disclosed_person.person_id": "for whom something that was passed on is recalled",
    "erasure.person_id": "whose case it was",
    "receipt.text": "whom a receipt is about",
}
"""
The columns in which the id of an erased person may stand, and why. It is random, and says nothing
without a name beside it.
"""

NO_HOLDER = {
    "erasure": "the case itself: its needles go with their key, and ids, counts and times stay",
}
"""Personal tables that no holder empties, and why."""

HELD_IN_THE_VAULT = {
    CopyKind.EVIDENCE: "evidence-files",
    CopyKind.PREVIEW: "previews",
    CopyKind.ORIGINAL: "originals",
}
"""Which holder empties which copies."""

OF_A_SOURCE = {"faces", "words", "places", "pages", "previews", "photos", "originals", "uploads"}
"""Holders that only a takedown empties."""

KEY_ID_STAYS = {
    "erasure.keys": "which keys were destroyed: whose they were, no row says any more",
    "erasure.progress": "the same",
}
"""The columns in which the id of a destroyed key may stand, and why."""

NOT_HELD = {
    "child": {"erasure"},
    "historical": {"erasure", "guardian", "account", "account_ward", "telling"},
}
"""Personal tables in which a life leaves no row, or none before it ends."""

NOTHING_TO_DO = {"child": set[str](), "historical": {"guardians", "accounts", "wards", "tellings"}}
"""Holders of which a life needs nothing."""

FILES = {
    "catalog.db": "the tables, and beside it what SQLite keeps of them",
    "catalog.address": "none: where the catalog is, in its stead",
    "catalog.db-wal": "the write-ahead log",
    "catalog.db-shm": "its index",
    "catalog.db-imprint": "none: digests of the catalog, until it is next changed",
    "catalog.db-open": "none: empty",
    "catalog.db-door": "none: empty",
    "countenance.toml": "none: the settings",
    "vault": "the copies of the ledger; evidence is sealed",
    "keys": "the keys",
    "lock": "none: empty, or the number of a process",
    "erasing": "none: empty",
    "filming": "none: empty",
    "reserve": "none: bytes that mean nothing",
}
"""Every file and folder of a library, and what it holds."""

KEY_FILES = {
    ".key": "a key, which is destroyed with its person",
    "log.ed25519": "none: the key that signs",
    "log.journal": "ids: the log once more",
    "log.journal.lock": "none: empty",
    "library": "none: whose keys these are",
    "library.key": "none: the key of the keys",
    "lock": "none: empty, or the number of a process",
}
"""Every file beside the keys, by its name or its ending."""

Rows = dict[str, list[dict[str, object]]]
"""By table, each row by column."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that stands in a library: its rows, and its files by their path in it."""

    rows: Rows
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Erased:
    """
    Somebody who left.

    `words` stood somewhere in clear, `needles` are pieces of what was sealed. `not_held` are the
    personal tables that never had a row about them. `gone` is how much the case took from which
    holder, and `nothing_to_do` are the holders that had none of it.
    """

    id: str
    key: str
    words: Mapping[str, str]
    needles: Mapping[str, bytes]
    not_held: set[str]
    gone: Mapping[str, int]
    nothing_to_do: set[str]
    before: Seen
    after: Seen


@pytest.fixture(scope="module", params=["child", "historical"])
def erased(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Erased:
    """Somebody of whom all was known that can be known, before and after they left; Bo stays."""
    with Gala.make(tmp_path_factory.mktemp("holders"), until=FAR) as gala:
        gala.put("a.jpg", ADA, BO, EMMA)
        gala.put("b.jpg", ADA, EMMA, 26)
        gala.ingest()
        gala.enrol("Bo", BO)
        enrol, objector = (_child, "") if request.param == "child" else (_historical, "Zoe Klang")
        name, words = enrol(gala)
        gala.library.object_to(name, by=objector)
        gala.library.lift_objection(name, by=objector)
        enrol(gala, again=True)
        gala.library.add_to_roster(COLLECTION, name)
        gala.library.link_for(name)
        words |= {"what they ask": _ask(gala, name)}
        first, second = gala.find(name, Purpose.STAFF_FIND).sightings
        gala.library.answer(first.id, Answer.YES)
        gala.library.reject_sighting(second.id)
        gala.library.search(picture(ADA), purpose=Purpose.STAFF_FIND)
        who = gala.library.consents(name)[0]
        if request.param == "child":
            words |= _accounts(gala, who.id)
            words |= _told(gala, who)
        words |= {"name": name}
        words |= {"objector": objector} if objector else {}
        before = _see(gala)
        needles = _needles(before, who.id, who.key)
        done = gala.library.withdraw(name)
        assert done.erased
        return Erased(
            id=who.id,
            key=who.key,
            words=words,
            needles=needles,
            not_held=NOT_HELD[request.param],
            gone=gala.library.erasure(done.erasure).progress.gone,
            nothing_to_do=NOTHING_TO_DO[request.param],
            before=before,
            after=_see(gala),
        )


# --- declared -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", metadata.tables)
def test_a_table_says_what_it_holds_of_people(name: str) -> None:
    """A new table is declared, or it is not there."""
    word, colon, _ = (metadata.tables[name].comment or "").partition(":")
    assert (word in HOLDS, colon) == (True, ":"), f"{name}: comment= must begin with one of {HOLDS}"


@pytest.mark.parametrize("name", metadata.tables)
def test_what_refers_to_a_person_is_not_declared_free_of_them(name: str) -> None:
    """A table whose rows lead to somebody holds their data, or their id."""
    table = metadata.tables[name]
    if any(key.column.table is person for column in table.c for key in column.foreign_keys):
        assert (table.comment or "").partition(":")[0] in {"personal", "ids"}


def test_a_personal_table_has_a_holder() -> None:
    """A new table with data of people is emptied by an erasure, or says why it is not."""
    held = {one.table.name for one in HOLDERS if isinstance(one, RowsHolder)}
    assert set(PERSONAL) - held == NO_HOLDER.keys()


def test_every_kind_of_copy_has_a_holder() -> None:
    """A new kind of file in the vault is removed by an erasure."""
    held = {one.name for one in HOLDERS if isinstance(one, CopiesHolder)}
    assert {kind: name for kind, name in HELD_IN_THE_VAULT.items() if name in held}.keys() == set(
        CopyKind
    )


@pytest.mark.promise("P21")
def test_every_holder_had_something_to_let_go(erased: Erased) -> None:
    """A holder that finds nothing of somebody of whom all is known looks in the wrong place."""
    held = {one.name for one in HOLDERS} - OF_A_SOURCE
    assert held - erased.gone.keys() == erased.nothing_to_do


def test_a_file_of_a_library_says_what_it_holds(erased: Erased) -> None:
    """Whatever the layout names, and whatever is on the disk at the end of a life, is declared."""
    layout = LibraryLayout(Path("library"))
    named = [
        getattr(layout, name).name
        for name, value in vars(LibraryLayout).items()
        if isinstance(value, property)
    ]
    there = [
        path.partition("/")[0] for seen in (erased.before, erased.after) for path in seen.files
    ]
    assert {*named, *there} - FILES.keys() == set()
    beside = {Path(path) for path in erased.before.files if path.startswith("keys/")}
    assert [
        path for path in beside if path.name not in KEY_FILES and path.suffix not in KEY_FILES
    ] == []


# --- erased ---------------------------------------------------------------------------------


@pytest.mark.promise("P21")
@pytest.mark.parametrize("name", PERSONAL)
def test_nothing_of_them_is_in_a_personal_table(erased: Erased, name: str) -> None:
    """Their rows are gone; of the person an id is left, and when it was given."""
    table = metadata.tables[name]
    left = [row for row in erased.after.rows[name] if erased.id in map(str, row.values())]
    if table is person:
        (row,) = left
        kept = {"id", "enrolled_at"}
        assert {key: row[key] for key in row.keys() - kept} == _blank(table, but=kept)
    elif f"{name}.person_id" in ID_STAYS:
        assert [row for row in left if any(isinstance(one, bytes) for one in row.values())] == []
    else:
        assert left == []


@pytest.mark.parametrize("name", PERSONAL)
def test_a_personal_table_held_something_of_them(erased: Erased, name: str) -> None:
    """Otherwise that there is nothing in it now says nothing."""
    held = [row for row in erased.before.rows[name] if erased.id in row.values()]
    assert held or name in erased.not_held


@pytest.mark.promise("P21")
def test_their_id_stays_where_it_has_to_and_nowhere_else(erased: Erased) -> None:
    """Before, it stands in other columns too; after, in those alone that say why."""
    assert {*_columns_with(erased.before, erased.id)} - ID_STAYS.keys() != set()
    assert {*_columns_with(erased.after, erased.id)} - ID_STAYS.keys() == set()


@pytest.mark.promise("P21")
def test_no_word_of_them_is_in_any_column(erased: Erased) -> None:
    """Name, guardian, record: each is in some column before, and in none after."""
    for what, word in erased.words.items():
        assert list(_columns_with(erased.before, word)) != [], what
        assert list(_columns_with(erased.after, word)) == [], what


@pytest.mark.promise("P21")
def test_no_row_leads_to_their_key(erased: Erased) -> None:
    """Before, the person's row does; after, at most the list of what was destroyed names it."""
    assert "person.key_id" in _columns_with(erased.before, erased.key)
    assert {*_columns_with(erased.after, erased.key)} - KEY_ID_STAYS.keys() == set()


@pytest.mark.promise("P21")
@pytest.mark.sqlite("that all files are in the library's folder")
def test_no_byte_of_them_is_in_any_file(erased: Erased) -> None:
    """Words, key, sealed references and evidence: each in some file before, in none after."""
    needles = {what: word.encode() for what, word in erased.words.items()}
    needles.update(erased.needles)
    assert needles.keys() >= {"name", "the key itself", "evidence 0", "reference 0", "reference 1"}
    for what, needle in needles.items():
        assert _files_with(erased.before, needle) != [], what
        assert _files_with(erased.after, needle) == [], what


@pytest.mark.promise("P21")
def test_no_file_is_called_after_them(erased: Erased) -> None:
    """Neither their id nor any word of theirs is in a file's name."""
    for word in (erased.id, erased.key, *erased.words.values()):
        assert [path for path in erased.after.files if word in path] == []


def test_who_speaks_for_somebody_else_too_stays(erased: Erased) -> None:
    """Their account has one ward less; those of nobody else are gone with their sign-in."""
    before, after = (
        {row["login"] for row in one.rows["account"]} for one in (erased.before, erased.after)
    )
    if erased.words.get("login"):
        assert before == {"adasdotter@home.example", "adasmor@home.example", "ombud@town.example"}
        assert after == {"ombud@town.example"}
        assert len(erased.after.rows["account_ward"]) == 1
        assert len(erased.after.rows["one_time"]) == 1


@pytest.mark.promise("P25")
def test_of_who_stays_everything_is_there(erased: Erased) -> None:
    """Bo's rows are the same before and after, in every table that has any."""
    bo = next(row["id"] for row in erased.before.rows["person"] if row["name"] == "Bo")
    for name, rows in erased.before.rows.items():
        if name != "entry":
            theirs = [row for row in rows if bo in row.values()]
            assert [row for row in erased.after.rows[name] if bo in row.values()] == theirs, name


# --------------------------------------------------------------------------------------------


def _child(gala: Gala, *, again: bool = False) -> tuple[str, dict[str, str]]:
    gala.library.enrol(
        "Ada Adasdotter",
        [Portrait("portrait.jpg", picture(ADA))],
        (*map(Wish, (Purpose.FIND_ME, Purpose.STAFF_FIND)), Wish(Purpose.MAY_PUBLISH, "website")),
        until=FAR,
        evidence=SLIP,
        standing=Standing(AgeBand.CHILD),
        guardian=("Eva Adasmor", "friend of the family"),
        again=again,
    )
    return "Ada Adasdotter", {"guardian": "Eva Adasmor", "relation": "friend of the family"}


def _ask(gala: Gala, who: str) -> str:
    """They ask to be looked for without their face, and wait for an answer."""
    words = "in a yellow raincoat by the ferry"
    with gala.library._database.write() as tx:
        where, at = gala.library.collections()[0].id, gala.library._stores.now(tx)
        claims.add(tx, people.get(tx, who).id, where, Described(words=words), at=at)
    return words


def _told(gala: Gala, who: Person) -> dict[str, str]:
    """Where they are told of new pictures, which stands nowhere in clear."""
    where = Where("adasdotter@mail.example", "sv", telling.new_code())
    with gala.library._database.write() as tx:
        telling.ask(tx, gala.library._stores.keys, who, where, at=gala.library.now())
    return {}


def _accounts(gala: Gala, who: PersonId) -> dict[str, str]:
    """Their own account, their guardian's, and one of somebody who speaks for Bo as well, stays."""
    bo = gala.library.consents("Bo")[0].id
    own = Belongings(frozenset({Role.PERSON}), person=who)
    theirs = Belongings(frozenset({Role.GUARDIAN}), wards=frozenset({who}))
    both = Belongings(frozenset({Role.GUARDIAN}), wards=frozenset({who, bo}))
    gala.library.add_account("adasdotter@home.example", "Ada Adasdotter", own)
    gala.library.add_account("adasmor@home.example", "Eva Adasmor", theirs)
    gala.library.add_account("ombud@town.example", "Ulla Ombud", both)
    return {"login": "adasdotter@home.example", "guardian's login": "adasmor@home.example"}


def _historical(gala: Gala, *, again: bool = False) -> tuple[str, dict[str, str]]:
    gala.library.enrol(
        "Emma Nordlund",
        [Portrait("portrait.jpg", picture(EMMA))],
        tuple(map(Wish, (Purpose.FIND_ME, Purpose.STAFF_FIND))),
        evidence=SLIP,
        standing=Standing(AgeBand.HISTORICAL, died=1931, record="parish register of Umeå, 17"),
        again=again,
    )
    return "Emma Nordlund", {"record": "parish register of Umeå, 17"}


def _see(gala: Gala) -> Seen:
    with gala.library._database.read() as tx:
        rows: Rows = {
            name: [dict(row._mapping) for row in tx.execute(select(table))]
            for name, table in metadata.tables.items()
        }
    keys = gala.library.settings.keys_dir
    files = {
        _name(gala, path): path.read_bytes() for path in gala.root.rglob("*") if path.is_file()
    }
    files |= {f"keys/{path.name}": path.read_bytes() for path in keys.iterdir()}
    return Seen(rows, files)


def _name(gala: Gala, path: Path) -> str:
    return path.relative_to(gala.root).as_posix()


def _needles(seen: Seen, who: str, key: str) -> dict[str, bytes]:
    """Pieces from the middle of what is sealed, and of the file of the key."""
    sealed = [row["sealed"] for row in seen.rows["reference"] if row["person_id"] == who]
    shown = [row["copy_id"] for row in seen.rows["evidence"] if row["person_id"] == who]
    files = [data for path, data in seen.files.items() if Path(path).name in shown]
    pieces = {f"reference {number}": _piece(one) for number, one in enumerate(sealed)}
    pieces |= {f"evidence {number}": _piece(one) for number, one in enumerate(files)}
    return pieces | {"the key itself": _piece(seen.files[f"keys/{key}.key"])}


def _piece(data: object) -> bytes:
    assert isinstance(data, bytes)
    middle = len(data) // 2
    return data[middle : middle + PIECE_BYTES]


def _columns_with(seen: Seen, word: str) -> Iterator[str]:
    for name, rows in seen.rows.items():
        for row in rows:
            for column, value in row.items():
                stands = word.encode() in value if isinstance(value, bytes) else word in str(value)
                if stands:
                    yield f"{name}.{column}"


def _files_with(seen: Seen, needle: bytes) -> list[str]:
    return [path for path, data in seen.files.items() if needle in data]


def _blank(table: Table, *, but: set[str]) -> dict[str, object]:
    """A row of which nothing was ever said."""
    return {column.name: _nothing(column) for column in table.c if column.name not in but}


def _nothing(column: Column[object]) -> object:
    if column.default is not None:
        return getattr(column.default, "arg", None)
    return None if column.nullable else ""
