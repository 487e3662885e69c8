"""
How fast the references of many people are opened into a gallery, next to bare decryption.

    countenance bench gallery --load 100000

The library is made: people, consents, keys and sealed templates, as enrolments leave them, each
person with a key in a file of its own. Its keys are written without waiting for the disk, and are
of nobody.
"""

import os
import secrets
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, insert

from countenance.bench.process import in_child
from countenance.bench.search import Spread
from countenance.catalog import people, references
from countenance.catalog.database import Database
from countenance.catalog.references import open_gallery
from countenance.catalog.stores import Stores
from countenance.catalog.tables import consent, consent_event, person, reference
from countenance.core.clock import SystemClock
from countenance.core.ids import ConsentId, KeyId, PersonId, new_id
from countenance.errors import Error, UsageError
from countenance.people.consent import DEFAULT_DURATION, EventKind
from countenance.people.purpose import Purpose
from countenance.vault.blobs import BlobStore
from countenance.vault.keys import KEY_BYTES, KeyStore, _wrap
from countenance.vault.layout import LibraryLayout
from countenance.vault.seal import HEAD_BYTES, seal
from countenance.vision.pack import load_pack
from countenance.vision.types import Float32

TEMPLATES_A_PERSON = 3
_PACK = "starter"
_PURPOSE = Purpose.FIND_ME
_DIMS = 128
_PART = 2000  # people written in one statement


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """
    CPU seconds of the process in which so many references of `templates` templates each become a
    gallery.

    `opened` is the whole: consent asked for each, keys unwrapped, references unsealed, means taken.
    `files` is reading the files of the keys and nothing else; `decrypted` is decrypting the same
    references, and their keys, from memory, with nothing asked or checked besides. `ratio` is
    `opened / decrypted`, run by run. `bytes_each` is what a person takes on the disk, in rows and
    in the key's file; `memory_each` what they take in memory beside their template of 512 bytes.
    """

    references: int
    templates: int
    opened: Spread
    files: Spread
    decrypted: Spread
    ratio: Spread
    bytes_each: float
    memory_each: float

    @property
    def microseconds_each(self) -> float:
        return self.opened.median / self.references * 1e6

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        yield f"{self.references:,} encrypted references of {self.templates} templates, CPU seconds"
        yield f"  opened into a gallery  {_words(self.opened)}"
        yield f"  reading the key files  {_words(self.files)}"
        yield f"  decrypting the bytes   {_words(self.decrypted)}"
        yield f"  opened over decrypted  {_words(self.ratio)}"
        yield f"  a person takes {self.bytes_each:,.0f} bytes on disk, and in memory "
        yield f"  {self.memory_each:,.0f} beside the template of 512"


def bench_load(count: int = 100_000, *, runs: int = 5) -> LoadFigures:
    """
    Measure openings of a gallery of so many people, in a process of its own.

    Raises `UsageError` if a number is below 1, and `Unavailable` if the process is killed.
    """
    if min(count, runs) < 1:
        raise UsageError("bench: references and runs must be 1 or more")
    return in_child(_measure, (count, runs))


def add_references(
    tx: Connection, stores: Stores, keys: Path, vectors: Float32, *, pack: str = _PACK
) -> None:
    """
    Add people as enrolments leave them, each with templates `(k, d)` of `vectors` `(n, k, d)`, all
    written in one statement. `keys` is the folder of `stores.keys`.
    """
    at, library, number = stores.now(tx), people.library_id(tx), len(vectors)
    if not number:
        return
    who = [(PersonId(new_id("p")), ConsentId(new_id("n"))) for _ in range(number)]
    made = [_key(keys, stores.keys.library_key.read()) for _ in range(number)]
    until = at + DEFAULT_DURATION
    tx.execute(
        insert(person),
        [
            {"id": one, "name": f"Person {one[-6:]}", "key_id": made[row][0]} | {"enrolled_at": at}
            for row, (one, _) in enumerate(who)
        ],
    )
    tx.execute(
        insert(consent),
        [{"id": which, "person_id": one, "purpose": _PURPOSE} for one, which in who],
    )
    tx.execute(
        insert(consent_event),
        [
            {"consent_id": which, "seq": 1, "kind": EventKind.GIVEN, "at": at, "by": "bench"}
            | {"until": until}
            for _, which in who
        ],
    )
    tx.execute(
        insert(reference),
        [
            {
                "id": new_id("r"),
                "person_id": one,
                "consent_id": which,
                "purpose": _PURPOSE,
                "pack": pack,
                "key_id": made[row][0],
                "sealed": seal(
                    made[row][1],
                    vectors[row].astype("<f4").tobytes(),
                    bound=references.bound_to(library, one, _PURPOSE, which, pack),
                ),
                "weak": False,
                "made_at": at,
            }
            for row, (one, which) in enumerate(who)
        ],
    )


