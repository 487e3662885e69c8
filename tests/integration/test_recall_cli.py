"""The commands `recipient` and `recall`, on a real library, in the process of the test."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from countenance.cli.main import main
from countenance.erasure.post import Answer
from countenance.library import recipients
from tests.fakes.echo import CHANNEL, Echo, FakePost

Run = Callable[..., Any]


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    """At the present time: the program looks at the machine's clock."""
    made = Echo.make(tmp_path, at=datetime.now(UTC))
    with made.gala:
        yield made


@pytest.fixture
def run(
    echo: Echo, capsys: pytest.CaptureFixture[str], documented: Callable[[str], set[str]]
) -> Run:
    """Runs a command on the library, which must end with `code`; gives its JSON, or stderr."""

    def run(*words: object, code: int = 0) -> Any:  # noqa: ANN401  whatever the program says
        line = [*map(str, words), "--json", "--library", str(echo.gala.root), "--as", "tester"]
        ended = main(line)
        shown = capsys.readouterr()
        assert ended == code, f"{words}: {ended}\n{shown.out}\n{shown.err}"
        if not shown.out:
            return shown.err
        found = json.loads(shown.out)
        assert set(found) <= documented(" ".join(map(str, words)))
        return found

    return run


def test_recipients_are_added_listed_and_ended(run: Run, tmp_path: Path) -> None:
    """The token is shown once; ending asks first, and can be looked at before."""
    accepted = tmp_path / "terms.txt"
    accepted.write_text("We delete when asked.")
    given = ("--contact", "desk@mirror.example", "--terms", accepted)
    added = run("recipient", "add", "The Mirror", *given)
    assert re.fullmatch(r"[\w-]{43}", added["token"])
    assert added["webhook_key"].startswith("whpk_")
    assert "such a recipient already" in run("recipient", "add", "The Mirror", *given, code=2)
    listed = run("recipient", "list")["recipients"]
    assert [one["name"] for one in listed] == ["The Echo", "The Mirror"]
    assert added["token"] not in json.dumps(listed)
    assert listed[1]["terms"] == "We delete when asked."
    assert "--yes" in run("recipient", "end", "The Mirror", code=2)
    planned = run("recipient", "end", "The Mirror", "--dry-run")
    assert (planned["ended_at"], planned["dry_run"]) == (None, True)
    assert run("recipient", "end", added["id"], "--yes")["ended_at"]
    run("recipient", "end", "nobody", "--dry-run", code=5)
    accepted.write_bytes(b"\xff")
    assert "UTF-8" in run("recipient", "add", "Third", *given, code=2)


def test_what_may_be_given_is_given_and_the_rest_is_named(run: Run, echo: Echo) -> None:
    """Of two photos one shows a stranger: the other is recorded, and the exit code says refused."""
    echo.gala.put("ada.png", 1)
    echo.gala.put("both.png", 1, 2)
    echo.enrol("Ada", 1)
    echo.gala.ingest()
    paths = (echo.gala.folder / "ada.png", echo.gala.folder / "both.png")
    found = run("recipient", "give", "The Echo", *paths, "--channel", CHANNEL, code=4)
    (given,) = found["given"]
    assert given["asked"] == str(paths[0])
    assert given["disclosure"].startswith("x_")
    assert [one["asked"] for one in found["refused"]] == [str(paths[1])]
    assert "1 of 2 faces" in found["refused"][0]["reason"]
    by_id = run("recipient", "give", "The Echo", given["photo"], "--channel", CHANNEL)
    assert by_id["refused"] == []
    assert run("recipient", "list")["recipients"][0]["disclosures"] == 2
    run("recipient", "give", "The Echo", "none.png", "--channel", CHANNEL, code=5)


@pytest.mark.promise("P23")
def test_recalls_are_sent_acknowledged_and_closed(
    run: Run, echo: Echo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is open the exit code is 7; an acknowledgement and a reason end them."""
    post = FakePost([Answer(503, b"")])
    monkeypatch.setattr(recipients, "HttpPoster", lambda: post)
    assert run("recall", "list") == {"recalls": []}
    assert run("recall", "send")["still_open"] == 0
    echo.gala.put("one.png", 1)
    ada = echo.enrol("Ada", 1)
    echo.gala.ingest()
    echo.give("one.png")
    first, second = echo.recall(ada)[0], echo.recall(ada)[0]
    due = run("recall", "send", "--dry-run", code=7)
    assert [one["id"] for one in due["recalls"]] == [first, second]
    assert post.posted == []
    sent = run("recall", "send", code=7)
    assert [one["tries"] for one in sent["recalls"]] == [1, 1]
    assert sent["still_open"] == len(post.posted) == 2
    answer = tmp_path / "answer.jws"
    answer.write_bytes(echo.says(first))
    assert run("recall", "acknowledge", answer)["state"] == "acknowledged"
    answer.write_text("completed")
    assert "acknowledgement" in run("recall", "acknowledge", answer, code=8)
    assert [one["id"] for one in run("recall", "list", "--open")["recalls"]] == [second]
    assert "at least 10" in run("recall", "close", second, "--reason", "gone", code=2)
    closed = run("recall", "close", second, "--reason", "the company is bankrupt")
    assert (closed["state"], closed["ended_by"]) == ("closed", "tester")
    run("recall", "close", "w_none", "--reason", "the company is bankrupt", code=5)
    assert run("recall", "send")["still_open"] == 0
    assert len(run("recall", "list")["recalls"]) == 2


def test_a_grant_may_be_for_publishing(run: Run, tmp_path: Path) -> None:
    """`--purposes` says what a source allows; a word that is none is told."""
    folder = tmp_path / "album"
    folder.mkdir()
    words = ("source", "add", "folder", folder, "--granted-by", "Ada", "--until", "2999-12-31")
    added = run(*words, "--purposes", "match, publish")
    assert added["grants"][0]["purposes"] == ["match", "publish"]
    assert run(*words)["grants"][0]["purposes"] == ["match"]
    assert "match, publish" in run(*words, "--purposes", "sell", code=2)


def test_an_address_that_is_taken_is_said(run: Run) -> None:
    """The server ends with a sentence where it cannot listen."""
    assert "cannot be listened at" in run("recall", "serve", "--host", "192.0.2.1", code=9)
