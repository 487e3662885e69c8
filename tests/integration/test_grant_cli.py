"""`countenance grant`, with files, and with a site of our own on this machine."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from countenance.cli.main import main
from countenance.sources.site.grantfile import WELL_KNOWN
from tests.fakes.lying_site import LyingSite, answer, moved, reset, serving

NEXT_MONTH = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
TOKEN = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"  # noqa: S105  it is no secret


class Shown(Protocol):
    """What a command line showed."""

    @property
    def out(self) -> str: ...

    @property
    def err(self) -> str: ...


class Run(Protocol):
    """Runs a command line, which must end with `code`."""

    def __call__(self, *words: str, code: int = 0) -> Shown: ...


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    documented: Callable[[str], set[str]],
) -> Run:
    """Runs a command line in an empty folder; its JSON must be in the manual."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COUNTENANCE_ACTOR", "tester")

    def run(*words: str, code: int = 0) -> Shown:
        ended = main(list(words))
        shown = capsys.readouterr()
        assert ended == code, f"{words}: {ended}\n{shown.out}\n{shown.err}"
        if "--json" in words and shown.out:
            assert set(json.loads(shown.out)) <= documented(" ".join(words))
        return shown

    return run


@pytest.fixture
def site() -> Iterator[LyingSite]:
    with serving(LyingSite()) as here:
        yield here


def new(run: Run, host: str, *more: str) -> dict[str, Any]:
    """A new grant file for `host`, as a document."""
    words = ("--path", "/galleries/", "--until", NEXT_MONTH, "--name", "Club e.V.")
    who = ("--contact", "privacy@club.example", "--operator", "https://finder.example/")
    shown = run("grant", "new", host, *words, *who, *more, "--json")
    document: dict[str, Any] = json.loads(shown.out)
    return document


def test_from_the_token_to_the_file_and_back(run: Run, tmp_path: Path) -> None:
    """The library says its token, the owner makes the file with it, and the library takes it."""
    run("init")
    token = run("grant", "token", "photos.club.example").out.strip()
    assert len(token) == 43
    made = new(run, "https://photos.club.example", "--token", token, "--rate", "30")
    assert made["url"] == f"https://photos.club.example{WELL_KNOWN}"
    assert made["file"] == new(run, "photos.club.example", "--rate", "30")["file"]
    (tmp_path / "grant.json").write_text(json.dumps(made["file"]))
    found = json.loads(run("grant", "check", "grant.json", "--json").out)
    assert (found["allows"], found["reason"], found["token"]) == (True, None, token)
    (one,) = found["grants"]
    assert (one["state"], one["allow"], one["per_minute"]) == (
        "for this library",
        ["/galleries/"],
        30,
    )
    shown = run("grant", "check", "grant.json").out
    for said in ("Club e.V.", "/galleries/", "for this library", NEXT_MONTH, "30 requests"):
        assert said in shown


def test_every_option_is_a_member(run: Run) -> None:
    """What is said on the command line stands in the file."""
    run("init")
    options = ("--except", "/galleries/private/", "--media-host", "https://img.club.example")
    more = ("--purposes", "match,publish", "--videos", "--days", "90", "--minors", "--tdm")
    (one,) = new(run, "photos.club.example", *options, *more, "--basis", "ours")["file"]["grants"]
    assert one["scope"] == {
        "allow": ["/galleries/"],
        "deny": ["/galleries/private/"],
        "media_hosts": ["https://img.club.example"],
        "kinds": ["image", "video"],
    }
    assert (one["purposes"], one["retention_days"]) == (["match", "publish"], 90)
    assert (one["minors"], one["tdm_authorised"]) == ("included", True)
    assert one["authority"] == {"basis": "ours"}


def test_a_file_for_another_library_allows_nothing(run: Run, tmp_path: Path) -> None:
    """It is shown all the same, the reason is said, and the exit code is 4."""
    run("init")
    made = new(run, "photos.club.example", "--token", TOKEN)
    (tmp_path / "grant.json").write_text(json.dumps(made["file"]))
    shown = run("grant", "check", "grant.json", "--json", code=4)
    assert "none of its grants is to this installation" in shown.err
    assert json.loads(shown.out)["grants"][0]["state"] == "for another"
    assert run("grant", "check", "grant.json", "--token", TOKEN).err == ""


