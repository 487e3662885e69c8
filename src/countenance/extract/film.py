"""
What is seen in a film: the tracks of its faces, and templates of them where somebody is looked for.

Of each track the few best frames are kept while it lasts, and when it is over one template is made
of them. So memory holds the faces of one scene, however long the film is. It knows nobody, and
keeps nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from countenance.catalog.photos import Face, Track, View, new_face
from countenance.extract.extractor import (
    Extractor,
    Templates,
    rounded_box,
    rounded_points,
)
from countenance.extract.tracks import Tracker
from countenance.media.film import Ended, FilmHeader, Frame, Pixels
from countenance.vision.quality import merits
from countenance.vision.types import Float32

VIEWS = 5
"""The frames of a track that its template is made of, at most: the best ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """
    A film that was looked through.

    `width` and `height` are of the frames as they are looked at, in pixels, and so are the places
    of `faces`, one for each track. `templates` is nothing where nobody was to be recognised.
    `poster` is the frame that shows most of people, `(h, w, 3)` uint8, RGB.
    """

    width: int
    height: int
    seconds: float
    faces: tuple[Face, ...]
    templates: Templates | None
    poster: Pixels
    ended: Ended


@dataclass(slots=True)
class Watch:
    """
    A film that is being looked through, frame by frame.

    With `compares` templates are made, in memory. `header` is the film's own.
    """

    see: Extractor
    header: FilmHeader
    compares: bool
    _tracker: Tracker = field(default_factory=Tracker, init=False)
    _live: dict[int, "_Seen"] = field(default_factory=dict, init=False)
    _faces: list[Face] = field(default_factory=list, init=False)
    _vectors: dict[int, Float32] = field(default_factory=dict, init=False)
    _poster: Frame | None = field(default=None, init=False)
    _most: float = field(default=0.0, init=False)

    def look(self, frame: Frame) -> None:
        """Look at the next frame."""
        found = self.see.vision.find_in_frame(frame.pixels)
        joined = self._tracker.follow(frame.at, frame.pixels, found.boxes)
        self._finish(joined.over)
        shown = float(found.heights.sum())
        if self._poster is None or shown > self._most:
            self._poster, self._most = frame, shown
        worth = merits(frame.pixels, found)
        for row, number in enumerate(joined.tracks):
            seen = self._live.setdefault(number, _Seen(frame.at, frame.at))
            seen.end = frame.at
            box, points = found.boxes[row], found.points[row]
            if seen.wants(float(worth[row])):
                cut = _Cut.of(frame.pixels, box, points) if self.compares else None
                seen.keep(_View(float(worth[row]), frame.at, box, points, cut))

    def done(self, ended: Ended) -> Watched:
        """What was seen. There must have been a frame."""
        assert self._poster is not None  # noqa: S101  a film without a frame is no film
        self._finish(self._tracker.end())
        pixels = self._poster.pixels
        height, width = pixels.shape[:2]
        return Watched(
            width=width,
            height=height,
            seconds=round(self.header.seconds or ended.at, 3),
            faces=tuple(self._faces),
            templates=self._templates() if self.compares else None,
            poster=pixels,
            ended=ended,
        )

    # ----------------------------------------------------------------------------------------

    def _finish(self, over: Iterable[int]) -> None:
        """Make faces of tracks that are over, and their templates."""
        for number in over:
            seen = self._live.pop(number)
            face = seen.face()
            if self.compares and self.see.compared([face]):
                self._vectors[len(self._faces)] = _template(
                    self.see, [one.cut for one in seen.views if one.cut]
                )
            self._faces.append(face)

    def _templates(self) -> Templates:
        return _together(self.see, self._faces, self._vectors)


def moments(faces: Sequence[Face]) -> tuple[float, ...]:
    """The instants of a film at which `faces` are seen best, in their order."""
    every = {view.at for face in faces if face.track for view in face.track.views}
    return tuple(sorted(every))


def templates_again(see: Extractor, frames: Iterable[Frame], faces: Sequence[Face]) -> Templates:
    """
    The templates of `faces` of a film, made again from the `frames` of its `moments`.

    Of a face whose frames are not among them there is none.
    """
    wanted = see.compared(faces)
    made: dict[int, list[Float32]] = {}
    for frame in frames:
        for row in wanted:
            for view in _views_at(faces[row], frame.at):
                points = np.array(view.points, np.float32)
                cut = _Cut.of(frame.pixels, _box_around(points, faces[row]), points)
                made.setdefault(row, []).append(_vectors(see, [cut])[0])
    vectors = {row: _combined(np.array(each), see) for row, each in sorted(made.items())}
    return _together(see, faces, vectors)


