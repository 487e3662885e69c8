"""The statement of an erasure says no more than was proven, whatever it is filled with (P24)."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.audit.statement import (
    ENDED,
    BackupHeld,
    Demand,
    Kept,
    Level,
    Method,
    RecallState,
    Scan,
    Statement,
    Trigger,
    item_mark,
    read_statement,
    write_statement,
)
from countenance.core.canonical import digest
from countenance.core.ids import (
    BackupId,
    DisclosureId,
    ErasureId,
    KeyId,
    PersonId,
    RecallId,
    RecipientId,
)
from countenance.errors import UsageError, VerificationError
from tests.fakes.clock import START
from tests.fakes.receipts import END, HOUR, LIBRARY, WHOLE

LEVELS = list(Level)
INVISIBLE, KEYS, BYTES, BACKUPS, RECIPIENTS = LEVELS

# --- what a judge of its own thinks -------------------------------------------------------------

hours = st.integers(-1, 11).map(lambda n: START + n * HOUR)
small = st.integers(0, 2)  # of which 2 is right in most places
keys = st.lists(st.sampled_from(WHOLE.keys), max_size=3).map(tuple)
SCAN = Scan(START + 2 * HOUR, files=12, bytes=3456, objects=2, found_before=2, found_after=0)
scans = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "at": hours,
        "files": small,
        "objects": small,
        "found_before": small,
        "found_after": small,
        "unread": small,
    },
).map(lambda fields: replace(SCAN, **fields))  # type: ignore[arg-type]  # of these types
backups = st.lists(
    st.builds(
        BackupHeld,
        id=st.just(BackupId("b_1")),
        made_at=hours,
        expires_at=hours,
        gone_at=st.none() | hours,
    ),
    max_size=2,
).map(tuple)


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    state = draw(st.sampled_from(RecallState))
    return Demand(
        RecipientId("t_1"),
        RecallId("q_1"),
        DisclosureId("x_1"),
        state,
        draw(hours),
        acknowledgement=digest(b"a") if state is RecallState.ACKNOWLEDGED else None,
        reason=digest(b"r") if state is RecallState.CLOSED else None,
    )


# Any of the fields; the others are those of a statement that proves everything.
filled = st.fixed_dictionaries(
    {},
    optional={
        "levels": st.dictionaries(st.sampled_from(Level), hours),
        "destroyed": st.dictionaries(st.sampled_from(["references", "photos"]), small),
        "keys_before": small,
        "keys": keys,
        "scan": scans,
        "backups": backups,
        "recipients": st.lists(demands(), max_size=2).map(tuple),
    },
)


def _proven(said: Statement) -> set[Level]:
    """What a statement proves: written from the promise, not from the code."""
    at, proven = said.levels, set[Level]()
    if INVISIBLE in at:
        proven.add(INVISIBLE)
    if (
        INVISIBLE in proven
        and KEYS in at
        and len(set(said.keys)) == said.keys_before
        and at[INVISIBLE] <= at[KEYS]
    ):
        proven.add(KEYS)
    scan = said.scan
    if KEYS in proven and BYTES in at and scan is not None:
        found_then_gone = scan.found_before == scan.objects and scan.found_after == 0
        read_all = scan.files > 0 and scan.unread == 0
        something = scan.objects > 0 or sum(said.destroyed.values()) == 0
        if found_then_gone and read_all and something and scan.at <= at[BYTES] >= at[KEYS]:
            proven.add(BYTES)
    if (
        BYTES in proven
        and BACKUPS in at
        and at[BYTES] <= at[BACKUPS]
        and all(one.gone_at is not None and one.gone_at <= at[BACKUPS] for one in said.backups)
    ):
        proven.add(BACKUPS)
    if (
        INVISIBLE in proven
        and RECIPIENTS in at
        and at[INVISIBLE] <= at[RECIPIENTS]
        and all(one.state in ENDED and one.at <= at[RECIPIENTS] for one in said.recipients)
    ):
        proven.add(RECIPIENTS)
    return proven


@pytest.mark.promise("P24")
@settings(max_examples=1500)
@given(filled)
def test_no_statement_says_more_than_was_proven(fields: dict[str, object]) -> None:
    """Of any combination of fields, only those make a statement whose every level is proven."""
    try:
        said = replace(WHOLE, **fields)  # type: ignore[arg-type]  # by Hypothesis, of these types
    except UsageError:
        return
    assert set(said.levels) == _proven(said)
    assert all(said.opened_at <= at <= said.issued_at for at in said.levels.values())
    assert read_statement(write_statement(said)) == said


LACKING: list[tuple[Level, dict[str, object], str]] = [
    (KEYS, {"keys": WHOLE.keys[:1]}, "1 of 2 keys"),
    (KEYS, {"keys": WHOLE.keys[:1] * 2}, "1 of 2 keys"),
    (KEYS, {"keys": (), "keys_before": 1}, "0 of 1 keys"),
    (KEYS, {"keys_before": 1}, "2 of 1 keys"),
    (BYTES, {"scan": None}, "without a scan"),
    (BYTES, {"scan": ("found_before", 8)}, "found 8 of 9"),
    (BYTES, {"scan": ("found_after", 1)}, "still found 1"),
    (BYTES, {"scan": ("unread", 1)}, "did not read every file"),
    (BYTES, {"scan": ("files", 0)}, "did not read every file"),
    (BYTES, {"scan": ("at", START + 3 * HOUR)}, "before the scan"),
    (BYTES, {"scan": ("objects", 0)}, "looked for nothing"),
    (BACKUPS, {"backups": (replace(WHOLE.backups[0], gone_at=None),)}, "b_0123456789abcdef"),
    (BACKUPS, {"backups": (replace(WHOLE.backups[0], gone_at=END),)}, "b_0123456789abcdef"),
    (
        RECIPIENTS,
        {"recipients": (replace(WHOLE.recipients[0], state=RecallState.DELIVERED),)},
        "q_0123456789abcdef",
    ),
    (
        RECIPIENTS,
        {"recipients": (replace(WHOLE.recipients[0], state=RecallState.NEEDS_PERSON),)},
        "q_0123456789abcdef",
    ),
    (RECIPIENTS, {"recipients": (replace(WHOLE.recipients[1], at=END),)}, "q_0123456789abcdeg"),
]


@pytest.mark.promise("P24")
@pytest.mark.parametrize(("level", "fields", "words"), LACKING)
def test_a_level_needs_what_proves_it(level: Level, fields: dict[str, object], words: str) -> None:
    """Without it the statement cannot be made; without the level, it can."""
    scan = fields.get("scan")
    if isinstance(scan, tuple):
        assert WHOLE.scan is not None
        fields = {"scan": replace(WHOLE.scan, **{scan[0]: scan[1]})}
    with pytest.raises(UsageError, match=f"{level}: .*{words}"):
        replace(WHOLE, **fields)  # type: ignore[arg-type]  # of these types, above
    lower = {one: at for one, at in WHOLE.levels.items() if LEVELS.index(one) < LEVELS.index(level)}
    replace(WHOLE, **{**fields, "levels": lower})  # type: ignore[arg-type]  # as above


@pytest.mark.promise("P24")
@pytest.mark.parametrize("level", [KEYS, BYTES, BACKUPS, RECIPIENTS])
def test_no_level_is_reached_before_the_one_it_needs(level: Level) -> None:
    """Neither without it nor earlier than it."""
    needed = INVISIBLE if level is RECIPIENTS else LEVELS[LEVELS.index(level) - 1]
    alone = {one: at for one, at in WHOLE.levels.items() if one is not needed}
    with pytest.raises(UsageError, match=f"claimed without {needed}"):
        replace(WHOLE, levels=alone)
    early = {**WHOLE.levels, level: WHOLE.levels[needed] - HOUR / 2}
    with pytest.raises(UsageError, match=f"{level}: earlier than {needed}"):
        replace(WHOLE, opened_at=START - HOUR, levels=early)


@pytest.mark.promise("P24")
def test_a_recall_ends_with_an_answer_or_a_reason() -> None:
    """A recall without them is not acknowledged and not closed, whatever it says."""
    acknowledged, closed = WHOLE.recipients
    with pytest.raises(UsageError, match="without an acknowledgement"):
        replace(acknowledged, acknowledgement=None)
    with pytest.raises(UsageError, match="without a reason"):
        replace(closed, reason=None)


def test_the_level_is_the_last_without_a_gap() -> None:
    """Recipients may answer before the backups are gone: that is no higher level yet."""
    assert WHOLE.level is RECIPIENTS
    early = {one: at for one, at in WHOLE.levels.items() if one in (INVISIBLE, KEYS, RECIPIENTS)}
    assert replace(WHOLE, levels=early).level is KEYS
    assert replace(WHOLE, levels={}).level is None


def test_the_methods_follow_from_the_levels() -> None:
    """`clear` needs a scan, and `cryptographic erase` a key that was destroyed."""
    assert WHOLE.methods == (Method.CRYPTOGRAPHIC_ERASE, Method.CLEAR)
    assert replace(WHOLE, keys=(), keys_before=0).methods == (Method.CLEAR,)
    assert replace(WHOLE, levels={INVISIBLE: START}).methods == ()


@pytest.mark.promise("P32")
@pytest.mark.parametrize(
    "fields",
    [
        {"library": "Ada's library"},
        {"subject": PersonId("Ada Lovelace")},
        {"erasure": ErasureId("../e_1")},
        {"keys": (KeyId("the key of Ada"),), "keys_before": 1},
        {"items": ("holiday.jpg",)},
        {"destroyed": {"photos of Ada": 1}},
        {"previous": "Ada", "number": 2},
    ],
)
def test_there_is_no_room_for_a_name(fields: dict[str, object]) -> None:
    """A text that is neither an id, a digest nor a word is refused."""
    with pytest.raises(UsageError, match="neither an id, a digest nor a word"):
        replace(WHOLE, **fields)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.promise("P32")
def test_there_is_no_room_for_a_name_in_what_is_kept() -> None:
    """What was kept is a word, and why is a phrase in lower case."""
    for what, why in (("photos of Ada", "her wish"), ("photos", "Ada wants it"), ("photos", "")):
        with pytest.raises(UsageError, match="neither an id, a digest nor a word"):
            Kept(what, 1, why)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"number": 0}, "names the one before"),
        ({"number": 2}, "names the one before"),
        ({"previous": digest(b"")}, "names the one before"),
        ({"issued_at": START - HOUR}, "issued before"),
        ({"issued_at": END.replace(tzinfo=None)}, "without a time zone"),
        ({"levels": {INVISIBLE: START - HOUR}}, "outside of the case"),
        ({"levels": {INVISIBLE: END + HOUR}}, "outside of the case"),
        ({"destroyed": {"photos": -1}}, "a count that is none"),
        ({"destroyed": {"photos": True}}, "a count that is none"),
        ({"version": 2}, "of version 2"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, object], words: str) -> None:
    """Numbers, counts and instants that no case has."""
    with pytest.raises(UsageError, match=words):
        replace(WHOLE, **fields)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.promise("P24")
def test_what_was_checked_does_not_change() -> None:
    """The levels are a copy: who made the statement has no hand in it any more."""
    levels = {INVISIBLE: START}
    said = replace(WHOLE, levels=levels)
    levels[BYTES] = START
    assert dict(said.levels) == {INVISIBLE: START}
    with pytest.raises(TypeError):
        said.levels[BYTES] = START  # type: ignore[index]  # that is what is tried


# --- the form -----------------------------------------------------------------------------------


def test_a_statement_is_written_and_read() -> None:
    """Round trip, with every field in it."""
    written = write_statement(WHOLE)
    assert read_statement(written) == WHOLE
    said = json.loads(written)
    assert said["levels"]["bytes-gone"] == "2026-05-01T14:00:00.000000Z"
    assert said["methods"] == ["cryptographic erase", "clear"]


def test_an_instant_is_told_in_utc() -> None:
    """The same instant in another zone is the same statement."""
    elsewhere = START.astimezone(timezone(2 * HOUR))
    assert write_statement(replace(WHOLE, opened_at=elsewhere)) == write_statement(WHOLE)
    assert read_statement(write_statement(WHOLE)).opened_at.tzinfo is UTC


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@settings(max_examples=200)
@given(st.data())
def test_hostile_statements_are_told(data: st.DataObject) -> None:
    """Whatever stands in place of a field, or is put beside it: a `VerificationError` or equal."""
    said = json.loads(write_statement(WHOLE))
    at = said
    while isinstance(at, dict | list) and at and data.draw(st.booleans()):
        place = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[place], dict | list) or not at[place]:
            break
        at = at[place]
    where = data.draw(st.sampled_from([*at, "more"]) if isinstance(at, dict) else st.just(0))
    if isinstance(at, dict) or at:
        at[where] = data.draw(json_values)
    written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        read = read_statement(written.encode(errors="surrogatepass"))
    except VerificationError:
        return
    assert write_statement(read) == written.encode()


@pytest.mark.parametrize("written", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_statement_is_told(written: bytes) -> None:
    """It is a `VerificationError`, of whatever it is made."""
    with pytest.raises(VerificationError, match="not the statement of an erasure"):
        read_statement(written)


def test_a_claim_without_proof_is_told_when_it_is_read() -> None:
    """Who has the key may sign it, and it is not believed."""
    said = json.loads(write_statement(WHOLE))
    said["scan"]["found_after"] = 1
    written = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(VerificationError, match="does not hold: bytes-gone: the scan still found"):
        read_statement(written)


def test_methods_are_not_for_anybody_to_say() -> None:
    """A method that does not follow from the levels is not of the form."""
    said = json.loads(write_statement(replace(WHOLE, levels={INVISIBLE: START})))
    said["methods"] = ["clear"]
    written = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(VerificationError, match="one form"):
        read_statement(written)


def test_an_item_is_known_by_who_has_it_and_the_salt() -> None:
    """The mark is HMAC-SHA256 of the digest's bytes, as others compute it."""
    salt, content = bytes(range(32)), digest(b"a picture")
    known = hmac.new(salt, hashlib.sha256(b"a picture").digest(), hashlib.sha256).hexdigest()
    assert item_mark(salt, content) == known
    assert item_mark(bytes(32), content) != known


def test_the_simplest_statement_is_short() -> None:
    """A case that was just opened says that it was, and no more."""
    said = Statement(
        library=LIBRARY,
        erasure=ErasureId("e_1"),
        number=1,
        trigger=Trigger.EXPIRED,
        subject=PersonId("p_1"),
        opened_at=START,
        issued_at=START,
        levels={INVISIBLE: START},
    )
    assert (said.level, said.methods) == (INVISIBLE, ())
