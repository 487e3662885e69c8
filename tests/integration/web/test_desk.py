"""The desk in process: who is let in, and what its pages do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import update
from starlette.testclient import TestClient

from countenance.accounts.roles import Role
from countenance.catalog import claims
from countenance.catalog.accounts import Belongings, set_belongings
from countenance.catalog.assessments import QUESTIONS
from countenance.catalog.claims import Described
from countenance.catalog.recipients import Terms
from countenance.catalog.tables import sighting
from countenance.core.ids import PersonId
from countenance.library import Given, Library
from countenance.people.purpose import Purpose
from countenance.web.account.session import SESSION
from countenance.web.app import STAFF, make_app
from countenance.web.staff.guard import require
from tests.fakes.clock import FakeClock
from tests.fakes.door import Door, sign_in
from tests.fakes.gala import A_DAY, COLLECTION, Gala, open_library
from tests.fakes.vision import FakeVision, picture

ADA, BO = 1, 2
AT = "http://127.0.0.1"
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA)
        made.put("b.jpg", ADA, BO)
        (made.folder / "broken.jpg").write_bytes(b"no picture")
        made.ingest()
        made.enrol("Ada", ADA, Purpose.STAFF_FIND, Purpose.FIND_ME)
        made.enrol("Ada Berg", ADA, Purpose.STAFF_FIND, Purpose.FIND_ME)
        made.enrol("Eve", BO, Purpose.FIND_ME)
        with made.library._database.write() as tx:
            tx.execute(update(sighting).values(band="likely"))
        yield made


@pytest.fixture
def app(gala: Gala) -> FastAPI:
    return make_app(lambda: open_library(gala.root, FakeClock(gala.clock.at), FakeVision()))


@pytest.fixture
def nobody(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, AT, headers=OWN, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def staff(gala: Gala, nobody: TestClient) -> TestClient:
    """Who is owner, staff and reviewer of all there is, as the first account is."""
    sign_in(nobody, gala, "bo", Role.OWNER, Role.STAFF, Role.REVIEWER, given=every(gala))
    return nobody


def every(gala: Gala) -> frozenset[str]:
    return frozenset(one.id for one in gala.library.collections())


def paths(gala: Gala) -> list[str]:
    """Every page of the desk that is asked for and not sent."""
    who = gala.library.consents("Ada")[0].id
    photo = gala.library.photos()[0].id
    collection = gala.library.collections()[0].id
    known = {"{which}": collection}
    found = []
    for route in (one for page in STAFF for one in page.router.routes):
        assert isinstance(route, APIRoute)
        if "GET" in (route.methods or ()):
            path = route.path.replace("{how}", "small").replace("{photo}", photo)
            if "/people/" in path:
                path = path.replace("{which}", who)
            if "/photos/" in path:
                path = path.replace("{which}", photo)
            if "/sources/" in path:
                path = path.replace("{which}", gala.source.id)
            if "/jobs/" in path:
                path = path.replace("{which}", "1")
            found.append(path.replace("{which}", known["{which}"]))
    return found


@pytest.mark.promise("P7")
def test_a_page_of_the_review_is_a_search(gala: Gala) -> None:
    """Counted by account, refused when an hour's are used up; what follows an answer is not one."""

    def opened() -> Library:
        library = open_library(gala.root, FakeClock(gala.clock.at), FakeVision())
        library._settings = library.settings.with_searches(2)
        return library

    with TestClient(make_app(opened), AT, headers=OWN) as client:
        sign_in(client, gala, "bo", Role.REVIEWER, given=every(gala))
        assert client.get("/staff/review").status_code == 200
        part = {"HX-Request": "true"}
        for _ in range(3):
            client.post("/staff/review", data={"answer": "undo"}, headers=part)
        assert client.get("/staff/review").status_code == 200
        refused = client.get("/staff/review")
        assert (refused.status_code, "Ada" in refused.text) == (429, False)
    assert gala.log()[-1] == "search.refused"


