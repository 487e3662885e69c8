"""
Open-set identification of a dataset: who is enrolled, who is searched for, and who is a stranger.

Beside the field's protocol it counts what the product itself would say, and what other ways to
decide would change.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.bench.datasets import Dataset
from countenance.bench.embedding import Embedded
from countenance.bench.protocols import Identification, identify
from countenance.core.ids import PersonId
from countenance.core.rates import Rate
from countenance.extract.extractor import Templates
from countenance.extract.recognise import recognise
from countenance.gallery.bands import FALSE_NAMES, Band
from countenance.gallery.gallery import Gallery, GalleryEntry
from countenance.vision.pack import Pack

Float64 = NDArray[np.float64]
Float32 = NDArray[np.float32]

FPIRS = (0.003, 0.01)

MOST_REFERENCES = 3
"""Pictures that somebody is enrolled from, where the layout does not say: as many as we ask for."""

MARGINS = (0.0, 0.02, 0.05, 0.1)
"""Distances by which the second-best person is asked to be farther."""

STRANGERS = 1 / 3
"""Of the people, at least so many are never enrolled, where the layout does not say who."""


@dataclass(frozen=True, slots=True)
class BandFigures:
    """
    A band as the product gives it: `named` strangers, against the `promise`; and of enrolled people
    who were `found`, and taken for somebody else, `mistaken`. Each band holds the better ones too.
    """

    band: Band
    promise: float
    named: Rate
    found: Rate
    mistaken: Rate


@dataclass(frozen=True, slots=True)
class Combination:
    """
    One way to make several references count, at the pack's distance for `rate`: of searches to
    their own reference `own` lie within it, of those to anybody else's `others`.
    """

    way: str
    rate: float
    own: Rate
    others: Rate


@dataclass(frozen=True, slots=True)
class Margin:
    """
    What it would do to ask that the second-best person be farther by `least`, at the pack's
    distance for `rate`: of searches for enrolled people `own` still name them, and with their own
    reference taken away, or for strangers, `absent` still name somebody.
    """

    rate: float
    least: float
    own: Rate
    absent: Rate


@dataclass(frozen=True, slots=True)
class Identified:
    """Open-set identification in a gallery of `people`; strangers are in no gallery."""

    people: int
    searches: int
    strangers: int
    points: tuple[Identification, ...]
    bands: tuple[BandFigures, ...]
    combinations: tuple[Combination, ...]
    margins: tuple[Margin, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Who is enrolled from which rows, and which rows are searched for, `mates` and `strangers`."""

    references: Mapping[str, tuple[int, ...]]
    mates: tuple[int, ...]
    strangers: tuple[int, ...]


