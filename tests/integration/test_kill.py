"""
An ingest that is killed, again and again: nothing lost, nothing done twice, no stranger kept.

The ingest runs in a process of its own, which is killed with SIGKILL at random moments. The photos
are made from the two portraits of the demo: Hopper is enrolled, Collins is a stranger.
"""

import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select, update

from countenance.catalog import items
from countenance.catalog.items import MAX_ATTEMPTS, ItemState
from countenance.catalog.place import catalog_of
from countenance.catalog.tables import copy, item, photo
from countenance.demo.pictures import Portraits, find_portraits
from countenance.enrol.enrol import Portrait
from countenance.errors import NoModel, Unavailable
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.vault.layout import LibraryLayout
from tests.fakes import postgres
from tests.fakes.clock import START
from tests.fakes.gala import Gala

INGEST = """
import sys
from pathlib import Path
from countenance.library import Library
with Library.open(Path(sys.argv[1])) as library:
    library.ingest()
"""
NEEDLE_BYTES = 16
_LONGEST_LIFE = 2.5  # seconds; starting takes about one of them


@pytest.fixture(scope="module")
def portraits() -> Portraits:
    try:
        return find_portraits()
    except Unavailable as exc:
        pytest.skip(f"the demo's portraits are absent: {exc}")


@pytest.mark.promise("P29")
@pytest.mark.promise("P6")
@pytest.mark.parametrize(
    ("kills", "photos"), [(3, 16), pytest.param(50, 160, marks=pytest.mark.long)]
)
def test_an_ingest_that_is_killed_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, portraits: Portraits, kills: int, photos: int
) -> None:
    """After kills at random moments and one run to the end, all is as if it had run once."""
    folder = tmp_path / "photos"
    _make_photos(folder, portraits, photos)
    once = _library(tmp_path / "once", folder, portraits)
    killed = _library(tmp_path / "killed", folder, portraits)
    with once:
        once.ingest()
        expected = _sightings(once)
        strangers = list(_needles(once, portraits))
    killed.close()

    chance = random.Random(20261123)  # noqa: S311  not for secrets
    begun = 0
    for turn in range(kills):
        _ingest_and_kill(killed.root, after=chance.uniform(0.2, _LONGEST_LIFE))
        if turn % 5 == 0:
            assert not _holding(killed.root, strangers)
        begun += _done(killed.root) < photos
    assert begun, "every photo was done before the first kill: the test proves nothing"
    subprocess.run([sys.executable, "-c", INGEST, str(killed.root)], check=True)

    with Library.open(killed.root) as library:
        assert _sightings(library) == expected
        assert library.ingest().done == 0
    _assert_whole(killed.root, photos)
    assert not _holding(killed.root, strangers)


@pytest.mark.promise("P6")
def test_the_scan_finds_what_it_looks_for(tmp_path: Path, portraits: Portraits) -> None:
    """A stranger's template that lies in a file is found: so that not finding it says something."""
    folder = tmp_path / "photos"
    _make_photos(folder, portraits, 2)
    with _library(tmp_path / "library", folder, portraits) as library:
        library.ingest()
        strangers = list(_needles(library, portraits))
        again = list(_needles(library, portraits))
    assert strangers
    assert strangers == again, "a template that differs each time could not be looked for"
    (library.root / "vault" / "planted").write_bytes(b"before" + strangers[-1] + b"after")
    assert _holding(library.root, strangers) == ["planted"]


@pytest.mark.promise("P29")
def test_a_photo_that_was_only_near_is_not_blamed_for_good(tmp_path: Path) -> None:
    """Given up after many deaths, it is read at the next ingest, after all others and alone."""
    with Gala.make(tmp_path) as gala:
        for number in range(3):
            gala.put(f"{number}.jpg", 1, salt=number)
        _die_while_working_on(gala, "0.jpg", "1.jpg")
        assert gala.ingest().done == 1
        assert gala.states() == {"0.jpg": "failed", "1.jpg": "failed", "2.jpg": "done"}
        assert gala.ingest().done == 2
        assert set(gala.states().values()) == {"done"}


@pytest.mark.promise("P29")
def test_a_photo_that_kills_its_run_alone_is_not_tried_again(tmp_path: Path) -> None:
    """Until it is another file."""
    with Gala.make(tmp_path) as gala:
        gala.put("0.jpg", 1)
        _die_while_working_on(gala, "0.jpg", times=MAX_ATTEMPTS + 1)
        for _ in range(3):
            assert gala.ingest().done == 0
            assert gala.states() == {"0.jpg": "failed"}
        gala.put("0.jpg", 1, salt=9)
        assert gala.ingest().done == 1


