"""
Signing in: by password, by passkey, by another's word; sessions, and who acts in them.

Whoever is not let in is told one thing, in the same time, whatever the reason: that there is no
such account is nobody's business. Every try is counted before anything is looked at, in the
transaction that lets it go on, so that any number at once are counted one after the other.
"""

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from countenance.accounts import oidc
from countenance.accounts import passkeys as webauthn
from countenance.accounts.logins import (
    ABSOLUTE,
    CHALLENGE_LIVES,
    SEEN_EVERY,
    login_form,
)
from countenance.accounts.passkeys import CHALLENGE_BYTES, Site
from countenance.accounts.passwords import Passwords
from countenance.accounts.roles import Identity
from countenance.audit.entry import Act, Entry
from countenance.catalog import accounts, log, passkeys, signins
from countenance.catalog.accounts import Account, Belongings
from countenance.catalog.signins import How, Once, Session
from countenance.core.ids import AccountId, SessionId
from countenance.errors import NotFound, NotSignedIn, TooManyTries, Unavailable, UsageError
from countenance.library import tries
from countenance.library.opened import Opened
from countenance.settings import oidc_secret

SOMEBODY = "somebody"
"""Who tried to sign in and was not let in, in the log: it is not known who that was."""

_NOT_IN = "login and password do not belong together"


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Who asks, before it is known who that is.

    `address` is theirs, `agent` what their browser calls itself. `browser` is a random value that
    only their browser has, in a cookie: a challenge is for the browser that asked for it. `token`
    is that of the session they have, if they have one: signing in ends it.
    """

    address: str = ""
    agent: str = ""
    browser: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def known_by(self, browser: str) -> "Caller":
        """The same, whose browser is known by another random value."""
        return replace(self, browser=browser)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody was let in. `token` is for their browser alone, and is no good after `until`."""

    identity: Identity
    token: str = field(repr=False)
    until: datetime


