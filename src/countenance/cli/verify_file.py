"""`countenance verify-file`: whether a file is one plain picture, with nothing hidden in it."""

from pathlib import Path

import click

from countenance.cli.answer import answer, counted, say, table
from countenance.cli.arguments import FILE, read_picture
from countenance.cli.command import Call, command
from countenance.cli.exits import FINDINGS, IN_PART
from countenance.errors import Unavailable


@command(
    "verify-file",
    changes="nothing; no library is needed",
    example="countenance verify-file published.jpg",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
def verify_file(call: Call, files: tuple[Path, ...]) -> None:
    """
    Say whether files are plain pictures, and nothing more.

    A picture may carry another one: a thumbnail from before a face was covered, a second picture
    behind its end. It may carry a place, a serial number or a name. Whatever is not on a short list
    is a finding. JPEG, PNG and WebP are read; any other format is a finding. What is seen in the
    picture is not looked at.
    """
    from countenance.media.leaks import find_leaks
    from countenance.media.limits import Limits

    checked, unread = [], []
    for path in files:
        try:
            data = read_picture(path)
        except Unavailable as exc:
            unread.append((path, exc.message))
            continue
        if len(data) > Limits().max_bytes:
            unread.append((path, f"{path}: it is larger than {Limits().max_bytes:,} bytes"))
            continue
        checked.append((path, find_leaks(data)))
    document = {
        "files": [
            {
                "file": path,
                "plain": not found,
                "findings": [{"leak": one.leak, "said": one.said, "at": one.at} for one in found],
            }
            for path, found in checked
        ],
        "unread": [{"file": path, "reason": reason} for path, reason in unread],
    }
    lines = []
    for path, found in checked:
        lines.append(f"{path}: {counted(len(found), 'finding') if found else 'a plain picture'}")
        lines += table((f"  {one.leak}", one.said) for one in found)
    answer(call, document, lines)
    for _, reason in unread:
        say(reason)
    if any(found for _, found in checked):
        raise click.exceptions.Exit(FINDINGS)
    if unread:
        raise click.exceptions.Exit(IN_PART)