# --- who is let in ------------------------------------------------------------------------------


@pytest.mark.promise("P7", "P34")
def test_every_page_of_the_desk_is_guarded() -> None:
    """A route without the dependency is open to everybody: there is none."""
    made_by = require.__qualname__
    for route in (one for page in STAFF for one in page.router.routes):
        assert isinstance(route, APIRoute)
        calls = [one.call for one in route.dependant.dependencies]
        guarded = any(getattr(one, "__qualname__", "").startswith(made_by) for one in calls)
        assert guarded, route.path


@pytest.mark.promise("P7", "P34")
def test_nobody_is_let_in_without_an_account(gala: Gala, nobody: TestClient) -> None:
    """Whoever is not signed in, or guesses a cookie, is sent to sign in, and back."""
    for cookie in ({}, {"Cookie": f"{SESSION}=guessed"}):
        for path in paths(gala):
            heard = nobody.get(path, headers=cookie, follow_redirects=False)
            assert (heard.status_code, "Ada" in heard.text) == (303, False), path
            assert heard.headers["location"] == f"/sign-in?to={path}"
    heard = nobody.post("/staff/review", data={"answer": "undo"}, follow_redirects=False)
    assert heard.headers["location"] == "/sign-in?to=/staff"
    part = nobody.get("/staff/search", headers={"HX-Request": "true"})
    assert (part.status_code, part.text) == (401, "")
    assert part.headers["hx-redirect"] == "/sign-in?to=/staff/search"


GIVEN, OTHERS = "given", "others"

AT_DESK: dict[str, str] = {
    # Each route, with the roles that get through: those with a colon only where they were given it.
    "GET /staff": "owner staff photographer:given photographer:others",
    "POST /staff/collections": "owner",
    "GET /staff/collections/{collection}": "owner staff photographer:given",
    "POST /staff/collections/{collection}/assessment": "owner",
    "POST /staff/collections/{collection}/rule": "owner",
    "GET /staff/collections/{collection}/photos": "staff photographer:given reviewer:given",
    "GET /staff/collections/{collection}/bucket": "staff photographer:given reviewer:given",
    "GET /staff/collections/{collection}/buckets": "staff photographer:given reviewer:given",
    "GET /staff/photos/{photo}": "staff photographer:given reviewer:given",
    "GET /staff/photos/{photo}/{how}": "staff photographer:given reviewer:given",
    "GET /staff/sources": "owner staff photographer:given photographer:others",
    "GET /staff/sources/{source}": "owner staff photographer:given",
    "POST /staff/sources/{source}/take-down": "owner photographer:given",
    "GET /staff/jobs": "owner staff photographer:given photographer:others",
    "GET /staff/jobs/events": "owner staff photographer:given photographer:others",
    "GET /staff/jobs/{job}": "owner staff photographer:given",
    "GET /staff/people": "owner staff",
    "GET /staff/people/{person}": "staff",
    "GET /staff/merge": "staff",
    "POST /staff/merge": "staff",
    "POST /staff/people/{person}/split": "staff",
    "GET /staff/steps": "owner staff",
    "GET /staff/search": "staff",
    "POST /staff/search": "staff",
    "GET /staff/review": "reviewer:given reviewer:others",
    "POST /staff/review": "reviewer:given reviewer:others",  # of what is others', that it is gone
    "POST /staff/undo": "staff",
    "GET /staff/claims": "reviewer:given reviewer:others",
    "GET /staff/claims/{claim}": "reviewer:given",
    "GET /staff/claims/{claim}/photos/{photo}": "reviewer:given",
    "POST /staff/claims/{claim}/photos/{photo}": "reviewer:given",
    "POST /staff/claims/{claim}/answer": "reviewer:given",
    "GET /staff/check": "staff",
    "GET /staff/check/photos": "staff",
    "POST /staff/check/publish": "staff",
    "POST /staff/check/together": "staff",
    "POST /staff/check/film": "staff",
    "GET /staff/films/{film}": "staff",
    "GET /staff/films/{film}/state": "staff",
    "POST /staff/films/{film}/stop": "staff",
    "GET /staff/given/{given}": "owner staff auditor",
    "POST /staff/given/{given}/file": "staff",
    "GET /staff/shares": "staff",
    "POST /staff/shares": "staff",
    "POST /staff/shares/{share}/end": "staff",
    "GET /staff/due": "owner staff auditor",
    "GET /staff/demands/{demand}": "owner staff",
    "POST /staff/demands/{demand}/answer": "owner staff",
    "GET /staff/log": "owner auditor",
}


