"""
Accounts: who may sign in here and as what; what they sign in with; tokens for their programs.

Nobody is locked out for good, and nobody is let in by accident: the last owner who can come in
stays one, an account's last way in is not taken away, and a code or a link is good once.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from countenance.accounts import passkeys as webauthn
from countenance.accounts.logins import (
    KEPT,
    LINK_LIVES,
    SET_UP_LIVES,
    login_form,
)
from countenance.accounts.passkeys import Site
from countenance.accounts.passwords import check_password
from countenance.accounts.roles import (
    Role,
    checked,
)
from countenance.accounts.tokens import new_code, read_code
from countenance.audit.entry import ROLE_MARK, Act
from countenance.catalog import accounts, collections, passkeys, signins, tokens
from countenance.catalog.accounts import PAGE, Account, Belongings
from countenance.catalog.passkeys import Passkey
from countenance.catalog.signins import How, Once
from countenance.errors import (
    NotFound,
    NotSignedIn,
    ProveAgain,
    Refused,
    Unavailable,
    UsageError,
)
from countenance.library.signins import Caller, SignedIn
from countenance.library.tokens import Tokens

MAX_NAME = 200

FIRST = frozenset({Role.OWNER, Role.STAFF, Role.REVIEWER})
"""What the first account is: where there is one only, it does everything."""


@dataclass(frozen=True, slots=True)
class Link:
    """A code that is good once, until `until`; it is shown this once."""

    code: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class AccountAdded:
    """A new account, and what its holder comes in with the first time."""

    account: Account
    link: Link


class Accounts(Tokens):
    """What is done with accounts."""

    # --- the first --------------------------------------------------------------------------

    def set_up_code(self) -> Link | None:
        """
        A code with which the first owner makes their account; nothing where there is an owner.

        It is good once and for an hour, and takes the place of the one before.
        """
        with self._database.read() as tx:
            if accounts.owners(tx):
                return None
        code = new_code()
        with self._database.write() as tx:
            if accounts.owners(tx):
                return None
            until = self._stores.now(tx) + SET_UP_LIVES
            signins.keep(tx, Once.SET_UP, code, until=until)
            self._say(tx, Act.ACCOUNT_LINK_ISSUED)
        self._did_act()
        return Link(code, until)

    def set_up(self, code: str, login: str, name: str, password: str, caller: Caller) -> SignedIn:
        """
        Make the first owner, with the code that the server showed, and let them in.

        They are `FIRST`, and reviewer of the collections that there are, so that one account shows
        the whole desk of a library that is begun; other roles are given by `set_roles`.

        Raises `NotSignedIn` if the code is not it, is over, or if there is an owner by now;
        `TooManyTries`, and `UsageError` if the login or the password will not do. Then the code is
        good still.
        """
        plain, called = login_form(login), _named(name)
        check_password(password, known=(plain, called))
        self._counted(caller)
        hashed = self._passwords.hash(password)
        with self._database.write() as tx:
            at = self._stores.now(tx)
            taken = signins.take(tx, Once.SET_UP, read_code(code), at=at)
            first = taken is not None and not accounts.owners(tx)
            if first:
                every = frozenset(one.id for one in collections.list_all(tx))
                own = accounts.add(tx, plain, called, Belongings(FIRST, assigned=every), at=at)
                accounts.set_password(tx, own.id, hashed)
                self._say(tx, Act.ACCOUNT_ADDED, own.id, *_roles(own), actor=own.id)
                done = self._let_in(tx, own, How.LINK, caller)
            else:
                self._refused(tx, None)
        self._did_act()
        if not first:
            raise NotSignedIn(
                "this code is not the one, or it is over", hint="the server shows one at its start"
            )
        return done

    # --- accounts ---------------------------------------------------------------------------

    def accounts(self, *, after: str = "", limit: int = PAGE) -> list[Account]:
        """So many accounts by login, from behind the login `after`; also those that ended."""
        with self._database.read() as tx:
            return accounts.page(tx, after=after, limit=limit)

    def account(self, which: str) -> Account:
        """The account of this id or login. Raises `NotFound` if there is none."""
        with self._database.read() as tx:
            return accounts.get(tx, which)

    def add_account(self, login: str, name: str, has: Belongings) -> AccountAdded:
        """
        Add an account, and a link with which its holder comes in and chooses a password.

        Raises `UsageError` if the login is taken or will not do, if the roles do not go together,
        or if somebody shown here, or who speaks for one, is not named; and `NotFound` if those are
        not enrolled.
        """
        _require_sound(has)
        plain, called = login_form(login), _named(name)
        with self._database.write() as tx:
            at = self._stores.now(tx)
            made = accounts.add(tx, plain, called, has, at=at)
            self._say(tx, Act.ACCOUNT_ADDED, made.id, *_roles(made))
            link = self._way_in(tx, made)
        self._did_act()
        return AccountAdded(made, link)

    def set_roles(
        self, which: str, roles: frozenset[Role], *, assigned: frozenset[str] | None = None
    ) -> Account:
        """
        Give an account other roles; of something `assigned`, other sources and collections too.

        Its sessions end: whoever signs in again is what they are by then. Raises `NotFound` if
        there is no such account, `UsageError` if the roles do not go together or it has ended, and
        `Refused` if nobody would be left who is owner and can come in.
        """
        with self._database.write() as tx:
            own = self._live(tx, which)
            _require_sound(Belongings(roles, own.has.person, own.has.wards))
            if Role.OWNER not in roles:
                self._require_another_owner(tx, own)
            accounts.set_belongings(tx, own.id, roles, assigned)
            signins.end_all(tx, own.id)
            changed = accounts.get(tx, own.id)
            self._say(
                tx, Act.ROLES_CHANGED, own.id, *_roles(changed), *sorted(changed.has.assigned)
            )
        self._did_act()
        return changed

    def end_account(self, which: str) -> Account:
        """
        End an account: it lets nobody and no program in from this transaction on.

        Raises as `set_roles` does. After thirty days it is forgotten whose it was.
        """
        with self._database.write() as tx:
            own, at = self._live(tx, which), self._stores.now(tx)
            self._require_another_owner(tx, own)
            accounts.end(tx, own.id, at=at)
            signins.end_all(tx, own.id)
            signins.drop(tx, own.id)
            tokens.end_all(tx, own.id, at=at)
            self._say(tx, Act.ACCOUNT_ENDED, own.id)
            ended = accounts.get(tx, own.id)
        self._did_act()
        return ended

    def make_link(self, which: str) -> Link:
        """
        A link for somebody who cannot come in: good once, for three days, in place of the former.

        Raises `NotFound` if there is no such account, and `UsageError` if it has ended.
        """
        with self._database.write() as tx:
            link = self._way_in(tx, self._live(tx, which))
        self._did_act()
        return link

    def redeem_link(self, code: str, password: str, caller: Caller) -> SignedIn:
        """
        Choose a password with a link, and come in. Every session there was ends.

        Raises `NotSignedIn` if it is no link, or is over; `TooManyTries`, and `UsageError` if the
        password will not do. Then the link is good still.
        """
        self._counted(caller)
        hashed = self._passwords.hash(password)
        with self._database.write() as tx:
            kept = signins.take(tx, Once.LINK, read_code(code), at=self._stores.now(tx))
            own = None if kept is None or kept.account is None else accounts.get(tx, kept.account)
            if own is not None and own.live:
                # What is raised here gives the link back: the transaction is undone.
                check_password(password, known=(own.login, own.name))
                done = self._with_password(tx, own, hashed, How.LINK, caller)
            else:
                self._refused(tx, None)
        self._did_act()
        if own is None or not own.live:
            raise NotSignedIn("this link is not one, or it is over")
        return done

    # --- what one signs in with -------------------------------------------------------------

    def change_password(self, old: str, new: str, caller: Caller) -> SignedIn:
        """
        Give the account that is signed in another password. Every session ends but a new one.

        Whoever has none yet has shown lately that it is they, and says no `old` one. Raises
        `NotSignedIn` if the old one is not it, `ProveAgain`, `TooManyTries`, and `UsageError` if
        the new one will not do.
        """
        with self._database.read() as tx:
            own = self._signed_in(tx, caller.token)
        if own.password:
            _, right = self._try_password(own.login, old, caller)
            before = own if right else None
        else:
            who = self.identity(caller.token)
            if who is None or not who.fresh:
                raise ProveAgain("show once more that it is you")
            before = own
        check_password(new, known=(own.login, own.name))
        hashed = self._passwords.hash(new)
        with self._database.write() as tx:
            found = None if before is None else self._unchanged(tx, before)
            if found is not None:
                self._signed_in(tx, caller.token)
                done = self._with_password(tx, found, hashed, How.PASSWORD, caller)
            else:
                self._refused(tx, own)
        self._did_act()
        if found is None:
            raise NotSignedIn("this is not the password")
        return done

    def passkeys(self, account: str) -> list[Passkey]:
        """The passkeys of an account. Raises `NotFound` if there is no such account."""
        with self._database.read() as tx:
            return passkeys.of(tx, accounts.get(tx, account).id)

    def begin_new_passkey(self, caller: Caller, site: Site) -> str:
        """
        What a browser needs to make a passkey for who is signed in, as JSON.

        Raises `NotSignedIn` if nobody is, and `ProveAgain` if it was too long ago.
        """
        own = self._fresh(caller.token)
        challenge = self._challenge(Once.NEW_PASSKEY, caller.token, account=own.id)
        with self._database.read() as tx:
            known = [one.credential for one in passkeys.of(tx, own.id)]
        return webauthn.registration_options(
            site, own.id, own.login, own.name, challenge=challenge, known=known
        )

    def add_passkey(self, answer: str, name: str, caller: Caller, site: Site) -> Passkey:
        """
        Take the passkey that a browser made for who is signed in. They call it `name`.

        Raises `NotSignedIn` if it is not the answer to the challenge of this session, and
        `UsageError` if it has no name or is known.
        """
        own = self._fresh(caller.token)
        _, challenge = webauthn.answered(answer)
        with self._database.write() as tx:
            at = self._stores.now(tx)
            kept = signins.take(tx, Once.NEW_PASSKEY, challenge.hex(), bound_to=caller.token, at=at)
        if kept is None or kept.account != own.id:
            raise NotSignedIn("this passkey answers nothing that was asked in this session")
        new = webauthn.verify_registration(answer, challenge=challenge, site=site)
        with self._database.write() as tx:
            self._signed_in(tx, caller.token)
            made = passkeys.add(tx, own.id, new, name=name, at=self._stores.now(tx))
            self._say(tx, Act.PASSKEY_ADDED, own.id, made.id)
        self._did_act()
        return made

    def end_passkey(self, which: str, *, account: str) -> None:
        """
        Take a passkey off an account.

        Raises `NotFound` if it has no such passkey, and `Refused` if nothing else lets it in.
        """
        with self._database.write() as tx:
            own, found = accounts.get(tx, account), passkeys.get(tx, which)
            if found.account != own.id:
                raise NotFound(f"{which}: no such passkey")
            passkeys.remove(tx, found.id)
            if not accounts.has_way_in(tx, own):
                raise Refused(
                    "nothing else lets this account in", hint="set a password before, or add one"
                )
            self._say(tx, Act.PASSKEY_ENDED, own.id, found.id)
        self._did_act()

    # --- in time ----------------------------------------------------------------------------

    def forget_ended(self) -> int:
        """
        Remove what is over: sessions, codes, tokens, and accounts that ended thirty days ago.

        Gives how many rows that were. The log keeps the ids.
        """
        with self._database.write() as tx:
            at = self._stores.now(tx)
            gone = signins.forget(tx, at=at)
            gone += tokens.forget(tx, until=at - KEPT)
            gone += accounts.forget(tx, until=at - KEPT)
        if gone:
            with suppress(Unavailable):  # Then they leave the files with the next that goes.
                self._database.forget_deleted_bytes(*accounts.TABLES)
        return gone

    # ----------------------------------------------------------------------------------------

    def _way_in(self, tx: Connection, own: Account) -> Link:
        code, until = new_code(), self._stores.now(tx) + LINK_LIVES
        signins.keep(tx, Once.LINK, code, until=until, account=own.id)
        self._say(tx, Act.ACCOUNT_LINK_ISSUED, own.id)
        return Link(code, until)

    def _with_password(
        self, tx: Connection, own: Account, hashed: str, how: How, caller: Caller
    ) -> SignedIn:
        """Set a password, end what was there before, and let them in."""
        accounts.set_password(tx, own.id, hashed)
        signins.end_all(tx, own.id)
        signins.drop(tx, own.id)
        self._say(tx, Act.PASSWORD_CHANGED, own.id, actor=own.id)
        return self._let_in(tx, own, how, caller)

    def _fresh(self, token: str) -> Account:
        """Who is signed in and has shown lately that it is they."""
        who = self.identity(token)
        if who is None:
            raise NotSignedIn("nobody is signed in here")
        if not who.fresh:
            raise ProveAgain("show once more that it is you", hint="password or passkey, and again")
        return self.account(who.account)

    def _require_another_owner(self, tx: Connection, own: Account) -> None:
        """An owner goes only if another can come in: otherwise nobody could make one."""
        if Role.OWNER not in own.has.roles:
            return
        others = [one for one in accounts.owners(tx) if one.id != own.id]
        if not any(accounts.has_way_in(tx, one) for one in others):
            raise Refused(
                f"{own.login}: nobody else here is owner and can come in",
                hint="make another owner before, and have them sign in",
            )


# --------------------------------------------------------------------------------------------------


def _named(name: str) -> str:
    called = " ".join(name.split())
    if not 0 < len(called) <= MAX_NAME or not called.isprintable():
        raise UsageError("an account has the name of who has it")
    return called


def _roles(own: Account) -> list[str]:
    return [f"{ROLE_MARK}{role}" for role in sorted(own.has.roles)]


def _require_sound(has: Belongings) -> None:
    """Whoever is shown here, or speaks for one, is named; and nobody else is."""
    roles = checked(has.roles)
    needs = {
        Role.PERSON: (bool(has.person), "who they are"),
        Role.GUARDIAN: (bool(has.wards), "for whom they speak"),
        Role.RECIPIENT: (bool(has.recipient), "which recipient they are"),
    }
    for role, (said, what) in needs.items():
        if said is not (role in roles):
            raise UsageError(f"an account says {what} if it is a {role}'s, and only then")
