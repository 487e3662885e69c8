"""A library with an owner, and the few things that tests do at its door."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from starlette.testclient import TestClient

from countenance.accounts.passkeys import Site
from countenance.accounts.passwords import Cost, Passwords
from countenance.accounts.roles import Role
from countenance.audit.entry import Entry
from countenance.catalog import log
from countenance.catalog.accounts import Account, Belongings
from countenance.library import AccountAdded, Caller, Library, SignedIn
from countenance.web.account.session import SESSION
from tests.fakes.authenticator import Authenticator
from tests.fakes.clock import START, FakeClock
from tests.fakes.gala import Gala, open_library
from tests.fakes.vision import FakeVision

SITE = Site.at("https://faces.example")
PASSWORD = "vagnen rostar tyst i mars"  # noqa: S105  nobody's
OTHER = "sju lampor under havets tak"
HOME = Caller("192.0.2.7", "Firefox on a desk", "browser-of-home")
AWAY = Caller("198.51.100.9", "Chrome on a phone", "browser-of-away")


def within(caller: Caller, signed_in: SignedIn) -> Caller:
    """The same caller, with the session that they have now."""
    return Caller(caller.address, caller.agent, caller.browser, signed_in.token)


@dataclass(slots=True)
class Door:
    """A library, whose passwords cost next to nothing."""

    library: Library
    clock: FakeClock
    cost: Cost = field(default=Cost(1, 64, 1))

    @classmethod
    def make(cls, below: Path, *, at: datetime = START) -> Self:
        clock = FakeClock(at)
        made = cls(open_library(below / "library", clock, FakeVision()), clock)
        made.library.__dict__["_passwords"] = Passwords(made.cost)
        return made

    def own(self, caller: Caller = HOME) -> SignedIn:
        """The first owner, by the code of the first start."""
        link = self.library.set_up_code()
        assert link is not None
        return self.library.set_up(link.code, "ada@club.example", "Ada", PASSWORD, caller)

    def add(self, login: str, *roles: Role, has: Belongings | None = None) -> AccountAdded:
        own = has or Belongings(frozenset(roles or {Role.STAFF}))
        return self.library.add_account(login, login.partition("@")[0].title(), own)

    def member(self, login: str, *roles: Role, caller: Caller = AWAY) -> SignedIn:
        """Somebody new, who came in by their link and chose a password."""
        return self.library.redeem_link(self.add(login, *roles).link.code, PASSWORD, caller)

    def give_passkey(
        self, signed_in: SignedIn, caller: Caller, name: str = "phone"
    ) -> Authenticator:
        """A passkey for who is signed in, on a new device."""
        device, here = Authenticator(SITE.origin), within(caller, signed_in)
        options = self.library.begin_new_passkey(here, SITE)
        self.library.add_passkey(device.make(options), name, here, SITE)
        return device

    def use_passkey(self, device: Authenticator, caller: Caller) -> SignedIn:
        answer = device.sign(self.library.begin_passkey(caller, SITE))
        return self.library.sign_in_with_passkey(answer, caller, SITE)

    def account(self, which: str) -> Account:
        return self.library.account(which)

    def said(self) -> Sequence[Entry]:
        """The log."""
        with self.library._database.read() as tx:
            return log.entries(tx)


def sign_in(
    client: TestClient,
    gala: Gala,
    login: str,
    *roles: Role,
    given: frozenset[str] = frozenset(),
    has: Belongings | None = None,
) -> None:
    """Give the client the session of a new account with these roles."""
    door = Door(gala.library, gala.clock)
    gala.library.__dict__["_passwords"] = Passwords(door.cost)
    added = door.add(login, has=has or Belongings(frozenset(roles), assigned=given))
    done = gala.library.redeem_link(added.link.code, PASSWORD, Caller())
    client.cookies.clear()
    client.cookies.set(SESSION, done.token)