def named(route: APIRoute) -> str:
    """A route as the table names it: what `which` is, is in the path before it."""
    kinds = {"collections": "collection", "photos": "photo", "sources": "source"}
    kinds |= {"jobs": "job", "people": "person", "given": "given", "demands": "demand"}
    kinds |= {"films": "film", "shares": "share", "claims": "claim"}
    before = route.path.partition("/{which}")[0].rpartition("/")[2]
    (method,) = route.methods or {""}
    return f"{method} {route.path.replace('which', kinds.get(before, 'which'))}"


def asked_for(gala: Gala, who: PersonId) -> str:
    """Somebody asks to be looked for in the collection."""
    with gala.library._database.write() as tx:
        where = next(one.id for one in gala.library.collections() if one.name == COLLECTION)
        return str(claims.add(tx, who, where, Described("17"), at=gala.library._stores.now(tx)).id)


@pytest.mark.promise("P7", "P34")
@pytest.mark.parametrize(
    "who",
    [
        *(f"{role}:{where}" for role in ("photographer", "reviewer") for where in (GIVEN, OTHERS)),
        *("owner", "staff", "auditor", "person", "guardian", "recipient", ""),
    ],
)
def test_every_route_against_every_role(gala: Gala, nobody: TestClient, who: str) -> None:
    """The table says who gets through; whoever does not reads no name and changes nothing."""
    door = Door(gala.library, gala.clock)
    known = {
        named(one) for page in STAFF for one in page.router.routes if isinstance(one, APIRoute)
    }
    assert known == AT_DESK.keys()
    role, _, where = who.partition(":")
    away = gala.library.add_collection("elsewhere").id
    given = every(gala) - {away} if where == GIVEN else frozenset({away} if where else ())
    here = gala.library.consents("Ada")[0].id
    _sign_in_as(nobody, gala, role, given, here)
    asked = gala.library.questions().questions[0]
    split = gala.library.split(asked.person, [asked.sighting])
    ids = {
        "collection": next(one.id for one in gala.library.collections() if one.name == COLLECTION),
        "photo": asked.photo,
        "source": gala.source.id,
        "person": here,
        "job": "1",
        "how": "small",
        "given": "x_none",
        "demand": "dn_none",
        "film": "o_none",
        "share": "y_none",
        "claim": asked_for(gala, here),
    }
    (another,) = gala.library.questions().questions
    sent = {"sighting": another.sighting, "answer": "not-sure", "step": split.id}
    for name, through in AT_DESK.items():
        method, _, path = name.partition(" ")
        if path.endswith("/events") and who in through.split():
            continue  # it is open for ten minutes
        before = len(door.said())
        heard = nobody.request(
            method,
            path.format(**ids),
            data=sent if method == "POST" else None,
            follow_redirects=False,
        )
        if who in through.split():
            assert heard.status_code != 403, name
        else:
            assert (heard.status_code, "Ada" in heard.text, "Eve" in heard.text) == (
                403,
                False,
                False,
            ), name
            assert "may not" in heard.text
            assert len(door.said()) == before, name


