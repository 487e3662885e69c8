"""Sightings as they stand in answers, the same in every command."""

from typing import TYPE_CHECKING

from countenance.core.spans import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from countenance.catalog.photos import Box
    from countenance.catalog.sightings import Sighting
    from countenance.library import Library


SURENESS = (None, "sure", "likely", "unsure")
"""Bands from the surest on; what somebody put there by hand has none, and comes first."""


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
            "seconds": one.seconds,
        },
        "box": box_document(one.box),
        "at": one.at,
        "span": None if one.span is None else list(one.span),
        "band": one.band,
        "state": one.state,
    }


def box_document(box: "Box") -> list[float]:
    """`[x1, y1, x2, y2]`, in pixels of the upright picture, to a tenth."""
    return [round(number, 1) for number in box]


def box_in_words(box: "Box") -> str:
    x1, y1, x2, y2 = (round(number) for number in box)
    return f"face {x2 - x1} x {y2 - y1} at {x1}, {y1}"


def in_film(seen: "Sequence[Sighting]") -> str:
    """When somebody is in a film, over all its sightings of them; empty for a photo."""
    from countenance.catalog.sightings import spans_of

    return ", ".join(in_words(span) for span in spans_of(seen))
