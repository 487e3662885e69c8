"""
Telling people of new pictures by mail: asked for, confirmed, sent, stopped.

Each message asks the consents `tell-me` and `find-me` at the instant that it is made, and leads by
a link of its own that ends by itself. What cannot be sent is tried again, ever more seldom.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from countenance.audit.entry import Act
from countenance.catalog import binding, people, telling
from countenance.catalog.people import Person
from countenance.catalog.telling import CONFIRMED_WITHIN, Telling, TellingState, Where
from countenance.errors import Refused, Unavailable, UsageError, VerificationError
from countenance.library.links import LeadsNowhere, Links
from countenance.library.mail import Mailer, Message, mailer_of
from countenance.people.gate import admitted
from countenance.people.purpose import Purpose
from countenance.people.telling import of_new, to_confirm, to_enrol_again
from countenance.settings import is_mail_address

LINK_DAYS = 30
"""For so long the link in a message leads to its page."""

AT_MOST_EVERY = timedelta(hours=6)
"""Between two messages to one person: pictures that come one after the other are told together."""

AGAIN_AFTER = (5, 30, 120, 360, 1440)
"""Minutes after a try that did not come through; the last of them from then on."""

MAX_TRIES = 12
"""After that an address is forgotten: nothing reaches it."""

_NEEDED = (Purpose.TELL_ME, Purpose.FIND_ME)
"""One says that they may be told, the other that they may see it."""


@dataclass(frozen=True, slots=True)
class ToldAt:
    """Where somebody is told: their address, and whether it was confirmed."""

    address: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of messages: how many were sent, and how many could not be."""

    sent: int
    failed: int


