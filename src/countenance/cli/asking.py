"""Asking before what cannot be undone."""

import sys

import click

from countenance.cli.answer import printable
from countenance.errors import Interrupted, UsageError


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
