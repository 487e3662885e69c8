"""
Odd and broken files through every form that takes one, and through what publishes them.

Each is taken, or answered with a sentence; nothing fails, and of what is not taken nothing is left.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import numpy as np
import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from countenance.accounts.roles import Role
from countenance.catalog import copies
from countenance.catalog.tables import metadata
from countenance.errors import Unreadable
from countenance.library import Given
from countenance.media.decoder import Decoder
from countenance.media.limits import Limits
from countenance.sources.grant import GrantPurpose
from countenance.vision.types import Detections, Pixels
from countenance.web.app import make_app
from countenance.web.forms import MAX_FILE_BYTES, MAX_FILES
from countenance.web.pages import FOLDER as TEMPLATES
from countenance.web.rates import Rates
from tests.fakes.door import sign_in
from tests.fakes.gala import Gala, open_library
from tests.fakes.routes import routes
from tests.fakes.vision import FakeVision
from tests.fakes.visitor import ADULT, Visitor

FILES = 149
MOST_MEMORY = 2**30

TAKES_FILES = {
    # Each template with a field for a file, and the form that it is sent to.
    "person/picture.html": ("POST /i/{token}/picture", "POST /me/{token}/face"),
    "public/permission.html": ("POST /permission",),
    "staff/search.html": ("POST /staff/search",),
}

FORMS = [one for forms in TAKES_FILES.values() for one in forms]

GROWS = {"entry", "asked", "leaf", "checkpoint", "seen", "clock"}
"""Tables in which every try is counted or said."""


class WholeVision(FakeVision):
    """Takes the middle of every picture for a face: so that none stops at having no face."""

    def find(self, pixels: Pixels) -> Detections:
        rows, columns = pixels.shape[:2]
        box = np.array([[0.1 * columns, 0.1 * rows, 0.9 * columns, 0.9 * rows]], np.float32)
        places = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.55], [0.3, 0.7], [0.7, 0.7]])
        points = (places * (columns, rows)).astype(np.float32)[None]
        return Detections(box, points, np.array([0.9], np.float32))

    def find_easily(self, pixels: Pixels) -> Detections:
        return self.find(pixels)


@dataclass(frozen=True, slots=True)
class Odd:
    """One file: its bytes, and whether it opens."""

    name: str
    data: bytes
    opens: bool


@pytest.fixture(scope="module")
def corpus(shared_data: Path) -> list[Odd]:
    """The odd files of `shared/data/robust`, which the decoder's own tests go through as well."""
    folder = shared_data / "robust"
    files = sorted(one for one in folder.glob("*/*") if one.is_file())
    with Decoder(Limits()) as decoder:
        found = [_odd(decoder, one) for one in files]
    assert len(found) == FILES
    return found


def _odd(decoder: Decoder, path: Path) -> Odd:
    data = path.read_bytes()
    try:
        decoder(data)
    except Unreadable:
        return Odd(path.name, data, opens=False)
    return Odd(path.name, data, opens=True)


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        made.put("one.jpg", 1)
        made.ingest()
        yield made


@pytest.fixture
def visitor(gala: Gala) -> Iterator[Visitor]:
    """Whom nobody stops for asking often: for them each question comes an hour after the last."""
    app = make_app(lambda: open_library(gala.root, gala.clock, WholeVision()), threads=1)
    hours = count(0, 3600)
    app.state.web = replace(app.state.web, rates=Rates(clock=lambda: float(next(hours))))
    own = {"Sec-Fetch-Site": "same-origin"}
    with TestClient(
        app, "https://testserver", headers=own, raise_server_exceptions=False
    ) as client:
        yield Visitor(client, app.state.web, gala)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, to be empty afterwards."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No folder for temporary files: whatever would write one fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    return tmp_path / "nowhere"


def test_every_form_that_takes_a_file_is_here(visitor: Visitor) -> None:
    """A new one without an entry is tried with no odd file."""
    taking = {
        one.relative_to(TEMPLATES).as_posix()
        for one in TEMPLATES.rglob("*.html")
        if 'type="file"' in one.read_text(encoding="utf-8")
    }
    assert taking == TAKES_FILES.keys()
    assert set(FORMS) <= set(routes(visitor.client.app))  # type: ignore[arg-type]


def _sender(visitor: Visitor, form: str) -> Callable[[str, bytes], Response]:
    """What sends a file by a form, with what else the form wants."""
    gala = visitor.gala
    method, _, path = form.partition(" ")
    said: dict[str, str] = {}
    field = "picture"
    if path.startswith("/i/"):
        path, said = path.format(token=gala.library.invite("gala").token), ADULT
    elif path.startswith("/me/"):
        own = visitor.join(gala.library.invite("gala"), 1)
        path = path.format(token=own.rpartition("/")[2])
    elif path == "/permission":
        field = "file"
    else:
        sign_in(visitor.client, gala, "bo", Role.STAFF)

    def send(name: str, data: bytes) -> Response:
        files = [(field, (name, data))]
        return visitor.client.request(method, path, data=said, files=files, follow_redirects=False)

    return send


