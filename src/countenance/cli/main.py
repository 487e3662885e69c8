"""
The entry point: what commands there are, and what the end of one means.

A command's module is imported when the command is called, so that `countenance --help` answers at
once. What a command does is elsewhere: this package turns words into calls of the library.
"""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

import click

from countenance import __version__
from countenance.cli.answer import say
from countenance.cli.command import Call, shared_options
from countenance.errors import Error, Interrupted


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is: `name` in `countenance.cli.<module>`, and its help in one line."""

    module: str
    name: str
    about: str


COMMANDS: Mapping[str, Place] = {
    "init": Place("init", "init", "Make a library."),
    "source": Place("source", "source", "Say where pictures come from, and who allows it."),
    "grant": Place("grant", "grant", "Write and check what a web site's owner allows."),
    "upload": Place("upload", "upload", "Keep pictures that have no other home."),
    "collection": Place("collection", "collection", "Say where faces may be recognised."),
    "ingest": Place("ingest", "ingest", "Read and recognise what is new at the sources."),
    "job": Place("job", "job", "Runs of long work: what is under way, and what came of it."),
    "enrol": Place("enrol", "enrol", "Enrol somebody who agrees to be recognised."),
    "notice": Place("notice", "notice", "Show the words that a person is shown before they agree."),
    "person": Place("person", "person", "Show who is enrolled; withdraw what they agreed to."),
    "find": Place("find", "find", "Find the pictures that somebody is in."),
    "search": Place("search", "search", "Ask whom a picture shows."),
    "sidecar": Place("sidecar", "sidecar", "Write who is in pictures into files beside them."),
    "sighting": Place("sighting", "sighting", "Say by hand who is in a face."),
    "link": Place("link", "link", "Invite people, and give them their way back."),
    "share": Place("share", "share", "Show photos by a link, while they may be."),
    "takedown": Place(
        "takedown", "takedown", "Take a source down, or one picture, and see how erasures stand."
    ),
    "receipt": Place("receipt", "receipt", "Show and verify what became of an erasure."),
    "recipient": Place("recipient", "recipient", "Say whom pictures are given to, and what."),
    "check": Place("check", "check", "Say of each face in photos whether it may be shown."),
    "publish": Place("publish", "publish", "Give photos to a recipient as new files."),
    "verify-file": Place(
        "verify_file",
        "verify_file",
        "Say whether files are plain pictures, and nothing more.",
    ),
    "recall": Place("recall", "recall", "Call back what was given out."),
    "audit": Place("audit", "audit", "Show and verify what was done here, by whom and why."),
    "backup": Place("backup", "backup", "Copy the data, and see to it that copies go."),
    "restore": Place("restore", "restore", "Make a library again from a backup."),
    "account": Place("account", "account", "Say who may sign in to the pages, and as what."),
    "serve": Place("serve", "serve", "Serve the web, and look after the sources meanwhile."),
    "calibrate": Place(
        "calibrate",
        "calibrate",
        "Measure how often bands were right, by what people decided.",
    ),
    "models": Place("models", "models", "List and install the models that see faces."),
    "config": Place("config", "config", "Show the settings, and where each comes from."),
    "doctor": Place("doctor", "doctor", "Say what is here, and whether it is sound."),
    "bench": Place("bench", "bench", "Measure how fast this machine is."),
    "demo": Place("demo", "demo", "Build a small library and tell its story."),
}
"""Every command, in the order of the story. A test compares the lines with the commands' own."""


class Commands(click.Group):
    """All commands; none of them imported before it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module = import_module(f"countenance.cli.{place.module}")
        found: click.Command = getattr(module, place.name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.about) for name, place in COMMANDS.items()])


def root() -> click.Group:
    """The command `countenance` itself."""
    return Commands(
        "countenance",
        help="A face search engine that asks first: pictures are read under a grant, and people "
        "recognised under their own consent.",
        params=[*shared_options(), _version_option()],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. Gives the exit code, which `countenance.cli.exits` explains."""
    call = Call()
    words = list(sys.argv[1:] if arguments is None else arguments)
    # A name that this terminal's encoding lacks is shown as an escape, not answered with an error.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _run(words, call)
    except Exception as exc:  # noqa: BLE001  the one place where everything ends
        if call.verbose:
            traceback.print_exc()
        return _failed(exc)
    except KeyboardInterrupt:
        say("stopped; run it again and it goes on")
        return Interrupted.exit_code


# --------------------------------------------------------------------------------------------------


def _run(words: list[str], call: Call) -> int:
    try:
        with root().make_context("countenance", words, obj=call) as context:
            context.command.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as exc:
        sys.stdout.flush()
        return exc.exit_code
    except BrokenPipeError:
        # Whoever read the answer has stopped reading, as `head` does. What was done is done. The
        # stream still holds what it could not write, and would complain of it at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _failed(exc: Exception) -> int:
    match exc:
        case Error():
            say(exc.message)
            if exc.hint:
                say(exc.hint)
            return exc.exit_code
        case click.exceptions.NoArgsIsHelpError():
            click.echo(exc.format_message(), err=True)
            return exc.exit_code
        case click.ClickException():
            say(_in_our_style(exc.format_message()))
            if isinstance(exc, click.UsageError) and exc.ctx is not None:
                say(f"{exc.ctx.command_path} --help shows what it takes")
            return exc.exit_code
        case click.Abort():
            say("stopped; nothing was changed")
            return Interrupted.exit_code
        case _:
            say(f"failed, and should not have: {type(exc).__name__}: {exc}")
            say("--verbose shows where; please report it")
            return Error.exit_code


def _in_our_style(message: str) -> str:
    """Messages begin with a small letter and have no full stop."""
    return message[:1].lower() + message[1:].removesuffix(".")


def _version_option() -> click.Option:
    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Say which version this is.",
    )


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value:
        click.echo(f"countenance {__version__}")
        ctx.exit()