class Tellings(Links):
    """What is done with them. Off unless the settings say by what mail is sent."""

    @property
    def tells(self) -> bool:
        """Whether mail is sent here at all."""
        return self._mailer() is not None

    def told_at(self, token: str) -> ToldAt | None:
        """Where somebody is told, by their own link; nothing if they did not ask for it."""
        own = self.own(token)
        with self._database.read() as tx:
            known = telling.of(tx, own.person.id)
            if known is None:
                return None
            try:
                where = telling.opened(tx, self._stores.keys, own.person, known)
            except VerificationError:
                return None
        return ToldAt(where.address, known.state is TellingState.ON)

    def ask_to_be_told(self, token: str, address: str, *, language: str = "en") -> None:
        """
        Remember an address, in the place of any before it; a message asks there whether it is the
        right one, and until it was confirmed nothing else is sent.

        Raises `LeadsNowhere` if the link does, `UsageError` if it is no address, and `Refused` if
        mail is off, or it was not agreed to.
        """
        if not self.tells:
            raise Refused("no mail is sent here")
        if not is_mail_address(address):
            raise UsageError("not an address that mail can be sent to")
        own = self.own(token)
        self._require_own_keys()
        with self.acting_as(own.person.id), self._database.write() as tx:
            at = self._stores.now(tx)
            if not self._agrees(tx, own.person):
                raise Refused(f"it was not agreed to: {Purpose.TELL_ME}, {Purpose.FIND_ME}")
            where = Where(address, language, telling.new_code())
            telling.ask(tx, self._stores.keys, own.person, where, at=at)
            self._log(tx, Act.TELLING_CHANGED, subjects=(own.person.id,))
        self._did_act()

    def stop_telling(self, token: str) -> None:
        """Forget the address; the consent goes on. Raises `LeadsNowhere` if the link does."""
        own = self.own(token)
        with self.acting_as(own.person.id), self._database.write() as tx:
            if telling.remove(tx, own.person.id):
                self._log(tx, Act.TELLING_CHANGED, subjects=(own.person.id,))
        self._did_act()

    def confirm_telling(self, code: str) -> None:
        """
        Confirm an address by the code that went there.

        Raises `LeadsNowhere` if there is no such code, or its time is over.
        """
        with self._database.write() as tx:
            who = telling.confirm(tx, code, at=self._stores.now(tx))
            if who is None:
                raise LeadsNowhere("this link leads nowhere")
            with self.acting_as(who):
                self._log(tx, Act.TELLING_CHANGED, subjects=(who,))
        self._did_act()

    def tell_people(self, mailer: Mailer | None = None) -> Sent:
        """Send what is due. `mailer` is there for tests; of none, it is that of the settings."""
        mailer = mailer or self._mailer()
        if mailer is None:
            return Sent(0, 0)
        with self._database.read() as tx:
            waiting = telling.due(tx, at=self._stores.now(tx))
        done = [self._tell(one, mailer) for one in waiting]
        return Sent(done.count(True), done.count(False))

    def tells_somebody(self) -> bool:
        """Whether there is anybody whom something may have to be sent to now."""
        if not self.tells:
            return False
        with self._database.read() as tx:
            return bool(telling.due(tx, at=self._stores.now(tx)))

    # ----------------------------------------------------------------------------------------

    def _mailer(self) -> Mailer | None:
        return mailer_of(self._settings)

    def _agrees(self, tx: Connection, who: Person) -> bool:
        own, at = people.consents(tx, people=[who.id]), self._stores.now(tx)
        return all(who.id in admitted(own, purposes=(one,), at=at) for one in _NEEDED)

    def _tell(self, one: Telling, mailer: Mailer) -> bool | None:
        """Whether a message was sent; nothing if there was none to send."""
        with self._database.write() as tx:
            telling.forget_unconfirmed(tx, at=self._stores.now(tx))
            made = self._message(tx, one)
            at = self._stores.now(tx)
            if made is None:
                telling.put_off(tx, one, next_at=at + AT_MOST_EVERY)
                return None
            after = AGAIN_AFTER[min(one.tries, len(AGAIN_AFTER) - 1)]
            # A crash after it was sent, and before that is written, sends it once more.
            telling.try_again(tx, one, next_at=at + timedelta(minutes=after))
        try:
            mailer(made)
        except Unavailable:
            if one.tries + 1 >= MAX_TRIES:
                with self._database.write() as tx:
                    telling.remove(tx, one.person)
                    self._log(tx, Act.TELLING_CHANGED, subjects=(one.person,))
            return False
        with self._database.write() as tx:
            self._log(tx, Act.TOLD, subjects=(one.person,))
            telling.sent(tx, one, told_at=at, next_at=at + AT_MOST_EVERY)
        self._did_act()
        return True

    def _message(self, tx: Connection, one: Telling) -> Message | None:
        """What is to be sent to somebody now, if they agree to it now, and there is anything."""
        at, known = self._stores.now(tx), people.named(tx, one.person)
        now = telling.of(tx, one.person)
        if now != one or not known or not self._agrees(tx, known[0]):
            return None
        try:
            where = telling.opened(tx, self._stores.keys, known[0], one)
        except VerificationError:
            return None
        if one.state is TellingState.ASKED:
            link = f"{self._settings.address}/tell/{where.code}"
            return Message(
                where.address,
                *to_confirm(where.language, link=link, days=CONFIRMED_WITHIN.days),
            )
        asked = binding.to_enrol_again(tx).get(one.person)
        if asked is not None and asked > one.told_at:
            link = f"{self._settings.address}/me/{self._way_back(tx, known[0])}"
            said = to_enrol_again(where.language, link=link, days=LINK_DAYS)
            return Message(where.address, *said)
        new = telling.new_pictures(tx, one.person, since=one.told_at, at=at)
        if not new:
            return None
        link = f"{self._settings.address}/me/{self._way_back(tx, known[0])}"
        said = of_new(where.language, pictures=new, link=link, days=LINK_DAYS)
        return Message(where.address, *said)

    def _way_back(self, tx: Connection, who: Person) -> str:
        """A new link of their own, which ends by itself."""
        until = self._stores.now(tx) + timedelta(days=LINK_DAYS)
        return self._issue(tx, self._own_link(tx, who, until)).token
