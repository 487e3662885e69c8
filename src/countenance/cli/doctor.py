"""`countenance doctor`: what is here, and whether it is sound."""

import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countenance import __version__
from countenance.cli.answer import answer, counted, table
from countenance.cli.command import Call, command
from countenance.cli.exits import FINDINGS
from countenance.cli.source import grant_in_words
from countenance.errors import Error

if TYPE_CHECKING:
    from countenance.library import Library
    from countenance.sources.source import Source


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at. `found` says in words how it is."""

    what: str
    sound: bool
    found: str


@command(
    "doctor",
    changes="nothing, but that a library made by an older version is brought up to this one",
    example="countenance doctor --library gala",
)
def doctor(call: Call) -> None:
    """
    Say what is here, and whether it is sound.

    The exit code is 6 if something needs to be looked after, and 0 otherwise.
    """
    examined = list(_examine(call))
    sound = all(one.sound for one in examined)
    rows = [("ok" if one.sound else "look", one.what, one.found) for one in examined]
    answer(call, {"sound": sound, "examined": [asdict(one) for one in examined]}, table(rows))
    if not sound:
        raise click.exceptions.Exit(FINDINGS)


# --------------------------------------------------------------------------------------------------


def _examine(call: Call) -> Iterator[Examined]:
    yield Examined("program", sound=True, found=f"countenance {__version__}")
    yield Examined("python", sound=True, found=platform.python_version())
    yield _tried("models", lambda: _models(call))
    try:
        library = call.open()
    except Error as exc:
        yield Examined("library", sound=False, found=exc.message)
        return
    with library:
        yield _tried("library", lambda: _library(library))
        yield _tried("catalog", lambda: _catalog(library))
        yield _tried("keys", lambda: _keys(library))
        for source in library.sources():
            yield _source(library, source, at=library.now())


def _tried(what: str, look: "Callable[[], tuple[bool, str]]") -> Examined:
    """What cannot be looked at is a finding too, and not the end of the examination."""
    try:
        sound, found = look()
    except Error as exc:
        return Examined(what, sound=False, found=exc.message)
    return Examined(what, sound, found)


def _models(call: Call) -> tuple[bool, str]:
    from countenance.vision.models import ModelStore
    from countenance.vision.pack import load_pack

    settings = call.settings()
    pack = load_pack(settings.pack)
    if ModelStore(settings.models_dir).installed(pack):
        return True, f"pack {pack.id} is installed"
    return False, f"pack {pack.id} is not here: countenance models get {pack.id}"


def _library(library: "Library") -> tuple[bool, str]:
    holds = library.inventory()
    return True, (
        f"{library.root}: {counted(holds.photos, 'photo')}, {counted(holds.faces, 'face')}, "
        f"{counted(holds.people, 'person', 'people')}, {counted(holds.sightings, 'sighting')}"
    )


def _catalog(library: "Library") -> tuple[bool, str]:
    damage = library.damage()
    return not damage, "; ".join(damage) or "sound; deleted rows are overwritten"


def _source(library: "Library", source: "Source", *, at: datetime) -> Examined:
    """One that no grant covers any more need not be there."""
    here, grants = Path(source.location).is_dir(), library.grants(source.id)
    state = f"{source.location}, {'here' if here else 'cannot be reached'}"
    return Examined(
        f"source {source.id}",
        sound=here or not any(one.in_force(at) for one in grants),
        found=f"{state}, grant {grant_in_words(grants, at=at)}",
    )


def _keys(library: "Library") -> tuple[bool, str]:
    folder = library.settings.keys_dir
    if not folder.is_dir():
        return False, f"{folder}: no such folder; nobody can be recognised"
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        return False, f"{folder} is open to others (mode {mode:o}): chmod 700 {folder}"
    return True, f"{folder}, closed to others"
