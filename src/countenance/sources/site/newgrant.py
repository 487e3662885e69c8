"""A new grant file: written for a site's owner, who puts it on their site."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from countenance.errors import NoGrant, UsageError
from countenance.sources.grant import GrantPurpose
from countenance.sources.site.grantfile import (
    VERSION,
    Kind,
    Minors,
    Prohibition,
    parse_grant_file,
    well_known,
)
from countenance.sources.site.guard import Origin


@dataclass(frozen=True, slots=True)
class NewGrant:
    """
    What an owner allows on `host`. The fields are those of the file, which its page explains.

    Times are timezone-aware; `until` is the first instant without.
    """

    host: Origin
    token: str
    name: str
    contacts: tuple[str, ...]
    basis: str
    operator: str
    paths: tuple[str, ...]
    issued: datetime
    until: datetime
    id: str = "grant-1"
    statement: str = ""
    deny: tuple[str, ...] = ()
    media_hosts: tuple[str, ...] = ()
    kinds: frozenset[Kind] = frozenset({Kind.IMAGE})
    purposes: frozenset[GrantPurpose] = frozenset({GrantPurpose.MATCH})
    prohibited: frozenset[Prohibition] = field(
        default=frozenset({Prohibition.IDENTIFY_NON_ENROLLED, Prohibition.TRAINING})
    )
    tdm_authorised: bool = False
    minors: Minors = Minors.EXCLUDED
    retention_days: int | None = None
    per_minute: int | None = None


def write_grant_file(new: NewGrant) -> bytes:
    """
    The file, to be put at `well_known(new.host)`.

    Raises `UsageError`, saying what is wrong, if no reader would take it.
    """
    data = json.dumps(_document(new), indent=2).encode() + b"\n"
    try:
        parse_grant_file(data, well_known(new.host))
    except NoGrant as exc:
        raise UsageError(f"no grant file can be made of this: {exc.message}") from exc
    return data


# --------------------------------------------------------------------------------------------------


def _document(new: NewGrant) -> dict[str, object]:
    return {
        "version": VERSION,
        "canonical": [well_known(new.host)],
        "grantor": {"name": new.name, "contact": list(new.contacts)},
        "issued": _written(new.issued),
        "expires": _written(new.until),
        "grants": [_grant(new)],
        "revoked": [],
    }


def _grant(new: NewGrant) -> dict[str, object]:
    scope: dict[str, object] = {"allow": list(new.paths), "deny": list(new.deny)}
    if new.media_hosts:
        scope["media_hosts"] = list(new.media_hosts)
    grant: dict[str, object] = {
        "id": new.id,
        "grantee": {"operator": new.operator, "token": new.token},
        "scope": {**scope, "kinds": sorted(new.kinds)},
        "purposes": sorted(new.purposes),
        "prohibited": sorted(new.prohibited),
        "tdm_authorised": new.tdm_authorised,
        "minors": new.minors.value,
        "authority": {"basis": new.basis} | ({"statement": new.statement} if new.statement else {}),
    }
    if new.retention_days is not None:
        grant["retention_days"] = new.retention_days
    if new.per_minute is not None:
        grant["rate"] = {"requests_per_minute": new.per_minute}
    return grant


def _written(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
