"""
The same photos through face_recognition and through us, in one run.

    make bench-peers

face_recognition runs with its default settings on the full-size photo, in an environment of its
own; we run a whole ingest with one worker, catalog and previews included. What is compared is
processor time, which other work on the machine disturbs least, and who was found: on photos made
for it, whose faces are where we put them, and on photographs with truth where they are at hand.

deepface is left out: its packages carry no weights, and it fetches them when it is first used.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from countenance.bench.pictures import COLLINS, HOPPER, make_photos
from countenance.bench.process import cpu_seconds, in_child
from countenance.bench.truth import Box, Truth, read_truth, same_face
from countenance.demo.pictures import Portraits, find_portraits
from countenance.enrol.enrol import Portrait
from countenance.errors import Error, PoorPicture, Unavailable
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import MAX_SEARCHES, Settings, load_settings

_PEER = Path(__file__).with_name("peer.py")


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face that was found; `name` is empty if it was given to nobody."""

    box: Box
    name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one program made of some photos: the faces by file name, and the time of them all."""

    program: str
    faces: Mapping[str, tuple[FoundFace, ...]]
    cpu_seconds: float

    @property
    def photos_per_cpu_second(self) -> float:
        return len(self.faces) / self.cpu_seconds


@dataclass(frozen=True, slots=True)
class Score:
    """
    An answer against the truth.

    `found` of `faces` were seen; `named` of `people` appearances of enrolled people were given the
    right name, and `wrong` faces a name that is not theirs.
    """

    faces: int
    found: int
    people: int
    named: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same photos through both."""

    title: str
    truth: Truth
    peer: Answer
    ours: Answer

    @property
    def ratio(self) -> float:
        """How many times as many photos we do in a second of processor time."""
        return self.ours.photos_per_cpu_second / self.peer.photos_per_cpu_second

    def as_text(self) -> Iterator[str]:
        """The comparison as lines of a table, a row a program."""
        yield f"{self.title}: {len(self.truth.photos)} photos"
        yield f"  {'':<24}{'photos a CPU s':>16}{'faces':>12}{'people':>12}{'wrong names':>13}"
        for answer in (self.peer, self.ours):
            one = score(answer, self.truth)
            yield (
                f"  {answer.program:<24}{answer.photos_per_cpu_second:>16.2f}"
                f"{f'{one.found} of {one.faces}':>12}{f'{one.named} of {one.people}':>12}"
                f"{one.wrong:>13}"
            )
        yield f"  {self.ratio:.1f} times as many photos a CPU second"


def compare(title: str, truth: Truth, *, settings: Settings, peer_python: Path) -> Comparison:
    """Raises `Unavailable` if face_recognition cannot be run by `peer_python`."""
    return Comparison(
        title, truth, _peer_answer(truth, peer_python), in_child(_our_answer, (truth, settings))
    )


def score(answer: Answer, truth: Truth) -> Score:
    """A person who is in a photo twice counts once: being found in it is what matters."""
    faces = found = people = named = wrong = 0
    for photo in truth.photos:
        seen = answer.faces[photo.path.name]
        faces += len(photo.faces)
        found += sum(any(same_face(one.box, face.box) for one in seen) for face in photo.faces)
        right = {
            (face.person, one.box)
            for face in photo.faces
            for one in seen
            if one.name == face.person and same_face(one.box, face.box)
        }
        people += len({face.person for face in photo.faces} & truth.portraits.keys())
        named += len({person for person, _ in right})
        wrong += sum(bool(one.name) and (one.name, one.box) not in right for one in seen)
    return Score(faces, found, people, named, wrong)


def main(arguments: Sequence[str]) -> int:
    """Measure, and print what came of it. Gives the exit code."""
    parser = argparse.ArgumentParser(prog="bench-peers", description="Compare with the peers.")
    parser.add_argument("--peer-python", type=Path, required=True, help="of their environment")
    parser.add_argument("--photos", type=Path, default=Path("../shared/data/photos"))
    parser.add_argument("--count", type=int, default=6, help="of photos to make")
    parser.add_argument("--pack", default="starter")
    given = parser.parse_args(arguments)
    try:
        for line in _lines(given.peer_python, given.photos, given.count, given.pack):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except Error as exc:
        sys.stderr.write(f"bench-peers: {exc.message}\n")
        return exc.exit_code
    return 0


