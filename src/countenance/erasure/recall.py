"""
Recalling what was given out: sent until it arrives, open until somebody answers for it (P23).

A recall is a signed webhook of ids only. What an attempt came to is stored in a transaction of its
own; a crash before that sends the same message again, under the same id, which counts once. After
the last attempt it becomes a task for a person: it never ends in silence.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from countenance.audit.entry import Act, Entry
from countenance.audit.statement import RecallState
from countenance.catalog import log, recalls, recipients
from countenance.catalog.recalls import Recall
from countenance.catalog.recipients import Recipient
from countenance.catalog.stores import Stores
from countenance.core.canonical import Json, canonical_json
from countenance.core.ids import RecallId
from countenance.erasure.acknowledgement import (
    Acknowledgement,
    Answered,
    read_unverified,
    verify,
)
from countenance.erasure.post import Answer, Endpoint, Poster
from countenance.errors import Refused, Unavailable, UsageError, VerificationError
from countenance.vault.signing import SigningKey
from countenance.vault.webhook import sign

EVENT = "erasure.requested"

WAITS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Before each attempt: the schedule of Standard Webhooks 1.0, ten in a little over 75 hours."""

JITTER = 0.1
"""By at most so much of itself a wait is longer, so that not everything is sent again at once."""

DEADLINE = timedelta(days=14)
"""For the recipient to have deleted it and said so. The law gives us a month for all of it."""

TIME_TO_ANSWER = timedelta(days=1)
"""At least so long after a delivery, though the deadline be nearer, nobody is called."""

GONE = 410

Chance = Callable[[], float]
"""Gives a number in [0, 1) each time."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the recalls that were due, and how many of all have not ended."""

    done: tuple[Recall, ...]
    still_open: int


def message(one: Recall) -> dict[str, Json]:
    """What a recipient is told, the same at each attempt: ids and times, and nothing else (P32)."""
    return {
        "type": EVENT,
        "timestamp": _written(one.opened_at),
        "data": {
            "recall": one.id,
            "disclosure": one.disclosure,
            "photo": one.photo,
            "deadline": _written(one.opened_at + DEADLINE),
        },
    }


def send_due(stores: Stores, signer: SigningKey, *, post: Poster, chance: Chance) -> Report:
    """
    Do what is due now with every recall, one after the other: send it, or hand it to a person.

    May be called at any time and by several programs at once: a recipient may then hear twice.
    """
    with stores.database.read() as tx:
        waiting = recalls.due(tx, at=stores.now(tx))
    done = tuple(_go_on(one, stores, signer, post=post, chance=chance) for one in waiting)
    with stores.database.read() as tx:
        return Report(done, recalls.count_open(tx))


def acknowledge(written: bytes, *, stores: Stores) -> Recall:
    """
    Take a recipient's signed acknowledgement; taking the same one again changes nothing.

    `completed` ends the recall. `refused` makes it a task for a person, and the others leave it
    waiting. Raises `VerificationError` if it is not of the form or not signed by the recipient,
    `NotFound` if there is no such recall, and `UsageError` if that was acknowledged before.
    """
    which = read_unverified(written).recall
    with stores.database.read() as tx:
        recipient = recipients.get(tx, recalls.get(tx, which).recipient)
    # Before the writer's turn is taken: anybody may call with anything.
    said = verify(written, recipient.terms.public_key)
    with stores.database.write() as tx:
        return _take(tx, recalls.get(tx, which), said, at=stores.now(tx))


def close(which: str, reason: str, *, actor: str, stores: Stores) -> Recall:
    """
    End a recall without an acknowledgement, for a reason that a person types.

    Raises `NotFound` if there is no such recall, and `UsageError` if it has ended or if the reason
    is too short.
    """
    with stores.database.write() as tx:
        at = stores.now(tx)
        closed = recalls.get(tx, which).closed(reason, by=actor, at=at)
        recalls.save(tx, closed)
        log.record(tx, Entry(Act.RECALL_CLOSED, at, actor, subjects=_subjects(closed)))
    return closed


# --------------------------------------------------------------------------------------------