def test_an_owner_needs_no_library(run: Run, tmp_path: Path) -> None:
    """A file is made and checked where there is none; that nobody asked for whom is said."""
    made = new(run, "photos.club.example", "--token", TOKEN)
    (tmp_path / "grant.json").write_text(json.dumps(made["file"]))
    assert "whether it is for us was not asked" in run("grant", "check", "grant.json").err
    made["file"]["revoked"] = ["grant-1"]
    (tmp_path / "grant.json").write_text(json.dumps(made["file"]))
    assert "was revoked" in run("grant", "check", "grant.json", code=4).err
    made["file"]["grants"] = []
    (tmp_path / "grant.json").write_text(json.dumps(made["file"]))
    assert "holds no grant" in run("grant", "check", "grant.json", code=4).err
    assert "no library" in run("grant", "token", "photos.club.example", code=10).err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "version: expected the version 1"),
        ({"expires": "2020-01-01T00:00:00Z"}, "expires: expected a time after"),
        ({"canonical": []}, "canonical"),
    ],
)
def test_a_file_that_is_wrong_says_where(
    run: Run, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    """One sentence, and the exit code 4."""
    made = new(run, "photos.club.example", "--token", TOKEN)
    (tmp_path / "grant.json").write_text(json.dumps(made["file"] | change))
    shown = run("grant", "check", "grant.json", code=4)
    assert (shown.out, said in shown.err) == ("", True)


def test_a_file_may_be_checked_for_another_place(run: Run, tmp_path: Path) -> None:
    """Where it will stand has to be one that it names."""
    made = new(run, "photos.club.example", "--token", TOKEN)
    (tmp_path / "grant.json").write_text(json.dumps(made["file"]))
    run("grant", "check", "grant.json", "--at", made["url"])
    shown = run("grant", "check", "grant.json", "--at", made["url"] + "x", code=4)
    assert "not among those it names" in shown.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0x7f.1",), "an address of a machine"),
        (("photos.club.example/a",), "expected a host"),
        (("photos.club.example", "--path", "galleries"), "begins with /"),
        (("photos.club.example", "--contact", "the club"), "contact"),
        (("photos.club.example", "--token", "x"), "43 characters"),
        (("photos.club.example", "--rate", "0"), "requests_per_minute"),
    ],
)
def test_what_no_file_can_be_made_of_is_wrong_usage(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    """Whoever makes a file hears it then, and not from the site."""
    given = ("--path", "/a/", "--until", NEXT_MONTH, "--name", "Club", "--contact", "tel:+1")
    who = ("--operator", "https://finder.example/", "--token", TOKEN)
    shown = run("grant", "new", *given, *who, *words, code=2)
    assert (shown.out, said in shown.err) == ("", True)


def test_whom_it_is_given_to_is_said_or_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without either there is no file; the setting says it for all."""
    given = ("--path", "/a/", "--until", NEXT_MONTH, "--name", "Club", "--contact", "tel:+1")
    words = ("grant", "new", "photos.club.example", *given, "--token", TOKEN)
    assert "--operator" in run(*words, code=2).err
    monkeypatch.setenv("COUNTENANCE_OPERATOR", "https://finder.example/")
    grants = json.loads(run(*words).out)["grants"]
    assert grants[0]["grantee"]["operator"] == "https://finder.example/"


def test_a_file_at_a_site_is_fetched(
    run: Run, site: LyingSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its place, if only the site is named, and by somebody who says who they are."""
    run("init")
    host = f"http://localhost:{site.port}"
    made = new(run, host)
    site.at(WELL_KNOWN, answer(json.dumps(made["file"]).encode(), kind="application/json"))
    monkeypatch.setenv("COUNTENANCE_OPERATOR", "https://finder.example/")
    monkeypatch.setenv("COUNTENANCE_CONTACT", "mail@finder.example")
    for url in (host, f"{host}/", made["url"]):
        found = json.loads(run("grant", "check", url, "--private-network", "--json").out)
        assert (found["allows"], found["url"]) == (True, made["url"])
    assert site.paths() == [WELL_KNOWN] * 3
    agent = site.heard[0].headers["user-agent"]
    assert agent.endswith("(+https://finder.example/; mail@finder.example)")


@pytest.mark.promise("P1")
def test_this_machine_is_not_asked_unless_it_is_meant(run: Run, site: LyingSite) -> None:
    """Without --private-network nothing is connected to, whatever it is called."""
    for host in ("http://localhost", "https://localhost", "https://127.0.0.1", "https://[::1]"):
        run("grant", "check", f"{host}:{site.port}", code=4)
    assert site.connections == 0


def test_a_site_without_a_file_allows_nothing(run: Run, site: LyingSite) -> None:
    """A file that is gone allows nothing; a server in trouble says nothing; nor does another's."""
    host = f"http://localhost:{site.port}"
    check = ("grant", "check", host, "--private-network", "--token", TOKEN)
    assert "there is no grant file (status 404)" in run(*check, code=4).err
    site.at(WELL_KNOWN, answer(b"", status=410))
    run(*check, code=4)
    for status in (500, 403, 204):
        site.at(WELL_KNOWN, answer(b"", status=status))
        assert f"status {status}" in run(*check, code=9).err
    site.at(WELL_KNOWN, reset())
    run(*check, code=9)
    site.at(WELL_KNOWN, answer(b" " * 70_000))
    assert "more bytes" in run(*check, code=3).err
    site.at(WELL_KNOWN, moved("https://other.example/grant.json"))
    assert "another server" in run(*check, code=4).err
