"""
A command of ours: the options that all commands share, and a help that says what it changes.

The shared options may stand before or after the name of a command; the last one said counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

from countenance.errors import UsageError
from countenance.settings import Settings, library_folder, load_settings

if TYPE_CHECKING:
    from countenance.library import Library

P = ParamSpec("P")


@dataclass(slots=True)
class Call:
    """
    What every command is told: which library, who acts, how to answer.

    It is filled by the shared options while the command line is read, and not changed after.
    """

    folder: Path | None = None
    actor: str = ""
    as_json: bool = False
    verbose: bool = False

    @property
    def root(self) -> Path:
        """The library's folder, whether there is a library in it or not."""
        return library_folder(self.folder)

    @property
    def given(self) -> dict[str, str | int]:
        """The settings that the command line itself gives."""
        return {"actor": self.actor} if self.actor else {}

    def settings(self, **given: str | int) -> Settings:
        return load_settings(self.root, given={**self.given, **given})

    def open(self, **given: int) -> "Library":
        """Open the library, with `given` before what its settings say. Raises `NoLibrary`."""
        from countenance.library import Library

        return Library.open(self.root, self.settings(**given))

    def open_for_audit(self) -> "Library":
        """Open the library for its trail alone, though its catalog may not be the one."""
        from countenance.library import Library

        return Library.open_for_audit(self.root, self.settings())


class Command(click.Command):
    """A command whose help ends with what it changes, and with an example."""

    changes: str
    example: str

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Changes"):
            formatter.write_text(self.changes)
        with formatter.section("Example"):
            # Not wrapped: it is there to be copied.
            formatter.write(f"  {self.example}\n")


def command(
    name: str, *, changes: str, example: str, of: click.Group | None = None
) -> Callable[[Callable[Concatenate[Call, P], None]], Command]:
    """Make a function a command, one of the group `of` if there is one. It is given a `Call`."""

    def decorate(function: Callable[Concatenate[Call, P], None]) -> Command:
        made = click.command(name, cls=Command)(click.pass_obj(function))
        made.changes = changes
        made.example = example
        made.params.extend(shared_options())
        if of is not None:
            of.add_command(made)
        return made

    return decorate


def group(name: str, about: str) -> click.Group:
    """A group of commands."""
    return click.Group(name, help=about, params=shared_options())


def shared_options() -> list[click.Parameter]:
    """The options that every command takes, anew for each."""
    return [
        click.Option(
            ["--library"],
            metavar="DIR",
            type=click.Path(path_type=Path),
            help="The library's folder. Else COUNTENANCE_LIBRARY, else the folder one stands in.",
            expose_value=False,
            callback=_set_folder,
        ),
        click.Option(
            ["--as"],
            metavar="ACTOR",
            help="Who acts, for the audit log. Else the setting `actor`.",
            expose_value=False,
            callback=_set_actor,
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            help="Answer with one JSON document.",
            expose_value=False,
            callback=_set_json,
        ),
        click.Option(
            ["--verbose"],
            is_flag=True,
            help="Show where in the program an error arose.",
            expose_value=False,
            callback=_set_verbose,
        ),
    ]


# --------------------------------------------------------------------------------------------------


def _set_folder(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.ensure_object(Call).folder = value


def _set_actor(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    if not value.strip():
        raise UsageError("--as: who acts is said, or left to the setting `actor`")
    ctx.ensure_object(Call).actor = value


def _set_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value:
        ctx.ensure_object(Call).as_json = True


def _set_verbose(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value:
        ctx.ensure_object(Call).verbose = True
