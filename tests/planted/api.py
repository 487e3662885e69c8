"""Plants in the API for programs: whom it lets in, and as whom it asks (P7, P34)."""

import pytest

from countenance.api import gate, jobs, publications
from tests.planted.plant import edit, instead, plant

GATE = "tests/integration/api/test_gate.py"


@plant(
    "P34",
    "Whoever has a session at the pages has one at the API: a page elsewhere could ask for them.",
    f"{GATE}::test_no_cookie_is_accepted",
)
def api_takes_cookies(patch: pytest.MonkeyPatch) -> None:
    body = """
        return original(request) or next(iter(request.cookies.values()), "")
    """
    instead(patch, gate.bearer, body)
    edit(
        patch,
        gate._known,
        "library.identity_of_token(token)",
        "library.identity_of_token(token) or library.identity(token)",
    )


@plant(
    "P34",
    "A token that is good lets in to everything, whatever its scopes and its account.",
    f"{GATE}::test_every_route_against_every_role",
    f"{GATE}::test_a_token_does_what_its_scopes_say",
)
def api_without_roles(patch: pytest.MonkeyPatch) -> None:
    instead(patch, gate._require, "return None")


@plant(
    "P34",
    "Who was given something somewhere is asked as if every route were about that.",
    f"{GATE}::test_two_accounts_try_each_others_ids",
)
def api_takes_given_for_all(patch: pytest.MonkeyPatch) -> None:
    instead(patch, gate._on, "return On(within=who.assigned)")


@plant(
    "P34",
    "People who are shown here come to the API by what they may of themselves.",
    f"{GATE}::test_every_route_against_every_role",
)
def api_for_people_shown(patch: pytest.MonkeyPatch) -> None:
    edit(patch, gate._require, "and who.roles & WORKING", "")


@plant(
    "P34",
    "The lists of the API show what was given to others.",
    f"{GATE}::test_of_what_was_given_the_rest_is_not_listed",
)
def api_lists_show_everything(patch: pytest.MonkeyPatch) -> None:
    instead(patch, gate.Caller.may, "return True")


@plant(
    "P7",
    "What programs ask is asked by whoever started the server.",
    f"{GATE}::test_what_is_asked_is_asked_by_the_account",
)
def api_acts_for_the_settings(patch: pytest.MonkeyPatch) -> None:
    instead(patch, gate.Caller.actor, "return ''")


@plant(
    "P34",
    "A check proposes photos of sources that were given to others.",
    f"{GATE}::test_no_photo_of_others_is_proposed",
)
def api_proposes_any_photo(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        publications.CheckShown.of,
        "caller.may(Right.PUBLISH, *library.lies_in(one))",
        "True",
    )


@plant(
    "P34",
    "Who sees one source of a job reads in the API what it did in another.",
    f"{GATE}::test_a_job_over_anothers_source_too_is_not_theirs",
)
def api_jobs_in_part_are_whole(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch, jobs._theirs, "theirs.issuperset(one.sources)", "not theirs.isdisjoint(one.sources)"
    )
