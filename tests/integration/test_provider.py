"""Signing in by another's word: with whom it means, and never with what it says they may do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from countenance.accounts import oidc
from countenance.accounts.logins import CHALLENGE_LIVES
from countenance.accounts.roles import Right, Role, may
from countenance.audit.entry import Act
from countenance.errors import NotFound, NotSignedIn, Unavailable, UsageError
from countenance.library import SignedIn
from tests.fakes.door import AWAY, HOME, Door
from tests.fakes.provider import CLIENT, SECRET, Provider, provider

BACK = "https://faces.example/signed-in"
CY = "cy@club.example"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door.make(tmp_path)
    made.own()
    yield made
    made.library.close()


@pytest.fixture
def other(door: Door) -> Iterator[Provider]:
    with provider(door.clock) as made:
        _believe(door, made)
        yield made


def test_whom_the_provider_means_comes_in(door: Door, other: Provider) -> None:
    """By the address it verified, which is their login; later by its name for them alone."""
    door.add(CY, Role.STAFF)
    first = _come(door, other)
    assert first.identity.account == door.account(CY).id
    other.says = {"email": "renamed@elsewhere.example"}
    assert _come(door, other).identity.account == first.identity.account
    other.says = {"sub": "another", "email": "renamed@elsewhere.example"}
    _no(door, other)


def test_it_is_asked_with_state_nonce_and_pkce(door: Door, other: Provider) -> None:
    """All of them, new each time, and for an address of mail: not for roles."""
    first, second = (
        other.words_of(door.library.begin_provider(AWAY, back_to=BACK)) for _ in range(2)
    )
    assert first["scope"] == "openid email"
    assert (first["response_type"], first["client_id"]) == ("code", CLIENT)
    assert (first["redirect_uri"], first["code_challenge_method"]) == (BACK, "S256")
    for word in ("state", "nonce", "code_challenge"):
        assert len(first[word]) >= 43
        assert first[word] != second[word]


@pytest.mark.promise("P34")
def test_roles_never_come_from_the_provider(door: Door, other: Provider) -> None:
    """Whatever it says: a new account has none, and one that is here keeps its own."""
    _believe(door, other, domains=("club.example",))
    other.says = {"roles": ["owner"], "groups": ["owner"], "role": "owner"}
    who = _come(door, other).identity
    assert who.roles == frozenset()
    assert [right for right in Right if may(who, right)] == []
    assert door.account(CY).has.roles == frozenset()
    door.library.set_roles(CY, frozenset({Role.STAFF}))
    assert _come(door, other).identity.roles == {Role.STAFF}


def test_an_account_is_made_only_for_domains_that_may(door: Door, other: Provider) -> None:
    """Not for one that ends like it, not for one below it, not for none."""
    _no(door, other)
    for mail in (
        "eve@notclub.example",
        "eve@deep.club.example",
        "eve@club.example@elsewhere.example",
        "club.example",
        "@club.example",
        "eve@elsewhere.example@club.example",
        "",
    ):
        _believe(door, other, domains=("club.example",))
        other.says = {"email": mail}
        _no(door, other)
    assert len(door.library.accounts()) == 1
    other.says = {"email": "Eve@Club.Example"}
    assert _come(door, other).identity.account == door.account("eve@club.example").id


@pytest.mark.promise("P34")
@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_address_that_was_not_verified_is_nobodys(
    door: Door, other: Provider, verified: object
) -> None:
    """Anybody can say that they are the owner."""
    door.add(CY)
    _believe(door, other, domains=("club.example",))
    other.says = {"email_verified": verified}
    _no(door, other)


@pytest.mark.promise("P34")
@pytest.mark.parametrize(
    "says",
    [
        {"iss": "https://another.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"at_hash": "AAAA"},
    ],
)
def test_a_word_that_is_not_for_us_now_is_not_believed(
    door: Door, other: Provider, says: dict[str, object]
) -> None:
    """Of another issuer, for another client, for another asking, or over."""
    door.add(CY)
    other.says = says
    _no(door, other)
    other.says = {}
    _come(door, other)


@pytest.mark.promise("P34")
def test_a_word_that_it_did_not_sign_is_not_believed(door: Door, other: Provider) -> None:
    """Signed by nobody, with what both know, by its public key as a secret, by another's key."""
    door.add(CY)
    for secret in (b"", SECRET.encode(), other.key.as_pem(private=False)):
        other.forged_with = secret
        _no(door, other)
    other.forged_with = None
    _come(door, other)
    other.shown = RSAKey.generate_key(2048, {"kid": "1"})
    _no(door, other)


