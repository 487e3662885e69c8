"""What an account signs in with: the form of a login, and how long what was shown counts."""

import unicodedata
from datetime import timedelta

from countenance.errors import UsageError

MAX_CHARACTERS = 200

IDLE = timedelta(hours=2)
"""After so long without a question a session ends."""

ABSOLUTE = timedelta(hours=12)
"""After so long a session ends, whatever was asked."""

FRESH = timedelta(minutes=15)
"""For so long it counts that they showed that it is they."""

SEEN_EVERY = timedelta(minutes=1)
"""No question sooner than this after another makes a session seen again: most only read."""

SET_UP_LIVES = timedelta(hours=1)
LINK_LIVES = timedelta(days=3)
CHALLENGE_LIVES = timedelta(minutes=5)
MAX_TOKEN_LIVES = timedelta(days=366)

KEPT = timedelta(days=30)
"""How long it can be looked up whose an account was that ended. Then its id is left, in the log."""

TRIES_BY_ACCOUNT = 20
"""An hour, that did not let them in."""

TRIES_BY_ADDRESS = 60


def login_form(login: str) -> str:
    """
    A login as it is kept, however it is typed: in small letters, in Unicode's form NFKC.

    Raises `UsageError` if it is empty or too long, or if there is a space or a sign of control.
    """
    plain = unicodedata.normalize("NFKC", login).strip().casefold()
    if not 0 < len(plain) <= MAX_CHARACTERS or not plain.isprintable() or " " in plain:
        raise UsageError(
            "a login is a word without spaces, or an address of mail",
            hint=f"at most {MAX_CHARACTERS} characters",
        )
    return plain