def _sign_in_as(
    client: TestClient, gala: Gala, role: str, given: frozenset[str], here: PersonId
) -> None:
    """By an account of this one role; of none, of one that nobody gave a role yet."""
    echo = None
    if role == Role.RECIPIENT:
        echo = gala.library.add_recipient(Terms("The Echo", "desk@echo.example", "We delete."))
    has = Belongings(
        frozenset({Role(role or Role.STAFF)}),
        person=here if role == Role.PERSON else None,
        wards=frozenset({here} if role == Role.GUARDIAN else ()),
        assigned=given,
        recipient=echo.recipient.id if echo else None,
    )
    sign_in(client, gala, "bo", has=has)
    if not role:
        with gala.library._database.write() as tx:
            set_belongings(tx, gala.library.account("bo").id, frozenset(), None)


@pytest.mark.promise("P34")
def test_of_what_was_given_the_rest_is_not_listed(gala: Gala, nobody: TestClient) -> None:
    """Nor asked about: the review is of the collection that they were given, said or not."""
    away = gala.library.add_collection("elsewhere").id
    sign_in(nobody, gala, "bo", Role.PHOTOGRAPHER, Role.REVIEWER, given=frozenset({away}))
    assert COLLECTION not in nobody.get("/staff").text.replace(".gala", "")
    assert gala.source.id not in nobody.get("/staff/sources").text
    assert "There is nothing to review" in nobody.get("/staff/review").text
    assert nobody.get("/staff/review", params={"collection": COLLECTION}).status_code == 403


@pytest.mark.promise("P34")
def test_jobs_are_seen_as_far_as_their_sources_are(
    gala: Gala, nobody: TestClient, tmp_path: Path
) -> None:
    """Those over what they were given whole; of those over more, what is theirs; no others."""
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "away.jpg").write_bytes(b"no picture")
    given = Given("the club", gala.clock.now() + A_DAY)
    away = gala.library.add_folder(tmp_path / "away", given).source
    (gala.folder / "later.jpg").write_bytes(b"no picture")
    gala.library.ingest([gala.source.id])
    gala.library.ingest([away.id])
    (gala.folder / "both.jpg").write_bytes(b"no picture")
    (tmp_path / "away" / "both_away.jpg").write_bytes(b"no picture")
    gala.library.ingest()
    both, second, first, *_ = (one for one in gala.library.jobs() if one.kind == "ingest")
    given_away = frozenset({away.collection})
    sign_in(nobody, gala, "bo", Role.PHOTOGRAPHER, given=given_away)
    listed = nobody.get("/staff/jobs").text
    assert f'href="/staff/jobs/{second.number}"' in listed
    assert f'href="/staff/jobs/{both.number}"' in listed
    assert f'href="/staff/jobs/{first.number}"' not in listed
    assert "tester" not in listed
    assert nobody.get(f"/staff/jobs/{first.number}").status_code == 403
    assert "1 not read" in nobody.get(f"/staff/jobs/{second.number}").text
    heard = nobody.get(f"/staff/jobs/{both.number}").text
    assert ("both_away.jpg" in heard, "/both.jpg" in heard, ">both.jpg" in heard) == (
        True,
        False,
        False,
    )
    assert "its numbers are not shown" in heard
    assert "not read<" not in heard.replace("Not read, and why<", "")
    assert gala.source.id not in heard


@pytest.mark.promise("P34")
def test_what_is_done_at_the_desk_is_done_by_the_account(gala: Gala, staff: TestClient) -> None:
    """Its id is in the log, and not who started the server."""
    own = gala.library.account("bo").id
    staff.get("/staff/search", params={"q": "Ada"})
    assert Door(gala.library, gala.clock).said()[-1].actor == own


NONE_YET = ("/staff/given/", "/staff/demands/", "/staff/claims/", "/staff/films/")


