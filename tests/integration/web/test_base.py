"""What holds for every page: headers, where questions come from, how long they may be, errors."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from countenance.errors import Error, NotFound, Refused, Unavailable, UsageError
from countenance.library import Library
from countenance.web.app import make_app
from countenance.web.forms import MAX_FILE_BYTES, read_form
from countenance.web.pages import FOLDER
from countenance.web.pool import Pool
from countenance.web.security import MAX_BODY_BYTES, MAX_UPLOAD_BYTES
from tests.fakes.routes import routes


@pytest.fixture
def library(tmp_path: Path) -> Path:
    Library.init(tmp_path / "library").close()
    return tmp_path / "library"


@pytest.fixture
def app(library: Path) -> FastAPI:
    return make_app(lambda: Library.open(library), threads=1)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def add(app: FastAPI, path: str, error: BaseException | None = None) -> None:
    """A route for tests: it reads its form, and then answers, or fails."""

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            form = await read_form(request)
            return PlainTextResponse(form.text("word") + "".join(form.files))
        if error is not None:
            raise error
        return PlainTextResponse("done")

    app.router.routes.append(Route(path, answer, methods=["GET", "POST"]))


@pytest.mark.parametrize("path", ["/", "/nothing", "/v1/recalls", "/bug", "/static/x.js"])
def test_every_answer_is_closed(client: TestClient, app: FastAPI, path: str) -> None:
    """Nothing but our own files runs, is shown or is asked; no page is kept; errors are no gap."""
    add(app, "/bug", ValueError("secret"))
    heard = client.get(path)
    policy = heard.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert heard.headers["referrer-policy"] == "no-referrer"
    assert heard.headers["x-content-type-options"] == "nosniff"
    assert heard.headers["permissions-policy"].startswith("camera=(self)")
    assert heard.headers["cache-control"] == "no-store"
    assert "secret" not in heard.text


def test_files_of_ours_are_kept_for_ever(client: TestClient, app: FastAPI) -> None:
    url = app.state.web.assets.url("app.css")
    heard = client.get(url)
    assert heard.headers["cache-control"].endswith("immutable")
    assert heard.headers["content-encoding"] == "gzip"
    assert client.get(url, headers={"Accept-Encoding": "identity"}).text == heard.text
    assert client.get(url.replace(".css", "0.css")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
        ({"Origin": "http://testserver"}, 200),
        ({"Origin": "https://testserver"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
        ({"Cookie": "session=1"}, 403),
        ({"Cookie": "session=1", "Origin": "http://testserver"}, 200),
    ],
)
def test_changes_come_from_our_own_pages(
    client: TestClient, app: FastAPI, headers: dict[str, str], status: int
) -> None:
    """By what the browser says; a program without cookies has no right that could be borrowed."""
    add(app, "/form")
    heard = client.post("/form", data={"word": "ada"}, headers=headers)
    assert heard.status_code == status
    assert (heard.text == "ada") is (status == 200)


CLOSED = {
    # What every answer says to the browser, and what must not stand in it.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; ",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), ",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow",
}
LOOSE = ("unsafe", "*", "http:", "https:", "data:", "blob:", "nonce", "strict-dynamic")


def each(app: FastAPI) -> list[tuple[str, str]]:
    """The method and a path of every route, each id in it one that there is not."""
    found = [one.partition(" ") for one in routes(app)]
    return [(method, re.sub("{[^}]*}", "none", path)) for method, _, path in found]


@pytest.mark.promise("P34")
def test_every_route_is_closed(client: TestClient, app: FastAPI) -> None:
    """Each answer of each route, and nothing in its policy opens it again."""
    asked = each(app)
    assert len(asked) > 80
    for method, path in asked:
        for kind in (method, "OPTIONS", "PUT"):
            heard = client.request(kind, path, follow_redirects=False)
            for name, value in CLOSED.items():
                assert heard.headers[name].startswith(value), (kind, path, name)
            policy = heard.headers["content-security-policy"]
            assert not [one for one in LOOSE if one in policy], (kind, path)
            kept = "immutable" in heard.headers["cache-control"]
            assert kept is (path.startswith("/static/") and heard.status_code == 200)
            assert "access-control-allow-origin" not in heard.headers


ELSEWHERE: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://testserver:8080"},
    {"Origin": "null"},
    {"Cookie": "session=1"},
]


@pytest.mark.promise("P34")
@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_no_route_is_taken_from_another_site(
    client: TestClient, app: FastAPI, headers: dict[str, str]
) -> None:
    """Whatever changes something is refused, unlooked at; from our own pages it is not."""
    changing = [one for one in each(app) if one[0] != "GET"]
    assert len(changing) > 30
    for method, path in changing:
        heard = client.request(method, path, headers=headers, follow_redirects=False)
        assert (heard.status_code, "another site" in heard.text) == (403, True), path
        own = {"Sec-Fetch-Site": "same-origin"}
        if headers == ELSEWHERE[0]:
            heard = client.request(method, path, headers=own, follow_redirects=False)
            assert "another site" not in heard.text, path


FORBIDDEN = (
    r"""<style|\sstyle=|\son[a-z]+=["']|javascript:""",
    r"<script(?![^>]*\ssrc=)",
    r"""\s(src|srcset|action|formaction)=["'](https?:|//)""",
)


