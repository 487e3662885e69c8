"""The check before publishing in a real browser: by hand, by keyboard, and without JavaScript."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import text

from countenance.demo.pictures import Portraits
from countenance.media.filmout import require_bare
from countenance.media.leaks import find_leaks
from tests.e2e.conftest import Run
from tests.e2e.web.conftest import EVERY_LOOK, Look, code_of, set_up, violations
from tests.e2e.web.test_desk import Desk, at_desk
from tests.fakes.films import make_film
from tests.fakes.gala import by_hand

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

CHANNEL = "newsletter"
FRAMES = 2  # of a film


@dataclass(frozen=True, slots=True)
class Face:
    """Where the catalog has a face, in pixels of its photo."""

    photo: str
    size: tuple[int, int]
    box: tuple[float, float, float, float]


@pytest.fixture(scope="module")
def desk(  # noqa: PLR0913, PLR0917  pytest gives fixtures by name
    run: Run,
    program: Path,
    environment: Mapping[str, str],
    photos: Path,
    portraits: Portraits,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Desk]:
    library = tmp_path_factory.mktemp("check") / "library"
    run("init", library)
    run(
        *("source", "add", "folder", photos, "--granted-by", "the tests", "--until", "2999-12-31"),
        *("--collection", "race", "--recognition-ground", "portraits in the public domain"),
        *("--purposes", "match,publish", "--library", library),
    )
    film = tmp_path_factory.mktemp("films") / "hopper.mp4"
    with Image.open(portraits.hopper) as opened:
        face = opened.convert("RGB").resize((200, 200))
    make_film(film, [np.asarray(face)] * FRAMES, size=face.size)
    run(
        *("source", "add", "folder", film.parent, "--granted-by", "the tests"),
        *("--until", "2999-12-31", "--collection", "race", "--purposes", "match,publish"),
        *("--library", library),
    )
    run("ingest", "--library", library, code=3)
    run(
        *("enrol", "Grace Hopper", "--photo", portraits.hopper),
        *("--consent", f"find-me,may-publish:{CHANNEL}", "--library", library),
    )
    terms = library.parent / "terms.txt"
    terms.write_text("We delete when asked.", encoding="utf-8")
    run(
        *("recipient", "add", "The Club", "--contact", "club@example.org"),
        *("--terms", terms, "--library", library),
    )
    process = subprocess.Popen(
        [program, "serve", "--port", "0", "--no-watch", "--library", library],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening at ").strip()
        set_up(url, code_of(process))
        yield Desk(url, library)
    finally:
        process.kill()
        process.communicate()


def crowded(desk: Desk) -> Face:
    """Of the photo with the most faces, the first from the left."""
    with by_hand(desk.library) as tx:
        photo, wide, high = tx.exec_driver_sql(
            "select photo.id, width, height from photo join face on face.photo_id = photo.id"
            " where photo.id in (select photo_id from sighting)"
            " group by photo.id order by count(*) desc, photo.id limit 1"
        ).one()
        box = tx.execute(
            text("select x1, y1, x2, y2 from face where photo_id = :photo order by x1 limit 1"),
            {"photo": photo},
        ).one()
    return Face(photo, (wide, high), box)


def path_of(face: Face) -> str:
    return f"/staff/check/photos?photo={face.photo}&channel={CHANNEL}"


def corners(found: "Locator") -> tuple[float, float, float, float]:
    box = found.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def numbers(page: "Page", name: str) -> list[float]:
    fields = [page.locator(f'[name="{name}-{side}"]') for side in ("x1", "y1", "x2", "y2")]
    return [float(one.input_value() or "nan") for one in fields]


def publish(page: "Page") -> bytes:
    """Say what has to be said, press, and fetch the file."""
    page.locator("#to").select_option(label="The Club")
    asked = page.locator("[name=cover_asked]")
    if asked.count():
        asked.check()
    page.locator("[name=looked]").check()
    page.locator("#publish button.primary").click()
    page.wait_for_url("**/staff/given/*")
    with page.expect_download() as download:
        page.locator("main button.primary").click()
    return download.value.path().read_bytes()


@pytest.mark.parametrize("look", EVERY_LOOK, ids=str)
def test_every_screen_is_accessible(
    browser: "Browser", desk: Desk, look: Look, pytestconfig: pytest.Config
) -> None:
    """axe-core objects to nothing, and no screen is wider than its window."""
    kept = pytestconfig.cache.mkdir("screens-check")
    face = crowded(desk)
    with by_hand(desk.library) as tx:
        of_a_kind = text("select id from photo where kind = :kind limit 2")
        some = tx.execute(of_a_kind, {"kind": "photo"}).scalars().all()
        film = tx.execute(of_a_kind, {"kind": "film"}).scalar_one()
    both = "&".join(f"photo={one}" for one in some)
    paths = {
        "choose": "/staff/check",
        "several": f"/staff/check/photos?{both}&channel={CHANNEL}",
        "check": path_of(face),
        "film": f"/staff/check/photos?photo={film}&channel={CHANNEL}",
    }
    found = {}
    with at_desk(browser, desk, look) as page:
        for name in (*paths, "filming", "given"):
            if name in paths:
                page.goto(paths[name])
            elif name == "filming":
                order_film(page)
            else:
                page.goto(paths["check"])
                publish_without_fetching(page)
            page.wait_for_load_state("networkidle")
            page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
            page.screenshot(path=kept / f"{look.size}-{look.scheme}-{name}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found[name] = [*violations(page), *(["wider than the window"] if wide else [])]
    assert {name: one for name, one in found.items() if one} == {}


def order_film(page: "Page") -> None:
    page.locator("#to").select_option(label="The Club")
    page.locator("[name=looked]").check()
    page.locator("#publish button.primary").click()
    page.wait_for_url("**/staff/films/*")


@pytest.mark.promise("P8")
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_film_is_ordered_and_fetched(browser: "Browser", desk: Desk, *, script: bool) -> None:
    """The page follows by itself; without JavaScript it is looked at again."""
    with by_hand(desk.library) as tx:
        film = tx.exec_driver_sql("select id from photo where kind = 'film'").scalar_one()
    with at_desk(browser, desk, Look("phone", javascript=script)) as page:
        page.goto(f"/staff/check/photos?photo={film}&channel={CHANNEL}")
        order_film(page)
        made = page.locator('a.button[href^="/staff/given/"]')
        while not script and not made.count():
            page.locator('a.button[href^="/staff/films/"]').click()
        made.click()
        with page.expect_download() as download:
            page.locator("main button.primary").click()
        require_bare(Path(download.value.path()))


def publish_without_fetching(page: "Page") -> None:
    page.locator("#to").select_option(label="The Club")
    if page.locator("[name=cover_asked]").count():
        page.locator("[name=cover_asked]").check()
    page.locator("[name=looked]").check()
    page.locator("#publish button.primary").click()
    page.wait_for_url("**/staff/given/*")


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_badge_sits_on_the_known_pixels(
    browser: "Browser", desk: Desk, size: str, *, script: bool
) -> None:
    """Outline and badge are where the catalog has the face, on the picture as it is shown."""
    face = crowded(desk)
    with at_desk(browser, desk, Look(size, javascript=script)) as page:
        page.goto(path_of(face))
        left, top, right, bottom = corners(page.locator("svg.checked image"))
        scale = (right - left) / face.size[0]
        assert (bottom - top) / face.size[1] == pytest.approx(scale, rel=0.01)
        # The stage is as high as the picture, and no higher.
        assert corners(page.locator("[data-stage]"))[3] == pytest.approx(bottom, abs=1)
        known = [
            (left if number % 2 == 0 else top) + side * scale
            for number, side in enumerate(face.box)
        ]
        found = None
        for one in page.locator("g.face").all():
            outline = corners(one.locator(".outline"))
            if outline == pytest.approx(known, abs=2.5):
                found = one
        assert found is not None
        x1, y1, x2, y2 = corners(found.locator(".badge circle"))
        assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx(known[:2], abs=2.5)


def test_covers_are_drawn_moved_and_sized_by_hand(browser: "Browser", desk: Desk) -> None:
    """By pointer; what is in the form follows, and what the form says is drawn."""
    face = crowded(desk)
    with at_desk(browser, desk, Look("desktop")) as page:
        page.goto(path_of(face))
        left, top, right, bottom = corners(page.locator("svg.checked image"))
        scale = (right - left) / face.size[0]
        page.locator("[data-do=draw]").click()
        page.mouse.move(left + 10, bottom - 60)
        page.mouse.down()
        page.mouse.move(left + 50, bottom - 20, steps=3)
        page.mouse.up()
        drawn = numbers(page, "added-1")
        high = face.size[1]
        expected = [10 / scale, high - 60 / scale, 50 / scale, high - 20 / scale]
        assert drawn == pytest.approx(expected, abs=2 / scale)
        mark = page.locator('[data-name="added-1"]')
        page.mouse.move(left + 30, bottom - 40)
        page.mouse.down()
        page.mouse.move(left + 60, bottom - 50, steps=3)
        page.mouse.up()
        moved = [drawn[0] + 30 / scale, drawn[1] - 10 / scale]
        assert numbers(page, "added-1")[:2] == pytest.approx(moved, abs=2 / scale)
        page.locator("[data-added-rows] summary").click()
        page.locator('[name="added-1-x1"]').fill("0")
        assert corners(mark.locator(".cover"))[0] == pytest.approx(left, abs=3)
        assert top < bottom


@pytest.mark.promise("P8")
def test_all_of_it_goes_by_keyboard(browser: "Browser", desk: Desk) -> None:
    """A cover is put in, moved, sized, taken away, put in again; and it is in the file."""
    face = crowded(desk)
    with at_desk(browser, desk, Look("desktop")) as page:
        page.goto(path_of(face))
        page.locator("[data-do=middle]").press("Enter")
        before = numbers(page, "added-1")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
        after = numbers(page, "added-1")
        assert after[0] < before[0]
        assert after[1] < before[1]
        assert after[2] - after[0] == pytest.approx(before[2] - before[0], abs=1)
        page.keyboard.press("Shift+ArrowRight")
        wider = numbers(page, "added-1")
        assert wider[0] == after[0]
        assert wider[2] > after[2]
        page.keyboard.press("Delete")
        assert page.locator('[name="added-1-x1"]').input_value() == ""
        page.locator("[data-do=middle]").press("Enter")
        x1, y1, x2, y2 = numbers(page, "added-1")
        data = publish(page)
        page.goto("/permission")
        file = {"name": "given.jpg", "mimeType": "image/jpeg", "buffer": data}
        page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
        page.locator("form:has(#file) button").click()
        assert page.locator(".message.yes").is_visible()
        assert CHANNEL in page.locator(".message.yes").inner_text()
        assert violations(page) == []
    assert find_leaks(data) == ()
    with Image.open(BytesIO(data)) as opened:
        seen = opened.convert("RGB").getpixel((round((x1 + x2) / 2), round((y1 + y2) / 2)))
    assert seen == pytest.approx((84, 92, 104), abs=4)


@pytest.mark.promise("P8")
def test_all_of_it_goes_without_javascript(browser: "Browser", desk: Desk) -> None:
    """Choose, check, cover by numbers, publish, fetch once."""
    face = crowded(desk)
    with at_desk(browser, desk, Look("phone", javascript=False)) as page:
        page.goto("/staff/check")
        page.locator("#channel").fill(CHANNEL)
        page.locator(f'[name=photo][value="{face.photo}"]').check()
        page.locator("form button.primary").last.click()
        assert not page.locator("[data-do=draw]").is_visible()
        page.locator("[data-added-rows] summary").click()
        for side, number in (("x1", 4), ("y1", 4), ("x2", 44), ("y2", 44)):
            page.locator(f'[name="added-1-{side}"]').fill(str(number))
        data = publish(page)
        page.locator("main button.primary").click()
        assert page.locator("[role=alert]").is_visible()
        assert page.locator("main button").count() == 0
    assert find_leaks(data) == ()
    with Image.open(BytesIO(data)) as opened:
        assert opened.convert("RGB").getpixel((24, 24)) == pytest.approx((84, 92, 104), abs=4)
