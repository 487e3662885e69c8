"""Listing: what a source holds now, against what it held before, written down as a plan."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from countenance.catalog import items
from countenance.core.ids import SourceId
from countenance.sources.changes import Changes
from countenance.sources.source import Unlisted


@dataclass(frozen=True, slots=True)
class Scanned:
    """
    A source, listed: what changed, which parts could not be listed, and the locators of the files
    that are no pictures by their names.
    """

    changes: Changes
    unlisted: tuple[Unlisted, ...]
    passed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """How many locators of a source are new, changed and vanished since the last listing."""

    new: int = 0
    changed: int = 0
    vanished: int = 0

    def __add__(self, other: "Listed") -> "Listed":
        return Listed(
            self.new + other.new, self.changed + other.changed, self.vanished + other.vanished
        )


def write_plan(tx: Connection, source: SourceId, changes: Changes, *, at: datetime) -> Listed:
    """Put what changed at `source` on the list of work, in one transaction with its caller."""
    items.put_new(tx, source, changes.new, at=at)
    items.put_changed(tx, source, changes.changed, at=at)
    items.put_vanished(tx, source, changes.vanished, at=at)
    return Listed(len(changes.new), len(changes.changed), len(changes.vanished))
