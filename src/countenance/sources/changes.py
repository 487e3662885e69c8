"""What changed at a source since it was listed last."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from countenance.sources.source import Entry, Unlisted


@dataclass(frozen=True, slots=True)
class Changes:
    """
    A listing compared with the one before.

    `new` was not known, `changed` was known with another stamp, both in the listing's order.
    `vanished` are the locators that were known and are gone, sorted. Nothing is in two of them.
    """

    new: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    vanished: tuple[str, ...]


def compare(
    listed: Iterable[Entry], known: Mapping[str, str], *, unlisted: Iterable[Unlisted] = ()
) -> Changes:
    """
    What `listed` has that `known`, stamps by locator, has not, and the other way round.

    `unlisted` is looked at when `listed` has been read to its end, so it may be the list that the
    reader is still adding to. What lies in such a part has not vanished: nobody could look.
    """
    new: list[Entry] = []
    changed: list[Entry] = []
    missing = set(known)
    for entry in listed:
        missing.discard(entry.locator)
        stamp = known.get(entry.locator)
        if stamp is None:
            new.append(entry)
        elif stamp != entry.stamp:
            changed.append(entry)
    hidden = {part.locator for part in unlisted}
    vanished = (locator for locator in missing if hidden.isdisjoint(_with_folders(locator)))
    return Changes(tuple(new), tuple(changed), tuple(sorted(vanished)))


# --------------------------------------------------------------------------------------------------


def _with_folders(locator: str) -> set[str]:
    """`locator` and every folder above it: `a/b/c` is in `a/b` and in `a`."""
    names = locator.split("/")
    return {"/".join(names[:depth]) for depth in range(1, len(names) + 1)}
