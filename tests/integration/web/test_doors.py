"""The doors in process: set-up, sign-in, links, proving again, and one's own account."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient

from countenance.accounts import oidc
from countenance.accounts.logins import FRESH, IDLE
from countenance.accounts.passwords import Passwords
from countenance.accounts.roles import Role
from countenance.catalog.signins import Session
from countenance.library import Library
from countenance.web.account.session import site_of, way_back
from countenance.web.app import make_app
from tests.fakes.authenticator import Authenticator
from tests.fakes.door import OTHER, PASSWORD, Door
from tests.fakes.gala import open_library
from tests.fakes.provider import CLIENT, SECRET, provider
from tests.fakes.vision import FakeVision

ADA, BO = "ada@club.example", "bo@club.example"
AT = "https://faces.example"
OWN = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "__Host-session"


@dataclass(slots=True)
class House:
    """A library, its pages under an address of their own, and browsers before them."""

    door: Door
    app: FastAPI
    libraries: list[Library]

    def browser(self, address: str = AT) -> TestClient:
        return TestClient(self.app, address, headers=OWN, raise_server_exceptions=False)

    def signed_in(self, login: str, *roles: Role) -> TestClient:
        """The browser of somebody new, who came by their link."""
        client = self.browser()
        code = self.door.add(login, *roles).link.code
        assert client.post(f"/link/{code}", data={"password": PASSWORD}).status_code == 200
        return client

    def sessions(self, login: str) -> list[Session]:
        return self.door.library.sessions(login)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    door = Door.make(tmp_path)
    libraries: list[Library] = []

    def opened() -> Library:
        made = open_library(tmp_path / "library", door.clock, FakeVision())
        made.__dict__["_passwords"] = Passwords(door.cost)
        libraries.append(made)
        return made

    app = make_app(opened, address=AT, threads=1)
    yield House(door, app, libraries)
    app.state.web.close()
    door.library.close()


def token(client: TestClient) -> str:
    return client.cookies[COOKIE]


# --- the first owner ------------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_the_code_of_the_server_makes_the_first_owner(house: House) -> None:
    """Who types it sees the desk at once; it is good once, and nobody else is let in by it."""
    link = house.door.library.set_up_code()
    assert link is not None
    client, other = house.browser(), house.browser()
    said = {"code": link.code, "login": ADA, "name": "Ada", "password": PASSWORD}
    heard = client.post("/set-up", data=said | {"password": "short"})
    assert heard.status_code == 422
    assert ("short" in heard.text, ADA in heard.text) == (False, True)
    heard = client.post("/set-up", data=said, follow_redirects=False)
    assert (heard.status_code, heard.headers["location"]) == (303, "/staff")
    assert client.get("/staff").status_code == 200
    assert client.get("/staff/log").status_code == 200
    heard = other.post("/set-up", data=said | {"login": BO})
    assert (heard.status_code, COOKIE in other.cookies) == (401, False)
    assert [one.login for one in house.door.library.accounts()] == [ADA]


# --- by password ----------------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_the_cookie_is_for_our_own_pages_alone(house: House) -> None:
    """No script reads it, no other site sends it, no other server of the domain sets it."""
    house.door.own()
    client = house.browser()
    heard = client.post(
        "/sign-in", data={"login": ADA, "password": PASSWORD}, follow_redirects=False
    )
    assert heard.headers["location"] == "/account"
    (said,) = heard.headers.get_list("set-cookie")
    parts = {part.strip().lower() for part in said.split(";")[1:]}
    assert said.startswith("__Host-session=")
    assert parts == {"httponly", "path=/", "samesite=strict", "secure"}
    assert "Ada" in client.get("/account").text


@pytest.mark.promise("P34")
def test_whoever_is_not_let_in_is_told_one_thing(house: House) -> None:
    """A wrong password and an account that there is not: the same page, word for word."""
    house.door.own()
    client = house.browser()
    heard = [
        client.post("/sign-in", data={"login": login, "password": "no such password"})
        for login in (ADA, "eve@club.example")
    ]
    assert {one.status_code for one in heard} == {401}
    assert heard[0].text.replace(ADA, "X") == heard[1].text.replace("eve@club.example", "X")
    assert COOKIE not in client.cookies


def test_a_password_is_taken_as_it_was_typed(house: House) -> None:
    """Space around it is of it."""
    client = house.browser()
    code = house.door.add(BO).link.code
    client.post(f"/link/{code}", data={"password": f" {PASSWORD} "})
    other = house.browser()
    assert other.post("/sign-in", data={"login": BO, "password": PASSWORD}).status_code == 401
    said = {"login": BO, "password": f" {PASSWORD} "}
    assert other.post("/sign-in", data=said).status_code == 200


@pytest.mark.promise("P34")
def test_a_try_too_many_is_told_and_not_looked_at(house: House) -> None:
    house.door.own()
    client = house.browser()
    answers = set()
    for number in range(40):
        said = {"login": ADA, "password": f"guess number {number}"}
        answers.add(client.post("/sign-in", data=said).status_code)
    assert answers == {401, 429}
    assert client.post("/sign-in", data={"login": ADA, "password": PASSWORD}).status_code == 429


@pytest.mark.promise("P34")
@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("/staff/search?q=Ada&collection=", "/staff/search?q=Ada&collection="),
        ("//evil.example/staff", "/account"),
        ("/\\evil.example", "/account"),
        ("https://evil.example/", "/account"),
        ("javascript:alert(1)", "/account"),
        ("/\tevil", "/account"),
        ("/\r\nSet-Cookie: a=b", "/account"),
        ("staff", "/account"),
        ("", "/account"),
    ],
)
def test_the_way_back_leads_nowhere_else(house: House, said: str, there: str) -> None:
    """Whoever made the link: after signing in one is on a page of ours."""
    assert way_back(said) == there
    house.door.own()
    heard = house.browser().post(
        "/sign-in", data={"login": ADA, "password": PASSWORD, "to": said}, follow_redirects=False
    )
    assert heard.headers["location"] == there


@pytest.mark.promise("P34")
def test_a_session_ends_at_once(house: House) -> None:
    """Signed out, unused for long, ended elsewhere: the cookie opens nothing any more."""
    for end in ("sign-out", "idle", "account"):
        client = house.signed_in(f"{end}@club.example", Role.STAFF)
        kept = token(client)
        assert client.get("/staff/people").status_code == 200
        if end == "sign-out":
            assert client.post("/sign-out").status_code == 200
            assert COOKIE not in client.cookies
        elif end == "idle":
            house.door.clock.advance(IDLE)
        else:
            house.door.library.end_account(f"{end}@club.example")
        client.cookies.clear()
        client.cookies.set(COOKIE, kept)
        heard = client.get("/staff/people", follow_redirects=False)
        assert (heard.status_code, heard.headers["location"]) == (303, "/sign-in?to=/staff/people")


# --- links ----------------------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_a_link_is_used_up_by_its_form_alone(house: House) -> None:
    """What opens links by itself, as mail does, uses none up; and it is good once."""
    code = house.door.add(BO).link.code
    client, other = house.browser(), house.browser()
    for _ in range(2):
        assert client.get(f"/link/{code}").status_code == 200
    assert client.get("/link/none").text == client.get(f"/link/{code}").text.replace(code, "none")
    assert client.post(f"/link/{code}", data={"password": "short"}).status_code == 422
    assert client.post(f"/link/{code}", data={"password": PASSWORD}).url.path == "/account"
    heard = other.post(f"/link/{code}", data={"password": OTHER})
    assert (heard.status_code, COOKIE in other.cookies) == (401, False)


@pytest.mark.promise("P34")
def test_nothing_is_taken_from_another_site(house: House) -> None:
    """Whatever it changes, and whoever is signed in."""
    client = house.signed_in(BO, Role.STAFF)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    for path in (
        *("/sign-out", "/account/password", "/account/sessions/end", "/sign-in", "/set-up"),
        *("/account/passkeys/begin", "/sign-in/passkey/begin", "/prove", "/link/x"),
    ):
        assert client.post(path, headers=foreign).status_code == 403
    assert client.get("/account").status_code == 200


# --- one's own account ----------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_nobody_ends_what_is_anothers(house: House) -> None:
    """By whatever id: it is as if there were none."""
    ada, bo = house.signed_in(ADA, Role.OWNER), house.signed_in(BO, Role.OWNER)
    key = make_passkey(ada, "phone")
    (session,) = house.sessions(ADA)
    for path in (f"/account/sessions/{session.id}/end", f"/account/passkeys/{key}/end"):
        assert bo.post(path).status_code == 404
        nobody = house.browser().post(path, follow_redirects=False)
        assert nobody.headers["location"] == "/sign-in?to=/account"
    assert ada.get("/account").status_code == 200
    assert [one.id for one in house.door.library.passkeys(ADA)] == [key]
    assert session.id not in bo.get("/account").text
    assert ada.post(f"/account/passkeys/{key}/end").status_code == 200
    assert house.door.library.passkeys(ADA) == []


def test_sessions_are_seen_and_ended(house: House) -> None:
    client, other = house.signed_in(BO, Role.STAFF), house.browser()
    other.headers["User-Agent"] = "A phone <b>"
    other.post("/sign-in", data={"login": BO, "password": PASSWORD})
    assert "A phone &lt;b&gt;" in client.get("/account").text
    away = next(one for one in house.sessions(BO) if one.agent.startswith("A phone"))
    assert client.post(f"/account/sessions/{away.id}/end").status_code == 200
    assert other.get("/account", follow_redirects=False).status_code == 303
    other.post("/sign-in", data={"login": BO, "password": PASSWORD})
    client.post("/account/sessions/end")
    assert len(house.sessions(BO)) == 1
    (here,) = house.sessions(BO)
    assert client.post(f"/account/sessions/{here.id}/end").url.path == "/"
    assert house.sessions(BO) == []


@pytest.mark.promise("P34")
def test_another_password_signs_out_everywhere_else(house: House) -> None:
    client, other = house.signed_in(BO, Role.STAFF), house.browser()
    other.post("/sign-in", data={"login": BO, "password": PASSWORD})
    before = token(client)
    heard = client.post("/account/password", data={"old": "not it at all", "new": OTHER})
    assert (heard.status_code, "That is not your password" in heard.text) == (401, True)
    assert client.post("/account/password", data={"old": PASSWORD, "new": "x"}).status_code == 422
    heard = client.post("/account/password", data={"old": PASSWORD, "new": OTHER})
    assert "You have a new password" in heard.text
    assert token(client) != before
    assert other.get("/account", follow_redirects=False).status_code == 303


@pytest.mark.promise("P34")
def test_after_a_while_they_show_once_more_who_they_are(house: House) -> None:
    """For what needs it, by password or passkey; then it goes on from where they were."""
    client = house.signed_in(BO, Role.STAFF)
    key = make_passkey(client, "phone")
    house.door.clock.advance(FRESH)
    heard = client.post(f"/account/passkeys/{key}/end", follow_redirects=False)
    assert (heard.status_code, heard.headers["location"]) == (303, "/prove?to=/account")
    heard = client.post("/account/passkeys/begin")
    assert (heard.status_code, heard.json()) == (401, {"to": "/prove?to=/account"})
    assert client.post("/prove", data={"password": "not it at all"}).status_code == 401
    assert client.post(f"/account/passkeys/{key}/end").url.path == "/prove"
    heard = client.post("/prove", data={"password": PASSWORD, "to": "/account"})
    assert heard.url.path == "/account"
    assert client.post(f"/account/passkeys/{key}/end").url.path == "/account"
    assert house.door.library.passkeys(BO) == []


# --- passkeys and providers -----------------------------------------------------------------------

_DEVICES: dict[str, Authenticator] = {}


def make_passkey(client: TestClient, name: str) -> str:
    """Make one on a new device; its id, as the page has it."""
    device = _DEVICES[name] = Authenticator(AT)
    options = client.post("/account/passkeys/begin").text
    made = client.post("/account/passkeys", data={"answer": device.make(options), "name": name})
    assert made.json() == {"to": "/account?done=passkey"}
    found = re.findall(r"/account/passkeys/(\w+)/end", client.get("/account").text)
    assert len(found) == 1
    return str(found[0])


@pytest.mark.promise("P34")
def test_a_passkey_lets_in_the_browser_that_asked(house: House) -> None:
    """Not another with the same answer; and not twice."""
    make_passkey(house.signed_in(BO, Role.STAFF), "phone")
    device, client, thief = _DEVICES["phone"], house.browser(), house.browser()
    answer = device.sign(client.post("/sign-in/passkey/begin").text)
    assert thief.post("/sign-in/passkey", data={"answer": answer}).status_code == 401
    answer = device.sign(client.post("/sign-in/passkey/begin").text)
    thief.post("/sign-in/passkey/begin")
    assert thief.post("/sign-in/passkey", data={"answer": answer}).status_code == 401
    answer = device.sign(client.post("/sign-in/passkey/begin").text)
    heard = client.post("/sign-in/passkey", data={"answer": answer, "to": "//evil.example"})
    assert heard.json() == {"to": "/account"}
    assert BO in client.get("/account").text
    assert client.post("/sign-in/passkey", data={"answer": answer}).status_code == 401
    answer = device.sign(client.post("/prove/passkey/begin").text)
    heard = client.post("/prove/passkey", data={"answer": answer, "to": "/staff"})
    assert heard.json() == {"to": "/staff"}


@pytest.mark.parametrize(
    ("address", "asked", "origin"),
    [
        (AT, AT, AT),
        (AT, "http://localhost:8765", "http://localhost:8765"),
        (AT, "http://127.0.0.1:8765", None),
        ("", "http://127.0.0.1:8765", None),
        ("", "http://faces.example", None),
        ("http://127.0.0.1:8765", "http://localhost:8765", "http://localhost:8765"),
    ],
)
def test_passkeys_are_for_one_site(
    house: House, address: str, asked: str, origin: str | None
) -> None:
    """That of the setting, or this machine as `localhost`; elsewhere there are none."""
    web = replace(house.app.state.web, address=address)
    house.app.state.web = web
    scheme, _, host = asked.partition("://")
    found = site_of(
        Request(
            {
                "type": "http",
                "scheme": scheme,
                "path": "/",
                "query_string": b"",
                "headers": [(b"host", host.encode())],
                "app": house.app,
            }
        )
    )
    assert (found.origin if found else None) == origin


@pytest.mark.promise("P34")
def test_the_way_back_from_a_provider(house: House) -> None:
    """It is the browser that was sent there; the session's cookie is as strict as ever."""
    assert "/sign-in/provider" not in house.browser().get("/sign-in").text
    with provider(house.door.clock) as other:
        (library,) = house.libraries
        library.__dict__["provider"] = oidc.Provider(other.issuer, CLIENT, SECRET, ())
        house.door.add("cy@club.example", Role.STAFF)
        client, thief = house.browser(), house.browser()
        assert 'href="/sign-in/provider"' in client.get("/sign-in").text
        sent = client.get("/sign-in/provider", follow_redirects=False)
        (said,) = sent.headers.get_list("set-cookie")
        assert (said.startswith("__Host-provider="), "SameSite=lax" in said) == (True, True)
        state, code = other.visit(sent.headers["location"])
        back = {"state": state, "code": code}
        assert thief.get("/sign-in/provider/back", params=back).status_code == 401
        heard = client.get(
            "/sign-in/provider/back", params=back, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert (heard.status_code, heard.headers["refresh"]) == (200, "0; url=/account")
        assert "SameSite=strict" in heard.headers["set-cookie"]
        assert "cy@club.example" in client.get("/account").text
        assert client.get("/sign-in/provider/back", params=back).status_code == 401


def test_every_page_opens_in_every_language(house: House) -> None:
    client = house.signed_in(BO, Role.STAFF)
    for path in ("/sign-in", "/set-up", "/link/x", "/prove", "/account", "/staff/log"):
        for tag in ("en", "sv"):
            heard = client.get(path, params={"lang": tag})
            assert f'<html lang="{tag}">' in heard.text
            assert heard.status_code == (403 if path == "/staff/log" else 200)
