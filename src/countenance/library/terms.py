"""
What the grant files of a site come to: grants for the catalog, and terms for its reader.

A site's own file says whether it is read at all. Pictures that lie on another host are read if that
host's own file names us as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from countenance.core.ids import GrantId, SourceId, new_id
from countenance.errors import NoGrant
from countenance.sources.grant import Grant
from countenance.sources.source import MINORS

if TYPE_CHECKING:
    from countenance.sources.site.grantfile import GrantFile, SiteGrant
    from countenance.sources.site.reader import Terms

HOLDS_UNSEEN = timedelta(hours=72)
"""How long a grant holds that could not be seen in its place: then what came from it is hidden."""

GIVEN_UP_UNSEEN = timedelta(days=30)
"""After so long it counts as taken back."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One grant file that is in force for us, with those of its grants that are to us."""

    file: "GrantFile"
    grants: "tuple[SiteGrant, ...]"


def standing(file: "GrantFile", *, public_key: bytes, at: datetime) -> Standing:
    """Raises `NoGrant`, with the reason, if nothing in it is granted to us at `at`."""
    from countenance.sources.site.grantfile import site_token

    return Standing(file, file.in_force(site_token(public_key, file.host), at))


def grants_of(seen: Iterable[Standing], source: SourceId, *, at: datetime) -> list[Grant]:
    """The grants that `source` has by these files, from `at` on, as long as they are seen again."""
    return [
        Grant(
            id=GrantId(new_id("g")),
            source=source,
            granted_by=f"{one.file.grantor}, {one.file.url}",
            given_at=at,
            until=one.file.expires,
            scope=tuple(_scope(given)),
            purposes=given.purposes,
            evidence=one.file.digest,
            seen_until=at + HOLDS_UNSEEN,
        )
        for one in seen
        for given in one.grants
    ]


def is_as_granted(known: Sequence[Grant], wanted: Sequence[Grant]) -> bool:
    """Whether the grants in force say what `wanted` do: then they only were seen again."""
    return sorted(map(_said, known)) == sorted(map(_said, wanted))


def terms_of(seen: Sequence[Standing]) -> "Terms":
    """What a reader keeps to."""
    from countenance.sources.site.reader import Terms

    rates = {
        one.file.host: [given.per_minute for given in one.grants if given.per_minute is not None]
        for one in seen
    }
    return Terms(
        hosts=frozenset(one.file.host for one in seen),
        per_minute={host: min(several) for host, several in rates.items() if several},
        tdm_authorised=frozenset(
            one.file.host for one in seen if all(given.tdm_authorised for given in one.grants)
        ),
        grants=tuple(given for one in seen for given in one.grants),
    )


def retention_of(seen: Sequence[Standing]) -> timedelta | None:
    """How long what was read may be kept: the shortest time that any of the grants sets."""
    days = [
        given.retention_days
        for one in seen
        for given in one.grants
        if given.retention_days is not None
    ]
    return timedelta(days=min(days)) if days else None


def options_of(seen: Sequence[Standing]) -> dict[str, str]:
    """What the writer has to know of a source besides: whether people under age are left out."""
    from countenance.sources.site.grantfile import Minors

    grants = [given for one in seen for given in one.grants]
    excluded = any(given.minors is Minors.EXCLUDED for given in grants)
    return {MINORS: Minors.EXCLUDED.value if excluded else Minors.INCLUDED.value}


def require_source_covered(seen: Sequence[Standing], url: str) -> None:
    """Raises `NoGrant` if none of the grants covers the page at which the listing begins."""
    if not any(given.covers(url) for one in seen for given in one.grants):
        raise NoGrant(f"{url}: its host's grant file does not cover this address")


# --------------------------------------------------------------------------------------------


def _scope(given: "SiteGrant") -> Iterable[str]:
    """The scope in the words of `sources.grant`, over locators."""
    host = given.host.authority
    yield from (f"~{host}{pattern}" for pattern in given.scope.allow)
    yield from (f"!~{host}{pattern}" for pattern in given.scope.deny)


def _said(one: Grant) -> tuple[str, ...]:
    return (one.granted_by, str(one.evidence), *sorted(one.purposes), *one.scope)
