"""Who the API lets in: by a token, never by a cookie, and no further than roles and scopes."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from fastapi import APIRouter
from sqlalchemy import update
from starlette.requests import Request

from countenance.accounts.roles import Role, Scope
from countenance.api.gate import RULES, About, Act, Door, Need, Open
from countenance.catalog.accounts import Belongings
from countenance.catalog.recipients import Terms
from countenance.catalog.tables import photo
from countenance.core.ids import RecipientId
from countenance.library import Given
from countenance.sources.grant import GrantPurpose
from countenance.web.account.session import SESSION
from countenance.web.rates import QUESTIONS
from tests.fakes.door import Door as Doorkeeper
from tests.fakes.door import sign_in
from tests.fakes.echo import CHANNEL
from tests.fakes.gala import A_DAY
from tests.fakes.program import ADA, BO, Here, Program, asking, routes
from tests.fakes.vision import picture

LOGINS = count(1)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """One for all tests of this module: none of them takes anything away."""
    with Here.make(tmp_path_factory.mktemp("api")) as made:
        yield made


@pytest.fixture
def program(here: Here) -> Iterator[Program]:
    with asking(here.gala) as made:
        yield made


def login() -> str:
    return f"bo{next(LOGINS)}"


def test_a_route_without_a_need_cannot_be_made() -> None:
    """Nobody forgets to guard one: it has a need, or says that it is open. Never both."""

    async def bare(request: Request) -> None: ...

    with pytest.raises(TypeError, match="one need"):
        APIRouter(route_class=Door).get("/bare")(bare)
    assert {one.need.act for one in routes().values() if isinstance(one.need, Need)} == set(Act)
    assert RULES.keys() == set(Act)


# --- tokens -----------------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_nothing_is_answered_without_a_token(tmp_path: Path) -> None:
    """Nor with one that is none, has ended, is over, or is of an account that has ended."""
    with Here.make(tmp_path) as here, asking(here.gala) as program:
        good = program.token_of("bo", Role.OWNER, Role.STAFF)
        ended = program.another_token("bo")
        library = here.gala.library
        library.end_token(
            next(one.id for one in library.tokens("bo") if ended.startswith(one.prefix))
        )
        gone = program.token_of("cy", Role.STAFF)
        library.end_account("cy")
        for token in ("", "ctn_none", ended, gone, good[:-1]):
            program.token = token
            heard = program.ask("/collections")
            assert heard.status_code == 401, token
            assert heard.headers["www-authenticate"] == "Bearer"
            assert heard.json()["type"] == "/api/v1/problems/not-signed-in"
        program.token = good
        assert program.ask("/collections").status_code == 200
        here.gala.clock.advance(31 * A_DAY)
        assert program.ask("/collections").status_code == 401


@pytest.mark.promise("P34")
def test_no_cookie_is_accepted(here: Here, program: Program) -> None:
    """Whoever is signed in to the pages has no right here by that: a page could ask for them."""
    sign_in(program.client, here.gala, login(), Role.OWNER, Role.STAFF)
    assert program.client.get("/staff").status_code == 200
    session = program.client.cookies[SESSION]
    for name, route in routes().items():
        if isinstance(route.need, Need):
            assert here.asked(program, name).status_code in (401, 403), name
    program.client.cookies.clear()
    # Nor is a session taken for a token.
    program.token = session
    assert program.ask("/collections").status_code == 401


@pytest.mark.promise("P34")
@pytest.mark.parametrize("scope", Scope)
def test_a_token_does_what_its_scopes_say(here: Here, program: Program, scope: Scope) -> None:
    """Whatever its account may: everything else is refused, and says which scope it takes."""
    roles = (Role.OWNER, Role.STAFF, Role.PHOTOGRAPHER, Role.REVIEWER, Role.AUDITOR)
    program.token = program.token_of(login(), *roles, given=here.every, scopes=frozenset({scope}))
    for name, route in routes().items():
        if not isinstance(route.need, Need):
            continue
        heard = here.asked(program, name)
        told = (route.openapi_extra or {})["security"]
        wanted = [one for each in told for one in each["token"]]
        if scope in wanted:
            assert heard.status_code < 400, (name, heard.text)
        else:
            assert heard.status_code == 403, name
            assert " or ".join(wanted) in heard.json()["detail"]


def test_who_guesses_is_not_answered_for_a_while(program: Program) -> None:
    """Thirty tries at once from an address. Whoever shows nothing is told what it takes."""
    for _ in range(40):
        assert program.ask("/collections").status_code == 401
    program.token = "ctn_guessed"  # noqa: S105  nobody's
    heard = [program.ask("/collections") for _ in range(31)]
    assert {one.status_code for one in heard[:30]} == {401}
    assert heard[30].status_code == 429
    assert int(heard[30].headers["retry-after"]) > 0
    assert heard[30].headers["content-type"] == "application/problem+json"


def test_who_asks_all_the_time_has_to_wait(program: Program) -> None:
    """Counted by account: another token of it changes nothing, and somebody else's is free."""
    own, another = login(), login()
    program.token = program.token_of(own, Role.STAFF)
    rates = program.app.state.web.rates
    rates._clock = lambda: 0.0
    for _ in range(QUESTIONS.burst):
        rates.take(QUESTIONS, program.account(own))
    assert program.ask("/people").status_code == 429
    program.token = program.another_token(own)
    assert program.ask("/people").status_code == 429
    program.token = program.token_of(another, Role.STAFF)
    assert program.ask("/people").status_code == 200


