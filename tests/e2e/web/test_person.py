"""The person's pages in a real browser: every flow, with and without JavaScript."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from countenance.demo.pictures import Portraits
from tests.e2e.conftest import Run
from tests.e2e.web.conftest import SIZES, Look, Open, Server, violations
from tests.fakes.gala import by_hand

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPTED = [Look("phone", "light", "en"), Look("desktop", "dark", "sv")]
PLAIN = [
    Look("phone", "dark", "sv", javascript=False),
    Look("desktop", "light", "en", javascript=False),
]
HOPPER_IN = 9
"""Photos of the demo."""

HOPPER_SHOWN = 8
"""As her page shows them: two are near-duplicates, and stand there as one."""


def agree(page: "Page", server: Server, name: str, *ticks: str) -> None:
    """The first page, filled in and sent."""
    page.goto(server.invitation)
    for one in ticks:
        page.check(f"[name={one}]")
    page.check("[value=adult]")
    page.fill("[name=name]", name)
    page.click("button.primary")


def by_file(page: "Page", picture: Path) -> str:
    """The second page, with a file, and its picture used. Gives the address that it led to."""
    show_file(page, picture)
    page.click("[name=use]")
    page.wait_for_url("**/me/**")
    return page.url.partition("?")[0]


def show_file(page: "Page", picture: Path) -> None:
    """A picture is chosen, and looked at."""
    page.set_input_files("[name=picture]", picture)
    page.click("text=/Look at this photo|Titta på det här fotot/")


def all_found(page: "Page") -> None:
    page.wait_for_selector(f".rows:has(.copies) > li:nth-child({HOPPER_SHOWN})")


def pictures(page: "Page") -> int:
    """How many pictures are on the page, each in all its places."""
    page.wait_for_load_state("domcontentloaded")  # a click returns before all of the page is read
    places = [int(one.split()[1]) for one in page.locator(".copies").all_text_contents()]
    return page.locator(".rows > li").count() + sum(places) - len(places)


def seen_with_its_face(page: "Page") -> None:
    """The picture that was given is on the page, whole, and a box marks a face in it."""
    picture = page.locator("#given svg image").bounding_box()
    box = page.locator("#given rect.box").bounding_box()
    assert picture is not None
    assert box is not None
    assert picture["x"] < box["x"] < box["x"] + box["width"] < picture["x"] + picture["width"]
    assert 0.1 < box["height"] / picture["height"] < 1
    assert fits(page)


def fits(page: "Page") -> bool:
    """Whether nothing is wider than the page."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("look", SCRIPTED, ids=str)
@pytest.mark.promise("P16")
def test_by_camera(opened: Open, server: Server, look: Look) -> None:
    """From the invitation to one's pictures, which come while the page is open; and out again."""
    with opened(look) as page:
        agree(page, server, "Grace", "find", "tell")
        page.click("[data-do=start]")
        page.click("[data-do=take]")
        page.wait_for_selector("[name=use]")
        seen_with_its_face(page)
        assert violations(page) == []
        first = page.get_attribute("[name=use]", "value")
        page.click("[data-do=start]")
        page.click("[data-do=take]")
        page.click(f"[name=use]:not([value='{first}'])")
        page.wait_for_url("**/me/**")
        page.wait_for_selector("#progress .message", state="detached")
        all_found(page)
        own = page.url.partition("?")[0]
        page.click(".rows a[data-pswp-src] >> nth=0")
        page.wait_for_selector(".pswp__img")
        page.keyboard.press("Escape")
        page.goto(f"{own}/leave")
        page.click("button.danger")
        page.wait_for_url("**/receipt/**")
        assert page.locator(".levels .status.yes").count() == 5
        assert page.request.get(own).status == 404


@pytest.mark.parametrize("look", PLAIN, ids=str)
@pytest.mark.promise("P16")
def test_by_file_without_scripts(
    opened: Open, server: Server, look: Look, portraits: Portraits, tmp_path: Path
) -> None:
    """The same by forms alone: a poor picture is told, a good one found, a no is final."""
    with opened(look) as page:
        agree(page, server, "Grace", "find")
        assert not page.is_visible("#camera")
        empty = tmp_path / "words.jpg"
        empty.write_text("no picture")
        show_file(page, empty)
        assert page.locator("#poor li").count() == 1
        show_file(page, portraits.hopper)
        seen_with_its_face(page)
        own = by_file(page, portraits.hopper)
        for _ in range(200):
            page.goto(own)
            if pictures(page) == HOPPER_IN:
                break
            page.wait_for_timeout(100)
        assert page.locator(".rows > li").count() == HOPPER_SHOWN
        page.click(".more >> nth=0")
        page.click("button.danger")
        assert pictures(page) == HOPPER_IN - 1
        with page.expect_download() as download:
            page.click("a[download]")
        with zipfile.ZipFile(download.value.path()) as taken:
            assert len(taken.namelist()) == HOPPER_IN - 1
        page.click("nav >> text=/Delete me|Radera mig/")
        page.click("button.danger")
        assert "/receipt/" in page.url
        assert page.request.get(own).status == 404


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.promise("P18")
def test_without_a_face(opened: Open, server: Server, *, javascript: bool) -> None:
    """Nobody's face is measured: a picture is looked up, and said to be of oneself."""
    with opened(Look(javascript=javascript)) as page:
        agree(page, server, "Nobody", "find")
        page.click("[name=without]")
        page.wait_for_url("**/me/**")
        assert page.locator(".rows").count() == 0
        page.click("nav >> text=Other ways")
        page.click(".rows a >> nth=0")
        page.click("button[name=face] >> nth=0")
        page.wait_for_url(re.compile("/me/[^/]+$"))
        assert page.locator(".rows li").count() == 1
        page.click("nav >> text=Delete me")
        page.click("button.danger")


