"""
Every error of Countenance, as one tree, with its exit code and its HTTP status.

    * Error                    a bug or a broken machine                    exit 1    HTTP 500
      x UsageError             the question was malformed                   exit 2    HTTP 422
      x Unreadable             this file cannot be used as a picture        exit 3    HTTP 422
      x Refused                the rules said no; nothing broke             exit 4    HTTP 403
        + NoGrant              no grant in force for this source
        + NoConsent            no consent in force for this purpose
        + PoorPicture          no picture good enough to enrol from
        + TooManySearches      the searches of this hour are used up                    HTTP 429
        + NotSignedIn          what was shown is not what was agreed on                 HTTP 401
        + ProveAgain           it was too long ago that they showed who they are        HTTP 401
        + TooManyTries         so many tries to sign in are too many                    HTTP 429
        + Stale                what was shown has changed since                         HTTP 409
      x NotFound               no such source, photo, person                exit 5    HTTP 404
      x ErasureIncomplete      something still holds it; go on later        exit 7    HTTP 409
      x VerificationError      a digest or a seal is wrong                  exit 8    HTTP 500
      x Unavailable            a store or a device cannot be reached        exit 9    HTTP 503
        + NoModel              the files of a model pack are not here
        + DiskFull             there is no room left to write
      x NoLibrary              this folder holds no library                 exit 10   HTTP 503
      x Locked                 another run holds the library                exit 11   HTTP 409
      x Interrupted            stopped by its user; run again to go on      exit 130  HTTP 503

A message is lower case, has no full stop, and says what and which. A `hint`, if there is one, is
the next thing to type or do. A test compares the drawing with the classes.
"""

from enum import StrEnum
from typing import ClassVar


class Error(Exception):
    """
    The root: whatever leaves the library on purpose is one of these.

    `hint` is a sentence for a person on what to do next, or the empty string.
    """

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(Error):
    """The question was malformed: asking again in the same words will fail again."""

    exit_code = 2
    http_status = 422


class Reason(StrEnum):
    """Why a file was not read. The value is the word in reports and in the database."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not-a-picture"
    FORMAT = "format-not-read"
    NO_DECODER = "no-decoder"
    DAMAGED = "damaged"
    TOO_MANY_BYTES = "too-many-bytes"
    TOO_MANY_PIXELS = "too-many-pixels"
    TOO_LONG = "too-long"
    TOO_SLOW = "too-slow"
    TOO_MUCH_MEMORY = "too-much-memory"
    KILLED_THE_DECODER = "killed-the-decoder"
    KILLED_THE_RUN = "killed-the-run"
    NO_PERMISSION = "no-permission"
    VANISHED = "vanished"
    OUTSIDE = "outside-the-root"
    ENCRYPTED = "encrypted"
    SERVER_ERROR = "server-error"
    NO_GRANT = "no-grant"
    VETO = "veto"
    KEPT_ITS_TIME = "kept-its-time"
    ERASED = "erased"


class Unreadable(Error):
    """
    This file cannot be used as a picture. In an ingest it is a line in the report.

    `reason` is for programs, the message for people.
    """

    exit_code = 3
    http_status = 422

    def __init__(self, reason: Reason, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class Refused(Error):
    """The rules said no. Nothing broke, and nothing was done."""

    exit_code = 4
    http_status = 403


class NoGrant(Refused):
    """No grant in force covers this source or this location."""


class NoConsent(Refused):
    """No consent in force covers this purpose."""


class PoorPicture(Refused):
    """None of the pictures shows one face well enough to enrol from."""


class TooManySearches(Refused):
    """The searches that an account, or the whole library, may make in an hour are used up."""

    http_status = 429


class NotSignedIn(Refused):
    """What was shown does not let anybody in. It does not say why not, nor whether there is one."""

    http_status = 401


class ProveAgain(Refused):
    """They are signed in; but for this they show once more that it is they."""

    http_status = 401


class TooManyTries(Refused):
    """An account or an address has tried to sign in so often that it has to wait."""

    http_status = 429


class Stale(Refused):
    """What somebody decided on was shown to them as it was, and has changed since."""

    http_status = 409


class NotFound(Error):
    """There is no such source, collection, photo or person in this library."""

    exit_code = 5
    http_status = 404


class ErasureIncomplete(Error):
    """
    Something still holds what is to be erased. What was withdrawn is in no answer all the same.

    The case stays open, and `countenance erasure resume` goes on with it.
    """

    exit_code = 7
    http_status = 409


class VerificationError(Error):
    """A digest or a seal is wrong: the bytes are not the ones that were stored or declared."""

    exit_code = 8
    http_status = 500


class Unavailable(Error):
    """A store, a folder or a device cannot be reached now. Trying again may work."""

    exit_code = 9
    http_status = 503


class NoModel(Unavailable):
    """The files of a model pack are not on this machine."""


class DiskFull(Unavailable):
    """There is no room left to write. What was begun is undone, as after any failure."""


class NoLibrary(Error):
    """
    This folder holds no library.

    Not a `NotFound`, on purpose: a handler for a missing photo must not swallow it.
    """

    exit_code = 10
    http_status = 503


class Locked(Error):
    """Another run holds the library."""

    exit_code = 11
    http_status = 409


class Interrupted(Error):
    """Its user stopped it. What was done is kept; running it again goes on from there."""

    exit_code = 130
    http_status = 503
