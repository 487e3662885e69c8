"""
Two of everything, each trying the other's ids on every route: the answer is as if there were none.

The routes are those that the application has. One that is not told of here fails these tests.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from html import escape
from itertools import count
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from httpx2 import Response
from sqlalchemy import select, update
from starlette.testclient import TestClient

from countenance.accounts.passwords import Passwords
from countenance.accounts.roles import Role
from countenance.catalog.claims import Described
from countenance.catalog.demands import Wording
from countenance.catalog.tables import metadata, sighting
from countenance.enrol.enrol import Portrait
from countenance.library import Caller, Given, Joining
from countenance.library.shares import Sharing
from countenance.people.purpose import Purpose
from countenance.publish.plan import Hand
from countenance.search.review import Answer, Wanted
from countenance.sources.grant import GrantPurpose
from countenance.sources.source import Source
from countenance.web.app import make_app
from countenance.web.rates import Rates
from tests.fakes.clock import FakeClock
from tests.fakes.door import PASSWORD, Door, sign_in
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.gala import A_DAY, GROUND, Gala, open_library
from tests.fakes.routes import routes
from tests.fakes.vision import FakeVision, picture

ADA, BO, GUESTS = 1, 2, 10
AT = "http://127.0.0.1"
OWN = {"Sec-Fetch-Site": "same-origin"}

KINDS = {
    # What an id in a path is, by what stands before it.
    "/staff/collections": "collection",
    "/staff/photos": "photo",
    "/staff/sources": "source",
    "/staff/jobs": "job",
    "/staff/people": "person",
    "/staff/given": "given",
    "/staff/demands": "demand",
    "/me/{token}/photo": "picture",
    "/me/{token}/picture": "picture",
    "/me/{token}/other": "photo",
    "/me/{token}/share": "share",
    "/staff/shares": "share",
    "/staff/claims": "claim",
    "/staff/claims/{which}/photos": "photo",
    "/staff/films": "given",  # orders are of who gave them: tests/integration/web/test_check.py
    "/i/{token}/given": "key",
    "/me/{token}/face/given": "key",
    "/account/passkeys": "passkey",
    "/account/sessions": "session",
}

FIELDS: dict[str, dict[str, str]] = {
    # Routes that take ids in their question or form as well: each field, and what it holds.
    "GET /staff/collections/{which}/photos": {"from": "place"},
    "GET /staff/collections/{which}/bucket": {"from": "place"},
    "GET /staff/photos/{which}/{how}": {"face": "face"},
    "POST /staff/people/{which}/split": {"sighting": "sighting", "to": "person"},
    "GET /staff/merge": {"kept": "person", "other": "person"},
    "POST /staff/merge": {"kept": "person", "other": "person"},
    "GET /staff/search": {"collection": "collection", "after": "place"},
    "GET /staff/review": {"collection": "collection", "person": "person"},
    "POST /staff/review": {"sighting": "sighting"},
    "POST /staff/undo": {"step": "step"},
    "GET /staff/check": {"photo": "photo", "collection": "collection"},
    "GET /staff/check/photos": {"photo": "photo"},
    "POST /staff/check/publish": {"photo": "photo"},
    "POST /staff/check/together": {"photo": "photo"},
    "POST /staff/check/film": {"photo": "photo"},
    "GET /me/{token}/other": {"after": "photo", "at": "place"},
    "POST /me/{token}/say": {"which": "picture"},
    "GET /me/{token}/share": {"photo": "picture"},
    "POST /me/{token}/share": {"photo": "picture"},
    "GET /staff/shares": {"photo": "photo"},
    "POST /staff/shares": {"photo": "photo"},
}

BESIDES: dict[str, dict[str, str]] = {
    # What else a question says, so that it comes as far as the id.
    "POST /staff/people/{which}/split": {"why": "no"},
    "POST /staff/merge": {"why": "they said so", "mark": "none"},
    "GET /staff/search": {"q": "2026"},
    "POST /staff/review": {"answer": "no"},
    "GET /staff/check/photos": {"channel": CHANNEL},
    "POST /staff/check/publish": {"channel": CHANNEL, "looked": "1"},
    "POST /staff/check/together": {"channel": CHANNEL, "looked": "1"},
    "POST /staff/check/film": {"channel": CHANNEL, "looked": "1", "colour": "slate"},
    "POST /me/{token}/say": {"word": "yes"},
    "POST /me/{token}/share": {"until": "2026-05-20", "looked": "1"},
    "POST /staff/shares": {"until": "2026-05-20", "looked": "1", "channel": CHANNEL},
    "POST /me/{token}/other/{which}": {"face": "1"},
    "POST /me/{token}/leave": {"what": "nothing"},
}

WHOEVER_HAS_THE_NUMBER = {
    # The number is the right: it is given to whom it is for, and is long enough.
    "GET /receipt/{which}",
    "GET /receipt/{which}/receipt.json",
    "GET /receipt/{which}/receipt.pdf",
    "GET /takedown/{which}",
}

NO_IDS = {
    # Routes that take nobody's id.
    "GET /static/{name:path}",
    "GET /v1/recalls",  # by the recipient's token: tests/integration/test_recalls_api.py
    "POST /v1/acknowledgements",  # by the recipient's signature: the same
    "GET /",
    "GET /permission",
    "POST /permission",
    "GET /takedown",
    "POST /takedown",
    "GET /retention",
    "GET /notices",
    "GET /accessibility",
    "GET /set-up",
    "POST /set-up",
    "GET /sign-in",
    "POST /sign-in",
    "POST /sign-out",
    "POST /sign-in/passkey/begin",
    "POST /sign-in/passkey",
    "GET /sign-in/provider",
    "GET /sign-in/provider/back",
    "GET /prove",
    "POST /prove",
    "POST /prove/passkey/begin",
    "POST /prove/passkey",
    "GET /account",
    "POST /account/password",
    "POST /account/passkeys/begin",
    "POST /account/passkeys",
    "POST /account/sessions/end",
    "GET /staff",
    "POST /staff/collections",
    "GET /staff/sources",
    "GET /staff/jobs",
    "GET /staff/jobs/events",
    "GET /staff/people",
    "GET /staff/steps",
    "POST /staff/search",
    "GET /staff/due",
    "GET /staff/claims",
    "GET /staff/log",
}

NO_ID = ("token", "code", "how", "number")
"""What else stands in a path: links are tried by themselves."""

GROWS = {"entry", "asked", "checkpoint", "session", "library", "one_time"}
"""Tables that change by a question alone: the log, counts, when a session was used last."""


@dataclass(frozen=True, slots=True)
class Side:
    """
    One of the two: the ids of what is theirs, by what they are of.

    `link` is that of their person, `other` leads to another page than it is tried at, by its kind.
    """

    of: dict[str, str]
    link: str
    other: dict[str, str]


@dataclass(frozen=True, slots=True)
class Two:
    """Ada has the gala, and Bo what is away. The client is Bo, by an account and by a link."""

    gala: Gala
    client: TestClient
    ada: Side
    bo: Side

    def ask(
        self, route: str, ids: dict[str, str], link: str, fields: dict[str, str] | None = None
    ) -> Response:
        """Take this route with these ids."""
        method, _, path = route.partition(" ")
        said = fields or {}
        path = path.replace("{how}", "face" if "face" in said else "small").replace("{number}", "1")
        path = path.replace("{token}", link).replace("{code}", link)
        for name in in_path(route):
            path = path.replace(f"{{{name}}}", ids[kind_of(route, name)])
        sent = {"params" if method == "GET" else "data": said}
        return self.client.request(method, path, follow_redirects=False, **sent)  # type: ignore[arg-type]


def in_path(route: str) -> list[str]:
    """The names of the ids in the path of a route."""
    return [one for one in re.findall(r"{(\w+)}", route) if one not in NO_ID]


def kind_of(route: str, name: str) -> str:
    """What an id of this route is. Raises `KeyError` of one that is not told of."""
    if name in in_path(route):
        return KINDS[route.partition(" ")[2].partition(f"/{{{name}}}")[0]]
    return FIELDS[route][name]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    below = tmp_path_factory.mktemp("two")
    echo = Echo.make(below)
    gala, away = echo.gala, below / "away"
    away.mkdir()
    with ExitStack() as stack:
        stack.enter_context(gala)
        for name, who, folder in (("ada", ADA, gala.folder), ("bo", BO, away)):
            for number in (1, 2):
                (folder / f"{name}{number}.jpg").write_bytes(
                    picture(who, who + GUESTS, salt=number)
                )
        until = gala.clock.now() + 30 * A_DAY
        given = Given("the club", until, purposes=frozenset(GrantPurpose))
        source = gala.library.add_folder(away, given, ground=GROUND).source
        for one in (gala.source, source):
            gala.library.ingest([one.id])
        people = [
            _join(gala, "Ada", ADA, gala.source),
            _join(gala, "Bo", BO, source),
        ]
        gala.library.search_again()
        with gala.library._database.write() as tx:
            tx.execute(update(sighting).values(band="likely"))
        sides = [
            _side(echo, people[0], gala.source, gala.folder / "ada1.jpg"),
            _side(echo, people[1], source, away / "bo1.jpg"),
        ]
        app = make_app(lambda: open_library(gala.root, FakeClock(gala.clock.at), FakeVision()))
        hours = count(0, 3600)
        app.state.web = replace(app.state.web, rates=Rates(clock=lambda: float(next(hours))))
        client = stack.enter_context(TestClient(app, AT, headers=OWN))
        where = frozenset({sides[1].of["collection"]})
        sign_in(client, gala, "bo", Role.PHOTOGRAPHER, Role.REVIEWER, given=where)
        yield Two(gala, client, *sides)


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who is found by the staff, and a guest who joined by a link."""

    name: str
    person: str
    invitation: str
    own: str


