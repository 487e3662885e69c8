"""The pages for the public, in process: permissions, demands, what is published."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from countenance.accounts.roles import Role
from countenance.catalog.tables import demand
from countenance.erasure.holders import HOLDERS
from countenance.library import Library
from countenance.people.notice import LANGUAGES, load_notice
from countenance.people.purpose import Purpose
from countenance.publish.export import Published
from countenance.settings import load_settings
from countenance.web.app import make_app
from countenance.web.public import paper
from tests.fakes.clock import FakeClock
from tests.fakes.door import sign_in
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.gala import A_DAY, open_library, rows
from tests.fakes.vision import FakeVision

ADA = 1
HERE = ("127.0.0.1", 5000)
AT = "http://127.0.0.1"
OWN = {"Sec-Fetch-Site": "same-origin"}
PAGES = ("/permission", "/takedown", "/retention", "/notices", "/accessibility")
DEMAND = {
    "places": "https://faces.example/one.jpg",
    "reasons": "It shows my garden and my child in it.",
    "name": "Eva Ek",
    "mail": "eva@example.org",
    "good_faith": "1",
}


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    made = Echo.make(tmp_path)
    with made.gala as gala:
        gala.put("one.png", ADA)
        made.enrol("Ada", ADA)
        gala.ingest()
        yield made


@pytest.fixture
def given(echo: Echo) -> Published:
    return echo.gala.library.publish(
        str(echo.gala.folder / "one.png"),
        "The Echo",
        channel=CHANNEL,
        out=echo.gala.folder.parent / "out",
        looked=True,
    )


@pytest.fixture
def app(echo: Echo) -> FastAPI:
    gala = echo.gala
    return make_app(lambda: open_library(gala.root, FakeClock(gala.clock.at), FakeVision()))


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, AT, client=HERE, raise_server_exceptions=False) as client:
        client.headers.update(OWN)
        yield client


def by_number(visitor: TestClient, number: str) -> str:
    heard = visitor.post("/permission", data={"number": number})
    assert heard.status_code == 200
    return heard.text


def by_file(visitor: TestClient, data: bytes) -> str:
    heard = visitor.post("/permission", files={"file": ("x.jpg", data, "image/jpeg")})
    assert heard.status_code == 200
    return heard.text


# --- permissions --------------------------------------------------------------------------------


def test_a_permission_is_in_force_by_number_and_by_file(
    visitor: TestClient, given: Published
) -> None:
    """It says the channel and to whom; of who is shown it says nothing."""
    for text in (
        by_number(visitor, given.disclosure.id),
        by_file(visitor, given.path.read_bytes()),
    ):
        assert "In force." in text
        assert CHANNEL in text
        assert "The Echo" in text
        assert "Ada" not in text


def withdrew(echo: Echo) -> None:
    echo.gala.library.withdraw("Ada", Purpose.MAY_PUBLISH)


def left(echo: Echo) -> None:
    echo.gala.library.withdraw("Ada")


def revoked(echo: Echo) -> None:
    echo.gala.library.take_down(echo.gala.source.id)


def grant_ended(echo: Echo) -> None:
    echo.gala.end_the_grants()


def recipient_ended(echo: Echo) -> None:
    echo.gala.library.end_recipient("The Echo")


def agreed_again(echo: Echo) -> None:
    """What was given rests on the consent that ended, and is recalled all the same."""
    withdrew(echo)
    echo.enrol("Ada Again", ADA)


@pytest.mark.promise("P10")
@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    "end", [withdrew, left, revoked, grant_ended, recipient_ended, agreed_again]
)
def test_what_has_ended_and_what_is_unknown_are_one_answer(
    echo: Echo, visitor: TestClient, given: Published, end: object
) -> None:
    """To the last letter; from the moment it has ended."""
    assert callable(end)
    data = given.path.read_bytes()
    assert "In force." in by_file(visitor, data)
    end(echo)
    unknown = by_number(visitor, "x_0000000000000000")
    assert "no permission in force" in unknown
    assert by_number(visitor, given.disclosure.id) == unknown
    assert by_file(visitor, data) == unknown
    assert by_file(visitor, b"no picture at all") == unknown


@pytest.mark.promise("P10")
def test_a_file_that_is_nearly_the_same_is_unknown(
    echo: Echo, visitor: TestClient, given: Published
) -> None:
    """Neither the photo itself nor the file with a byte more: no likeness is looked for."""
    for data in (given.path.read_bytes() + b"\0", (echo.gala.folder / "one.png").read_bytes()):
        assert "no permission in force" in by_file(visitor, data)
    assert "search" not in "".join(echo.gala.log())


def test_guesses_are_counted(visitor: TestClient, given: Published) -> None:
    """Who tries many is not answered for a while, not even what would be right."""
    for _ in range(30):
        visitor.post("/permission", data={"number": "x_guess"})
    heard = visitor.post("/permission", data={"number": given.disclosure.id})
    assert heard.status_code == 429


def test_nothing_asked_is_nothing_answered(visitor: TestClient) -> None:
    assert visitor.post("/permission", data={}).status_code == 422


# --- demands ------------------------------------------------------------------------------------


def test_a_demand_is_a_task_with_a_deadline(echo: Echo, visitor: TestClient) -> None:
    """It stands among what is due; its number says when it is answered, and not what it said."""
    heard = visitor.post("/takedown", data=DEMAND)
    assert heard.status_code == 200
    assert heard.url.path.startswith("/takedown/dn_")
    assert "Eva" not in heard.text
    (due,) = echo.gala.library.due().demands
    assert due.open
    assert due.by - due.what.at == 30 * A_DAY  # type: ignore[union-attr]
    assert "demand.received" in echo.gala.log()
    which = heard.url.path.rsplit("/", 1)[1]
    sign_in(visitor, echo.gala, "bo", Role.OWNER, Role.STAFF)
    assert which in visitor.get("/staff/due").text
    desk = visitor.get(f"/staff/demands/{which}").text
    for words in ("Eva Ek", "eva@example.org", "my garden", "https://faces.example/one.jpg"):
        assert words in desk


@pytest.mark.promise("P32")
def test_an_answer_empties_what_was_written(echo: Echo, visitor: TestClient) -> None:
    """Only with an outcome and reasons; its sender reads it by the number. It is final."""
    which = visitor.post("/takedown", data=DEMAND).url.path.rsplit("/", 1)[1]
    sign_in(visitor, echo.gala, "bo", Role.OWNER, Role.STAFF)
    path = f"/staff/demands/{which}/answer"
    words = "The picture was taken down at its source."
    for wrong in ({"outcome": "taken-down", "answer": "ok"}, {"outcome": "x", "answer": words}):
        assert visitor.post(path, data=wrong).status_code == 422
    said = {"outcome": "taken-down", "answer": words}
    assert visitor.post(path, data=said).status_code == 200
    assert words in visitor.get(f"/takedown/{which}").text
    with echo.gala.library._database.read() as tx:
        left = str(rows(tx, demand))
    assert which in left
    assert not any(one in left for one in (*DEMAND.values(),) if len(one) > 1)
    assert visitor.post(path, data=said).status_code == 403
    assert not echo.gala.library.due().demands[0].open


@pytest.mark.parametrize(
    ("changed", "lacking"),
    [
        ({"places": " "}, "places"),
        ({"reasons": "because"}, "reasons"),
        ({"name": ""}, "name"),
        ({"mail": "nowhere"}, "mail"),
        ({"good_faith": ""}, "good_faith"),
        ({"reasons": "x" * 5001}, "reasons"),
        ({"of_a_child": "1", "name": "", "mail": "nowhere"}, "mail"),
    ],
)
def test_a_demand_has_every_element(
    echo: Echo, visitor: TestClient, changed: dict[str, str], lacking: str
) -> None:
    """Of the DSA, Art. 16(2): what is missing is said at its field, and what was typed stays."""
    heard = visitor.post("/takedown", data=DEMAND | changed)
    assert heard.status_code == 422
    assert f'id="lack-{lacking}"' in heard.text
    assert (changed.get("places") or DEMAND["places"]).strip() in heard.text
    assert echo.gala.library.due().demands == ()


def test_about_the_abuse_of_a_child_nobody_has_to_give_a_name(visitor: TestClient) -> None:
    said = DEMAND | {"of_a_child": "1", "name": "", "mail": ""}
    assert visitor.post("/takedown", data=said).status_code == 200


def test_demands_are_counted_by_address(visitor: TestClient) -> None:
    """A person reads each of them."""
    heard = [visitor.post("/takedown", data=DEMAND).status_code for _ in range(6)]
    assert heard == [200] * 5 + [429]


# --- what is published --------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_for_anybody_in_every_language(visitor: TestClient, path: str) -> None:
    """Without signing in; and each is named at the foot of every page."""
    for tag in ("en", "sv"):
        assert visitor.get(path, params={"lang": tag}).status_code == 200
    assert f'href="{path}"' in visitor.get("/").text


def test_the_retention_rule_is_that_of_the_settings(tmp_path: Path) -> None:
    """Another setting is another page."""
    Library.init(tmp_path / "library").close()

    def page(**given: str | int) -> str:
        settings = load_settings(tmp_path / "library", environment={}, given=given)
        app = make_app(lambda: Library.open(tmp_path / "library", settings), threads=1)
        with TestClient(app, AT) as client:
            return unescape(client.get("/retention").text)

    said = page(scan_every=45, historical_years=17, contact="help@faces.example")
    assert "every 45 minutes" in said
    assert "dead for 17 years" in said
    assert "help@faces.example" in said
    assert "by hand" in page(scan_every=0)


@pytest.mark.promise("P17")
def test_the_notices_are_shown_word_for_word(visitor: TestClient) -> None:
    """Every word in its order, with the digest that consents keep."""
    page = unescape(visitor.get("/notices").text)
    plain = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for language in LANGUAGES:
        notice = load_notice(language)
        assert " ".join(notice.text.split()) in plain
        assert notice.digest in page


def test_a_receipt_has_words_for_all_that_goes() -> None:
    """No holder's own name stands on it."""
    assert {one.name for one in HOLDERS} <= paper.DESTROYED.keys()