def held(gala: Gala) -> dict[str, list[tuple[object, ...]]]:
    """All that stands in the catalog, but what grows with every question."""
    with gala.library._database.read() as tx:
        return {
            name: sorted(map(tuple, tx.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
            if name not in GROWS
        }


def on_disk(gala: Gala) -> set[str]:
    """Every file of the library but those of the catalog."""
    return {str(one) for one in gala.in_folders() if not one.name.startswith("catalog.db")}


SOME = slice(None, None, 12)
"""Of the odd files, in the everyday tests: a few of each folder."""


@pytest.mark.promise("P2", "P6")
@pytest.mark.parametrize("form", FORMS)
def test_odd_files_are_taken_or_answered(
    visitor: Visitor, nowhere: Path, corpus: list[Odd], form: str
) -> None:
    """Of what is refused no row and no file is left; no temporary file is written for any."""
    _tried(visitor, form, corpus[SOME])
    assert not nowhere.exists()


@pytest.mark.long  # 149 files, each decoded three times over
@pytest.mark.promise("P2", "P6")
@pytest.mark.parametrize("form", FORMS)
def test_every_odd_file_is_taken_or_answered(
    visitor: Visitor, nowhere: Path, corpus: list[Odd], form: str
) -> None:
    """All of them, and none takes memory without end."""
    before = _memory()
    _tried(visitor, form, corpus)
    assert _memory() - before < MOST_MEMORY
    assert not nowhere.exists()


def _tried(visitor: Visitor, form: str, corpus: list[Odd]) -> None:
    gala, send = visitor.gala, _sender(visitor, form)
    before, files = held(gala), on_disk(gala)
    ended = Counter[int]()
    for odd in corpus:
        heard = send(odd.name, odd.data)
        ended[heard.status_code] += 1
        if heard.status_code == 303:
            assert odd.opens, odd.name
            visitor.searched()
            before, files = held(gala), on_disk(gala)
            continue
        assert heard.status_code in (200, 422), odd.name
        assert 'role="alert"' in heard.text or 'role="status"' in heard.text, odd.name
        if not odd.opens and form != "POST /permission":
            assert heard.status_code == 422, odd.name
            assert "cannot be read as a picture" in heard.text, odd.name
        assert (held(gala), on_disk(gala)) == (before, files), odd.name
    # Of either kind there are some, so that neither is passed over; nobody is told by digest alone.
    assert len(ended) == (1 if form == "POST /permission" else 2), ended


def _memory() -> int:
    """The most bytes that this process and its decoders ever had at once, each."""
    most = [getrusage(whom).ru_maxrss for whom in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return max(most) * 1024


# --- what a form may be made of -----------------------------------------------------------------

BOUNDARY = "b"
PLAIN = "application/x-www-form-urlencoded"
END = b"\r\n--b--\r\n"
PARTS = f"multipart/form-data; boundary={BOUNDARY}"


def part(head: str, data: bytes = b"x") -> bytes:
    """A body of one part, and its end."""
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + data + END


def named(name: str, file: str | None = None) -> str:
    of = "" if file is None else f'; filename="{file}"'
    return f'Content-Disposition: form-data; name="{name}"{of}'


BODIES: dict[str, tuple[str, bytes]] = {
    "nothing": (PARTS, b""),
    "no boundary": ("multipart/form-data", part(named("picture", "a.jpg"))),
    "cut short": (PARTS, part(named("picture", "a.jpg"))[:-9]),
    "no name": (PARTS, part("Content-Disposition: form-data")),
    "no head": (PARTS, part("X: y")),
    "empty file": (PARTS, part(named("picture", "a.jpg"), b"")),
    "a file where words are wanted": (PARTS, part(named("name", "a.txt"))),
    "words where a file is wanted": (PARTS, part(named("picture"))),
    "a path for a name": (PARTS, part(named("picture", "../../../etc/passwd"))),
    "a long name": (PARTS, part(named("picture", "a" * 5000))),
    "no letters": (PARTS, part(named("picture", "\x00\x01\x7f"))),
    "a charset that is none": (f"{PARTS}; charset=no-such", part(named("name"), b"\xff")),
    "a charset that fails": (f"{PARTS}; charset=undefined", part(named("name"), b"\xff")),
    "a charset of many bytes": (f"{PARTS}; charset=utf-16", part(named("name"), b"\xff\xfe\x00")),
    "many fields": (PLAIN, b"&".join(b"f%d=1" % number for number in range(2000))),
    "one long field": (PLAIN, b"name=" + b"a" * 500_000),
    "bytes that are no text": (PLAIN, b"name=%ff%fe%00&picture=%ed%a0%80&code=%00"),
    "no form": ("application/json", b"{"),
    "no kind": ("", b"\x00\xff"),
    "too many files": (
        PARTS,
        b"".join(part(named("picture", "a.jpg"))[:-7] + b"\r\n" for _ in range(MAX_FILES + 1)),
    ),
    "a file too large": (PARTS, part(named("picture", "a.jpg"), bytes(MAX_FILE_BYTES + 1))),
}


def test_no_form_fails_by_what_it_is_made_of(visitor: Visitor, temporary: Path) -> None:
    """Each body has an answer, whatever form it is sent to."""
    assert _failing(visitor, ["POST /permission", "POST /i/{token}/picture", "POST /sign-in"]) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.long  # every body to every form
def test_no_form_of_all_fails_by_what_it_is_made_of(visitor: Visitor, temporary: Path) -> None:
    """Every route that takes a form, by whoever has every right."""
    assert _failing(visitor, routes(visitor.client.app)) == []  # type: ignore[arg-type]
    assert list(temporary.iterdir()) == []


def _failing(visitor: Visitor, forms: list[str]) -> list[tuple[str, str]]:
    gala = visitor.gala
    own = visitor.join(gala.library.invite("gala"), 1).rpartition("/")[2]
    invited = gala.library.invite("gala").token
    every = frozenset(one.id for one in gala.library.collections())
    sign_in(visitor.client, gala, "bo", Role.OWNER, Role.STAFF, Role.REVIEWER, given=every)
    session = dict(visitor.client.cookies)
    failed = []
    for route in forms:
        method, _, path = route.partition(" ")
        if method == "GET" or path == "/sign-out":
            continue
        token = invited if path.startswith("/i/") else own
        asked = re.sub(r"{\w+}", "none", path.replace("{token}", token))
        for what, (kind, body) in BODIES.items():
            visitor.client.cookies.update(session)
            heard = visitor.client.request(
                method, asked, content=body, headers={"Content-Type": kind}, follow_redirects=False
            )
            if heard.status_code >= 500:
                failed.append((route, what))
    return failed


def test_a_form_that_is_cut_short_is_not_done(visitor: Visitor) -> None:
    """What is missing at its end may be the very box that was not to be ticked."""
    path = f"/i/{visitor.gala.library.invite('gala').token}/picture"
    whole = [part(named(name), said.encode()) for name, said in {**ADULT, "without": "1"}.items()]
    body = b"\r\n".join(one.removesuffix(END) for one in whole)
    headers = {"Content-Type": PARTS}
    heard = visitor.client.post(path, content=body + b"\r\n--b\r\n", headers=headers)
    assert (heard.status_code, "cannot be read" in heard.text) == (422, True)
    assert visitor.gala.library.people() == []
    heard = visitor.client.post(path, content=body + END, headers=headers, follow_redirects=False)
    assert heard.status_code == 303


# --- into a collection, and out of it -----------------------------------------------------------


@pytest.mark.long  # each photo is looked at in four sizes, turned three ways
@pytest.mark.promise("P2")
def test_odd_uploads_are_taken_whole_or_not_at_all(
    visitor: Visitor, temporary: Path, shared_data: Path, corpus: list[Odd]
) -> None:
    """The ledger has a row for each that was taken; the check of each has an answer."""
    gala, library = visitor.gala, visitor.gala.library
    files = sorted(one for one in (shared_data / "robust").glob("*/*") if one.is_file())
    until = library.now() + timedelta(days=9)
    given = Given("Ada", until, purposes=frozenset(GrantPurpose))
    done = library.upload(files, given, collection="odd", ground="notice at the entrance")
    assert {one.file.name for one in done.taken} == {one.name for one in corpus if one.opens}
    assert len(done.taken) + len(done.refused) == FILES
    assert all(one.reason and one.message for one in done.refused)
    library.ingest()
    with library._database.read() as tx:
        assert copies.unconfirmed(tx) == []
        assert set(gala.blobs.ids()) == {one.id for one in copies.confirmed(tx)}
    sign_in(visitor.client, gala, "bo", Role.STAFF)
    ended = Counter[int]()
    for one in library.photos():
        asked = {"photo": one.id, "channel": "web"}
        heard = visitor.client.get("/staff/check/photos", params=asked)
        ended[heard.status_code] += 1
        assert heard.status_code in (200, 409), one.locators
        assert "may not be published" in heard.text or 'id="publish"' in heard.text
    assert ended[200] > 0
    assert list(temporary.iterdir()) == []
