"""
Where each millisecond of a photo goes, and how far that is from the floor: the decoding of a JPEG's
entropy code and the networks' arithmetic, each by itself.

A photo of 12 megapixels with three faces is made, and one without any, which says which way is up,
as a camera's does. Each step is run by itself on one core, in turn with the others.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import thread_time

import numpy as np
import simplejpeg  # type: ignore[import-untyped]

from countenance.bench.pictures import make_photos, make_wall
from countenance.core.canonical import Json, digest
from countenance.demo.pictures import find_portraits
from countenance.errors import UsageError
from countenance.extract.extractor import Extractor
from countenance.library import Library
from countenance.media.metadata import read_metadata
from countenance.media.near import near_hash
from countenance.media.preview import encode_preview
from countenance.settings import Settings

_STEPS = ("read", "decode", "find", "cut", "embed", "words", "preview")
_FLOOR = ("entropy", "detector", "embedder")
_EIGHTH = 8


@dataclass(frozen=True, slots=True)
class PhotoCosts:
    """
    CPU milliseconds of one photo: by step, and the floor of it. `embed` is of faces that may be
    somebody's, mirrored; `half` of them all as they are, which is enough for nobody's.

    `entropy` is decoding at an eighth, in grey: hardly more than the entropy code is left of it.
    `detector` is the network alone, at both sizes it looks at; `embedder` the network alone, for
    the faces as they are.
    """

    faces: int
    steps: Mapping[str, float]
    floor: Mapping[str, float]
    half: float

    @property
    def total(self) -> float:
        return sum(self.steps.values())

    @property
    def of_strangers(self) -> float:
        """The total where nobody is near: no face is mirrored."""
        return self.total - self.steps["embed"] + self.half

    @property
    def over_floor(self) -> float:
        return self.of_strangers / sum(self.floor.values())


@dataclass(frozen=True, slots=True)
class FloorFigures:
    """Both photos, with a pack, at a size."""

    pack: str
    long_side: int
    with_faces: PhotoCosts
    without: PhotoCosts

    def as_json(self) -> dict[str, Json]:
        """The figures for a program."""
        return asdict(self) | {
            "with_faces_over_floor": self.with_faces.over_floor,
            "without_over_floor": self.without.over_floor,
            "without_a_second": 1000 / self.without.total,
        }

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        both = self.with_faces, self.without
        yield f"pack {self.pack}, faces looked for at {self.long_side} pixels; CPU ms a photo"
        yield f"{'':24}{both[0].faces:>6} faces{both[1].faces:>6} faces"
        for name in _STEPS:
            yield f"  {name:22}" + "".join(f"{one.steps[name]:12.1f}" for one in both)
        yield f"  {'together':22}" + "".join(f"{one.total:12.1f}" for one in both)
        yield f"  {'if all are strangers':22}" + "".join(
            f"{one.of_strangers:12.1f}" for one in both
        )
        for name in _FLOOR:
            yield f"  floor: {name:15}" + "".join(f"{one.floor[name]:12.1f}" for one in both)
        yield f"  {'strangers over floor':22}" + "".join(f"{one.over_floor:12.2f}" for one in both)
        yield f"  without faces: {1000 / self.without.total:.1f} photos a second of one core"


def bench_floor(settings: Settings, *, runs: int = 9) -> FloorFigures:
    """
    Measure both photos, each step `runs` times.

    Raises `UsageError` if `runs` is below 1, `NoModel` if the pack is not on this machine, and
    `Unavailable` if the portraits are not installed.
    """
    if runs < 1:
        raise UsageError("bench: runs must be 1 or more")
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as below:
        root = Path(below)
        (shown,) = make_photos(root / "photos", find_portraits(), count=1)
        wall = make_wall(root / "wall.jpg")
        with Library.init(root / "library", settings.with_keys(root / "keys")) as library:
            see = library.extractor
            return FloorFigures(
                settings.pack,
                settings.long_side,
                _measured(see, shown.path, settings.long_side, runs),
                _measured(see, wall, settings.long_side, runs),
            )


# --------------------------------------------------------------------------------------------------


def _measured(see: Extractor, path: Path, long_side: int, runs: int) -> PhotoCosts:
    data = path.read_bytes()
    picture = see.decoder(data, half=True)
    faces = see.faces(picture)
    cut = see.cut(picture, faces)
    detector, embedder = see.vision.bare_networks()
    width, height = picture.pixels.shape[1::-1]
    scale = long_side / max(width, height)
    looks = [
        np.zeros((1, _padded(height * scale * part), _padded(width * scale * part), 3), np.uint8)
        for part in (1, 1 / 4)
    ]
    chips = cut.chips.transpose(0, 3, 1, 2).astype(np.float32)
    questions: dict[str, Callable[[], object]] = {
        "read": lambda: digest(path.read_bytes()),
        "decode": lambda: see.decoder(data, half=True),
        "find": lambda: see.faces(picture),
        "cut": lambda: see.cut(picture, faces),
        "embed": lambda: see.embed([cut]),
        "words": lambda: (read_metadata(data), near_hash(picture.pixels)),
        "preview": lambda: encode_preview(picture.pixels),
        "entropy": lambda: simplejpeg.decode_jpeg(
            data,
            colorspace="GRAY",
            min_height=picture.height // _EIGHTH,
            min_width=picture.width // _EIGHTH,
        ),
        "detector": lambda: [detector.run(look) for look in looks],
        "embedder": lambda: embedder.run(chips) if len(chips) else None,
        "half": lambda: see.vision.embed_those_near(
            cut.chips, lambda halves: np.zeros(len(halves), np.bool_)
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in questions}
    for run in range(runs + 1):
        for name, ask in questions.items():
            begun = thread_time()
            ask()
            if run:  # the first is not counted
                times[name].append((thread_time() - begun) * 1000)
    spent = {name: statistics.median(of) for name, of in times.items()}
    return PhotoCosts(
        faces=len(faces),
        steps={name: spent[name] for name in _STEPS},
        floor={name: spent[name] for name in _FLOOR},
        half=spent["half"],
    )


def _padded(side: float) -> int:
    """As a detector takes it: a multiple of 32."""
    return -(-round(side) // 32) * 32
