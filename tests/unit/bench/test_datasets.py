"""Each layout as people have it on disk, and what is said of one that is odd."""

from pathlib import Path

import pytest

from countenance.bench.datasets import Dataset, read_dataset
from countenance.errors import NotFound, UsageError


def picture(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"not decoded by a reader")


def written(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def pairs_of(dataset: Dataset) -> list[tuple[str, str, bool, str, int]]:
    return [
        (
            dataset.faces[pair.first].path.stem,
            dataset.faces[pair.second].path.stem,
            pair.same,
            pair.protocol,
            pair.fold,
        )
        for pair in dataset.pairs
    ]


# --- a folder per person --------------------------------------------------------------------------


def test_a_folder_per_person(tmp_path: Path) -> None:
    """Each picture is of whom its folder is named after; other files and empty folders are not."""
    picture(tmp_path, "Ada/1.jpg", "Ada/2.PNG", "Bo/a.jpeg", "Bo/notes.txt", ".cache/x.jpg")
    (tmp_path / "Nobody").mkdir()
    read = read_dataset(tmp_path)
    assert read.layout == "folders"
    assert [(face.person, face.path.name) for face in read.faces] == [
        ("Ada", "1.jpg"),
        ("Ada", "2.PNG"),
        ("Bo", "a.jpeg"),
    ]
    assert (read.pairs, read.photos, read.enrols) == ((), (), False)


def test_what_was_unpacked_into_one_folder_is_found(tmp_path: Path) -> None:
    """An archive often holds one folder, and that the dataset."""
    picture(tmp_path, "people/Ada/1.jpg", "people/Bo/1.jpg")
    assert read_dataset(tmp_path).root == tmp_path / "people"


def test_an_unknown_layout_is_said_with_what_there_might_be(tmp_path: Path) -> None:
    """Pictures in a heap say nothing of who is in them."""
    picture(tmp_path, "1.jpg", "2.jpg", "Ada/1.jpg")
    with pytest.raises(UsageError, match="no layout of a dataset") as told:
        read_dataset(tmp_path)
    assert "pairs.txt" in told.value.hint
    with pytest.raises(NotFound, match="no such folder"):
        read_dataset(tmp_path / "elsewhere")


# --- LFW ------------------------------------------------------------------------------------------

LFW = ("Ada_L/Ada_L_0001.jpg", "Ada_L/Ada_L_0002.jpg", "Bo/Bo_0001.jpg", "Bo/Bo_0002.jpg")
FOLDS = """\
2\t1
Ada_L\t1\t2
Ada_L\t1\tBo\t2
Bo\t1\t2
Ada_L\t2\tBo\t1
"""
EXPECTED = [
    ("Ada_L_0001", "Ada_L_0002", True),
    ("Ada_L_0001", "Bo_0002", False),
    ("Bo_0001", "Bo_0002", True),
    ("Ada_L_0002", "Bo_0001", False),
]


@pytest.mark.parametrize("images", ["", "lfw_funneled/"])
@pytest.mark.parametrize(
    ("text", "folds"),
    [
        (FOLDS, [0, 0, 1, 1]),
        (FOLDS.replace("2\t1\n", "2\n", 1), [0, 0, 0, 0]),
        (FOLDS.split("\n", 1)[1], [0, 0, 0, 0]),
        (FOLDS.replace("\t", " "), [0, 0, 1, 1]),
        (FOLDS.replace("\n", "\r\n"), [0, 0, 1, 1]),
    ],
)
def test_lfw(tmp_path: Path, images: str, text: str, folds: list[int]) -> None:
    """With folds in the first line, with one number, or with none; pictures beside it or below."""
    picture(tmp_path, *(images + name for name in LFW))
    written(tmp_path / "pairs.txt", text)
    read = read_dataset(tmp_path)
    assert read.layout == "lfw"
    assert len(read.faces) == len(LFW)
    assert pairs_of(read) == [
        (*pair, "pairs.txt", fold) for pair, fold in zip(EXPECTED, folds, strict=True)
    ]


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("Ada_L\t1", UsageError, r"pairs\.txt, line 2: expected a name and two numbers"),
        ("Ada_L\tone\t2", UsageError, r"line 2: expected .* got 'Ada_L one 2'"),
        ("Ada_L\t1\t2\t3\t4", UsageError, r"line 2: expected"),
        ("Ada_L\t1\t9", NotFound, r"line 2: there is no picture Ada_L/Ada_L_0009"),
        ("Cy\t1\tBo\t1", NotFound, r"line 2: there is no picture Cy/Cy_0001"),
    ],
)
def test_an_odd_line_of_lfw_is_named(
    tmp_path: Path, line: str, error: type[Exception], said: str
) -> None:
    """What and where, instead of figures from half of the pairs."""
    picture(tmp_path, *LFW)
    written(tmp_path / "pairs.txt", f"1\t1\n{line}\n")
    with pytest.raises(error, match=said):
        read_dataset(tmp_path)


def test_pairs_without_pictures_are_said(tmp_path: Path) -> None:
    """The list alone is no dataset."""
    written(tmp_path / "pairs.txt", FOLDS)
    with pytest.raises(UsageError, match="not one folder"):
        read_dataset(tmp_path)


# --- CFP ------------------------------------------------------------------------------------------


