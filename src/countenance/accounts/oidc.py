"""
Signing in with an account elsewhere: OpenID Connect Core 1.0, the authorisation code with PKCE.

https://openid.net/specs/openid-connect-core-1_0.html, RFC 7636, by the package Authlib. What a
provider says is who somebody is, never what they may do here: it is asked for an address of mail
that it has verified, and for no roles.
"""

import secrets
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from countenance.errors import NotSignedIn, Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from authlib.integrations.httpx_client import OAuth2Client

SCOPE = "openid email"
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""By which an identity may be signed. None is by a secret that we share with the provider."""

_WELL_KNOWN = "/.well-known/openid-configuration"
_PATIENCE = 10.0  # seconds
_LEEWAY = 60  # seconds by which two clocks may differ
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Provider:
    """
    Whom we believe. `domains` are those of the addresses of mail whose holders may have an account
    made by signing in; of none, an account must be there.

    Raises `UsageError` if the issuer is no https address.
    """

    issuer: str
    client: str
    secret: str = field(default="", repr=False)
    domains: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_safe(self.issuer)
        if not self.client:
            raise UsageError("oidc_client: the provider knows us under some name")

    def allows(self, mail: str) -> bool:
        """Whether who has this address may have an account made by signing in."""
        who, at, domain = mail.lower().partition("@")
        return bool(who and at) and domain in self.domains


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What was asked of the provider: where the browser is sent, and what we keep until it is back.

    `state` is what it comes back with; `nonce` stands in the identity, and `verifier` shows that
    the code comes from who asked.
    """

    address: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stated:
    """Who somebody is, as the provider says. `mail` is empty if it did not verify one."""

    issuer: str
    subject: str
    mail: str


def ask(provider: Provider, *, back_to: str) -> Asked:
    """
    What it takes to ask the provider who somebody is; it sends them back to `back_to`.

    Raises `Unavailable` if the provider cannot be reached, or is not what it should be.
    """
    from authlib.common.security import generate_token  # noqa: PLC0415

    nonce, verifier = secrets.token_urlsafe(32), generate_token(64)
    with _client(provider, back_to) as client:
        found = _discovered(provider, client)
        address, state = client.create_authorization_url(
            found["authorization_endpoint"],
            state=secrets.token_urlsafe(32),
            nonce=nonce,
            code_verifier=verifier,
        )
    return Asked(address, state, nonce, verifier)


def take(  # noqa: PLR0913  what came back, and what was kept of the asking
    provider: Provider, code: str, *, nonce: str, verifier: str, back_to: str, at: datetime
) -> Stated:
    """
    Who somebody is, for the code that they came back with.

    Raises `NotSignedIn` if the provider takes the code for none of its own, or if what it says is
    not signed by it, for us, now and for this very asking; and `Unavailable` as `ask` does.
    """
    from authlib.integrations.base_client.errors import OAuthError  # noqa: PLC0415

    with _client(provider, back_to) as client:
        found = _discovered(provider, client)
        try:
            token = client.fetch_token(
                found["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
            )
        except (OAuthError, ValueError) as exc:
            raise NotSignedIn("the provider does not know what you came back with") from exc
        keys = _document(client, found["jwks_uri"])
    return _verified(provider, token, keys, nonce=nonce, at=at)


# --------------------------------------------------------------------------------------------------


@contextmanager
def _client(provider: Provider, back_to: str) -> "Iterator[OAuth2Client]":
    """A connection to the provider, whose trouble is told in our words."""
    import httpx2  # noqa: PLC0415  of use here alone
    from authlib.integrations.httpx_client import OAuth2Client  # noqa: PLC0415

    client = OAuth2Client(
        client_id=provider.client,
        client_secret=provider.secret or None,
        scope=SCOPE,
        redirect_uri=back_to,
        code_challenge_method="S256",
        timeout=_PATIENCE,
        follow_redirects=False,
        trust_env=False,
    )
    try:
        with client:
            yield client
    except httpx2.HTTPError as exc:
        raise Unavailable(f"{provider.issuer}: cannot be reached: {type(exc).__name__}") from exc


def _discovered(provider: Provider, client: "OAuth2Client") -> dict[str, str]:
    """Where the provider says that it is asked. It must say it of itself, and safely."""
    found = _document(client, provider.issuer.rstrip("/") + _WELL_KNOWN)
    if found.get("issuer") != provider.issuer:
        raise Unavailable(f"{provider.issuer}: it says that it is another")
    places = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        where = found.get(name)
        if not isinstance(where, str):
            raise Unavailable(f"{provider.issuer}: it does not say its {name}")
        try:
            _require_safe(where)
        except UsageError as exc:
            raise Unavailable(f"{provider.issuer}: {exc.message}") from exc
        places[name] = where
    return places


def _document(client: "OAuth2Client", address: str) -> Mapping[str, Any]:
    answer = client.request("GET", address, withhold_token=True)
    answer.raise_for_status()
    try:
        read = answer.json()
    except ValueError as exc:
        raise Unavailable(f"{address}: this is no JSON") from exc
    if not isinstance(read, dict):
        raise Unavailable(f"{address}: this is not what it should be")
    return read


def _verified(
    provider: Provider,
    token: Mapping[str, Any],
    keys: Mapping[str, Any],
    *,
    nonce: str,
    at: datetime,
) -> Stated:
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415
    from joserfc import jwt  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    try:
        # (1) Signed by the provider,
        read = jwt.decode(
            str(token["id_token"]),
            KeySet.import_key_set(keys),  # type: ignore[arg-type]
            algorithms=list(ALGORITHMS),
        )
        # (2) by this provider, for us, for this asking, and now.
        claims = CodeIDToken(
            read.claims,
            read.header,
            options={
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client},
                "sub": {"essential": True},
            },
            params={
                "nonce": nonce,
                "client_id": provider.client,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(now=int(at.timestamp()), leeway=_LEEWAY)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise NotSignedIn("what the provider says cannot be believed") from exc
    mail, sure = claims.get("email"), claims.get("email_verified")
    return Stated(
        provider.issuer,
        str(claims["sub"]),
        str(mail) if mail and sure is True else "",
    )


def _require_safe(address: str) -> None:
    """Raises `UsageError` unless it is an https address, or one of this machine."""
    parts = urlsplit(address)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (safe and parts.hostname):
        raise UsageError(f"{address}: not an https address")
