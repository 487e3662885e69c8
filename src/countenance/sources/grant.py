"""
Grants: what a source allowed, to whom it belongs to say so, and until when.

Nothing is read but under a grant. A grant covers what it names and nothing else: what it does
not cover is refused, and so is what is not certain.

A scope is a list of globs over locators, which are paths with `/` below the source's location:
`*` and `?` match within one name, `**` as a whole name matches any depth of folders. `gala/**` is
everything in `gala`, at any depth; `**/*.jpg` is every such file, at the top too. All other
characters stand for themselves, and upper and lower case differ.

What stands behind `~` is the beginning of a locator instead, as a site's owner writes it in a
robots.txt (RFC 9309, https://www.rfc-editor.org/rfc/rfc9309, 2.2.3): `*` matches anything, and `$`
is the end. What stands behind `!` is left out. Of all that match the longest one says, and of two
as long the one that leaves out.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from countenance.core.canonical import Digest
from countenance.core.ids import GrantId, SourceId
from countenance.errors import NoGrant, UsageError

EVERYTHING = ("**",)

_NO_NAMES = frozenset({"", ".", ".."})
_EXCEPT = "!"
_BEGINNING = "~"


class GrantPurpose(StrEnum):
    """What a source may allow, each for itself."""

    MATCH = "match"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Grant:
    """
    One permission of one source. Times are timezone-aware; `until` is the first instant without.

    `granted_by` is who gave it, in words; `evidence` the digest of the paper or message that
    shows it, if there is one. `revoked_at` is final: a revoked grant is not in force at any time,
    so that no clock that is set back revives it. `seen_until` is the first instant at which it does
    not hold unless it was seen again, where it stands in public and may be taken back there.

    Raises `UsageError` if a time has no zone or a glob cannot match anything.
    """

    id: GrantId
    source: SourceId
    granted_by: str
    given_at: datetime
    until: datetime
    scope: tuple[str, ...] = EVERYTHING
    purposes: frozenset[GrantPurpose] = frozenset({GrantPurpose.MATCH})
    evidence: Digest | None = None
    revoked_at: datetime | None = None
    seen_until: datetime | None = None

    def __post_init__(self) -> None:
        for name, time in (("given_at", self.given_at), ("until", self.until)):
            if time.tzinfo is None:
                raise UsageError(f"{name}: expected a time with a zone, got {time.isoformat()}")
        for glob in self.scope:
            if not _is_glob(glob.removeprefix(_EXCEPT)):
                raise UsageError(f"scope: expected a path below the source, got {glob!r}")

    def in_force(self, at: datetime) -> bool:
        """Whether it was given, has not ended and was never revoked, at the instant `at`."""
        return self.revoked_at is None and self.given_at <= at < self._ends

    def stands(self, at: datetime) -> bool:
        """Whether it is in force at `at`, or would be if it were seen again."""
        return replace(self, seen_until=None).in_force(at)

    def covers(
        self, locator: str, at: datetime, purpose: GrantPurpose = GrantPurpose.MATCH
    ) -> bool:
        """Whether `locator` may be used for `purpose` at the instant `at`."""
        return self.in_force(at) and purpose in self.purposes and self._has_in_scope(locator)

    def require(
        self, locator: str, at: datetime, purpose: GrantPurpose = GrantPurpose.MATCH
    ) -> None:
        """Raises `NoGrant`, with the reason in words, unless the grant `covers` this."""
        if not self.covers(locator, at, purpose):
            raise NoGrant(f"grant {self.id} {self._objection(at, purpose) or _outside(locator)}")

    # ----------------------------------------------------------------------------------------------

    @property
    def _ends(self) -> datetime:
        return self.until if self.seen_until is None else min(self.until, self.seen_until)

    def _has_in_scope(self, locator: str) -> bool:
        if self.scope == EVERYTHING:
            return _is_path(locator)
        said = [
            (len(glob.removeprefix(_EXCEPT)), glob.startswith(_EXCEPT))
            for glob in self.scope
            if _matches(glob.removeprefix(_EXCEPT), locator)
        ]
        return bool(said) and not max(said)[1]

    def _objection(self, at: datetime, purpose: GrantPurpose) -> str:
        """Why it is not in force for `purpose`, or the empty string."""
        if self.revoked_at is not None:
            return f"was revoked on {self.revoked_at:%Y-%m-%d}"
        if at >= self.until:
            return f"expired on {self.until:%Y-%m-%d}"
        if at >= self._ends:
            return f"was not seen in its place since, and did not hold after {self._ends:%Y-%m-%d}"
        if at < self.given_at:
            return f"begins on {self.given_at:%Y-%m-%d}"
        return "" if purpose in self.purposes else f"does not allow to {purpose.value}"


# --------------------------------------------------------------------------------------------------


def _outside(locator: str) -> str:
    return f"does not cover {locator!r}"


def _matches(glob: str, locator: str) -> bool:
    """A page's address may end with `/`; what is a path below a folder may not."""
    names = locator.split("/")
    sound = {".", ".."}.isdisjoint(names) if glob.startswith(_BEGINNING) else _is_path(locator)
    return sound and _pattern(glob).fullmatch(locator) is not None


def _is_glob(glob: str) -> bool:
    """Whether it may match anything."""
    if glob.startswith(_BEGINNING):
        return len(glob) > len(_BEGINNING) and not glob.startswith(f"{_BEGINNING}/")
    return _is_path(glob)


def _is_path(path: str) -> bool:
    """Whether every name in it is one: so not absolute, nothing doubled, no way back up."""
    return _NO_NAMES.isdisjoint(path.split("/"))


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    if glob.startswith(_BEGINNING):
        return _beginning(glob.removeprefix(_BEGINNING))
    *folders, last = glob.split("/")
    depths = "".join("(?:[^/]+/)*" if name == "**" else f"{_name(name)}/" for name in folders)
    ending = "(?:[^/]+/)*[^/]+" if last == "**" else _name(last)
    return re.compile(depths + ending)


def _beginning(said: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in said.removesuffix("$").split("*"))
    return re.compile(".*".join(parts) + ("" if said.endswith("$") else ".*"), re.DOTALL)


def _name(glob: str) -> str:
    wild = {"*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(sign) or re.escape(sign) for sign in glob)
