"""The desk in a real browser: keys, buckets that fill themselves, axe on each screen, no script."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, text, update

from countenance.catalog.assessments import QUESTIONS
from countenance.catalog.demands import Outcome, Wording
from countenance.catalog.tables import item, photo, sighting
from countenance.demo.pictures import Portraits
from countenance.library import Library
from tests.e2e.conftest import Run
from tests.e2e.web.conftest import (
    EVERY_LOOK,
    LOGIN,
    PASSWORD,
    PATIENCE,
    SIZES,
    Look,
    code_of,
    set_up,
    violations,
)
from tests.fakes.gala import by_hand

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BUCKETS = 3
COPIES = 600  # rows of photos that there are not, so that there are several buckets


@dataclass(frozen=True, slots=True)
class Desk:
    """A server with an owner, who sees all of it; somebody is to be reviewed in nine photos."""

    url: str
    library: Path


@pytest.fixture(scope="module")
def desk(  # noqa: PLR0913, PLR0917  pytest gives fixtures by name
    run: Run,
    program: Path,
    environment: Mapping[str, str],
    photos: Path,
    portraits: Portraits,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Desk]:
    library = tmp_path_factory.mktemp("desk") / "library"
    run("init", library)
    run(
        *("source", "add", "folder", photos, "--granted-by", "the tests", "--until", "2999-12-31"),
        *("--collection", "race", "--recognition-ground", "portraits in the public domain"),
        *("--library", library),
    )
    run("ingest", "--library", library, code=3)
    for name in ("Grace Hopper", "Grace M. Hopper"):
        run(
            *("enrol", name, "--photo", portraits.hopper, "--consent", "staff-find,find-me"),
            *("--library", library),
        )
    run("collection", "new", "club", "--library", library)
    with Library.open(library) as opened:
        for which in range(2):
            one = opened.demand(
                Wording(
                    "https://faces.example/one.jpg",
                    "It shows my child, and nobody asked us.",
                    "Eva Ek",
                    "eva@example.org",
                    good_faith=True,
                )
            )
            if which:
                opened.answer_demand(
                    one.id, Outcome.KEPT, "Nobody of that name is in it, as far as we know."
                )
        with opened._database.write() as tx:
            tx.execute(update(sighting).values(band="likely"))
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


@contextmanager
def at_desk(browser: "Browser", desk: Desk, look: Look) -> "Iterator[Page]":
    """A page of who signed in. What the browser complains of fails the test."""
    context = browser.new_context(
        base_url=desk.url,
        viewport=SIZES[look.size],  # type: ignore[arg-type]
        color_scheme=look.scheme,  # type: ignore[arg-type]
        locale={"en": "en-GB", "sv": "sv-SE"}[look.language],
        java_script_enabled=look.javascript,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto("/staff")
    page.locator("#login").fill(LOGIN)
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()
    page.wait_for_url(f"{desk.url}/staff")
    yield page
    context.close()
    # A form that is wrong is answered with 422 or 409: no errors of a page.
    assert [one for one in said if not re.search("409|422", one)] == []


def screens(desk: Desk) -> dict[str, str]:
    with by_hand(desk.library) as tx:

        def first(query: str) -> str:
            return str(tx.exec_driver_sql(query).scalars().first())

        race = first("select id from collection where name = 'race'")
        club = first("select id from collection where name = 'club'")
        one = first("select id from person where name = 'Grace Hopper'")
        two = first("select id from person where name = 'Grace M. Hopper'")
        source, one_photo = first("select id from source"), first("select id from photo")
        demanded = first("select id from demand where ended_at is null")
        answered = first("select id from demand where ended_at is not null")
    return {
        "collections": "/staff",
        "rule": f"/staff/collections/{race}",
        "assessment": f"/staff/collections/{club}",
        "photos": f"/staff/collections/{race}/photos",
        "photo": f"/staff/photos/{one_photo}",
        "sources": "/staff/sources",
        "source": f"/staff/sources/{source}",
        "jobs": "/staff/jobs",
        "job": "/staff/jobs/1",
        "people": "/staff/people",
        "person": f"/staff/people/{one}",
        "merge": f"/staff/merge?kept={one}&other={two}",
        "steps": "/staff/steps",
        "search": "/staff/search?q=hopper",
        "review": "/staff/review",
        "due": "/staff/due",
        "demand": f"/staff/demands/{demanded}",
        "answered": f"/staff/demands/{answered}",
        "log": "/staff/log",
    }


@pytest.mark.parametrize("look", EVERY_LOOK, ids=str)
def test_every_screen_is_accessible(
    browser: "Browser", desk: Desk, look: Look, pytestconfig: pytest.Config
) -> None:
    """axe-core objects to nothing, and no screen is wider than its window."""
    kept = pytestconfig.cache.mkdir("screens-desk")
    found = {}
    with at_desk(browser, desk, look) as page:
        for name, path in screens(desk).items():
            page.goto(path)
            if name != "jobs":  # it listens as long as it is open
                page.wait_for_load_state("networkidle")
            page.screenshot(path=kept / f"{look.size}-{look.scheme}-{name}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found[name] = [*violations(page), *(["wider than the window"] if wide else [])]
    assert {name: one for name, one in found.items() if one} == {}


@pytest.mark.promise("P12")
def test_the_review_goes_by_keys(browser: "Browser", desk: Desk) -> None:
    """N, then Z: the same question again. Y, U: others; Z and Z: the first one again."""
    with at_desk(browser, desk, Look("desktop")) as page:
        page.goto("/staff/review")
        asked = page.locator("form.question input[name=sighting]")
        first = asked.get_attribute("value")

        def press(key: str, shown: str | None = None) -> str:
            before = asked.get_attribute("value")
            page.keyboard.press(key)
            page.wait_for_function(
                "before => document.querySelector('form.question input').value !== before",
                arg=before,
            )
            del shown
            return asked.get_attribute("value") or ""

        assert press("n") != first
        assert press("z") == first
        second = press("y")
        third = press("u")
        assert len({first, second, third}) == 3
        assert press("z") == second
        assert press("z") == first


def test_the_mark_lies_on_the_face(browser: "Browser", desk: Desk) -> None:
    """The box of a question is where the catalog has it, on the picture as it is shown."""
    with at_desk(browser, desk, Look("desktop")) as page:
        page.goto("/staff/review")
        which = page.locator("form.question input[name=sighting]").get_attribute("value")
        with by_hand(desk.library) as tx:
            x1, y1, x2, y2, width, height = tx.execute(
                text(
                    "select x1, y1, x2, y2, width, height"
                    " from sighting join face on face.id = face_id"
                    " join photo on photo.id = sighting.photo_id where sighting.id = :which"
                ),
                {"which": which},
            ).one()
        picture = page.locator(".look svg image").bounding_box()
        mark = page.locator(".look svg rect").bounding_box()
        assert picture is not None
        assert mark is not None
        scale = picture["width"] / width
        assert picture["height"] / height == pytest.approx(scale, rel=0.02)
        middle = mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2
        truth = picture["x"] + (x1 + x2) / 2 * scale, picture["y"] + (y1 + y2) / 2 * scale
        assert middle == pytest.approx(truth, abs=2)


def test_buckets_fill_themselves_when_they_come_into_view(browser: "Browser", desk: Desk) -> None:
    """A large collection is one page, of which only what is looked at is asked for."""
    _multiply(desk.library)
    with at_desk(browser, desk, Look("desktop")) as page:
        page.goto(screens(desk)["photos"])
        buckets = page.locator(".bucket")
        assert buckets.count() == BUCKETS
        last = page.locator(".bucket").last
        high = page.evaluate("document.documentElement.scrollHeight")
        assert last.get_attribute("data-empty") is not None
        last.scroll_into_view_if_needed()
        last.locator(".rows").wait_for()
        page.wait_for_load_state("networkidle")
        grown = page.evaluate("document.documentElement.scrollHeight")
        assert grown == pytest.approx(high, rel=0.35)


def test_the_desk_works_without_javascript(browser: "Browser", desk: Desk) -> None:
    """Review, undo, a rule with its form, a merge and back: buttons and pages alone."""
    with at_desk(browser, desk, Look("phone", javascript=False)) as page:
        page.goto("/staff/review")
        asked = page.locator("form.question input[name=sighting]")
        first = asked.get_attribute("value")
        page.locator("button[value=no]").click()
        assert asked.get_attribute("value") != first
        page.locator("button[value=undo]").click()
        assert asked.get_attribute("value") == first
        page.goto(screens(desk)["assessment"])
        for name in QUESTIONS:
            page.locator(f"#a-{name}").fill("A sentence of its own, that answers this.")
        page.locator("section[aria-labelledby=dpia-h] button").click()
        page.locator("#ground").fill("notice at the entrance")
        page.locator("#rule button.primary").click()
        page.locator("#rule button.danger").wait_for()
        page.goto(screens(desk)["merge"])
        page.locator("#why").fill("she said so at the desk")
        page.locator("form.card button.primary").click()
        page.wait_for_url("**/staff/steps")
        page.locator("li form button").first.click()
        assert page.locator("li").first.locator("form").count() == 0


def _multiply(library: Path) -> None:
    """More photos of the first one's preview, each at a place of its own."""
    with Library.open(library) as opened, opened._database.write() as tx:
        one = tx.execute(select(photo).limit(1)).one()._asdict()
        place = tx.execute(select(item).where(item.c.photo_id == one["id"])).one()._asdict()
        for number in range(COPIES):
            another = one | {
                "id": f"i_{number:016}",
                "digest": f"{number:064}",
                "moment": f"2030-01-01T{number // 60:02}:{number % 60:02}:00",
            }
            beside = place | {
                "id": 10_000 + number,
                "photo_id": another["id"],
                "locator": f"more/{number}.jpg",
            }
            tx.execute(insert(photo).values(another))
            tx.execute(insert(item).values(beside))
