"""
A dataset measured by the field's protocols: verification, identification, detection.

    countenance bench accuracy DATASET

What is counted is in `protocols`; here it is decided what is compared with what. Everything is said
of the pack's own chain: its detector, alignment, embedder and bands.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from countenance.bench.datasets import Dataset
from countenance.bench.embedding import Embedded, embed
from countenance.bench.identification import Identified, distances, identified
from countenance.bench.protocols import (
    FoldAccuracy,
    Recall,
    Spread,
    Verification,
    accuracy_by_folds,
    recall_by_height,
    verify,
)
from countenance.core.rates import Rate
from countenance.extract.extractor import Extractor
from countenance.ingest.progress import Progress, silent
from countenance.library import Library
from countenance.settings import Settings

Float64 = NDArray[np.float64]
Float32 = NDArray[np.float32]

FMRS = (1e-3, 1e-4)

_BLOCK = 1024
"""Faces compared at once with as many others: 4 MB of products."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One protocol of verification: every pair of it, by distance, and what that comes to."""

    protocol: str
    same: Spread
    different: Spread
    points: tuple[Verification, ...]
    folds: FoldAccuracy | None = None


@dataclass(frozen=True, slots=True)
class Detected:
    """Recall of the detector by face height, and boxes a photo where no face is known to be."""

    photos: int
    recall: tuple[Recall, ...]
    alarms: int


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Everything measured of one dataset. What its layout cannot tell is missing."""

    layout: str
    pack: str
    people: int
    faces: Rate
    unread: int
    compared: tuple[Compared, ...]
    identified: Identified | None
    detected: Detected | None


def evaluate(
    dataset: Dataset, see: Extractor, *, workers: int = 1, progress: Progress = silent
) -> Evaluation:
    """Embed `dataset` and measure all that it can tell."""
    made = embed(dataset, see, workers=workers, progress=progress)
    people = np.array([face.person for face in dataset.faces], np.str_)
    return Evaluation(
        layout=dataset.layout,
        pack=see.pack.id,
        people=len(set(people.tolist())),
        faces=Rate(int(made.found.sum()), len(dataset.faces)),
        unread=len(made.unread),
        compared=tuple(_compared(dataset, made, people)) if dataset.faces else (),
        identified=identified(dataset, made, see.pack) if dataset.faces else None,
        detected=_detected(made) if dataset.photos else None,
    )


def measure_dataset(
    dataset: Dataset, settings: Settings, *, progress: Progress = silent
) -> Evaluation:
    """
    Evaluate with the pack of `settings`, in a library that stays empty and is removed after.

    Raises `NoModel` if the pack is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="countenance-accuracy-") as scratch:
        root = Path(scratch)
        own = settings.with_keys(root / "keys")
        with Library.init(root / "library", own) as library:
            see = library.extractor_to_measure()
            return evaluate(dataset, see, workers=settings.workers, progress=progress)


def all_pairs(
    vectors: Float32, found: NDArray[np.bool_], people: NDArray[np.str_]
) -> tuple[Spread, Spread]:
    """
    Every pair of two rows, of one person and of different people.

    `vectors` `(n, d)` are unit rows where `found` `(n,)`; a pair with a face that was not found is
    infinitely far apart. `people` `(n,)` says whose each is.
    """
    near, whose = vectors[found], people[found]
    same, different = Spread.none(), Spread.none()
    for first in range(0, len(near), _BLOCK):
        for second in range(first, len(near), _BLOCK):
            apart = distances(near[first : first + _BLOCK], near[second : second + _BLOCK])
            alike = whose[first : first + _BLOCK, None] == whose[None, second : second + _BLOCK]
            once = np.triu(np.ones_like(alike), 1) if first == second else np.ones_like(alike)
            same += Spread.of(apart[alike & once])
            different += Spread.of(apart[~alike & once])
    own = _own_pairs(people)
    of_all = len(people) * (len(people) - 1) // 2
    return (
        Spread(same.counts, own - same.total),
        Spread(different.counts, of_all - own - different.total),
    )


# --------------------------------------------------------------------------------------------------


def _compared(dataset: Dataset, made: Embedded, people: NDArray[np.str_]) -> Iterator[Compared]:
    every = all_pairs(made.vectors, made.found, people)
    for protocol in dict.fromkeys(pair.protocol for pair in dataset.pairs):
        yield _by_pairs(dataset, made, protocol)
    yield Compared("all pairs", *every, _points(*every))


def _by_pairs(dataset: Dataset, made: Embedded, protocol: str) -> Compared:
    pairs = [pair for pair in dataset.pairs if pair.protocol == protocol]
    first = np.array([pair.first for pair in pairs], np.intp)
    second = np.array([pair.second for pair in pairs], np.intp)
    same = np.array([pair.same for pair in pairs], np.bool_)
    apart = np.linalg.norm(made.vectors[first].astype(np.float64) - made.vectors[second], axis=1)
    apart = np.where(made.found[first] & made.found[second], np.minimum(apart, 2.0), np.inf)
    spreads = Spread.of(apart[same]), Spread.of(apart[~same])
    folds = accuracy_by_folds(apart, same, np.array([pair.fold for pair in pairs], np.intp))
    return Compared(protocol, *spreads, _points(*spreads), folds)


def _points(same: Spread, different: Spread) -> tuple[Verification, ...]:
    return tuple(verify(same, different, fmr=fmr) for fmr in FMRS)


def _own_pairs(people: NDArray[np.str_]) -> int:
    _, counts = np.unique(people, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def _detected(made: Embedded) -> Detected:
    return Detected(made.photos, recall_by_height(made.to_find, made.seen), made.alarms)
