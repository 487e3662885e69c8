"""
The story of the demo: a grant, photos, a consent, a search, a withdrawal; told as it happens.

Every figure is of the run that tells it. Where the story says that two answers are the same, they
were compared, and the demo fails if they are not.
"""

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from countenance.audit.receipt import verify
from countenance.catalog.photos import Box
from countenance.catalog.presence import is_open
from countenance.core.clock import SystemClock
from countenance.core.ids import ErasureId
from countenance.demo.pictures import drawn_face, find_portraits, make_photos
from countenance.enrol.enrol import Portrait
from countenance.errors import Locked, UsageError, VerificationError
from countenance.gallery.bands import FALSE_NAMES, Band
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.search.find import Found
from countenance.search.probe import ProbeFace
from countenance.settings import keys_beside, load_settings
from countenance.vault.files import unavailable
from countenance.vault.layout import LibraryLayout, lock

HOPPER, COLLINS, NOBODY = "Grace Hopper", "Eileen Collins", "Nora Nobody"

MARKER = "made-by-countenance-demo.txt"
"""A folder with this file in it is the demo's, to be emptied when the demo starts over."""

Say = Callable[[str], None]
"""Takes one line of the story, without its end."""

_MARKER_TEXT = """\
`countenance demo` made this folder, and empties it when it is run for it again.
Keep nothing here that you want to have tomorrow.
"""

_GRANTED_FOR = timedelta(days=365)


def tell(folder: Path, say: Say, *, keep: bool = True) -> None:
    """
    Make the demo's library in `folder`, and tell its story line by line to `say`.

    Its keys stand beside it, in a folder of that name with `.keys` after it. Folders that an
    earlier demo made are emptied first. Without `keep` they are removed at the end, whatever
    happens. Raises `UsageError`, with nothing changed, if something else is in one of them;
    `Unavailable` if the portraits are not installed or a folder cannot be written; `Locked` if
    another program has the library open, such as a server; and `VerificationError` if the story
    does not come true.
    """
    keys = keys_beside(folder)
    files = _lay_out(folder, keys)
    try:
        # The keys stand beside the library and the catalog in it, whatever the environment says:
        # it may name the folder of a library that is no demo, and on a server something would stay.
        settings = load_settings(folder).with_keys(keys)
        with closing(Library.init(folder, settings)) as library:
            _tell(_Story(library, files, say), keep=keep)
    finally:
        if not keep:
            for made in (folder, keys):
                _empty(made)
                with unavailable(f"the folder {made}"):
                    made.rmdir()


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Files:
    """What the demo puts beside the library, all in its folder."""

    photos: Path
    hopper: Path
    collins: Path
    drawn: Path


@dataclass(frozen=True, slots=True)
class _Story:
    """What the chapters share."""

    library: Library
    files: _Files
    say: Say

    def chapter(self, title: str, *lines: str) -> None:
        self.say("")
        self.say(title)
        self.lines(*lines)

    def lines(self, *lines: str) -> None:
        for line in lines:
            self.say(f"   {line}")

    def search(self, picture: Path) -> tuple[ProbeFace, ...]:
        return self.library.search(picture.read_bytes(), purpose=Purpose.FIND_ME)

    def find(self, who: str) -> Found:
        return self.library.find(who, purpose=Purpose.FIND_ME)


def _lay_out(folder: Path, keys: Path) -> _Files:
    """Make the folders, with the portraits and the photos in the one of the library."""
    portraits = find_portraits()
    if is_open(LibraryLayout(folder).catalog):
        raise Locked(
            f"{folder}: a program has this library open",
            hint="end it first, such as the server of an earlier demo",
        )
    for taken in [one for one in (folder, keys) if _is_taken(one)]:
        _empty(taken)
    own = folder / "portraits"
    files = _Files(
        photos=folder / "photos",
        hopper=own / f"grace_hopper{portraits.hopper.suffix}",
        collins=own / f"eileen_collins{portraits.collins.suffix}",
        drawn=own / "nobody.png",
    )
    with unavailable(f"the folder {folder}"):
        # The marker comes first: a demo that dies from here on can be started over.
        for made in (folder, keys):
            (made / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")
        own.mkdir()
        files.hopper.write_bytes(portraits.hopper.read_bytes())
        files.collins.write_bytes(portraits.collins.read_bytes())
        files.drawn.write_bytes(drawn_face())
        make_photos(files.photos, portraits)
    return files


def _is_taken(folder: Path) -> bool:
    """Make the folder, if need be. Whether it holds what an earlier demo left, to be emptied."""
    with unavailable(f"the folder {folder}"):
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder}: not a folder")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = any(folder.iterdir())
        if taken and not (folder / MARKER).is_file():
            raise UsageError(
                f"{folder}: there is something in this folder, and no demo made it",
                hint="name a folder that does not exist yet: countenance demo FOLDER",
            )
    return taken


