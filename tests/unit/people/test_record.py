"""A person's own record: as JSON-LD and as a page of words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.audit.note import parse_note, sign_note, verify_note
from countenance.core.canonical import Json, canonical_json, digest
from countenance.core.ids import ConsentId, DisclosureId, GuardianId, PersonId, PhotoId
from countenance.errors import UsageError
from countenance.gallery.bands import Band
from countenance.people.consent import Consent, ConsentEvent, ConsentState, EventKind
from countenance.people.guardians import AgeBand, Guardian, Role, Standing
from countenance.people.letter import LONGEST_LIST, in_words
from countenance.people.notice import LANGUAGES, Notice
from countenance.people.purpose import Purpose, Wish
from countenance.people.record import (
    CONTEXT,
    RECEIPT_PROFILE,
    RECORD_PROFILE,
    Appearance,
    Delivery,
    Look,
    No,
    Record,
    as_json_ld,
)
from tests.fakes.receipts import KEY, SIGNER

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
UNTIL = datetime(2027, 5, 1, tzinfo=UTC)
NOTICE = Notice("sv", "Du får här frågan.\n")
ADA = PersonId("p_1")
EVA = Guardian(GuardianId("u_1"), "Eva Berg", "mother")


def _event(kind: EventKind, day: int = 0, role: Role = Role.SELF) -> ConsentEvent:
    given = kind is EventKind.GIVEN
    return ConsentEvent(
        kind,
        AT + day * timedelta(days=1),
        "tester",
        until=UNTIL if given else None,
        notice=NOTICE.digest if given else None,
        language="sv" if given else "",
        evidence=digest(b"slip") if given else None,
        role=role,
        authority=EVA.id if role is Role.GUARDIAN else None,
    )


def _consent(wish: Wish, *events: ConsentEvent, which: str = "n_1") -> Consent:
    return Consent(ConsentId(which), ADA, wish, events)


RECORD = Record(
    library="l_0123456789abcdef",
    key=str(KEY),
    made_at=AT + timedelta(days=30),
    person=ADA,
    name="Ada",
    enrolled_at=AT,
    standing=Standing(AgeBand.CHILD),
    guardians=(EVA,),
    objections=(No(AT, Role.GUARDIAN, EVA.id),),
    consents=(
        _consent(Wish(Purpose.FIND_ME), _event(EventKind.GIVEN, role=Role.GUARDIAN)),
        _consent(
            Wish(Purpose.MAY_PUBLISH, "website"),
            _event(EventKind.GIVEN),
            _event(EventKind.WITHDRAWN, day=1),
            which="n_2",
        ),
    ),
    notices={NOTICE.digest: NOTICE},
    appearances=(Appearance(PhotoId("f_1"), "file:///gala/a.jpg", "gala", "candidate", "likely"),),
    deliveries=(
        Delivery(
            DisclosureId("x_1"),
            "The Paper",
            "desk@paper.example",
            PhotoId("f_1"),
            "website",
            AT,
            "acknowledged",
        ),
    ),
    looks=(Look(AT, "tester", "person.found", "staff-find"),),
)


# --- JSON-LD ------------------------------------------------------------------------------------


def _keys(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def test_the_head_and_the_profiles_are_those_of_the_guide() -> None:
    """A receipt that holds a record for each purpose, each of the profile for EU GDPR."""
    said = as_json_ld(RECORD)
    assert (said["@type"], said["dct:conformsTo"]) == ("dpv:ConsentReceipt", RECEIPT_PROFILE)
    records = said["dpv:hasRecordOfActivity"]
    assert isinstance(records, list)
    assert [(one["@type"], one["dct:conformsTo"]) for one in records] == [
        ("dpv:ConsentRecord", RECORD_PROFILE)
    ] * 2
    assert RECORD_PROFILE.endswith("dpv-27560#record-eu-gdpr")


def test_every_word_has_a_vocabulary() -> None:
    """Each key is JSON-LD's own, or stands under a prefix of the context."""
    said = as_json_ld(RECORD)
    keys = set(_keys({name: value for name, value in said.items() if name != "@context"}))
    prefixes = {key.partition(":")[0] for key in keys if not key.startswith("@")}
    assert prefixes <= set(CONTEXT)
    assert {"@id", "@type"} <= keys


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (_event(EventKind.GIVEN), "dpv:ConsentGiven"),
        (_event(EventKind.WITHDRAWN), "dpv:ConsentWithdrawn"),
        (_event(EventKind.EXPIRED, role=Role.SYSTEM), "dpv:ConsentExpired"),
        (_event(EventKind.OBJECTED), "dpv:ConsentWithdrawn"),
        (_event(EventKind.OBJECTED, role=Role.GUARDIAN), "dpv:ConsentTerminated"),
        (_event(EventKind.RECORDED, role=Role.ARCHIVE), "dpv:ConsentUnknown"),
    ],
)
def test_every_event_has_a_status_of_the_vocabulary(event: ConsentEvent, status: str) -> None:
    """Only `given` is one that permits anything; the event's own word stands beside it."""
    (told,) = _statuses(replace(RECORD, consents=(_consent(Wish(Purpose.FIND_ME), event),)))
    assert told["@type"][0] == status
    assert (told["countenance:kind"], told["countenance:role"]) == (event.kind, event.role)


