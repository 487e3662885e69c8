"""Plants in what sites, pages and pictures say against being read (P1)."""

import pytest

from countenance.sources.site import (
    aitxt,
    directives,
    page,
    picture,
    preferences,
    robots,
    rsl,
    signals,
    tdmrep,
)
from countenance.sources.site.reader import SiteReader
from countenance.sources.site.robots import Robots
from countenance.sources.site.veto import Answer
from tests.planted.plant import edit, instead, plant

SITE = "tests/unit/sources/site"
VETOES = f"{SITE}/test_vetoes.py"
ROBOTS = f"{SITE}/test_robots.py"
PICTURE = f"{SITE}/test_picture.py"
PAGE = f"{SITE}/test_page.py"


@plant("P1", "robots.txt is read, and not kept to.", ROBOTS)
def robots_ignored(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Robots._may_fetch, "return True")


@plant("P1", "A group for a longer or shorter name than ours is taken for ours.", ROBOTS)
def robots_of_another_agent(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch, robots._rules_for, "token in agents\n", "any(token.startswith(a) for a in agents)\n"
    )


@plant(
    "P1",
    "A server that fails has no robots.txt.",
    f"{ROBOTS}::test_without_an_answer_everything_is_disallowed",
)
def failing_server_forbids_nothing(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Answer.is_absent, "return self.status is None or self.status >= 400")


@plant(
    "P1",
    "A byte order mark hides the first group.",
    f"{ROBOTS}::test_a_byte_order_mark_does_not_hide_the_first_line",
)
def mark_hides_a_group(patch: pytest.MonkeyPatch) -> None:
    edit(patch, robots._text, '"utf-8-sig"', '"utf-8"')


@plant(
    "P1",
    "The reservation of the first location holds, not that of the longest.",
    f"{VETOES}::test_the_longest_location_holds",
)
def any_location_holds(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        tdmrep.Reservations.vetoes,
        "if len(location) == longest",
        "if location == hits[0][0]",
    )


@plant(
    "P1",
    "A reservation that cannot be read reserves nothing.",
    f"{VETOES}::test_a_malformed_reservation_reserves_everything",
)
def malformed_reserves_nothing(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        tdmrep.read,
        'Reservations(closed=Veto(SIGNAL, WHERE, "malformed"))',
        "Reservations()",
    )


@plant(
    "P1",
    "A grant of mining lifts what robots.txt says too.",
    f"{VETOES}::test_tdm_authorised_lifts_the_reservation_and_nothing_else",
)
def authorised_lifts_all(patch: pytest.MonkeyPatch) -> None:
    body = """
        return () if asking.tdm_authorised else original(self, url, asking)
    """
    instead(patch, signals.HostSignals.vetoes, body)


@plant(
    "P1", "Headers are judged as if they spoke to others.", f"{VETOES}::test_headers_that_forbid"
)
def header_for_us_unheard(patch: pytest.MonkeyPatch) -> None:
    edit(patch, directives._for_agent, 'in {token, "*"}', 'in {"*"}')


@plant(
    "P1", "What follows another agent's name is left to it.", f"{VETOES}::test_headers_that_forbid"
)
def joined_headers_of_another(patch: pytest.MonkeyPatch) -> None:
    body = """
        return "" if value.startswith("otherbot: nofollow,") else original(value, token)
    """
    instead(patch, directives._for_agent, body)


@plant(
    "P1",
    "What may be used until a day is kept beyond it.",
    f"{VETOES}::test_an_end_forbids_before_it_comes",
)
def end_not_kept(patch: pytest.MonkeyPatch) -> None:
    edit(patch, directives._said, "_DATE.findall(text)", "()")


@plant(
    "P1",
    "A page's licence is asked about the page alone, not about the pictures on it.",
    "tests/integration/test_sites.py::test_a_licence_in_a_page_may_be_of_one_picture",
)
def licence_of_the_page_alone(patch: pytest.MonkeyPatch) -> None:
    edit(patch, SiteReader._page, "_against(licences, one.url)", "_against(licences, fetched.url)")


@plant("P1", "A denied use says nothing.", VETOES, ROBOTS)
def denied_use_allowed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, preferences._denied, "not in _YES", "== '?'")


@plant(
    "P1",
    "A licence that cannot be read forbids nothing.",
    f"{VETOES}::test_a_licence_that_cannot_be_read_forbids",
)
def unreadable_licence_ignored(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        rsl.parse,
        "Licence(where, closed=Veto(SIGNAL, where, exc.message))",
        "Licence(where)",
    )


@plant("P1", "A payment is not seen.", f"{VETOES}::test_licences_that_forbid")
def payment_not_seen(patch: pytest.MonkeyPatch) -> None:
    edit(patch, rsl._Terms.opened, "self._kinds[name] not in _FREE", "False")


@plant("P1", "ai.txt is heeded only where it names us.", f"{VETOES}::test_ai_txt_that_forbids")
def ai_txt_for_others(patch: pytest.MonkeyPatch) -> None:
    edit(patch, aitxt._denied, '{"*", token}', "{token}")


@plant("P1", "A picture that search engines alone may index is compared.", PICTURE)
def except_search_engines_allowed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, picture.xmp_vetoes, "not in _SILENT", "not in _SILENT and 'EXCEPT' not in value")


@plant("P1", "A constrained use is taken for an allowed one.", f"{PICTURE}::test_assertions")
def constrained_is_allowed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, picture.assertion_vetoes, 'use.lower() != "allowed"', 'use.lower() == "notallowed"')


@plant(
    "P1",
    "Links that the grant does not cover are followed.",
    f"{PAGE}::test_links_are_followed_within_the_grant",
)
def links_leave_the_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, page._Found._look_at_link, "and self.covers(url)", "")


@plant(
    "P1",
    "Links are followed that are not to be.",
    f"{PAGE}::test_links_are_followed_within_the_grant",
)
def nofollow_followed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, page._Found._look_at_link, 'if "nofollow" in', 'if "nofollow!" in')
