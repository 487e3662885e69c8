"""Plants in how web sites are asked, and in how their grant files are read (P1)."""

import pytest

from countenance.sources.site import grantfile
from countenance.sources.site.client import Fetcher
from countenance.sources.site.grantfile import GrantFile, SiteGrant, SiteScope
from countenance.sources.site.guard import Address, Guard
from countenance.sources.site.wire import _Guarded
from tests.planted.plant import edit, instead, plant

CLIENT = "tests/integration/test_site_client.py"
GUARD = "tests/unit/sources/site/test_guard.py"
FILE = "tests/unit/sources/site/test_grantfile.py"


@plant(
    "P1",
    "The first address of a name is checked, and no other.",
    f"{GUARD}::test_one_wrong_address_is_enough",
)
def first_address_speaks_for_all(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Guard.addresses, "for address in found:", "for address in found[:1]:")


@plant(
    "P1",
    "The address that was checked is forgotten, and the name resolved once more.",
    f"{CLIENT}::test_what_was_checked_is_connected_to",
)
def name_resolved_again(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        _Guarded.connect_tcp,
        "address, self._origin.port, seconds",
        "self._origin.host, self._origin.port, seconds",
    )


@plant(
    "P1",
    "A redirect may lead to any server.",
    f"{CLIENT}::test_a_redirect_to_another_server_is_refused",
)
def redirects_lead_anywhere(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Fetcher._require, "address.origin not in within", "False")


@plant(
    "P1",
    "The grant is asked about the address that was asked for, not about where it leads.",
    f"{CLIENT}::test_what_is_not_covered_is_not_asked_for",
)
def redirect_not_covered(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Fetcher._require, "asked.covers(str(address))", "asked.covers(asked.url)")


@plant(
    "P1",
    "A path leads up in disguise.",
    f"{FILE}::test_what_a_grant_covers",
    f"{CLIENT}::test_what_is_not_covered_is_not_asked_for",
)
def dots_left_in_paths(patch: pytest.MonkeyPatch) -> None:
    body = """
        from countenance.sources.site.guard import Origin
        found = original(cls, url)
        whole = url.partition("#")[0].split(found.origin.authority, 1)[-1]
        return cls(found.origin, whole or "/")
    """
    instead(patch, Address.parse, body)


@plant(
    "P1",
    "What allows wins over what denies, of two as long.",
    f"{FILE}::test_the_longest_pattern_decides",
)
def tie_allows(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        SiteScope.covers,
        "_longest(self.allow, one) > _longest(self.deny, one)",
        "_longest(self.allow, one) >= _longest(self.deny, one)",
    )


@plant(
    "P1",
    "A grant to somebody else is taken for one to us.",
    f"{FILE}::test_a_grant_is_to_one_installation_at_one_host",
)
def grant_to_anybody(patch: pytest.MonkeyPatch) -> None:
    edit(patch, GrantFile.in_force, "one.token == token", "True")


@plant("P1", "An expired file still grants.", f"{FILE}::test_a_grant_has_its_time")
def expired_file_grants(patch: pytest.MonkeyPatch) -> None:
    edit(patch, GrantFile.in_force, "at >= self.expires", "False")


@plant("P1", "A revoked grant still stands.", f"{FILE}::test_a_grant_has_its_time")
def revoked_file_grants(patch: pytest.MonkeyPatch) -> None:
    edit(patch, GrantFile.in_force, "one.id not in self.revoked", "True")


@plant(
    "P1",
    "A copy of a grant file at another place counts.",
    f"{FILE}::test_a_file_is_worth_nothing_elsewhere",
    f"{FILE}::test_anything_wrong_allows_nothing",
)
def copied_file_grants(patch: pytest.MonkeyPatch) -> None:
    asked = "at not in [one.address() for one in canonical.items(at_least=1)]"
    edit(patch, grantfile._file, asked, "False")


@plant(
    "P1",
    "A site's grant speaks for other servers that it names.",
    f"{FILE}::test_what_a_grant_covers",
)
def media_host_without_a_grant(patch: pytest.MonkeyPatch) -> None:
    asked = "address.origin == self.host"
    edit(patch, SiteGrant.covers, asked, "address.origin in (self.host, *self.media_hosts)")
