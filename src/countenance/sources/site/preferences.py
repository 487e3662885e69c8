"""
AIPREF `Content-Usage` (draft-ietf-aipref-attach) and Cloudflare's `Content-Signal`: what a site
prefers that is done with what it shows.

Both are drafts. What they deny is heeded, for whatever use: what is compared here are people, and
a site that wants no machine to learn from its pictures has not agreed to that. What they allow is
not heeded: it permits nothing. A preference that is neither is taken for a denial.
"""

from collections.abc import Iterable

from countenance.sources.site.veto import Veto

NAMES = {"content-usage": "Content-Usage", "content-signal": "Content-Signal"}
"""The fields, by their names in lower case."""

_YES = frozenset({"", "y", "yes", "?1", "allow", "allowed", "true", "1"})


def denials(field: str, value: str, *, where: str) -> tuple[Veto, ...]:
    """The vetoes in the value of a field: one for each preference that does not plainly allow."""
    return tuple(Veto(field, where, preference) for preference in _denied(value.split(",")))


# --------------------------------------------------------------------------------------------------


def _denied(preferences: Iterable[str]) -> Iterable[str]:
    for preference in preferences:
        # A structured field (RFC 9651) may carry parameters; a name alone stands for "true".
        plain = preference.partition(";")[0].strip()
        name, _, value = plain.partition("=")
        if name.strip() and value.strip().strip('"').lower() not in _YES:
            yield plain
