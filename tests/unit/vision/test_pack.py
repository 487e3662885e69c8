import string
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from countenance.errors import NotFound, Refused, VerificationError
from countenance.vision.pack import (
    Calibration,
    CalibrationPoint,
    DetectorKind,
    ModelFile,
    Pack,
    Package,
    Preparation,
    list_packs,
    load_pack,
    require_measured,
    write_rates,
)

PACKS = list_packs()
FILES = [file for pack in PACKS for file in pack.files]


def test_the_packs() -> None:
    """These are declared, by id."""
    assert [pack.id for pack in PACKS] == ["starter", "yunet-auraface", "yunet-dlib", "yunet-sface"]


def test_the_starter_needs_no_address() -> None:
    """Its weights come out of packages, so that nothing is fetched at run time."""
    starter = load_pack("starter")
    assert all(isinstance(file.origin, Package) for file in starter.files)
    assert starter.detector.kind is DetectorKind.CENTERFACE
    assert (starter.embedder.size, starter.embedder.dimensions) == (150, 128)


def test_an_unknown_pack_is_named_with_those_that_exist() -> None:
    """The hint lists what could have been meant."""
    with pytest.raises(NotFound, match="no such model pack: dlib") as caught:
        load_pack("dlib")
    assert "starter" in caught.value.hint


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_can_be_checked(file: ModelFile) -> None:
    """Both digests are digests, addresses are https, and licence and training data are stated."""
    for digest in (file.sha256, file.prepared_sha256):
        assert len(digest) == 64
        assert set(digest) <= set(string.hexdigits.lower())
    assert isinstance(file.origin, Package) or file.origin.startswith("https://")
    assert file.size > 0
    assert file.licence
    assert file.training_data
    as_it_is = file.preparation is Preparation.AS_IS
    assert as_it_is == (file.sha256 == file.prepared_sha256)


def test_a_file_is_declared_alike_wherever_it_is_used() -> None:
    """Two packs that share a file say the same of it."""
    assert len(set(FILES)) == len({(file.sha256, file.preparation) for file in FILES})


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_every_calibration_falls(pack: Pack) -> None:
    """Fewer false matches need a smaller distance, and what it rests on is said."""
    rates = [point.fmr for point in pack.calibration.points]
    distances = [point.distance for point in pack.calibration.points]
    assert rates == sorted(rates, reverse=True)
    assert distances == sorted(distances, reverse=True)
    assert pack.calibration.measured_on
    assert pack.measured == pack.calibration.measured
    if pack.measured:
        assert rates[-1] <= 1e-6
        assert 0 < distances[-1] < distances[0] < 2


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_every_template_is_a_face_within_the_chip(pack: Pack) -> None:
    """Eyes over nose over mouth, the viewer's left first, within the chip."""
    left_eye, right_eye, nose, left_mouth, right_mouth = pack.template
    assert np.all((pack.template > 0) & (pack.template < pack.embedder.size))
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]


@pytest.mark.promise("P9")
def test_what_was_not_measured_names_nobody(tmp_path: Path) -> None:
    """No threshold is made up: until its rates are measured, and only then, it may answer."""
    sface = load_pack("yunet-sface", tmp_path)
    with pytest.raises(Refused, match="its false-match rates were never measured"):
        require_measured(sface)
    points = (CalibrationPoint(1e-2, 1.1), CalibrationPoint(1e-3, 1.0))
    told = Calibration(
        measured=True, measured_on="a club", date=date(2026, 11, 23), alike=4.0, points=points
    )
    file = write_rates(sface, told, tmp_path)
    require_measured(load_pack("yunet-sface", tmp_path))
    assert load_pack("yunet-sface", tmp_path).calibration == told
    assert not load_pack("yunet-sface").measured
    # They hold for the files that were measured, and for no others of that name.
    file.write_text(file.read_text().replace(sface.files[1].prepared_sha256, "0" * 64))
    assert not load_pack("yunet-sface", tmp_path).measured
    # What comes with a pack is not overruled.
    write_rates(load_pack("starter"), told, tmp_path)
    assert load_pack("starter", tmp_path).calibration == load_pack("starter").calibration
    file.write_text("files = [")
    with pytest.raises(VerificationError, match="damaged"):
        load_pack("yunet-sface", tmp_path)


def test_what_was_not_measured_says_so() -> None:
    """The packs whose embedder we could not run are marked as not measured, and have no points."""
    assert [pack.id for pack in PACKS if not pack.calibration.measured] == [
        "yunet-auraface",
        "yunet-sface",
    ]