def _join(gala: Gala, name: str, identity: int, source: Source) -> Joined:
    library = gala.library
    person = gala.enrol(name, identity, Purpose.STAFF_FIND, Purpose.FIND_ME).enrolment.person.id
    invited = library.invite(source.collection, browse=True)
    portrait = Portrait("portrait.jpg", picture(identity + GUESTS))
    joining = Joining(f"{name} by link", frozenset({Purpose.FIND_ME}), [portrait])
    return Joined(name, person, invited.token, library.join(invited.token, joining).own.token)


def _side(echo: Echo, who: Joined, source: Source, photo: Path) -> Side:
    """All that is one side's."""
    library, name = echo.gala.library, who.name
    to_staff, aside = (
        one.sighting for one in library.questions(Wanted(source.collection), count=2).questions
    )
    (first, *_) = (one for one in library.photos() if one.source == source.id)
    to, hand = echo.added.recipient.id, Hand(cover_asked=True)
    given = library.publish(
        str(photo), to, channel=CHANNEL, out=photo.parent.parent, looked=True, hand=hand
    )
    places = [one.place for one in library.bucket(source.collection)]
    said = Wording(f"photo {first.id}", "I am shown there, and never was asked.", name)
    asked = replace(said, mail=f"{name}@example.com", good_faith=True)
    door = Door(library, echo.gala.clock)
    library.__dict__["_passwords"] = Passwords(door.cost)
    code = door.add(f"{name}@club.example").link.code
    there = library.redeem_link(code, PASSWORD, Caller())
    door.give_passkey(there, Caller(browser=name))
    account = there.identity.account
    sharing = Sharing(library.now() + A_DAY, looked=True)
    own_picture = library.my_pictures(who.own).to_check[0].sighting.id
    with library._database.write() as tx:
        tx.execute(update(sighting).where(sighting.c.id == own_picture).values(band="sure"))
    shared = library.share_mine(who.own, [own_picture], sharing)
    of = {
        "share": shared.issued.link.id,
        "claim": library.claim(who.own, Described(words="the one with the hat")).id,
        "key": f"AAAAAAAAAAAAAAAA{name:A>6}",  # of one that is held: test_person.py
        "collection": source.collection,
        "source": source.id,
        "photo": first.id,
        "face": first.faces[0].id,
        "place": f"{places[0].moment} {places[0].photo}",
        "person": who.person,
        "sighting": to_staff,
        "step": library.answer(aside, Answer.NOT_SURE).id,
        "picture": own_picture,
        "job": next(one.id for one in library.jobs() if one.sources == (source.id,)),
        "given": given.disclosure.id,
        "demand": library.demand(asked).id,
        "passkey": library.passkeys(account)[0].id,
        "session": library.sessions(account)[0].id,
    }
    return Side(of, who.own, {"me": who.invitation, "link": code})


