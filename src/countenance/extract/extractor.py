"""
What is seen in a picture: faces with their points, and templates of some of them.

This is where pixels and vision meet, for an ingest, an enrolment and a search alike. It knows
nobody, and keeps nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countenance.catalog.photos import Box, Face, Points, new_face
from countenance.media.decode import Picture
from countenance.media.decoder import Decoder
from countenance.media.films import Films
from countenance.media.limits import FilmLimits
from countenance.media.orientation import turn, unturn
from countenance.vision.pack import Pack
from countenance.vision.types import Detections, Float32, Pixels
from countenance.vision.vision import Vision

SHARP_ENOUGH = 112
"""Face height in decoded pixels from which half scale, or a preview, is as good as the photo."""

QUARTER_TURNS = (1, 3)
"""Tried, in this order, on a picture that shows no face and does not say which way is up."""


class Sifts(Protocol):
    """
    Tells from half of a face's template whether it may be anybody's of the gallery of a `version`.

    What is farther than `limit` from everybody is nobody's.
    """

    @property
    def version(self) -> int: ...

    @property
    def limit(self) -> float: ...

    def __call__(self, halves: Float32) -> NDArray[np.bool_]:
        """Of unit rows `(n, d)`, which to embed wholly: `(n,)`."""


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """
    Templates of some faces of a photo: `vectors` `(k, d)` float32 unit rows, in memory only.

    `rows` `(k,)` says which face each is of, `small` `(k,)` whether the face is so low that false
    matches are more frequent. With `sifted` there are none of faces that this let not pass.
    """

    vectors: Float32
    rows: NDArray[np.intp]
    small: NDArray[np.bool_]
    sifted: Sifts | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """
    Faces of a photo cut out, `chips` `(k, size, size, 3)` uint8, in memory only.

    `rows` and `small` are as of `Templates`.
    """

    chips: Pixels
    rows: NDArray[np.intp]
    small: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Extractor:
    """A decoder and a vision, at work together. Safe to use from several threads at once."""

    decoder: Decoder
    vision: Vision
    films: Films = field(default_factory=lambda: Films(FilmLimits()))

    @property
    def pack(self) -> Pack:
        return self.vision.pack

    def faces(self, picture: Picture) -> tuple[Face, ...]:
        """
        The faces of a picture, in pixels of the upright photo at its full size.

        A picture that shows none and carries no orientation is looked at turned to the left and to
        the right as well; boxes and points are then given for the picture as it is.
        """
        found = self.vision.find(picture.pixels)
        if not len(found) and not picture.oriented:
            found = self._find_turned(picture.pixels)
        found = found.scaled(1 / picture.scale, 1 / picture.scale)
        return tuple(
            new_face(rounded_box(box), rounded_points(points))
            for box, points in zip(found.boxes, found.points, strict=True)
        )

    def compared(self, faces: Sequence[Face]) -> list[int]:
        """Which of `faces` are high enough to be compared with anybody."""
        lowest = self.pack.faces.match_px
        return [row for row, face in enumerate(faces) if face.height >= lowest]

    def too_low(self, faces: Sequence[Face], *, scale: float) -> bool:
        """Whether a face that is to be compared is low in a picture decoded at `scale`."""
        return scale < self.enough(faces)

    def enough(self, faces: Sequence[Face]) -> float:
        """The scale from which every face that is to be compared is seen as well as it need be."""
        heights = [faces[row].height for row in self.compared(faces)]
        return SHARP_ENOUGH / min(heights) if heights else 0.0

    def templates(self, picture: Picture, faces: Sequence[Face]) -> Templates:
        """
        The templates of those of `faces` that are high enough to be compared.

        Boxes and points are in pixels of the upright photo at full size; `picture` may be at
        another scale. It takes faces as they are stored, so that comparing a photo again later
        gives the same answer.
        """
        return self.embed([self.cut(picture, faces)])[0]

    def cut(self, picture: Picture, faces: Sequence[Face]) -> Cut:
        """Those of `faces` that are high enough to be compared, cut out, as for `templates`."""
        rows = self.compared(faces)
        points = np.array([faces[row].points for row in rows], np.float32).reshape(-1, 5, 2)
        heights = np.array([faces[row].height for row in rows], np.float32)
        return Cut(
            chips=self.vision.chips(picture.pixels, points * np.float32(picture.scale)),
            rows=np.array(rows, np.intp),
            small=heights < self.pack.faces.enrol_px,
        )

    def embed(self, cuts: Sequence[Cut], sifts: Sifts | None = None) -> list[Templates]:
        """
        The templates of each of `cuts`, all in one go; of those faces only that `sifts` lets pass,
        if it is given.
        """
        chips = np.concatenate([one.chips for one in cuts])
        rows, vectors = self._embedded(chips, sifts)
        made, begin = [], 0
        for one in cuts:
            mine = (rows >= begin) & (rows < begin + len(one.rows))
            own = rows[mine] - begin
            made.append(Templates(vectors[mine], one.rows[own], one.small[own], sifts))
            begin += len(one.rows)
        return made

    def no_templates(self) -> Templates:
        nothing = np.zeros((0, self.pack.embedder.dimensions), np.float32)
        return Templates(nothing, np.zeros(0, np.intp), np.zeros(0, np.bool_))

    # ----------------------------------------------------------------------------------------

    def _embedded(self, chips: Pixels, sifts: Sifts | None) -> tuple[NDArray[np.intp], Float32]:
        if sifts is None:
            return np.arange(len(chips)), self.vision.embed(chips)
        return self.vision.embed_those_near(chips, sifts)

    def _find_turned(self, pixels: Pixels) -> Detections:
        height, width = pixels.shape[:2]
        for quarters in QUARTER_TURNS:
            found = self.vision.find(turn(pixels, quarters))
            if len(found):
                boxes, points = unturn(
                    found.boxes, found.points, quarters=quarters, size=(width, height)
                )
                return Detections(boxes, points, found.scores)
        return Detections.none()


def rounded_box(row: Float32) -> Box:
    x1, y1, x2, y2 = (round(float(value), 1) for value in row)
    return x1, y1, x2, y2


def rounded_points(rows: Float32) -> Points:
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in rows)
