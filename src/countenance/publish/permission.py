"""
Permissions: whether a picture that was given out may still be shown, for who holds it.

It is asked by the number that stands in the file, or by the file itself, to the last bit. Never by
a face or a picture that is like it: that would be a search for strangers.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from countenance.catalog import disclosures, photos, recalls, recipients
from countenance.catalog.disclosures import Disclosure
from countenance.errors import NotFound, Refused
from countenance.publish.disclose import granted
from countenance.publish.verdict import still_agreed


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be said to anybody of one that is in force. It names nobody who is shown."""

    channel: str
    given_at: datetime
    recipient: str
    covers: int


def permission(tx: Connection, made: Disclosure | None, *, at: datetime) -> Permission | None:
    """
    The permission as which a picture was given out, if all that it rests on is in force.

    Of what was never given, has ended, was recalled or taken down it is nothing, all alike.
    """
    if made is None:
        return None
    found = photos.get(tx, made.photo)
    shown = disclosures.shown_in(tx, made.id)
    called = recalls.is_called(tx, made.id)
    if found is None or called or not still_agreed(tx, shown, made.wish, at=at):
        return None
    try:
        granted(tx, found, at=at)
        to = recipients.get(tx, made.recipient)
    except (Refused, NotFound):
        return None
    return Permission(made.channel, made.at, to.name, made.covers) if to.live else None
