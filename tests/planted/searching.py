"""Plants in how often and by whom is searched (P7, P10, P32)."""

import pytest

from countenance.catalog import asked, sightings
from countenance.search import find
from tests.planted.plant import edit, instead, plant

LIMITS = "tests/integration/test_limits.py"
WALKS = "tests/integration/test_walks.py"
ENTRY = "_entry(asker, agreed if alone else {}, at=at)"


@plant(
    "P7",
    "Somebody is found without a look at whether they agreed to this purpose.",
    f"{WALKS}::test_not_found_is_one_answer_whatever_the_reason",
)
def find_without_the_gate(patch: pytest.MonkeyPatch) -> None:
    asked = "admitted(own, purposes=(asker.purpose,), at=at)"
    edit(patch, find.find, asked, "{one.person: one for one in own}")


@plant(
    "P7",
    "A search that was refused leaves no entry.",
    f"{WALKS}::test_every_search_is_in_the_log_with_who_asked_and_why",
)
def refused_search_not_logged(patch: pytest.MonkeyPatch) -> None:
    edit(patch, find.find, f"log.record(tx, {ENTRY})", f"alone and log.record(tx, {ENTRY})")


@plant(
    "P10",
    "Who declined is answered otherwise than who never enrolled.",
    f"{WALKS}::test_not_found_is_one_answer_whatever_the_reason",
)
def declined_is_told(patch: pytest.MonkeyPatch) -> None:
    nothing = "    return Found(who, None, who, ())"
    edit(patch, find.find, nothing, "    return Found(who, None, who if not known else '', ())")


@plant(
    "P10",
    "Who is enrolled and in no picture is answered with their id.",
    f"{WALKS}::test_not_found_is_one_answer_whatever_the_reason",
)
def enrolled_is_told(patch: pytest.MonkeyPatch) -> None:
    edit(patch, find.find, "if found.photos:", "if True:")


@plant(
    "P10",
    "Searches are not counted.",
    f"{LIMITS}::test_an_account_has_so_many_searches_an_hour",
)
def searches_not_counted(patch: pytest.MonkeyPatch) -> None:
    instead(patch, asked.add, "return None")


@plant(
    "P10",
    "Each program counts its own searches, and knows nothing of those of others.",
    f"{LIMITS}::test_two_programs_share_one_window",
)
def searches_counted_by_program(patch: pytest.MonkeyPatch) -> None:
    mine = "mine = tx.engine.__dict__.setdefault('mine', [])\n"
    since = "[at for one, at in mine if one == who and at > after]"
    instead(patch, asked.add, f"{mine}mine.append((who, at))")
    instead(patch, asked.count, f"{mine}return len({since})")
    newest = f"{mine}return next(iter(sorted({since}, reverse=True)[number - 1 :]), None)"
    instead(patch, asked.newest, newest)


@plant(
    "P32",
    "A search that was refused is logged with the name that was asked for.",
    f"{WALKS}::test_the_log_holds_ids_and_no_names",
)
def name_in_the_log(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        find.find,
        f"log.record(tx, {ENTRY})",
        f"from dataclasses import replace; log.record(tx, replace({ENTRY}, subjects=(who,)))",
    )


@plant(
    "P8",
    "What no grant covers is counted, though it is not shown.",
    f"{WALKS}::test_a_part_is_of_what_the_whole_would_show",
)
def ungranted_counted(patch: pytest.MonkeyPatch) -> None:
    edit(patch, sightings.seen, "_granted(tx, rows, at=at)", "rows")
