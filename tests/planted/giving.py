"""Plants in giving pictures out (P1, P8)."""

import pytest

from countenance.publish import disclose, verdict
from tests.planted.plant import edit, plant

DISCLOSE = "tests/integration/test_disclose.py"


@plant(
    "P1",
    "A grant to match is taken for one to publish.",
    f"{DISCLOSE}::test_a_grant_to_match_is_none_to_publish",
)
def match_grant_publishes(patch: pytest.MonkeyPatch) -> None:
    edit(patch, disclose.granted, "GrantPurpose.PUBLISH", "GrantPurpose.MATCH")


@plant(
    "P8",
    "A consent to be shown in one channel counts in every other.",
    f"{DISCLOSE}::test_another_channel_is_not_this_one",
)
def another_channel_counts(patch: pytest.MonkeyPatch) -> None:
    edit(patch, verdict._agreed, "and one.wish == wish", "and one.wish.channel")


@plant(
    "P8",
    "A consent to be shown counts, in force or not.",
    f"{DISCLOSE}::test_consent_that_ended_gives_nothing",
)
def ended_consent_shows(patch: pytest.MonkeyPatch) -> None:
    edit(patch, verdict._agreed, "and one.in_force(at)", "")


@plant(
    "P8",
    "Who may be in a face answers for it, however unsure that is.",
    f"{DISCLOSE}::test_what_is_not_sure_is_confirmed_first",
)
def unsure_sighting_shows(patch: pytest.MonkeyPatch) -> None:
    edit(patch, verdict._ruling, "any((face, who) in sure for who in among)", "rests_on")


@plant(
    "P8",
    "A face of which nobody is known counts as a yes.",
    f"{DISCLOSE}::test_one_stranger_is_enough",
)
def stranger_shown(patch: pytest.MonkeyPatch) -> None:
    edit(patch, disclose._shown, "if without:", "if len(without) > len(photo.faces):")
