"""`countenance doctor`: what is here, and whether it is sound."""

import platform
import shlex
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
from countenance.cli.sources import grant_in_words
from countenance.errors import Error, VerificationError

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

_WHERE = {True: "here", False: "cannot be reached", None: "asked at each ingest"}


def _examine(call: Call) -> Iterator[Examined]:
    yield Examined("program", sound=True, found=f"countenance {__version__}")
    yield Examined("python", sound=True, found=platform.python_version())
    yield _tried("models", lambda: _models(call))
    try:
        library = call.open()
    except Error as exc:
        yield Examined("library", sound=False, found=exc.message)
        if isinstance(exc, VerificationError):
            yield _tried("catalog", lambda: _catalog_alone(call))
        return
    with library:
        yield _tried("library", lambda: _library(library))
        yield _tried("catalog", lambda: _catalog(library))
        yield _tried("words", lambda: _words(library))
        yield _tried("shelves", lambda: _shelves(library))
        yield _tried("recognition", lambda: _recognition(library))
        yield _tried("keys", lambda: _keys(library))
        yield _tried("library key", lambda: _library_key(library))
        yield _tried("consents", lambda: _consents(library))
        yield _tried("erasures", lambda: _erasures(library))
        yield _tried("log", lambda: _log(library))
        yield _tried("room", lambda: _room(library))
        yield _tried("uploads", lambda: _uploads(library))
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
    from countenance.vision.device import name_of
    from countenance.vision.models import ModelStore
    from countenance.vision.pack import load_pack
    from countenance.vision.session import providers_here

    settings = call.settings()
    pack = load_pack(settings.pack, settings.models_dir)
    (best, _), *_ = providers_here(settings.device)
    if ModelStore(settings.models_dir).installed(pack):
        return True, f"pack {pack.id} is installed; device: {name_of(best)}"
    return False, f"pack {pack.id} is not here: countenance models get {pack.id}"


def _library(library: "Library") -> tuple[bool, str]:
    holds = library.inventory()
    return True, (
        f"{library.root}: {counted(holds.photos, 'photo')}, {counted(holds.faces, 'face')}, "
        f"{counted(holds.people, 'person', 'people')}, {counted(holds.sightings, 'sighting')}"
    )


def _recognition(library: "Library") -> tuple[bool, str]:
    from countenance.extract.recognise import expected_here
    from countenance.gallery.bands import Band, most_people
    from countenance.vision.pack import require_measured

    pack, hits = library.pack, library.settings.false_hits
    require_measured(pack)
    people = library.inventory().recognised
    most = most_people(expected_here(pack), false_hits=hits)
    beyond = [band for band in Band if people > most[band]]
    reach = ", ".join(f"{band} among up to {most[band]:,}" for band in Band)
    who = counted(people, "person", "people")
    promise = f"at most {hits:g} false hits per 1,000 searches"
    said = [f"{who} by the pack {pack.id}, {promise}: {reach}"]
    if beyond:
        said.append(f"nobody is called {' or '.join(beyond)}: it was not measured so low")
    again = library.to_enrol_again()
    if again:
        who = counted(len(again), "person", "people")
        said.append(f"{who} to enrol again since the models changed: {', '.join(again)}")
    return not (beyond or again), "; ".join(said)


def _catalog(library: "Library") -> tuple[bool, str]:
    damage, kept = library.damage(), library.catalog_condition()
    sound = f"sound; {kept or 'deleted rows are overwritten'}"
    return not damage, "; ".join(damage) or sound


def _catalog_alone(call: Call) -> tuple[bool, str]:
    """Of a catalog that is not opened: what its database says of it."""
    with call.open_for_audit() as library:
        damage = library.damage()
    return not damage, "; ".join(damage) or (
        "sound in its form: it is an older one, or values in it are others"
    )


