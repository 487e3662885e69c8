"""
XML of strangers, read as it comes: no document type, no entities, no tree in memory, and no more
depth than any format here has.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from countenance.errors import Reason, Unreadable

MAX_DEPTH = 32


class Reading(Protocol):
    """Who is told of each element when it ends."""

    def opened(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        """An element begins. `path` are the names from the root down to it, without namespaces."""

    def closed(self, path: Sequence[str], text: str) -> None:
        """It ends. `text` is what stands in it, below its last element, without blanks around."""


def read(data: bytes, reading: Reading, *, what: str, namespaces: bool = False) -> None:
    """
    Read a document, telling `reading` of each element.

    With `namespaces`, names are `{namespace}name`, and those of attributes as well. Raises
    `Unreadable`, saying that `what` is damaged, if it is not well-formed, defines entities or a
    document type, or is nested more than `MAX_DEPTH` deep.
    """
    import defusedxml  # type: ignore[import-untyped]  # noqa: PLC0415  # only where a site is read
    from defusedxml.ElementTree import XMLParser  # type: ignore[import-untyped]  # noqa: PLC0415

    parser = XMLParser(target=_Target(reading, what, namespaces=namespaces), forbid_dtd=True)
    try:
        parser.feed(data)
        parser.close()
    except (SyntaxError, ValueError, LookupError, defusedxml.DefusedXmlException) as exc:
        # ElementTree.ParseError is a SyntaxError; an encoding that Python lacks a LookupError.
        raise Unreadable(Reason.DAMAGED, f"{what} is no XML that can be read: {exc}") from exc


# --------------------------------------------------------------------------------------------------


class _Target:
    def __init__(self, reading: Reading, what: str, *, namespaces: bool) -> None:
        self._reading = reading
        self._what = what
        self._namespaces = namespaces
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._path.append(self._name(tag))
        if len(self._path) > MAX_DEPTH:
            raise Unreadable(Reason.DAMAGED, f"{self._what} is nested more than {MAX_DEPTH} deep")
        self._text.clear()
        self._reading.opened(
            self._path, {self._name(name): attributes[name] for name in attributes}
        )

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, _tag: str) -> None:
        self._reading.closed(self._path, "".join(self._text).strip())
        self._path.pop()
        self._text.clear()

    def close(self) -> None:
        """Nothing is left to do: whoever reads has been told."""

    def _name(self, tag: str) -> str:
        return tag if self._namespaces else tag.rpartition("}")[2].lower()