@pytest.mark.parametrize(
    "keys", [{"keys": []}, {"keys": "all"}, {"keys": [1]}, {"keys": [{"kty": "RSA"}]}, {"no": 1}]
)
def test_keys_that_are_none_verify_nothing(door: Door, other: Provider, keys: object) -> None:
    """Whatever stands where its keys should."""
    door.add(CY)
    other.keys = keys
    _no(door, other)


def test_a_state_is_good_once_for_its_browser_and_five_minutes(door: Door, other: Provider) -> None:
    """Who is sent to our page with another's code is not signed in as them."""
    door.add(CY)
    state, code = other.visit(door.library.begin_provider(AWAY, back_to=BACK))
    with pytest.raises(NotSignedIn):
        door.library.sign_in_with_provider(state, code, HOME)
    with pytest.raises(NotSignedIn):  # it was used up
        door.library.sign_in_with_provider(state, code, AWAY)
    state, code = other.visit(door.library.begin_provider(AWAY, back_to=BACK))
    door.clock.advance(CHALLENGE_LIVES)
    with pytest.raises(NotSignedIn):
        door.library.sign_in_with_provider(state, code, AWAY)
    state, code = other.visit(door.library.begin_provider(AWAY, back_to=BACK))
    with pytest.raises(NotSignedIn):
        door.library.sign_in_with_provider(state, "another", AWAY)
    with pytest.raises(NotSignedIn):
        door.library.sign_in_with_provider("made-up", code, AWAY)
    assert "/token" in other.asked
    assert [one.act for one in door.said()].count(Act.SIGN_IN_REFUSED) == 5


def test_who_ended_here_does_not_come_back_by_the_provider(door: Door, other: Provider) -> None:
    """Neither under its name for them, nor anew under their address."""
    _believe(door, other, domains=("club.example",))
    _come(door, other)
    door.library.end_account(CY)
    _no(door, other)


def test_an_account_that_it_knows_under_another_name_is_anothers(
    door: Door, other: Provider
) -> None:
    """An address that was given to somebody new at the provider does not open the old account."""
    door.add(CY)
    _come(door, other)
    other.says = {"sub": "somebody-new"}
    _no(door, other)


def test_a_provider_that_is_away_or_another_is_named(door: Door, other: Provider) -> None:
    """It cannot be reached, says that it is another, or sends us where nothing is safe."""
    other.named = "https://another.example"
    with pytest.raises(Unavailable, match="it is another"):
        door.library.begin_provider(AWAY, back_to=BACK)
    door.library.__dict__["provider"] = oidc.Provider("http://127.0.0.1:9", CLIENT, SECRET)
    with pytest.raises(Unavailable, match="cannot be reached"):
        door.library.begin_provider(AWAY, back_to=BACK)
    for issuer in ("http://login.example", "ftp://login.example", "login.example", "https://"):
        with pytest.raises(UsageError, match="https"):
            oidc.Provider(issuer, CLIENT)
    with pytest.raises(UsageError, match="oidc_client"):
        oidc.Provider("https://login.example", "")
    assert SECRET not in repr(door.library.provider)


def test_without_a_provider_nobody_vouches(door: Door) -> None:
    """Of no setting there is none to be asked."""
    assert door.library.provider is None
    with pytest.raises(NotFound):
        door.library.begin_provider(AWAY, back_to=BACK)


def test_clocks_may_differ_a_little(door: Door, other: Provider) -> None:
    """Theirs and ours, by less than a minute."""
    door.add(CY)
    now = door.clock.now() - timedelta(seconds=30)
    other.says = {"exp": int(now.timestamp())}
    _come(door, other)


# --------------------------------------------------------------------------------------------------


def _believe(door: Door, other: Provider, *, domains: tuple[str, ...] = ()) -> None:
    door.library.__dict__["provider"] = oidc.Provider(other.issuer, CLIENT, SECRET, domains)


def _come(door: Door, other: Provider) -> SignedIn:
    state, code = other.visit(door.library.begin_provider(AWAY, back_to=BACK))
    return door.library.sign_in_with_provider(state, code, replace(AWAY))


def _no(door: Door, other: Provider) -> None:
    with pytest.raises(NotSignedIn):
        _come(door, other)
