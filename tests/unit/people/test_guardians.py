"""Guardians: who may speak for whom, rule by rule."""

import pytest

from countenance.core.ids import GuardianId
from countenance.errors import Refused, UsageError
from countenance.people.guardians import (
    RULES,
    AgeBand,
    Guardian,
    Role,
    Standing,
    check_record,
    giver,
    objector,
)

EVA = Guardian(GuardianId("u_eva"), "Eva", "mother")


def test_there_is_a_rule_for_every_band() -> None:
    """No band is without rules, and in each there is somebody whose objection counts."""
    assert set(RULES) == set(AgeBand)
    assert all(rule.objects for rule in RULES.values())


@pytest.mark.promise("P13")
@pytest.mark.parametrize(
    ("band", "guardians", "expected"),
    [
        (AgeBand.CHILD, [EVA], Role.GUARDIAN),
        (AgeBand.CHILD, [], None),
        (AgeBand.TEEN, [EVA], Role.SELF),
        (AgeBand.TEEN, [], Role.SELF),
        (AgeBand.ADULT, [], Role.SELF),
        (AgeBand.HISTORICAL, [], Role.ARCHIVE),
    ],
)
def test_who_gives(band: AgeBand, guardians: list[Guardian], expected: Role | None) -> None:
    """A guardian for a child, and none for anybody older."""
    if expected is None:
        with pytest.raises(Refused, match="given by a guardian"):
            giver(band, guardians)
    else:
        assert giver(band, guardians) is expected


@pytest.mark.promise("P14")
@pytest.mark.parametrize(
    ("band", "by", "expected"),
    [
        (AgeBand.CHILD, "", Role.SELF),
        (AgeBand.CHILD, "Eva", Role.GUARDIAN),
        (AgeBand.CHILD, "u_eva", Role.GUARDIAN),
        (AgeBand.CHILD, "Bo", Refused),
        (AgeBand.TEEN, "", Role.SELF),
        (AgeBand.TEEN, "Eva", Role.GUARDIAN),
        (AgeBand.ADULT, "", Role.SELF),
        (AgeBand.ADULT, "Eva", Refused),
        (AgeBand.HISTORICAL, "a grandchild", Role.DESCENDANT),
        (AgeBand.HISTORICAL, " ", UsageError),
    ],
)
def test_who_objects(band: AgeBand, by: str, expected: Role | type[Exception]) -> None:
    """Themselves always while they live, a guardian while they are under age, then descendants."""
    if isinstance(expected, Role):
        assert objector(band, [EVA], by) is expected
    else:
        with pytest.raises(expected):
            objector(band, [EVA], by)


@pytest.mark.parametrize(
    ("died", "record", "error"),
    [
        (2015, "a register", None),
        (1900, "a register", None),
        (2016, "a register", Refused),
        (2026, "a register", Refused),
        (2030, "a register", Refused),
        (None, "a register", UsageError),
        (1900, " ", UsageError),
    ],
)
def test_a_record_takes_ten_full_years(
    died: int | None, record: str, error: type[Exception] | None
) -> None:
    """Counted from the end of the year of the death, and never without a source."""
    standing = Standing(AgeBand.HISTORICAL, died=died, record=record)
    if error is None:
        check_record(standing, year=2026, years=10)
    else:
        with pytest.raises(error):
            check_record(standing, year=2026, years=10)