# --------------------------------------------------------------------------------------------------


def _measure(asked: tuple[int, int]) -> LoadFigures:
    count, runs = asked
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as below:
        stores, keys = _library(Path(below))
        with closing(stores.database):
            random = np.random.default_rng(7)
            stores.keys.create()  # and with it the library key
            with stores.database.write() as tx:
                for first in range(0, count, _PART):
                    shape = (min(_PART, count - first), TEMPLATES_A_PERSON, _DIMS)
                    vectors = random.standard_normal(shape, dtype=np.float32)
                    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
                    add_references(tx, stores, keys, vectors)
            stores.database.forget_deleted_bytes()
            size = sum(_on_disk(path) for path in Path(below).rglob("*") if path.is_file())
            return _figures(stores, keys, count, runs, size)


def _figures(stores: Stores, keys: Path, count: int, runs: int, size: int) -> LoadFigures:
    bare = _Bare(stores, keys)
    before = _resident_bytes()
    held = _open(stores, count)
    memory = _resident_bytes() - before
    del held
    times = [
        (_seconds(lambda: _open(stores, count)), _seconds(bare.read), _seconds(bare.decrypt))
        for _ in range(runs)
    ]
    opened, files, decrypted = (list(one) for one in zip(*times, strict=True))
    return LoadFigures(
        references=count,
        templates=TEMPLATES_A_PERSON,
        opened=_spread(opened),
        files=_spread(files),
        decrypted=_spread(decrypted),
        ratio=_spread([a / b for a, b in zip(opened, decrypted, strict=True)]),
        bytes_each=size / count,
        memory_each=max(0.0, memory / count - 512),
    )


def _open(stores: Stores, count: int) -> object:
    with stores.database.read() as tx:
        opened = open_gallery(
            tx,
            stores.keys,
            purposes=(_PURPOSE,),
            pack=load_pack(_PACK),
            at=stores.now(tx),
        )
    if len(opened.gallery) != count:
        raise Error("not everybody is in the gallery: the bench is broken")
    return opened


class _Bare:
    """The same files and bytes, without a library around them."""

    def __init__(self, stores: Stores, keys: Path) -> None:
        with stores.database.read() as tx:
            sealed = people.references(tx, purposes=(_PURPOSE,), pack=_PACK)
            library = people.library_id(tx)
        self._paths = [keys / f"{one.key}.key" for one in sealed]
        self._library_key = stores.keys.library_key.read()
        self._files = [path.read_bytes()[8:] for path in self._paths]
        self._bound = [b"CTN-KEY\x02" + one.key.encode() for one in sealed]
        self._sealed = [
            (
                one.sealed,
                references.bound_to(library, one.person, one.purpose, one.consent, one.pack),
            )
            for one in sealed
        ]

    def read(self) -> None:
        for path in self._paths:
            path.read_bytes()

    def decrypt(self) -> None:
        wrapped = AESGCM(self._library_key)
        for file, name, (sealed, bound) in zip(self._files, self._bound, self._sealed, strict=True):
            key = wrapped.decrypt(file[1:HEAD_BYTES], file[HEAD_BYTES:], b"\x01" + name)
            AESGCM(key).decrypt(sealed[1:HEAD_BYTES], sealed[HEAD_BYTES:], b"\x01" + bound)


def _library(below: Path) -> tuple[Stores, Path]:
    layout = LibraryLayout(below / "library")
    layout.create()
    keys = below / "keys"
    keys.mkdir(mode=0o700)
    database = Database.of_library(layout.catalog)
    database.create(new_id("l"), at=SystemClock().now())
    return Stores(database, KeyStore(keys), BlobStore(layout.vault), SystemClock()), keys


def _key(folder: Path, library_key: bytes) -> tuple[KeyId, bytes]:
    """A key as `KeyStore.create` makes it, though not waited for until the disk has it."""
    which, key = KeyId(new_id("k")), secrets.token_bytes(KEY_BYTES)
    (folder / f"{which}.key").write_bytes(_wrap(which, key, library_key))
    return which, key


def _seconds(work: Callable[[], object]) -> float:
    begun = process_time()
    work()
    return process_time() - begun


def _on_disk(path: Path) -> int:
    return path.stat().st_blocks * 512


def _resident_bytes() -> int:
    """Of this process; 0 where the system does not tell it like Linux does."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except FileNotFoundError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _spread(figures: list[float]) -> Spread:
    return Spread(min(figures), statistics.median(figures), max(figures))


def _words(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.least:.2f} to {spread.most:.2f})"
