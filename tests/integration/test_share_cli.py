"""`countenance share`: made, listed, ended, from the command line."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from countenance.cli.command import Call
from countenance.cli.main import main
from countenance.library import Library
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.gala import A_DAY, open_library

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    """A photo of Ada, who agreed, and one that is gone from its source."""
    # A day on the command line is one of the calendar on the wall.
    made = Echo.make(tmp_path, at=datetime.now(UTC).replace(microsecond=0))
    with made.gala as gala:
        gala.put("one.png", 1)
        gala.put("gone.png", 1, salt=1)
        made.enrol("Ada", 1)
        gala.ingest()
        (gala.folder / "gone.png").unlink()
        gala.library.close()
        yield made


@pytest.fixture
def run(echo: Echo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command line, answered by the library with the fake vision."""

    def opened(_: Call, **__: int) -> Library:
        return open_library(echo.gala.root, echo.gala.clock, echo.gala.vision)

    monkeypatch.setattr(Call, "open", opened)

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_made_listed_ended(echo: Echo, run: Run, documented: Callable[[str], set[str]]) -> None:
    """What stands in it is shown once; each field of the JSON is in the manual."""
    until = f"{echo.gala.clock.at + 7 * A_DAY:%Y-%m-%d}"
    paths = [echo.gala.folder / name for name in ("one.png", "gone.png")]
    new = ("share", "new", *paths, "--channel", CHANNEL, "--until", until, "--label", "for Eva")
    assert run(*new)[0] == 4
    code, out, err = run(*new, "--looked", "--json")
    made = json.loads(out)
    assert (code, made["photos"]) == (0, 1)
    assert [one["why"] for one in made["left_out"]] == ["unreadable"]
    assert "left out: it cannot be read" in err
    assert {*made, *made["left_out"][0]} <= documented("share new")
    token = made["url"].rpartition("/s/")[2]
    code, out, _ = run("share", "list")
    assert code == 0
    assert "1 of 1" in out
    assert "for Eva" in out
    assert token not in out
    (listed,) = json.loads(run("share", "list", "--json")[1])["shares"]
    assert (listed["id"], listed["shows"], listed["leads"]) == (made["id"], 1, True)
    assert {*listed, "shares"} <= documented("share list")
    code, out, _ = run("share", "end", made["id"], "--json")
    assert (code, set(json.loads(out)) <= documented("share end")) == (0, True)
    assert "ended" in run("share", "list")[1]
    assert run("share", "end", "y_none")[0] == 5
