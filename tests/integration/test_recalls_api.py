"""The feed and the acknowledgements as other machines meet them: asked of the application."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.types import Message

from countenance.api.recalls import recalls_app
from countenance.audit.statement import RecallState
from countenance.erasure.acknowledgement import MAX_ACKNOWLEDGEMENT_BYTES
from countenance.erasure.recall import message
from tests.fakes.echo import Echo, acknowledgement, terms


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  whatever was answered
        return json.loads(self.body)


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    """Ada is in a photo that was given out, and it is to be recalled."""
    made = Echo.make(tmp_path)
    with made.gala:
        made.gala.put("one.png", 1)
        ada = made.enrol("Ada", 1)
        made.gala.ingest()
        made.give("one.png")
        made.recall(ada)
        yield made


def feed(echo: Echo, token: str, query: str = "") -> Heard:
    return ask(
        echo, "GET", "/v1/recalls", query=query, headers={"Authorization": f"Bearer {token}"}
    )


def post(echo: Echo, *parts: bytes) -> Heard:
    return ask(echo, "POST", "/v1/acknowledgements", parts=parts)


def test_the_feed_says_what_the_messages_say(echo: Echo) -> None:
    """An item is what was posted, word for word; nothing of it may be kept on the way."""
    heard = feed(echo, echo.added.token)
    one = echo.the_recall()
    assert heard.status == 200
    assert heard.json == {"items": [message(one)], "next": str(one.seq), "more": False}
    assert heard.headers["cache-control"] == "no-store"
    again = feed(echo, echo.added.token, f"after={one.seq}").json
    assert again == {"items": [], "next": str(one.seq), "more": False}


def test_only_the_own_recalls_are_told(echo: Echo) -> None:
    """Another recipient's token opens another feed, and no token none."""
    other = echo.gala.library.add_recipient(terms(None, "The Mirror"))
    assert feed(echo, other.token).json["items"] == []
    for words in ({}, {"Authorization": echo.added.token}, {"Authorization": "Basic eA=="}):
        heard = ask(echo, "GET", "/v1/recalls", headers=words)
        assert (heard.status, heard.headers["www-authenticate"]) == (401, "Bearer")
        assert echo.the_recall().id.encode() not in heard.body
    for token in ("", "x", echo.added.token + "x", echo.added.token.swapcase(), "\u00e9"):
        assert feed(echo, token).status == 401


@pytest.mark.parametrize("cursor", ["", "-1", "x", "1e3", "9" * 16, "\u0661", "1%00"])
def test_what_is_no_cursor_is_told(echo: Echo, cursor: str) -> None:
    """A cursor that is none of ours is a question in wrong words."""
    assert feed(echo, echo.added.token, f"after={cursor}").status == 422


@pytest.mark.promise("P23")
def test_an_acknowledgement_is_taken(echo: Echo) -> None:
    """Signed by the recipient it ends the recall, however many parts it comes in, and twice."""
    said = echo.says(echo.the_recall().id)
    for _ in range(2):
        heard = post(echo, said[:20], said[20:])
        assert heard.json == {"recall": echo.the_recall().id, "state": "acknowledged"}
    assert echo.the_recall().state is RecallState.ACKNOWLEDGED
    assert post(echo, echo.says(echo.the_recall().id, "refused")).status == 422


@pytest.mark.promise("P23")
def test_what_is_not_signed_by_the_recipient_is_not_taken(echo: Echo) -> None:
    """A wrong key and a recall that is not there have one answer: nobody learns which there are."""
    stranger = Ed25519PrivateKey.generate()
    wrong = post(echo, acknowledgement(stranger, echo.the_recall().id, "completed"))
    unknown = post(echo, acknowledgement(stranger, "w_0000000000000000", "completed"))
    assert wrong == unknown
    assert wrong.status == 403
    for body in (b"", b"completed", b"\xff\xfe", b"a.b.c"):
        assert post(echo, body).status == 403
    assert not echo.the_recall().ended


def test_a_body_without_end_is_not_read(echo: Echo) -> None:
    """More than an acknowledgement may be is refused before it has all been taken in."""
    part = b"x" * 1024
    parts = [part] * (1 + MAX_ACKNOWLEDGEMENT_BYTES // len(part))
    heard = post(echo, *parts, *[part] * 1000)
    assert heard.status == 413


def test_nothing_else_is_there(echo: Echo) -> None:
    """Other paths and other methods are refused, in JSON as well."""
    assert ask(echo, "GET", "/").status == 404
    assert ask(echo, "POST", "/v1/recalls").status == 405
    assert ask(echo, "GET", "/v1/acknowledgements").json == {"error": "Method Not Allowed"}


# --------------------------------------------------------------------------------------------------


def ask(  # noqa: PLR0913  what a request consists of
    echo: Echo,
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    parts: Sequence[bytes] = (),
) -> Heard:
    """Ask the application, in the thread of the library, as the server does."""
    said: list[Message] = []
    coming = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts or [b""], start=1)
    ]

    async def receive() -> Message:
        return coming.pop(0)

    async def send(event: Message) -> None:
        said.append(event)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(recalls_app(echo.gala.library)(scope, receive, send))
    start = next(event for event in said if event["type"] == "http.response.start")
    body = b"".join(event.get("body", b"") for event in said)
    return Heard(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, body)
