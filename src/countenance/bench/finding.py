"""
What each way of finding more is worth: a face's mirror image, a closer look, heads that lean.

On photographs with truth, each made harder in known ways. The faces found in a photograph as it is
are what is to be found in it when it is made small, or turned.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.bench.datasets import read_dataset
from countenance.bench.pictures import PHOTO_PIXELS
from countenance.bench.truth import SAME_FACE, Box
from countenance.core.canonical import Json
from countenance.core.geometry import overlaps
from countenance.errors import UsageError
from countenance.extract.extractor import Extractor
from countenance.extract.recognise import expected_here
from countenance.gallery.bands import limits
from countenance.vision.types import Detections, Float32, Pixels

HEIGHTS = (24, 32, 40, 56, 80)
"""Of a face in pixels of a photo of 4032, which is looked at from its half size on."""

ANGLES = (0, 15, 30, 45, 60, 75, 90)
"""By which heads lean, in degrees."""

FMRS = (1e-2, 1e-3)

_VERSIONS = 12  # of each face
_LOWEST = 40  # pixels: a face that is to be compared
_SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True)
class Looked:
    """Faces found of those that are there, faces too many, and CPU milliseconds a photo."""

    found: int
    of: int
    alarms: int
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class SmallFaces:
    """At one height: in one look, in two closely, and as the product does it by what it sees."""

    height: int
    once: Looked
    always: Looked
    by_content: Looked


@dataclass(frozen=True, slots=True)
class Mirrored:
    """
    What a mirror image adds. Of pairs of two photographs, faces in 12 versions each: the share of
    one person's within the distance at which the share `fmr` of two people's is, by the chip `half`
    alone and with its mirror image, `whole`.

    `nearer_most` is by how much a whole template is nearer than the half at most, of pairs within
    the widest limit (`pairs`), and `lost` those that `mirror_slack` would lose. `passed` is the
    share of pairs of two people that pass, among 20 people, and among 100.
    """

    faces: int
    fmr: tuple[float, ...]
    half: tuple[float, ...]
    whole: tuple[float, ...]
    pairs: int
    nearer_most: float
    lost: int
    passed: tuple[float, float]


@dataclass(frozen=True, slots=True)
class FindingFigures:
    """All of it, with one pack."""

    pack: str
    mirrored: Mirrored
    small: tuple[SmallFaces, ...]
    leaning: tuple[tuple[int, int, int], ...]

    def as_json(self) -> dict[str, Json]:
        """The figures for a program."""
        return asdict(self)

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        one = self.mirrored
        yield f"pack {self.pack}; {one.faces} versions of faces"
        for fmr, half, whole in zip(one.fmr, one.half, one.whole, strict=True):
            yield f"  own pairs at FMR {fmr:g}: {half:.3f} by the chip, {whole:.3f} mirrored too"
        yield (
            f"  whole nearer than half by {one.nearer_most:.4f} at most, {one.pairs:,} pairs, "
            f"{one.lost} lost; of strangers' pairs pass {100 * one.passed[0]:.1f} % among 20 "
            f"people, {100 * one.passed[1]:.1f} % among 100"
        )
        yield "  height   one look        closer always   closer by content"
        for row in self.small:
            looks = (row.once, row.always, row.by_content)
            cells = "".join(f"{a.found:4}/{a.of:<3}{a.cpu_ms:5.0f} ms" for a in looks)
            yield f"  {row.height:6}{cells}"
        for angle, found, of in self.leaning:
            yield f"  leaning by {angle:2} degrees: {found} of {of}"


def bench_finding(folder: Path, see: Extractor) -> FindingFigures:
    """Measure the photographs in `folder`. Raises `UsageError` if there is no face in them."""
    files = sorted(one for one in folder.iterdir() if one.suffix in _SUFFIXES)
    pictures = [see.decoder(one.read_bytes()).pixels for one in files]
    found = [(pixels, see.vision.find(pixels)) for pixels in pictures]
    faced = [(pixels, faces) for pixels, faces in found if len(faces)]
    if not faced:
        raise UsageError(f"{folder}: no face is found in any picture")
    return FindingFigures(
        see.pack.id,
        _mirrored(see, faced, _people(folder, files, found)),
        tuple(_small(see, faced, height) for height in HEIGHTS),
        tuple((angle, *_leaning(see, faced, angle)) for angle in ANGLES),
    )


# --------------------------------------------------------------------------------------------------


def _people(
    folder: Path, files: Sequence[Path], found: Sequence[tuple[Pixels, Detections]]
) -> list[str]:
    """Whose each face is, in order; empty where the truth does not say."""
    known = read_dataset(folder).faces
    people: list[str] = []
    for file, (_, faces) in zip(files, found, strict=True):
        there = [one for one in known if one.path.name == file.name]
        for x1, y1, x2, y2 in faces.boxes:
            middle = (x1 + x2) / 2, (y1 + y2) / 2
            inside = [one.person for one in there if one.box is None or _holds(one.box, middle)]
            people.append(inside[0] if inside else "")
    return people


def _holds(box: Box, place: tuple[float, float]) -> bool:
    return box[0] <= place[0] <= box[2] and box[1] <= place[1] <= box[3]


def _mirrored(
    see: Extractor, faced: Sequence[tuple[Pixels, Detections]], people: Sequence[str]
) -> Mirrored:
    random = np.random.default_rng(0)
    chips: list[Pixels] = []
    whose: list[str] = []
    photo: list[int] = []
    names = iter(people)
    for number, (pixels, faces) in enumerate(faced):
        for box, points in zip(faces.boxes, faces.points, strict=True):
            name = next(names)
            if not name or box[3] - box[1] < _LOWEST:
                continue
            for version in range(_VERSIONS):
                seen, moved = _harder(pixels, box, points, random) if version else (pixels, points)
                chips.append(see.vision.chips(seen, moved[None]))
                whose.append(name)
                photo.append(number)
    together = np.concatenate(chips)
    halves, whole = _halves_and_whole(see, together)
    slack = see.pack.embedder.mirror_slack or 0.0
    apart, by_half = _distances(whole, whole), _distances(halves, whole)
    other = np.not_equal.outer(photo, photo)
    same = np.equal.outer(whose, whose) & other
    different = other & ~np.equal.outer(whose, whose)
    widest, wider = (limits(expected_here(see.pack), size=n).unsure for n in (20, 100))
    within = other & (apart <= widest)
    nearer = (by_half - apart)[within]
    halves_apart = _distances(halves, halves)
    return Mirrored(
        faces=len(together),
        fmr=FMRS,
        half=tuple(_share(halves_apart, same, different, one) for one in FMRS),
        whole=tuple(_share(apart, same, different, one) for one in FMRS),
        pairs=len(nearer),
        nearer_most=float(nearer.max(initial=0.0)),
        lost=int((by_half[within] > widest + slack).sum()),
        passed=(
            float((by_half[different] <= widest + slack).mean()),
            float((by_half[different] <= wider + slack).mean()),
        ),
    )


def _halves_and_whole(see: Extractor, chips: Pixels) -> tuple[Float32, Float32]:
    halves: list[Float32] = []

    def all_of_them(shown: Float32) -> NDArray[np.bool_]:
        halves.append(shown)
        return np.ones(len(shown), np.bool_)

    _, whole = see.vision.embed_those_near(chips, all_of_them)
    return halves[0], whole


def _share(
    apart: Float32, same: NDArray[np.bool_], different: NDArray[np.bool_], fmr: float
) -> float:
    return float((apart[same] <= np.quantile(apart[different], fmr)).mean())


def _distances(first: Float32, second: Float32) -> Float32:
    return np.asarray(np.sqrt(np.maximum(0, 2 - 2 * first @ second.T)), np.float32)


def _harder(
    pixels: Pixels, box: Float32, points: Float32, random: np.random.Generator
) -> tuple[Pixels, Float32]:
    """The surroundings of a face, smaller, in other light, with grain, and its moved points."""
    height = float(box[3] - box[1])
    low = np.maximum(box[:2] - height, 0).astype(int)
    high = np.minimum(box[2:] + height, pixels.shape[1::-1]).astype(int)
    moved = points + random.normal(0, 0.012 * height, points.shape)
    scale = float(random.uniform(max(_LOWEST / height, 0.25), 1.0))
    around = pixels[low[1] : high[1], low[0] : high[0]]
    cut = cv2.resize(around, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    light = 1 + random.uniform(-0.4, 0.4) * np.linspace(-1, 1, cut.shape[1])[None, :, None]
    lit = cut * light * random.uniform(0.6, 1.3)
    grainy = lit + random.normal(0, random.uniform(0, 12), cut.shape)
    _, data = cv2.imencode(
        ".jpg",
        np.clip(grainy, 0, 255).astype(np.uint8),
        [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(40, 95))],
    )
    seen = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return seen, ((moved - low) * scale).astype(np.float32)


def _small(see: Extractor, faced: Sequence[tuple[Pixels, Detections]], height: int) -> SmallFaces:
    finder = see.vision.finder
    ways = {"once": finder.long_side, "always": PHOTO_PIXELS[0] // 2, "by_content": None}
    counts = {way: [0, 0, 0] for way in ways}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for pixels, faces in faced:
        made = _made_small(pixels, faces, height)
        if made is None:
            continue
        scene, boxes = made
        for way, side in ways.items():
            begun = process_time()
            found = finder(scene, long_side=side)
            times[way].append((process_time() - begun) * 1000)
            hits = overlaps(found.boxes, boxes) > SAME_FACE
            counts[way][0] += int(hits.any(0).sum()) if len(found) else 0
            counts[way][1] += len(boxes)
            counts[way][2] += int((~hits.any(1)).sum()) if len(found) else 0
    looked = {
        way: Looked(found, there, alarms, statistics.mean(times[way]) if times[way] else 0.0)
        for way, (found, there, alarms) in counts.items()
    }
    return SmallFaces(height, looked["once"], looked["always"], looked["by_content"])


def _made_small(pixels: Pixels, faces: Detections, height: int) -> tuple[Pixels, Float32] | None:
    """
    A photo at half its size on which these faces are so high in the whole, and where they are; or
    nothing where they would have to be enlarged.
    """
    scale = height / 2 / float(np.median(faces.heights))
    if scale > 1:
        return None
    random = np.random.default_rng(1)
    wide, high = PHOTO_PIXELS[0] // 2, PHOTO_PIXELS[1] // 2
    patches = random.integers(60, 200, (9, 12, 3), dtype=np.uint8)
    scene = cv2.resize(patches, (wide, high), interpolation=cv2.INTER_CUBIC)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = small[:high, :wide]
    top, left = (high - small.shape[0]) // 2, (wide - small.shape[1]) // 2
    scene[top : top + small.shape[0], left : left + small.shape[1]] = small
    grainy = scene + random.normal(0, 3, scene.shape[:2])[..., None]
    shift = np.array([left, top, left, top], np.float32)
    return np.clip(grainy, 0, 255).astype(np.uint8), faces.boxes * np.float32(scale) + shift


def _leaning(
    see: Extractor, faced: Sequence[tuple[Pixels, Detections]], angle: int
) -> tuple[int, int]:
    """How many are found, of those that are there, in pictures turned by so many degrees."""
    found = there = 0
    for pixels, faces in faced:
        height, width = pixels.shape[:2]
        side = int(np.ceil(np.hypot(height, width)))
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        matrix[:, 2] += (side - width) / 2, (side - height) / 2
        turned = np.asarray(cv2.warpAffine(pixels, matrix, (side, side)), np.uint8)
        middles = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
        places = middles @ matrix[:, :2].T + matrix[:, 2]
        seen = see.vision.find(turned).boxes
        inside = (seen[:, None, :2] < places) & (places < seen[:, None, 2:])
        found += int(inside.all(2).any(0).sum()) if len(seen) else 0
        there += len(places)
    return found, there
