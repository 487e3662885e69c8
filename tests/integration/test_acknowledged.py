"""What was acknowledged is on the disk: a copy of the files, as after a kill, knows of it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from countenance.library import Library
from countenance.people.purpose import Purpose
from tests.fakes.gala import COLLECTION, Gala, open_library
from tests.fakes.postgres import copy_catalog
from tests.fakes.vision import FakeVision

ADA, BO = 1, 2

Act = Callable[[Gala], object]
Known = Callable[[Library], bool]


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Ada in a photo of which the library knows; the log is signed."""
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, BO)
        made.ingest()
        made.enrol("Ada", ADA)
        made.reopen()
        yield made


def _found(library: Library) -> bool:
    return bool(library.find("Ada", purpose=Purpose.FIND_ME).sightings)


ACTS: dict[str, tuple[Act, Known]] = {
    "enrolment": (
        lambda gala: gala.enrol("Bo", BO),
        lambda library: [one.name for one in library.people()] == ["Ada", "Bo"],
    ),
    "consent": (
        lambda gala: gala.enrol("Ada", ADA, Purpose.HIDE_ME, again=True),
        lambda library: len(library.consents("Ada")[1]) == 2,
    ),
    "withdrawal": (
        lambda gala: gala.library.withdraw("Ada"),
        lambda library: library.people() == [] and not _found(library),
    ),
    "objection": (
        lambda gala: gala.library.object_to("Ada"),
        lambda library: len(library.objections("Ada")) == 1 and not _found(library),
    ),
    "rule": (
        lambda gala: gala.library.set_rule(COLLECTION, recognition=False),
        lambda library: not library.collections()[0].recognition,
    ),
    "roster": (
        lambda gala: gala.library.add_to_roster(COLLECTION, "Ada"),
        lambda library: [one.name for one in library.roster(COLLECTION)] == ["Ada"],
    ),
    "ingest": (
        lambda gala: (gala.put("b.jpg", ADA), gala.ingest()),
        lambda library: library.inventory().photos == 2,
    ),
    "by hand": (
        lambda gala: gala.library.reject_sighting(gala.find("Ada").sightings[0].id),
        lambda library: not _found(library),
    ),
}


@pytest.mark.promise("P26")
@pytest.mark.parametrize("act", ACTS)
def test_an_acknowledged_act_survives_a_kill(gala: Gala, tmp_path: Path, act: str) -> None:
    """Before the act a copy of the files does not know of it, and from its return on one does."""
    do, known = ACTS[act]
    with _copy(gala, tmp_path / "before") as before:
        assert not known(before)
    do(gala)
    with _copy(gala, tmp_path / "after") as after:
        assert known(after)
        assert after.trail.verify({}).findings == ()


# --------------------------------------------------------------------------------------------


@contextmanager
def _copy(gala: Gala, root: Path) -> Iterator[Library]:
    shutil.copytree(gala.root, root)
    keys = gala.library.settings.keys_dir
    if not keys.is_relative_to(gala.root):
        shutil.copytree(keys, root.with_name(keys.name.replace(gala.root.name, root.name, 1)))
    copy_catalog(root)
    with open_library(root, gala.clock, FakeVision()) as library:
        yield library