# --------------------------------------------------------------------------------------------

_MARGIN = 0.75  # of a face's longer side, on each side of it, that a template may need
_HIGH_ENOUGH = 255.0  # pixels of a face's height: what is more is shrunk before a template is made
_SAME_FRAME = 2e-3  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A face cut out of a frame, with room around it. `points` `(5, 2)` are in its own pixels."""

    pixels: Pixels
    points: Float32

    @classmethod
    def of(cls, pixels: Pixels, box: Float32, points: Float32) -> "_Cut":
        height, width = pixels.shape[:2]
        room = _MARGIN * float(max(box[2] - box[0], box[3] - box[1]))
        x1, y1 = np.clip(np.floor(box[:2] - room).astype(int), 0, (width - 1, height - 1))
        x2, y2 = np.clip(np.ceil(box[2:] + room).astype(int), (x1 + 1, y1 + 1), (width, height))
        region = pixels[y1:y2, x1:x2]
        own = (points - np.array([x1, y1], np.float32)).astype(np.float32)
        scale = min(1.0, _HIGH_ENOUGH / max(float(box[3] - box[1]), 1.0))
        if scale == 1:
            return cls(region.copy(), own)
        size = (max(1, round(region.shape[1] * scale)), max(1, round(region.shape[0] * scale)))
        shrunk = cv2.resize(region, size, interpolation=cv2.INTER_AREA)
        return cls(np.asarray(shrunk, np.uint8), own * np.float32(scale))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A track's face in one frame, cut out of it where a template may be wanted."""

    worth: float
    at: float
    box: Float32
    points: Float32
    cut: _Cut | None


@dataclass(slots=True)
class _Seen:
    """A track that goes on: from when to when, and its best views, the best first."""

    begin: float
    end: float
    views: list[_View] = field(default_factory=list)

    def wants(self, worth: float) -> bool:
        return len(self.views) < VIEWS or worth > self.views[-1].worth

    def keep(self, view: _View) -> None:
        self.views = sorted([*self.views, view], key=lambda one: -one.worth)[:VIEWS]

    def face(self) -> Face:
        best = self.views[0]
        views = tuple(View(one.at, rounded_points(one.points)) for one in self.views)
        track = Track(self.begin, self.end, views)
        return new_face(rounded_box(best.box), rounded_points(best.points), track)


def _views_at(face: Face, at: float) -> list[View]:
    views = () if face.track is None else face.track.views
    return [view for view in views if abs(view.at - at) <= _SAME_FRAME]


def _box_around(points: Float32, face: Face) -> Float32:
    """Of a view only the points are known: its box has the size of the face's own."""
    middle = points.mean(axis=0)
    x1, y1, x2, y2 = face.box
    half = np.array([x2 - x1, y2 - y1], np.float32) / 2
    return np.asarray(np.concatenate([middle - half, middle + half]), np.float32)


def _vectors(see: Extractor, cuts: Sequence[_Cut]) -> Float32:
    return np.concatenate([see.vision.templates(one.pixels, one.points[None]) for one in cuts])


def _template(see: Extractor, cuts: Sequence[_Cut]) -> Float32:
    return _combined(_vectors(see, cuts), see)


def _combined(vectors: Float32, see: Extractor) -> Float32:
    """
    One template of a track's: the mean of those that agree with the one that most agree with.

    A view that is no face, or another's after all, is far from the rest and not in it.
    """
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    middle = int(np.argmin(apart.sum(axis=1)))
    farthest = see.pack.calibration.points[0].distance
    mean = vectors[apart[middle] <= farthest].mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


def _together(see: Extractor, faces: Sequence[Face], vectors: Mapping[int, Float32]) -> Templates:
    rows = list(vectors)
    heights = np.array([faces[row].height for row in rows], np.float32)
    return Templates(
        vectors=np.array([vectors[row] for row in rows], np.float32).reshape(
            -1, see.pack.embedder.dimensions
        ),
        rows=np.array(rows, np.intp),
        small=heights < see.pack.faces.enrol_px,
    )
