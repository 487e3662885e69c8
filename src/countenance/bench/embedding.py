"""
A dataset as the product sees it: each picture decoded, its faces found and embedded, in memory.

No template is written anywhere: a dataset is measured anew each time.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from countenance.bench.datasets import BoxedPhoto, Dataset, Labelled
from countenance.bench.truth import SAME_FACE, Box
from countenance.catalog.photos import Face
from countenance.core.geometry import overlaps
from countenance.errors import Unreadable
from countenance.extract.extractor import Extractor
from countenance.ingest.progress import Progress, Step, silent

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """
    The faces of a dataset, row by row: `vectors` `(n, d)` float32, unit rows, or zeros where the
    face was not `found` `(n,)`; `heights` `(n,)` of the boxes found, in pixels of the full picture,
    else 0.

    Of the faces for the detector `to_find` are the heights and `seen` which were found; `alarms`
    are boxes where no face is known to be, in so many `photos`. `unread` are files that could not
    be decoded: their faces are not found.
    """

    vectors: Float32
    found: NDArray[np.bool_]
    heights: Float32
    to_find: NDArray[np.float64]
    seen: NDArray[np.bool_]
    alarms: int
    photos: int
    unread: tuple[Path, ...]


def embed(
    dataset: Dataset, see: Extractor, *, workers: int = 1, progress: Progress = silent
) -> Embedded:
    """Find and embed every face of `dataset`, `workers` pictures at once."""
    wanted = _by_picture(dataset)
    rows = _Rows(
        np.zeros((len(dataset.faces), see.pack.embedder.dimensions), np.float32),
        np.zeros(len(dataset.faces), np.float32),
    )
    with ThreadPoolExecutor(workers) as pool:
        try:
            done = pool.map(lambda one: (one, _look(one, see)), wanted.values())
            for count, (one, looked) in enumerate(done, 1):
                rows.add(one, looked)
                progress(Step("pictures", count, len(wanted), len(rows.unread)))
        except BaseException:
            # Whoever stops it does not wait for the thousands that are still to come.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Embedded(
        vectors=rows.vectors,
        found=rows.heights > 0,
        heights=rows.heights,
        to_find=np.array(rows.to_find, np.float64),
        seen=np.array(rows.seen, np.bool_),
        alarms=rows.alarms,
        photos=len(dataset.photos),
        unread=tuple(rows.unread),
    )


def matched(found: Sequence[Box], known: Sequence[Box]) -> dict[int, int]:
    """
    Which of `known` each of `found` is, by rows: the pair that overlaps most first, each once.

    What overlaps by no more than `SAME_FACE` is not the same face.
    """
    pairs: dict[int, int] = {}
    if found and known:
        shares = overlaps(np.array(found, np.float32), np.array(known, np.float32))
        near = np.flatnonzero(shares > SAME_FACE)
        taken: set[int] = set()
        for pair in near[np.argsort(-shares.ravel()[near], kind="stable")].tolist():
            one, other = divmod(pair, len(known))
            if one not in pairs and other not in taken:
                pairs[one] = other
                taken.add(other)
    return pairs


# --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Wanted:
    """What is to be known of one picture: whose faces, by row of the dataset, and all boxes."""

    path: Path
    faces: list[tuple[int, Labelled]] = field(default_factory=list)
    photo: BoxedPhoto | None = None


@dataclass(frozen=True, slots=True)
class _Looked:
    """All faces of a picture, and the template of each that is wanted, by row of the dataset."""

    faces: tuple[Face, ...]
    templates: Mapping[int, tuple[Face, Float32]]


@dataclass(slots=True)
class _Rows:
    vectors: Float32
    heights: Float32
    to_find: list[float] = field(default_factory=list)
    seen: list[bool] = field(default_factory=list)
    alarms: int = 0
    unread: list[Path] = field(default_factory=list)

    def add(self, wanted: _Wanted, looked: _Looked | None) -> None:
        if looked is None:
            self.unread.append(wanted.path)
            looked = _Looked((), {})
        for row, (face, vector) in looked.templates.items():
            self.vectors[row], self.heights[row] = vector, face.height
        if wanted.photo is not None:
            self._detected([face.box for face in looked.faces], wanted.photo)

    def _detected(self, found: list[Box], photo: BoxedPhoto) -> None:
        pairs = matched(found, photo.faces)
        self.to_find += [box[3] - box[1] for box in photo.faces]
        self.seen += [row in pairs.values() for row in range(len(photo.faces))]
        others = [box for row, box in enumerate(found) if row not in pairs]
        self.alarms += len(others) - len(matched(others, photo.ignored))


def _by_picture(dataset: Dataset) -> dict[Path, _Wanted]:
    wanted: dict[Path, _Wanted] = {}
    for row, face in enumerate(dataset.faces):
        wanted.setdefault(face.path, _Wanted(face.path)).faces.append((row, face))
    for photo in dataset.photos:
        wanted.setdefault(photo.path, _Wanted(photo.path)).photo = photo
    return wanted


def _look(wanted: _Wanted, see: Extractor) -> _Looked | None:
    try:
        picture = see.decoder(wanted.path.read_bytes())
    except (Unreadable, OSError):
        return None
    faces = see.faces(picture)
    chosen = _chosen(wanted.faces, faces, (picture.width, picture.height))
    points = np.array([faces[place].points for place in chosen.values()], np.float32)
    vectors = see.vision.templates(
        picture.pixels, points.reshape(-1, 5, 2) * np.float32(picture.scale)
    )
    return _Looked(
        faces,
        {
            row: (faces[place], vector)
            for (row, place), vector in zip(chosen.items(), vectors, strict=True)
        },
    )


def _chosen(
    wanted: Sequence[tuple[int, Labelled]], faces: Sequence[Face], size: tuple[int, int]
) -> dict[int, int]:
    """The place among `faces` of each row that is wanted and was found."""
    boxed = [(row, face.box) for row, face in wanted if face.box is not None]
    pairs = matched([face.box for face in faces], [box for _, box in boxed])
    chosen = {boxed[known][0]: place for place, known in pairs.items()}
    if faces:
        middle = min(range(len(faces)), key=lambda place: _off_centre(faces[place].box, size))
        chosen |= {row: middle for row, face in wanted if face.box is None}
    return chosen


def _off_centre(box: Box, size: tuple[int, int]) -> float:
    """How far a box lies from the middle, in its own heights: large faces are meant sooner."""
    x, y = (box[0] + box[2] - size[0]) / 2, (box[1] + box[3] - size[1]) / 2
    return float(np.hypot(x, y)) / (box[3] - box[1])