def _empty(folder: Path) -> None:
    """Remove all that is in the folder. Raises `Locked` if another run is at work on it."""
    with lock(folder), unavailable(f"the folder {folder}"):
        # The marker goes last: a demo that dies on the way can be started over.
        for inside in sorted(folder.iterdir(), key=lambda path: path.name == MARKER):
            if inside.is_dir() and not inside.is_symlink():
                shutil.rmtree(inside)
            else:
                inside.unlink()


# --- the chapters ---------------------------------------------------------------------------------


def _tell(story: _Story, *, keep: bool) -> None:
    story.say("Countenance, a face search engine that asks first.")
    story.say("")
    story.say("A story in eight chapters, of two portraits in the public domain: Grace Hopper (US")
    story.say("Navy) and Eileen Collins (NASA). Every figure is of the run you are watching.")
    _grant(story)
    _ingest(story)
    _enrol(story)
    _find(story)
    _search(story)
    _withdraw(story)
    _find_again(story)
    _leave(story, keep=keep)


def _grant(story: _Story) -> None:
    made = sum(1 for _ in story.files.photos.iterdir())
    added = story.library.add_folder(
        story.files.photos,
        Given(by="the demo, which made the pictures", until=SystemClock().now() + _GRANTED_FOR),
        collection="demo",
        ground="portraits in the public domain, to show how it works",
    )
    story.chapter(
        "1. A source, and who lets it be read",
        f"{made} photos were made from the two portraits: side by side, turned, darker, small.",
        "Their folder is now a source, under a grant:",
        f"  given by  {added.grant.granted_by}",
        f"  until     {added.grant.until:%Y-%m-%d}",
        "Without a grant in force not one byte of it is read. And faces in it may be",
        "recognised only because a ground for that is recorded:",
        f"  {added.collection.ground}",
    )


def _ingest(story: _Story) -> None:
    report = story.library.ingest()
    there = story.library.inventory()
    story.chapter(
        "2. The photos are read",
        f"{report.done} photos were read in {report.seconds:.1f} seconds, "
        f"and {report.faces} faces found.",
        "Not read, and the report says why:",
        *(f"  {one.locator}: {one.detail}" for one in report.skipped),
        f"Of every face there is a box: {there.faces} boxes. Of no face is there a template, for",
        f"nobody asked to be found: {there.people} people enrolled, "
        f"the templates of {_keyed(story)} stored.",
    )


def _enrol(story: _Story) -> None:
    portrait = Portrait(story.files.hopper.name, story.files.hopper.read_bytes())
    enrolled = story.library.enrol(HOPPER, [portrait], (Wish(Purpose.FIND_ME),))
    story.chapter(
        f"3. {HOPPER} enrols",
        "From one portrait, which is none of the photos. A consent is recorded:",
        f"  who    {enrolled.enrolment.person.name}",
        f"  what   {Purpose.FIND_ME}: tell me which pictures I am in",
        f"  until  {enrolled.enrolment.until:%Y-%m-%d}",
        "It stands in for her own: she died in 1992, and this only shows how it works.",
        f"The templates of {_keyed(story)} person are now stored, sealed under a key of her own.",
        f"{enrolled.compared} photos were searched for her, from their boxes. Faces that are not",
        "hers were measured in memory, and what was measured is forgotten.",
    )


def _find(story: _Story) -> None:
    seen = sorted(story.find(HOPPER).sightings, key=lambda one: one.locator)
    strangers = round(1 / FALSE_NAMES[Band.SURE])
    story.chapter(
        f"4. Where {HOPPER} appears: in {len(seen)} photos",
        f"{'photo':<26}{'box, in pixels':<24}how sure",
        *(f"{one.locator:<26}{_box(one.box):<24}{one.band}" for one in seen),
        f"{Band.SURE}: of {strangers:,} strangers' faces at most one would be given any name.",
        "Each stands where it stood; the first of them at",
        *(f"  {Path(one.location, one.locator).as_uri()}" for one in seen[:1]),
    )


