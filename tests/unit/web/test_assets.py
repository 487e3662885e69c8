import gzip
import re
import runpy
import shutil
from pathlib import Path

import pytest

from countenance.web.assets import FOLDER, PREFIX, Assets

ASKS = re.compile(r"""(?:url\(|import\s*\(?|from\s*)["']?https?:""")


def test_names_follow_the_bytes(tmp_path: Path) -> None:
    """Another version is another file, so that each may be kept for ever."""
    sheet = tmp_path / "app.css"
    sheet.write_text("a {}")
    first = Assets(tmp_path).url("app.css")
    sheet.write_text("b {}")
    assert Assets(tmp_path).url("app.css") != first
    assert re.fullmatch(rf"{PREFIX}/app\.[0-9a-f]{{12}}\.css", first)


def test_nothing_of_ours_asks_another_server() -> None:
    """No file names an address that a browser would fetch."""
    for file in FOLDER.rglob("*"):
        if file.suffix in (".css", ".js"):
            assert not re.search(
                r"""(?:url\(|import\s*\(?|from\s*)["']?https?:""", file.read_text()
            )


def check(folder: Path, repository: Path) -> int:
    program = runpy.run_path(str(repository / "tools" / "vendor.py"))
    return int(program["main"](["check", str(folder)]))


def test_vendored_files_are_the_listed_ones(repository: Path) -> None:
    assert check(FOLDER / "vendor", repository) == 0


@pytest.mark.parametrize("harm", ["changed", "added", "removed"])
def test_a_vendored_file_cannot_change_unseen(
    harm: str, repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A byte more, a file more, a file less: each is a finding."""
    vendor = tmp_path / "vendor"
    shutil.copytree(FOLDER / "vendor", vendor)
    file = vendor / "htmx.min.js"
    match harm:
        case "changed":
            file.write_bytes(file.read_bytes() + b" ")
        case "added":
            (vendor / "more.js").write_text("")
        case _:
            file.unlink()
    assert check(vendor, repository) == 1
    assert capsys.readouterr().err.startswith("vendor: ")


def test_files_are_gzipped_once(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}" * 100)
    assets = Assets(tmp_path)
    assert assets.size("a.css") == len(gzip.compress(b"a {}" * 100, compresslevel=9, mtime=0))
