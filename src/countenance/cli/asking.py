"""Asking before what cannot be undone."""

import sys

import click

from countenance.cli.answer import printable
from countenance.errors import Interrupted, Refused, UsageError


def require_agreed(notice: str, question: str) -> None:
    """
    Show the person at the terminal the words of a notice, and come back only if they say yes.

    Where there is no terminal whoever calls says that they were shown. Raises `Interrupted` if the
    answer is no.
    """
    if not sys.stdin.isatty():
        return
    for line in notice.splitlines():
        click.echo(printable(line), err=True)
    if not click.confirm(printable(question), err=True):
        raise Interrupted("nothing was changed")


def require_accepted() -> None:
    """
    Come back only if the person at the terminal accepts the licence that was shown.

    Raises `Refused` if there is nobody to ask, and `Interrupted` if the answer is no.
    """
    if not sys.stdin.isatty():
        raise Refused(
            "the licence has to be accepted, and there is nobody here to ask",
            hint="--accept-licence says that it was read and is accepted",
        )
    if not click.confirm("Do you accept this licence?", err=True):
        raise Interrupted("nothing was changed")


def confirm(question: str, *, yes: bool) -> None:
    """
    Come back only if it shall be done: `--yes` was said, or the person at the terminal says so.

    Raises `UsageError` if there is nobody to ask, and `Interrupted` if the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "this cannot be undone, and there is nobody here to ask",
            hint="--yes does it without asking; --dry-run shows what it would do",
        )
    if not click.confirm(printable(question), err=True):
        raise Interrupted("nothing was changed")