def test_every_page_opens_in_every_language(gala: Gala, staff: TestClient) -> None:
    """Of a library with something in it, and each says where one is."""
    for path in paths(gala):
        if path in ("/staff/jobs/events", "/staff/merge"):
            continue
        if path.startswith(NONE_YET):
            continue
        for tag in ("en", "sv"):
            heard = staff.get(path, params={"lang": tag})
            assert heard.status_code == 200, (path, heard.text)


# --- collections --------------------------------------------------------------------------------


@pytest.mark.promise("P11")
def test_recognition_is_not_switched_on_before_the_assessment(
    gala: Gala, staff: TestClient
) -> None:
    """Not without a ground, not without the form, and not with half of it."""
    staff.post("/staff/collections", data={"name": "race"})
    race = next(one for one in gala.library.collections() if one.name == "race")
    path = f"/staff/collections/{race.id}"
    on = {"recognition": "on", "ground": "notice at the entrance"}
    assert staff.post(f"{path}/rule", data=on).status_code == 422
    half = dict.fromkeys(QUESTIONS[1:], "A sentence that says enough.")
    heard = staff.post(f"{path}/assessment", data=half)
    assert heard.status_code == 422
    assert heard.text.count("A sentence that says enough.") == len(half)
    assert staff.post(f"{path}/rule", data=on).status_code == 422
    whole = half | {QUESTIONS[0]: "Runners find their own pictures."}
    assert staff.post(f"{path}/assessment", data=whole).status_code == 200
    assert staff.post(f"{path}/rule", data=on | {"ground": " "}).status_code == 422
    assert not any(one.recognises for one in gala.library.collections() if one.id == race.id)
    assert staff.post(f"{path}/rule", data=on).status_code == 200
    assert any(one.recognises for one in gala.library.collections() if one.id == race.id)
    staff.post(f"{path}/rule", data={"recognition": "off"})
    assert not any(one.recognises for one in gala.library.collections() if one.id == race.id)


@pytest.mark.promise("P3")
def test_no_picture_leaves_once_the_grant_is_gone(gala: Gala, staff: TestClient) -> None:
    photo = gala.library.photos()[0].id
    assert staff.get(f"/staff/photos/{photo}/small").headers["content-type"] == "image/jpeg"
    heard = staff.post(
        f"/staff/sources/{gala.source.id}/take-down", data={"confirm": "something else"}
    )
    assert heard.status_code == 422
    assert staff.get(f"/staff/photos/{photo}/small").status_code == 200
    staff.post(f"/staff/sources/{gala.source.id}/take-down", data={"confirm": gala.source.id})
    assert staff.get(f"/staff/photos/{photo}/small").status_code == 404
    assert "status yes" in staff.get("/staff/due").text


def test_what_could_not_be_read_is_said_with_its_reason(gala: Gala, staff: TestClient) -> None:
    assert "broken.jpg" in staff.get(f"/staff/sources/{gala.source.id}").text
    assert "broken.jpg" in staff.get("/staff/jobs/1").text


# --- review -------------------------------------------------------------------------------------


