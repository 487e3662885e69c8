"""
What a manifest or a collection says: IIIF Presentation 2.1 and 3.0, read from bytes and nothing
else (https://iiif.io/api/presentation/2.1/, https://iiif.io/api/presentation/3.0/).

Both versions come to the same: a manifest has pictures, a collection leads to more of either. Only
what is painted on a canvas is a picture; what is written about it (transcripts, comments) is not,
and neither are sound and film. A document may be wrong in one place and right in all others, so
what is not understood is left out, and only what is neither of the two is refused.

What is said of rights is kept as words. It is about copyright, and grants nothing.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin, urlsplit

MAX_WORDS = 2_000
"""Characters kept of what is said of one picture."""

_LEVEL = re.compile(r"level([012])")
_TAG = re.compile(r"<[^>]*>")
_PAINTING = frozenset({"painting", "sc:painting"})
_SERVICES = ("ImageService1", "ImageService2", "ImageService3")

Json = Mapping[str, object]


class Malformed(Exception):
    """What was fetched is no manifest and no collection, in words."""


@dataclass(frozen=True, slots=True)
class Service:
    """An image service: where it is, its version of the Image API, and its level if it says so."""

    address: str
    version: int = 2
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Painted:
    """
    One picture of a manifest.

    `canvas` is the address of what it is painted on, which need not lead anywhere. `image` is an
    address of the picture itself, or empty, and `service` what gives it in other sizes. `width` and
    `height` are in pixels, as the manifest says them, or 0.
    """

    canvas: str
    image: str
    service: Service | None
    width: int
    height: int
    words: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One work with its pictures. `page` is where people look at it, or the manifest itself."""

    address: str
    page: str
    pictures: tuple[Painted, ...]


@dataclass(frozen=True, slots=True)
class Gathering:
    """A collection, or one page of it: the addresses that it leads to, in its order."""

    address: str
    manifests: tuple[str, ...]
    collections: tuple[str, ...]


def parse(data: bytes, *, address: str) -> Manifest | Gathering:
    """
    What stands in a document that was fetched from `address`.

    Raises `Malformed` if that is neither a manifest nor a collection of version 2 or 3.
    """
    try:
        read = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise Malformed("it is no JSON") from exc
    if not isinstance(read, Mapping):
        raise Malformed("it is no manifest and no collection")
    match _type(read):
        case "Manifest":
            return _manifest_3(read, address)
        case "sc:Manifest":
            return _manifest_2(read, address)
        case "Collection" | "CollectionPage" | "sc:Collection":
            return _gathering(read, address)
        case other:
            raise Malformed(f"it is no manifest and no collection, but {other[:40]!r}")


# --------------------------------------------------------------------------------------------------


def _gathering(read: Json, address: str) -> Gathering:
    manifests, collections = [], []
    # `items` is of version 3, the others of 2; a page leads to the next, a collection to the first.
    for name in ("items", "manifests", "collections", "members"):
        for one in _things(read.get(name)):
            found = urljoin(address, _id(one))
            kind = _type(one) or {"manifests": "sc:Manifest", "collections": "sc:Collection"}.get(
                name, ""
            )
            if not _id(one):
                continue
            if kind.endswith("Manifest"):
                manifests.append(found)
            elif kind.endswith("Collection"):
                collections.append(found)
    for name in ("first", "next"):
        following = read.get(name)
        where = following if isinstance(following, str) else _id(_one(following))
        if where:
            collections.append(urljoin(address, where))
    return Gathering(address, tuple(dict.fromkeys(manifests)), tuple(dict.fromkeys(collections)))


def _manifest_3(read: Json, address: str) -> Manifest:
    about = [_text(read.get("label")), _text(read.get("summary")), *_rights_3(read)]
    pictures = []
    for canvas in _things(read.get("items")):
        words = _words([*about[:1], _text(canvas.get("label")), *about[1:]])
        for page in _things(canvas.get("items")):
            for annotation in _things(page.get("items")):
                if _PAINTING.isdisjoint(_strings(annotation.get("motivation"))):
                    continue
                body = _first_choice(_one(annotation.get("body")), "items")
                if _type(body) == "Image":
                    pictures.append(_painted(body, canvas, words, address))
    homepage = _address(_id(_one(read.get("homepage"))), address)
    return Manifest(address, homepage or address, tuple(pictures))


