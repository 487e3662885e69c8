"""
Pictures of the pages for the README: the real server over photos of people who are drawn.

    make screenshots

Nobody real is in them: a program draws the people, and the licence is the project's own.
"""

import io
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from countenance.bench.drawn import APART, portrait
from countenance.bench.serving import serving
from countenance.catalog.tables import sighting
from countenance.enrol.enrol import Portrait
from countenance.library import Caller, Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import MAX_SEARCHES, load_settings
from countenance.sources.grant import GrantPurpose

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
COLLECTION, CHANNEL = "Spring run 2026", "newsletter"
NIA, OMAR, OTHER = APART[1], APART[0], APART[2]
PHOTOS = 18
PHOTO_PIXELS = ((1800, 1200), (1200, 1600), (1600, 1200))
MOST_BYTES = 120_000
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1100, "height": 760}}

_COMPLETE = """[...document.images].every((one) => one.complete
    || one.getBoundingClientRect().top > innerHeight)"""

_TAKEN, _DESCRIPTION = 0x9003, 0x010E
_BEGIN = datetime(2026, 5, 3, 9, 30, tzinfo=UTC)
_PASSWORD = "vagnen rostar tyst i mars"  # noqa: S105  of a library that is gone with this program


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: which page, how it is looked at, and by whom."""

    name: str
    path: str
    size: str = "desktop"
    scheme: str = "light"
    language: str = "en-GB"


def main() -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  of use here alone

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="countenance-pictures-") as below:
        root = Path(below) / "library"
        draw_photos(Path(below) / "photos")
        session, paths = fill(root, Path(below) / "photos")
        with serving(root) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            for shot in _shots(paths):
                take(browser, f"http://{server.host}:{server.port}", session, shot)
            browser.close()


def draw_photos(folder: Path) -> None:
    """Photos of a run: one to three people before hills, with the time and a word of where."""
    folder.mkdir()
    random = Random(5)  # noqa: S311  who stands where
    for number in range(PHOTOS):
        size = PHOTO_PIXELS[number % len(PHOTO_PIXELS)]
        who = [NIA] if number % 5 < 2 else []  # noqa: PLR2004
        who += random.sample([OMAR, OTHER], k=2 if not who else number % 2)
        random.shuffle(who)
        scene = _hills(size, number)
        for place, one in enumerate(who):
            tall = round(size[1] * 0.62)
            person = _cut_out(one, number % 3, tall)
            left = size[0] * (2 * place + 1) // (2 * len(who)) - person.width // 2
            scene.paste(person, (left, size[1] - person.height), person)
        exif = Image.Exif()
        taken = _BEGIN + timedelta(minutes=7 * number)
        exif.get_ifd(0x8769)[_TAKEN] = f"{taken:%Y:%m:%d %H:%M:%S}"
        exif[_DESCRIPTION] = ("start", "bridge", "finish")[number * 3 // PHOTOS]
        scene.save(folder / f"run-{number + 1:02}.jpg", quality=90, exif=exif)


def fill(root: Path, photos: Path) -> tuple[str, dict[str, str]]:
    """The library, read by the real networks. Gives a session of the desk, and where things are."""
    given: dict[str, str | int] = {"actor": "desk", "searches_per_account": MAX_SEARCHES}
    with Library.init(root, load_settings(root, given=given)) as library:
        library.add_collection(COLLECTION)
        purposes = frozenset({GrantPurpose.MATCH, GrantPurpose.PUBLISH})
        until = library.now() + timedelta(days=300)
        granted = Given("Kim Berg, photographer", until, purposes=purposes)
        library.add_folder(photos, granted, collection=COLLECTION, ground="notice at the start")
        library.ingest()
        wishes = (
            Wish(Purpose.FIND_ME),
            Wish(Purpose.STAFF_FIND),
            Wish(Purpose.MAY_PUBLISH, CHANNEL),
        )
        nia = library.enrol("Nia Lind", [_given(NIA, light) for light in range(3)], wishes)
        library.enrol("Omar Dahl", [_given(OMAR, light) for light in range(3)], wishes[:2])
        _ask_of_some(library)
        code = library.set_up_code()
        assert code is not None  # noqa: S101  nobody is owner of a new library
        session = library.set_up(code.code, "kim", "Kim Berg", _PASSWORD, Caller()).token
        collection = next(one.id for one in library.collections() if one.name == COLLECTION)
        shown = library.find(nia.enrolment.person.id, purpose=Purpose.STAFF_FIND).sightings
        here = {one.photo for one in shown}
        mixed = [one for one in library.photos() if len(one.faces) > 1 and one.id in here]
        invited = library.invite(COLLECTION, channel=CHANNEL, browse=True)
        own = library.link_for(nia.enrolment.person.id)
        return session, {
            "agree": f"/i/{invited.token}",
            "mine": f"/me/{own.token}",
            "photos": f"/staff/collections/{collection}/photos",
            "search": "/staff/search?q=Nia+Lind",
            "review": "/staff/review",
            "check": f"/staff/check/photos?photo={mixed[0].id}&channel={CHANNEL}",
        }


def take(browser: "Browser", base: str, session: str, shot: Shot) -> None:
    """One picture, as a palette PNG that is small enough for a page of text."""
    context = browser.new_context(
        base_url=base,
        viewport=SIZES[shot.size],  # type: ignore[arg-type]
        color_scheme=shot.scheme,  # type: ignore[arg-type]
        locale=shot.language,
    )
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "session", "value": session, "url": base}])
    page: Any = context.new_page()
    page.goto(shot.path, wait_until="load")
    page.wait_for_timeout(300)
    while not page.evaluate(_COMPLETE):
        page.wait_for_timeout(100)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    file = FOLDER / f"{shot.name}.png"
    for colours in (256, 128, 64, 32):
        out = io.BytesIO()
        taken.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if len(out.getvalue()) <= MOST_BYTES:
            break
    file.write_bytes(out.getvalue())
    print(f"{file.name}: {len(out.getvalue()) / 1e3:.0f} kB")


# --------------------------------------------------------------------------------------------------


def _shots(paths: dict[str, str]) -> list[Shot]:
    return [
        Shot("agree-phone", paths["agree"], "phone"),
        Shot("mine-phone-dark", paths["mine"], "phone", "dark", "sv-SE"),
        Shot("mine-desktop", paths["mine"]),
        Shot("photos-desktop-dark", paths["photos"], scheme="dark"),
        Shot("search-desktop", paths["search"]),
        Shot("review-desktop", paths["review"]),
        Shot("review-phone-dark", paths["review"], "phone", "dark"),
        Shot("check-desktop", paths["check"]),
    ]


def _given(number: int, light: int) -> Portrait:
    file = io.BytesIO()
    portrait(number, light).save(file, "JPEG", quality=92)
    return Portrait("portrait.jpg", file.getvalue())


def _ask_of_some(library: Library) -> None:
    """Drawn people are always sure; the review is to be seen with questions in it."""
    with library._database.write() as tx:  # noqa: SLF001
        seen = sorted(tx.execute(sighting.select()).all(), key=lambda row: row.photo_id)
        for row in seen[::4]:
            tx.execute(sighting.update().where(sighting.c.id == row.id).values(band="likely"))


def _cut_out(number: int, light: int, tall: int) -> Image.Image:
    """A portrait whose edges are soft, to be put before another ground."""
    drawn = portrait(number, light)
    drawn = drawn.resize((round(drawn.width * tall / drawn.height), tall)).convert("RGBA")
    mask = Image.new("L", drawn.size, 0)
    pen = ImageDraw.Draw(mask)
    wide, high = drawn.size
    pen.rounded_rectangle((wide * 0.06, high * 0.04, wide * 0.94, high * 1.2), wide * 0.4, fill=255)
    drawn.putalpha(mask.filter(ImageFilter.GaussianBlur(wide * 0.015)))
    return drawn


def _hills(size: tuple[int, int], number: int) -> Image.Image:
    wide, high = size
    random = np.random.default_rng(number)
    rows = np.linspace((150, 190, 225), (236, 226, 200), high)[:, None, :]
    scene = Image.fromarray(np.repeat(rows, wide, 1).astype(np.uint8))
    pen = ImageDraw.Draw(scene)
    across = np.linspace(0, 3 * np.pi, 60)
    for share, colour in ((0.45, (126, 146, 156)), (0.6, (104, 136, 100)), (0.75, (122, 128, 112))):
        shift = float(random.uniform(0, 6))
        ridge = high * share - high * 0.05 * np.sin(across + shift)
        along = zip(np.linspace(0, wide, len(ridge)), ridge, strict=True)
        pen.polygon([(0, high), *((float(x), float(y)) for x, y in along), (wide, high)], colour)
    return scene


if __name__ == "__main__":
    main()
