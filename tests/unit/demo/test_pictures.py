import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countenance.demo.pictures import (
    WALL_PIXELS,
    Portraits,
    drawn_face,
    find_portraits,
    make_photos,
)
from countenance.errors import Reason, Unavailable, Unreadable
from countenance.media.decode import decode
from countenance.media.limits import Limits


@pytest.fixture
def portraits(tmp_path: Path) -> Portraits:
    """Two pictures of nobody, of the portraits' sizes: dark above, bright below."""
    made = Portraits(tmp_path / "one.png", tmp_path / "other.png")
    for path, height in ((made.hopper, 600), (made.collins, 512)):
        rows = np.linspace(20, 240, height).astype(np.uint8)[:, None, None]
        Image.fromarray(np.broadcast_to(rows, (height, 512, 3)).copy()).save(path)
    return made


def test_the_portraits_are_found_inside_packages() -> None:
    """Both packages of the `demo` extra hold the file that is looked for."""
    found = find_portraits()
    assert found.hopper.read_bytes().startswith(b"\xff\xd8\xff")
    assert found.collins.read_bytes().startswith(b"\x89PNG")


def test_a_missing_package_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who installed without the extra is told its name."""
    monkeypatch.setattr("countenance.demo.pictures.find_spec", lambda _name: None)
    with pytest.raises(Unavailable, match="matplotlib") as caught:
        find_portraits()
    assert caught.value.hint == "pip install 'countenance[demo]'"


def test_the_photos_are_the_same_each_time(tmp_path: Path, portraits: Portraits) -> None:
    """Two demos on one machine make the same bytes, of which no two photos are equal."""
    make_photos(tmp_path / "first", portraits)
    make_photos(tmp_path / "second", portraits)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("first", "second")
    )
    assert first == second
    assert len(set(first.values())) == len(first) == 13
    assert portraits.hopper.read_bytes() not in first.values()


def test_a_turned_photo_is_upright_again_when_decoded(tmp_path: Path, portraits: Portraits) -> None:
    """The EXIF orientation undoes how the file was stored, for all three that are turned."""
    make_photos(tmp_path, portraits)
    for name in ("03-turned-right.jpg", "04-upside-down.jpg", "05-turned-left.jpg"):
        picture = decode((tmp_path / name).read_bytes(), limits=Limits())
        assert picture.oriented
        assert (picture.width, picture.height) == WALL_PIXELS
        # Inside each portrait it gets brighter from top to bottom.
        column = picture.pixels[:, picture.width // 4 if name.startswith("04") else 800].mean(1)
        assert column[900] > column[350] + 60


def test_the_damaged_photo_is_damaged(tmp_path: Path, portraits: Portraits) -> None:
    """The report of the demo has a reason to show."""
    make_photos(tmp_path, portraits)
    with pytest.raises(Unreadable) as caught:
        decode((tmp_path / "13-cut-short.jpg").read_bytes(), limits=Limits())
    assert caught.value.reason is Reason.DAMAGED


def test_the_drawn_face_is_a_picture() -> None:
    """It is made of shapes, and opens like any PNG."""
    with Image.open(io.BytesIO(drawn_face())) as picture:
        assert picture.size == (480, 480)
