"""A program that asks the API of a small library, by tokens of accounts that it is given."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from fastapi import FastAPI
from fastapi.routing import APIRoute
from httpx2 import Response
from sqlalchemy import update
from starlette.testclient import TestClient

from countenance.accounts.passwords import Passwords
from countenance.accounts.roles import Role, Scope
from countenance.api.app import RESOURCES, explained
from countenance.api.gate import Door as ApiDoor
from countenance.api.problems import AT
from countenance.catalog import tokens
from countenance.catalog.accounts import Belongings
from countenance.catalog.demands import Wording
from countenance.catalog.tables import sighting
from countenance.core.ids import PersonId, SourceId
from countenance.enrol.enrol import Portrait
from countenance.jobs.scanning import ScanState
from countenance.library import Given
from countenance.people.purpose import Purpose, Wish
from countenance.sources.grant import GrantPurpose
from countenance.web.app import make_app
from tests.fakes.clock import FakeClock
from tests.fakes.door import Door
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.gala import A_DAY, Gala, copy_library, open_library
from tests.fakes.vision import FakeVision, picture

ADA, BO, ZED = 1, 2, 3
EVERY_SCOPE = frozenset(Scope)


def routes() -> dict[str, ApiDoor]:
    """Every route of the API, by its method and path."""
    found = {}
    for router in (*(one.router for one in RESOURCES), explained):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            assert isinstance(route, ApiDoor), route.path
            (method,) = route.methods or {""}
            found[f"{method} {route.path}"] = route
    return found


@dataclass(slots=True)
class Here:
    """
    A library with something of each kind in it: two collections, of which the second is `away`.

    In `gala` Ada is, who may be found by staff and published, with Eve, who may not; and there is
    a question. Zed was published and has withdrawn. `ids` names one of each kind, by the folder in
    the paths of the API; those of the second collection are in `others`.
    """

    echo: Echo
    ada: PersonId
    own_link: str
    ids: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, below: Path) -> Self:
        echo = Echo.make(below)
        gala = echo.gala
        gala.put("a.jpg", ADA)
        gala.put("b.jpg", ADA, BO)
        gala.put("z.jpg", ZED)
        (gala.folder / "broken.jpg").write_bytes(b"no picture")
        away = below / "away"
        away.mkdir()
        (away / "c.jpg").write_bytes(picture(ADA, salt=9))
        (away / "d.jpg").write_bytes(picture(ADA, salt=11))
        purposes = frozenset({GrantPurpose.MATCH, GrantPurpose.PUBLISH})
        given = Given("the club", gala.clock.now() + 30 * A_DAY, purposes=purposes)
        second = gala.library.add_folder(away, given, ground="notice at the entrance")
        wishes = (Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, CHANNEL))
        found = (*wishes, Wish(Purpose.STAFF_FIND))
        done = gala.library.enrol("Ada Berg", [Portrait("p.jpg", picture(ADA))], found)
        gala.enrol("Eve", BO, Purpose.FIND_ME)
        gala.library.enrol("Zed", [Portrait("p.jpg", picture(ZED))], wishes)
        gala.ingest()
        ada = done.enrolment.person.id
        made = cls(echo, ada, gala.library.link_for(ada).token)
        made._name(below / "out", second.source.id)
        gala.library.withdraw("Zed")
        made.ids["erasures"] = made.ids["receipts"] = gala.library.erasures()[0].id
        gala.library.demand(
            Wording("/one.jpg", "It shows my garden and my child.", "Eva", "e@x.org", False, True)  # noqa: FBT003
        )
        return made

    def copied(self, below: Path) -> Self:
        """
        The same once more in the folder `below`, while this one is closed: making it takes seconds.
        Both have the same folders of pictures.
        """
        old = self.gala
        root = below / "library"
        copy_library(old.root, root)
        gala = Gala(root, old.folder, FakeClock(old.clock.at), FakeVision())
        gala.library, gala.source = open_library(root, gala.clock, gala.vision), old.source
        echo = Echo(gala, self.echo.key, self.echo.added)
        return replace(self, echo=echo)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.gala.library.close()

    @property
    def gala(self) -> Gala:
        return self.echo.gala

    @property
    def every(self) -> frozenset[str]:
        """The ids of all collections."""
        return frozenset(one.id for one in self.gala.library.collections())

    def filled(self, path: str, ids: Mapping[str, str] | None = None) -> str:
        """A path of the API, with an id of what stands before its `which`."""
        folder = path.strip("/").partition("/")[0]
        known = (self.ids if ids is None else ids).get(folder, "")
        return path.replace("{which}", known).replace("{kind}", "no-grant")

    def asked(
        self, program: "Program", name: str, ids: Mapping[str, str] | None = None
    ) -> Response:
        """What a route answers (`POST /searches`), asked as its users would."""
        method, _, path = name.partition(" ")
        how: dict[str, Any] = {}
        if path in ("/searches/picture", "/permissions/file"):
            how = {"content": picture(ADA, BO), "headers": {"Content-Type": "image/jpeg"}}
        elif method == "POST" and not path.endswith("/scan"):
            how = {"json": self.body(name)}
        heard = program.ask(self.filled(path, ids), method, **how)
        program.scanned()
        return heard

    def body(self, name: str) -> object:
        return {
            "POST /searches": {"text": "Ada Berg"},
            "POST /own/withdrawals": {"purpose": "find-me"},
            "POST /questions/{which}/answer": {"answer": "not-sure"},
            "POST /photos/{which}/checks": {"channel": CHANNEL},
            "POST /photos/{which}/publications": {
                "channel": CHANNEL,
                "recipient": self.echo.added.recipient.id,
                "looked": True,
                "cover_asked": True,
            },
            "POST /verifications": {"receipt": "a.b.c"},
            "POST /permissions": {"number": self.ids["publications"]},
        }.get(name, {})

    # ----------------------------------------------------------------------------------------

    def _name(self, out: Path, second: SourceId) -> None:
        library = self.gala.library
        photos = {Path(one.locators[0]).name: one for one in library.photos()}
        with library._database.write() as tx:
            which = [photos["b.jpg"].id, photos["d.jpg"].id]
            likely = update(sighting).where(sighting.c.photo_id.in_(which))
            tx.execute(likely.values(band="likely"))
        questions = {one.photo: one.sighting for one in library.questions(count=9).questions}
        there = {one.id: one.collection for one in library.sources()}
        for ids, source, shown, asked in (
            (self.ids, self.gala.source.id, "a.jpg", "b.jpg"),
            (self.others, second, "c.jpg", "d.jpg"),
        ):
            library.ingest([source])
            ids |= {
                "collections": there[source],
                "sources": source,
                "jobs": library.jobs()[0].id,
                "photos": photos[shown].id,
                "questions": questions[photos[asked].id],
                "publications": self._published(photos[shown].id, out),
            }
        self._published(photos["z.jpg"].id, out)
        self.ids |= {"people": self.ada}

    def _published(self, photo: str, out: Path) -> str:
        to = self.echo.added.recipient.id
        done = self.gala.library.publish(photo, to, channel=CHANNEL, out=out, looked=True)
        return done.disclosure.id


@dataclass(slots=True)
class Program:
    """What it asks is below `/api/v1`. `token` is what it shows."""

    client: TestClient
    app: FastAPI
    gala: Gala
    token: str = ""

    def ask(self, path: str, method: str = "GET", **how: Any) -> Response:  # noqa: ANN401  as the client has it
        shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers = {**shown, **how.pop("headers", {})}
        return self.client.request(method, f"{AT}{path}", headers=headers, **how)

    def post(self, path: str, document: object = None, **how: Any) -> Response:  # noqa: ANN401
        return self.ask(path, "POST", json=document, **how)

    def token_of(
        self,
        login: str,
        *roles: Role,
        given: frozenset[str] = frozenset(),
        has: Belongings | None = None,
        scopes: frozenset[Scope] = EVERY_SCOPE,
    ) -> str:
        """A token of a new account with these roles, whatever it may have."""
        door = Door(self.gala.library, self.gala.clock)
        self.gala.library.__dict__["_passwords"] = Passwords(door.cost)
        door.add(login, has=has or Belongings(frozenset(roles), assigned=given))
        return self.another_token(login, scopes)

    def another_token(self, login: str, scopes: frozenset[Scope] = EVERY_SCOPE) -> str:
        library = self.gala.library
        until, own = library.now() + timedelta(days=30), library.account(login).id
        # Past the library, which refuses tokens to accounts that are for people alone.
        with library._database.write() as tx:
            _, text = tokens.add(tx, own, "nightly", scopes, until=until, at=library.now())
        return text

    def scanned(self) -> None:
        """Wait until every scan that was asked for is through."""
        scanning = self.app.state.web.scanning
        while any(one.state in (ScanState.WAITING, ScanState.RUNNING) for one in scanning.states()):
            time.sleep(0.005)

    def account(self, login: str) -> str:
        return self.gala.library.account(login).id


@contextmanager
def asking(gala: Gala) -> Iterator[Program]:
    """The API of the library of `gala`, which others go on using."""
    app = make_app(lambda: open_library(gala.root, gala.clock, FakeVision()), threads=2)
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
        yield Program(client, app, gala)


def without_ids(text: str) -> str:
    """A text with one word in the place of each id, so that two answers can be compared."""
    return re.sub(r"\b[a-z]{1,2}_[0-9a-z]{16}\b", "ID", text)
