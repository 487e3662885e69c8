"""Recipients: whom pictures are given to, what was given, and how it is called back."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from countenance.audit.encoding import from_base64
from countenance.audit.entry import Act
from countenance.catalog import disclosures, recalls, recipients
from countenance.catalog.disclosures import Disclosure
from countenance.catalog.recalls import Recall
from countenance.catalog.recipients import Recipient, Terms
from countenance.erasure.post import Endpoint, HttpPoster, Poster
from countenance.errors import UsageError, VerificationError
from countenance.library.cases import Cases
from countenance.vault.signing import SigningKey
from countenance.vault.webhook import write_public_key

if TYPE_CHECKING:
    from countenance.erasure.recall import Chance, Report
    from countenance.publish.disclose import Disclosed

FEED_PAGE = 500
"""Recalls in one answer of the feed, at most."""

MAX_CURSOR = 2**53 - 1

_PUBLIC_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class RecipientAdded:
    """
    A new recipient, and what it has to be told.

    `token` opens its feed; it is shown this once. `webhook_key` verifies the recalls.
    """

    recipient: Recipient
    token: str
    webhook_key: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a recipient's feed. Reading goes on at `cursor`; `more` says whether at once."""

    recalls: tuple[Recall, ...]
    cursor: int
    more: bool


class Recipients(Cases):
    """What is done with recipients, disclosures and recalls."""

    def add_recipient(self, terms: Terms) -> RecipientAdded:
        """
        Add a third party that accepted `terms`; from now on pictures may be given to it.

        Raises `UsageError` if the name is taken, if something is missing, if the endpoint is no
        `https` address or the key no key of Ed25519 in base64.
        """
        if terms.endpoint:
            Endpoint.parse(terms.endpoint, on_private_network=terms.on_private_network)
        if terms.public_key:
            _require_key(terms.public_key)
        webhook_key = self.webhook_key()
        with self._database.write() as tx:
            made, token = recipients.add(tx, terms, at=self._stores.now(tx))
            self._log(tx, Act.RECIPIENT_ADDED, subjects=(made.id,))
        self._did_act()
        return RecipientAdded(made, token, webhook_key)

    def recipients(self) -> list[Recipient]:
        with self._database.read() as tx:
            return recipients.list_all(tx)

    def receivers(self) -> list[Recipient]:
        """Those to whom a file may be given now. Whoever has a link is shown photos by that."""
        from countenance.publish.disclose import WHOEVER_HAS_A_LINK

        return [one for one in self.recipients() if one.live and one.name != WHOEVER_HAS_A_LINK]

    def end_recipient(self, which: str) -> Recipient:
        """
        Give nothing more to a recipient; what it has is recalled from it as before.

        Raises `NotFound` if there is no such recipient, and `UsageError` if it ended before.
        """
        with self._database.write() as tx:
            found = recipients.get(tx, which)
            recipients.end(tx, found.id, at=self._stores.now(tx))
            self._log(tx, Act.RECIPIENT_ENDED, subjects=(found.id,))
            ended = recipients.get(tx, found.id)
        self._did_act()
        return ended

    def webhook_key(self) -> str:
        """The public key that verifies our recalls, as `whpk_...`: the log's own."""
        return write_public_key(self._trail.key().public)

    # --- given out --------------------------------------------------------------------------

    def give(self, photo: str, recipient: str, *, channel: str) -> "Disclosed":
        """
        Record that a photo (its id, or its path at the source) is given to a recipient.

        Raises `Refused` unless everybody in it agreed to be shown in `channel`, its grant allows
        publishing and the recipient is one still; and `NotFound` if there is no such photo or
        recipient. Nothing is sent: whoever gives it hands over the file, under the disclosure's id.
        """
        from countenance.publish.disclose import disclose

        which = self._photo_named(photo)
        done = disclose(which, recipient, channel, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return done

    def disclosures(self, recipient: str) -> list[Disclosure]:
        """What was given to a recipient. Raises `NotFound` if there is no such recipient."""
        with self._database.read() as tx:
            return disclosures.list_all(tx, to=recipients.get(tx, recipient).id)

    # --- called back ------------------------------------------------------------------------

    def recalls(self, *, only_open: bool = False) -> list[Recall]:
        with self._database.read() as tx:
            return recalls.list_all(tx, only_open=only_open)

    def due_recalls(self) -> list[Recall]:
        """The recalls that `send_recalls` would go on with now."""
        with self._database.read() as tx:
            return recalls.due(tx, at=self._stores.now(tx))

    def send_recalls(
        self, *, post: Poster | None = None, chance: "Chance | None" = None
    ) -> "Report":
        """Send every recall that is due, and hand to a person those that got no further."""
        from countenance.erasure.recall import send_due

        done = send_due(
            self._stores,
            self._signer(),
            post=post or HttpPoster(),
            chance=chance or secrets.SystemRandom().random,
        )
        self._did_act()
        self._settle_all()
        return done

    def acknowledge(self, written: bytes) -> Recall:
        """
        Take a recipient's signed acknowledgement of a recall.

        Raises `VerificationError` if it is not signed by the recipient, and `NotFound` if there is
        no such recall.
        """
        from countenance.erasure.recall import acknowledge

        done = acknowledge(written, stores=self._stores)
        self._did_act()
        self._settle(done.erasure)
        return done

    def close_recall(self, which: str, *, reason: str) -> Recall:
        """
        End a recall without an acknowledgement, for a typed reason.

        Raises `NotFound` if there is no such recall, and `UsageError` if it has ended or if the
        reason is too short.
        """
        from countenance.erasure.recall import close

        done = close(which, reason, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        self._settle(done.erasure)
        return done

    def feed(self, token: str, *, after: int = 0) -> Page | None:
        """The recalls to the recipient whose token this is, from a cursor on; or nothing."""
        if not 0 <= after <= MAX_CURSOR:
            raise UsageError(f"{after}: not a cursor")
        with self._database.read() as tx:
            to = recipients.by_token(tx, token)
            if to is None:
                return None
            # Of a cursor that is beyond all, the library was restored since: read from the start.
            start = after if after <= recalls.newest_place(tx) else 0
            found = recalls.feed(tx, to.id, after=start, count=FEED_PAGE + 1)
        page = tuple(found[:FEED_PAGE])
        return Page(page, page[-1].seq if page else after, more=len(found) > FEED_PAGE)

    # ----------------------------------------------------------------------------------------

    def _signer(self) -> SigningKey:
        self._trail.key()  # made if it is not there yet, and known to be this library's
        return self._signing_key.read()


# --------------------------------------------------------------------------------------------


def _require_key(text: str) -> None:
    try:
        from_base64(text, "the public key", length=_PUBLIC_KEY_BYTES)
    except VerificationError as exc:
        raise UsageError(
            exc.message, hint="a key of Ed25519: 32 bytes, in standard base64"
        ) from exc
