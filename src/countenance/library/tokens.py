"""
Tokens: what programs show of whoever they work for.

A token gives what it was made for, of what its account may at that moment; never more. Its text is
shown once. Accounts, keys and tokens themselves are for people alone.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from countenance.accounts.logins import MAX_TOKEN_LIVES, SEEN_EVERY
from countenance.accounts.roles import RIGHTS, SCOPES, Identity, Right, Scope, may
from countenance.audit.entry import Act
from countenance.catalog import accounts, tokens
from countenance.catalog.accounts import Account
from countenance.catalog.tokens import Token
from countenance.errors import NotFound, Refused, Unavailable, UsageError
from countenance.library.signins import SignIns


@dataclass(frozen=True, slots=True)
class TokenAdded:
    """A new token; its text is shown this once."""

    token: Token
    text: str = field(repr=False)


class Tokens(SignIns):
    """What is done with tokens."""

    def add_token(
        self, account: str, name: str, scopes: frozenset[Scope], *, until: datetime
    ) -> TokenAdded:
        """
        A token for a program, which may do with it what its account may, within `scopes`.

        Raises `NotFound` if there is no such account, `UsageError` if there is no name or scope or
        it would last longer than a year, and `Refused` if the account may have none, or may
        nothing of a scope.
        """
        if not name.strip() or not scopes:
            raise UsageError("a token has a name and is for something")
        with self._database.write() as tx:
            own, at = self._live(tx, account), self._stores.now(tx)
            if not at < until <= at + MAX_TOKEN_LIVES:
                raise UsageError(f"a token lasts at most {MAX_TOKEN_LIVES.days} days")
            as_they = Identity(own.id, own.has.roles, fresh=True, assigned=own.has.assigned)
            _require_tokens(as_they, scopes)
            made, text = tokens.add(tx, own.id, name, scopes, until=until, at=at)
            self._say(tx, Act.TOKEN_ADDED, own.id, made.id)
        self._did_act()
        return TokenAdded(made, text)

    def tokens(self, account: str) -> list[Token]:
        """The tokens of an account. Raises `NotFound` if there is no such account."""
        with self._database.read() as tx:
            return tokens.of(tx, accounts.get(tx, account).id)

    def end_token(self, which: str, *, account: str = "") -> Token:
        """
        A token lets no program in from here on.

        Raises `NotFound` if there is none; of an `account`, also if it is another's.
        """
        with self._database.write() as tx:
            found = tokens.get(tx, which)
            if account and found.account != accounts.get(tx, account).id:
                raise NotFound(f"{which}: no such token")
            tokens.end(tx, found.id, at=self._stores.now(tx))
            self._say(tx, Act.TOKEN_ENDED, found.account, found.id)
            ended = tokens.get(tx, which)
        self._did_act()
        return ended

    def identity_of_token(self, text: str) -> Identity | None:
        """Whose token this is, with what its account may be at this moment; or nobody's."""
        if not text:
            return None
        with self._database.read() as tx:
            found, at = tokens.of_text(tx, text), self._stores.now(tx)
            if found is None or not found.is_live(at):
                return None
            own = accounts.get(tx, found.account)
            if not own.live:
                return None
            people = accounts.enrolled(tx, own)
        if found.used_at is None or at - found.used_at >= SEEN_EVERY:
            with suppress(Unavailable), self._database.write() as tx:
                tokens.use(tx, found.id, at=self._stores.now(tx))
        return Identity(
            account=own.id,
            roles=own.has.roles,
            name=own.name,
            people=people,
            assigned=own.has.assigned,
            recipient=own.has.recipient or "",
            scopes=found.scopes,
        )

    # ----------------------------------------------------------------------------------------

    def _live(self, tx: Connection, which: str) -> Account:
        own = accounts.get(tx, which)
        if not own.live:
            raise UsageError(f"{own.login}: this account has ended")
        return own


# --------------------------------------------------------------------------------------------------


def _require_tokens(who: Identity, scopes: Collection[Scope]) -> None:
    if not may(who, Right.TOKENS):
        raise Refused("this account may have no tokens")
    for scope in scopes:
        if not any(_may_somewhere(who, right) for right in SCOPES[scope]):
            raise Refused(f"{scope}: this account may do nothing of it")


def _may_somewhere(who: Identity, right: Right) -> bool:
    return any(right in RIGHTS[role] for role in who.roles)
