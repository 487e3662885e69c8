"""
Roles, and what each may do: the one place where that is decided.

`verdict` is asked before every act of somebody who is signed in, or of a program with a token. What
is in no row of the table is refused. A consent or a grant is not looked at here: `people.gate` and
the grants are asked as well, whoever it is that asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from countenance.core.ids import AccountId, PersonId, SessionId
from countenance.errors import ProveAgain, Refused, UsageError


class Role(StrEnum):
    """What somebody is here. Those who work here may have several roles; the others have one."""

    OWNER = "owner"
    PHOTOGRAPHER = "photographer"
    REVIEWER = "reviewer"
    STAFF = "staff"
    AUDITOR = "auditor"
    PERSON = "person"
    GUARDIAN = "guardian"
    RECIPIENT = "recipient"


WORKING = frozenset({Role.OWNER, Role.PHOTOGRAPHER, Role.REVIEWER, Role.STAFF, Role.AUDITOR})
"""Roles of those who work here. Whoever is shown here too has another account for that."""


class Right(StrEnum):
    """What can be done. The value is the word in the manual."""

    OWN_ACCOUNT = "own-account"  # its password, passkeys and sessions
    TOKENS = "tokens"  # for programs of one's own
    ACCOUNTS = "accounts"  # add, end, give roles
    KEYS = "keys"  # keys, backups, settings
    COLLECTIONS = "collections"  # make, rule, ground, assessment, roster
    SEE_SOURCES = "see-sources"
    CHANGE_SOURCES = "change-sources"  # add, scan, revoke
    UPLOAD = "upload"
    SEE_PICTURES = "see-pictures"
    REMOVE_PICTURES = "remove-pictures"  # a takedown
    SEE_JOBS = "see-jobs"
    SEE_PEOPLE = "see-people"  # names, and what they agreed to
    ENROL = "enrol"
    GIVE_CONSENT = "give-consent"
    WITHDRAW = "withdraw"
    OBJECT = "object"
    EXPORT_PERSON = "export-person"  # all that is held of somebody
    SEARCH = "search"
    REVIEW = "review"  # confirm and reject what was found
    MERGE = "merge"  # people, and undo it
    PUBLISH = "publish"  # check, cover, give out
    RECIPIENTS = "recipients"
    SEE_RECALLS = "see-recalls"
    READ_LOG = "read-log"
    READ_LOOKS = "read-looks"  # who looked for somebody
    RECEIPTS = "receipts"


class Scope(StrEnum):
    """What a token may be made for. It never gives more than its account has."""

    SEARCH = "search"
    PICTURES = "pictures"
    SOURCES = "sources"
    PEOPLE = "people"
    REVIEW = "review"
    PUBLISH = "publish"
    LOG = "log"


SCOPES: Mapping[Scope, frozenset[Right]] = MappingProxyType(
    {
        Scope.SEARCH: frozenset({Right.SEARCH, Right.SEE_PICTURES}),
        Scope.PICTURES: frozenset({Right.SEE_PICTURES, Right.UPLOAD}),
        Scope.SOURCES: frozenset({Right.SEE_SOURCES, Right.CHANGE_SOURCES, Right.SEE_JOBS}),
        Scope.PEOPLE: frozenset({Right.SEE_PEOPLE, Right.ENROL, Right.GIVE_CONSENT, Right.OBJECT}),
        # For programs by which a person answers: what it says counts as that person's word.
        Scope.REVIEW: frozenset({Right.REVIEW, Right.SEE_PICTURES}),
        Scope.PUBLISH: frozenset({Right.PUBLISH, Right.SEE_PICTURES}),
        Scope.LOG: frozenset({Right.READ_LOG, Right.READ_LOOKS, Right.RECEIPTS, Right.SEE_RECALLS}),
    }
)


class Reach(StrEnum):
    """How far a right goes."""

    ALL = "all"
    ASSIGNED = "assigned"  # in the sources and collections that the account was given
    OWN = "own"  # of who the account is or speaks for
    ITSELF = "itself"  # the account
    RECIPIENT = "recipient"  # of the recipient that it is


class Verdict(StrEnum):
    """What `verdict` says."""

    YES = "yes"
    NO = "no"
    PROVE_AGAIN = "prove-again"


@dataclass(frozen=True, slots=True)
class Identity:
    """
    Who acts, as their session or token says it at this instant.

    `people` are who they are or speak for, as far as those are enrolled; `assigned` the ids of
    sources and collections that they were given. `scopes` are a token's; of a session there are
    none. `fresh` says whether they have shown lately that it is they.
    """

    account: AccountId
    roles: frozenset[Role]
    name: str = ""
    people: frozenset[PersonId] = frozenset()
    assigned: frozenset[str] = frozenset()
    recipient: str = ""
    scopes: frozenset[Scope] | None = None
    session: SessionId | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class On:
    """
    On what something is to be done. `within` are the ids of the sources and collections that it
    lies in.
    """

    person: str = ""
    account: str = ""
    recipient: str = ""
    within: frozenset[str] = field(default_factory=frozenset)


ANYTHING = On()
"""Nothing in particular: only who may do it to everything may do it to that."""


def verdict(who: Identity, right: Right, on: On = ANYTHING) -> Verdict:
    """
    Whether somebody may do something: the one function that decides it.

    What cannot be undone, or shows all of somebody, needs that they have shown lately that it is
    they; a program cannot, and may not.
    """
    if who.scopes is not None and not any(right in SCOPES[one] for one in who.scopes):
        return Verdict.NO
    tables = [_EVERYBODY, *(RIGHTS[role] for role in who.roles)]
    reaches = {
        reach
        for table in tables
        if (reach := table.get(right)) is not None and _reaches(reach, who, on)
    }
    if not reaches:
        return Verdict.NO
    # Once is enough: of two roles the one counts that asks for less.
    if who.fresh or any(reach not in _PROVEN.get(right, ()) for reach in reaches):
        return Verdict.YES
    return Verdict.NO if who.scopes is not None else Verdict.PROVE_AGAIN


def may(who: Identity, right: Right, on: On = ANYTHING) -> bool:
    """Whether somebody may do something now, as `verdict` says."""
    return verdict(who, right, on) is Verdict.YES


def require(who: Identity, right: Right, on: On = ANYTHING) -> None:
    """Raises `ProveAgain` or `Refused` unless somebody may do something now."""
    match verdict(who, right, on):
        case Verdict.NO:
            raise Refused(f"this account may not: {right}")
        case Verdict.PROVE_AGAIN:
            raise ProveAgain(
                f"show once more that it is you: {right}", hint="password or passkey, and again"
            )


def parse_roles(text: str) -> frozenset[Role]:
    """
    Roles with commas between them.

    Raises `UsageError` if there is none, if one is none of ours, or if they do not go together.
    """
    try:
        roles = frozenset(Role(word.strip()) for word in text.split(","))
    except ValueError as exc:
        raise UsageError(f"{text!r}: the roles are {', '.join(Role)}") from exc
    return checked(roles)


def checked(roles: frozenset[Role]) -> frozenset[Role]:
    """Raises `UsageError` if there is no role, or if they do not go together."""
    if not roles:
        raise UsageError("an account has a role", hint=f"the roles are {', '.join(Role)}")
    if len(roles) > 1 and not roles <= WORKING:
        raise UsageError(
            f"{', '.join(sorted(roles))}: these do not go together",
            hint=f"only those who work here have several roles: {', '.join(sorted(WORKING))}",
        )
    return roles


def parse_scopes(text: str) -> frozenset[Scope]:
    """Scopes with commas between them. Raises `UsageError` if one is none of ours."""
    try:
        return frozenset(Scope(word.strip()) for word in text.split(","))
    except ValueError as exc:
        raise UsageError(f"{text!r}: a token is for {', '.join(Scope)}") from exc


# --------------------------------------------------------------------------------------------------


def _reaches(reach: Reach, who: Identity, on: On) -> bool:
    match reach:
        case Reach.ALL:
            return True
        case Reach.ASSIGNED:
            return bool(on.within & who.assigned)
        case Reach.OWN:
            return on.person in who.people
        case Reach.ITSELF:
            return on.account == who.account
        case Reach.RECIPIENT:
            return "" != on.recipient == who.recipient


_ALL, _ASSIGNED, _OWN = Reach.ALL, Reach.ASSIGNED, Reach.OWN

_EVERYBODY: Mapping[Right, Reach] = {Right.OWN_ACCOUNT: Reach.ITSELF}
"""Of whoever has an account, also one that was given no role yet."""

_THEMSELVES: Mapping[Right, Reach] = {
    Right.SEE_PICTURES: _OWN,
    Right.SEE_PEOPLE: _OWN,
    Right.GIVE_CONSENT: _OWN,
    Right.WITHDRAW: _OWN,
    Right.OBJECT: _OWN,
    Right.EXPORT_PERSON: _OWN,
    Right.SEARCH: _OWN,
    Right.REVIEW: _OWN,
    Right.READ_LOOKS: _OWN,
    Right.RECEIPTS: _OWN,
}
"""Of who is shown here, and of who speaks for them."""

RIGHTS: Mapping[Role, Mapping[Right, Reach]] = MappingProxyType(
    {
        Role.OWNER: {
            Right.TOKENS: _ALL,
            Right.ACCOUNTS: _ALL,
            Right.KEYS: _ALL,
            Right.COLLECTIONS: _ALL,
            Right.SEE_SOURCES: _ALL,
            Right.CHANGE_SOURCES: _ALL,
            Right.REMOVE_PICTURES: _ALL,
            Right.SEE_JOBS: _ALL,
            Right.SEE_PEOPLE: _ALL,
            Right.WITHDRAW: _ALL,
            Right.RECIPIENTS: _ALL,
            Right.SEE_RECALLS: _ALL,
            Right.READ_LOG: _ALL,
            Right.RECEIPTS: _ALL,
        },
        Role.PHOTOGRAPHER: {
            Right.TOKENS: _ALL,
            Right.SEE_SOURCES: _ASSIGNED,
            Right.CHANGE_SOURCES: _ASSIGNED,
            Right.UPLOAD: _ASSIGNED,
            Right.SEE_PICTURES: _ASSIGNED,
            Right.REMOVE_PICTURES: _ASSIGNED,
            Right.SEE_JOBS: _ASSIGNED,
            Right.PUBLISH: _ASSIGNED,
        },
        Role.REVIEWER: {
            Right.SEE_PICTURES: _ASSIGNED,
            Right.REVIEW: _ASSIGNED,
        },
        Role.STAFF: {
            Right.TOKENS: _ALL,
            Right.SEE_SOURCES: _ALL,
            Right.SEE_PICTURES: _ALL,
            Right.REMOVE_PICTURES: _ALL,
            Right.SEE_JOBS: _ALL,
            Right.SEE_PEOPLE: _ALL,
            Right.ENROL: _ALL,
            Right.GIVE_CONSENT: _ALL,
            Right.WITHDRAW: _ALL,
            Right.OBJECT: _ALL,
            Right.EXPORT_PERSON: _ALL,
            Right.SEARCH: _ALL,
            Right.MERGE: _ALL,
            Right.PUBLISH: _ALL,
            Right.SEE_RECALLS: _ALL,
            Right.RECEIPTS: _ALL,
        },
        Role.AUDITOR: {
            Right.TOKENS: _ALL,
            Right.SEE_RECALLS: _ALL,
            Right.READ_LOG: _ALL,
            Right.READ_LOOKS: _ALL,
            Right.RECEIPTS: _ALL,
        },
        Role.PERSON: _THEMSELVES,
        Role.GUARDIAN: _THEMSELVES,
        Role.RECIPIENT: {Right.SEE_RECALLS: Reach.RECIPIENT},
    }
)
"""What each role may do, and how far that goes. What is not here it may not."""

_PROVEN: Mapping[Right, frozenset[Reach]] = {
    Right.ACCOUNTS: frozenset({_ALL}),
    Right.TOKENS: frozenset({_ALL}),
    Right.KEYS: frozenset({_ALL}),
    Right.RECIPIENTS: frozenset({_ALL}),
    # For others alone: withdrawing for oneself takes no more steps than giving (P16).
    Right.WITHDRAW: frozenset({_ALL}),
    Right.EXPORT_PERSON: frozenset({_ALL, _OWN}),
}
"""What needs that they have shown lately that it is they, and how far it must go for that."""
