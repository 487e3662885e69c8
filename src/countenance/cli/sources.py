"""Sources as they stand in answers, the same in every command."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from countenance.cli.answer import last_day, say

if TYPE_CHECKING:
    from countenance.catalog.collections import Collection
    from countenance.catalog.sites import SiteState
    from countenance.sources.grant import Grant
    from countenance.sources.source import Source, Unlisted


def source_document(
    one: "Source", where: "Collection", grants: "Sequence[Grant]", *, at: datetime
) -> dict[str, object]:
    """A source for JSON, with every grant that it was ever given."""
    return {
        "source": one.id,
        "kind": one.kind,
        "location": one.location,
        "collection": where.name,
        "recognition": where.recognises,
        "added_at": one.added_at,
        "grants": [
            {
                "id": grant.id,
                "granted_by": grant.granted_by,
                "scope": grant.scope,
                "purposes": grant.purposes,
                "given_at": grant.given_at,
                "until": grant.until,
                "evidence": grant.evidence,
                "revoked_at": grant.revoked_at,
                "in_force": grant.in_force(at),
            }
            for grant in grants
        ],
    }


def unlisted_document(unlisted: "Sequence[Unlisted]") -> list[dict[str, str]]:
    return [{"locator": one.locator, "detail": one.message} for one in unlisted]


def say_unlisted(unlisted: "Sequence[Unlisted]") -> None:
    """Name the folders that could not be looked into."""
    for one in unlisted:
        say(f"{one.locator}: could not be listed: {one.message}")


def grant_in_words(grants: "Sequence[Grant]", *, at: datetime) -> str:
    """What the grants of a source come to at the instant `at`: that of the best one."""
    in_force = [one.until for one in grants if one.in_force(at)]
    if in_force:
        return f"until {last_day(max(in_force))}"
    return _state(grants[-1], at=at) if grants else "none"


def grant_lines(grant: "Grant", *, at: datetime) -> Iterator[str]:
    """A grant in words: its state, what it allows, and what shows it."""
    yield f"{_state(grant, at=at)}, granted by {grant.granted_by}"
    yield f"for {', '.join(sorted(grant.purposes))} in {', '.join(grant.scope)}"
    if grant.evidence is not None:
        yield f"evidence sha256 {grant.evidence}"


def site_document(site: "SiteState") -> dict[str, object]:
    """How a web site stands, for JSON."""
    return {
        "seen_at": site.seen_at,
        "failing_since": site.failing_since,
        "trouble": site.trouble or None,
        "listed_at": site.ended_at,
    }


def site_lines(site: "SiteState") -> Iterator[str]:
    """When the grant file of a web site was seen last, and what is in the way."""
    yield f"its grant file was seen on {site.seen_at:%Y-%m-%d %H:%M} UTC"
    if site.failing_since is not None:
        yield f"not since {site.failing_since:%Y-%m-%d %H:%M} UTC: {site.trouble}"


# --------------------------------------------------------------------------------------------------


def _state(grant: "Grant", *, at: datetime) -> str:
    if grant.revoked_at is not None:
        return f"revoked {grant.revoked_at:%Y-%m-%d}"
    return f"until {last_day(grant.until)}" if grant.in_force(at) else "expired"
