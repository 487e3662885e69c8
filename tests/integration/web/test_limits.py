"""How often each door can be tried from one address: by a clock of the test, for every route."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from countenance.accounts.passwords import Cost, Passwords
from countenance.accounts.roles import Role
from countenance.library import Joining, Library
from countenance.people.purpose import Purpose
from countenance.web.app import make_app
from countenance.web.public.demand import DEMANDS
from countenance.web.rates import GUESSES, MESSAGES, PICTURES, Rate, Rates
from tests.fakes.clock import FakeClock
from tests.fakes.door import sign_in
from tests.fakes.gala import COLLECTION, Gala, open_library
from tests.fakes.routes import routes
from tests.fakes.vision import FakeVision

HERE, NEXT_DOOR = "192.0.2.7", "192.0.2.8"
OWN = {"Sec-Fetch-Site": "same-origin"}
CHEAP = Cost(1, 64, 1)

LIMITED: dict[str, Rate] = {
    # Whoever guesses a code, a password, a link, a number or a file.
    "POST /set-up": GUESSES,
    "POST /sign-in": GUESSES,
    "POST /sign-in/passkey/begin": GUESSES,
    "POST /sign-in/passkey": GUESSES,
    "GET /sign-in/provider": GUESSES,
    "GET /sign-in/provider/back": GUESSES,
    "POST /link/{code}": GUESSES,
    "POST /prove": GUESSES,
    "POST /prove/passkey/begin": GUESSES,
    "POST /prove/passkey": GUESSES,
    "POST /account/password": GUESSES,
    "POST /permission": GUESSES,
    "GET /takedown/{which}": GUESSES,
    "GET /receipt/{which}": GUESSES,
    "GET /receipt/{which}/receipt.json": GUESSES,
    "GET /receipt/{which}/receipt.pdf": GUESSES,
    "GET /i/{token}": GUESSES,
    "POST /i/{token}": GUESSES,
    "GET /me/{token}": GUESSES,
    "GET /me/{token}/pictures": GUESSES,
    "GET /me/{token}/news": GUESSES,
    "GET /me/{token}/photo/{which}": GUESSES,
    "GET /me/{token}/kept/{number}": GUESSES,
    "GET /me/{token}/picture/{which}/{how}": GUESSES,
    "POST /me/{token}/say": GUESSES,
    "GET /me/{token}/all.zip": GUESSES,
    "GET /me/{token}/face": GUESSES,
    "GET /me/{token}/other": GUESSES,
    "GET /me/{token}/other/{which}": GUESSES,
    "GET /me/{token}/other/{which}/{how}": GUESSES,
    "POST /me/{token}/other/{which}": GUESSES,
    "POST /me/{token}/ask": GUESSES,
    "GET /me/{token}/share": GUESSES,
    "POST /me/{token}/share/{which}/end": GUESSES,
    "GET /s/{token}": GUESSES,
    "GET /s/{token}/{number}": GUESSES,
    "GET /s/{token}/{number}/{how}": GUESSES,
    "GET /i/{token}/given/{key}/{number}": GUESSES,
    "GET /me/{token}/face/given/{key}/{number}": GUESSES,
    "GET /me/{token}/tell": GUESSES,
    "POST /me/{token}/tell": MESSAGES,
    "POST /tell/{code}": GUESSES,
    "GET /me/{token}/leave": GUESSES,
    "POST /me/{token}/leave": GUESSES,
    # Whoever has us look at pictures, or read demands.
    "POST /i/{token}/picture": PICTURES,
    "POST /me/{token}/face": PICTURES,
    "POST /me/{token}/share": PICTURES,
    "POST /staff/search": PICTURES,
    "POST /takedown": DEMANDS,
}

FREE = {
    # What holds no secret, or is for whoever is signed in.
    "GET /",
    "GET /permission",
    "GET /takedown",
    "GET /retention",
    "GET /notices",
    "GET /accessibility",
    "GET /set-up",
    "GET /sign-in",
    "POST /sign-out",
    "GET /prove",
    "GET /link/{code}",  # nothing is looked up
    "GET /tell/{code}",  # the same
    "GET /static/{name:path}",
    "GET /v1/recalls",  # tokens of 256 bits
    "POST /v1/acknowledgements",  # signatures
}

FOR_SIGNED_IN = ("/staff", "/account")

SAID = {
    "POST /me/{token}/say": {"word": "yes", "which": "none"},
    "POST /me/{token}/leave": {"what": "everything"},
    "POST /permission": {"number": "none"},
    "POST /me/{token}/share": {"until": "2026-05-20", "looked": "1", "photo": "none"},
    "POST /takedown": {
        "places": "photo 7",
        "reasons": "I am shown there, and never was asked.",
        "name": "Ada",
        "mail": "ada@example.com",
        "good_faith": "1",
    },
}


@dataclass(slots=True)
class Clock:
    """Stands still until the test moves it."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Doors:
    """The pages, asked from two addresses; both are signed in. The links are real ones."""

    here: TestClient
    next_door: TestClient
    invitation: str
    own: str

    def ask(self, route: str, client: TestClient) -> Response:
        """By a guess; where pictures are counted, by a link that leads somewhere."""
        method, _, path = route.partition(" ")
        real = self.invitation if path.startswith("/i/") else self.own
        token = real if LIMITED[route] in (PICTURES, MESSAGES) else "guess"
        path = path.replace("{token}", token).replace("{how}", "small").replace("{number}", "1")
        path = path.replace("{which}", "none").replace("{code}", "none").replace("{key}", "none")
        data = SAID.get(route) if method == "POST" else None
        return client.request(method, path, data=data, follow_redirects=False)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with ExitStack() as stack:
        gala = stack.enter_context(Gala.make(tmp_path_factory.mktemp("limits")))
        invited = gala.library.invite(COLLECTION).token
        joined = gala.library.join(invited, Joining("Ada", frozenset({Purpose.FIND_ME})))

        def opened() -> Library:
            library = open_library(gala.root, FakeClock(gala.clock.at), FakeVision())
            library.__dict__["_passwords"] = Passwords(CHEAP)
            return library

        app = make_app(opened, threads=1)
        here = stack.enter_context(TestClient(app, client=(HERE, 1), headers=OWN))
        next_door = TestClient(app, client=(NEXT_DOOR, 1), headers=OWN)
        sign_in(here, gala, "bo", Role.STAFF)
        next_door.cookies.update(dict(here.cookies))
        yield Doors(here, next_door, invited, joined.own.token)


