"""
Replay: what was done after a backup was made is done again to the catalog that it brings back.

What ended stays ended: the log says of whom and of which consents, and never more. What began since
(enrolments, sources, rules) is not in the log but for its ids, and is lost: it is said, so that a
person makes it again. Where an entry leaves open which way something was changed, the replay takes
the way that shows less.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, delete, exists, false, insert, or_, select, update

from countenance.accounts.roles import Role as AccountRole
from countenance.audit.entry import ROLE_MARK, Act, Entry
from countenance.audit.statement import Trigger
from countenance.catalog import (
    accounts,
    backups,
    collections,
    copies,
    disclosures,
    erasures,
    guardians,
    links,
    people,
    photos,
    recalls,
    sightings,
    signins,
    tables,
    telling,
    tokens,
    tombstones,
    uploads,
)
from countenance.catalog.disclosures import Disclosure
from countenance.catalog.endings import end, end_picture, end_source
from countenance.catalog.erasures import Wanted
from countenance.catalog.people import Person
from countenance.catalog.sightings import SightingState
from countenance.core.canonical import Digest, digest
from countenance.core.ids import (
    AccountId,
    BackupId,
    CollectionId,
    ConsentId,
    CopyId,
    DisclosureId,
    KeyId,
    LinkId,
    ObjectionId,
    PersonId,
    PhotoId,
    RecipientId,
    SessionId,
    SightingId,
    SourceId,
    TokenId,
    new_id,
)
from countenance.errors import NotFound, UsageError
from countenance.people.consent import Consent, ConsentEvent, EventKind
from countenance.people.guardians import AgeBand, Role
from countenance.people.purpose import Wish
from countenance.vault.ledger import Copy

_DIGEST = re.compile("[0-9a-f]{64}")

UNKNOWN = Path("unknown")
"""Where a backup stands that was made after the one that was restored."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """Something that the replay could not do: `said` tells a person what to do about it."""

    act: Act
    subject: str
    said: str


@dataclass(slots=True)
class Replayed:
    """
    What a replay did: how often each act, who was erased, and what remains for a person to do.

    `revoked` are the sources that were taken down. What was theirs, and what was of who was erased,
    is in no answer, and goes in the cases that the replay opened. `agreed` says whose the consents
    are that were given since, and `read` which sources pictures were taken in from.
    """

    done: Counter[Act] = field(default_factory=Counter)
    erased: set[PersonId] = field(default_factory=set)
    revoked: set[SourceId] = field(default_factory=set)
    remaining: list[Remaining] = field(default_factory=list)
    agreed: dict[ConsentId, PersonId] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)


def replay(tx: Connection, later: Iterable[tuple[int, Entry | None]]) -> Replayed:
    """Do again what the entries say that came after the backup, oldest first."""
    seen = Replayed()
    for _, said in later:
        if said is not None and said.act in _EFFECTS:
            _EFFECTS[said.act](tx, said, seen)
    return seen


def drop_without_key(tx: Connection, keys: Collection[KeyId]) -> list[Remaining]:
    """
    Remove the references that none of `keys` opens, and say whose they are.

    The key of somebody erased since is gone, which is right, and so does their case go on. Of
    others it went with a reference that was replaced since, or was lost.
    """
    said = [
        Remaining(Act.ENROLLED, row.id, "the key is gone: evidence cannot be read; enrol again")
        for row in tx.execute(
            select(tables.person.c.id, tables.person.c.key_id).order_by(tables.person.c.id)
        )
        if row.key_id is not None and row.key_id not in keys
    ]
    rows = tx.execute(select(tables.reference).order_by(tables.reference.c.id)).all()
    going = erasures.keys_going(tx)
    for row in rows:
        if row.key_id not in keys and row.key_id not in going:
            tx.execute(delete(tables.reference).where(tables.reference.c.id == row.id))
            words = f"the key of the reference for {row.purpose} is gone: enrol again"
            said.append(Remaining(Act.ENROLLED, row.person_id, words))
    return said


def wanted_copies(tx: Connection) -> list[Copy]:
    """The files of the vault that stay: all but those of who and what is on its way out."""
    cases = [erasures.get(tx, one) for one in erasures.in_stages(tx, erasures.UNFINISHED)]
    whole = [one.person for one in cases if one.whole]
    down = [photos.belonging(one.source, one.photo) for one in cases if one.of_pictures]
    evidence = select(tables.evidence.c.copy_id).where(tables.evidence.c.person_id.in_(whole))
    previews = select(tables.photo.c.preview_id).where(or_(false(), *down))
    uploaded = [uploads.belonging(one.source, one.photo) for one in cases if one.of_pictures]
    originals = select(tables.upload.c.copy_id).where(or_(false(), *uploaded))
    going = {
        which for query in (evidence, previews, originals) for which in tx.execute(query).scalars()
    }
    return [one for one in copies.confirmed(tx) if one.id not in going]


def forget_unconfirmed(tx: Connection) -> None:
    """Remove the rows of files that are to go: in a restored vault they were never written."""
    tx.execute(delete(tables.copy).where(tables.copy.c.confirmed.is_(False)))


def forget_previews(tx: Connection, missing: Collection[CopyId]) -> list[Remaining]:
    """
    Let the photos of the previews `missing` do without. Of evidence, say whose it was.

    A photo without a preview is read from its source.
    """
    said = []
    for which in sorted(missing):
        of = select(tables.evidence.c.person_id).where(tables.evidence.c.copy_id == which)
        if (who := tx.execute(of).scalar()) is not None:
            said.append(Remaining(Act.ENROLLED, who, "the evidence was damaged before the backup"))
            continue
        tx.execute(
            update(tables.photo).where(tables.photo.c.preview_id == which).values(preview_id=None)
        )
        tx.execute(delete(tables.copy).where(tables.copy.c.id == which))
    return said


def hold_to(tx: Connection, at: datetime) -> None:
    """See to it that nothing here acts before `at`: what had ended by then stays ended (P15)."""
    tx.execute(
        update(tables.library)
        .where((tables.library.c.latest < at) | tables.library.c.latest.is_(None))
        .values(latest=at)
    )


# --- people -----------------------------------------------------------------------------------


def _withdrawn(tx: Connection, said: Entry, seen: Replayed) -> None:
    seen.erased.update(_end(tx, said, Trigger.WITHDRAWN, seen))
    gone = {*said.subjects} if not said.purpose else seen.erased
    _drop(seen, Act.ENROLLED, gone)


def _expired(tx: Connection, said: Entry, seen: Replayed) -> None:
    _end(tx, said, Trigger.EXPIRED, seen)


def _objected(tx: Connection, said: Entry, seen: Replayed) -> None:
    _end(tx, said, Trigger.OBJECTED, seen)
    for person in _people(tx, said):
        historical = person.standing.band is AgeBand.HISTORICAL
        role = Role.DESCENDANT if historical else Role.SELF
        for which in _ids(said.rests_on, "o"):
            row = {"id": which, "person_id": person.id, "role": role, "at": said.at}
            tx.execute(insert(tables.objection).values(row))
            words = "an objection stands; who made it is not in the log, so it is as the person's"
            seen.remaining.append(Remaining(said.act, person.id, words))


def _objection_lifted(tx: Connection, said: Entry, seen: Replayed) -> None:
    for which in _ids(said.rests_on, "o"):
        guardians.lift(tx, ObjectionId(which), at=said.at)
    free = [one.id for one in _people(tx, said) if not guardians.standing(tx, one.id)]
    _drop(seen, Act.OBJECTED, free)
    seen.done[said.act] += 1


def _end(tx: Connection, said: Entry, trigger: Trigger, seen: Replayed) -> list[PersonId]:
    """
    End the consents that an entry rests on, and open the cases of what rested on them.

    Gives the people of whom all goes. Of somebody who enrolled after the backup nothing is here
    but, perhaps, that they were shown in what was given out: that is recalled (P23).
    """
    how = ConsentEvent(EventKind(trigger), said.at, said.actor, role=_ROLES[trigger])
    given = disclosures.resting_on(tx, said.rests_on)
    known, whole = {one.id: one for one in _people(tx, said)}, []
    for who in map(PersonId, _ids(said.subjects, "p")):
        if who in known:
            own = people.consents(tx, people=[who])
            ended = [one for one in own if one.id in said.rests_on and _is_open(one)]
            ending = end(tx, known[who], ended, how, trigger=trigger)
            case, seen.done[said.act] = ending.erasure, seen.done[said.act] + 1
            whole += [who] if ending.whole else []
        elif given:
            ids = tuple(map(ConsentId, _ids(said.rests_on, "n")))
            wanted = Wanted(trigger, person=who, consents=ids, whole=True)
            case = erasures.open_case(tx, wanted, at=said.at)
        else:
            continue
        recalls.open_for(tx, case, given, at=said.at)
    _drop(seen, Act.DISCLOSED, given)
    return whole


def _is_open(one: Consent) -> bool:
    return bool(one.events) and one.events[-1].kind in (EventKind.GIVEN, EventKind.RECORDED)


def _enrolled(tx: Connection, said: Entry, seen: Replayed) -> None:
    known = {one.id for one in _people(tx, said)}
    for which in _ids(said.subjects, "p"):
        seen.agreed |= dict.fromkeys(map(ConsentId, said.rests_on), PersonId(which))
        words = "what they agreed to since" if which in known else "enrolled since"
        seen.remaining.append(Remaining(said.act, which, f"{words}: enrol again"))


# --- sources and collections --------------------------------------------------------------------


def _revoked(tx: Connection, said: Entry, seen: Replayed) -> None:
    tx.execute(
        update(tables.grant)
        .where(tables.grant.c.id.in_(said.rests_on), tables.grant.c.revoked_at.is_(None))
        .values(revoked_at=said.at)
    )
    for source in (SourceId(one) for one in _ids(said.subjects, "d")):
        if not _is_there(tx, tables.source.c.id == source):
            continue
        end_source(tx, source, at=said.at)
        _drop(seen, Act.DISCLOSED, disclosures.of_source(tx, source))
        seen.revoked.add(source)
        if source in seen.read:
            words = "its pictures read since are not known: under a new grant they are let in"
            seen.remaining.append(Remaining(said.act, source, words))
    seen.done[said.act] += 1


def _picture_removed(tx: Connection, said: Entry, seen: Replayed) -> None:
    """Of a photo that is not in the backup the mark is in the log: it is refused all the same."""
    for which, source in zip(_ids(said.subjects, "i"), _ids(said.subjects, "d"), strict=False):
        if not _is_there(tx, tables.source.c.id == source):
            words = "taken down since, of a source that was added since: take it down again"
            seen.remaining.append(Remaining(said.act, which, words))
            continue
        for mark in said.rests_on:
            end_picture(tx, PhotoId(which), SourceId(source), mark, at=said.at)
        _drop(seen, Act.DISCLOSED, disclosures.of_photo(tx, PhotoId(which)))
        if tombstones.key_of(tx) is None:
            words = "the key of its tombstone is not in the backup: take it down again if it comes"
            seen.remaining.append(Remaining(said.act, which, words))
        seen.done[said.act] += 1


def _ingested(tx: Connection, said: Entry, seen: Replayed) -> None:
    del tx  # what was read since is read again by the next ingest
    seen.read.update(said.subjects)


def _source_added(tx: Connection, said: Entry, seen: Replayed) -> None:
    known = set(
        tx.execute(select(tables.grant.c.id).where(tables.grant.c.id.in_(said.rests_on))).scalars()
    )
    lost = [which for which in said.rests_on if which not in known]
    words = "added, or granted anew, since: source add"
    seen.remaining += [Remaining(said.act, one, words) for one in said.subjects if lost]


def _rule_changed(tx: Connection, said: Entry, seen: Replayed) -> None:
    for which in _ids(said.subjects, "c"):
        found = [one for one in collections.list_all(tx) if one.id == which]
        for one in found:
            off = replace(one, recognition=False, ground="")
            collections.set_rule(tx, off, at=said.at)
            seen.done[said.act] += 1
        words = (
            "recognition is off: say the rule again, with its ground and whether it shows children"
            if found
            else "made since: it is gone, with its rule"
        )
        seen.remaining.append(Remaining(said.act, which, words))


def _roster_changed(tx: Connection, said: Entry, seen: Replayed) -> None:
    for where in _ids(said.subjects, "c"):
        if not _is_there(tx, tables.collection.c.id == where):
            continue
        for who in _people(tx, said):
            if who.id in collections.roster_of(tx, CollectionId(where)):
                collections.remove_from_roster(tx, CollectionId(where), who.id)
                seen.done[said.act] += 1
            words = f"off the roster of {where}: add them again if they belong to it"
            seen.remaining.append(Remaining(said.act, who.id, words))


# --- by hand ----------------------------------------------------------------------------------


def _decided(tx: Connection, said: Entry, seen: Replayed) -> None:
    state = SightingState.REJECTED if said.act is Act.REJECTED else SightingState.CONFIRMED
    for which in _ids(said.rests_on, "s"):
        try:
            known = sightings.get(tx, _same_sighting(tx, which, said))
            sightings.decide(tx, known, state, at=said.at)
            seen.done[said.act] += 1
        except (NotFound, UsageError):
            words = f"was {state} since, and is not in the backup: say it again"
            seen.remaining.append(Remaining(said.act, which, words))


def _taken_back(tx: Connection, said: Entry, seen: Replayed) -> None:
    """A Yes that was taken back is none. A No stays: what shows less is the safe side."""
    for which in _ids(said.rests_on, "s"):
        own = tables.sighting.c.id == which
        yes = tables.sighting.c.state == SightingState.CONFIRMED
        by_hand = tables.sighting.c.band.is_(None)
        tx.execute(delete(tables.sighting).where(own, yes, by_hand))
        back = {"state": SightingState.CANDIDATE, "made_at": said.at}
        tx.execute(update(tables.sighting).where(own, yes).values(back))
        words = "what was decided on it was taken back since: look at it again"
        seen.remaining.append(Remaining(said.act, which, words))


def _same_sighting(tx: Connection, which: str, said: Entry) -> SightingId:
    """
    The sighting itself, or of one that was rejected the one in its place.

    A comparison gives what it saw new ids, and a person is in a photo once. In a film they may be
    more often: then nobody can tell which of them was meant.
    """
    if said.act is Act.REJECTED and not _is_there(tx, tables.sighting.c.id == which):
        found = tx.execute(
            select(tables.sighting.c.id).where(
                tables.sighting.c.photo_id.in_(said.subjects),
                tables.sighting.c.person_id.in_(said.subjects),
                tables.sighting.c.state == SightingState.CANDIDATE,
            )
        ).scalars()
        only = list(found)
        return SightingId(only[0] if len(only) == 1 else which)
    return SightingId(which)


# --- what left the library ----------------------------------------------------------------------


def _disclosed(tx: Connection, said: Entry, seen: Replayed) -> None:
    photos, shown = _ids(said.subjects, "i"), _ids(said.subjects, "p")
    links = _ids(said.subjects, "y")
    file = next((Digest(one) for one in said.subjects if _DIGEST.fullmatch(one)), None)
    known = {*photos, *shown, *links, file}
    which, *to = [one for one in said.subjects if one not in known] or [""]
    source = _given_from(tx, said, photos)
    if source is None or len(photos) != 1 or len(to) != 1:
        words = "given to somebody since, and not to be restored: recall it by hand"
        seen.remaining.append(Remaining(said.act, which, words))
        return
    _require_recipient(tx, to[0], at=said.at)
    channel = said.purpose.partition(":")[2]
    made = Disclosure(
        DisclosureId(which), RecipientId(to[0]), PhotoId(photos[0]), source, channel, said.at, file
    )
    whose = _whose(tx, said, seen)
    for one, who in whose.items():
        _require_consent(tx, one, who, made.wish, at=said.at)
    disclosures.add(tx, made, {who: one for one, who in whose.items()})
    if not set(shown).issubset(one.id for one in people.list_all(tx)):
        words = "shows who enrolled since, and whom nobody can withdraw here: recall it by hand"
        seen.remaining.append(Remaining(said.act, which, words))
    seen.done[said.act] += 1


def _given_from(tx: Connection, said: Entry, photos: Collection[str]) -> SourceId | None:
    """The source of what was given out, by the grant that permitted it, or else by the photo."""
    by_grant = select(tables.grant.c.source_id).where(tables.grant.c.id.in_(said.rests_on))
    by_photo = select(tables.photo.c.source_id).where(tables.photo.c.id.in_(photos))
    found = tx.execute(by_grant).scalar() or tx.execute(by_photo).scalar()
    return None if found is None else SourceId(found)


def _whose(tx: Connection, said: Entry, seen: Replayed) -> dict[ConsentId, PersonId]:
    """Whose the consents are that an entry rests on, those given since among them."""
    query = select(tables.consent).where(tables.consent.c.id.in_(said.rests_on))
    since = {one: seen.agreed[one] for one in map(ConsentId, said.rests_on) if one in seen.agreed}
    return since | {ConsentId(row.id): PersonId(row.person_id) for row in tx.execute(query)}


def _require_consent(
    tx: Connection, which: ConsentId, who: PersonId, wish: Wish, *, at: datetime
) -> None:
    """
    Of a consent given since, the id alone, and of who gave it as well.

    It has no event, and so permits nothing.
    """
    if not _is_there(tx, tables.person.c.id == who):
        tx.execute(insert(tables.person).values(id=who, name="", key_id=None, enrolled_at=at))
    if not _is_there(tx, tables.consent.c.id == which):
        row = {"person_id": who, "purpose": wish.purpose, "channel": wish.channel}
        tx.execute(insert(tables.consent).values(id=which, **row))


def _require_recipient(tx: Connection, which: str, *, at: datetime) -> None:
    if _is_there(tx, tables.recipient.c.id == which):
        return
    tx.execute(
        insert(tables.recipient).values(
            id=which,
            name=f"added after the backup ({which})",
            contact="",
            terms="",
            # Of a token that nobody has.
            token_digest=digest(new_id("t").encode()),
            added_at=at,
        )
    )


def _recipient_ended(tx: Connection, said: Entry, seen: Replayed) -> None:
    ended = tables.recipient.c.id.in_(said.subjects) & tables.recipient.c.ended_at.is_(None)
    tx.execute(update(tables.recipient).where(ended).values(ended_at=said.at))
    seen.done[said.act] += 1


def _link_ended(tx: Connection, said: Entry, seen: Replayed) -> None:
    for which in map(LinkId, _ids(said.subjects, "y")):
        links.end(tx, which, at=said.at)
        _drop(seen, Act.LINK_ISSUED, [which])
    seen.done[said.act] += 1


def _telling_changed(tx: Connection, said: Entry, seen: Replayed) -> None:
    """Which way is not in the log: whoever stopped it is not written to again."""
    for which in map(PersonId, _ids(said.subjects, "p")):
        telling.remove(tx, which)
        words = "where they are told of new pictures was changed since: they say it again"
        _drop(seen, Act.TELLING_CHANGED, [which])
        seen.remaining.append(Remaining(Act.TELLING_CHANGED, which, words))


# --- backups ------------------------------------------------------------------------------------


def _backed_up(tx: Connection, said: Entry, seen: Replayed) -> None:
    for which in _ids(said.subjects, "b"):
        if _is_there(tx, tables.backup.c.id == which):
            continue
        # Where it stands is not in the log. It is due at once, so that it is asked for.
        backups.add(tx, backups.Backup(BackupId(which), UNKNOWN, said.at, said.at))
        words = "a backup made since: find it and delete it, and say `backup gone`"
        seen.remaining.append(Remaining(said.act, which, words))


def _backup_gone(tx: Connection, said: Entry, seen: Replayed) -> None:
    for which in _ids(said.subjects, "b"):
        backups.end(tx, BackupId(which), by=said.actor, reason="said before", at=said.at)
        _drop(seen, Act.BACKED_UP, [which])
    seen.done[said.act] += 1


# --- accounts -----------------------------------------------------------------------------------


def _account_ended(tx: Connection, said: Entry, seen: Replayed) -> None:
    _accounts_out(tx, said)
    for which in _accounts(said):
        accounts.end(tx, which, at=said.at)
        tokens.end_all(tx, which, at=said.at)
        _drop(seen, Act.ACCOUNT_ADDED, [which])
    seen.done[said.act] += 1


def _roles_changed(tx: Connection, said: Entry, seen: Replayed) -> None:
    for which in _accounts(said):
        words = {one for one in said.subjects if one != which}
        roles = {one.removeprefix(ROLE_MARK) for one in words if one.startswith(ROLE_MARK)}
        assigned = frozenset(one for one in words if not one.startswith(ROLE_MARK))
        accounts.set_belongings(tx, which, frozenset(map(AccountRole, roles)), assigned)
    seen.done[said.act] += 1


def _password_changed(tx: Connection, said: Entry, seen: Replayed) -> None:
    """The one that is in the backup may be the reason for which there is another."""
    for which in _accounts(said):
        accounts.set_password(tx, which, "")
        words = "the password was changed since: make a link with `account link`"
        _drop(seen, said.act, [which])
        seen.remaining.append(Remaining(said.act, which, words))


def _passkey_ended(tx: Connection, said: Entry, seen: Replayed) -> None:
    tx.execute(delete(tables.passkey).where(tables.passkey.c.id.in_(said.subjects)))
    seen.done[said.act] += 1


def _token_ended(tx: Connection, said: Entry, seen: Replayed) -> None:
    for which in _ids(said.subjects, "q"):
        tokens.end(tx, TokenId(which), at=said.at)
    seen.done[said.act] += 1


def _session_ended(tx: Connection, said: Entry, seen: Replayed) -> None:
    signins.end_sessions(tx, which=[SessionId(one) for one in _ids(said.subjects, "h")])
    seen.done[said.act] += 1


def _accounts(said: Entry) -> list[AccountId]:
    return [AccountId(one) for one in _ids(said.subjects, "m")]


def _accounts_out(tx: Connection, said: Entry) -> None:
    """Whoever was signed in by then signs in again, and no link of before is good."""
    for which in _accounts(said):
        signins.end_all(tx, which)
        signins.drop(tx, which)


def _then_out(effect: "Effect") -> "Effect":
    def act(tx: Connection, said: Entry, seen: Replayed) -> None:
        known = [one for one in _accounts(said) if _is_there(tx, tables.account.c.id == one)]
        if known:
            _accounts_out(tx, said)
            effect(tx, said, seen)

    return act


# --------------------------------------------------------------------------------------------


Effect = Callable[[Connection, Entry, Replayed], None]


def _only_said(words: str) -> Effect:
    """What cannot be done again, and what a person does instead."""

    def say(tx: Connection, said: Entry, seen: Replayed) -> None:
        del tx
        seen.remaining += [Remaining(said.act, one, words) for one in said.subjects[:1]]

    return say


def _drop(seen: Replayed, act: Act, subjects: Collection[str]) -> None:
    """What was to be done about `subjects` is settled by a later entry."""
    seen.remaining[:] = [
        one for one in seen.remaining if one.act is not act or one.subject not in subjects
    ]


def _ids(words: Iterable[str], prefix: str) -> list[str]:
    return [one for one in words if one.startswith(f"{prefix}_")]


def _people(tx: Connection, said: Entry) -> list[Person]:
    """Those among the subjects whom the backup knows, and who were not erased before it."""
    return [one for one in people.list_all(tx) if one.id in said.subjects]


def _is_there(tx: Connection, which: ColumnElement[bool]) -> bool:
    return bool(tx.execute(select(exists().where(which))).scalar())


_ROLES = {
    Trigger.WITHDRAWN: Role.SELF,
    Trigger.EXPIRED: Role.SYSTEM,
    Trigger.OBJECTED: Role.SYSTEM,
}
"""In what capacity an event is written again. Who objected is not in the log."""

_EFFECTS: Mapping[Act, Effect] = {
    Act.SOURCE_ADDED: _source_added,
    Act.SOURCE_REVOKED: _revoked,
    Act.PICTURE_REMOVED: _picture_removed,
    Act.RULE_CHANGED: _rule_changed,
    Act.ROSTER_CHANGED: _roster_changed,
    Act.ENROLLED: _enrolled,
    Act.WITHDRAWN: _withdrawn,
    Act.EXPIRED: _expired,
    Act.INGESTED: _ingested,
    Act.OBJECTED: _objected,
    Act.OBJECTION_LIFTED: _objection_lifted,
    Act.CONFIRMED: _decided,
    Act.REJECTED: _decided,
    Act.TAKEN_BACK: _taken_back,
    Act.MERGED: _only_said("merged with another enrolment since, and two again: merge them again"),
    Act.DEMANDED: _only_said("a demand to take something down came in since: what it said is lost"),
    Act.DEMAND_ANSWERED: _only_said("a demand was answered since: answer it again"),
    Act.CLAIMED: _only_said("somebody asked since to be looked for: what they said is lost"),
    Act.CLAIM_ANSWERED: _only_said("who asked to be looked for was answered since: answer again"),
    Act.ASSESSED: _only_said("its impact assessment was made since: fill it in again"),
    Act.TOMBSTONES_LIFTED: _only_said("its pictures are refused again: lift the tombstones"),
    Act.RECIPIENT_ADDED: _only_said("a recipient added since: say again who they are"),
    Act.RECIPIENT_ENDED: _recipient_ended,
    Act.DISCLOSED: _disclosed,
    Act.COVER_REMOVED: _only_said("a cover was taken off by hand since; the reason is not kept"),
    Act.RECALL_CLOSED: _only_said("a recall closed since is open again, if it is there"),
    Act.BACKED_UP: _backed_up,
    Act.BACKUP_GONE: _backup_gone,
    Act.AGE_CHANGED: _only_said("the age band was changed since: say it again"),
    Act.ACCOUNT_ADDED: _only_said("an account added since: add it again"),
    Act.ACCOUNT_ENDED: _account_ended,
    Act.ROLES_CHANGED: _then_out(_roles_changed),
    Act.PASSWORD_CHANGED: _then_out(_password_changed),
    Act.PASSKEY_ADDED: _only_said("a passkey added since: its holder adds it again"),
    Act.PASSKEY_ENDED: _then_out(_passkey_ended),
    Act.TOKEN_ENDED: _token_ended,
    Act.SESSION_ENDED: _session_ended,
    Act.LINK_ISSUED: _only_said("a link made since leads nowhere: make another"),
    Act.LINK_ENDED: _link_ended,
    Act.TELLING_CHANGED: _telling_changed,
    Act.PACK_CHANGED: _only_said("the models were changed since: countenance models switch"),
}
"""What each act does when it is done again."""

_NOTHING_TO_DO = frozenset(
    {
        # Who looked is in the log, and what was found is not kept.
        Act.FOUND,
        Act.SEARCHED,
        Act.REFUSED,
        Act.EXPORTED,
        Act.CHECKED,
        Act.PUT_ASIDE,
        # What went to whom stands beside it, in entries of its own.
        Act.SPLIT,
        # The receipts are with those who got them; the case that was opened again gets its own.
        Act.ERASED,
        # What was answered is not in the log. The recall is sent again, and answered again.
        Act.RECALL_ACKNOWLEDGED,
        # The log that is put back has forgotten it already.
        Act.REDACTED,
        Act.RESTORED,
        # Codes and tokens of since are not in the backup, and are good for nothing.
        Act.ACCOUNT_LINK_ISSUED,
        Act.TOKEN_ADDED,
        Act.SIGNED_IN,
        Act.SIGN_IN_REFUSED,
        # They may be told once more of what they were told of.
        Act.TOLD,
        # What comes of it is with the change of the models, which is made again.
        Act.EMBEDDED_AGAIN,
        Act.TO_ENROL_AGAIN,
        # A pack is the machine's, and it says itself who accepted its licence.
        Act.LICENCE_ACCEPTED,
    }
)
"""The acts after which nothing is to be done again. A test fails for one that is in neither."""
