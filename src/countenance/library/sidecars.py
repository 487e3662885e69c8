"""Sidecars: files that say who is in a photo or a film, for whoever may look for these people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from urllib.parse import quote

from countenance.catalog import photos
from countenance.catalog.sightings import Sighting, SightingState, spans_of
from countenance.errors import NotFound, Reason, Unavailable, Unreadable
from countenance.library.searches import Searches
from countenance.library.sources import Sources
from countenance.media.sidecar import ENDING, InFilm, InPhoto, film_sidecar, photo_sidecar
from countenance.people.purpose import Purpose


@dataclass(frozen=True, slots=True)
class Sidecar:
    """One document, and its place as parts of a path: a folder a source, then as at the source."""

    place: tuple[str, ...]
    document: bytes


@dataclass(slots=True)
class Sidecars:
    """
    What is to be written. `unsure` is how many sightings are not in it, because a name in a file
    travels; `skipped` are photos that could not be read, each with the reason.
    """

    written: list[Sidecar] = field(default_factory=list)
    unsure: int = 0
    skipped: list[tuple[str, Reason]] = field(default_factory=list)


class SidecarFiles(Searches, Sources):
    """What is written of people into files beside pictures."""

    def sidecars(self, people: Sequence[str], *, purpose: Purpose) -> Sidecars:
        """
        A sidecar for each photo and film that somebody of `people` is in, and of nobody else.

        Each of them is looked for as `find` does: under a purpose, counted, and in the log; whoever
        did not agree to that is in none. It raises as `find` does.
        """
        named = []
        for who in people:
            found = self.find(who, purpose=purpose)
            named += [(found.name, one) for one in found.sightings]
        made = Sidecars()
        told = [pair for pair in named if _is_told(pair[1])]
        made.unsure = len(named) - len(told)
        told.sort(key=lambda pair: _place(pair[1]))
        for place, among in groupby(told, key=lambda pair: _place(pair[1])):
            seen = list(among)
            try:
                made.written.append(Sidecar(place, self._document(seen)))
            except Unreadable as exc:
                made.skipped.append((seen[0][1].locator, exc.reason))
            except (NotFound, Unavailable):
                made.skipped.append((seen[0][1].locator, Reason.VANISHED))
        return made

    # ----------------------------------------------------------------------------------------

    def _document(self, seen: Sequence[tuple[str, Sighting]]) -> bytes:
        first = seen[0][1]
        if first.span is not None:
            return film_sidecar(_in_film(seen))
        with self._database.read() as tx:
            photo = photos.get(tx, first.photo)
        if photo is None:
            raise NotFound(f"{first.photo}: no such photo")
        people = [InPhoto(name, one.box) for name, one in seen]
        size = (photo.width, photo.height)
        return photo_sidecar(people, size=size, orientation=self._orientation(first))

    def _orientation(self, one: Sighting) -> int:
        """How the photo lies in its file. Only a JPEG's own word for it is heeded by others."""
        from countenance.media.decode import is_jpeg, read_header
        from countenance.media.orientation import UPRIGHT

        limits = self._decoder.limits
        reader = self._reader(self.source(one.source))
        data = reader.read(one.locator, max_bytes=limits.max_bytes)
        return read_header(data, limits).orientation if is_jpeg(data) else UPRIGHT


# --------------------------------------------------------------------------------------------


def _is_told(one: Sighting) -> bool:
    from countenance.gallery.bands import Band

    return one.state is SightingState.CONFIRMED or one.band in (Band.SURE, Band.LIKELY)


def _place(one: Sighting) -> tuple[str, ...]:
    names = [quote(name, safe=" ()[]+,;=@!~'&$") for name in one.locator.split("/") if name]
    plain = [name if name not in {".", ".."} else name.replace(".", "%2E") for name in names]
    return (one.source, *plain[:-1], plain[-1] + ENDING)


def _in_film(seen: Sequence[tuple[str, Sighting]]) -> list[InFilm]:
    by_name: dict[str, list[Sighting]] = {}
    for name, one in seen:
        by_name.setdefault(name, []).append(one)
    return [InFilm(name, span) for name, among in by_name.items() for span in spans_of(among)]
