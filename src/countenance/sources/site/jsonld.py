"""
What a page says of its pictures in JSON-LD, with the words of schema.org: `ImageObject`,
`Photograph`, `VideoObject`, wherever in its graphs they stand.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_NODES = 20_000

_IMAGES = frozenset({"ImageObject", "Photograph", "ImageObjectSnapshot"})
_FILMS = frozenset({"VideoObject"})
# Properties of other things whose value is a picture, or its address.
_DEPICTING = frozenset({"image", "photo", "primaryImageOfPage", "associatedMedia"})


@dataclass(frozen=True, slots=True)
class Described:
    """One picture or film. Any of it but `address`, which is as it stands there, may be empty."""

    address: str
    words: str = ""
    creator: str = ""
    licence: str = ""
    is_film: bool = False


def read(text: str) -> tuple[Described, ...]:
    """The pictures and films in one script. What is no JSON has none."""
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    return tuple(_found(root))


# --------------------------------------------------------------------------------------------------


def _found(root: object) -> Iterator[Described]:
    waiting = [root]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
        elif isinstance(node, dict):
            kinds = _kinds(node)
            if kinds & (_IMAGES | _FILMS):
                yield from _described(node, is_film=bool(kinds & _FILMS))
            for name in _DEPICTING & node.keys():
                yield from _plain(node[name])
            waiting.extend(reversed(node.values()))


def _kinds(node: dict[str, object]) -> set[str]:
    said = node.get("@type")
    each = said if isinstance(said, list) else [said]
    return {kind.rpartition("/")[2] for kind in each if isinstance(kind, str)}


def _described(node: dict[str, object], *, is_film: bool) -> Iterator[Described]:
    address = _first(node, _text, "contentUrl") or ("" if is_film else _first(node, _text, "url"))
    if address:
        words = dict.fromkeys(
            part
            for name in ("name", "headline", "caption", "description")
            if (part := _text(node.get(name)))
        )
        yield Described(
            address,
            " · ".join(words),
            _first(node, _text, "creator", "author", "creditText", "copyrightNotice"),
            _first(node, _text, "license", "acquireLicensePage"),
            is_film,
        )


def _plain(value: object) -> Iterator[Described]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and one:
            yield Described(one)


def _first(node: dict[str, object], read_one: Callable[[object], str], *names: str) -> str:
    return next((text for name in names if (text := read_one(node.get(name)))), "")


def _text(value: object) -> str:
    """Words, or the name of the thing, or the first of a list."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = value.get("name") or value.get("url") or value.get("@id") or ""
        else:
            break
    return " ".join(value.split()) if isinstance(value, str) else ""
