"""
Accuracy: who is found in photographs with truth, who is missed, and who is named wrongly.

    countenance bench accuracy FOLDER

Everybody who may be is enrolled from their portraits, then the photos whose faces are known are
ingested into a library made for it. `docs/accuracy.md` holds the tables. Distances are counted
here and shown nowhere.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from countenance.bench.truth import KnownPhoto, PlacedFace, Truth, read_truth, same_face
from countenance.catalog.sightings import Sighting
from countenance.enrol.enrol import Portrait
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import MAX_SEARCHES, Settings

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What became of one appearance of a person in a photo.

    `height` is that of the box found, in pixels, 0 if the face was not found. `named` is who the
    face was taken for, and `band` how surely; empty if for nobody. `enrolled` says whether the
    person could have been found at all.
    """

    photo: str
    person: str
    enrolled: bool
    height: float
    named: str
    band: str

    @property
    def right(self) -> bool:
        return self.named == self.person

    @property
    def words(self) -> str:
        """What happened, in words, as a cell of a Markdown table."""
        if self.right:
            return f"found, {self.band}"
        if self.named:
            return f"**wrong: {self.named}**, {self.band}"
        if not self.height:
            return "missed: face not detected"
        return "missed: too far from the reference" if self.enrolled else "nobody, right"


@dataclass(frozen=True, slots=True)
class StrangerPairs:
    """Of `pairs` of different people, how many came nearer than the pack's distance at `rate`."""

    rate: float
    pairs: int
    nearer: int


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Everything measured; an outcome for each appearance, in the order of the truth."""

    pack: str
    outcomes: tuple[Outcome, ...]
    strangers: tuple[StrangerPairs, ...]

    @property
    def expected(self) -> int:
        return sum(one.enrolled for one in self.outcomes)

    @property
    def found(self) -> int:
        return sum(one.right for one in self.outcomes)

    @property
    def wrong(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.named and not one.right)

    def as_text(self) -> str:
        """The tables, in Markdown."""
        return "\n".join([*self._summary(), "", *self._appearances(), "", *self._rates()])

    def _summary(self) -> list[str]:
        found = f"{self.found} of {self.expected} appearances found"
        return [f"Pack `{self.pack}`: {found}, {len(self.wrong)} named wrongly."]

    def _appearances(self) -> list[str]:
        rows = [
            f"| {one.photo} | {one.person} | {one.height:.0f} | {one.words} |"
            for one in self.outcomes
        ]
        return ["| Photo | Person | Face, px | Outcome |", "|---|---|--:|---|", *rows]

    def _rates(self) -> list[str]:
        rows = [
            f"| {one.rate:g} | {one.pairs} | {one.nearer} | {one.nearer / one.pairs:.4f} |"
            for one in self.strangers
        ]
        head = "| Rate as calibrated | Pairs of different people here | Nearer | Share |"
        return [head, "|--:|--:|--:|--:|", *rows]


def measure(folder: Path, settings: Settings) -> Accuracy:
    """
    Enrol, ingest and compare with the truth in `folder`, in a library that is removed after.

    Raises `NotFound` if the folder has no truth, and `NoModel` if the pack is not installed.
    """
    truth = read_truth(folder)
    with tempfile.TemporaryDirectory(prefix="countenance-accuracy-") as scratch:
        root = Path(scratch)
        # Everybody in it is looked for, and the library is gone afterwards.
        own = settings.with_keys(root / "keys").with_searches(MAX_SEARCHES)
        with Library.init(root / "library", own) as library:
            _enrol_and_ingest(library, truth, root / "photos")
            return Accuracy(
                library.pack.id, _outcomes(library, truth), _stranger_pairs(library, truth)
            )


# --------------------------------------------------------------------------------------------------


def _enrol_and_ingest(library: Library, truth: Truth, photos: Path) -> None:
    photos.mkdir()
    for photo in truth.photos:
        (photos / photo.path.name).write_bytes(photo.path.read_bytes())
    for person, files in truth.portraits.items():
        portraits = [Portrait(file.name, file.read_bytes()) for file in files]
        library.enrol(person, portraits, (Wish(Purpose.FIND_ME),))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    library.add_folder(photos, Given("the bench", tomorrow), ground="measurement")
    library.ingest()


def _outcomes(library: Library, truth: Truth) -> tuple[Outcome, ...]:
    seen = {
        person: library.find(person, purpose=Purpose.FIND_ME).sightings
        for person in truth.portraits
    }
    return tuple(
        _outcome(library, photo, placed, seen) for photo in truth.photos for placed in photo.faces
    )


def _outcome(
    library: Library,
    photo: KnownPhoto,
    placed: PlacedFace,
    seen: Mapping[str, Sequence[Sighting]],
) -> Outcome:
    heights = [
        face.height
        for stored in library.photos()
        if photo.path.name in stored.locators
        for face in stored.faces
        if same_face(face.box, placed.box)
    ]
    named = [
        (person, str(one.band))
        for person, sightings in seen.items()
        for one in sightings
        if one.locator == photo.path.name and same_face(one.box, placed.box)
    ]
    name, band = named[0] if named else ("", "")
    return Outcome(
        photo=photo.path.name,
        person=placed.person,
        enrolled=placed.person in seen,
        height=max(heights, default=0.0),
        named=name,
        band=band,
    )


def _stranger_pairs(library: Library, truth: Truth) -> tuple[StrangerPairs, ...]:
    """Each face of the photos against the mean template of everybody whom it does not show."""
    means = {person: _mean(library, files) for person, files in truth.portraits.items()}
    distances = [
        float(np.linalg.norm(vector - mean))
        for photo in truth.photos
        for vector, shown in _templates(library, photo)
        for person, mean in means.items()
        if person != shown
    ]
    return tuple(
        StrangerPairs(point.fmr, len(distances), sum(d < point.distance for d in distances))
        for point in library.pack.calibration.points
    )


def _templates(library: Library, photo: KnownPhoto) -> list[tuple[Vector, str]]:
    """The template of each face of a photo that the truth knows, with whom it shows."""
    see = library.extractor
    picture = see.decoder(photo.path.read_bytes())
    faces = see.faces(picture)
    templates = see.templates(picture, faces)
    return [
        (vector, placed.person)
        for vector, row in zip(templates.vectors, templates.rows.tolist(), strict=True)
        for placed in photo.faces
        if same_face(faces[row].box, placed.box)
    ]


def _mean(library: Library, files: Sequence[Path]) -> Vector:
    see = library.extractor
    vectors = []
    for file in files:
        picture = see.decoder(file.read_bytes())
        found = see.vision.find(picture.pixels)
        largest = int(np.argmax(found.heights))
        vectors.append(see.vision.templates(picture.pixels, found.points[largest : largest + 1]))
    mean = np.concatenate(vectors).mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)
