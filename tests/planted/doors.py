"""Plants in the doors of the pages, and in whom the desk lets in (P34)."""

import pytest

from countenance.library.accounts import Accounts
from countenance.library.signins import Caller, SignIns
from countenance.web import forms, rates, security
from countenance.web.account import session
from countenance.web.staff import guard, jobs, review
from tests.planted.plant import edit, instead, plant

DOORS = "tests/integration/web/test_doors.py"
DESK = "tests/integration/web/test_desk.py"
BASE = "tests/integration/web/test_base.py"
LIMITS = "tests/integration/web/test_limits.py"
ODD = "tests/integration/web/test_odd_files.py"
OTHERS = "tests/integration/web/test_others.py"


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
    f"{OTHERS}::test_what_is_anothers_is_as_if_it_were_not",
)
def review_of_what_was_not_given(patch: pytest.MonkeyPatch) -> None:
    edit(patch, review._do, "if not staff.may(", "if not which and not staff.may(")


@plant(
    "P34",
    "Who answers a question of others is told that it is not theirs: so there is one.",
    f"{OTHERS}::test_what_is_anothers_is_as_if_it_were_not",
)
def question_of_others_told(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        review._do,
        'raise NotFound(f"{which}: no such question")',
        "raise NotAllowed(frozenset({Right.REVIEW}))",
    )


@plant(
    "P34",
    "Who may answer may take a merge back.",
    f"{DESK}::test_every_route_against_every_role",
)
def undo_of_anything(patch: pytest.MonkeyPatch) -> None:
    edit(patch, review._take_back, "if not staff.may(right, *where)", "if not step")


@plant(
    "P34",
    "A form on the page of somebody else is taken.",
    f"{BASE}::test_no_route_is_taken_from_another_site",
)
def other_sites_are_heard(patch: pytest.MonkeyPatch) -> None:
    edit(patch, security._is_own, 'return site == "same-origin"', 'return site != "none"')


@plant(
    "P34",
    "What a page says of itself runs, whoever wrote it in.",
    f"{BASE}::test_every_route_is_closed",
)
def policy_is_open(patch: pytest.MonkeyPatch) -> None:
    name = "Content-Security-Policy"
    loose = security.POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
    patch.setattr(security, "HEADERS", {**security.HEADERS, name: loose})


@plant(
    "P34",
    "Who guesses links, codes and numbers may do so as often as they like.",
    f"{LIMITS}::test_who_asks_too_often_is_not_heard",
)
def guesses_not_counted(patch: pytest.MonkeyPatch) -> None:
    instead(patch, rates.Rates.take, "return None")


@plant(
    "P6",
    "A picture that somebody enrols from is written to a folder for temporary files.",
    f"{ODD}::test_odd_files_are_taken_or_answered",
)
def page_writes_pictures_down(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forms._Parts, "spool_max_size", 1)


@plant(
    "P34",
    "Of a step that there is not one is told so, who is not told of that of others.",
    f"{OTHERS}::test_what_is_anothers_is_as_if_it_were_not",
)
def step_of_nobody_told(patch: pytest.MonkeyPatch) -> None:
    edit(patch, review._take_back, "if which and not staff.may(Right.MERGE)", "if not which")


@plant(
    "P34",
    "Who has an account ends the session of another by its id.",
    f"{OTHERS}::test_what_is_anothers_is_as_if_it_were_not",
)
def session_of_others_ended(patch: pytest.MonkeyPatch) -> None:
    edit(patch, SignIns.end_session, "if which not in live", "if not which")


@plant(
    "P34",
    "Who has an account takes a passkey off another by its id.",
    f"{OTHERS}::test_what_is_anothers_is_as_if_it_were_not",
)
def passkey_of_others_ended(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Accounts.end_passkey, "if found.account != own.id", "if not which")


@plant(
    "P34",
    "The jobs over one's sources are told with the numbers of the sources of others.",
    f"{DESK}::test_jobs_are_seen_as_far_as_their_sources_are",
)
def jobs_tell_of_others(patch: pytest.MonkeyPatch) -> None:
    edit(patch, jobs._seen, "every or len(own) == len(job.sources)", "True")


@plant(
    "P34",
    "The files of others that could not be read are told with a job.",
    f"{DESK}::test_jobs_are_seen_as_far_as_their_sources_are",
)
def jobs_name_files_of_others(patch: pytest.MonkeyPatch) -> None:
    edit(patch, jobs._seen, "if every or one in theirs", "if job")


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