def make_cfp(root: Path) -> None:
    picture(
        root, *(f"Data/Images/{who}/frontal/0{n}.jpg" for who in ("001", "002") for n in (1, 2))
    )
    picture(root, *(f"Data/Images/{who}/profile/01.jpg" for who in ("001", "002")))
    frontal = [f"../Data/Images/{who}/frontal/0{n}.jpg" for who in ("001", "002") for n in (1, 2)]
    profile = [f"../Data/Images/{who}/profile/01.jpg" for who in ("001", "002")]
    for name, paths in (("F", frontal), ("P", profile)):
        lines = "".join(f"{number} {path}\n" for number, path in enumerate(paths, 1))
        written(root / "Protocol" / f"Pair_list_{name}.txt", lines)
    for fold in ("01", "02"):
        split = root / "Protocol" / "Split"
        written(split / "FF" / fold / "same.txt", "1,2\n")
        written(split / "FF" / fold / "diff.txt", "2,3\n")
        written(split / "FP" / fold / "same.txt", "3,2\n")
        written(split / "FP" / fold / "diff.txt", "1,2\n")


def test_cfp(tmp_path: Path) -> None:
    """Frontal against frontal, and frontal against profile, each in its folds."""
    make_cfp(tmp_path / "cfp-dataset")
    read = read_dataset(tmp_path)
    assert read.layout == "cfp"
    assert [face.person for face in read.faces] == ["001", "001", "002", "002", "001", "002"]
    told = [(pair.first, pair.second, pair.same, pair.protocol, pair.fold) for pair in read.pairs]
    assert told == [
        (0, 1, True, "FF", 0),
        (1, 2, False, "FF", 0),
        (0, 1, True, "FF", 1),
        (1, 2, False, "FF", 1),
        (2, 5, True, "FP", 0),
        (0, 5, False, "FP", 0),
        (2, 5, True, "FP", 1),
        (0, 5, False, "FP", 1),
    ]
    assert all((read.faces[a].person == read.faces[b].person) == same for a, b, same, *_ in told)


@pytest.mark.parametrize("line", ["1,5", "0,1", "1", "1,2,3", "a,b"])
def test_an_odd_line_of_cfp_is_named(tmp_path: Path, line: str) -> None:
    """A number that is in no list would be another picture, or none."""
    make_cfp(tmp_path)
    written(tmp_path / "Protocol/Split/FF/02/diff.txt", f"1,3\n{line}\n")
    with pytest.raises(UsageError, match=r"02/diff\.txt, line 2: expected two numbers"):
        read_dataset(tmp_path)


def test_a_picture_missing_from_cfp_is_named(tmp_path: Path) -> None:
    """Also a folder of the protocol."""
    make_cfp(tmp_path)
    (tmp_path / "Data/Images/002/profile/01.jpg").unlink()
    with pytest.raises(NotFound, match=r"Pair_list_P\.txt, line 2"):
        read_dataset(tmp_path)
    (tmp_path / "Protocol/Pair_list_P.txt").unlink()
    with pytest.raises(NotFound, match=r"Pair_list_P\.txt: there is no such file"):
        read_dataset(tmp_path)


# --- WIDER FACE -----------------------------------------------------------------------------------

WIDER = """\
0--Parade/0_Parade_1.jpg
3
10 20 30 40 0 0 0 0 0 0
50 20 30 40 0 0 0 1 0 0
90 20 0 0 0 0 0 0 0 0
0--Parade/0_Parade_2.jpg
0
0 0 0 0 0 0 0 0 0 0
"""


def make_wider(root: Path, text: str = WIDER) -> None:
    picture(root, *(f"WIDER_val/images/0--Parade/0_Parade_{n}.jpg" for n in (1, 2)))
    written(root / "wider_face_split" / "wider_face_val_bbx_gt.txt", text)


def test_wider_face(tmp_path: Path) -> None:
    """Boxes become corners; what is marked invalid need not be found; no face is a value too."""
    make_wider(tmp_path)
    read = read_dataset(tmp_path)
    first, second = read.photos
    assert read.layout == "wider"
    assert first.faces == ((10.0, 20.0, 40.0, 60.0),)
    assert first.ignored == ((50.0, 20.0, 80.0, 60.0),)
    assert not second.faces + second.ignored


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WIDER.replace("3\n10", "many\n10"), "line 2: expected how many faces"),
        (WIDER.replace("10 20 30 40", "10 20 x 40"), "line 3: expected a box"),
        ("0--Parade/0_Parade_1.jpg\n2\n1 2 3 4\n", "line 4: expected a box"),
        ("0--Parade/0_Parade_1.jpg\n", "line 2: expected how many"),
    ],
)
def test_an_odd_line_of_wider_face_is_named(tmp_path: Path, text: str, said: str) -> None:
    """What and where."""
    make_wider(tmp_path, text)
    with pytest.raises(UsageError, match=said):
        read_dataset(tmp_path)


def test_pictures_missing_from_wider_face_are_named(tmp_path: Path) -> None:
    """One of them, or the whole folder beside the list."""
    make_wider(tmp_path, WIDER.replace("Parade_2", "Parade_9"))
    with pytest.raises(NotFound, match="line 6: there is no picture"):
        read_dataset(tmp_path)
    other = tmp_path / "other"
    written(other / "wider_face_split" / "wider_face_val_bbx_gt.txt", WIDER)
    with pytest.raises(NotFound, match="WIDER_val/images"):
        read_dataset(other)