def test_an_event_leads_to_notice_evidence_and_guardian() -> None:
    """By digest and id; the words of the notice stand in the record in full."""
    told = _statuses(RECORD)[0]
    assert told["dpv:hasNotice"] == {"@id": f"countenance:sha256/{NOTICE.digest}"}
    assert told["countenance:evidence"] == f"countenance:sha256/{digest(b'slip')}"
    assert told["countenance:authority"]["dct:title"] == "Eva Berg"
    assert told["dpv:isIndicatedBy"] == {"@id": "dpv:GuardianOfDataSubject"}
    (notice,) = json.loads(canonical_json(as_json_ld(RECORD)))["dpv:hasNotice"]
    assert (notice["dct:description"], notice["dct:language"]) == (NOTICE.text, "sv")


def test_a_face_print_is_named_only_where_one_is_made() -> None:
    """Special-category data and its legal basis, but for pictures that are only shown."""
    recognised, shown = json.loads(canonical_json(as_json_ld(RECORD)))["dpv:hasRecordOfActivity"]
    process = recognised["dpv:hasProcess"]
    assert {"@id": "pd:FacialPrint"} in process["dpv:hasPersonalData"]
    assert {"@id": "eu-gdpr:A9-2-a"} in process["dpv:hasLegalBasis"]
    assert shown["dpv:hasProcess"]["dpv:hasPersonalData"] == [{"@id": "pd:Picture"}]
    assert shown["countenance:state"] == "withdrawn"
    assert [one["dct:title"] for one in shown["dpv:hasProcess"]["dpv:hasRecipient"]] == [
        "The Paper"
    ]
    assert process["dpv:hasRecipient"] == []


def _statuses(record: Record) -> list[Mapping[str, Any]]:
    said = json.loads(canonical_json(as_json_ld(record)))
    records = said["dpv:hasRecordOfActivity"]
    return [status for one in records for status in one["dpv:hasConsentStatus"]]


# --- in words -----------------------------------------------------------------------------------


@pytest.mark.promise("P33")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_all_of_it(language: str) -> None:
    """What was agreed to, where they appear, who received what, who looked, how to stop."""
    text = in_words(RECORD, language)
    for told in (
        *("Ada", "website", "file:///gala/a.jpg", "The Paper", "desk@paper.example", "tester"),
        *("2026-05-01 12:00", "2027-04-30", f"person withdraw {ADA}", str(KEY)),
    ):
        assert told in text, told
    assert "2027-05-01" not in text  # exclusive: it is the day after


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_words_for_everything(language: str) -> None:
    """Every purpose, state, role and band, and what is not there."""
    kinds = list(EventKind)
    consents = tuple(
        _consent(Wish(purpose, _channel(purpose)), _event(kind, 0, role))
        for purpose in Purpose
        for kind in kinds
        for role in Role
    )
    bands = tuple(
        Appearance(PhotoId("f_1"), "a.jpg", "gala", "candidate", band.value) for band in Band
    )
    by_hand = tuple(Appearance(PhotoId("f_1"), "b.jpg", "gala", one) for one in ("confirmed",))
    text = in_words(replace(RECORD, consents=consents, appearances=(*bands, *by_hand)), language)
    assert "{" not in text
    late = replace(RECORD, made_at=UNTIL + timedelta(days=1))
    assert late.consents[0].state(late.made_at) is ConsentState.EXPIRED
    assert "2027-05-01" in in_words(late, language)
    empty = replace(RECORD, consents=(), appearances=(), deliveries=(), looks=(), objections=())
    assert in_words(empty, language).count({"en": "Nothing.", "sv": "Inget."}[language]) == 4


def _channel(purpose: Purpose) -> str:
    return "website" if purpose is Purpose.MAY_PUBLISH else ""


def test_the_two_languages_are_two() -> None:
    """There is no line of the one in the other, but for what the record fills in."""
    english, swedish = (set(in_words(RECORD, one).splitlines()) for one in ("en", "sv"))
    shared = {line for line in english & swedish if line}
    assert shared == {f"  {KEY}", f"    countenance person withdraw {ADA}"}


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(UsageError, match="en, sv"):
        in_words(RECORD, "de")


def test_a_long_list_is_counted() -> None:
    """A page stays a page: the rest is in the file beside it."""
    seen = [
        Appearance(PhotoId("f_1"), f"{number}.jpg", "gala", "confirmed") for number in range(1000)
    ]
    text = in_words(replace(RECORD, appearances=tuple(seen)), "en")
    assert f"and {1000 - LONGEST_LIST} more" in text
    assert len(text.splitlines()) < 100


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_the_page_can_be_signed_whatever_stands_in_a_name(name: str, place: str) -> None:
    """A name adds no line, and the signed page verifies with the library's key."""
    seen = Appearance(PhotoId("f_1"), place, "gala", "confirmed")
    text = in_words(replace(RECORD, name=name, appearances=(seen,)), "en")
    assert text.count("\n") == in_words(RECORD, "en").count("\n")
    note = sign_note(text, KEY.name, SIGNER)
    verify_note(parse_note(str(note)), KEY)
    assert parse_note(str(note)).text == text


def test_a_digest_is_no_name() -> None:
    """Notices are told in the order of their digests, so that the record has one form."""
    other = Notice("en", "You are asked.\n")
    both = {NOTICE.digest: NOTICE, other.digest: other}
    again = dict(reversed(both.items()))
    assert as_json_ld(replace(RECORD, notices=both)) == as_json_ld(replace(RECORD, notices=again))
    assert min(both) in str(as_json_ld(replace(RECORD, notices=both)))