# --- roles ------------------------------------------------------------------------------------

GIVEN, OTHERS, ANYBODY = "given", "others", "anybody"

AT_API: dict[str, str] = {
    # Each route, with the roles that get through: those with a colon only where they were given it.
    "GET /collections": "owner staff photographer:given photographer:others",
    "GET /collections/{which}": "owner staff photographer:given",
    "GET /collections/{which}/photos": "staff photographer:given reviewer:given",
    "GET /collections/{which}/questions": "reviewer:given",
    "GET /photos/{which}": "staff photographer:given reviewer:given",
    "GET /photos/{which}/thumbnail": "staff photographer:given reviewer:given",
    "POST /photos/{which}/checks": "staff photographer:given",
    "POST /photos/{which}/publications": "staff photographer:given",
    "GET /publications/{which}": "staff photographer:given",
    "GET /recipients": "staff photographer:given photographer:others",
    "GET /channels": "staff photographer:given photographer:others",
    "GET /sources": "owner staff photographer:given photographer:others",
    "GET /sources/{which}": "owner staff photographer:given",
    "GET /sources/{which}/scan": "owner staff photographer:given",
    "POST /sources/{which}/scan": "owner photographer:given",
    "GET /jobs": "owner staff photographer:given photographer:others",
    "GET /jobs/{which}": "owner staff photographer:given",
    "GET /people": "owner staff",
    "GET /people/{which}": "owner staff person guardian",
    "POST /searches": "staff",
    "POST /searches/picture": "staff",
    "POST /questions/{which}/answer": "reviewer:given",
    "GET /erasures": "owner staff auditor",
    "GET /recalls": "owner staff auditor",
    "GET /demands": "owner staff auditor",
    "GET /log": "owner auditor",
    "GET /log/state": "owner auditor",
    "GET /receipts": "owner staff auditor",
    "GET /receipts/{which}": ANYBODY,
    "POST /verifications": ANYBODY,
    "POST /permissions": ANYBODY,
    "POST /permissions/file": ANYBODY,
    "POST /own/withdrawals": ANYBODY,  # by one's own link, and nothing else
    "GET /problems/{kind}": ANYBODY,
}


@pytest.mark.promise("P7", "P34")
@pytest.mark.parametrize(
    "who",
    [
        *(f"{role}:{where}" for role in ("photographer", "reviewer") for where in (GIVEN, OTHERS)),
        *("owner", "staff", "auditor", "person", "guardian", "recipient"),
    ],
)
def test_every_route_against_every_role(here: Here, program: Program, who: str) -> None:
    """
    The table says who gets through, by a token with every scope; whoever does not reads no name and
    changes nothing.
    """
    assert AT_API.keys() == routes().keys()
    door = Doorkeeper(here.gala.library, here.gala.clock)
    role, _, where = who.partition(":")
    own, others = here.ids["collections"], here.others["collections"]
    program.token = program.token_of(
        login(),
        has=Belongings(
            frozenset({Role(role)}),
            person=here.ada if role == Role.PERSON else None,
            wards=frozenset({here.ada} if role == Role.GUARDIAN else ()),
            assigned=frozenset({own} if where == GIVEN else {others} if where else ()),
            recipient=_recipient(here) if role == Role.RECIPIENT else None,
        ),
    )
    working = role not in (Role.PERSON, Role.GUARDIAN, Role.RECIPIENT)
    for name, through in AT_API.items():
        if through == ANYBODY:
            continue
        before = len(door.said())
        heard = here.asked(program, name)
        if who in through.split() and working:
            assert heard.status_code < 300, (name, heard.text)
        else:
            assert heard.status_code == 403, (name, heard.text)
            assert "may not" in heard.json()["detail"]
            assert "Ada" not in heard.text
            assert len(door.said()) == before, name


def _recipient(here: Here) -> RecipientId:
    terms = Terms(f"Another {next(LOGINS)}", "desk@echo.example", "We delete.")
    return here.gala.library.add_recipient(terms).recipient.id


IN_PARTS = {*About} - {About.ANYTHING, About.PARTS, About.PERSON}


