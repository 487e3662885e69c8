"""
Signed documents: canonical JSON under the log's key, in the form that other programs read.

A compact JWS (RFC 7515, https://www.rfc-editor.org/rfc/rfc7515) with `alg: Ed25519` (RFC 9864):
header, payload and signature in base64url, divided by dots. The header holds three fields:

    alg   Ed25519
    kid   <name of the log>+<key id, hexadecimal>, the beginning of the verifier key
    typ   what kind of document it is, so that none is taken for one of another kind (RFC 8725)

The payload is the RFC 8785 form of a JSON object: the same document has one signed form only.
"""

import json

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from countenance.audit.encoding import from_base64url, to_base64url
from countenance.audit.note import Signer, VerifierKey
from countenance.core.canonical import Json, canonical_json
from countenance.errors import UsageError, VerificationError

MAX_CHARACTERS = 100_000_000
"""A million items in a receipt take 90 million; what is longer is not ours."""

_ALGORITHM = "Ed25519"
_HEADER_FIELDS = {"alg", "kid", "typ"}
_PARTS = ("the header", "the signed content", "the signature")
_SHOWN = 80


def sign_jws(document: Json, kind: str, name: str, signer: Signer) -> str:
    """
    The signed form of `document`, an object, as a document of this `kind`.

    `name` is the log's, whose key `signer` is. Raises `UsageError` for what is no canonical JSON.
    """
    # By hand: `joserfc` would have to be given the private bytes, and those never leave the vault.
    # What it says of our text is asked when it is verified.
    header = {"alg": _ALGORITHM, "kid": _kid(VerifierKey(name, signer.public)), "typ": kind}
    signed = f"{_encode(header)}.{_encode(document)}"
    return f"{signed}.{to_base64url(signer.sign(signed.encode()))}"


def open_jws(text: str, kind: str, key: VerifierKey) -> str:
    """
    The document, as canonical JSON, that `key` signed as one of this `kind`.

    Raises `VerificationError` if it is not of the form, of another kind or key, or was changed.
    """
    # (1) three parts, each in its one form
    header, payload = _parts(text)
    # (2) the algorithm and the kind
    said = _object(header, "the header")
    if said.keys() != _HEADER_FIELDS:
        raise VerificationError("the header has other fields than alg, kid and typ")
    if said["alg"] != _ALGORITHM:
        raise VerificationError(f"signed by another algorithm: {str(said['alg'])[:_SHOWN]!r}")
    if said["typ"] != kind:
        raise VerificationError(f"a document of another kind: {str(said['typ'])[:_SHOWN]!r}")
    # (3) the key
    if said["kid"] != _kid(key):
        raise VerificationError(
            f"signed with another key: {str(said['kid'])[:_SHOWN]!r}",
            hint=f"the key given is {_kid(key)}",
        )
    # (4) the signature
    if not _is_signed(text, key):
        raise VerificationError("the signature is wrong: the document was changed, or is forged")
    # (5) one form of what was signed
    _object(payload, "the signed content")
    return payload.decode()


def unverified_content(text: str, kind: str) -> str:
    """
    What a document of this `kind` holds, whoever wrote it: nothing is verified.

    Raises `VerificationError` if it is not of the form, or of another kind.
    """
    header, payload = _parts(text)
    if (told := _object(header, "the header").get("typ")) != kind:
        raise VerificationError(f"a document of another kind: {str(told)[:_SHOWN]!r}")
    _object(payload, "the signed content")
    return payload.decode()


# --------------------------------------------------------------------------------------------


class _Registry(jws.JWSRegistry):
    """What `joserfc` reads of ours: one algorithm, and documents that may be long."""

    max_payload_length = MAX_CHARACTERS


def _parts(text: str) -> tuple[bytes, bytes]:
    """Header and payload, if a signature in its one form stands behind them."""
    if len(text) > MAX_CHARACTERS:
        raise VerificationError("a signed document of this length is not read")
    parts = text.split(".")
    if len(parts) != len(_PARTS):
        raise VerificationError("not a signed document: expected three parts, divided by dots")
    header, payload, _ = map(from_base64url, parts, _PARTS)
    return header, payload


def _kid(key: VerifierKey) -> str:
    return f"{key.name}+{key.id.hex()}"


def _encode(document: Json) -> str:
    return to_base64url(canonical_json(document))


def _is_signed(text: str, key: VerifierKey) -> bool:
    registry = _Registry(algorithms=[_ALGORITHM])
    public = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": to_base64url(key.public)})
    try:
        jws.deserialize_compact(text, public, registry=registry)
    except (JoseError, ValueError):
        return False
    return True


def _object(data: bytes, what: str) -> dict[str, Json]:
    """The JSON object that `data` is the canonical form of."""
    try:
        found = json.loads(data)
        canonical = canonical_json(found)
    except (ValueError, RecursionError, UsageError) as exc:
        raise VerificationError(f"{what}: not JSON") from exc
    if not isinstance(found, dict) or canonical != data:
        raise VerificationError(f"{what}: not an object in canonical JSON")
    return found