def test_no_template_needs_what_the_policy_forbids() -> None:
    """No style and no script in the page itself, and nothing that is fetched from elsewhere."""
    for path in FOLDER.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert [one for one in FORBIDDEN if re.search(one, text)] == [], path


def test_long_bodies_are_not_read(client: TestClient, app: FastAPI) -> None:
    """Neither one that says how long it is, nor one that does not."""
    add(app, "/form")
    plain = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (
        client.post("/form", content=b"a" * (MAX_BODY_BYTES + 1), headers=plain).status_code == 413
    )

    def endless() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 2**16 + 2):
            yield b"word=" + b"a" * 2**16

    assert client.post("/form", content=endless(), headers=plain).status_code == 413
    lie = {"Content-Type": "multipart/form-data; boundary=x"}
    lie["Content-Length"] = str(MAX_UPLOAD_BYTES + 1)
    assert client.post("/form", content=b"x", headers=lie).status_code == 413


def test_a_file_too_large_is_told(client: TestClient, app: FastAPI) -> None:
    add(app, "/form")
    files = {"picture": ("a.tif", bytes(MAX_FILE_BYTES + 1))}
    for tag, said in (("en", "choose a smaller one"), ("sv", "välj en mindre")):
        heard = client.post("/form", files=files, headers={"Accept-Language": tag})
        assert (heard.status_code, said in heard.text, "24 MiB" in heard.text) == (413, True, True)


def test_a_broken_form_is_told(client: TestClient, app: FastAPI) -> None:
    add(app, "/form")
    headers = {"Content-Type": "multipart/form-data"}
    assert client.post("/form", content=b"\r\n\r\n", headers=headers).status_code == 422
    many = {f"f{number}": str(number) for number in range(100)}
    assert client.post("/form", data=many, files={"p": b"x"}).status_code == 422


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (NotFound("ada: nobody enrolled here"), 404, ""),
        (UsageError("there is no such day"), 422, "no such day"),
        (Refused("a child has no guardian"), 403, "no guardian"),
        (Unavailable("/a/path: away"), 503, ""),
    ],
)
def test_errors_become_pages_and_json(
    client: TestClient, app: FastAPI, error: Error, status: int, told: str
) -> None:
    """With the status that the tree gives them; a page never says who is here, or where (P10)."""
    add(app, "/page", error)
    add(app, "/api/thing", error)
    heard = client.get("/page", headers={"Accept-Language": "sv"})
    assert heard.status_code == status
    assert (error.message in heard.text) is bool(told)
    assert told in heard.text
    assert '<html lang="sv">' in heard.text
    as_json = client.get("/api/thing")
    assert (as_json.status_code, as_json.json()) == (status, {"error": error.message})


def test_the_language_stays_chosen(client: TestClient) -> None:
    """Chosen once in the address, it holds on the next page; the English page says where it is."""
    assert "Språk" in client.get("/?lang=sv").text
    heard = client.get("/")
    assert '<html lang="sv">' in heard.text
    assert heard.headers["content-language"] == "sv"
    assert "httponly" in client.get("/?lang=en").headers["set-cookie"].lower()


def test_a_server_with_a_name_has_no_other(library: Path) -> None:
    """A page elsewhere that had its name lead here is not answered."""
    app = make_app(lambda: Library.open(library), address="https://faces.example", threads=1)
    with TestClient(app, base_url="https://faces.example") as client:
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
        assert client.get("/", headers={"Host": "localhost:8765"}).status_code == 200


def test_the_pool_gives_and_raises(library: Path) -> None:
    """What was done comes back, errors too; it is done by whom it is said to be done."""
    opened: list[int] = []

    def open_library() -> Library:
        opened.append(threading.get_ident())
        return Library.open(library)

    async def ask() -> None:
        pool = Pool(open_library, threads=2)
        try:
            assert await pool.run(lambda one: one.settings.actor, actor="anna") == "anna"
            assert await pool.look(lambda one: one.settings.language, language="sv") == "sv"
            assert await pool.run(lambda one: one.settings.language) == "en"
            with pytest.raises(NotFound):
                await pool.run(lambda one: one.consents("nobody"))
        finally:
            pool.close()
            pool.close()
        with pytest.raises(Unavailable):
            await pool.run(lambda one: one.photos())

    asyncio.run(ask())
    assert len(set(opened)) == len(opened)
    assert threading.get_ident() not in opened