class SignIns(Opened):
    """How somebody comes in, stays and goes."""

    @cached_property
    def _passwords(self) -> Passwords:
        return Passwords()

    # --- in ---------------------------------------------------------------------------------

    def sign_in(self, login: str, password: str, caller: Caller) -> SignedIn:
        """
        Let somebody in by their password; what session they had before ends.

        Raises `NotSignedIn` if that is not it, and `TooManyTries` if there were too many.
        """
        known, right = self._try_password(login, password, caller)
        before = known if right else None
        hashed = self._anew(before, password) if before is not None else ""
        with self._database.write() as tx:
            # Meanwhile the account may have ended, or its password be another.
            found = None if before is None else self._unchanged(tx, before)
            if found is not None:
                if hashed:
                    accounts.set_password(tx, found.id, hashed)
                done = self._let_in(tx, found, How.PASSWORD, caller)
            else:
                self._refused(tx, known)
        self._did_act()
        if found is None:
            raise NotSignedIn(_NOT_IN)
        return done

    def begin_passkey(self, caller: Caller, site: Site) -> str:
        """What a browser needs to sign in by a passkey, as JSON. It is good for five minutes."""
        challenge = self._challenge(Once.PASSKEY, caller.browser)
        return webauthn.authentication_options(site, challenge=challenge)

    def sign_in_with_passkey(self, answer: str, caller: Caller, site: Site) -> SignedIn:
        """
        Let somebody in by their passkey, which answers the challenge of this browser.

        Raises `NotSignedIn` if it does not, and `TooManyTries` if there were too many.
        """
        with self._database.write() as tx:
            busy = self._count(tx, "", caller)
            found = None if busy else self._passkey_of(tx, answer, caller.browser, site)
            if found is not None:
                done = self._let_in(tx, found, How.PASSKEY, caller)
            elif not busy:
                self._refused(tx, None)
        self._did_act()
        if busy is not None:
            raise busy
        if found is None:
            raise NotSignedIn("this passkey does not let anybody in here")
        return done

    # --- by another's word ------------------------------------------------------------------

    @cached_property
    def provider(self) -> oidc.Provider | None:
        """Who vouches for people, as the settings say. Raises `UsageError` if they say it wrong."""
        own = self._settings
        if not own.oidc_issuer:
            return None
        domains = tuple(one.strip().lower() for one in own.oidc_domains.split(",") if one.strip())
        return oidc.Provider(own.oidc_issuer, own.oidc_client, oidc_secret(), domains)

    def begin_provider(self, caller: Caller, *, back_to: str) -> str:
        """
        The address at the provider to which a browser is sent; it is sent back to `back_to`.

        Raises `NotFound` if the settings name no provider, and `Unavailable` if it is away.
        """
        asking = oidc.ask(self._require_provider(), back_to=back_to)
        kept = json.dumps({"nonce": asking.nonce, "verifier": asking.verifier, "back": back_to})
        with self._database.write() as tx:
            until = self._stores.now(tx) + CHALLENGE_LIVES
            signins.keep(
                tx,
                Once.PROVIDER,
                asking.state,
                until=until,
                bound_to=_bound(caller.browser),
                data=kept,
            )
        return asking.address

    def sign_in_with_provider(self, state: str, code: str, caller: Caller) -> SignedIn:
        """
        Let somebody in on the provider's word, with what their browser came back with.

        Whom it knew before is known by its name for them; else by an address of mail that it has
        verified, which is their login. Of a domain that the settings allow an account is made, with
        no role. Raises `NotSignedIn` and `TooManyTries` as the others do, and `Unavailable`.
        """
        provider = self._require_provider()
        with self._database.write() as tx:
            busy, at = self._count(tx, "", caller), self._stores.now(tx)
            bound = _bound(caller.browser)
            kept = None if busy else signins.take(tx, Once.PROVIDER, state, bound_to=bound, at=at)
        if busy is not None:
            raise busy
        stated = None
        if kept is not None:
            own = json.loads(kept.data)
            with suppress(NotSignedIn):
                stated = oidc.take(
                    provider,
                    code,
                    nonce=own["nonce"],
                    verifier=own["verifier"],
                    back_to=own["back"],
                    at=at,
                )
        with self._database.write() as tx:
            found = None if stated is None else self._stated(tx, provider, stated)
            if found is not None:
                done = self._let_in(tx, found, How.PROVIDER, caller)
            else:
                self._refused(tx, None)
        self._did_act()
        if found is None:
            raise NotSignedIn("the provider's word does not let anybody in here")
        return done

    # --- within -----------------------------------------------------------------------------

    def identity(self, token: str) -> Identity | None:
        """Whose session's token this is, with what they may be at this moment; or nobody's."""
        if not token:
            return None
        with self._database.read() as tx:
            found, at = signins.session_of(tx, token), self._stores.now(tx)
            if found is None or not found.is_live(at):
                return None
            who = self._identity(tx, found, at=at)
        if who is not None and at - found.seen_at >= SEEN_EVERY:
            # On a full disk it is not seen for a while, and works all the same.
            with suppress(Unavailable), self._database.write() as tx:
                signins.see(tx, found.id, at=self._stores.now(tx))
        return who

    def prove(self, password: str, caller: Caller) -> Identity:
        """
        Have somebody who is signed in show once more that it is they, by their password.

        Raises `NotSignedIn` if that is not it or nobody is, and `TooManyTries`.
        """
        with self._database.read() as tx:
            login = self._signed_in(tx, caller.token).login
        known, right = self._try_password(login, password, caller)
        before = known if right else None
        with self._database.write() as tx:
            found = None if before is None else self._unchanged(tx, before)
            if found is not None:
                tries.forgive(tx, found.login, caller.address)
                who = self._proved(tx, caller.token)
            else:
                self._refused(tx, known)
        self._did_act()
        if found is None:
            raise NotSignedIn(_NOT_IN)
        return who

    def prove_with_passkey(self, answer: str, caller: Caller, site: Site) -> Identity:
        """The same, by a passkey of theirs that answers the challenge of this browser."""
        with self._database.write() as tx:
            own = self._signed_in(tx, caller.token)
            busy = self._count(tx, "", caller)
            found = None if busy else self._passkey_of(tx, answer, caller.browser, site)
            is_they = found is not None and found.id == own.id
            if is_they:
                tries.forgive(tx, own.login, caller.address)
                who = self._proved(tx, caller.token)
            elif not busy:
                self._refused(tx, None)
        self._did_act()
        if busy is not None:
            raise busy
        if not is_they:
            raise NotSignedIn("this passkey does not let anybody in here")
        return who

    def sessions(self, account: str) -> list[Session]:
        """The live sessions of an account. Raises `NotFound` if there is no such account."""
        with self._database.read() as tx:
            found = accounts.get(tx, account)
            return signins.sessions(tx, found.id, at=self._stores.now(tx))

    # --- out --------------------------------------------------------------------------------

    def sign_out(self, token: str) -> None:
        """End a session, if there is one of this token."""
        with self._database.write() as tx:
            found = signins.session_of(tx, token)
            if found is not None:
                self._end(tx, found.account, [found.id], actor=found.account)
        self._did_act()

    def end_session(self, which: str, *, account: str) -> None:
        """
        End one session of an account. Raises `NotFound` if it has no such session.

        Whose it is is said, so that nobody ends another's by its id.
        """
        with self._database.write() as tx:
            own = accounts.get(tx, account)
            live = [one.id for one in signins.sessions(tx, own.id, at=self._stores.now(tx))]
            if which not in live:
                raise NotFound(f"{which}: no such session of this account")
            self._end(tx, own.id, [SessionId(which)])
        self._did_act()

    def end_sessions(self, account: str, *, but: SessionId | None = None) -> int:
        """End every session of an account, but for one, if that is said; how many there were."""
        with self._database.write() as tx:
            own = accounts.get(tx, account)
            live = signins.sessions(tx, own.id, at=self._stores.now(tx))
            going = [one.id for one in live if one.id != but]
            if going:
                self._end(tx, own.id, going)
        self._did_act()
        return len(going)

    # ----------------------------------------------------------------------------------------

    def _let_in(self, tx: Connection, who: Account, how: How, caller: Caller) -> SignedIn:
        """A new session with a token of its own; what this browser had ends."""
        tries.forgive(tx, who.login, caller.address)
        at = self._stores.now(tx)
        before = signins.session_of(tx, caller.token) if caller.token else None
        if before is not None:
            self._end(tx, before.account, [before.id], actor=who.id)
        made, token = signins.open_session(tx, who.id, how, agent=caller.agent, at=at)
        self._say(tx, Act.SIGNED_IN, who.id, made.id, actor=who.id)
        identity = self._identity(tx, made, at=at)
        if identity is None:
            raise NotSignedIn(_NOT_IN)
        return SignedIn(identity, token, made.made_at + ABSOLUTE)

    def _identity(self, tx: Connection, found: Session, *, at: datetime) -> Identity | None:
        own = accounts.get(tx, found.account)
        if not own.live:
            return None
        return Identity(
            account=own.id,
            roles=own.has.roles,
            name=own.name,
            people=accounts.enrolled(tx, own),
            assigned=own.has.assigned,
            recipient=own.has.recipient or "",
            session=found.id,
            fresh=found.is_fresh(at),
        )

    def _signed_in(self, tx: Connection, token: str) -> Account:
        found = signins.session_of(tx, token)
        if found is None or not found.is_live(self._stores.now(tx)):
            raise NotSignedIn("nobody is signed in here")
        own = accounts.get(tx, found.account)
        if not own.live:
            raise NotSignedIn("nobody is signed in here")
        return own

    def _proved(self, tx: Connection, token: str) -> Identity:
        at = self._stores.now(tx)
        self._signed_in(tx, token)
        found = signins.session_of(tx, token)
        assert found is not None  # noqa: S101  it was there in this transaction
        signins.prove(tx, found.id, at=at)
        self._say(tx, Act.SIGNED_IN, found.account, found.id, actor=found.account)
        renewed = signins.session_of(tx, token)
        who = None if renewed is None else self._identity(tx, renewed, at=at)
        if who is None:
            raise NotSignedIn("nobody is signed in here")
        return who

    def _try_password(
        self, login: str, password: str, caller: Caller
    ) -> tuple[Account | None, bool]:
        """
        Whose login this is, if anybody's, and whether that is its password; the try counts first.

        A look at a password takes long, so nobody else waits for it: it is in no transaction.
        """
        try:
            plain = login_form(login)
        except UsageError:
            plain = ""  # Nobody's; which takes as long to say.
        with self._database.write() as tx:
            busy = self._count(tx, plain, caller)
            found = accounts.by_login(tx, plain)
        if busy is not None:
            raise busy
        live = found if found is not None and found.live and found.password else None
        right = self._passwords.verify(None if live is None else live.password, password)
        return found, right

    def _unchanged(self, tx: Connection, before: Account) -> Account | None:
        found = accounts.by_login(tx, before.login)
        same = found is not None and found.live and found.password == before.password
        return found if same else None

    def _anew(self, who: Account, password: str) -> str:
        """The password's hash at today's cost, if it was hashed at another; else nothing."""
        outdated = self._passwords.is_outdated(who.password)
        return self._passwords.hash(password) if outdated else ""

    def _challenge(self, kind: Once, browser: str, *, account: AccountId | None = None) -> bytes:
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        with self._database.write() as tx:
            until = self._stores.now(tx) + CHALLENGE_LIVES
            bound = _bound(browser)
            signins.keep(tx, kind, challenge.hex(), until=until, account=account, bound_to=bound)
        return challenge

    def _passkey_of(self, tx: Connection, answer: str, browser: str, site: Site) -> Account | None:
        """
        Whose passkey answered the challenge of this browser, if anybody's.

        The challenge is used up, whatever becomes of it.
        """
        try:
            credential, challenge = webauthn.answered(answer)
            at = self._stores.now(tx)
            bound = _bound(browser)
            if signins.take(tx, Once.PASSKEY, challenge.hex(), bound_to=bound, at=at) is None:
                return None
            known = passkeys.by_credential(tx, credential)
            if known is None:
                return None
            counted = webauthn.verify_authentication(
                answer,
                challenge=challenge,
                site=site,
                public_key=known.public_key,
                sign_count=known.sign_count,
            )
        except NotSignedIn:
            return None
        own = accounts.get(tx, known.account)
        if not own.live:
            return None
        passkeys.use(tx, known.id, sign_count=counted, at=at)
        return own

    def _require_provider(self) -> oidc.Provider:
        if self.provider is None:
            raise NotFound(
                "nobody vouches for people here", hint="the setting oidc_issuer names who does"
            )
        return self.provider

    def _stated(
        self, tx: Connection, provider: oidc.Provider, stated: oidc.Stated
    ) -> Account | None:
        """Whom the provider means. Their roles are ours to give, and are as they were."""
        known = accounts.by_subject(tx, stated.issuer, stated.subject)
        if known is not None:
            return known if known.live else None
        if not stated.mail:
            return None
        try:
            login = login_form(stated.mail)
        except UsageError:
            return None
        own = accounts.by_login(tx, login)
        if own is None and provider.allows(login):
            at = self._stores.now(tx)
            own = accounts.add(tx, login, login, Belongings(frozenset()), at=at)
            self._say(tx, Act.ACCOUNT_ADDED, own.id, actor=own.id)
        # An account that the provider knows under another name is another's.
        if own is None or not own.live or own.subject:
            return None
        accounts.set_subject(tx, own.id, stated.issuer, stated.subject)
        return own

    # --- counted and said -------------------------------------------------------------------

    def _count(self, tx: Connection, login: str, caller: Caller) -> TooManyTries | None:
        return tries.count(tx, login, caller.address, at=self._stores.now(tx))

    def _counted(self, caller: Caller) -> None:
        """Count a try by an address. Raises `TooManyTries` if there were too many."""
        with self._database.write() as tx:
            busy = self._count(tx, "", caller)
        if busy is not None:
            raise busy

    def _refused(self, tx: Connection, who: Account | None) -> None:
        subjects = () if who is None else (who.id,)
        self._say(tx, Act.SIGN_IN_REFUSED, *subjects, actor=SOMEBODY)

    def _end(
        self, tx: Connection, who: AccountId, which: list[SessionId], *, actor: str = ""
    ) -> None:
        signins.end_sessions(tx, which=which)
        self._say(tx, Act.SESSION_ENDED, who, *which, actor=actor)

    def _say(self, tx: Connection, act: Act, *subjects: str, actor: str = "") -> None:
        by = actor or self._settings.actor
        log.record(tx, Entry(act, self._stores.now(tx), by, subjects=subjects))


# --------------------------------------------------------------------------------------------------


def _bound(browser: str) -> str:
    """Raises `NotSignedIn` of a browser that has nothing to be known by: it takes no cookies."""
    if not browser:
        raise NotSignedIn("this browser keeps nothing that it could be known by")
    return browser
