"""Sightings as they stand in answers, the same in every command."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from countenance.catalog.photos import Box
    from countenance.catalog.sightings import Sighting
    from countenance.library import Library


def sighting_document(library: "Library", one: "Sighting") -> dict[str, object]:
    """A sighting for JSON. No score stands in it, only the band (P9)."""
    return {
        "id": one.id,
        "photo": {
            "id": one.photo,
            "locator": one.locator,
            "source": one.source,
            "location": one.location,
            "collection": one.collection,
            "url": library.url(one),
        },
        "box": box_document(one.box),
        "band": one.band,
        "state": one.state,
    }


def box_document(box: "Box") -> list[float]:
    """`[x1, y1, x2, y2]`, in pixels of the upright picture, to a tenth."""
    return [round(number, 1) for number in box]


def box_in_words(box: "Box") -> str:
    x1, y1, x2, y2 = (round(number) for number in box)
    return f"face {x2 - x1} x {y2 - y1} at {x1}, {y1}"
