"""
The reader of IIIF: the pictures of one manifest, or of every manifest that a collection leads to.

Documents and images are asked for at the servers that the source names, and at no others: a
manifest may point anywhere, and whoever granted this one did not grant that. A locator is the
manifest's address, without `https://`, and in it the last name of the canvas; so a manifest that
cannot be read hides its own pictures and no others. A collection that cannot be read hides what
nobody knows, so then nothing is listed at all.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from countenance.errors import Reason, Refused, Unavailable, Unreadable
from countenance.sources.iiif.image import parse_info, request
from countenance.sources.iiif.presentation import Gathering, Malformed, Manifest, Painted, parse
from countenance.sources.names import locator_of, numbered
from countenance.sources.site.picture import picture_vetoes
from countenance.sources.source import Entry, Unlisted

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
MAX_DOCUMENTS = 20_000
MAX_DEPTH = 20
MAX_PICTURES = 200_000

# What is wrong with one document, and may be right with the next.
_WRONG = (Unreadable, Refused, Malformed)


class Fetch(Protocol):
    """
    Fetches one address of the web.

    Raises `Unreadable` with the reason if it is not to be had, `Refused` if it may not be asked
    for, and `Unavailable` if nobody answers.
    """

    def __call__(self, url: str, /, *, max_bytes: int) -> bytes: ...


class IiifReader:
    """
    Reads the pictures of the manifest or collection at `address`.

    `covers` says of a locator whether a grant covers it now; it is asked at each listing and again
    at each reading, before anything is asked for.
    """

    def __init__(self, address: str, *, fetch: Fetch, covers: Callable[[str], bool]) -> None:
        self._address = address
        self._fetch = fetch
        self._covers = covers
        self._lock = threading.Lock()
        self._known: dict[str, _Placed] | None = None

    def list(
        self,
        unlisted: Callable[[Unlisted], object],
        passed_over: Callable[[str], object],  # noqa: ARG002  all of a manifest are pictures
    ) -> Iterator[Entry]:
        """
        The pictures, manifest by manifest. `page` is where people look at one.

        A stamp is of what the manifest says of a picture: no image is asked for. Raises
        `Unavailable` if the address or a collection that it leads to cannot be read.
        """
        known: dict[str, _Placed] = {}
        for manifest in self._manifests(unlisted):
            for locator, placed in _by_locator(manifest):
                if len(known) >= MAX_PICTURES:
                    raise Unavailable(
                        f"{self._address}: more pictures than the {MAX_PICTURES:,} allowed"
                    )
                if self._covers(locator) and locator not in known:
                    known[locator] = placed
                    yield Entry(locator, _stamp(placed.picture), placed.page, placed.picture.words)
        with self._lock:
            self._known = known

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """
        The bytes of one picture, in the size that is enough.

        Raises `Unreadable` with the reason, a veto in the picture itself among them, and
        `Unavailable` if nobody answers.
        """
        if not self._covers(locator):
            raise Unreadable(Reason.NO_GRANT, f"{locator}: no grant in force covers it")
        placed = self._placed().get(locator)
        if placed is None:
            raise Unreadable(Reason.VANISHED, f"{locator}: it is in no manifest any more")
        try:
            data = self._image(placed.picture, max_bytes=max_bytes)
        except Unreadable as exc:
            raise Unreadable(exc.reason, f"{locator}: {exc.message}") from exc
        except Refused as exc:
            raise Unreadable(Reason.OUTSIDE, f"{locator}: {exc.message}") from exc
        for veto in picture_vetoes(data):
            raise Unreadable(Reason.VETO, f"{locator}: {veto}")
        return data

    def url(self, locator: str) -> str:
        """The address of the picture's manifest: its page stands beside it in the catalog."""
        scheme = urlsplit(self._address).scheme
        return f"{scheme}://{locator.rpartition('/')[0]}"

    # ----------------------------------------------------------------------------------------------

    def _placed(self) -> "dict[str, _Placed]":
        with self._lock:
            known = self._known
        if known is None:
            # Whoever only reads has listed nothing: what stands where is in the manifests.
            for _ in self.list(_ignored, _ignored):
                pass
            with self._lock:
                known = self._known or {}
        return known

    def _manifests(self, unlisted: Callable[[Unlisted], object]) -> Iterator[Manifest]:
        """All that the address leads to, each once, in the order of the collections."""
        waiting = [(self._address, 0, False)]
        seen: set[str] = set()
        while waiting:
            address, depth, is_manifest = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MAX_DOCUMENTS or depth > MAX_DEPTH:
                raise Unavailable(
                    f"{self._address}: more than {MAX_DOCUMENTS:,} documents, or more than "
                    f"{MAX_DEPTH} within one another"
                )
            try:
                found = parse(self._fetch(address, max_bytes=MAX_DOCUMENT_BYTES), address=address)
            except _WRONG as exc:
                said = exc.message if isinstance(exc, Unreadable | Refused) else str(exc)
                if not is_manifest:
                    raise Unavailable(f"{address}: it cannot be read: {said}") from exc
                unlisted(Unlisted(locator_of(_without_scheme(address)), said))
                continue
            if isinstance(found, Gathering):
                # The last that is put there is the first that is taken.
                waiting += [(one, depth + 1, False) for one in reversed(found.collections)]
                waiting += [(one, depth + 1, True) for one in reversed(found.manifests)]
            else:
                yield found

    def _image(self, picture: Painted, *, max_bytes: int) -> bytes:
        service = picture.service
        if service is None:
            if not picture.image:
                raise Unreadable(Reason.NOT_A_PICTURE, "the manifest says no address of it")
            return self._fetch(picture.image, max_bytes=max_bytes)
        try:
            said = self._fetch(f"{service.address}/info.json", max_bytes=MAX_DOCUMENT_BYTES)
            address = request(service, parse_info(said, service))
        except (Unreadable, Malformed) as exc:
            # Some services are files that somebody once made, and the manifest knows the one.
            if not picture.image or _is_not_allowed(exc):
                message = exc.message if isinstance(exc, Unreadable) else str(exc)
                reason = exc.reason if isinstance(exc, Unreadable) else Reason.DAMAGED
                raise Unreadable(reason, message) from exc
            address = picture.image
        return self._fetch(address, max_bytes=max_bytes)


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Placed:
    """A picture, and the page on which people look at it."""

    picture: Painted
    page: str


def _by_locator(manifest: Manifest) -> Iterator[tuple[str, _Placed]]:
    above = _without_scheme(manifest.address)
    seen: Counter[str] = Counter()
    for picture in manifest.pictures:
        canvas = urlsplit(picture.canvas).path.rstrip("/").rpartition("/")[2] or "canvas"
        locator = locator_of(f"{above}/{canvas}")
        seen[locator] += 1
        yield numbered(locator, seen[locator]), _Placed(picture, manifest.page)


def _without_scheme(address: str) -> str:
    return address.partition("://")[2].partition("#")[0].rstrip("/")


def _stamp(picture: Painted) -> str:
    where = picture.service.address if picture.service else picture.image
    return f"{picture.width}x{picture.height}:{where}"


def _is_not_allowed(exc: Exception) -> bool:
    return isinstance(exc, Unreadable) and exc.reason is Reason.NO_PERMISSION


def _ignored(_: object) -> None:
    """For a listing in which only what can be listed is wanted."""
