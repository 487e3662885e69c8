"""
What is asked of a library every day: each page, each resource for programs, each command.

Every route of the application is in `QUESTIONS` or in `NOT_ASKED`, with the reason; a test compares
them with the application itself, so that none is forgotten.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from urllib.parse import quote

from sqlalchemy import Connection, func, select, update

from countenance.accounts.roles import Scope
from countenance.bench.large import LARGEST
from countenance.catalog.tables import (
    claim,
    consent,
    demand,
    disclosure,
    erasure,
    job,
    link,
    person,
    photo,
    sighting,
    source,
)
from countenance.library import Caller, Library

PASSWORD = "vagnen rostar tyst i mars"  # noqa: S105  of a library of nobody
FORM = "application/x-www-form-urlencoded"

DESK, GUEST, PROGRAM = "desk", "guest", "program"
"""Who asks: with a session, with nothing but the address, with a token."""


@dataclass(frozen=True, slots=True)
class Question:
    """
    One thing that is asked by `who` at `route`: each time at the next of the paths that `paths`
    gives, with a body where it is an answer.
    """

    what: str
    who: str
    route: str
    paths: Callable[["Facts"], list[str]]
    body: Callable[["Facts"], Iterator[str]] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to ask about: ids and links of one library."""

    collection: str
    minors: str
    moments: tuple[str, ...]
    photos: tuple[str, ...]
    sources: tuple[str, ...]
    job: str
    people: tuple[str, ...]
    most: str
    names: tuple[str, ...]
    mine: tuple[str, ...]
    invitation: str
    own: tuple[str, ...]
    own_most: str
    case: str
    demand: str
    claim: str
    given: str
    questions: tuple[str, ...]
    cookie: str
    token: str


