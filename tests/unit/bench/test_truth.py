from pathlib import Path

import pytest

from countenance.bench.truth import PlacedFace, read_truth
from countenance.errors import NotFound

FACES = """\
file,person,x,y,w,h,basis
group.jpg,Ada,10,20,30,40,by eye
group.jpg,Bo,50,20,30,40,by eye
ada.jpg,Ada,,,,,the only face
slayton_1970s.jpg,Ada,,,,,the only face
bo.jpg,Bo,,,,,the only face
"""
PEOPLE = """\
person,images,may_be_enrolled,files
Ada,3,yes,ada.jpg
Bo,2,only in one photo: stays a stranger,bo.jpg
"""


def test_the_truth_says_who_is_where_and_who_may_be_enrolled(tmp_path: Path) -> None:
    """Boxes become corners; portraits of uncertain identity and of strangers are left out."""
    (tmp_path / "faces.csv").write_text(FACES, encoding="utf-8")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    truth = read_truth(tmp_path)
    assert truth.portraits == {"Ada": (tmp_path / "ada.jpg",)}
    (photo,) = truth.photos
    assert photo.path == tmp_path / "group.jpg"
    assert photo.faces == (PlacedFace("Ada", (10, 20, 40, 60)), PlacedFace("Bo", (50, 20, 80, 60)))


def test_a_folder_without_truth_is_not_found(tmp_path: Path) -> None:
    """Photographs alone do not say who is in them."""
    with pytest.raises(NotFound, match=r"faces\.csv"):
        read_truth(tmp_path)
