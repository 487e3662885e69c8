"""What is known of a photo: in which order its faces are numbered."""

from countenance.catalog.photos import Face, Photo, Track
from countenance.core.canonical import Digest
from countenance.core.ids import FaceId, PhotoId, SourceId


def photo(*faces: Face) -> Photo:
    which = PhotoId("i_photo"), SourceId("d_source"), Digest("0" * 64)
    return Photo(*which, 900, 600, None, ("a.jpg",), faces)


def face(name: str, left: float, begin: float | None = None) -> Face:
    track = None if begin is None else Track(begin, begin + 1, ())
    return Face(FaceId(name), (left, 9.0, left + 50, 70.0), (), track=track)


def test_faces_are_numbered_from_the_left() -> None:
    """However the detector found them: so a person and the desk mean the same one."""
    found = photo(face("third", 700), face("first", 10), face("second", 300))
    assert [one.id for one in found.numbered] == ["first", "second", "third"]


def test_in_a_film_they_are_numbered_as_they_come() -> None:
    found = photo(face("later", 10, begin=4), face("right", 700, begin=1), face("left", 9, begin=1))
    assert [one.id for one in found.numbered] == ["left", "right", "later"]