def test_every_route_is_limited_or_needs_no_limit(doors: Doors) -> None:
    """A new one says here how often it may be asked, or that it holds no secret."""
    known = set(routes(doors.here.app, programs=False))  # type: ignore[arg-type]
    signed_in = {one for one in known if one.partition(" ")[2].startswith(FOR_SIGNED_IN)}
    assert known - signed_in - LIMITED.keys() == FREE
    assert LIMITED.keys() <= known


@pytest.mark.promise("P10", "P34")
@pytest.mark.parametrize("route", LIMITED)
def test_who_asks_too_often_is_not_heard(doors: Doors, route: str) -> None:
    """So many at once, and one more when its time has come; whoever else asks is heard."""
    rate, clock = LIMITED[route], Clock()
    app, rates = doors.here.app, Rates(clock=clock)
    app.state.web = replace(app.state.web, rates=rates)  # type: ignore[attr-defined]
    for _ in range(rate.burst - 2):
        rates.take(rate, HERE)
    heard = [doors.ask(route, doors.here).status_code for _ in range(3)]
    assert 429 not in heard[:2]
    assert heard[2] == 429
    assert doors.ask(route, doors.next_door).status_code != 429
    clock.now += 60 / rate.per_minute
    heard = [doors.ask(route, doors.here).status_code for _ in range(2)]
    assert heard[0] != 429
    assert heard[1] == 429
