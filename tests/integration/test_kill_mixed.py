"""
A program under a mixed load that is killed, again and again (P26).

It enrols, withdraws, objects, ingests, searches and revokes, and is killed with SIGKILL at random
moments. The parent keeps the list of what was said to be done. After each kill: none of that is
lost, nothing that ended is back, and of what was under way either all or nothing was done. At the
end no byte of who is gone is in any file.
"""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from countenance.catalog.erasures import Stage
from countenance.library import Given, Library
from tests.conftest import REPOSITORY
from tests.fakes.clock import START, FakeClock
from tests.fakes.gala import A_DAY, Gala, holding, open_library, require_receipts
from tests.fakes.mixed_load import PURPOSES, faces, identity, needles
from tests.fakes.vision import FakeVision

ACTS = 3  # that are done before the killer is sent, at most
DELAY = 0.2  # seconds that the killer needs, at most

Act = dict[str, Any]


@dataclass(slots=True)
class Known:
    """
    What was acknowledged: who agreed to what, which photos are in, whether the other source is.

    `kept` are pieces of what is kept of people, in hex, by name, then by purpose. `gone` are those
    of which nothing may be left, each with what it was.
    """

    agreed: dict[str, set[str]] = field(default_factory=dict)
    photos: set[str] = field(default_factory=set)
    granted: bool = True
    kept: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    def then(self, act: Act) -> "Known":
        """What is so once an act is done."""
        agreed = {name: set(wishes) for name, wishes in self.agreed.items()}
        photos, granted, name = set(self.photos), self.granted, act.get("name", "")
        match act["act"]:
            case "enrol":
                agreed[name] = set(act["wishes"])
            case "enrol again":
                agreed[name] |= set(act["wishes"])
            case "withdraw":
                agreed[name] -= {act["purpose"]} if act["purpose"] else agreed[name]
                if not agreed[name]:
                    del agreed[name]
            case "object":
                agreed[name] = set()
            case "ingest":
                photos |= set(act["locators"])
            case "revoke":
                granted = False
            case "grant":
                granted = True
        return Known(agreed, photos, granted, self.kept, self.gone)

    def keep(self, name: str, pieces: dict[str, list[str]]) -> None:
        """Note the pieces of somebody who is enrolled now; those of what ended become gone."""
        before = self.kept.setdefault(name, {})
        for what, old in before.items():
            if pieces.get(what) != old:
                self.gone.update(dict.fromkeys(old, f"{what} of {name}, replaced"))
        self.kept[name] = pieces

    def let_go(self) -> None:
        """Of what nobody agrees to any more nothing may be left."""
        for name, pieces in list(self.kept.items()):
            for what in list(pieces):
                if what.removeprefix("key of ") not in self.agreed.get(name, ()):
                    ended = f"{what} of {name}, ended"
                    self.gone.update(dict.fromkeys(pieces.pop(what), ended))
            if name not in self.agreed:
                self.gone[name.encode().hex()] = f"the name {name}"
                del self.kept[name]


@pytest.mark.promise("P14")
@pytest.mark.promise("P21")
@pytest.mark.promise("P26")
@pytest.mark.promise("P29")
@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.long)])
def test_kills_lose_nothing_revive_nobody_and_leave_no_bytes(tmp_path: Path, kills: int) -> None:
    """Zero acknowledged acts lost, zero revived, zero bytes of the erased."""
    chance = random.Random(20261123)  # noqa: S311  not for secrets
    gala, other = _make(tmp_path)
    known, acts, cut = Known(), 0, 0
    with _Spares(gala, other) as spares:
        for turn in range(kills):
            done, under_way = spares.run_and_kill(
                after=chance.randint(0, ACTS), delay=chance.uniform(0, DELAY)
            )
            acts += len(done)
            cut += under_way is not None
            with _opened(gala) as library:
                known = _judge(library, known, done, under_way, other, turn)
    assert acts > kills, "hardly anything was done: the test proves nothing"
    assert cut > kills // 3, "hardly any act was cut short: the test proves nothing"
    with _opened(gala) as gala.library:
        _assert_whole_in_the_end(gala, known)
    known.let_go()
    left = [
        f"{what}: in {where}"
        for piece, what in known.gone.items()
        if (where := holding(gala.root, [bytes.fromhex(piece)]))
    ]
    assert len(known.gone) > kills, "hardly anybody left: the test proves nothing"
    assert left == [], "bytes of the erased"
    here = {piece for pieces in known.kept.values() for own in pieces.values() for piece in own}
    assert all(holding(gala.root, [bytes.fromhex(one)]) for one in here), "they must be found"


# --------------------------------------------------------------------------------------------


