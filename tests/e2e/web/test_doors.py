"""The doors in a real browser: the first owner, a passkey of a virtual device, axe on each page."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@contextmanager
def served(
    run: Run,
    program: Path,
    environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, str]]:
    """Where a server without an owner says that it listens, and its code."""
    library = tmp_path_factory.mktemp("door") / "library"
    run("init", library)
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
        yield url, code_of(process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def door(
    run: Run,
    program: Path,
    environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, str]]:
    """Where a server without an owner says that it listens, and its code."""
    with served(run, program, environment, tmp_path_factory) as where:
        yield where


@pytest.fixture(scope="module")
def house(
    run: Run,
    program: Path,
    environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Where a server listens that has an owner."""
    with served(run, program, environment, tmp_path_factory) as (url, code):
        set_up(url, code)
        yield url


def context_of(browser: "Browser", url: str, look: Look) -> "BrowserContext":
    context = browser.new_context(
        base_url=url,
        viewport=SIZES[look.size],  # type: ignore[arg-type]
        color_scheme=look.scheme,  # type: ignore[arg-type]
        locale={"en": "en-GB", "sv": "sv-SE"}[look.language],
        java_script_enabled=look.javascript,
    )
    context.set_default_timeout(PATIENCE)
    return context


def sign_in(page: "Page") -> None:
    page.goto("/sign-in")
    page.locator("#login").fill(LOGIN)
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/account")


@pytest.mark.promise("P34")
def test_from_the_first_start_to_a_passkey(browser: "Browser", door: tuple[str, str]) -> None:
    """The code makes an owner; a device makes a passkey, and lets them in by it; all of it ends."""
    url, code = door
    by_number = url.replace("localhost", "127.0.0.1")
    context = context_of(browser, url, Look("phone"))
    page = context.new_page()
    page.goto(
        f"{by_number}/sign-in"
    )  # It is answered too, but browsers give passkeys to no number.
    assert page.locator("#login").is_visible()
    assert page.get_by_role("button", name="Sign in with a passkey").count() == 0
    page.goto("/staff")
    page.wait_for_url("**/sign-in?to=/staff")
    page.goto("/set-up")
    for name, text in (("code", code), ("login", LOGIN), ("name", "Ada"), ("password", PASSWORD)):
        page.locator(f"#{name}").fill(text)
    page.locator("main button").click()
    page.wait_for_url(f"{url}/staff")
    wire = context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto("/account")
    page.locator("#called").fill("the phone")
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url("**/account?done=passkey")
    assert page.locator("strong", has_text="the phone").is_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{url}/")
    page.goto("/staff/log")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{url}/staff/log")
    page.goto("/prove?to=/staff")
    page.get_by_role("button", name="Show it with a passkey").click()
    page.wait_for_url(f"{url}/staff")
    page.goto("/account")
    page.get_by_role("button", name="Take it off the phone").click()
    page.wait_for_url("**/account?done=passkey-ended")
    context.close()


@pytest.mark.parametrize("look", EVERY_LOOK, ids=str)
def test_every_door_is_accessible(
    browser: "Browser", house: str, look: Look, pytestconfig: pytest.Config
) -> None:
    """axe-core objects to nothing, and nothing is wider than its window."""
    kept = pytestconfig.cache.mkdir("screens-doors")
    context = context_of(browser, house, look)
    page = context.new_page()
    found = {}

    def see(name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=kept / f"{look.size}-{look.scheme}-{name}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        found[name] = [*violations(page), *(["wider than the window"] if wide else [])]

    for name, path in {"sign-in": "/sign-in", "set-up": "/set-up", "link": "/link/x"}.items():
        page.goto(path)
        see(name)
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.locator("[role=alert]").wait_for()
    see("link-over")
    sign_in(page)
    for name, path in {"account": "/account", "prove": "/prove", "desk": "/staff"}.items():
        page.goto(path)
        see(name)
    context.close()
    assert {name: one for name, one in found.items() if one} == {}


def test_signing_in_works_without_javascript(browser: "Browser", house: str) -> None:
    """And what needs it is not shown."""
    context = context_of(browser, house, Look("phone", javascript=False))
    page = context.new_page()
    sign_in(page)
    assert not page.get_by_role("button", name="Make a passkey").is_visible()
    page.locator("form[action='/sign-out'] button").click()
    page.goto("/account")
    page.wait_for_url("**/sign-in?to=/account")
    assert not page.get_by_role("button", name="Sign in with a passkey").is_visible()
    context.close()
