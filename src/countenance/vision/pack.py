"""
Model packs: which networks run, where their files come from, and what their distances mean.

A pack is one TOML file in `packs/`, or in the folder of packs of this machine's own. It declares;
no model is opened or fetched here. Thresholds
belong to a pack and never to the program, as another network's distances mean something else.

Every pack's score is made the same way: templates of length one, each the mean of the chip's and of
the mirrored chip's, compared by Euclidean distance.
"""

import datetime as dt
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import numpy as np

from countenance.core.canonical import Digest
from countenance.errors import NotFound, Refused, Unavailable, UsageError, VerificationError
from countenance.vision.types import Float32


class DetectorKind(StrEnum):
    """The detectors whose output we can decode."""

    CENTERFACE = "centerface"
    YUNET = "yunet"
    SCRFD = "scrfd"


class Preparation(StrEnum):
    """What has to be done to a file, once, before ONNX Runtime runs it."""

    AS_IS = "as-is"
    CENTERFACE = "centerface"
    CENTERFACE_INT8 = "centerface-int8"
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
    made from it. `origin` is a package, an https address, or nothing of a file of this machine's.
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

    `rough`, if there is one, is the same network made to take less time and tell less exactly.
    """

    kind: DetectorKind
    file: ModelFile
    colour: Colour
    threshold: float
    min_face: float
    rough: ModelFile | None = None


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

    If `measured` is false there are no points: nothing is known of how often strangers look alike
    to it, so nobody is recognised by it until that is measured (`write_rates`).

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
    def measured(self) -> bool:
        """Whether its false-match rates are known: without them nobody is recognised by it."""
        return bool(self.calibration.points)

    @property
    def files(self) -> tuple[ModelFile, ...]:
        """Detector, embedder, and if there is one the rough detector."""
        rough = (self.detector.rough,) if self.detector.rough else ()
        return (self.detector.file, self.embedder.file, *rough)


def list_packs(models_dir: Path | None = None) -> tuple[Pack, ...]:
    """Every declared pack, by id; with `models_dir` those of this machine too."""
    return tuple(_with_rates(_parse(file), models_dir) for file in _declarations(models_dir))


def load_pack(pack_id: str, models_dir: Path | None = None) -> Pack:
    """
    The pack of that id. With `models_dir`, the folder of models, packs of this machine count too,
    and false-match rates that were measured here. Raises `NotFound`, naming those that exist.
    """
    files = _declarations(models_dir)
    for file in files:
        if file.name == f"{pack_id}.toml":
            return _with_rates(_parse(file), models_dir)
    known = ", ".join(file.name.removesuffix(".toml") for file in files)
    raise NotFound(f"no such model pack: {pack_id}", hint=f"known packs: {known}")


def require_measured(pack: Pack) -> None:
    """Raises `Refused` of a pack of which it is not known how often strangers look alike to it."""
    if not pack.calibration.points:
        raise Refused(
            f"{pack.id}: its false-match rates were never measured, so no distance says who "
            "anybody is, and nobody is recognised by it",
            hint=f"measure them: COUNTENANCE_PACK={pack.id} countenance bench accuracy DATASET "
            "--keep-rates",
        )


def write_rates(pack: Pack, measured: Calibration, models_dir: Path) -> Path:
    """
    Keep false-match rates of a pack that were measured on this machine. Gives the file.

    They hold for these very files of it. Raises `Unavailable` if the folder cannot be written.
    """
    points = ", ".join(f"[{one.fmr!r}, {one.distance!r}]" for one in measured.points)
    files = ", ".join(f'"{file.prepared_sha256}"' for file in pack.files)
    text = (
        f"files = [{files}]\nmeasured_on = {json.dumps(measured.measured_on)}\n"
        f"date = {measured.date:%Y-%m-%d}\npoints = [{points}]\n"
    )
    path = models_dir / _RATES / f"{pack.id}.toml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be written: {exc.strerror}") from exc
    return path


def write_pack(pack_id: str, text: str, models_dir: Path) -> Pack:
    """
    Declare a pack of this machine's own. Raises `UsageError` if the id is one of a declared pack,
    and `Unavailable` if the folder cannot be written.
    """
    if any(file.name == f"{pack_id}.toml" for file in _declarations(None)):
        raise UsageError(f"{pack_id}: a pack of this id comes with the program: --id gives another")
    path = models_dir / _OWN / f"{pack_id}.toml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be written: {exc.strerror}") from exc
    return load_pack(pack_id, models_dir)


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


_OWN, _RATES = "packs", "rates"
"""Below the folder of models: packs of this machine, and rates that were measured on it."""


def _declarations(models_dir: Path | None) -> list[Traversable]:
    folders: list[Traversable] = [resources.files("countenance.vision") / "packs"]
    if models_dir is not None and (models_dir / _OWN).is_dir():
        folders.append(models_dir / _OWN)
    files = [file for one in folders for file in one.iterdir() if file.name.endswith(".toml")]
    return sorted(files, key=lambda file: file.name)


def _with_rates(pack: Pack, models_dir: Path | None) -> Pack:
    """The pack with what was measured here, where nothing comes with it and the files are these."""
    path = None if models_dir is None else models_dir / _RATES / f"{pack.id}.toml"
    if pack.calibration.measured or path is None or not path.is_file():
        return pack
    table = _Table(_toml(path), path.name)
    if list(table.value("files", list)) != [file.prepared_sha256 for file in pack.files]:
        return pack
    calibration = Calibration(
        measured=True,
        measured_on=table.text("measured_on"),
        date=table.value("date", dt.date),
        alike=pack.calibration.alike,
        points=tuple(CalibrationPoint(fmr, distance) for fmr, distance in table.pairs("points")),
    )
    return replace(pack, calibration=calibration)


def _toml(file: Traversable) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise VerificationError(f"{file}: damaged: {exc}") from exc


def _parse(file: Traversable) -> Pack:
    top = _Table(_toml(file), file.name)
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
    file = _model_file(table.table("file"))
    return DetectorRecord(
        kind=DetectorKind(table.text("kind")),
        file=file,
        colour=Colour(table.text("colour")),
        threshold=table.number("threshold"),
        min_face=table.number("min_face"),
        rough=_made_otherwise(file, table.table("rough")) if "rough" in table else None,
    )


def _made_otherwise(file: ModelFile, table: _Table) -> ModelFile:
    """The same published file, prepared in another way."""
    return replace(
        file,
        preparation=Preparation(table.text("preparation")),
        prepared_sha256=Digest(table.text("prepared_sha256")),
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