def split(dataset: Dataset) -> Split:
    """
    Divide the faces of a dataset into references, searches for enrolled people, and strangers.

    Where the layout says who is enrolled from what, so it is. Else strangers are who has a single
    picture; and where those are fewer than `STRANGERS` of the people, others by name, every second
    one, until they are. Whoever is left is enrolled from the first pictures, at most
    `MOST_REFERENCES`, and searched for with the others.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for row, face in enumerate(dataset.faces):
        rows[face.person].append(row)
    if dataset.enrols:
        given = {
            person: tuple(row for row in own if dataset.faces[row].reference)
            for person, own in rows.items()
        }
        references = {person: own for person, own in given.items() if own}
    else:
        never = _never_enrolled(rows)
        references = {
            person: tuple(own[: min(MOST_REFERENCES, len(own) - 1)])
            for person, own in rows.items()
            if person not in never
        }
    used = {row for own in references.values() for row in own}
    searches = [row for own in rows.values() for row in own if row not in used]
    return Split(
        references,
        tuple(row for row in searches if dataset.faces[row].person in references),
        tuple(row for row in searches if dataset.faces[row].person not in references),
    )


def identified(dataset: Dataset, made: Embedded, pack: Pack) -> Identified | None:
    """What `dataset` says of identification; nothing if nobody of it can be enrolled."""
    parts = split(dataset)
    own = {
        person: [row for row in rows if made.found[row]]
        for person, rows in parts.references.items()
    }
    enrolled = {person: rows for person, rows in own.items() if rows}
    if not enrolled:
        return None
    gallery = _gallery(enrolled, made, pack)
    mates = np.array(parts.mates, np.intp)
    strangers = np.array(parts.strangers, np.intp)
    whose = [dataset.faces[row].person for row in parts.mates]
    by_mean = _to_people(made, np.concatenate([mates, strangers]), gallery.matrix)
    mate_rows = by_mean[: len(mates)]
    return Identified(
        people=len(gallery),
        searches=len(mates),
        strangers=len(strangers),
        points=tuple(
            identify(_to_own(mate_rows, whose, gallery), _nearest(by_mean[len(mates) :]), fpir=fpir)
            for fpir in FPIRS
        ),
        bands=_bands(dataset, made, parts, gallery, pack) if pack.measured else (),
        combinations=tuple(_combinations(enrolled, made, mates, whose, pack)),
        margins=tuple(_margins(by_mean, whose, gallery, pack)),
    )


def distances(a: Float32, b: Float32) -> Float64:
    """Between every row of `a` and of `b`, unit vectors, in float32's precision."""
    squares = 2 - 2 * (a @ b.T).astype(np.float64)
    return np.asarray(np.sqrt(np.clip(squares, 0, 4)), np.float64)


# --------------------------------------------------------------------------------------------------


def _never_enrolled(rows: Mapping[str, Sequence[int]]) -> frozenset[str]:
    alone = [person for person, own in rows.items() if len(own) == 1]
    more = max(0, round(len(rows) * STRANGERS) - len(alone))
    others = sorted(person for person, own in rows.items() if len(own) > 1)
    return frozenset([*alone, *others[::2][:more]])


def _gallery(enrolled: Mapping[str, Sequence[int]], made: Embedded, pack: Pack) -> Gallery:
    """As an enrolment makes it: weak is whoever has not one picture with a face high enough."""
    entries = [
        GalleryEntry(
            PersonId(person),
            made.vectors[rows],
            weak=bool(np.all(made.heights[rows] < pack.faces.enrol_px)),
        )
        for person, rows in enrolled.items()
    ]
    return Gallery.of(entries, dims=pack.embedder.dimensions)


def _to_people(made: Embedded, rows: NDArray[np.intp], people: Float32) -> Float64:
    """The distance of each row to each of `people`, `(r, p)`; `inf` if the face was not found."""
    apart = distances(made.vectors[rows], people)
    return np.where(made.found[rows][:, None], apart, np.inf)


def _to_own(apart: Float64, whose: Sequence[str], gallery: Gallery) -> Float64:
    """The distance to one's own reference, `inf` where another's is nearer or there is none."""
    columns = {str(person): column for column, person in enumerate(gallery.persons)}
    own = np.full(len(whose), np.inf)
    for row, person in enumerate(whose):
        column = columns.get(person)
        if column is not None and apart[row, column] <= apart[row].min():
            own[row] = apart[row, column]
    return own


def _nearest(apart: Float64) -> Float64:
    return np.asarray(apart.min(axis=1), np.float64) if len(apart) else np.zeros(0)


def _bands(
    dataset: Dataset, made: Embedded, parts: Split, gallery: Gallery, pack: Pack
) -> tuple[BandFigures, ...]:
    mates = [(_named(made, row, gallery, pack), dataset.faces[row].person) for row in parts.mates]
    strangers = [_named(made, row, gallery, pack) for row in parts.strangers]
    figures = []
    for count, band in enumerate(Band, 1):
        among = frozenset(list(Band)[:count])
        told = [(match[0], person) for match, person in mates if match and match[1] in among]
        right = sum(name == person for name, person in told)
        figures.append(
            BandFigures(
                band,
                FALSE_NAMES[band],
                Rate(
                    sum(match is not None and match[1] in among for match in strangers),
                    len(strangers),
                ),
                Rate(right, len(mates)),
                Rate(len(told) - right, len(mates)),
            )
        )
    return tuple(figures)