@pytest.fixture
def grace(opened: Open, server: Server, portraits: Portraits) -> Iterator[str]:
    """Somebody enrolled, by the address of their page."""
    with opened(Look()) as page:
        agree(page, server, "Rear Admiral", "find", "publish")
        own = by_file(page, portraits.hopper)
        all_found(page)
    yield own
    with opened(Look()) as page:
        page.goto(f"{own}/leave")
        page.click("button.danger")


def test_every_page_can_be_used_by_all(opened: Open, server: Server, grace: str) -> None:
    """No violation that axe-core knows, and nothing wider than the page: in every look."""
    for size in SIZES:
        for scheme, language in (("light", "sv"), ("dark", "en")):
            with opened(Look(size, scheme, language)) as page:
                page.goto(grace)
                all_found(page)
                paths = [
                    *("/", server.invitation, grace, f"{grace}/face"),
                    *(f"{grace}/other", f"{grace}/leave"),
                    str(page.get_attribute(".more", "href")),
                ]
                page.goto(f"{grace}/other")
                paths.append(str(page.get_attribute(".rows a", "href")))
                for path in paths:
                    page.goto(path)
                    page.evaluate(OPEN_ALL)
                    assert violations(page) == [], path
                    assert fits(page), path
                    small = page.evaluate(SMALL_TARGETS)
                    assert small == [], path


OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"

SMALL_TARGETS = """
[...document.querySelectorAll("main :is(button, input:not([type=hidden]), a.button), header a")]
  .filter(one => one.checkVisibility() && !["checkbox", "radio"].includes(one.type))
  .filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML)
"""


def test_the_box_is_on_the_face(opened: Open, server: Server, grace: str, run: Run) -> None:
    """A box over a photo sits on the pixels it was found in, however wide the page is."""
    found = run("find", "Rear Admiral", "--json", "--library", server.library).json["sightings"]
    for size in SIZES:
        with opened(Look(size)) as page:
            page.goto(grace)
            for one in found[:4]:
                page.goto(f"{grace}/photo/{one['id']}")
                drawn = page.locator("rect.box").bounding_box()
                shown = page.locator("svg image").bounding_box()
                assert drawn is not None
                assert shown is not None
                assert shown["width"] > 0
                width = page.evaluate(NATURAL_WIDTH, f"{grace}/picture/{one['id']}/whole")
                scale = shown["width"] / width
                x1, y1, x2, y2 = one["box"]
                middle = ((x1 + x2) / 2 * scale, (y1 + y2) / 2 * scale)
                assert abs(drawn["x"] + drawn["width"] / 2 - shown["x"] - middle[0]) < 2
                assert abs(drawn["y"] + drawn["height"] / 2 - shown["y"] - middle[1]) < 2


NATURAL_WIDTH = """
async (url) => {
  const one = new Image();
  one.src = url;
  await one.decode();
  return one.naturalWidth;
}
"""


def test_the_keyboard_goes_everywhere(opened: Open, server: Server) -> None:
    """The first key leads past the bar; every control is reached, and is seen to be."""
    with opened(Look()) as page:
        page.goto(server.invitation)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == "find"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def test_the_first_page_is_small(opened: Open, server: Server) -> None:
    """All that the first load of an invitation brings over the wire, compressed as it comes."""
    with opened(Look()) as page:
        brought: list[int] = []
        page.on("response", lambda one: brought.append(one.request.sizes()["responseBodySize"]))
        page.goto(server.invitation, wait_until="networkidle")
        assert 0 < sum(brought) < 40_000
        assert all(one.startswith(server.url) for one in page.evaluate(RESOURCES))


RESOURCES = "performance.getEntriesByType('resource').map(one => one.name)"


@pytest.mark.parametrize("look", [*SCRIPTED, PLAIN[0]], ids=str)
def test_questions_are_answered(opened: Open, server: Server, grace: str, look: Look) -> None:
    """Yes, no, not sure; the page stays where it is, and the keyboard goes on at the next one."""
    with by_hand(server.library) as tx:
        # The model is sure of all that is here: of three it shall not be.
        tx.exec_driver_sql(
            "UPDATE sighting SET band = 'likely' WHERE id IN (SELECT sighting.id FROM sighting "
            "JOIN person ON person.id = person_id WHERE name = 'Rear Admiral' LIMIT 3)"
        )
    with opened(look) as page:
        page.goto(grace)
        if look.javascript:
            assert violations(page) == []
        assert fits(page)
        for word, left in (("unsure", 3), ("yes", 2), ("no", 1)):
            answer = page.locator(f".asks button[value={word}]").first
            answer.focus()
            page.keyboard.press("Enter")
            page.wait_for_selector(f".asks li:nth-child({left + 1})", state="detached")
            page.wait_for_selector(f".asks li:nth-child({left})")
            if look.javascript and word != "unsure":
                page.wait_for_selector(".asks button:focus")
        assert pictures(page) == HOPPER_IN - 2