# --------------------------------------------------------------------------------------------------


def _lines(peer_python: Path, photos: Path, count: int, pack: str) -> Iterator[str]:
    settings = load_settings(Path.cwd(), given={"pack": pack, "workers": 1})
    portraits = find_portraits()
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        truth = _made(Path(scratch), portraits, count)
        made = compare(
            "made photos of 12 megapixels", truth, settings=settings, peer_python=peer_python
        )
        yield from made.as_text()
    if not photos.is_dir():
        yield f"{photos}: not here, so there are no photographs with truth to compare on"
    else:
        real = compare(
            "photographs with truth", read_truth(photos), settings=settings, peer_python=peer_python
        )
        yield from real.as_text()
    yield "deepface is left out: it fetches its weights when it is first used"


def _made(folder: Path, portraits: Portraits, count: int) -> Truth:
    photos = make_photos(folder, portraits, count=count)
    return Truth({HOPPER: (portraits.hopper,), COLLINS: (portraits.collins,)}, tuple(photos))


def _peer_answer(truth: Truth, python: Path) -> Answer:
    job = {
        "people": {name: [str(path) for path in paths] for name, paths in truth.portraits.items()},
        "photos": [str(photo.path) for photo in truth.photos],
    }
    try:
        # The environment that `make bench-peers` made, and our own script.
        done = subprocess.run(  # noqa: S603
            [python, _PEER], input=json.dumps(job), capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as exc:
        why = str(getattr(exc, "stderr", "") or exc).strip().splitlines()[-1]
        raise Unavailable(f"{python} cannot run face_recognition: {why}") from exc
    answer = json.loads(done.stdout)
    return Answer(
        program=f"face_recognition {answer['versions']['face_recognition']}",
        faces={
            photo.path.name: tuple(
                FoundFace(tuple(one["box"]), one["name"]) for one in seen["faces"]
            )
            for photo, seen in zip(truth.photos, answer["photos"], strict=True)
        },
        cpu_seconds=sum(seen["cpu_seconds"] for seen in answer["photos"]),
    )


def _our_answer(job: tuple[Truth, Settings]) -> Answer:
    """Runs in a process of its own."""
    truth, settings = job
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as scratch:
        root = Path(scratch)
        photos = root / "photos"
        photos.mkdir()
        for photo in truth.photos:
            shutil.copyfile(photo.path, photos / photo.path.name)
        own = settings.with_keys(root / "keys").with_searches(MAX_SEARCHES)
        with Library.init(root / "library", own) as library:
            # Loads the networks, too, and lets them work.
            for name, paths in truth.portraits.items():
                _enrol(library, name, paths)
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            library.add_folder(photos, Given("the bench", tomorrow), ground="measurement")
            begun = cpu_seconds()
            library.ingest()
            spent = cpu_seconds() - begun
            return Answer(f"countenance, {settings.pack}", _our_faces(library, truth), spent)


def _enrol(library: Library, name: str, paths: Iterable[Path]) -> None:
    portraits = [Portrait(path.name, path.read_bytes()) for path in paths]
    try:
        library.enrol(name, portraits, (Wish(Purpose.FIND_ME),))
    except PoorPicture:
        return  # then they are found nowhere, and that is in the score


def _our_faces(library: Library, truth: Truth) -> dict[str, tuple[FoundFace, ...]]:
    names = {
        (one.locator, one.box): name
        for name in truth.portraits
        for one in library.find(name, purpose=Purpose.FIND_ME).sightings
    }
    faces: dict[str, tuple[FoundFace, ...]] = {photo.path.name: () for photo in truth.photos}
    for photo in library.photos():
        (locator,) = photo.locators
        faces[locator] = tuple(
            FoundFace(face.box, names.get((locator, face.box), "")) for face in photo.faces
        )
    return faces


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
