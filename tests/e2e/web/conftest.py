"""The real server in a second process, at a real library, and Debian's chromium before it."""

import io
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from PIL import Image

from countenance.demo.pictures import Portraits, make_photos
from tests.e2e.conftest import Run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
CAMERA_PIXELS = (640, 480)
FRAMES = 20
PATIENCE = 90_000  # milliseconds, of which a sound page needs a few

CODE = re.compile(r"countenance: ((?:[0-9a-z]{5}-){5}[0-9a-z])\n")
LOGIN, PASSWORD = "ada", "vagnen rostar tyst i mars"

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server listens, the library it serves, and an invitation to its collection."""

    url: str
    library: Path
    invitation: str
    process: "subprocess.Popen[str]"


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at: `size` is one of `SIZES`, `scheme` light or dark."""

    size: str = "phone"
    scheme: str = "light"
    language: str = "en"
    javascript: bool = True

    def __str__(self) -> str:
        return f"{self.size}-{self.scheme}-{self.language}"


EVERY_LOOK = [
    Look("phone", "dark", "sv"),
    Look("desktop", "light", "en"),
    pytest.param(Look("phone", "light", "en"), marks=pytest.mark.long),
    pytest.param(Look("desktop", "dark", "sv"), marks=pytest.mark.long),
]
"""How every screen is looked at: each size, scheme and language every day, and the rest in long."""


Open = Callable[..., Any]
"""Opens a page as `Look` says, and closes it at the end of its block."""


@pytest.fixture(scope="session")
def photos(portraits: Portraits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's photos: Hopper is in nine of them."""
    folder = tmp_path_factory.mktemp("race") / "photos"
    make_photos(folder, portraits)
    return folder


@pytest.fixture(scope="session")
def server(
    run: Run,
    program: Path,
    environment: Mapping[str, str],
    photos: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    library = tmp_path_factory.mktemp("web") / "library"
    run("init", library)
    run(
        *("source", "add", "folder", photos, "--granted-by", "the tests", "--until", "2999-12-31"),
        *("--collection", "race", "--recognition-ground", "portraits in the public domain"),
        *("--library", library),
    )
    run("ingest", "--library", library, code=3)
    invited = run(
        *("link", "new", "--collection", "race", "--channel", "web", "--browse", "--json"),
        *("--library", library),
    )
    process = subprocess.Popen(
        [program, "serve", "--port", "0", "--no-watch", "--library", library],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening at ").strip()
        yield Server(url, library, "/i/" + invited.json["url"].rsplit("/", 1)[1], process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def _nobody_stays(server: Server, run: Run) -> Iterator[None]:
    """Whom a test that failed has left enrolled is not in the way of the next one."""
    yield
    for one in run("person", "list", "--json", "--library", server.library).json["people"]:
        run("person", "withdraw", one["id"], "--yes", "--library", server.library)


@pytest.fixture(scope="session")
def camera(portraits: Portraits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake camera sees: a portrait in the public domain, made into a film."""
    with Image.open(portraits.hopper) as opened:
        face = opened.convert("RGB")
    face.thumbnail(CAMERA_PIXELS)
    frame = Image.new("RGB", CAMERA_PIXELS, (120, 125, 130))
    frame.paste(face, ((CAMERA_PIXELS[0] - face.width) // 2, CAMERA_PIXELS[1] - face.height))
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=92)
    file = tmp_path_factory.mktemp("camera") / "hopper.mjpeg"
    file.write_bytes(out.getvalue() * FRAMES)
    return file


@pytest.fixture(scope="module")
def playwright() -> "Iterator[Playwright]":
    # It runs an event loop while it is there: the tests of other files start their own.
    if not CHROMIUM.exists():
        pytest.skip("chromium is absent: apt-get install chromium, and the pages are tested too")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  of use with chromium alone

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: "Playwright", camera: Path) -> "Iterator[Browser]":
    made = playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        ],
    )
    yield made
    made.close()


@pytest.fixture
def opened(browser: "Browser", server: Server) -> Open:
    """A page at the server. What the browser complains of on its console fails the test."""

    @contextmanager
    def opened(look: Look | None = None) -> "Iterator[Page]":
        look = look or Look()
        context = browser.new_context(
            base_url=server.url,
            viewport=SIZES[look.size],  # type: ignore[arg-type]
            color_scheme=look.scheme,  # type: ignore[arg-type]
            locale={"en": "en-GB", "sv": "sv-SE"}[look.language],
            java_script_enabled=look.javascript,
            permissions=["camera"],
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: said.append(str(one)))
        yield page
        context.close()
        # A form that is answered with what is wrong with it is no error of the page.
        assert [one for one in said if "422" not in one] == []

    return opened


def code_of(process: "subprocess.Popen[str]") -> str:
    """The code of the first start: what a server without an owner says on stderr."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        found = CODE.fullmatch(line)
        if found is not None:
            return found[1]
        said.append(line)
    raise AssertionError(f"the server showed no code: {said}")


def set_up(url: str, code: str) -> None:
    """Make the first owner, as a browser without JavaScript would."""
    said = {"code": code, "login": LOGIN, "name": "Ada", "password": PASSWORD}
    made = httpx2.post(f"{url}/set-up", data=said)
    assert made.status_code == HTTPStatus.SEE_OTHER


def violations(page: "Page") -> list[str]:
    """What axe-core objects to on a page as it stands, each in a line."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']]}" for one in found
    ]
