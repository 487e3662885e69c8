"""Plants in what consents are worth, and how they are given and ended (P13 to P18)."""

from textwrap import dedent, indent

import click
import pytest

from countenance.catalog import evidence, guardians, instant, notices
from countenance.cli import withdraw as cli_withdraw
from countenance.erasure import expire, objection
from countenance.people import consent
from countenance.search import byhand
from tests.planted.plant import edit, instead, plant

CONSENT = "tests/integration/test_consent.py"
STATE = "tests/unit/people/test_consent.py"


@plant(
    "P13",
    "A consent is still in force at the instant at which it ends.",
    f"{STATE}::test_the_end_is_the_first_instant_without",
)
def end_counted_in(patch: pytest.MonkeyPatch) -> None:
    edit(patch, consent.state_of, "at < last.until", "at <= last.until")


@plant(
    "P13",
    "The first thing that was said decides, and not the last.",
    f"{STATE}::test_the_state_follows_from_events_and_time",
)
def first_event_decides(patch: pytest.MonkeyPatch) -> None:
    edit(patch, consent.state_of, "last = events[-1]", "last = events[0]")


@plant(
    "P14",
    "What was agreed to before an objection is in force again when it is lifted.",
    f"{CONSENT}::test_only_who_objected_takes_it_back_and_nothing_revives",
)
def lifting_revives(patch: pytest.MonkeyPatch) -> None:
    body = """
        from sqlalchemy import delete, select
        from countenance.catalog.tables import consent, consent_event
        who = tx.execute(select(objection.c.person_id).where(objection.c.id == which)).scalar()
        own = select(consent.c.id).where(consent.c.person_id == who)
        tx.execute(delete(consent_event).where(
            consent_event.c.consent_id.in_(own), consent_event.c.kind == "objected"
        ))
        original(tx, which, at=at)
    """
    instead(patch, guardians.lift, body)


@plant(
    "P14",
    "An expiry that was written down is forgotten when the clock says an earlier time.",
    f"{STATE}::test_the_state_follows_from_events_and_time",
)
def expiry_not_latched(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        consent.state_of,
        "if not events:",
        "events = [one for one in events if one.kind is not EventKind.EXPIRED]\n    if not events:",
    )


@plant(
    "P14",
    "Nobody writes down that a consent expired.",
    f"{CONSENT}::test_an_expiry_is_written_down_and_takes_what_rested_on_it",
)
def expiry_not_swept(patch: pytest.MonkeyPatch) -> None:
    instead(patch, expire.expire, "return ()")


@plant(
    "P15",
    "The time is that of the clock on the wall, however far it was set back.",
    f"{CONSENT}::test_a_clock_set_back_revives_nothing",
)
def time_of_the_wall_clock(patch: pytest.MonkeyPatch) -> None:
    instead(patch, instant.present, "return clock.now()")


@plant(
    "P15",
    "The latest instant is known to the program that saw it, and to no other.",
    f"{CONSENT}::test_a_clock_set_back_revives_nothing_in_another_program",
)
def latest_instant_not_kept(patch: pytest.MonkeyPatch) -> None:
    edit(patch, instant.present, "tx.execute(update(library).values(latest=now))", "pass")


@plant(
    "P16",
    "Whoever withdraws must say why.",
    "tests/unit/cli/test_steps.py",
)
def withdrawing_asks_why(patch: pytest.MonkeyPatch) -> None:
    reason = click.Option(["--reason"], required=True)
    asked = cli_withdraw.withdraw
    patch.setattr(asked, "params", [*asked.params, reason])


@plant(
    "P17",
    "A notice whose words were changed is taken for the one that was shown.",
    f"{CONSENT}::test_every_consent_leads_to_the_words_it_was_given_under",
)
def changed_notice_believed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, notices.kept, " if digest(one.text.encode()) == which", "")


@plant(
    "P17",
    "Evidence that was damaged is taken for what was given.",
    f"{CONSENT}::test_evidence_is_kept_and_verifies",
)
def damaged_evidence_believed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, evidence.prove, "return Proof.DAMAGED", "return Proof.KEPT")


@plant(
    "P18",
    "Nobody can be put into a face by hand where the model may not look.",
    f"{CONSENT}::test_by_hand_somebody_is_found_without_the_model",
)
def by_hand_needs_the_model(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        byhand.require,
        "if where.minors and",
        "if not where.recognises:\n        raise Refused('it is off')\n    if where.minors and",
    )


@plant(
    "P18",
    "What is said by hand goes past consent, grant and roster.",
    f"{CONSENT}::test_by_hand_goes_through_the_same_gate",
)
def by_hand_without_the_gate(patch: pytest.MonkeyPatch) -> None:
    instead(patch, byhand.require, "return None")


@plant(
    "P14",
    "An expiry is written down, and opens no case: what rested on the consent stays.",
    f"{CONSENT}::test_an_expiry_is_written_down_and_takes_what_rested_on_it",
)
def expiry_opens_no_case(patch: pytest.MonkeyPatch) -> None:
    ending = (
        "ending = end(tx, person, ended, how, trigger=Trigger.EXPIRED)\n"
        "            opened.append(ending.erasure)\n"
        "            rests_on = tuple(one.id for one in ending.ended)"
    )
    instead_of_it = (
        "[people.add_event(tx, who, x.wish, how) for x in ended]\n"
        "            rests_on = tuple(one.id for one in ended)"
    )
    edit(patch, expire.expire, ending, instead_of_it)


@plant(
    "P14",
    "An objection opens a case of nothing: what rested on the consents stays.",
    f"{CONSENT}::test_one_objection_wins",
)
def objection_opens_no_case(patch: pytest.MonkeyPatch) -> None:
    body = """
        from countenance.catalog import erasures, sightings
        from countenance.catalog.endings import Ending
        for one in live:
            people.add_event(tx, person.id, one.wish, how)
        case = erasures.open_case(tx, erasures.Wanted(Trigger.OBJECTED, person=person.id), at=at)
        ending = Ending(case, (), (), sightings.count_of(tx, person.id), False)
    """
    ending = "ending = end(tx, person, live, how, trigger=Trigger.OBJECTED)"
    indented = indent(dedent(body).strip(), " " * 4).strip()
    edit(patch, objection._object, ending, indented)
