"""
Who may speak for whom: rules, as data.

A child's consent is given by a guardian, and a teen's or an adult's by themselves. Whoever gave it,
the person's own objection always wins, and so does that of any guardian of somebody under age: one
objection weighs more than any number of consents. After the Protection of Freedoms Act 2012, s. 26
(any parent's objection, the child's own refusal at any age), and GDPR Art. 7 and 8.

An age is a band that somebody declared, a roster says or a document showed. It is never estimated
from a face.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from countenance.core.ids import GuardianId
from countenance.errors import Refused, UsageError

DEFAULT_HISTORICAL_YEARS = 10
"""Full years since a death before a record takes the place of consent."""


class Role(StrEnum):
    """In what capacity somebody speaks. The value is the word in the CLI and the database."""

    SELF = "self"
    GUARDIAN = "guardian"
    DESCENDANT = "descendant"
    ARCHIVE = "archive"
    SYSTEM = "system"


class AgeBand(StrEnum):
    """Which rules hold for a person. `HISTORICAL`: no longer living, enrolled from a source."""

    CHILD = "child"
    TEEN = "teen"
    ADULT = "adult"
    HISTORICAL = "historical"


class AgeSource(StrEnum):
    """Where the band comes from."""

    DECLARED = "declared"
    ROSTER = "roster"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What decides whose rules hold for a person: the age band, and where it comes from.

    Of a person no longer living, `died` is the year and `record` the source that says who they
    were.
    """

    band: AgeBand = AgeBand.ADULT
    source: AgeSource = AgeSource.DECLARED
    died: int | None = None
    record: str = ""


@dataclass(frozen=True, slots=True)
class Guardian:
    """Somebody who may speak for a person, and how they are related (`mother`, `trustee`)."""

    id: GuardianId
    name: str
    relation: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Who, for a person of one band, gives, and whose objection counts."""

    gives: Role
    objects: frozenset[Role]


RULES: Mapping[AgeBand, Rule] = {
    AgeBand.CHILD: Rule(Role.GUARDIAN, frozenset({Role.SELF, Role.GUARDIAN})),
    AgeBand.TEEN: Rule(Role.SELF, frozenset({Role.SELF, Role.GUARDIAN})),
    AgeBand.ADULT: Rule(Role.SELF, frozenset({Role.SELF})),
    AgeBand.HISTORICAL: Rule(Role.ARCHIVE, frozenset({Role.DESCENDANT})),
}


def giver(band: AgeBand, guardians: Collection[Guardian]) -> Role:
    """
    In what capacity a consent for a person of `band` is given.

    Raises `Refused` if it takes a guardian and there is none.
    """
    role = RULES[band].gives
    if role is Role.GUARDIAN and not guardians:
        raise Refused(
            "a child's consent is given by a guardian",
            hint="for example --guardian 'Eva Berg' --guardian-relation mother",
        )
    return role


def check_record(standing: Standing, *, year: int, years: int) -> None:
    """
    Make sure that somebody of the band `HISTORICAL` may be enrolled from a record in `year`.

    Of the year of a death only the end is sure, so full `years` have passed in the year after.
    Raises `UsageError` if no year of death or no source is said, and `Refused` if it is too soon.
    """
    if standing.died is None or not standing.record.strip():
        raise UsageError(
            "somebody no longer living is enrolled from a source that says who they were",
            hint="for example --historical --died 1931 --source 'parish register of Lund, 1931'",
        )
    if year - standing.died <= years:
        raise Refused(
            f"died {standing.died}: a record takes the place of consent after {years} full years",
            hint="the setting `historical_years` says how many",
        )


def objector(band: AgeBand, guardians: Collection[Guardian], by: str) -> Role:
    """
    In what capacity `by`, a guardian's name or id or else the empty string, objects.

    For a person no longer living, `by` is a descendant, whoever that is. Raises `UsageError` if
    nobody is named where somebody must be, and `Refused` if `by` may not object.
    """
    may = RULES[band].objects
    if Role.DESCENDANT in may:
        if not by.strip():
            raise UsageError("a descendant objects: say who", hint="--by NAME")
        return Role.DESCENDANT
    if not by:
        return Role.SELF
    if Role.GUARDIAN in may and any(by in (one.id, one.name) for one in guardians):
        return Role.GUARDIAN
    raise Refused(f"{by}: may not object for a person of the band {band}")