class _Spares:
    """Programs that are started before they are needed: starting takes longer than living."""

    def __init__(self, gala: Gala, other: Path) -> None:
        self._words = [str(gala.root), str(gala.folder), str(other)]
        self._seed = 0
        self._next = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end(self._next)

    def run_and_kill(self, *, after: int, delay: float) -> tuple[list[Act], Act | None]:
        """
        Kill one `delay` seconds after it did so many acts and began another.

        Gives what it said was done, and what it was about to do.
        """
        one, self._next = self._next, self._start()
        assert one.stdin is not None
        assert one.stdout is not None
        one.stdin.write("go\n")
        one.stdin.flush()
        said = [json.loads(one.stdout.readline()) for _ in range(2 * after + 1)]
        killer = threading.Timer(delay, one.kill)
        killer.start()
        # A line that was cut short was not said.
        said += [json.loads(line) for line in one.stdout if line.endswith("\n")]
        killer.join()
        self._end(one)
        assert one.returncode == -9, f"it ended by itself after {said[-1]}"
        done = [act for act in said if act["when"] == "done"]
        return done, said[-1] if said[-1]["when"] == "begin" else None

    def _start(self) -> "subprocess.Popen[str]":
        self._seed += 1
        return subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.mixed_load", *self._words, str(self._seed)],
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(["src", "."])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def _end(one: "subprocess.Popen[str]") -> None:
        one.kill()
        one.communicate()


def _make(below: Path) -> tuple[Gala, Path]:
    gala, other = Gala.make(below, until=START + 1000 * A_DAY), below / "other"
    other.mkdir()
    with gala:
        gala.library.add_folder(other, Given("the club", START + 1000 * A_DAY))
    return gala, other


@contextmanager
def _opened(gala: Gala) -> Iterator[Library]:
    with open_library(gala.root, FakeClock(), FakeVision()) as library:
        yield library


def _judge(  # noqa: PLR0913, PLR0917  all that a kill leaves behind
    library: Library, known: Known, done: list[Act], under_way: Act | None, other: Path, turn: int
) -> Known:
    """What is so now: all that was said to be done, and of what was under way all or nothing."""
    for act in done:
        known = known.then(act)
        if "needles" in act:
            known.keep(act["name"], act["needles"])
        known.let_go()
    legal = [known] if under_way is None else [known, known.then(under_way)]
    seen = _agreed(library)
    fitting = [one for one in legal if one.agreed == seen]
    assert fitting, f"kill {turn}: {under_way}: {seen} is none of {[one.agreed for one in legal]}"
    photos = {locator for photo in library.photos() for locator in photo.locators}
    assert known.photos <= photos, f"kill {turn}: {known.photos - photos} are lost"
    granted = _granted(library, other)
    assert granted in {one.granted for one in legal}, f"kill {turn}: the grant"
    now = Known(fitting[-1].agreed, known.photos, granted, known.kept, known.gone)
    for name in now.agreed:
        now.keep(name, needles(library, name))
    now.let_go()
    if turn % 2:  # else the next program meets the cases that this one left
        library.resume()
        assert all(one.stage is Stage.CLOSED for one in library.erasures())
    if turn % 10 == 0:
        assert library.damage() == ()
        assert library.trail.verify({}).findings == ()
        require_receipts(library, settled=False)
    return now


def _agreed(library: Library) -> dict[str, set[str]]:
    now = library.now()
    return {
        one.name: {
            consent.wish.purpose.value
            for consent in library.consents(one.id)[1]
            if consent.in_force(now)
        }
        for one in library.people()
    }


def _granted(library: Library, other: Path) -> bool:
    which = next(one for one in library.sources() if one.location == str(other))
    return any(grant.in_force(library.now()) for grant in library.grants(which.id))


def _assert_whole_in_the_end(gala: Gala, known: Known) -> None:
    """After one more of each act, everybody is found where they are, and nothing is left over."""
    gala.enrol("P00 the last", 26)
    gala.library.withdraw("P00 the last")
    gala.ingest()
    gala.ingest()  # what the first one gave up, for so many runs died with it, is tried alone
    photos = sorted(one for photo in gala.library.photos() for one in photo.locators)
    # What was worked on alone when the program was killed once more is given up, and said.
    given_up = gala.library.troubles(gala.source.id)
    assert all(one.detail.endswith("alone") for one in given_up)
    assert len(given_up) + len(photos) == len(list(gala.folder.glob("*.jpg")))
    for name, agreed in known.agreed.items():
        own = [photo for photo in photos if identity(name) in faces(photo)]
        for purpose in PURPOSES:
            assert gala.places(name, purpose) == (own if purpose.value in agreed else [])
    assert gala.library.damage() == ()
    assert gala.library.trail.verify({}).findings == ()
