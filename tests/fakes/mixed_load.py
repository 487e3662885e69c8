"""
A program that does one thing after the other to a library, until it is killed.

    python -m tests.fakes.mixed_load LIBRARY FOLDER OTHER_FOLDER SEED

It waits for a line on its standard input, so that it can be started before it is needed. Then it
writes a line of JSON before each act, and one after it: what was said to be done is done.
"""

import json
import random
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from countenance.catalog.tables import reference
from countenance.enrol.enrol import Portrait
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.sources.source import Source
from tests.fakes.clock import FakeClock
from tests.fakes.gala import open_library
from tests.fakes.vision import FakeVision, picture

IDENTITIES = range(1, 7)
PURPOSES = (Purpose.FIND_ME, Purpose.STAFF_FIND)
PHOTOS = 10
NEEDLE_BYTES = 16
HEAD = b"CTN-KEY\x02"
"""Of a key's file, alike in all of them."""

A_MONTH = timedelta(days=30)

Act = dict[str, Any]


def identity(name: str) -> int:
    """Whose face somebody has. No two who are enrolled at once have the same."""
    return int(name[1:3])


def faces(locator: str) -> list[int]:
    """Who is in a photo, by its name."""
    return [int(part) for part in locator.removesuffix(".jpg").split("-")[1:]]


def needles(library: Library, name: str) -> dict[str, list[str]]:
    """Pieces of what is kept of somebody under each purpose, and of its key's file, in hex."""
    who = next(one.id for one in library.people() if one.name == name)
    pieces: dict[str, list[str]] = {}
    with library._database.read() as tx:
        for row in tx.execute(select(reference).where(reference.c.person_id == who)):
            file = library.settings.keys_dir / f"{row.key_id}.key"
            data = file.read_bytes() if file.exists() else b""
            # Else it is on its way out: removed, or of zeros, and its row goes next.
            if data.startswith(HEAD):
                pieces[row.purpose] = _pieces(row.sealed)
                pieces[f"key of {row.purpose}"] = _pieces(data[len(HEAD) :])
    return pieces


class Load:
    """What can be done, each by a method that says first what it is about to do."""

    def __init__(self, library: Library, folder: Path, other: Path, seed: int) -> None:
        self._library = library
        self._folder = folder
        self._other = other
        self._chance = random.Random(seed)  # noqa: S311  not for secrets
        self._acts: list[Callable[[], None]] = [
            *[self._enrol] * 4,
            *[self._enrol_again] * 2,
            *[self._withdraw] * 3,
            self._withdraw_one,
            self._object,
            *[self._ingest] * 2,
            *[self._find] * 2,
            self._revoke,
            self._grant,
        ]

    def go_on(self) -> None:
        """One act, or none where there is nobody to do it to."""
        self._chance.choice(self._acts)()

    def _enrol(self) -> None:
        taken = {identity(one.name) for one in self._library.people()}
        free = [one for one in IDENTITIES if one not in taken]
        if not free:
            return
        which = self._chance.choice(free)
        name = f"P{which:02}x{self._chance.getrandbits(64):016x}"
        self._give(name, {"act": "enrol", "name": name, "wishes": self._wishes()}, again=False)

    def _enrol_again(self) -> None:
        name = self._somebody()
        if name and not self._library.objections(name):
            act = {"act": "enrol again", "name": name, "wishes": self._wishes()}
            self._give(name, act, again=True)

    def _give(self, name: str, act: Act, *, again: bool) -> None:
        _say("begin", act)
        self._library.enrol(
            name,
            [Portrait("portrait.jpg", picture(identity(name)))],
            tuple(Wish(Purpose(one)) for one in act["wishes"]),
            evidence=self._chance.choice([None, f"{name} agrees. ".encode() * 9]),
            again=again,
        )
        _say("done", act | {"needles": needles(self._library, name)})

    def _withdraw(self) -> None:
        name = self._somebody()
        if name:
            self._do(
                {"act": "withdraw", "name": name, "purpose": None},
                lambda: self._library.withdraw(name),
            )

    def _withdraw_one(self) -> None:
        name, purpose = self._somebody(), self._chance.choice(PURPOSES)
        if name:
            self._do(
                {"act": "withdraw", "name": name, "purpose": purpose.value},
                lambda: self._library.withdraw(name, purpose),
            )

    def _object(self) -> None:
        name = self._somebody()
        if name:
            self._do({"act": "object", "name": name}, lambda: self._library.object_to(name))

    def _ingest(self) -> None:
        there = len(list(self._folder.iterdir()))
        if there < PHOTOS:
            shown = sorted(self._chance.sample(IDENTITIES, 2))
            path = self._folder / f"{there:02}-{shown[0]:02}-{shown[1]:02}.jpg"
            beside = path.with_suffix(".part")
            beside.write_bytes(picture(*shown, salt=there))
            beside.rename(path)
        _say("begin", {"act": "ingest", "locators": []})
        self._library.ingest()
        inside = [one for photo in self._library.photos() for one in photo.locators]
        _say("done", {"act": "ingest", "locators": inside})

    def _find(self) -> None:
        name = self._somebody()
        if name:
            find = lambda: self._library.find(name, purpose=Purpose.FIND_ME)  # noqa: E731
            self._do({"act": "find"}, find)

    def _revoke(self) -> None:
        source = self._other_source()
        self._do({"act": "revoke"}, lambda: self._library.take_down(source.id))

    def _grant(self) -> None:
        given = Given("the club", self._library.now() + A_MONTH)
        self._do({"act": "grant"}, lambda: self._library.add_folder(self._other, given))

    def _do(self, act: Act, doing: Callable[[], object]) -> None:
        _say("begin", act)
        doing()
        _say("done", act)

    def _wishes(self) -> list[str]:
        return sorted(
            self._chance.sample([one.value for one in PURPOSES], self._chance.choice([1, 2]))
        )

    def _somebody(self) -> str:
        names = [one.name for one in self._library.people()]
        return self._chance.choice(names) if names else ""

    def _other_source(self) -> Source:
        at = str(self._other)
        return next(one for one in self._library.sources() if one.location == at)


# --------------------------------------------------------------------------------------------------


def _pieces(data: bytes) -> list[str]:
    """Several: one may be cut in two by the end of a page."""
    starts = range(0, len(data) - NEEDLE_BYTES + 1, 64)
    return [data[at : at + NEEDLE_BYTES].hex() for at in starts]


def _say(when: str, act: Act) -> None:
    sys.stdout.write(json.dumps({"when": when} | act) + "\n")
    sys.stdout.flush()


def main() -> None:
    root, folder, other, seed = sys.argv[1:]
    sys.stdin.readline()
    with open_library(Path(root), FakeClock(), FakeVision()) as library:
        load = Load(library, Path(folder), Path(other), int(seed))
        while True:
            load.go_on()


if __name__ == "__main__":
    main()
