"""`countenance check`, `publish` and `verify-file` as they are called."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from countenance.cli.command import Call
from countenance.cli.main import main
from countenance.library import Library
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.gala import open_library
from tests.fakes.vision import picture

ADA, BO = 1, 2
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    made = Echo.make(tmp_path)
    with made.gala:
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


@pytest.fixture
def two(echo: Echo) -> Path:
    """A photo of two, one of whom agreed."""
    path = echo.gala.put("two.jpg", ADA, BO)
    echo.enrol("Ada", ADA)
    echo.gala.ingest()
    echo.gala.library.close()
    return path


def test_a_check_ends_with_what_it_found(
    run: Run, two: Path, documented: Callable[[str], set[str]]
) -> None:
    """Exit code 6, and each face with its verdict; every field of the JSON is in the manual."""
    code, out, _ = run("check", two, "--channel", CHANNEL)
    assert code == 6
    assert "not as it is" in out
    assert "agreed to be shown on newspaper" in out
    assert "nobody is known here who agreed" in out
    code, out, _ = run("check", two, "--channel", CHANNEL, "--json")
    (photo,) = json.loads(out)["photos"]
    assert [face["verdict"] for face in photo["faces"]] == ["shown", "cover"]
    assert {*photo, *photo["faces"][0], "photos", "failed"} <= documented("check")


def test_a_check_of_several_goes_on(run: Run, two: Path) -> None:
    """A photo that is not there ends with its own code, behind what was said of the others."""
    code, out, err = run("check", "nobody.jpg", two, "--channel", CHANNEL)
    assert code == 5
    assert "not as it is" in out
    assert "nobody.jpg" in err


def test_a_photo_is_published(
    run: Run, echo: Echo, two: Path, documented: Callable[[str], set[str]]
) -> None:
    """A file in the folder, which passes the check that anybody may make."""
    to = echo.gala.folder.parent / "out"
    words = ("publish", two, "--channel", CHANNEL, "--to", "The Echo", "--out", to)
    code, _, err = run(*words)
    assert (code, to.exists()) == (4, False)
    assert "nobody has looked" in err
    code, out, _ = run(*words, "--looked", "--json")
    assert code == 0
    (given,) = json.loads(out)["given"]
    assert (given["covers"], len(given["people"])) == (1, 1)
    assert {*given, "given", "refused"} <= documented("publish")
    code, out, _ = run("verify-file", given["file"])
    assert (code, "a plain picture" in out) == (0, True)


def test_boxes_are_of_one_photo(run: Run, echo: Echo, two: Path) -> None:
    """And four numbers; a face is named, and a reason stands behind it."""
    to = echo.gala.folder.parent / "out"
    words = ("publish", two, "--channel", CHANNEL, "--to", "The Echo", "--out", to, "--looked")
    for wrong in (
        ("--cover", "1,2,3"),
        ("--crop", "a,b,c,d"),
        ("--uncover", "because"),
        ("--move", "f_nobody=1,2,30,40"),
        (two, "--crop", "0,0,50,50"),
    ):
        code, _, _ = run(*words, *wrong)
        assert (code, to.exists()) == (2, False)
    code, out, _ = run(*words, "--cover", "0,0,20,20", "--colour", "sand", "--json")
    assert (code, json.loads(out)["given"][0]["covers"]) == (0, 2)


def test_a_file_with_something_in_it_is_found(
    run: Run, tmp_path: Path, documented: Callable[[str], set[str]]
) -> None:
    """Exit code 6, with what it is; files that are plain stand beside it."""
    plain, more = tmp_path / "plain.jpg", tmp_path / "more.jpg"
    plain.write_bytes(picture(ADA))
    more.write_bytes(picture(ADA) + picture(BO))
    code, out, _ = run("verify-file", plain, more)
    assert code == 6
    assert "plain.jpg: a plain picture" in out
    assert "after the end of the picture" in out
    code, out, _ = run("verify-file", more, "--json")
    (file,) = json.loads(out)["files"]
    assert {one["leak"] for one in file["findings"]} == {"trailer", "second-picture"}
    assert {*file, *file["findings"][0], "files", "unread"} <= documented("verify-file")
