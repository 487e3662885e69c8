"""Sightings as they stand in answers, the same in every command."""

from dataclasses import replace
from typing import TYPE_CHECKING

from countenance.core.spans import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from countenance.catalog.photos import Box
    from countenance.catalog.sightings import Sighting
    from countenance.library import Library
    from countenance.search.results import Result


SURENESS = (None, "sure", "likely", "unsure")
"""Bands from the surest on; what somebody put there by hand has none, and comes first."""


def sighting_document(library: "Library", one: "Sighting") -> dict[str, object]:
    """A sighting for JSON. No score stands in it, only the band (P9)."""
    return {
        "id": one.id,
        "photo": {
            **_place(library, one),
            "taken_at": one.taken_at or None,
            "seconds": one.seconds,
        },
        "box": box_document(one.box),
        "at": one.at,
        "span": None if one.span is None else list(one.span),
        "band": one.band,
        "state": one.state,
        "named_by_source": one.named_by_source,
    }


def result_document(library: "Library", one: "Result") -> dict[str, object]:
    """
    A result for JSON: its first sighting, with every place where the same picture stands.

    A place of a near-duplicate has the sighting in it, which may be confirmed or rejected alone.
    """
    places = [
        {"sighting": seen.id, **_place(library, place)}
        for seen in one.sightings
        for place in _places(seen)
    ]
    return {**sighting_document(library, one.first), "places": places}


def places_in_words(one: "Result") -> "Iterator[str]":
    """The places of a result after its first."""
    others = [place for seen in one.sightings for place in _places(seen)][1:]
    for place in others:
        yield f"{place.location}/{place.locator}"


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


# --------------------------------------------------------------------------------------------------


def _places(seen: "Sighting") -> "list[Sighting]":
    """The sighting at each of the places where its photo stands."""
    others = [replace(seen, locator=one.locator, page=one.page) for one in seen.others]
    return [seen, *others]


def _place(library: "Library", one: "Sighting") -> dict[str, object]:
    return {
        "id": one.photo,
        "locator": one.locator,
        "source": one.source,
        "location": one.location,
        "collection": one.collection,
        "url": library.url(one),
    }
