"""The pages for the public in a real browser: axe on each, a demand with and without JavaScript."""

import pytest

from tests.e2e.web.conftest import EVERY_LOOK, Look, Open, violations

SCREENS = {
    "home": "/",
    "permission": "/permission",
    "takedown": "/takedown",
    "retention": "/retention",
    "notices": "/notices",
    "accessibility": "/accessibility",
}


@pytest.mark.parametrize("look", EVERY_LOOK, ids=str)
def test_every_screen_is_accessible(opened: Open, look: Look, pytestconfig: pytest.Config) -> None:
    """axe-core objects to nothing, and no screen is wider than its window."""
    kept = pytestconfig.cache.mkdir("screens-public")
    found = {}
    with opened(look) as page:
        for name, path in SCREENS.items():
            page.goto(path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=kept / f"{look.size}-{look.scheme}-{name}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found[name] = [*violations(page), *(["wider than the window"] if wide else [])]
    assert {name: one for name, one in found.items() if one} == {}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_demand_is_sent_and_followed(
    opened: Open, pytestconfig: pytest.Config, *, script: bool
) -> None:
    """What is missing is said, what was typed stays; then it has a number and a day."""
    kept = pytestconfig.cache.mkdir("screens-public")
    with opened(Look("phone", javascript=script)) as page:
        page.goto("/takedown")
        page.locator("#places").fill("https://faces.example/one.jpg")
        page.locator("main button.primary").click()
        assert page.locator("#lack-reasons").is_visible()
        assert page.locator("#places").input_value() == "https://faces.example/one.jpg"
        page.screenshot(path=kept / "phone-light-lacking.png", full_page=True)
        if script:
            assert violations(page) == []
        page.locator("#reasons").fill("It shows my child, and nobody asked us.")
        page.locator("#name").fill("Eva Ek")
        page.locator("#mail").fill("eva@example.org")
        page.locator("[name=good_faith]").check()
        page.locator("main button.primary").click()
        page.wait_for_url("**/takedown/dn_*")
        page.screenshot(path=kept / "phone-light-demand.png", full_page=True)
        if script:
            assert violations(page) == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_number_that_is_none_has_no_permission(opened: Open, *, script: bool) -> None:
    with opened(Look("phone", javascript=script)) as page:
        page.goto("/permission")
        page.locator("#number").fill("x_0000000000000000")
        page.locator("form:has(#number) button").click()
        assert page.locator(".message.no").is_visible()
        assert page.locator(".message.yes").count() == 0