def facts_of(library: Library) -> Facts:
    """Look around in a library of `large`, and make the links and the session that it takes."""
    cookie, token = _doors(library)
    (where,) = [one for one in library.collections() if one.name == LARGEST]
    (minors,) = [one for one in library.collections() if one.minors]
    with library._database.read() as tx:  # noqa: SLF001  as the generator made it
        every = _every(tx, where.id)
        often = (
            select(sighting.c.person_id, person.c.name)
            .join(person, person.c.id == sighting.c.person_id)
            .join(consent, (consent.c.person_id == person.c.id) & (consent.c.purpose == "find-me"))
            .where(sighting.c.state == "candidate", person.c.name != "")
            .group_by(sighting.c.person_id, person.c.name)
            .order_by(func.count().desc())
        )
        rows = tx.execute(often).all()
        first = {
            table.name: tx.execute(select(table.c.id).limit(1)).scalar()
            for table in (job, erasure, demand, claim, disclosure)
        }
        asked = tx.execute(
            select(sighting.c.id)
            .join(photo, photo.c.id == sighting.c.photo_id)
            .join(
                consent,
                (consent.c.person_id == sighting.c.person_id) & (consent.c.purpose == "staff-find"),
            )
            .where(
                sighting.c.state == "candidate",
                sighting.c.band == "likely",
                photo.c.collection_id == where.id,
            )
            .limit(400)
        ).scalars()
        questions = tuple(asked)
        whence = tuple(tx.execute(select(source.c.id)).scalars())
    # Whoever is in as many photos as half of the others are, and two who are in many.
    usual = [rows[len(rows) // part] for part in (2, 3, 10)]
    own, mine = [], []
    for row in usual:
        token_of = library.link_for(row.person_id).token
        own.append(token_of)
        first_of_them = library.my_pictures(token_of).every[0]
        mine.append(first_of_them.sighting.id)
    with library._database.write() as tx:  # noqa: SLF001  as if they came by an invitation
        came = update(link).where(link.c.kind == "own")
        tx.execute(came.values(collection_id=where.id, browse=True))
    return Facts(
        collection=where.id,
        minors=minors.id,
        moments=tuple(quote(f"{moment} {which}") for moment, which in every),
        photos=tuple(which for _, which in every),
        sources=whence,
        people=tuple(row.person_id for row in usual),
        most=rows[0].person_id,
        names=tuple(row.name for row in usual),
        mine=tuple(mine),
        invitation=library.invite(LARGEST, channel="website", browse=True).token,
        own=tuple(own),
        own_most=library.link_for(rows[0].person_id).token,
        job=str(first["job"]),
        case=str(first["erasure"]),
        demand=str(first["demand"]),
        claim=str(first["claim"]),
        given=str(first["disclosure"]),
        questions=questions,
        cookie=cookie,
        token=token,
    )


QUESTIONS: tuple[Question, ...] = (
    Question("home", GUEST, "GET /", lambda _: ["/"]),
    Question("check a permission", GUEST, "GET /permission", lambda _: ["/permission"]),
    Question("demand a takedown", GUEST, "GET /takedown", lambda _: ["/takedown"]),
    Question("a demand", GUEST, "GET /takedown/{which}", lambda f: [f"/takedown/{f.demand}"]),
    Question("how long what is kept", GUEST, "GET /retention", lambda _: ["/retention"]),
    Question("notices", GUEST, "GET /notices", lambda _: ["/notices"]),
    Question("accessibility", GUEST, "GET /accessibility", lambda _: ["/accessibility"]),
    Question("a receipt", GUEST, "GET /receipt/{which}", lambda f: [f"/receipt/{f.case}"]),
    Question("an invitation", GUEST, "GET /i/{token}", lambda f: [f"/i/{f.invitation}"]),
    Question("my photos", GUEST, "GET /me/{token}", lambda f: _each(f.own, "/me/{}")),
    Question("mine: renewed", GUEST, "GET /me/{token}/pictures", lambda f: _mine(f, "pictures")),
    Question(
        "my photos, who is in the most", GUEST, "GET /me/{token}", lambda f: [f"/me/{f.own_most}"]
    ),
    Question(
        "mine: a photo",
        GUEST,
        "GET /me/{token}/photo/{which}",
        lambda f: [f"/me/{a}/photo/{b}" for a, b in zip(f.own, f.mine, strict=True)],
    ),
    Question(
        "mine: a picture, small",
        GUEST,
        "GET /me/{token}/picture/{which}/{how}",
        lambda f: [f"/me/{a}/picture/{b}/small" for a, b in zip(f.own, f.mine, strict=True)],
    ),
    Question("mine: pictures of me", GUEST, "GET /me/{token}/face", lambda f: _mine(f, "face")),
    Question("mine: other ways", GUEST, "GET /me/{token}/other", lambda f: _mine(f, "other")),
    Question(
        "mine: other ways, a word that many photos say",
        GUEST,
        "GET /me/{token}/other",
        lambda f: _mine(f, "other?words=baander"),
    ),
    Question(
        "mine: other ways, a word that few photos say",
        GUEST,
        "GET /me/{token}/other",
        lambda f: _mine(f, "other?words=bridge"),
    ),
    Question(
        "mine: other ways, a minute",
        GUEST,
        "GET /me/{token}/other",
        lambda f: _mine(f, "other?since=2024-05-05T10:00&until=2024-05-05T10:30"),
    ),
    Question("mine: links", GUEST, "GET /me/{token}/share", lambda f: _mine(f, "share")),
    Question("mine: be told", GUEST, "GET /me/{token}/tell", lambda f: _mine(f, "tell")),
    Question("mine: what would go", GUEST, "GET /me/{token}/leave", lambda f: _mine(f, "leave")),
    Question("sign in", GUEST, "GET /sign-in", lambda _: ["/sign-in"]),
    Question("account", DESK, "GET /account", lambda _: ["/account"]),
    Question("collections", DESK, "GET /staff", lambda _: ["/staff"]),
    Question("a collection", DESK, "GET /staff/collections/{which}", lambda f: _where(f, "")),
    Question(
        "photos of a collection",
        DESK,
        "GET /staff/collections/{which}/photos",
        lambda f: _where(f, "/photos"),
    ),
    Question(
        "photos from a place on",
        DESK,
        "GET /staff/collections/{which}/photos",
        lambda f: [_where(f, f"/photos?from={one}")[0] for one in f.moments],
    ),
    Question(
        "the buckets of a stretch",
        DESK,
        "GET /staff/collections/{which}/buckets",
        lambda f: [
            _where(f, f"/buckets?from={one}&until={two}")[0] for one, two in pairwise(f.moments)
        ],
    ),
    Question(
        "a bucket",
        DESK,
        "GET /staff/collections/{which}/bucket",
        lambda f: [_where(f, f"/bucket?from={one}")[0] for one in f.moments],
    ),
    Question(
        "a photo", DESK, "GET /staff/photos/{which}", lambda f: _each(f.photos, "/staff/photos/{}")
    ),
    Question(
        "a picture, small",
        DESK,
        "GET /staff/photos/{which}/{how}",
        lambda f: _each(f.photos, "/staff/photos/{}/small"),
    ),
    Question("sources", DESK, "GET /staff/sources", lambda _: ["/staff/sources"]),
    Question(
        "a source",
        DESK,
        "GET /staff/sources/{which}",
        lambda f: _each(f.sources, "/staff/sources/{}"),
    ),
    Question("jobs", DESK, "GET /staff/jobs", lambda _: ["/staff/jobs"]),
    Question("a job", DESK, "GET /staff/jobs/{which}", lambda f: [f"/staff/jobs/{f.job}"]),
    Question("people", DESK, "GET /staff/people", lambda _: ["/staff/people"]),
    Question(
        "a person", DESK, "GET /staff/people/{which}", lambda f: _each(f.people, "/staff/people/{}")
    ),
    Question(
        "a person, who is in the most photos",
        DESK,
        "GET /staff/people/{which}",
        lambda f: [f"/staff/people/{f.most}"],
    ),
    Question(
        "a merge, before it is done",
        DESK,
        "GET /staff/merge",
        lambda f: [f"/staff/merge?kept={f.people[0]}&other={f.people[1]}"],
    ),
    Question("steps", DESK, "GET /staff/steps", lambda _: ["/staff/steps"]),
    Question("review", DESK, "GET /staff/review", lambda _: ["/staff/review"]),
    Question(
        "review: an answer",
        DESK,
        "POST /staff/review",
        lambda _: ["/staff/review"],
        lambda f: (f"sighting={one}&answer=yes" for one in f.questions),
    ),
    Question("claims", DESK, "GET /staff/claims", lambda _: ["/staff/claims"]),
    Question("a claim", DESK, "GET /staff/claims/{which}", lambda f: [f"/staff/claims/{f.claim}"]),
    Question("search, empty", DESK, "GET /staff/search", lambda _: ["/staff/search"]),
    Question("search: a name", DESK, "GET /staff/search", lambda f: _search(f.names)),
    Question(
        "search: a name and a word",
        DESK,
        "GET /staff/search",
        lambda f: _search(f"{one} baander" for one in f.names),
    ),
    Question(
        "search: words that many photos say",
        DESK,
        "GET /staff/search",
        lambda _: _search(["baander baberg"]),
    ),
    Question(
        "search: a word that few photos say", DESK, "GET /staff/search", lambda _: _search(["rain"])
    ),
    Question(
        "search: a word of no photo", DESK, "GET /staff/search", lambda _: _search(["zzzznever"])
    ),
    Question("search: a day", DESK, "GET /staff/search", lambda _: _search(["2025-03-09"])),
    Question("search: a month", DESK, "GET /staff/search", lambda _: _search(["2025-03"])),
    Question(
        "search: a word and a month",
        DESK,
        "GET /staff/search",
        lambda _: _search(["baander 2025-03"]),
    ),
    Question("check: choose", DESK, "GET /staff/check", lambda _: ["/staff/check"]),
    Question(
        "what was given out",
        DESK,
        "GET /staff/given/{which}",
        lambda f: [f"/staff/given/{f.given}"],
    ),
    Question("shares", DESK, "GET /staff/shares", lambda _: ["/staff/shares"]),
    Question("due", DESK, "GET /staff/due", lambda _: ["/staff/due"]),
    Question("log", DESK, "GET /staff/log", lambda _: ["/staff/log"]),
    Question(
        "a demand at the desk",
        DESK,
        "GET /staff/demands/{which}",
        lambda f: [f"/staff/demands/{f.demand}"],
    ),
    *(
        Question(f"api: {name}", PROGRAM, f"GET /api/v1/{route}", paths)
        for name, route, paths in (
            ("collections", "collections", lambda _: ["/api/v1/collections"]),
            (
                "a collection",
                "collections/{which}",
                lambda f: [f"/api/v1/collections/{f.collection}"],
            ),
            ("sources", "sources", lambda _: ["/api/v1/sources"]),
            ("a source", "sources/{which}", lambda f: _each(f.sources, "/api/v1/sources/{}")),
            (
                "photos of a collection",
                "collections/{which}/photos",
                lambda f: [f"/api/v1/collections/{f.collection}/photos"],
            ),
            ("a photo", "photos/{which}", lambda f: _each(f.photos, "/api/v1/photos/{}")),
            (
                "a thumbnail",
                "photos/{which}/thumbnail",
                lambda f: _each(f.photos, "/api/v1/photos/{}/thumbnail"),
            ),
            ("people", "people", lambda _: ["/api/v1/people"]),
            ("a person", "people/{which}", lambda f: _each(f.people, "/api/v1/people/{}")),
            (
                "questions",
                "collections/{which}/questions",
                lambda f: [f"/api/v1/collections/{f.collection}/questions"],
            ),
            (
                "what was given out",
                "publications/{which}",
                lambda f: [f"/api/v1/publications/{f.given}"],
            ),
            ("recipients", "recipients", lambda _: ["/api/v1/recipients"]),
            ("channels", "channels", lambda _: ["/api/v1/channels"]),
            ("jobs", "jobs", lambda _: ["/api/v1/jobs"]),
            ("a job", "jobs/{which}", lambda f: [f"/api/v1/jobs/{f.job}"]),
            ("erasures", "erasures", lambda _: ["/api/v1/erasures"]),
            ("recalls", "recalls", lambda _: ["/api/v1/recalls"]),
            ("demands", "demands", lambda _: ["/api/v1/demands"]),
            ("log", "log", lambda _: ["/api/v1/log"]),
            ("receipts", "receipts", lambda _: ["/api/v1/receipts"]),
            ("a receipt", "receipts/{which}", lambda f: [f"/api/v1/receipts/{f.case}"]),
        )
    ),
    Question(
        "api: search, a name",
        PROGRAM,
        "POST /api/v1/searches",
        lambda _: ["/api/v1/searches"],
        lambda f: (json.dumps({"text": one}) for one in f.names * 100),
    ),
    Question(
        "api: search, words that many photos say",
        PROGRAM,
        "POST /api/v1/searches",
        lambda _: ["/api/v1/searches"],
        lambda _: (json.dumps({"text": "baander"}) for _ in range(400)),
    ),
    Question(
        "api: an answer",
        PROGRAM,
        "POST /api/v1/questions/{which}/answer",
        lambda f: _each(f.questions[200:], "/api/v1/questions/{}/answer"),
        lambda f: (json.dumps({"answer": "no"}) for _ in f.questions),
    ),
)
"""All that is asked of the server. The order is that of the routes."""

NOT_ASKED: Mapping[str, str] = {
    "GET /static/{name:path}": "files of the program: nothing of a library is in them",
    "GET /v1/recalls": "what recipients ask, by their own token; `api: recalls` is the same list",
    "GET /api/v1/openapi.json": "made once, of the program alone",
    "GET /api/v1/problems/{kind}": "a text of the program",
    "GET /api/v1/log/state": "verifies the whole log: a check that takes as long as there is log",
    "GET /api/v1/sources/{which}/scan": "tells of a scan that runs, from memory",
    "GET /receipt/{which}/receipt.json": "the receipt that its page shows, as it is stored",
    "GET /receipt/{which}/receipt.pdf": "the same, laid out on paper",
    "GET /s/{token}": "shows what somebody looked at with the networks first: a few photos by id",
    "GET /s/{token}/{number}": "a photo of a share: one row of it",
    "GET /s/{token}/{number}/{how}": "painted by the networks: measured with the check",
    "GET /i/{token}/given/{key}/{number}": "a picture that waits in memory",
    "GET /me/{token}/news": "an answer that goes on for as long as the page is open",
    "GET /me/{token}/all.zip": "all of one's photos from their sources: a download",
    "GET /me/{token}/face/given/{key}/{number}": "a picture that waits in memory",
    "GET /me/{token}/kept/{number}": "one sealed picture of one's own, by its number",
    "GET /me/{token}/other/{which}": "one photo by its id, as `mine: a photo`",
    "GET /me/{token}/other/{which}/{how}": "one picture by its id, as `a picture, small`",
    "GET /tell/{code}": "of a code that only mail has",
    "GET /set-up": "once in the life of a library",
    "GET /sign-in/provider": "leads to another server",
    "GET /sign-in/provider/back": "comes from another server",
    "GET /prove": "a form",
    "GET /link/{code}": "of a code that is used once",
    "GET /staff/jobs/events": "an answer that goes on for as long as the page is open",
    "GET /staff/claims/{which}/photos/{photo}": "one photo by its id, as `a photo`",
    "GET /staff/check/photos": "looks at the photo with the networks",
    "GET /staff/films/{which}": "one film by its id, as `a photo`",
    "GET /staff/films/{which}/state": "tells of a film that is being made, from memory",
}
"""Routes that show something and are in no question, and why."""

COMMANDS: Mapping[str, Callable[[Facts], list[str]]] = {
    "find NAME": lambda f: ["find", f.people[0]],
    "find NAME --text": lambda f: ["find", f.people[0], "--text", "baander"],
    "find NAME, who is in the most photos": lambda f: ["find", f.most],
    "person list": lambda _: ["person", "list"],
    "person show": lambda f: ["person", "show", f.people[0]],
    "source list": lambda _: ["source", "list"],
    "source show": lambda f: ["source", "show", f.sources[0]],
    "collection list": lambda _: ["collection", "list"],
    "collection roster list": lambda _: ["collection", "roster", "list", "school"],
    "sighting confirm": lambda f: ["sighting", "confirm", f.questions[-1]],
    "job list": lambda _: ["job", "list"],
    "job show": lambda f: ["job", "show", f.job],
    "link list": lambda _: ["link", "list"],
    "share list": lambda _: ["share", "list"],
    "takedown status": lambda _: ["takedown", "status"],
    "receipt list": lambda _: ["receipt", "list"],
    "receipt show": lambda f: ["receipt", "show", f.case],
    "recipient list": lambda _: ["recipient", "list"],
    "recall list": lambda _: ["recall", "list"],
    "audit tail": lambda _: ["audit", "tail"],
    "audit checkpoint": lambda _: ["audit", "checkpoint"],
    "backup list": lambda _: ["backup", "list"],
    "account list": lambda _: ["account", "list"],
    "config show": lambda _: ["config", "show"],
}
"""All that is asked of the command line, each as its words."""


# --------------------------------------------------------------------------------------------------


def _each(words: Iterable[str], form: str) -> list[str]:
    return [form.format(one) for one in words]


def _mine(facts: Facts, rest: str) -> list[str]:
    return [f"/me/{one}/{rest}" for one in facts.own]


def _where(facts: Facts, rest: str) -> list[str]:
    return [f"/staff/collections/{facts.collection}{rest}"]


def _search(lines: Iterable[str]) -> list[str]:
    return [f"/staff/search?q={quote(one)}" for one in lines]


def _every(tx: Connection, where: str) -> list[tuple[str, str]]:
    """A place in every fiftieth of the photos of a collection."""
    of = (photo.c.collection_id == where,)
    count = tx.execute(select(func.count()).select_from(photo).where(*of)).scalar_one()
    query = select(photo.c.moment, photo.c.id).where(*of).order_by(photo.c.moment, photo.c.id)
    apart = max(1, count // _PLACES)
    rows = tx.execute(query).all()[apart // 2 :: apart]
    return [(row.moment, row.id) for row in rows]


_PLACES = 50


def _doors(library: Library) -> tuple[str, str]:
    """A session of an owner, and a token of theirs."""
    if (code := library.set_up_code()) is not None:
        library.set_up(code.code, "bench", "Bench", PASSWORD, Caller())
    signed = library.sign_in("bench", PASSWORD, Caller())
    until = library.now() + timedelta(days=30)
    token = library.add_token("bench", "bench", frozenset(Scope), until=until)
    return f"session={signed.token}", token.text