def _search(story: _Story) -> None:
    there = story.library.inventory()
    hopper = _seen(story.search(story.files.hopper))
    collins, nobody = (_seen(story.search(one)) for one in (story.files.collins, story.files.drawn))
    by_name, by_no_name = _found(story.find(COLLINS)), _found(story.find(NOBODY))
    story.chapter(
        f"5. {COLLINS} never enrolled",
        f"{there.faces - there.sightings} of the {there.faces} boxes have no name on them; "
        "hers are among them. Searching with",
        f"  {HOPPER}'s portrait: {hopper}",
        f"  {COLLINS}'s portrait: {collins}",
        f"  a drawn face, which nobody has: {nobody}",
        "Asking by name for",
        f"  {COLLINS}: {by_name}",
        f"  {NOBODY}, whom we made up: {by_no_name}",
    )
    _require_same(collins, nobody)
    _require_same(by_name, by_no_name)
    story.lines(
        "Her answers were compared with nobody's: the same, word for word. They do not tell",
        "whether she is in the photos, declined, or was never here.",
    )


def _withdraw(story: _Story) -> None:
    done = story.library.withdraw(HOPPER)
    there = story.library.inventory()
    story.chapter(
        f"6. {HOPPER} withdraws",
        f"One command, and no reason asked. What it ended: {', '.join(done.withdrawn)}.",
        "From the moment it was recorded she is found nowhere. Then her "
        f"{done.sightings} sightings were",
        "removed, and her name, her reference and the key that opened it destroyed.",
        f"Left are {there.people} people, the templates of {_keyed(story)}, "
        f"{there.sightings} sightings, and {there.faces} boxes without a name.",
        f"A signed receipt says how far it went: {_level(story, done.erasure)}.",
    )


def _find_again(story: _Story) -> None:
    by_name, by_face = _found(story.find(HOPPER)), _seen(story.search(story.files.hopper))
    story.chapter(
        "7. And afterwards",
        f"Asking for {HOPPER} by name: {by_name}",
        f"Searching with her portrait: {by_face}",
    )
    _require_same(by_name, _found(story.find(NOBODY)))
    _require_same(by_face, _seen(story.search(story.files.drawn)))
    story.lines("Compared again: the same, word for word, as for somebody who never was here.")


def _leave(story: _Story, *, keep: bool) -> None:
    title, program = "8. What is left to look at", _program()
    if not keep:
        story.chapter(
            title,
            "Nothing: the library stood in a temporary folder, which is removed now. To make",
            "one that stays:",
            f"  {program} demo demo-library",
        )
        return
    command = f"{program} --library {shlex.quote(str(story.library.root))}"
    portrait = shlex.quote(str(story.files.hopper))
    story.chapter(
        title,
        f"The photos, in {story.files.photos}, and the portraits, in {story.files.hopper.parent}.",
        "To enrol her again, find her, and let her go:",
        f'  {command} enrol "{HOPPER}" --photo {portrait} --consent {Purpose.FIND_ME}',
        f'  {command} find "{HOPPER}"',
        f'  {command} person withdraw "{HOPPER}"',
        "The receipts of what was erased:",
        f"  {command} receipt list",
    )


# --- words ----------------------------------------------------------------------------------------


def _seen(faces: Sequence[ProbeFace]) -> str:
    """The answer to a search in words, for a probe of one face. Where the face is, is left out."""
    return "; ".join(_who(face) for face in faces) or "no face"


def _who(face: ProbeFace) -> str:
    named = [f"{one.name}, {one.band}, in {len(one.sightings)} photos" for one in face.candidates]
    return f"one face: {'; '.join(named) or 'no candidate'}"


def _found(answer: Found) -> str:
    return f"found in {len(answer.sightings)} photos" if answer.sightings else "nothing found"


def _require_same(answer: str, other: str) -> None:
    if answer != other:
        raise VerificationError(f"two answers differ that must not: '{answer}' and '{other}'")


def _box(box: Box) -> str:
    x1, y1, x2, y2 = (round(side) for side in box)
    return f"{x1},{y1} to {x2},{y2}"


def _keyed(story: _Story) -> int:
    """Of how many people templates are stored."""
    return story.library.inventory().recognised


def _level(story: _Story, erasure: ErasureId) -> str:
    """The level that the newest receipt of an erasure states, whose signature is verified."""
    *_, newest = story.library.receipts(erasure)
    stated = verify(newest.text, story.library.trail.key())
    return (stated.level or "none").replace("-", " ")


def _program() -> str:
    """The program as it can be typed here: by its name, or by where it lies."""
    if shutil.which("countenance"):
        return "countenance"
    beside = Path(sys.executable).with_name("countenance")
    here = Path.cwd()
    return str(beside.relative_to(here) if beside.is_relative_to(here) else beside)
