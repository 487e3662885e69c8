"""
Model packs: which networks run, where their files come from, and what their distances mean.

A pack is one TOML file in `packs/`. It declares; nothing is opened or fetched here. Thresholds
belong to a pack and never to the program, as another network's distances mean something else.

Every pack's score is made the same way: templates of length one, each the mean of the chip's and of
the mirrored chip's, compared by Euclidean distance.
"""

import datetime as dt
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypeVar

import numpy as np

from countenance.core.canonical import Digest
from countenance.errors import NotFound, VerificationError
from countenance.vision.types import Float32


class DetectorKind(StrEnum):
    """The detectors whose output we can decode."""

    CENTERFACE = "centerface"
    YUNET = "yunet"


class Preparation(StrEnum):
    """What has to be done to a file, once, before ONNX Runtime runs it."""

    AS_IS = "as-is"
    CENTERFACE = "centerface"
    YUNET = "yunet"
    DLIB_RESNET = "dlib-resnet"


class CommercialUse(StrEnum):
    """
    Whether the licences of the weights allow commercial use.

    The terms of the pictures they were trained on are another matter: see `training_data`.
    """

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class Colour(StrEnum):
    """The order of the colour channels that a network takes."""

    RGB = "RGB"
    BGR = "BGR"


@dataclass(frozen=True, slots=True)
class Package:
    """A file inside a package of the Python index. `path` is relative to where packages lie."""

    name: str
    version: str
    path: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """
    A file of weights: what it is, where it comes from, and what is run in the end.

    `sha256` and `size`, in bytes, are of the file as published, `prepared_sha256` of the ONNX file
    made from it. `origin` is a package, or an https address.
    """

    name: str
    sha256: Digest
    size: int
    licence: str
    training_data: str
    preparation: Preparation
    prepared_sha256: Digest
    origin: Package | str


@dataclass(frozen=True, slots=True)
class Input:
    """What an embedder takes: planes in the order `colour`, values `(pixel - mean) * scale`."""

    colour: Colour
    mean: float
    scale: float


@dataclass(frozen=True, slots=True)
class DetectorRecord:
    """
    `colour` is the order of the channels that the network takes, as bytes of 0 to 255.

    `threshold` is the lowest score taken; `min_face` the least box height, in pixels.
    """

    kind: DetectorKind
    file: ModelFile
    colour: Colour
    threshold: float
    min_face: float


@dataclass(frozen=True, slots=True)
class EmbedderRecord:
    """
    `size` is a chip's side in pixels; `dimensions` the length of a template.

    `mirror_slack` is by how much a template may at most be nearer to another than the half of it
    that was made of the chip unmirrored: a distance, measured. If there is none it was not
    measured, and every chip is embedded mirrored as well.
    """

    file: ModelFile
    input: Input
    size: int
    dimensions: int
    mirror_slack: float | None = None


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Of pairs of different people's faces, the share `fmr` lies within `distance`."""

    fmr: float
    distance: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """
    What the distances of a pack mean, as falling false-match rates.

    If `measured` is false the points are an assumption, and the product must say "not calibrated".

    `alike` is how many times oftener strangers in one library look alike than the pairs that were
    measured: a club, a class or a crew is of one kind, the benchmark is of all kinds.
    """

    measured: bool
    measured_on: str
    date: dt.date
    alike: float
    points: tuple[CalibrationPoint, ...]


@dataclass(frozen=True, slots=True)
class FaceRules:
    """
    The least face heights, in pixels of the picture, to enrol from and to match.

    A weak (small) face's false-match rate is `small_penalty` times the calibration's.
    """

    enrol_px: float
    match_px: float
    small_penalty: float


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """
    A detector, an alignment and an embedder that were put together, with what is known of them.

    `template` is `(5, 2)` float32, `[x, y]` in pixels of the chip: where the landmarks are put.
    """

    id: str
    version: int
    title: str
    commercial_use: CommercialUse
    notes: str
    detector: DetectorRecord
    embedder: EmbedderRecord
    template: Float32
    calibration: Calibration
    faces: FaceRules

    @property
    def files(self) -> tuple[ModelFile, ModelFile]:
        return (self.detector.file, self.embedder.file)


