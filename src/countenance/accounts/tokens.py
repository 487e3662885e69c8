"""
Secrets that we give out: session tokens, API tokens, links, challenges. Of each the digest alone is
kept, so that nobody who reads the catalog can use one.

They are random and of 256 bits, or 130 where people type them, so that a plain digest is enough:
there is nothing to be guessed, and nothing in how long a look at an index takes.
"""

import hashlib
import secrets

SESSION_BYTES = 32
TOKEN_PREFIX = "ctn_"  # noqa: S105  how each begins, and no secret
_SHOWN = 8
_TYPED = 26
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_secret() -> str:
    """256 random bits, for a program to keep."""
    return secrets.token_urlsafe(SESSION_BYTES)


def new_api_token() -> str:
    """A token for a program, such as `ctn_7q2m0c4x_...`: its beginning says which it is."""
    return f"{TOKEN_PREFIX}{_typed(_SHOWN)}_{new_secret()}"


def recognised_by(token: str) -> str:
    """The beginning of an API token, by which it is known when it is not shown any more."""
    return token[: len(TOKEN_PREFIX) + _SHOWN]


def new_code() -> str:
    """130 random bits for a person to type: groups of letters and digits, as in `7q2m0-c4x9v`."""
    text = _typed(_TYPED)
    return "-".join(text[place : place + 5] for place in range(0, _TYPED, 5))


def read_code(typed: str) -> str:
    """A code as it was given out, however it was typed."""
    plain = "".join(typed.split()).replace("-", "").lower()
    plain = plain.replace("o", "0").replace("i", "1").replace("l", "1")
    return "-".join(plain[place : place + 5] for place in range(0, len(plain), 5))


def digest_of(secret: str) -> str:
    """What is kept of a secret: its SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


# --------------------------------------------------------------------------------------------------


def _typed(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
