"""Who asks, and why. A search without the two does not exist (P7)."""

from dataclasses import dataclass

from countenance.errors import UsageError
from countenance.people.purpose import SEARCHING, Purpose


@dataclass(frozen=True, slots=True)
class Asker:
    """
    `actor` is who asks, `purpose` what they ask for: one of `people.purpose.SEARCHING`.

    Raises `UsageError` if nobody asks, or for what no search is asked for.
    """

    actor: str
    purpose: Purpose

    def __post_init__(self) -> None:
        if not self.actor.strip():
            raise UsageError("a search needs somebody who asks", hint="set the setting `actor`")
        if self.purpose not in SEARCHING:
            raise UsageError(f"{self.purpose}: not a purpose that a search can be asked under")
