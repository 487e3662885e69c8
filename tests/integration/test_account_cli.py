"""The commands `account`, on a real library, in the process of the test."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from countenance.cli.main import main
from tests.fakes.door import AWAY, OTHER, Door

Run = Callable[..., Any]

CODE = r"([0-9a-z]{5}-){5}[0-9a-z]"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """At the present time: the program looks at the machine's clock."""
    made = Door.make(tmp_path, at=datetime.now(UTC))
    made.own()
    yield made
    made.library.close()


@pytest.fixture
def run(
    door: Door, capsys: pytest.CaptureFixture[str], documented: Callable[[str], set[str]]
) -> Run:
    """Runs a command on the library, which must end with `code`; gives its JSON, or stderr."""

    def run(*words: object, code: int = 0) -> Any:  # noqa: ANN401  whatever the program says
        line = [*map(str, words), "--json", "--library", str(door.library.root), "--as", "tester"]
        ended = main(line)
        shown = capsys.readouterr()
        assert ended == code, f"{words}: {ended}\n{shown.out}\n{shown.err}"
        if not shown.out:
            return shown.err
        found = json.loads(shown.out)
        assert set(found) <= documented(" ".join(map(str, words)))
        return found

    return run


def test_accounts_are_added_listed_changed_and_ended(run: Run, door: Door) -> None:
    """The link is shown once; ending asks first, and can be looked at before."""
    added = run(
        *("account", "add", "Bo@club.example", "--name", "Bo Ek"),
        *("--role", "staff,reviewer", "--for", "d_1"),
    )
    assert re.fullmatch(CODE, added["link"])
    assert (added["login"], added["roles"]) == ("bo@club.example", ["reviewer", "staff"])
    signed_in = door.library.redeem_link(added["link"], OTHER, AWAY)
    listed = run("account", "list")["accounts"]
    assert [one["login"] for one in listed] == ["ada@club.example", "bo@club.example"]
    assert added["link"] not in json.dumps(listed)
    assert "argon2" not in json.dumps(listed)
    (own,) = run("account", "sessions", "bo@club.example")["sessions"]
    assert (own["by"], own["agent"]) == ("link", AWAY.agent)
    changed = run("account", "role", added["id"], "photographer", "--for", "d_2")
    assert (changed["roles"], changed["assigned"]) == (["photographer"], ["d_2"])
    assert run("account", "role", added["id"], "reviewer")["assigned"] == ["d_2"]
    assert door.library.identity(signed_in.token) is None
    assert "--yes" in run("account", "end", added["id"], code=2)
    planned = run("account", "end", added["id"], "--dry-run")
    assert (planned["ended_at"], planned["dry_run"]) == (None, True)
    assert run("account", "end", added["id"], "--yes")["ended_at"]
    run("account", "end", "nobody", "--yes", code=5)
    assert "nobody else" in run("account", "end", "ada@club.example", "--yes", code=4)
    assert "the roles are" in run("account", "add", "x", "--name", "X", "--role", "king", code=2)


def test_who_cannot_come_in_gets_a_link(run: Run, door: Door) -> None:
    """Also the owner: whoever has the shell lets them in."""
    made = run("account", "link", "ada@club.example")
    assert made["link_address"] is None
    door.library.redeem_link(made["link"], OTHER, AWAY)
    door.library.sign_in("ada@club.example", OTHER, AWAY)
    assert len(run("account", "sessions", "ada@club.example", "--end")["sessions"]) == 2
    assert run("account", "sessions", "ada@club.example")["sessions"] == []


def test_tokens_are_made_listed_and_ended(run: Run, door: Door) -> None:
    """The token is shown once, and lets a program in until it ends."""
    until = f"{datetime.now(UTC):%Y-%m-%d}"
    run("account", "role", "ada@club.example", "owner")
    words = ("account", "token", "add", "ada@club.example", "nightly", "--until", until)
    added = run(*words, "--scope", "log")
    assert door.library.identity_of_token(added["token"]) is not None
    (own,) = run("account", "token", "list", "ada@club.example")["tokens"]
    assert (own["name"], own["scopes"], own["ended_at"]) == ("nightly", ["log"], None)
    assert added["token"].startswith(own["prefix"])
    assert added["token"] not in json.dumps(own)
    assert run("account", "token", "end", own["id"])["ended_at"]
    assert door.library.identity_of_token(added["token"]) is None
    assert "a token is for" in run(*words, "--scope", "everything", code=2)
    assert "may do nothing" in run(*words, "--scope", "search", code=4)


def test_answers_for_people_are_tables(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--json` they are read by somebody."""
    where = ("--library", str(door.library.root))
    for words, shown in (
        (
            ["account", "add", "bo@club.example", "--name", "Bo", "--role", "staff"],
            "link, good once",
        ),
        (["account", "list"], "LOGIN"),
        (["account", "role", "bo@club.example", "auditor"], "is now: auditor"),
        (["account", "link", "bo@club.example"], "link, good once"),
        (["account", "sessions", "bo@club.example"], "nobody is signed in"),
        (["account", "token", "list", "bo@club.example"], "has no token"),
        (["account", "end", "bo@club.example", "--yes"], "ended: m_"),
    ):
        assert main([*words, *where]) == 0
        assert shown in capsys.readouterr().out
