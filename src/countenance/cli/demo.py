"""`countenance demo`: a small library, and its story."""

import tempfile
from pathlib import Path

import click

from countenance.cli.answer import answer, printable
from countenance.cli.command import Call, command


@command(
    "demo",
    changes="makes the folder DIR with a library and its pictures; without DIR, a folder that is "
    "gone when the story ends",
    example="countenance demo demo-library",
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
def demo(call: Call, folder: Path | None) -> None:
    """
    Build a small library and tell its story.

    Two public-domain portraits, of which one agreed. With DIR the library is left to look at.
    """
    from countenance.demo.story import tell

    lines: list[str] = []

    def out(line: str) -> None:
        lines.append(line)
        if not call.as_json:
            click.echo("\n".join(printable(part) for part in line.split("\n")))

    if folder is None:
        with tempfile.TemporaryDirectory(prefix="countenance-demo-") as made:
            tell(Path(made) / "library", out, keep=False)
    else:
        tell(folder, out, keep=True)
    answer(call, {"library": folder, "story": lines}, [])
