"""What the API answers, resource by resource, over a real library with a fake vision."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from countenance.accounts.roles import Role
from countenance.catalog.tables import disclosure
from countenance.core.canonical import digest
from countenance.errors import Unavailable
from countenance.library import Library
from countenance.media.leaks import find_leaks
from countenance.people.purpose import Purpose
from countenance.settings import load_settings
from tests.fakes.door import Door
from tests.fakes.echo import CHANNEL
from tests.fakes.gala import rows
from tests.fakes.program import ADA, BO, ZED, Here, Program, asking
from tests.fakes.vision import picture

JSON = {"Content-Type": "application/json"}
JPEG = {"Content-Type": "image/jpeg"}
NUMBERS_OF_LIKENESS = re.compile(
    r"score|distance|similar|likeness|confiden|template|vector", re.IGNORECASE
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Here:
    with Here.make(tmp_path_factory.mktemp("api")) as made:
        return made


@pytest.fixture
def here(made: Here, tmp_path: Path) -> Iterator[Here]:
    """Of each test its own, with the pictures of all."""
    with made.copied(tmp_path) as copy:
        yield copy


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Here]:
    """With pictures of its own, for who changes them."""
    with Here.make(tmp_path) as made:
        yield made


@contextmanager
def asking_as_all(here: Here) -> Iterator[Program]:
    """A program that works for who is everything that one can be here."""
    roles = (Role.OWNER, Role.STAFF, Role.REVIEWER, Role.AUDITOR)
    with asking(here.gala) as made:
        made.token = made.token_of("bo", *roles, given=here.every)
        yield made


@pytest.fixture
def program(here: Here) -> Iterator[Program]:
    with asking_as_all(here) as made:
        yield made


def good(heard: Response, status: int = 200) -> Any:  # noqa: ANN401  whatever the document says
    assert heard.status_code == status, heard.text
    return heard.json()


def every(program: Program, path: str, **query: object) -> list[Any]:
    """All items of a list, in pages of one."""
    found: list[Any] = []
    asked: dict[str, object] = {"count": 1, **query}
    while True:
        page = good(program.ask(path, params=asked))
        found += page["items"]
        assert len(page["items"]) <= 1
        if page["next"] is None:
            return found
        asked["after"] = page["next"]


def acts(here: Here) -> list[str]:
    return [one.act.value for one in Door(here.gala.library, here.gala.clock).said()]


# --- lists ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("/collections", 2),
        ("/sources", 2),
        ("/people", 2),
        ("/jobs", 1),
        ("/erasures", 1),
        ("/recalls", 1),
        ("/demands", 1),
        ("/log", 20),
        ("/receipts", 1),
        ("/recipients", 1),
        ("/collections/{which}/photos", 2),
    ],
)
def test_every_list_is_read_page_by_page(
    here: Here, program: Program, path: str, least: int
) -> None:
    """In pages of one each is there once, in the order of a page with all of them."""
    path = here.filled(path)
    whole = good(program.ask(path, params={"count": 250}))
    assert whole["next"] is None
    assert len(whole["items"]) >= least
    assert every(program, path) == whole["items"]


def test_a_cursor_that_is_none_is_refused(here: Here, program: Program) -> None:
    for path, after in (
        ("/collections", "x"),
        ("/collections/{which}/photos", "2026"),
        ("/jobs", "-1"),
        ("/log", "1e3"),
        ("/erasures", "~"),
    ):
        heard = program.ask(here.filled(path), params={"after": after})
        assert heard.status_code == 422
        assert heard.headers["content-type"] == "application/problem+json"
        assert heard.json()["errors"][0]["where"] == "query.after"
    for count in (0, 251, "x"):
        assert program.ask("/people", params={"count": count}).status_code == 422


# --- collections, sources, photos -------------------------------------------------------------


def test_collections_and_sources_say_how_they_stand(here: Here, program: Program) -> None:
    shown = good(program.ask(here.filled("/collections/{which}")))
    assert (shown["name"], shown["recognition"], shown["photos"]) == ("gala", True, 3)
    assert shown["sources"] == [here.ids["sources"]]
    source = good(program.ask(here.filled("/sources/{which}")))
    assert source["live"] is True
    assert source["unread"] == {"not-a-picture": 1}
    assert ["match", "publish"] in [one["purposes"] for one in source["grants"]]
    here.gala.end_the_grants()
    assert good(program.ask(here.filled("/sources/{which}")))["live"] is False


@pytest.mark.promise("P3")
def test_no_picture_leaves_once_the_grant_is_gone(here: Here, program: Program) -> None:
    """Nor a photo, nor a place in a list; what was known before is not confirmed either."""
    path = here.filled("/photos/{which}/thumbnail")
    first = program.ask(path)
    assert first.headers["content-type"] == "image/jpeg"
    known = {"If-None-Match": first.headers["etag"]}
    assert program.ask(path, headers=known).status_code == 304
    assert len(program.ask(path, params={"large": True}).content) > 0
    here.gala.library.take_down(here.ids["sources"])
    for asked in (path, here.filled("/photos/{which}")):
        heard = program.ask(asked, headers=known)
        assert heard.status_code == 404
        assert heard.headers["content-type"] == "application/problem+json"
    assert good(program.ask(here.filled("/collections/{which}/photos")))["items"] == []


def test_a_scan_is_asked_for_and_told_of(alone: Here) -> None:
    """
    The answer comes at once; then the job says how far it is, and the photo is there. What could
    not even begin, as with a folder that is away, is told without a job.
    """
    with asking_as_all(alone) as program:
        alone.gala.put("new.jpg", BO)
        path = alone.filled("/sources/{which}/scan")
        assert good(program.ask(path))["state"] == "none"
        assert good(program.post(path), 202)["state"] in ("waiting", "running", "done")
        program.scanned()
        stands = good(program.ask(path))
        assert (stands["state"], stands["job"]["state"]) == ("done", "done")
        assert stands["job"]["actor"] == program.account("bo")
        job = good(program.ask(f"/jobs/{stands['job']['id']}"))
        assert job["job"] == stands["job"]
        assert good(program.ask(alone.filled("/collections/{which}")))["photos"] == 4
        alone.gala.folder.rename(alone.gala.folder.with_name("elsewhere"))
        program.post(path)
        program.scanned()
        stands = good(program.ask(path))
        assert stands["state"] == "failed"
        assert stands["trouble"]
        alone.gala.end_the_grants()
        refused = program.post(path)
        assert refused.status_code == 403
        assert refused.json()["type"] == "/api/v1/problems/no-grant"


# --- searches ---------------------------------------------------------------------------------


@pytest.mark.promise("P8", "P9")
def test_a_search_names_who_agreed_in_bands(here: Here, program: Program) -> None:
    heard = program.post("/searches", {"text": "Ada Berg", "collection": here.ids["collections"]})
    found = good(heard)
    assert [one["name"] for one in found["people"]] == ["Ada Berg"]
    bands = {seen["band"] for hit in found["items"] for seen in hit["sightings"]}
    assert bands == {"sure", "likely"}
    assert not NUMBERS_OF_LIKENESS.search(heard.text)
    first = good(program.post("/searches", {"text": "Ada Berg", "count": 1}))
    second = good(
        program.post("/searches", {"text": "Ada Berg", "count": 1, "after": first["next"]})
    )
    assert first["items"] != second["items"]
    assert "Eve" not in heard.text


@pytest.mark.promise("P8", "P10")
def test_not_enrolled_declined_and_no_match_are_one_answer(here: Here, program: Program) -> None:
    """By name, and by a picture: the same status, the same form, and no name."""
    names = [program.post("/searches", {"text": name}) for name in ("Eve", "Zed", "Zoe")]
    assert {one.status_code for one in names} == {200}
    assert len({re.sub("Eve|Zed|Zoe", "X", one.text) for one in names}) == 1
    pictures = [
        program.ask("/searches/picture", "POST", content=picture(who), headers=JPEG)
        for who in (BO, ZED, 20)
    ]
    assert {one.text for one in pictures} == {pictures[0].text}
    assert [face["candidates"] for face in good(pictures[0])["faces"]] == [[]]
    del here


@pytest.mark.promise("P8", "P9")
def test_a_picture_names_who_agreed(here: Here, program: Program) -> None:
    heard = program.ask("/searches/picture", "POST", content=picture(ADA, BO), headers=JPEG)
    named = [one["person"]["name"] for face in good(heard)["faces"] for one in face["candidates"]]
    assert named == ["Ada Berg"]
    assert not NUMBERS_OF_LIKENESS.search(heard.text)
    assert acts(here)[-1] == "probe.searched"
    for body, kind, status in (
        (b"none", "image/jpeg", 422),
        (b"", "image/jpeg", 422),
        (picture(ADA), "text/plain", 415),
        (picture(ADA), "", 415),
    ):
        headers = {"Content-Type": kind} if kind else {}
        heard = program.ask("/searches/picture", "POST", content=body, headers=headers)
        assert heard.status_code == status
        assert heard.headers["content-type"] == "application/problem+json"


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    ("through", "method", "path"),
    [("look", "POST", "/searches"), ("open_review", "GET", "/collections/{which}/questions")],
)
def test_the_searches_of_an_hour_are_counted(  # noqa: PLR0913, PLR0917  fixtures, and two ways to search
    here: Here,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    through: str,
    method: str,
    path: str,
) -> None:
    """As everywhere: then it is refused, and that is in the log. A page of questions is one too."""
    few: dict[str, str | int] = {
        "searches_per_account": 2,
        "searches_per_library": 9,
        "actor": "bo",
    }
    settings = load_settings(here.gala.root, environment={}, given=few)
    run = getattr(Library, through)

    def counted(library: Library, *args: Any, **how: Any) -> object:  # noqa: ANN401
        library._settings = settings
        return run(library, *args, **how)

    monkeypatch.setattr(Library, through, counted)
    heard = [here.asked(program, f"{method} {path}") for _ in range(3)]
    assert [one.status_code for one in heard] == [200, 200, 429]
    assert heard[2].json()["type"] == "/api/v1/problems/too-many-searches"
    assert acts(here)[-1] == "search.refused"


# --- people -----------------------------------------------------------------------------------


def test_people_are_shown_with_what_they_said(here: Here, program: Program) -> None:
    shown = {one["name"]: one for one in good(program.ask("/people"))["items"]}
    assert shown.keys() == {"Ada Berg", "Eve"}
    assert {one["purpose"] for one in shown["Eve"]["agrees"]} == {"find-me"}
    whole = good(program.ask(f"/people/{here.ada}"))
    assert {one["state"] for one in whole["consents"]} == {"active"}
    assert whole["consents"][0]["events"][0]["kind"] == "given"
    here.gala.library.withdraw(here.ada, Purpose.STAFF_FIND)
    whole = good(program.ask(f"/people/{here.ada}"))
    states = {one["purpose"]: one["state"] for one in whole["consents"]}
    assert states["staff-find"] == "withdrawn"


@pytest.mark.promise("P16", "P19")
def test_one_withdraws_by_ones_own_link(here: Here, program: Program) -> None:
    """No account, no login: with the answer they are found nowhere, and there is a receipt."""
    staff = program.token
    program.token = here.own_link
    done = good(program.post("/own/withdrawals", {"purpose": "staff-find"}), 201)
    assert (done["withdrawn"], done["erased"]) == (["staff-find"], False)
    done = good(program.post("/own/withdrawals", {"purpose": None}), 201)
    assert done["erased"] is True
    # The link went with the last consent.
    assert program.post("/own/withdrawals", {"purpose": None}).status_code == 401
    receipt = good(program.ask(done["receipt"].removeprefix("/api/v1")))
    assert receipt["statement"]["erasure"] == done["erasure"]
    program.token = staff
    assert good(program.post("/searches", {"text": "Ada Berg"}))["items"] == []
    assert program.ask(f"/people/{here.ada}").status_code == 404


@pytest.mark.promise("P34")
def test_nobody_withdraws_for_others_by_a_token(here: Here, program: Program) -> None:
    """What cannot be undone takes a person who showed lately that it is they."""
    for token in (program.token, "", "nonsense"):
        program.token = token
        heard = program.post("/own/withdrawals", {"purpose": None})
        assert heard.status_code == 401
    assert here.gala.library.consents(here.ada)


def test_a_channel_is_of_publishing_alone(here: Here, program: Program) -> None:
    program.token = here.own_link
    wrong = {"purpose": "find-me", "channel": CHANNEL}
    assert program.post("/own/withdrawals", wrong).status_code == 422
    right = {"purpose": "may-publish", "channel": CHANNEL}
    assert good(program.post("/own/withdrawals", right), 201)["withdrawn"] == [
        f"may-publish:{CHANNEL}"
    ]


# --- review -----------------------------------------------------------------------------------


@pytest.mark.promise("P8", "P12", "P33")
def test_a_question_is_asked_and_answered_once(here: Here, program: Program) -> None:
    """Each is a look, and in the log; who did not agree is not asked about."""
    path = here.filled("/collections/{which}/questions")
    page = good(program.ask(path))
    (asked,) = page["items"]
    assert (asked["name"], asked["band"], page["left"]) == ("Ada Berg", "likely", 1)
    assert acts(here)[-1] == "person.found"
    to = f"/questions/{asked['sighting']}/answer"
    assert good(program.post(to, {"answer": "not-sure"}), 201)["kind"] == "not-sure"
    assert good(program.ask(path))["items"] == []
    aside = good(program.ask(path, params={"aside": True}))
    assert [one["sighting"] for one in aside["items"]] == [asked["sighting"]]
    assert good(program.post(to, {"answer": "no"}), 201)["kind"] == "no"
    again = program.post(to, {"answer": "yes"})
    assert again.status_code == 409
    assert again.json()["type"] == "/api/v1/problems/stale"
    assert program.post(to, {"answer": "perhaps"}).status_code == 422


# --- publishing -------------------------------------------------------------------------------


@pytest.mark.promise("P8", "P10")
def test_a_check_names_nobody_who_is_covered(here: Here, program: Program) -> None:
    """Ada in one photo is shown; beside her likeness in another nobody but who may look first."""
    shown = good(program.post(here.filled("/photos/{which}/checks"), {"channel": CHANNEL}))
    assert (shown["free"], [one["verdict"] for one in shown["faces"]]) == (True, ["shown"])
    assert shown["faces"][0]["people"] == [here.ada]
    both = good(program.ask(here.filled("/collections/{which}/photos")))["items"]
    other = next(one["id"] for one in both if one["where"].endswith("b.jpg"))
    heard = program.post(f"/photos/{other}/checks", {"channel": CHANNEL})
    faces = good(heard)["faces"]
    assert [one["verdict"] for one in faces] == ["ask", "cover"]
    assert (faces[1]["people"], faces[1]["rests_on"], faces[1]["ground"]) == (
        [],
        [],
        "nobody-agreed",
    )
    assert "Eve" not in heard.text
    elsewhere = good(program.post(here.filled("/photos/{which}/checks"), {"channel": "radio"}))
    assert [one["ground"] for one in elsewhere["faces"]] == ["nobody-agreed"]


@pytest.mark.promise("P8")
def test_a_file_is_given_out_checked_and_known(here: Here, program: Program) -> None:
    """It is the answer; its disclosure stays, and says on which consent who is shown."""
    path = here.filled("/photos/{which}/publications")
    asked = here.body("POST /photos/{which}/publications")
    assert isinstance(asked, dict)
    refused = program.post(path, asked | {"looked": False})
    assert refused.status_code == 403
    before = _given(here)
    heard = program.post(path, asked)
    assert (heard.status_code, heard.headers["content-type"]) == (201, "image/jpeg")
    assert not find_leaks(heard.content)
    assert _given(here) == before + 1
    told = good(program.ask(heard.headers["location"].removeprefix("/api/v1")))
    assert (told["sha256"], told["covers"]) == (digest(heard.content), 0)
    assert told["shown"].keys() == {here.ada}
    moved = program.post(
        path, asked | {"moved": {"f_0000000000000000": {"x1": 1, "y1": 1, "x2": 9, "y2": 9}}}
    )
    assert moved.status_code == 422
    added = program.post(path, asked | {"added": [{"x1": 1, "y1": 1, "x2": 30, "y2": 30}]})
    assert added.status_code == 201
    told = good(program.ask(added.headers["location"].removeprefix("/api/v1")))
    assert told["covers"] == 1
    assert CHANNEL in good(program.ask("/channels"))["channels"]


def _given(here: Here) -> int:
    with here.gala.library._database.read() as tx:
        return len(rows(tx, disclosure.c.id))


@pytest.mark.promise("P8", "P10")
def test_a_permission_is_in_force_until_a_consent_ends(here: Here, program: Program) -> None:
    """By number, digest and file; then it is one answer with what never was, to the last letter."""
    made = program.post(
        here.filled("/photos/{which}/publications"), here.body("POST /photos/{which}/publications")
    )
    number = made.headers["location"].rpartition("/")[2]
    program.token = ""  # anybody asks

    def asked() -> list[Response]:
        return [
            program.post("/permissions", {"number": number}),
            program.post("/permissions", {"sha256": digest(made.content)}),
            program.ask("/permissions/file", "POST", content=made.content, headers=JPEG),
        ]

    assert {one.text for one in asked()} == {asked()[0].text}
    shown = good(asked()[0])
    assert (shown["in_force"], shown["channel"], shown["recipient"]) == (True, CHANNEL, "The Echo")
    here.gala.library.withdraw(here.ada)
    unknown = program.post("/permissions", {"number": "x_0000000000000000"})
    assert {one.text for one in (*asked(), unknown)} == {unknown.text}
    assert good(unknown)["in_force"] is False
    like = program.ask("/permissions/file", "POST", content=picture(ADA), headers=JPEG)
    assert like.text == unknown.text


# --- what is due, the log, receipts -----------------------------------------------------------


def test_what_is_due_is_listed_without_names(here: Here, program: Program) -> None:
    (case,) = good(program.ask("/erasures", params={"trigger": "withdrawn"}))["items"]
    assert case["id"] == here.ids["erasures"]
    assert good(program.ask("/erasures", params={"trigger": "taken-down"}))["items"] == []
    (recall,) = good(program.ask("/recalls", params={"open": True}))["items"]
    assert recall["state"] == "open"
    assert good(program.ask("/recalls", params={"open": False}))["items"] == []
    heard = program.ask("/demands")
    assert good(heard)["items"][0]["open"] is True
    assert "Eva" not in heard.text
    here.gala.library.take_down(here.others["sources"])
    assert len(good(program.ask("/erasures", params={"trigger": "revoked"}))["items"]) == 1


@pytest.mark.promise("P32")
def test_the_log_is_listed_and_verified(here: Here, program: Program) -> None:
    entries = good(program.ask("/log", params={"count": 250}))["items"]
    assert [one["index"] for one in entries] == list(range(len(entries) - 1, -1, -1))
    assert "Ada" not in program.ask("/log").text
    with here.gala.library._database.write() as tx:
        tx.exec_driver_sql("update entry set payload = null, salt = null where seq = 3")
    state = good(program.ask("/log/state"))
    assert state["sound"] is False
    assert state["findings"][0]["fault"] == "redaction-unsaid"
    assert good(program.ask("/log", params={"after": 3}))["items"][0]["redacted"] is True


@pytest.mark.promise("P24")
def test_a_receipt_is_for_who_has_its_number(here: Here, program: Program) -> None:
    """Anybody verifies one; one that was changed by a letter is none."""
    (issued,) = good(program.ask("/receipts"))["items"]
    program.token = ""
    shown = good(program.ask(here.filled("/receipts/{which}")))
    assert shown["statement"]["erasure"] == issued["erasure"]
    assert digest(shown["receipt"].encode()) == issued["sha256"]
    verified = good(program.post("/verifications", {"receipt": shown["receipt"]}))
    assert (verified["good"], verified["statement"]) == (True, shown["statement"])
    head, content, signature = shown["receipt"].split(".")
    for wrong in ("", "a.b.c", f"{head}.{content[:-1]}.{signature}", f"{head}..{signature}"):
        heard = good(program.post("/verifications", {"receipt": wrong}))
        assert (heard["good"], heard["statement"]) == (False, None)
        assert heard["why"]
    assert program.ask("/receipts/e_0000000000000000").status_code == 404


# --- problems ---------------------------------------------------------------------------------


def test_what_is_refused_is_a_problem(here: Here, program: Program) -> None:
    """With the status of the tree, a type that can be looked up, and nothing that was sent."""
    cases = [
        (program.ask("/nothing"), 404, "not-found"),
        (program.ask("/people", "DELETE"), 405, "method-not-allowed"),
        (program.ask("/photos/i_0000000000000000"), 404, "not-found"),
        (program.ask("/photos/nonsense"), 422, "usage-error"),
        (program.post("/searches", {"text": "2026-13-40"}), 422, "usage-error"),
        (program.post("/searches", {"text": "Ada", "likeness": 0.9}), 422, "usage-error"),
        (program.ask("/searches", "POST", content=b"{", headers=JSON), 422, "usage-error"),
        (program.ask("/searches", "POST", content=b" " * 2**21, headers=JSON), 413, "too-long"),
        (
            program.ask("/searches", "POST", content=b'{"text": "\\ud800"}', headers=JSON),
            422,
            "usage-error",
        ),
        (program.post("/people", None, headers={"Sec-Fetch-Site": "cross-site"}), 403, "refused"),
    ]
    for heard, status, kind in cases:
        assert heard.status_code == status, heard.text
        assert heard.headers["content-type"] == "application/problem+json"
        said = heard.json()
        assert (said["type"], said["status"]) == (f"/api/v1/problems/{kind}", status)
        assert good(program.ask(f"/problems/{kind}"))["title"] == said["title"]
        assert "0.9" not in heard.text
    assert cases[1][0].headers["allow"] == "GET"
    del here


@pytest.mark.parametrize("error", [Unavailable("/srv/secret: away"), ValueError("secret")])
def test_what_fails_here_is_not_told(
    program: Program, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def people(_library: Library) -> list[object]:
        raise error

    monkeypatch.setattr(Library, "people", people)
    heard = program.ask("/people")
    assert heard.status_code == (503 if isinstance(error, Unavailable) else 500)
    assert heard.headers["content-type"] == "application/problem+json"
    assert "secret" not in heard.text
