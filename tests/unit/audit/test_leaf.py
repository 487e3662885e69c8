"""Leaves: what an entry is hashed from, and what is left of it when it is redacted."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from countenance.audit.entry import Act, Entry
from countenance.audit.leaf import new_salt, read_payload, salted, write_payload
from countenance.errors import UsageError, VerificationError
from tests.fakes.clock import START

ENTRY = Entry(
    Act.FOUND, START + timedelta(microseconds=5), "Åsa", "find-me", ("p_1", "p_2"), ("n_1",)
)
PAYLOAD = (
    '{"act":"person.found","actor":"Åsa","at":"2026-05-01T12:00:00.000005Z","purpose":"find-me",'
    '"rests_on":["n_1"],"subjects":["p_1","p_2"]}'
)


def test_a_payload_is_canonical_and_comes_back() -> None:
    """The bytes that are hashed are the ones that the format's page describes."""
    assert write_payload(ENTRY) == PAYLOAD
    assert read_payload(PAYLOAD) == ENTRY


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
MANY = st.lists(TEXTS, max_size=3).map(tuple)
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.builds(
        Entry,
        act=st.sampled_from(Act),
        at=st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29), timezones=ZONES),  # noqa: DTZ001  bounds are without a zone
        actor=TEXTS,
        purpose=TEXTS,
        subjects=MANY,
        rests_on=MANY,
    )
)
def test_a_payload_is_what_any_writer_of_canonical_json_makes(entry: Entry) -> None:
    """Whatever an entry says, control characters and quotes included; and it comes back."""
    said = {
        "act": entry.act.value,
        "actor": entry.actor,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "purpose": entry.purpose,
        "rests_on": list(entry.rests_on),
        "subjects": list(entry.subjects),
    }
    assert write_payload(entry).encode() == rfc8785.dumps(said)
    assert read_payload(write_payload(entry)) == entry


def test_a_leaf_binds_payload_salt_and_place() -> None:
    """Any of the three changed gives another leaf; and it is what the format's page says."""
    salt = bytes(range(32))
    committed = hashlib.sha256(PAYLOAD.encode() + salt + bytes(7) + b"\x03").digest()
    leaf = salted(PAYLOAD, salt, 3)
    assert leaf == hashlib.sha256(b"\x00" + committed).digest()
    others = (salted(PAYLOAD + " ", salt, 3), salted(PAYLOAD, salt[::-1], 3))
    assert leaf not in (*others, salted(PAYLOAD, salt, 4))


def test_salts_are_not_used_twice() -> None:
    """A salt is 32 random bytes."""
    salts = {new_salt() for _ in range(100)}
    assert {len(salt) for salt in salts} == {32}
    assert len(salts) == 100


@pytest.mark.parametrize(
    "payload",
    [
        *("", "nothing", "[]", "{}", "null", "[" * 100_000),
        PAYLOAD.replace("person.found", "person.lost"),
        PAYLOAD.replace("2026-05", "2026-15"),
        PAYLOAD.replace('["n_1"]', "7"),
    ],
)
def test_what_is_no_payload_is_an_error_of_ours(payload: str) -> None:
    """An altered content is named, whatever it was altered to."""
    with pytest.raises(VerificationError, match="cannot be read"):
        read_payload(payload)


def test_half_a_character_is_not_logged() -> None:
    """What UTF-8 cannot write is refused before it is logged."""
    with pytest.raises(UsageError):
        write_payload(Entry(Act.FOUND, START, "\ud800"))