def _named(made: Embedded, row: int, gallery: Gallery, pack: Pack) -> tuple[str, Band] | None:
    """Whom the product would name in this face, if anybody: it compares no lower ones."""
    if made.heights[row] < pack.faces.match_px:
        return None
    one = Templates(
        made.vectors[row : row + 1],
        np.zeros(1, np.intp),
        made.heights[row : row + 1] < pack.faces.enrol_px,
    )
    match = recognise(one, gallery, pack).get(0)
    return (str(match.person), match.band) if match else None


# --- several references a person ------------------------------------------------------------------


def _combinations(
    enrolled: Mapping[str, Sequence[int]],
    made: Embedded,
    mates: NDArray[np.intp],
    whose: Sequence[str],
    pack: Pack,
) -> Iterator[Combination]:
    """Each way, over the same searches. With a single reference each all ways are one."""
    if all(len(rows) == 1 for rows in enrolled.values()) or not len(mates):
        return
    own = np.array([[person == one for person in enrolled] for one in whose], np.bool_)
    for way, apart in _ways(enrolled, made, mates):
        for point in pack.calibration.points:
            near = apart <= point.distance
            yield Combination(
                way,
                point.fmr,
                Rate(int((near & own).sum()), int(own.sum())),
                Rate(int((near & ~own).sum()), int((~own).sum())),
            )


def _ways(
    enrolled: Mapping[str, Sequence[int]], made: Embedded, rows: NDArray[np.intp]
) -> Iterator[tuple[str, Float64]]:
    alike = {person: np.ones(len(own)) for person, own in enrolled.items()}
    high = {person: np.minimum(made.heights[own], 112.0) for person, own in enrolled.items()}
    for way, weights in (("mean", alike), ("mean by height", high)):
        means = [_mean(made.vectors[own], weights[person]) for person, own in enrolled.items()]
        yield way, _to_people(made, rows, np.array(means, np.float32))
    nearest = [_to_people(made, rows, made.vectors[own]).min(axis=1) for own in enrolled.values()]
    yield "nearest of them", np.stack(nearest, axis=1)


def _mean(vectors: Float32, weights: NDArray[np.floating]) -> Float32:
    mean = (vectors * weights[:, None]).sum(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


# --- a margin to the second-best person -----------------------------------------------------------


def _margins(
    apart: Float64, whose: Sequence[str], gallery: Gallery, pack: Pack
) -> Iterator[Margin]:
    """`apart` `(r, p)`: first the searches for the people `whose`, then those for strangers."""
    if len(gallery) < 3 or not len(apart):  # noqa: PLR2004  without one's own there are two yet
        return
    mates = np.array(
        [[one == str(person) for person in gallery.persons] for one in whose], np.bool_
    )
    own = np.zeros(apart.shape, np.bool_)
    own[: len(whose)] = mates.reshape(-1, len(gallery))
    first, second = _two_nearest(apart)
    right = apart[: len(whose)].argmin(axis=1) == own[: len(whose)].argmax(axis=1)
    without, after = _two_nearest(np.where(own, np.inf, apart))
    for point in pack.calibration.points[:2]:
        for least in MARGINS:
            named = (first <= point.distance) & (second >= first + least)
            wrong = (without <= point.distance) & (after >= without + least)
            yield Margin(
                point.fmr,
                least,
                Rate(int((named[: len(whose)] & right).sum()), len(whose)),
                Rate(int(wrong.sum()), len(apart)),
            )


def _two_nearest(apart: Float64) -> tuple[Float64, Float64]:
    nearest = np.partition(apart, 1, axis=1)
    return nearest[:, 0], nearest[:, 1]
