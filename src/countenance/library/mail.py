"""
Sending mail, by the server that the settings name: SMTP (RFC 5321), by the standard library.

Towards another machine it is encrypted always, from the beginning at port 465 (RFC 8314), and else
by STARTTLS: where that is not there, nothing is sent. No text of the server's reaches anybody.
"""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol
from urllib.parse import urlsplit

from countenance.core.addresses import is_loopback
from countenance.errors import Unavailable
from countenance.settings import Settings, smtp_password

SECONDS = 20.0
"""For each answer of the server."""

_ENCRYPTED_PORT = 465


@dataclass(frozen=True, slots=True)
class Message:
    """A text, and nothing else: no picture, nothing that is fetched when it is read."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends a message, once."""

    def __call__(self, message: Message) -> None:
        """
        It was taken over by the server when this returns.

        Raises `Unavailable` if it was not, and does not say why in anybody else's words.
        """


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """The real `Mailer`, to `host` at `port`. `trust` is there for tests."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = None

    def __call__(self, message: Message) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.to, message.subject
        mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=_domain(self.sender))
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        mail.set_content(message.text)
        try:
            with self._connected() as link:
                if self.user:
                    link.login(self.user, self.password)
                link.send_message(mail)
        except (OSError, smtplib.SMTPException, ValueError) as exc:
            raise Unavailable(f"{self.host}: the mail was not sent: {type(exc).__name__}") from exc

    def _connected(self) -> smtplib.SMTP:
        trust = self.trust or ssl.create_default_context()
        if self.port == _ENCRYPTED_PORT:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=trust)
        link = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            if not _is_this_machine(self.host):
                link.starttls(context=trust)
        except (OSError, smtplib.SMTPException, ValueError):
            link.close()
            raise
        return link


def mailer_of(settings: Settings) -> Mailer | None:
    """The mailer of the settings; none if mail is off: it takes a server, a sender, our address."""
    if not (settings.smtp and settings.smtp_from and settings.address):
        return None
    parts = urlsplit(f"//{settings.smtp}")
    return SmtpMailer(
        parts.hostname or "",
        parts.port or 0,
        settings.smtp_from,
        settings.smtp_user,
        smtp_password() if settings.smtp_user else "",
    )


# --------------------------------------------------------------------------------------------


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2]


def _is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        return host == "localhost" or is_loopback(host)
    return False