@pytest.mark.promise("P34")
def test_two_accounts_try_each_others_ids(here: Here, program: Program) -> None:
    """
    On each route with an id in it: one's own is answered; that of another collection is refused in
    the very words in which one is that is nowhere.
    """
    roles = (Role.PHOTOGRAPHER, Role.REVIEWER)
    one = program.token_of(login(), *roles, given=frozenset({here.ids["collections"]}))
    two = program.token_of(login(), *roles, given=frozenset({here.others["collections"]}))
    nowhere = {folder: f"{which[:2]}{'0' * 16}" for folder, which in here.ids.items()}
    tried = 0
    for name, route in routes().items():
        if not isinstance(route.need, Need) or RULES[route.need.act][1] not in IN_PARTS:
            continue
        tried += 1
        for token, own, others in ((one, here.ids, here.others), (two, here.others, here.ids)):
            program.token = token
            assert here.asked(program, name, own).status_code < 300, name
            refused, unknown = (here.asked(program, name, ids) for ids in (others, nowhere))
            assert refused.status_code == 403, name
            assert refused.text == unknown.text, name
    assert tried == 13


@pytest.mark.promise("P34")
def test_of_what_was_given_the_rest_is_not_listed(here: Here, program: Program) -> None:
    others = here.others
    program.token = program.token_of(
        login(), Role.PHOTOGRAPHER, given=frozenset({others["collections"]})
    )
    collections = program.ask("/collections").json()["items"]
    assert [one["id"] for one in collections] == [others["collections"]]
    sources = program.ask("/sources").json()["items"]
    assert [one["id"] for one in sources] == [others["sources"]]
    assert program.ask(f"/sources?collection={here.ids['collections']}").json()["items"] == []
    jobs = program.ask("/jobs").json()["items"]
    assert {source for one in jobs for source in one["sources"]} == {others["sources"]}


@pytest.mark.promise("P34")
def test_a_job_over_anothers_source_too_is_not_theirs(here: Here, program: Program) -> None:
    """What it counts is of all together: whoever sees one of its sources reads nothing of it."""
    here.gala.library.ingest()
    both = here.gala.library.jobs()[0]
    assert len(both.sources) == 2
    program.token = program.token_of(
        login(), Role.PHOTOGRAPHER, given=frozenset({here.ids["collections"]})
    )
    heard = program.ask(f"/jobs/{both.id}")
    assert heard.status_code == 403
    assert heard.json()["detail"] == "this account may not: see-jobs"
    assert both.id not in {one["id"] for one in program.ask("/jobs").json()["items"]}
    program.token = program.token_of(login(), Role.STAFF)
    assert program.ask(f"/jobs/{both.id}").status_code == 200


@pytest.mark.promise("P34")
def test_no_photo_of_others_is_proposed(tmp_path: Path) -> None:
    """Who was given one source of a collection is told of no better photo in another source."""
    with Here.make(tmp_path) as here, asking(here.gala) as program:
        library = here.gala.library
        second = tmp_path / "beside"
        second.mkdir()
        (second / "same.jpg").write_bytes(picture(ADA, BO, salt=5))
        (second / "free.jpg").write_bytes(picture(ADA, salt=6))
        given = Given("the club", library.now() + A_DAY, purposes=frozenset(GrantPurpose))
        beside = library.add_folder(second, given, collection="gala").source
        library.ingest()
        free, same = (_photo(here, name) for name in ("free.jpg", "same.jpg"))
        with library._database.write() as tx:
            tx.execute(update(photo).values(taken_at="2026-05-01T10:00:00"))
        for roles, own, proposed in (
            ({Role.STAFF}, frozenset[str](), True),
            ({Role.PHOTOGRAPHER}, frozenset({beside.id}), False),
        ):
            program.token = program.token_of(login(), *roles, given=own)
            heard = program.post(f"/photos/{same}/checks", {"channel": CHANNEL})
            others = set(heard.json()["others"])
            assert others, heard.text
            assert (here.ids["photos"] in others) is proposed
            assert free in others


def _photo(here: Here, name: str) -> str:
    known = {Path(one.locators[0]).name: one.id for one in here.gala.library.photos()}
    return known[name]


@pytest.mark.promise("P7", "P34")
def test_what_is_asked_is_asked_by_the_account(here: Here, program: Program) -> None:
    """Its id is in the log, and not who started the server."""
    own = login()
    program.token = program.token_of(own, Role.STAFF)
    program.post("/searches", {"text": "Ada Berg"})
    said = Doorkeeper(here.gala.library, here.gala.clock).said()[-1]
    assert (said.actor, said.purpose, said.subjects) == (
        program.account(own),
        "staff-find",
        (here.ada,),
    )


def test_open_routes_are_few(here: Here, program: Program) -> None:
    """What anybody may ask holds no name: a receipt, a permission, a kind of problem."""
    known = {name for name, route in routes().items() if isinstance(route.need, Open)}
    assert known == {name for name, through in AT_API.items() if through == ANYBODY}
    for name in known - {"POST /own/withdrawals"}:
        heard = here.asked(program, name)
        assert heard.status_code == 200, name
        assert "Ada" not in heard.text
        assert here.ada not in heard.text
