"""
Passkeys: WebAuthn Level 3 (https://www.w3.org/TR/webauthn-3/), by the package `webauthn`.

A passkey is for one site, and whoever uses it shows on their own device that it is they (user
verification). We ask for keys that the device finds by itself, so that nobody has to say who they
are before they sign in, and nothing here says which accounts have one. Of what the device is made
nothing is asked (attestation `none`).

A challenge is good for one answer: whoever calls keeps it, and takes it back when it was answered.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from countenance.core.ids import AccountId
from countenance.errors import NotSignedIn, UsageError

CHALLENGE_BYTES = 32
WAITS_MS = 5 * 60_000
"""How long a browser waits for its user. The challenge lives as long."""

MAX_ANSWER_BYTES = 64 * 1024

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Site:
    """
    The site that passkeys are for: `host` is its name, `origin` as browsers write it, with the
    port if it is not the usual one. `title` is what a device shows.
    """

    host: str
    origin: str
    title: str = "Countenance"

    @classmethod
    def at(cls, address: str) -> "Site":
        """
        The site at an address such as `https://faces.example`.

        Raises `UsageError` if browsers give no passkeys to it: it is not `https`, nor this machine
        under the name `localhost`.
        """
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
        if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
            raise UsageError(
                f"{address}: there are passkeys for https addresses alone",
                hint="put a server with TLS before it, and say so in the setting `address`",
            )
        return cls(host, f"{parts.scheme}://{parts.netloc.lower()}")


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What is kept of a passkey: which it is, what verifies it, and how often it has signed."""

    credential: bytes
    public_key: bytes
    sign_count: int


def registration_options(  # noqa: PLR0913  for which site, whose, and what there is
    site: Site,
    account: AccountId,
    login: str,
    name: str,
    *,
    challenge: bytes,
    known: Sequence[bytes] = (),
) -> str:
    """What a browser needs to make a passkey, as JSON; `known` are those that there are."""
    from webauthn import generate_registration_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    return options_to_json(
        generate_registration_options(
            rp_id=site.host,
            rp_name=site.title,
            user_id=account.encode(),
            user_name=login,
            user_display_name=name,
            challenge=challenge,
            timeout=WAITS_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        )
    )


def verify_registration(answer: str, *, challenge: bytes, site: Site) -> NewPasskey:
    """
    The passkey that a browser made.

    Raises `NotSignedIn` if it is not the answer to the challenge, is for another site, or if the
    device did not ask who uses it.
    """
    from webauthn import verify_registration_response  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        made = verify_registration_response(
            credential=_checked(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as exc:
        raise NotSignedIn("this is no passkey for this site") from exc
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)


def authentication_options(site: Site, *, challenge: bytes) -> str:
    """What a browser needs to use a passkey, as JSON. It names nobody's."""
    from webauthn import generate_authentication_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

    return options_to_json(
        generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            timeout=WAITS_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def verify_authentication(
    answer: str, *, challenge: bytes, site: Site, public_key: bytes, sign_count: int
) -> int:
    """
    How often the passkey has signed by now.

    Raises `NotSignedIn` if it did not sign this challenge for this site, if the device did not ask
    who uses it, or if it counts backwards: then there are two of a key of which there is one.
    """
    from webauthn import verify_authentication_response  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        used = verify_authentication_response(
            credential=_checked(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as exc:
        raise NotSignedIn("this passkey does not let anybody in here") from exc
    return used.new_sign_count


def answered(answer: str) -> tuple[bytes, bytes]:
    """
    Which passkey an answer says it is from, and which challenge it says it answers.

    Nothing of it is verified yet. Raises `NotSignedIn` if it is no such answer.
    """
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415

    try:
        read = json.loads(_checked(answer))
        said = json.loads(base64url_to_bytes(read["response"]["clientDataJSON"]))
        return base64url_to_bytes(read["rawId"]), base64url_to_bytes(said["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise NotSignedIn("this is no answer of a passkey") from exc


# --------------------------------------------------------------------------------------------------


def _checked(answer: str) -> str:
    if len(answer) > MAX_ANSWER_BYTES:
        raise NotSignedIn("this is no answer of a passkey")
    return answer
