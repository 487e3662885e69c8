"""
Datasets as people have them on disk: which layout it is, who is in which picture, and which pairs.

| Layout | Is known by | Holds |
|---|---|---|
| `photographs` | `faces.csv` and `people.csv` | portraits, and boxes of named faces in photos |
| `lfw` | `pairs.txt` | a folder per person, and pairs to be compared |
| `cfp` | `Protocol/Pair_list_F.txt` | `Data/Images/NNN/frontal` and `profile`, and pairs |
| `wider` | `wider_face_split/` | boxes of faces of nobody in particular |
| `folders` | two folders with pictures, or more | a folder per person |

LFW: http://vis-www.cs.umass.edu/lfw/README.txt. CFP: http://www.cfpw.io. WIDER FACE:
http://shuoyang1213.me/WIDERFACE. A dataset that lies in a folder of its own in the one named is
found too. Nothing is decoded here; a file that the layout names must be there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from countenance.bench.truth import Box, read_truth
from countenance.errors import NotFound, UsageError

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".ppm", ".pgm", ".tif", ".tiff"})
"""Endings of files that are taken for pictures in a folder of a person."""

_BOX_COLUMNS = 4
_INVALID = 7  # the column of WIDER FACE that says that a box is none


@dataclass(frozen=True, slots=True)
class Labelled:
    """
    A face whose person is known. Without a `box`, in pixels of the upright picture, it is the one
    in the middle. `reference` says that the person is enrolled from it, where the layout says so.
    """

    path: Path
    person: str
    box: Box | None = None
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows of the dataset's faces to be compared, in a fold of a protocol."""

    first: int
    second: int
    same: bool
    protocol: str
    fold: int


@dataclass(frozen=True, slots=True)
class BoxedPhoto:
    """A photo with all its faces; those of `ignored` may be found, and need not be."""

    path: Path
    faces: tuple[Box, ...]
    ignored: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """
    What a folder holds. `root` is where it was found; `pairs` are those that it names itself, none
    if every pair is to be compared; `photos` are for the detector.
    """

    layout: str
    root: Path
    faces: tuple[Labelled, ...] = ()
    pairs: tuple[Pair, ...] = ()
    photos: tuple[BoxedPhoto, ...] = ()

    @property
    def enrols(self) -> bool:
        """Whether the layout itself says who is enrolled from what."""
        return any(face.reference for face in self.faces)


