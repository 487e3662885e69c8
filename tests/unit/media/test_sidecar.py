"""Sidecars: written as others read them, and read back by our own reader."""

import io
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from PIL import Image

from countenance.media.decode import decode
from countenance.media.limits import Limits
from countenance.media.sidecar import InFilm, InPhoto, film_sidecar, photo_sidecar
from countenance.media.xmp import read_xmp

_DM = "{http://ns.adobe.com/xmp/1.0/DynamicMedia/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
SIZE = (400, 300)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_regions_lie_where_the_face_is_stored(orientation: int) -> None:
    """Under each of the eight orientations: what is dark in the file is what the region names."""
    stored = np.full((300, 400, 3), 250, np.uint8)
    stored[30:90, 40:160] = 20
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(file, "JPEG", exif=exif, quality=95)
    upright = decode(file.getvalue(), limits=Limits())
    rows, columns = np.nonzero(upright.pixels.mean(axis=2) < 128)
    box = (columns.min(), rows.min(), columns.max() + 1.0, rows.max() + 1.0)
    document = photo_sidecar(
        [InPhoto("Ada", box)], size=(upright.width, upright.height), orientation=orientation
    )
    (region,) = read_xmp(document, SIZE).regions
    x1, y1, x2, y2 = region.box
    found = (x1 * 400, y1 * 300, x2 * 400, y2 * 300)
    assert found == pytest.approx((40, 30, 160, 90), abs=2)
    assert (region.name, region.kind.lower()) == ("Ada", "face")


def test_every_name_survives() -> None:
    """Letters of any kind, signs of XML; what XML has no sign for becomes a space."""
    names = ["Åsa Ö", "<b>&\"'", "\u8def", "a\x00b"]
    people = [InPhoto(name, (0, 0, 10, 10)) for name in names]
    read = read_xmp(photo_sidecar(people, size=SIZE, orientation=1), SIZE)
    assert [one.name for one in read.regions] == ["Åsa Ö", "<b>&\"'", "\u8def", "a b"]


def test_a_film_has_its_times_in_milliseconds() -> None:
    """In their order, each with whom it shows."""
    people = [InFilm("Bo", (20.5, 21.0)), InFilm("Ada", (0.0, 2.5)), InFilm("Ada", (8.0, 8.0))]
    markers = _markers(film_sidecar(people))
    assert [
        (
            one.findtext(f"{_DM}name"),
            one.findtext(f"{_DM}startTime"),
            one.findtext(f"{_DM}duration"),
        )
        for one in markers
    ] == [("Ada", "0", "2500"), ("Ada", "8000", "0"), ("Bo", "20500", "500")]


# --------------------------------------------------------------------------------------------


def _markers(document: bytes) -> list[Element]:
    root = fromstring(document, forbid_dtd=True)
    (markers,) = root.iter(f"{_DM}markers")
    return list(markers.iter(f"{_RDF}li"))
