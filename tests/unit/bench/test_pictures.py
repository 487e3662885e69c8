from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countenance.bench.pictures import (
    COLLINS,
    FACES_A_PHOTO,
    HOPPER,
    PHOTO_PIXELS,
    make_photos,
)
from countenance.demo.pictures import Portraits
from countenance.errors import UsageError


@pytest.fixture
def portraits(tmp_path: Path) -> Portraits:
    """Two pictures of nobody, of the portraits' sizes."""
    made = Portraits(tmp_path / "one.png", tmp_path / "other.png")
    for path, height in ((made.hopper, 600), (made.collins, 512)):
        Image.fromarray(np.full((height, 512, 3), 128, np.uint8)).save(path)
    return made


def test_photos_are_a_cameras_in_size_and_weight(tmp_path: Path, portraits: Portraits) -> None:
    """12 megapixels, 3 to 4 MB, and three faces of both people inside the picture."""
    (photo,) = make_photos(tmp_path / "made", portraits, count=1)
    with Image.open(photo.path) as picture:
        assert picture.size == PHOTO_PIXELS
    assert 2_500_000 < photo.path.stat().st_size < 4_000_000
    assert len(photo.faces) == FACES_A_PHOTO
    assert {face.person for face in photo.faces} == {HOPPER, COLLINS}
    for face in photo.faces:
        x1, y1, x2, y2 = face.box
        assert 0 <= x1 < x2 <= PHOTO_PIXELS[0]
        assert 250 <= y2 - y1 <= 500
        assert 0 <= y1 < y2 <= PHOTO_PIXELS[1]


def test_a_seed_gives_the_same_photos(tmp_path: Path, portraits: Portraits) -> None:
    """Two benches measure the same bytes; another seed gives others."""
    first, second, other = (
        make_photos(tmp_path / str(place), portraits, count=1, seed=seed)[0]
        for place, seed in enumerate((5, 5, 6))
    )
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.faces == second.faces != other.faces


def test_no_photos_are_refused(tmp_path: Path, portraits: Portraits) -> None:
    """There is nothing to measure on no photos."""
    with pytest.raises(UsageError, match="bench"):
        make_photos(tmp_path, portraits, count=0)