def read_dataset(folder: Path) -> Dataset:
    """
    The dataset in `folder`, whatever its layout.

    Raises `NotFound` if the folder, or a file that it names, is not there, and `UsageError` if it
    is of no layout that is known, or a line of it is odd: the message says which.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder}: there is no such folder")
    for root in _roots(folder):
        for told, read in _READERS.items():
            if (root / told).exists():
                return read(root)
    for root in _roots(folder):
        if len(_people_of(root)) > 1:
            return _folders(root)
    raise UsageError(
        f"{folder}: no layout of a dataset that is known",
        hint="there is to be faces.csv and people.csv, pairs.txt (LFW), Protocol and Data (CFP), "
        "wider_face_split (WIDER FACE), or a folder of pictures for each of two people or more",
    )


# --- the layouts ----------------------------------------------------------------------------------


def _photographs(root: Path) -> Dataset:
    truth = read_truth(root)
    portraits = [
        Labelled(path, person, reference=True)
        for person, paths in truth.portraits.items()
        for path in paths
    ]
    placed = [
        Labelled(photo.path, face.person, face.box)
        for photo in truth.photos
        for face in photo.faces
    ]
    photos = [
        BoxedPhoto(photo.path, tuple(face.box for face in photo.faces)) for photo in truth.photos
    ]
    return Dataset("photographs", root, (*portraits, *placed), photos=tuple(photos))


def _folders(root: Path) -> Dataset:
    return Dataset("folders", root, _faces_of(_people_of(root)))


def _lfw(root: Path) -> Dataset:
    people = _people_of(_lfw_images(root))
    faces = _faces_of(people)
    rows = {face.path: row for row, face in enumerate(faces)}
    listed = root / "pairs.txt"
    pairs: list[Pair] = []
    each = _pairs_a_fold(listed)
    for listed_before, (number, words) in enumerate(_lines(listed, skip=1 if each else 0)):
        place = f"{listed}, line {number}"
        first, second = _lfw_pair(words, place)
        pairs.append(
            Pair(
                rows[_numbered(people, *first, place)],
                rows[_numbered(people, *second, place)],
                same=len(words) == 3,  # noqa: PLR2004  a name and two numbers
                protocol="pairs.txt",
                fold=listed_before // (2 * each) if each else 0,
            )
        )
    return Dataset("lfw", root, faces, tuple(pairs))


def _cfp(root: Path) -> Dataset:
    frontal = _cfp_list(root, "Pair_list_F.txt")
    profile = _cfp_list(root, "Pair_list_P.txt")
    paths = [*frontal, *profile]
    # The person's number stands above `frontal` and `profile`.
    faces = tuple(Labelled(path, path.parent.parent.name) for path in paths)
    second_at = {"FF": 0, "FP": len(frontal)}
    sides = {"FF": frontal, "FP": profile}
    pairs = []
    for protocol, shift in second_at.items():
        for fold, part in enumerate(_parts(root / "Protocol" / "Split" / protocol)):
            for same, name in ((True, "same.txt"), (False, "diff.txt")):
                for number, words in _lines(part / name):
                    place = f"{part / name}, line {number}"
                    one = _index(words, 0, len(frontal), place)
                    other = _index(words, 1, len(sides[protocol]), place)
                    pairs.append(Pair(one, shift + other, same, protocol, fold))
    return Dataset("cfp", root, faces, tuple(pairs))


def _wider(root: Path) -> Dataset:
    photos: list[BoxedPhoto] = []
    lists = sorted((root / "wider_face_split").glob("wider_face_*_bbx_gt.txt"))
    for listed in lists:
        images = root / f"WIDER_{listed.name.split('_')[2]}" / "images"
        if images.is_dir():
            photos += _wider_photos(listed, images)
    if not photos:
        raise NotFound(
            f"{root}: no list wider_face_split/wider_face_val_bbx_gt.txt that has its pictures "
            "beside it in WIDER_val/images"
        )
    return Dataset("wider", root, photos=tuple(photos))


_READERS = {
    "faces.csv": _photographs,
    "pairs.txt": _lfw,
    "Protocol/Pair_list_F.txt": _cfp,
    "wider_face_split": _wider,
}

# --------------------------------------------------------------------------------------------------


def _roots(folder: Path) -> Iterator[Path]:
    """The folder, and the only one in it: what was unpacked often lies in one of its own."""
    yield folder
    inner = _subfolders(folder)
    if len(inner) == 1:
        yield inner[0]


def _subfolders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))


def _pictures(folder: Path) -> tuple[Path, ...]:
    return tuple(
        sorted(one for one in folder.iterdir() if one.suffix.lower() in PICTURES and one.is_file())
    )


def _people_of(folder: Path) -> dict[str, tuple[Path, ...]]:
    found = {inner.name: _pictures(inner) for inner in _subfolders(folder)}
    return {person: pictures for person, pictures in found.items() if pictures}


def _faces_of(people: Mapping[str, tuple[Path, ...]]) -> tuple[Labelled, ...]:
    return tuple(Labelled(path, person) for person, paths in people.items() for path in paths)


def _lines(path: Path, *, skip: int = 0) -> Iterator[tuple[int, list[str]]]:
    """The lines that say something, with their numbers: words divided by tabs, commas or spaces."""
    for number, line in enumerate(_text(path).splitlines(), 1):
        if number > skip and line.strip():
            divided = next((sign for sign in "\t," if sign in line), None)
            yield number, [word.strip() for word in line.strip().split(divided)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise NotFound(f"{path}: there is no such file, and the layout needs it") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: not text in UTF-8") from exc


# --- LFW ------------------------------------------------------------------------------------------


def _lfw_images(root: Path) -> Path:
    """Where the folders of the people are: beside the list, or in the one folder that has them."""
    inner = _subfolders(root)
    if any(_pictures(one) for one in inner):
        return root
    holding = [one for one in inner if _people_of(one)]
    if len(holding) != 1:
        raise UsageError(
            f"{root}: pairs.txt is here, but not one folder with a folder of pictures per person: "
            f"there are {len(holding)}"
        )
    return holding[0]


def _pairs_a_fold(listed: Path) -> int:
    """
    How many pairs of each kind are in a fold, as the first line says; 0 if it is a pair already.

    It is `10 300` (ten folds of 300 and 300), or `500` where there is but one.
    """
    _, words = next(_lines(listed), (0, []))
    if len(words) not in (1, 2) or not all(word.isdecimal() for word in words):
        return 0
    return int(words[-1])


def _lfw_pair(words: list[str], place: str) -> tuple[tuple[str, int], tuple[str, int]]:
    match words:
        case [name, one, other] if one.isdecimal() and other.isdecimal():
            return (name, int(one)), (name, int(other))
        case [name, one, another, other] if one.isdecimal() and other.isdecimal():
            return (name, int(one)), (another, int(other))
        case _:
            raise UsageError(
                f"{place}: expected a name and two numbers, or a name and a number twice, "
                f"got {' '.join(words)!r}"
            )


def _numbered(people: Mapping[str, tuple[Path, ...]], name: str, number: int, place: str) -> Path:
    stem = f"{name}_{number:04d}"
    found = [path for path in people.get(name, ()) if path.stem == stem]
    if not found:
        raise NotFound(f"{place}: there is no picture {name}/{stem}")
    return found[0]


# --- CFP ------------------------------------------------------------------------------------------


def _cfp_list(root: Path, name: str) -> list[Path]:
    listed, paths = root / "Protocol" / name, []
    for number, words in _lines(listed):
        # Written from the folder of the list: `../Data/Images/001/frontal/01.jpg`.
        path = (root / "Protocol" / words[-1]).resolve()
        if not path.is_file():
            raise NotFound(f"{listed}, line {number}: there is no picture {words[-1]}")
        paths.append(path)
    return paths


def _parts(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise NotFound(f"{folder}: there is no such folder, and the layout needs it")
    return _subfolders(folder)


def _index(words: list[str], column: int, count: int, place: str) -> int:
    """A number of the list, counted from 1, as a row."""
    whole = len(words) == 2 and words[column].isdecimal()  # noqa: PLR2004  a pair
    if not whole or not 1 <= int(words[column]) <= count:
        raise UsageError(
            f"{place}: expected two numbers from the lists of pictures, got {' '.join(words)!r}"
        )
    return int(words[column]) - 1


# --- WIDER FACE -----------------------------------------------------------------------------------


def _wider_photos(listed: Path, images: Path) -> Iterator[BoxedPhoto]:
    """A path, how many boxes there are, and a line each; of none there may be a line of zeros."""
    lines = iter(list(_lines(listed)))
    for number, words in lines:
        path = images / " ".join(words)
        if not path.is_file():
            raise NotFound(f"{listed}, line {number}: there is no picture {path}")
        at, counted = next(lines, (number + 1, []))
        if len(counted) != 1 or not counted[0].isdecimal():
            raise UsageError(
                f"{listed}, line {at}: expected how many faces there are, got {' '.join(counted)!r}"
            )
        rows = [next(lines, (at + 1 + row, [])) for row in range(max(1, int(counted[0])))]
        boxes = [_wider_box(row, f"{listed}, line {at}") for at, row in rows]
        yield BoxedPhoto(
            path,
            faces=tuple(box for box, valid in boxes if valid),
            ignored=tuple(box for box, valid in boxes if not valid and _has_area(box)),
        )


def _has_area(box: Box) -> bool:
    return box[0] < box[2] and box[1] < box[3]


def _wider_box(words: list[str], place: str) -> tuple[Box, bool]:
    """A box, and whether it is one to be found."""
    try:
        x, y, width, height = (float(word) for word in words[:_BOX_COLUMNS])
        invalid = len(words) > _INVALID and float(words[_INVALID]) != 0
    except ValueError as exc:
        raise UsageError(
            f"{place}: expected a box (x, y, width, height), got {' '.join(words)!r}"
        ) from exc
    box = (x, y, x + width, y + height)
    return box, _has_area(box) and not invalid
