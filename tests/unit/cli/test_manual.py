"""`docs/cli.md` against the program: every command, every option."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from countenance.cli.command import Command, shared_options
from countenance.cli.main import root

SHARED = {option.name for option in shared_options()}


@pytest.fixture(scope="module")
def sections(repository: Path) -> dict[str, str]:
    """The text below each heading of the manual."""
    manual = (repository / "docs" / "cli.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)\n", manual, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_manual_has_a_section_for_each_command(sections: dict[str, str]) -> None:
    """No command is missing, none is made up, and the headings say what each takes."""
    headings = [heading for heading in sections if heading.startswith("countenance ")]
    assert headings == [_heading(path, command) for path, command in _commands(root())]


def test_manual_says_what_the_help_says(sections: dict[str, str]) -> None:
    """A command's section holds its options with their help, its changes and its example."""
    for path, command in _commands(root()):
        section = sections[_heading(path, command)]
        rows = [_row(one) for one in _options(command) if one.name not in SHARED]
        assert [row for row in rows if row not in section] == []
        assert f"\nChanges: {command.changes}.\n" in section
        assert f"\n    {command.example}\n" in section
        assert "| Field of the JSON | Is |" in section


def test_manual_has_the_shared_options(sections: dict[str, str]) -> None:
    """The options of all commands stand in one place."""
    section = sections["Options of every command"]
    assert [one.name for one in shared_options() if _row(one) not in section] == []
    assert "`countenance --version`" in section


# --------------------------------------------------------------------------------------------------


def _commands(
    group: click.Group, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*above, name))
        elif isinstance(command, Command):
            yield (*above, name), command


def _heading(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command)
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    return " ".join(["countenance", *path, *(one.make_metavar(context) for one in arguments)])


def _options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option)]


def _row(parameter: click.Parameter) -> str:
    assert isinstance(parameter, click.Option)
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    takes = (
        "" if parameter.is_flag else f" {parameter.make_metavar(click.Context(click.Command('x')))}"
    )
    return f"| `{names}{takes}` | {parameter.help} |"
