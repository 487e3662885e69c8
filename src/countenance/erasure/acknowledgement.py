"""
Acknowledgements: what a recipient says of a recall, signed with its own key.

A compact JWS (RFC 7515) with the algorithm `Ed25519` (RFC 9864) and the payload

    recall   the recall's id
    state    received, in-progress, completed or refused
    at       when, as 2027-05-31T12:00:00Z
    onward   to whom the recipient passed it on, each of whom it has to tell; may be left out
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.core.canonical import Digest, digest
from countenance.core.ids import RecallId
from countenance.errors import VerificationError

MAX_ACKNOWLEDGEMENT_BYTES = 16 * 1024

_ALGORITHM = "Ed25519"
_MAX_ONWARD = 100


class Answered(StrEnum):
    """What the recipient has done about it."""

    RECEIVED = "received"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a recipient says, and the digest of the JWS in which it says so."""

    recall: RecallId
    state: Answered
    at: datetime
    onward: tuple[str, ...]
    digest: Digest


def read_unverified(written: bytes) -> Acknowledgement:
    """
    What an acknowledgement says, whoever signed it: to learn whose key is to verify it.

    Raises `VerificationError` if it is not of the form.
    """
    from joserfc import jws  # noqa: PLC0415  slow to import, and few commands need it
    from joserfc.errors import JoseError  # noqa: PLC0415

    if len(written) > MAX_ACKNOWLEDGEMENT_BYTES:
        raise VerificationError("an acknowledgement of this length is not read")
    try:
        payload = jws.extract_compact(written.strip()).payload
        return _said(json.loads(payload), digest(written.strip()))
    except (JoseError, ValueError, RecursionError) as exc:
        raise VerificationError("not an acknowledgement: no JWS of the form") from exc


def verify(written: bytes, public_key: str) -> Acknowledgement:
    """
    What an acknowledgement says, signed by the key whose base64 is `public_key`.

    Raises `VerificationError` if it is not of the form, if the signature is wrong, or if there is
    no key.
    """
    from joserfc import jws  # noqa: PLC0415  as above
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import OKPKey  # noqa: PLC0415

    said = read_unverified(written)
    if not public_key:
        raise VerificationError("this recipient has no key to sign an acknowledgement with")
    # JWK wants base64url without padding (RFC 8037).
    x = base64.urlsafe_b64encode(base64.b64decode(public_key)).rstrip(b"=").decode("ascii")
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
    try:
        jws.deserialize_compact(written.strip(), key, algorithms=[_ALGORITHM])
    except (JoseError, ValueError) as exc:
        raise VerificationError("the signature of the acknowledgement is wrong") from exc
    return said


# --------------------------------------------------------------------------------------------


def _said(document: object, its_digest: Digest) -> Acknowledgement:
    """Raises `VerificationError` if a field is missing or not what it should be."""
    match document:
        case {"recall": str(recall), "state": str(state), "at": str(at), **rest}:
            onward = rest.get("onward", [])
        case _:
            raise VerificationError("not an acknowledgement: it needs recall, state and at")
    if state not in set(Answered):
        raise VerificationError(f"not an acknowledgement: {state[:40]!r} is no state")
    if not isinstance(onward, list) or not all(isinstance(one, str) for one in onward):
        raise VerificationError("not an acknowledgement: onward is a list of texts")
    if len(onward) > _MAX_ONWARD:
        raise VerificationError(f"an acknowledgement names at most {_MAX_ONWARD} others")
    return Acknowledgement(
        RecallId(recall), Answered(state), _instant(at), tuple(onward), its_digest
    )


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise VerificationError("not an acknowledgement: at is no instant") from exc
    if at.tzinfo is None:
        raise VerificationError("not an acknowledgement: at has no zone")
    return at
