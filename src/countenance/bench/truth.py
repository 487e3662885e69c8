"""Photographs with truth: who is in them, where, and who of them may be enrolled from what."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from countenance.core.geometry import overlaps
from countenance.errors import NotFound

Box = tuple[float, float, float, float]

SAME_FACE = 0.2
"""Overlap from which two boxes are of one face: every detector has its own idea of a box."""

UNCERTAIN = frozenset({"slayton_1970s.jpg"})
"""Portraits whose identity is not sure: nobody is enrolled from them."""


@dataclass(frozen=True, slots=True)
class PlacedFace:
    """A face whose place is known: the box is `x1, y1, x2, y2` in pixels of the upright photo."""

    person: str
    box: Box


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A photo, and every face in it."""

    path: Path
    faces: tuple[PlacedFace, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """`portraits` are what each person who may be enrolled is enrolled from."""

    portraits: Mapping[str, tuple[Path, ...]]
    photos: tuple[KnownPhoto, ...]


def read_truth(folder: Path) -> Truth:
    """
    The truth of a folder of photographs, as `shared/data/photos` keeps it.

    `faces.csv` has a row a face (file, person, x, y, w, h in pixels; a portrait has no box), and
    `people.csv` a row a person (person, may_be_enrolled). Raises `NotFound` if they are not there.
    """
    faces, people = _rows(folder / "faces.csv"), _rows(folder / "people.csv")
    return Truth(
        portraits={
            row["person"]: _portraits(folder, faces, row["person"])
            for row in people
            if row["may_be_enrolled"] == "yes"
        },
        photos=tuple(
            KnownPhoto(folder / file, tuple(_placed(row) for row in faces if row["file"] == file))
            for file in dict.fromkeys(row["file"] for row in faces if row["x"])
        ),
    )


def same_face(found: Box, known: Box) -> bool:
    """Whether a box that was found is the one that is known to be there."""
    one, other = np.array([found], np.float32), np.array([known], np.float32)
    return bool(overlaps(one, other)[0, 0] > SAME_FACE)


# --------------------------------------------------------------------------------------------------


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError as exc:
        raise NotFound(f"{path}: there is no such file, and so no truth to compare with") from exc


def _portraits(folder: Path, faces: list[dict[str, str]], person: str) -> tuple[Path, ...]:
    return tuple(
        folder / row["file"]
        for row in faces
        if row["person"] == person and not row["x"] and row["file"] not in UNCERTAIN
    )


def _placed(row: dict[str, str]) -> PlacedFace:
    x, y, width, height = (float(row[name]) for name in ("x", "y", "w", "h"))
    return PlacedFace(row["person"], (x, y, x + width, y + height))