def nobodys(known: str) -> str:
    """An id of this form that nothing has."""
    return f"{known[:-6]}zzzzzz"


def held(gala: Gala) -> dict[str, list[str]]:
    """All that stands in the catalog, but what grows with every question."""
    with gala.library._database.read() as tx:
        return {
            name: sorted(repr(tuple(row)) for row in tx.execute(select(table)))
            for name, table in metadata.tables.items()
            if name not in GROWS
        }


def said(heard: Response, *ids: str) -> tuple[int, dict[str, str], str]:
    """An answer, whatever the ids in it."""
    text, headers = heard.text, dict(heard.headers)
    for one in ids:
        for written in {one, quote(one), quote_plus(one), escape(one)}:
            text = text.replace(written, "ID")
            headers = {name: value.replace(written, "ID") for name, value in headers.items()}
    headers.pop("content-length", None)
    return heard.status_code, headers, text


def tried(route: str) -> list[str]:
    """Which ids of a route are tried, by name: those in its path, its link, and its fields."""
    link = ["link"] if "{token}" in route or "{code}" in route else []
    fields = [f"field {name}" for name in FIELDS.get(route, ())]
    return [*in_path(route), *link, *fields]


def told(two: Two, route: str, param: str, which: str) -> Response:
    """What Bo is told with `which` as the id that is tried, and Bo's own as all others."""
    kept, ids, link = FIELDS.get(route, {}), dict(two.bo.of), two.bo.link
    said = {**BESIDES.get(route, {}), **{name: two.bo.of[kind] for name, kind in kept.items()}}
    if param == "link":
        link = which
    elif param.startswith("field "):
        said[param.removeprefix("field ")] = which
    else:
        ids[kind_of(route, param)] = which
    return two.ask(route, ids, link, said)