def _manifest_2(read: Json, address: str) -> Manifest:
    about = [_text(read.get("label")), _text(read.get("description")), *_rights_2(read)]
    pictures = []
    for sequence in _things(read.get("sequences")):
        for canvas in _things(sequence.get("canvases")):
            words = _words([*about[:1], _text(canvas.get("label")), *about[1:]])
            for annotation in _things(canvas.get("images")):
                body = _first_choice(_one(annotation.get("resource")), "default")
                if _type(body) in {"dctypes:Image", "Image", ""}:
                    pictures.append(_painted(body, canvas, words, address))
    related = read.get("related")
    where = related if isinstance(related, str) else _id(_one(related))
    return Manifest(address, _address(where, address) or address, tuple(pictures))


def _painted(body: Json, canvas: Json, words: str, address: str) -> Painted:
    return Painted(
        canvas=_address(_id(canvas), address),
        image=_address(_id(body), address),
        service=_service(body.get("service"), address),
        width=_number(body.get("width")) or _number(canvas.get("width")),
        height=_number(body.get("height")) or _number(canvas.get("height")),
        words=words,
    )


def _service(said: object, address: str) -> Service | None:
    """The newest image service among those of a body."""
    found = []
    for one in _things(said):
        kind, profile = _type(one), " ".join(_strings(one.get("profile")))
        context = " ".join(_strings(one.get("@context")))
        level = _LEVEL.search(profile)
        version = 2
        if kind in _SERVICES:
            version = _SERVICES.index(kind) + 1
        elif "image/3" in context:
            version = 3
        elif "image-api/1" in context or "image-api/1" in profile:
            version = 1
        elif not ("image" in context or "image" in profile or level):
            continue  # of something else: a login, a search
        if _id(one):
            where = _address(_id(one), address).rstrip("/")
            found.append(Service(where, version, int(level[1]) if level else None))
    return max(found, key=lambda one: one.version, default=None)


def _first_choice(body: Json, name: str) -> Json:
    """Of several pictures of the same, the first is what is shown."""
    if _type(body) in {"Choice", "oa:Choice"}:
        return _one(body.get(name))
    # A body may be a part of a picture: then what it is a part of says more.
    whole = body.get("full") or body.get("source")
    return _one(whole) if _type(body) in {"oa:SpecificResource", "SpecificResource"} else body


def _rights_3(read: Json) -> Iterator[str]:
    statement = _one(read.get("requiredStatement"))
    yield ": ".join(
        part for part in (_text(statement.get("label")), _text(statement.get("value"))) if part
    )
    yield _text(read.get("rights"))


def _rights_2(read: Json) -> Iterator[str]:
    yield _text(read.get("attribution"))
    yield _text(read.get("license"))


def _words(said: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(part for part in said if part))[:MAX_WORDS]


def _text(said: object) -> str:
    """
    What is said in one language, without marks: the first of those that there are.

    `"..."`, `["..."]`, `{"@value": "..."}` and lists of them in version 2; `{"en": ["..."]}` in 3.
    """
    if isinstance(said, str):
        return " ".join(unescape(_TAG.sub(" ", said)).split())
    if isinstance(said, Mapping):
        if "@value" in said:
            return _text(said["@value"])
        return _text(next(iter(said.values()), ""))
    if isinstance(said, list):
        return " ".join(part for part in map(_text, said[:20]) if part)
    return ""


def _type(one: Json) -> str:
    said = one.get("type") or one.get("@type") or ""
    return said if isinstance(said, str) else ""


def _id(one: Json) -> str:
    said = one.get("id") or one.get("@id") or ""
    return said if isinstance(said, str) else ""


def _address(said: str, base: str) -> str:
    """An address of the web, whole; or nothing."""
    try:
        joined = urljoin(base, said) if said else ""
        return joined if urlsplit(joined).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def _one(said: object) -> Json:
    return next(_things(said), {})


def _things(said: object) -> Iterator[Json]:
    """The objects in a list, or the one that stands there without a list."""
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, Mapping):
            yield one


def _strings(said: object) -> Iterator[str]:
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, str):
            yield one


def _number(said: object) -> int:
    return said if isinstance(said, int) and not isinstance(said, bool) and said > 0 else 0