def field(text: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', text)
    assert found is not None, name
    return found[1]


@pytest.mark.promise("P8", "P12")
def test_the_review_asks_and_takes_back_without_javascript(gala: Gala, staff: TestClient) -> None:
    """One question after the other, each answered by a button; Z by a button too."""
    page = staff.get("/staff/review").text
    first = field(page, "sighting")
    heard = staff.post("/staff/review", data={"sighting": first, "answer": "no"})
    assert field(heard.text, "sighting") != first
    again = staff.post("/staff/review", data={"sighting": first, "answer": "yes"})
    assert again.status_code == 409
    heard = staff.post("/staff/review", data={"answer": "undo"})
    assert field(heard.text, "sighting") == first
    assert "Eve" not in heard.text
    part = staff.post(
        "/staff/review", data={"sighting": first, "answer": "yes"}, headers={"HX-Request": "true"}
    )
    assert "<html" not in part.text
    del gala


@pytest.mark.promise("P12")
def test_a_merge_from_a_stale_page_is_a_conflict(gala: Gala, staff: TestClient) -> None:
    """It shows how the two stand now, and merges nothing; from a page of now it merges."""
    one, two = (gala.library.consents(name)[0].id for name in ("Ada", "Ada Berg"))
    page = staff.get("/staff/merge", params={"kept": one, "other": two}).text
    asked = {"kept": one, "other": two, "mark": field(page, "mark"), "why": "she said so"}
    # Both have the same face, so each place is given to either.
    pages = [
        staff.get("/staff/review", params={"person": name}).text for name in ("Ada", "Ada Berg")
    ]
    first = field("".join(pages), "sighting")
    staff.post("/staff/review", data={"sighting": first, "answer": "yes"})
    heard = staff.post("/staff/merge", data=asked)
    assert heard.status_code == 409
    assert gala.library.merged_into("Ada") == []
    asked["mark"] = field(heard.text, "mark")
    assert staff.post("/staff/merge", data=asked).status_code == 200
    assert [each.name for each in gala.library.merged_into("Ada")] == ["Ada Berg"]
    step = field(staff.get("/staff/steps").text, "step")
    staff.post("/staff/undo", data={"step": step})
    assert gala.library.merged_into("Ada") == []
    assert staff.post("/staff/undo", data={"step": step}).status_code == 409


def test_a_split_is_done_from_the_page_of_a_person(gala: Gala, staff: TestClient) -> None:
    who = next(
        one.id for one in gala.library.people() if gala.find(one.id, Purpose.STAFF_FIND).sightings
    )
    seen = gala.find(who, Purpose.STAFF_FIND).sightings
    staff.post(f"/staff/people/{who}/split", data={"sighting": [seen[0].id], "to": ""})
    assert len(gala.find(who, Purpose.STAFF_FIND).sightings) == len(seen) - 1


# --- search -------------------------------------------------------------------------------------


@pytest.mark.promise("P8", "P10")
def test_a_name_that_is_none_and_one_that_did_not_agree_are_one_answer(
    staff: TestClient,
) -> None:
    """Eve enrolled to find herself: to the box her name is a word, as a stranger's is."""
    heard = [staff.get("/staff/search", params={"q": name}) for name in ("Eve", "Zoe")]
    assert heard[0].text.replace("Eve", "Zoe") == heard[1].text
    assert staff.get("/staff/search", params={"q": "2026-13-40"}).status_code == 422


@pytest.mark.promise("P8")
def test_a_dropped_photo_names_only_who_agreed(staff: TestClient) -> None:
    heard = staff.post("/staff/search", files={"picture": ("x.jpg", picture(ADA, BO))})
    assert heard.status_code == 200
    assert "Eve" not in heard.text
    assert "Ada" in heard.text
    assert staff.post("/staff/search", files={"picture": ("x", b"none")}).status_code == 422


def test_photos_are_paged_without_javascript(gala: Gala, staff: TestClient) -> None:
    collection = next(one for one in gala.library.collections() if one.name == COLLECTION)
    heard = staff.get(f"/staff/collections/{collection.id}/photos")
    assert heard.text.count('<img src="/staff/photos/') == 2
    first, second = gala.library.bucket(collection.id)
    begin = f"{second.place.moment} {second.place.photo}"
    part = staff.get(f"/staff/collections/{collection.id}/bucket", params={"from": begin})
    assert (first.photo in part.text, second.photo in part.text) == (False, True)


@pytest.mark.promise("P9")
def test_no_page_of_the_desk_holds_a_number_of_likeness(gala: Gala, staff: TestClient) -> None:
    """Bands are words; nothing is said in per cent."""
    for path in ("/staff/review", "/staff/search?q=Ada", "/staff/people"):
        assert not re.search(r"\d\s?%", staff.get(path).text)
    del gala
