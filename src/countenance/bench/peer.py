"""
The peer's side of `bench/peers.py`: face_recognition with its default settings, on given photos.

This file is run as a script by the Python of another environment, in which face_recognition is
installed and Countenance is not; so it imports nothing of ours. It reads one JSON object from
stdin, `{"people": {name: [path, ...]}, "photos": [path, ...]}`, and writes one to stdout,
`{"versions": {...}, "photos": [{"cpu_seconds", "faces": [{"box": [x1, y1, x2, y2], "name"}]}]}`.
"""

import json
import sys
import time
import warnings
from collections.abc import Iterable
from importlib.metadata import version
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    # It looks for its models with pkg_resources, which warns that it is going away.
    warnings.simplefilter("ignore")
    import face_recognition  # type: ignore[import-not-found]

Encoding = NDArray[np.float64]


class Face(TypedDict):
    """`name` is empty if nobody matched."""

    box: list[float]
    name: str


class Photo(TypedDict):
    """The faces of a photo, and the processor time that it took."""

    cpu_seconds: float
    faces: list[Face]


class Known:
    """Everybody's encodings, one a portrait in which a face was found."""

    def __init__(self, people: dict[str, list[str]]) -> None:
        self.names: list[str] = []
        self.encodings: list[Encoding] = []
        for name, paths in people.items():
            for path in paths:
                found = face_recognition.face_encodings(face_recognition.load_image_file(path))
                self.names += [name for _ in found[:1]]
                self.encodings += found[:1]

    def name_of(self, encoding: Encoding) -> str:
        """The nearest of those that `compare_faces` says are the same person."""
        same = face_recognition.compare_faces(self.encodings, encoding)
        distances = face_recognition.face_distance(self.encodings, encoding)
        matching = [row for row, is_same in enumerate(same) if is_same]
        return self.names[min(matching, key=lambda row: distances[row])] if matching else ""


def main() -> None:
    job = json.load(sys.stdin)
    known = Known(job["people"])
    versions = {name: version(name) for name in ("face_recognition", "dlib-bin")}
    json.dump({"versions": versions, "photos": list(_photos(job["photos"], known))}, sys.stdout)


# --------------------------------------------------------------------------------------------------


def _photos(paths: Iterable[str], known: Known) -> Iterable[Photo]:
    # The networks were loaded, and worked, when the portraits were looked at.
    for path in paths:
        begun = time.process_time()
        faces = _faces(path, known)
        yield {"cpu_seconds": time.process_time() - begun, "faces": faces}


def _faces(path: str, known: Known) -> list[Face]:
    picture = face_recognition.load_image_file(path)
    places = face_recognition.face_locations(picture)
    encodings = face_recognition.face_encodings(picture, places)
    return [
        {"box": [left, top, right, bottom], "name": known.name_of(encoding)}
        for (top, right, bottom, left), encoding in zip(places, encodings, strict=True)
    ]


if __name__ == "__main__":
    main()