def _go_on(
    one: Recall, stores: Stores, signer: SigningKey, *, post: Poster, chance: Chance
) -> Recall:
    if one.state is RecallState.DELIVERED:
        return _store(one, one.needing_person("delivered, but not acknowledged in time"), stores)
    with stores.database.read() as tx:
        to = recipients.get(tx, one.recipient)
    if not to.terms.endpoint:
        return _store(one, one.needing_person("no endpoint: somebody has to write"), stores)
    tried = replace(one, tries=one.tries + 1)
    try:
        answer = _send(one, to, stores, signer, post=post)
    except (Refused, Unavailable, UsageError) as exc:
        return _store(one, _failed(tried, exc.message, stores, chance), stores)
    # A crash here sends it once more.
    if answer.status == GONE:
        gone = tried.needing_person("the endpoint says that it is gone")
        return _store(one, gone, stores)
    if answer.status // 100 != 2:  # noqa: PLR2004  the class of statuses that mean success
        trouble = f"the endpoint answered with status {answer.status}"
        return _store(one, _failed(tried, trouble, stores, chance), stores)
    said, trouble = _read(answer.body, one.id, to)
    reached = tried.delivered(next_at=_until(one, _now(stores)), trouble=trouble)
    return _store(one, reached, stores, said)


def _send(
    one: Recall, to: Recipient, stores: Stores, signer: SigningKey, *, post: Poster
) -> Answer:
    where = Endpoint.parse(to.terms.endpoint, on_private_network=to.terms.on_private_network)
    body = canonical_json(message(one))
    # The recipient compares it with its own clock: ours counts here, though it was set back.
    headers = sign(signer, message=one.id, timestamp=stores.clock.now(), body=body)
    return post(where, body, {"Content-Type": "application/json", **headers})


def _read(body: bytes, recall: RecallId, to: Recipient) -> tuple[Acknowledgement | None, str]:
    """The acknowledgement in an answer, if it is one; else what is wrong with it, if it was to."""
    try:
        if read_unverified(body).recall != recall:
            return None, "the answer acknowledges another recall"
    except VerificationError:
        return None, ""  # an answer of another kind, as most are
    try:
        return verify(body, to.terms.public_key), ""
    except VerificationError as exc:
        return None, exc.message


def _failed(tried: Recall, trouble: str, stores: Stores, chance: Chance) -> Recall:
    if tried.tries >= len(WAITS):
        return tried.needing_person(f"{trouble}, at the last of {len(WAITS)} attempts")
    wait = WAITS[tried.tries] * (1 + JITTER * chance())
    return tried.failed(trouble, next_at=_now(stores) + wait)


def _store(
    before: Recall, after: Recall, stores: Stores, said: Acknowledgement | None = None
) -> Recall:
    """
    Store what an attempt came to, unless another program knows more by now.

    What the recipient `said` in its answer counts in either case.
    """
    with stores.database.write() as tx:
        now = recalls.get(tx, before.id)
        if now == before:
            recalls.save(tx, after)
            now = after
        if said is None or now.state is RecallState.ACKNOWLEDGED:
            return now
        return _take(tx, now, said, at=stores.now(tx))


def _take(tx: Connection, one: Recall, said: Acknowledgement, *, at: datetime) -> Recall:
    if one.acknowledgement == said.digest:
        return one
    if one.state is RecallState.ACKNOWLEDGED:
        raise UsageError(f"{one.id}: this recall was acknowledged before")
    heard = replace(_after(one, said, at=at), acknowledgement=said.digest)
    recalls.save(tx, heard)
    log.record(
        tx,
        Entry(
            Act.RECALL_ACKNOWLEDGED,
            at,
            one.recipient,
            subjects=_subjects(one),
            rests_on=(said.digest,),
        ),
    )
    return heard


def _after(one: Recall, said: Acknowledgement, *, at: datetime) -> Recall:
    onward = len(said.onward)
    passed_on = f"the recipient passed it on to {onward} others" if onward else ""
    match said.state:
        case Answered.COMPLETED:
            return replace(one.acknowledged(at=at), trouble=passed_on)
        case _ if one.ended:
            return one
        case Answered.REFUSED:
            return one.needing_person("the recipient refuses")
        case Answered.RECEIVED | Answered.IN_PROGRESS:
            # Whoever is at it for ever buys no time by saying so: only the first word does.
            first = one.state is RecallState.OPEN
            return one.delivered(next_at=_until(one, at), trouble=passed_on) if first else one


def _until(one: Recall, at: datetime) -> datetime:
    return max(one.opened_at + DEADLINE, at + TIME_TO_ANSWER)


def _now(stores: Stores) -> datetime:
    with stores.database.read() as tx:
        return stores.now(tx)


def _subjects(one: Recall) -> tuple[str, ...]:
    return (one.id, one.disclosure, one.recipient)


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