def _words(library: "Library") -> tuple[bool, str]:
    astray = library.words_out_of_step()
    if not astray:
        return True, "the full text is in step with the catalog"
    return False, f"{counted(astray, 'place')} out of step; the next ingest writes it anew"


def _shelves(library: "Library") -> tuple[bool, str]:
    astray = library.shelves_out_of_step()
    if not astray:
        return True, "every collection counts as many photos as stand in it"
    return False, f"{counted(astray, 'collection')} out of step; the next ingest counts anew"


def _source(library: "Library", source: "Source", *, at: datetime) -> Examined:
    """One that no grant covers any more need not be there. Nobody is asked over a network."""
    here, grants = library.is_here(source), library.grants(source.id)
    state = f"{source.location}, {_WHERE[here]}"
    return Examined(
        f"source {source.id}",
        sound=here is not False or not any(one.in_force(at) for one in grants),
        found=f"{state}, grant {grant_in_words(grants, at=at)}",
    )


def _uploads(library: "Library") -> tuple[bool, str]:
    lost = library.lost_originals()
    if lost:
        return False, f"damaged or gone, and in no other home: {', '.join(lost)}"
    return True, "each original in the vault is what was taken"


def _keys(library: "Library") -> tuple[bool, str]:
    folder = library.settings.keys_dir
    if not folder.is_dir():
        return False, f"{folder}: no such folder; nobody can be recognised"
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        return False, f"{folder} is open to others (mode {mode:o}): chmod 700 {folder}"
    found = library.keys_found()
    troubles = [f"{one.of}: {one.message}" for one in found.broken]
    if found.stray:
        strays = counted(len(found.stray), "key")
        troubles.append(f"{strays} of nobody: the next enrolment or withdrawal destroys what is")
    if folder.is_relative_to(library.root):
        troubles.append(_how_to_move(library.root, folder))
    sound = f"{folder}, closed to others; {counted(found.sound, 'key')} opened"
    return not troubles, "; ".join([sound, *troubles])


def _how_to_move(root: Path, folder: Path) -> str:
    from countenance.settings import keys_beside

    how = shlex.join(["mv", str(folder), str(keys_beside(root))])
    return f"they lie in the library, and so in each backup of it: {how}"


def _library_key(library: "Library") -> tuple[bool, str]:
    from countenance.vault.keys import LibraryKey

    file = library.settings.library_key
    key = LibraryKey(file)
    if not key.exists() and not library.keys_found().sound:
        return True, f"{file}: made with the first key"
    key.read()
    return True, f"{file}, closed to others"


def _consents(library: "Library") -> tuple[bool, str]:
    """P17: every consent in force has its words and its evidence."""
    found = [f"{one.of}: {one.message}" for one in library.unproven()]
    return not found, "; ".join(found) or "notice and evidence of all in force are here, unchanged"


def _erasures(library: "Library") -> tuple[bool, str]:
    """A case that is merely not finished is no finding; one that cannot go on by itself is."""
    from countenance.catalog.erasures import UNFINISHED

    going = [one for one in library.erasures() if one.stage in UNFINISHED]
    kept = [f"{one.id}: {why}" for one in going if (why := library.obstacle(one))]
    on = f"{counted(len(going), 'erasure')} on the way"
    return not kept, "; ".join([on, *kept])


def _log(library: "Library") -> tuple[bool, str]:
    signed = library.log_signed()
    if not signed.key:
        return False, f"no signing key; {counted(signed.unsigned, 'entry', 'entries')} unsigned"
    return True, f"the signing key is here; {counted(signed.unsigned, 'entry', 'entries')} unsigned"


def _room(library: "Library") -> tuple[bool, str]:
    from countenance.vault.reserve import Reserve, full

    if full(library.root):
        return False, "the disk is nearly full: no new work is taken on; withdrawing works"
    if not Reserve(library.root).exists():
        return False, "the reserve is not here; it is made when there is room"
    return True, "enough, and the reserve is here"
