"""Plants in the doors of the pages, and in whom the desk lets in (P34)."""

import pytest

from countenance.library.signins import Caller
from countenance.web.account import session
from countenance.web.staff import guard, review
from tests.planted.plant import edit, instead, plant

DOORS = "tests/integration/web/test_doors.py"
DESK = "tests/integration/web/test_desk.py"


@plant(
    "P34",
    "Whoever is signed in sees the desk, whatever they are here.",
    f"{DESK}::test_every_route_against_every_role",
)
def desk_without_roles(patch: pytest.MonkeyPatch) -> None:
    instead(patch, guard._require, "return None")


@plant(
    "P34",
    "Who was given something somewhere is asked as if every page were about that.",
    f"{DESK}::test_every_route_against_every_role",
)
def desk_takes_given_for_all(patch: pytest.MonkeyPatch) -> None:
    instead(patch, guard._on, "return On(within=who.assigned)")


@plant(
    "P34",
    "People who are shown here come to the desk by what they may of themselves.",
    f"{DESK}::test_every_route_against_every_role",
)
def desk_for_people_shown(patch: pytest.MonkeyPatch) -> None:
    edit(patch, guard._require, "not who.roles & WORKING or", "")
    body = """
        found = original(library, about, which, who)
        return On(person=next(iter(who.people), ""), within=found.within)
    """
    instead(patch, guard._on, body)


@plant(
    "P34",
    "A reviewer answers questions of collections that they were not given.",
    f"{DESK}::test_every_route_against_every_role",
)
def review_of_what_was_not_given(patch: pytest.MonkeyPatch) -> None:
    edit(patch, review._do, "staff.require(Right.REVIEW, *library.lies_in(sighting=which))", "pass")


@plant(
    "P34",
    "Who may answer may take a merge back.",
    f"{DESK}::test_every_route_against_every_role",
)
def undo_of_anything(patch: pytest.MonkeyPatch) -> None:
    edit(patch, review._take_back, "staff.require(Right.MERGE)", "pass")


@plant(
    "P34",
    "Lists show what was given to others.",
    f"{DESK}::test_of_what_was_given_the_rest_is_not_listed",
)
def lists_show_everything(patch: pytest.MonkeyPatch) -> None:
    instead(patch, guard.Staff.may, "return True")


@plant(
    "P34",
    "What is done at the desk is done by whoever started the server.",
    f"{DESK}::test_what_is_done_at_the_desk_is_done_by_the_account",
)
def desk_acts_for_the_settings(patch: pytest.MonkeyPatch) -> None:
    instead(patch, guard.Staff.actor, "return ''")


@plant(
    "P34",
    "A script can read the cookie of a session.",
    f"{DOORS}::test_the_cookie_is_for_our_own_pages_alone",
)
def cookie_for_scripts(patch: pytest.MonkeyPatch) -> None:
    edit(patch, session._set, "httponly=True", "httponly=False")


@plant(
    "P34",
    "The cookie of a session comes along from other sites.",
    f"{DOORS}::test_the_cookie_is_for_our_own_pages_alone",
)
def cookie_from_anywhere(patch: pytest.MonkeyPatch) -> None:
    edit(patch, session._set, '"lax" if lax else "strict"', '"none"')


@plant(
    "P34",
    "Signing in leads to whatever address the link to it names.",
    f"{DOORS}::test_the_way_back_leads_nowhere_else",
)
def way_back_to_anywhere(patch: pytest.MonkeyPatch) -> None:
    instead(patch, session.way_back, "return said or otherwise")


@plant(
    "P34",
    "What a passkey signed for one browser lets another in.",
    f"{DOORS}::test_a_passkey_lets_in_the_browser_that_asked",
)
def browsers_are_all_one(patch: pytest.MonkeyPatch) -> None:
    edit(patch, session.caller_of, "browser=cookie(request, known_by)", "browser='any'")
    instead(patch, Caller.known_by, "return replace(self, browser='any')")