def list_packs() -> tuple[Pack, ...]:
    """Every declared pack, by id."""
    return tuple(_parse(file) for file in _declarations())


def load_pack(pack_id: str) -> Pack:
    """The pack of that id. Raises `NotFound`, naming those that exist."""
    for file in _declarations():
        if file.name == f"{pack_id}.toml":
            return _parse(file)
    known = ", ".join(file.name.removesuffix(".toml") for file in _declarations())
    raise NotFound(f"no such model pack: {pack_id}", hint=f"known packs: {known}")


# ------------------------------------------------------------------------------------------------

_Value = TypeVar("_Value")


class _Table:
    """A TOML table whose values are asked for by type. A wrong one is named with its place."""

    def __init__(self, values: dict[str, object], place: str) -> None:
        self._values = values
        self._place = place

    def table(self, key: str) -> "_Table":
        return _Table(self.value(key, dict), f"{self._place}: {key}")

    def text(self, key: str) -> str:
        return self.value(key, str)

    def whole(self, key: str) -> int:
        return self.value(key, int)

    def number(self, key: str) -> float:
        return float(self.value(key, (int, float)))

    def pairs(self, key: str) -> Sequence[tuple[float, float]]:
        return [(float(a), float(b)) for a, b in self.value(key, list)]

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def value(self, key: str, kind: type[_Value] | tuple[type[_Value], ...]) -> _Value:
        value = self._values.get(key)
        if not isinstance(value, kind):
            raise VerificationError(f"{self._place}: {key} is missing or of the wrong type")
        return value


def _declarations() -> list[Traversable]:
    folder = resources.files("countenance.vision") / "packs"
    return sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")),
        key=lambda file: file.name,
    )


def _parse(file: Traversable) -> Pack:
    top = _Table(tomllib.loads(file.read_text(encoding="utf-8")), file.name)
    return Pack(
        id=top.text("id"),
        version=top.whole("version"),
        title=top.text("title"),
        commercial_use=CommercialUse(top.text("commercial_use")),
        notes=top.text("notes").strip(),
        detector=_detector(top.table("detector")),
        embedder=_embedder(top.table("embedder")),
        template=np.array(top.table("alignment").pairs("points"), np.float32),
        calibration=_calibration(top.table("calibration")),
        faces=_faces(top.table("faces")),
    )


def _detector(table: _Table) -> DetectorRecord:
    return DetectorRecord(
        kind=DetectorKind(table.text("kind")),
        file=_model_file(table.table("file")),
        colour=Colour(table.text("colour")),
        threshold=table.number("threshold"),
        min_face=table.number("min_face"),
    )


def _embedder(table: _Table) -> EmbedderRecord:
    return EmbedderRecord(
        file=_model_file(table.table("file")),
        input=_input(table.table("input")),
        size=table.whole("size"),
        dimensions=table.whole("dimensions"),
        mirror_slack=table.number("mirror_slack") if "mirror_slack" in table else None,
    )


def _model_file(table: _Table) -> ModelFile:
    return ModelFile(
        name=table.text("name"),
        sha256=Digest(table.text("sha256")),
        size=table.whole("bytes"),
        licence=table.text("licence"),
        training_data=table.text("training_data"),
        preparation=Preparation(table.text("preparation")),
        prepared_sha256=Digest(table.text("prepared_sha256")),
        origin=_package(table.table("package")) if "package" in table else table.text("url"),
    )


def _package(table: _Table) -> Package:
    return Package(name=table.text("name"), version=table.text("version"), path=table.text("path"))


def _input(table: _Table) -> Input:
    return Input(
        colour=Colour(table.text("colour")),
        mean=table.number("mean"),
        scale=table.number("scale"),
    )


def _calibration(table: _Table) -> Calibration:
    return Calibration(
        measured=table.value("measured", bool),
        measured_on=table.text("measured_on"),
        date=table.value("date", dt.date),
        alike=table.number("alike"),
        points=tuple(CalibrationPoint(fmr, distance) for fmr, distance in table.pairs("points")),
    )


def _faces(table: _Table) -> FaceRules:
    return FaceRules(
        enrol_px=table.number("enrol_px"),
        match_px=table.number("match_px"),
        small_penalty=table.number("small_penalty"),
    )
