"""
Answers: the result to stdout, as text or as JSON, and everything else to stderr.

Names and paths come from outside. In text, what a terminal would obey instead of showing it is
written as an escape. JSON is ASCII, so that it is the same on every machine.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click

from countenance.cli.command import Call


def answer(call: Call, document: Mapping[str, object], text: Iterable[str]) -> None:
    """Print the result: `document` if JSON was asked for, else the lines of `text`."""
    if call.as_json:
        click.echo(json.dumps(document, indent=2, default=_json))
        return
    for line in text:
        click.echo(printable(line))


def say(message: str) -> None:
    """Print one line for the person at the keyboard, to stderr."""
    click.echo(printable(f"countenance: {message}"), err=True)


def table(rows: Iterable[Sequence[str]], *, heads: Sequence[str] = ()) -> list[str]:
    """Lines with aligned columns, under `heads` if there are any; none if there are no rows."""
    body = [[printable(cell) for cell in row] for row in rows]
    if not body:
        return []
    lines = [list(heads), *body] if heads else body
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def counted(number: int, one: str, many: str = "") -> str:
    """`1 photo`, `12 photos`, `1,200 photos`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def last_day(until: datetime) -> str:
    """The last day on which something holds that ends at the instant `until`, exclusive."""
    return f"{until - timedelta(microseconds=1):%Y-%m-%d}"


def printable(text: str) -> str:
    """`text` on one line, with control characters and wrong bytes as escapes."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


# --------------------------------------------------------------------------------------------------


def _json(value: object) -> object:
    """What JSON has no word for."""
    match value:
        case datetime():
            return value.isoformat(timespec="seconds").replace("+00:00", "Z")
        case Path():
            return str(value)
        case set() | frozenset():
            return sorted(value)
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")