def id_of(side: Side, route: str, param: str) -> str:
    """The id of a side's own that is tried there; of its links one that leads elsewhere."""
    if param == "link":
        where = route.partition("/")[2].partition("/")[0]
        return side.other.get(where, side.link)
    if param.startswith("field "):
        return side.of[FIELDS[route][param.removeprefix("field ")]]
    return side.of[kind_of(route, param)]


# --------------------------------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_every_route_is_told_of(two: Two) -> None:
    """A new one says here which ids it takes, or that it takes none."""
    known = set(routes(two.client.app, programs=False))  # type: ignore[arg-type]
    trying = {one for one in known if tried(one)}
    assert known - trying == NO_IDS, "say of a new route which ids it takes"
    assert FIELDS.keys() | WHOEVER_HAS_THE_NUMBER <= trying
    for one in trying - WHOEVER_HAS_THE_NUMBER:
        assert all(kind_of(one, name) for name in in_path(one))


@pytest.mark.promise("P10", "P34")
def test_what_is_anothers_is_as_if_it_were_not(two: Two) -> None:
    """Status, headers and page, on every route, in path, question and form; and nothing changes."""
    before = held(two.gala)
    differing = {}
    for route in routes(two.client.app, programs=False):  # type: ignore[arg-type]
        if route in WHOEVER_HAS_THE_NUMBER:
            continue
        for param in tried(route):
            theirs = id_of(two.ada, route, param)
            none = nobodys(theirs)
            one, other = (told(two, route, param, each) for each in (theirs, none))
            if said(one, theirs) != said(other, none) or one.status_code >= 500:
                differing[route, param] = (one.status_code, other.status_code)
    assert differing == {}
    assert held(two.gala) == before
    assert len(two.gala.library.sessions("ada@club.example")) == 1


SEES = {
    # Of which ids Bo is told otherwise than of nothing, on pages that are asked for.
    "GET /me/{token}/photo/{which}": "which",
    "GET /me/{token}/share": "field photo",
    "GET /staff/claims/{which}": "which",
    "GET /staff/claims/{which}/photos/{photo}": "which, photo",
    "GET /me/{token}/picture/{which}/{how}": "which",
    "GET /me/{token}/other": "field after",
    "GET /me/{token}/other/{which}": "which",
    "GET /me/{token}/other/{which}/{how}": "which",
    "GET /staff/collections/{which}": "which",
    "GET /staff/collections/{which}/buckets": "which",
    "GET /staff/collections/{which}/photos": "which, field from",
    "GET /staff/collections/{which}/bucket": "which, field from",
    "GET /staff/photos/{which}": "which",
    "GET /staff/photos/{which}/{how}": "which, field face",
    "GET /staff/sources/{which}": "which",
    "GET /staff/jobs/{which}": "which",
    "GET /staff/review": "field collection, field person",
}


@pytest.mark.promise("P34")
def test_what_is_ones_own_is_told(two: Two) -> None:
    """Else the answers were alike because nobody is told anything."""
    seen: dict[str, list[str]] = {}
    for route in routes(two.client.app, programs=False):  # type: ignore[arg-type]
        if not route.startswith("GET") or route in WHOEVER_HAS_THE_NUMBER or "/news" in route:
            continue
        for param in tried(route):
            if param == "link":
                continue
            own = id_of(two.bo, route, param)
            none = nobodys(own)
            one, other = (told(two, route, param, each) for each in (own, none))
            if one.status_code == 200 and said(one, own) != said(other, none):
                seen.setdefault(route, []).append(param)
    assert {route: ", ".join(params) for route, params in seen.items()} == SEES
