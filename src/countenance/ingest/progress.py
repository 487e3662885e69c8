"""Progress of long work: what a caller may show while it waits."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Step:
    """
    `done` of `total` items of `what`, a plural noun, are done; `skipped` without result.

    Of no total nobody knows yet how many there are.
    """

    what: str
    done: int
    total: int | None
    skipped: int = 0


class Progress(Protocol):
    """Told of each step. It must return quickly, and what it raises ends the work."""

    def __call__(self, step: Step, /) -> None: ...


def silent(_step: Step, /) -> None:
    """Shows nothing."""