# --------------------------------------------------------------------------------------------------


def _die_while_working_on(gala: Gala, *locators: str, times: int = MAX_ATTEMPTS) -> None:
    """Leave what so many runs leave that were killed while these photos were worked on."""
    listed = gala.library._reader(gala.source).list(lambda _: None, lambda _: None)
    with gala.library._database.write() as tx:
        items.put_new(tx, gala.source.id, list(listed), at=START)
        dying = update(item).where(item.c.locator.in_(locators))
        tx.execute(dying.values(state=ItemState.WORKING, attempts=times))


def _make_photos(folder: Path, portraits: Portraits, count: int) -> None:
    """Photos of both, each another: sizes, places and noise differ."""
    folder.mkdir()
    chance = np.random.default_rng(7)
    people = [Image.open(file).convert("RGB") for file in (portraits.hopper, portraits.collins)]
    for number in range(count):
        noise = chance.integers(90, 130, (360, 480, 3), dtype=np.uint8)
        picture = Image.fromarray(noise)
        for side, person in enumerate(people):
            height = int(chance.integers(220, 320))
            width = round(person.width * height / person.height)
            left = side * 240 + int(chance.integers(0, 10))
            picture.paste(person.resize((width, height)), (left, int(chance.integers(0, 30))))
        picture.save(folder / f"{number:03}.jpg", quality=90)


def _library(root: Path, folder: Path, portraits: Portraits) -> Library:
    library = Library.init(root)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    library.add_folder(folder, Given("the test", tomorrow), ground="a test")
    hopper = Portrait("hopper", portraits.hopper.read_bytes())
    try:
        library.enrol("Grace Hopper", [hopper], (Wish(Purpose.FIND_ME),))
    except NoModel as exc:
        pytest.skip(f"the starter pack is not installed: {exc}")
    return library


def _ingest_and_kill(root: Path, *, after: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", INGEST, str(root)])
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _sightings(library: Library) -> list[tuple[str, str]]:
    found = library.find("Grace Hopper", purpose=Purpose.FIND_ME)
    return sorted((one.locator, str(one.band)) for one in found.sightings)


def _done(root: Path) -> int:
    database = catalog_of(LibraryLayout(root), "")
    with database.read() as tx:
        states = tx.execute(select(item.c.state)).scalars().all()
    database.close()
    return states.count("done")


def _assert_whole(root: Path, photos: int) -> None:
    database = catalog_of(LibraryLayout(root), "")
    with database.read() as tx:
        assert list(tx.execute(select(item.c.state)).scalars()) == ["done"] * photos
        digests = list(tx.execute(select(photo.c.digest)).scalars())
        assert len(digests) == len(set(digests)) == photos
        rows = {row.id: row.confirmed for row in tx.execute(select(copy.c.id, copy.c.confirmed))}
    database.close()
    blobs = {file.name for file in (root / "vault").rglob("*") if file.is_file()}
    assert blobs == set(rows)
    assert all(rows.values())


def _needles(library: Library, portraits: Portraits) -> Iterator[bytes]:
    """
    Pieces of every face's template, the enrolled one's in clear too, in three kinds of float.

    They are computed the way the ingest computes them, and from the stranger's portrait too.
    """
    see = library.extractor
    for shown in library.photos():
        data = (Path(library.sources()[0].location) / shown.locators[0]).read_bytes()
        picture = see.decoder(data, half=True)
        strangers = [face for face in shown.faces if face.box[0] > picture.width / 2]
        yield from _pieces(see.templates(picture, shown.faces).vectors)
        yield from _pieces(see.templates(picture, strangers).vectors)
    portrait = see.decoder(portraits.collins.read_bytes())
    yield from _pieces(see.templates(portrait, see.faces(portrait)).vectors)


def _pieces(vectors: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Iterator[bytes]:
    for vector in vectors:
        for kind in (np.float32, np.float16, np.float64):
            data = vector.astype(kind).tobytes()
            yield from (data[start : start + NEEDLE_BYTES] for start in (0, 64, 128))


def _holding(root: Path, needles: Sequence[bytes]) -> list[str]:
    """The files of a library that hold one of `needles`."""
    files = [*(file for file in root.rglob("*") if file.is_file()), *postgres.files_of(root)]
    contents = {file.name: file.read_bytes() for file in files}
    return [name for name, data in contents.items() if any(one in data for one in needles)]
