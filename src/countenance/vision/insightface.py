"""
InsightFace's packs, by path: what a folder as they ship it holds, and the pack that it makes.

Nothing of theirs comes with this program, and nothing is fetched: their models are for
non-commercial research. Whoever has a folder of them may load it, once they have read and accepted
that. Of the folder a detector with five points (SCRFD) and a recogniser of chips of 112 pixels
(ArcFace) are taken, known by their inputs and outputs; what estimates age, sex or more landmarks
is not opened.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import onnx

from countenance.core.canonical import digest
from countenance.errors import NotFound, Unavailable, UsageError, VerificationError

LICENCE = "InsightFace model licence: non-commercial research only"

LICENCE_IN_WORDS = """\
These are models of InsightFace. Its authors make them available for non-commercial research
purposes only. The code that runs them is free; the models are not. An event that is paid for, a
business, a public body at work and a club's web site are likely no research: then a licence has to
be had from InsightFace, or another pack be taken, such as yunet-sface or yunet-auraface.
This program ships none of them and cannot give you the right to use them."""

TEMPLATE = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where ArcFace's chips have the landmarks, in pixels of 112: left of the viewer first."""

_CHIP = 112
_DETECTOR_OUTPUTS = 9
_MOST_BYTES = 1 << 30  # of one file: none of theirs is near it
_ALIKE = 4.0  # as of the declared packs


@dataclass(frozen=True, slots=True)
class ModelBytes:
    """A file of the folder: its name and all of its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds for us. `dimensions` is the length of the recogniser's templates."""

    name: str
    detector: ModelBytes
    embedder: ModelBytes
    dimensions: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted the licence, and when (UTC)."""

    by: str
    at: datetime


def read_folder(folder: Path) -> Folder:
    """
    The detector and the recogniser in `folder`.

    Raises `NotFound` if there is no such folder, `UsageError` if it holds not exactly one of each,
    and `Unavailable` if it cannot be read. A file that is no ONNX network is passed over.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder}: no such folder")
    detectors, embedders, dimensions = [], [], 0
    for path in sorted(folder.glob("*.onnx")):
        kind, length = _kind(path)
        if kind == "detector":
            detectors.append(path)
        elif kind == "embedder":
            embedders.append(path)
            dimensions = length
    return Folder(
        folder.resolve().name.lower(),
        _read(_only(folder, detectors, "a detector with five points (SCRFD)")),
        _read(_only(folder, embedders, f"a recogniser of {_CHIP} x {_CHIP} pixels (ArcFace)")),
        dimensions,
    )


def declaration(pack_id: str, found: Folder, accepted: Acceptance) -> str:
    """The pack of what was `found`, in the words that a pack is declared in (`vision.pack`)."""
    if not pack_id or set(pack_id) - set("abcdefghijklmnopqrstuvwxyz0123456789-_."):
        raise UsageError(f"{pack_id!r}: an id is small letters, digits, - and _")
    lines = [
        f"id = {_text(pack_id)}",
        "version = 1",
        f"title = {_text(f'InsightFace, by path: {found.detector.name}, {found.embedder.name}')}",
        'commercial_use = "no"',
        f"notes = {_text('Of this machine. ' + LICENCE_IN_WORDS)}",
        "",
        "[accepted]",
        f"by = {_text(accepted.by)}",
        f"at = {_text(accepted.at.strftime('%Y-%m-%dT%H:%M:%SZ'))}",
        "",
        "[detector]",
        'kind = "scrfd"',
        'colour = "RGB"',
        "threshold = 0.5",
        "min_face = 10",
        "",
        *_file("detector", found.detector),
        "",
        "[embedder]",
        f"size = {_CHIP}",
        f"dimensions = {found.dimensions}",
        "",
        "[embedder.input]",
        'colour = "RGB"',
        "mean = 127.5",
        f"scale = {1 / 127.5!r}",
        "",
        *_file("embedder", found.embedder),
        "",
        "[alignment]",
        f"points = {json.dumps([list(point) for point in TEMPLATE])}",
        "",
        "[calibration]",
        "measured = false",
        'measured_on = "nothing: no false-match rate of these files was measured"',
        f"date = {accepted.at:%Y-%m-%d}",
        f"alike = {_ALIKE}",
        "points = []",
        "",
        "[faces]",
        "enrol_px = 80",
        "match_px = 40",
        "small_penalty = 2.0",
        "",
    ]
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------


def _kind(path: Path) -> tuple[str, int]:
    """What a network is, by its inputs and outputs alone; nothing of it is run."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return "", 0
        graph = onnx.load(str(path), load_external_data=False).graph
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be read: {exc.strerror}") from exc
    except Exception:  # noqa: BLE001  protobuf's errors have no common root of their own
        return "", 0
    weights = {one.name for one in graph.initializer}
    inputs = [_sides(one) for one in graph.input if one.name not in weights]
    outputs = [_sides(one) for one in graph.output]
    if len(inputs) != 1 or len(inputs[0]) != 4 or inputs[0][1] != 3:  # noqa: PLR2004  n, 3, h, w
        return "", 0
    if len(outputs) == _DETECTOR_OUTPUTS:
        return "detector", 0
    if len(outputs) == 1 and inputs[0][2:] == [_CHIP, _CHIP] and outputs[0][-1:] > [0]:
        return "embedder", outputs[0][-1]
    return "", 0


def _sides(value: "onnx.ValueInfoProto") -> list[int]:
    """The sides of a tensor; 0 for one that is not fixed."""
    return [one.dim_value for one in value.type.tensor_type.shape.dim]


def _only(folder: Path, found: Sequence[Path], what: str) -> Path:
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in found)
    said = f"holds {len(found)} ({names})" if found else "holds none"
    raise UsageError(f"{folder}: {what} is wanted, and it {said}")


def _read(path: Path) -> ModelBytes:
    try:
        return ModelBytes(path.name, path.read_bytes())
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be read: {exc.strerror}") from exc


def _file(role: str, file: ModelBytes) -> list[str]:
    known = digest(file.data)
    if not file.data:
        raise VerificationError(f"{file.name}: empty")
    return [
        f"[{role}.file]",
        f"name = {_text(file.name)}",
        f'sha256 = "{known}"',
        f"bytes = {len(file.data)}",
        f"licence = {_text(LICENCE)}",
        'training_data = "not stated with the file; see the model zoo of InsightFace"',
        'preparation = "as-is"',
        f'prepared_sha256 = "{known}"',
        'url = ""',
    ]


def _text(words: str) -> str:
    """As TOML writes a string: what JSON escapes TOML does too."""
    return json.dumps(words)
