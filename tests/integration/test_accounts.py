"""Accounts: how one comes in, stays and goes; and everybody who tries to without being let."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from countenance.accounts.logins import (
    ABSOLUTE,
    CHALLENGE_LIVES,
    FRESH,
    IDLE,
    KEPT,
    LINK_LIVES,
    SET_UP_LIVES,
    TRIES_BY_ACCOUNT,
    TRIES_BY_ADDRESS,
)
from countenance.accounts.passwords import Cost, Passwords
from countenance.accounts.roles import On, Right, Role, Scope, may
from countenance.audit.entry import Act
from countenance.catalog.accounts import Belongings
from countenance.catalog.tables import account, api_token, one_time, passkey, session
from countenance.errors import (
    NotFound,
    NotSignedIn,
    ProveAgain,
    Refused,
    TooManyTries,
    UsageError,
)
from countenance.library import Caller
from countenance.library.accounts import FIRST
from tests.fakes.authenticator import Authenticator
from tests.fakes.door import AWAY, HOME, OTHER, PASSWORD, SITE, Door, within
from tests.fakes.gala import holding

SECOND = timedelta(seconds=1)
ADA = "ada@club.example"

TRIES = """
import sys
from pathlib import Path
from countenance.errors import NotSignedIn, TooManyTries
from countenance.accounts.passwords import Cost, Passwords
from countenance.library import Caller, Library
with Library.open(Path(sys.argv[1])) as library:
    library.__dict__["_passwords"] = Passwords(Cost(1, 64, 1))
    print("ready", flush=True)
    sys.stdin.readline()
    looked = 0
    for number in range(int(sys.argv[2])):
        try:
            library.sign_in("ada@club.example", "wrong", Caller(f"192.0.2.{number}"))
        except NotSignedIn:
            looked += 1
        except TooManyTries:
            pass
    print(looked)
"""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door.make(tmp_path)
    yield made
    made.library.close()


# --- the first owner ------------------------------------------------------------------------------


def test_the_first_start_makes_an_owner(door: Door) -> None:
    """With the code that it showed, however it is typed; then there is no other."""
    link = door.library.set_up_code()
    assert link is not None
    typed = link.code.upper().replace("-", " ")
    done = door.library.set_up(typed, " Ada@Club.Example", "Ada  L", PASSWORD, HOME)
    own = door.account(ADA)
    assert own.name == "Ada L"
    assert own.has.roles == {Role.OWNER, Role.STAFF, Role.REVIEWER}
    assert done.identity.account == own.id
    assert door.library.identity(done.token) == done.identity
    assert door.library.set_up_code() is None


@pytest.mark.promise("P34")
def test_a_code_of_the_first_start_is_good_once_and_for_an_hour(door: Door) -> None:
    """Not twice, not after the hour, not when there is a newer one, and not a guessed one."""
    first, second = door.library.set_up_code(), door.library.set_up_code()
    assert first is not None
    assert second is not None
    _no_set_up(door, first.code)
    _no_set_up(door, "00000-00000-00000-00000-00000-0")
    door.clock.advance(SET_UP_LIVES)
    _no_set_up(door, second.code)
    third = door.library.set_up_code()
    assert third is not None
    door.clock.advance(SET_UP_LIVES - SECOND)
    door.library.set_up(third.code, ADA, "Ada", PASSWORD, HOME)
    _no_set_up(door, third.code)
    assert len(door.library.accounts()) == 1


def test_a_password_that_will_not_do_leaves_the_code_good(door: Door) -> None:
    """Whoever chose badly chooses again."""
    link = door.library.set_up_code()
    assert link is not None
    with pytest.raises(UsageError):
        door.library.set_up(link.code, ADA, "Ada", "ada@club.example", HOME)
    door.library.set_up(link.code, ADA, "Ada", PASSWORD, HOME)


# --- by password ----------------------------------------------------------------------------------


def test_who_has_the_password_comes_in(door: Door) -> None:
    """However the login is typed; and the session is theirs, fresh, with their roles."""
    door.own()
    done = door.library.sign_in("ADA@club.example ", PASSWORD, AWAY)
    who = door.library.identity(done.token)
    assert who == done.identity
    assert who is not None
    assert who.roles == FIRST
    assert who.fresh
    assert who.scopes is None


@pytest.mark.promise("P34")
def test_who_is_not_let_in_is_told_one_thing(door: Door) -> None:
    """No such account, a wrong password, one that ended, one without a password, no login."""
    door.own()
    door.member("bo@club.example")
    door.library.end_account("bo@club.example")
    door.add("cy@club.example")
    said = set()
    for login, password in (
        ("nobody@club.example", PASSWORD),
        (ADA, "wrong"),
        (ADA, ""),
        ("bo@club.example", PASSWORD),
        ("cy@club.example", PASSWORD),
        ("cy@club.example", ""),
        ("", PASSWORD),
        ("no login\n", PASSWORD),
    ):
        with pytest.raises(NotSignedIn) as refused:
            door.library.sign_in(login, password, AWAY)
        said.add((str(refused.value), refused.value.hint, refused.value.http_status))
    assert len(said) == 1


def test_as_much_is_done_for_an_account_that_there_is_not(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look at a hash of the same cost, as many transactions, one entry in the log."""
    door.own()
    looks: list[str | None] = []
    verify = Passwords.verify

    def look(self: Passwords, hashed: str | None, password: str) -> bool:
        looks.append(hashed)
        return verify(self, hashed, password)

    monkeypatch.setattr(Passwords, "verify", look)
    done = []
    for login in (ADA, "nobody@club.example"):
        before, entries = len(looks), len(door.said())
        with suppress(NotSignedIn):
            door.library.sign_in(login, "wrong", AWAY)
        done.append((len(looks) - before, len(door.said()) - entries))
    assert done == [(1, 1), (1, 1)]


def test_a_try_at_an_account_is_in_the_log_with_it(door: Door) -> None:
    """So that its holder and the owner see that somebody tried; by whom nobody knows."""
    me = door.own().identity.account
    for login in (ADA, "nobody@club.example"):
        with pytest.raises(NotSignedIn):
            door.library.sign_in(login, "wrong", AWAY)
    refused = [one for one in door.said() if one.act is Act.SIGN_IN_REFUSED]
    assert [(one.actor, one.subjects) for one in refused] == [
        ("somebody", (me,)),
        ("somebody", ()),
    ]


def test_a_hash_of_yesterday_is_made_anew(door: Door) -> None:
    """When who has the password comes in: and it is the same password."""
    door.own()
    before = door.account(ADA).password
    door.library.__dict__["_passwords"] = Passwords(Cost(2, 64, 1))
    with pytest.raises(NotSignedIn):
        door.library.sign_in(ADA, "wrong", HOME)
    assert door.account(ADA).password == before
    door.library.sign_in(ADA, PASSWORD, HOME)
    assert "t=2" in door.account(ADA).password
    door.library.sign_in(ADA, PASSWORD, HOME)


@pytest.mark.promise("P34")
def test_a_password_is_changed_by_who_knows_it(door: Door) -> None:
    """Every session ends but the new one; the old password is good no more."""
    first, second = door.own(), door.library.sign_in(ADA, PASSWORD, AWAY)
    with pytest.raises(NotSignedIn):
        door.library.change_password("wrong", OTHER, within(HOME, first))
    with pytest.raises(UsageError):
        door.library.change_password(PASSWORD, "short", within(HOME, first))
    assert door.library.identity(second.token) is not None
    done = door.library.change_password(PASSWORD, OTHER, within(HOME, first))
    assert [door.library.identity(one.token) for one in (first, second)] == [None, None]
    assert door.library.identity(done.token) == done.identity
    with pytest.raises(NotSignedIn):
        door.library.sign_in(ADA, PASSWORD, HOME)
    door.library.sign_in(ADA, OTHER, HOME)


def test_nobody_changes_a_password_without_a_session(door: Door) -> None:
    """Not with none, not with one that ended."""
    first = door.own()
    door.library.sign_out(first.token)
    for token in ("", "made-up", first.token):
        with pytest.raises(NotSignedIn):
            door.library.change_password(PASSWORD, OTHER, replace(HOME, token=token))


# --- links ----------------------------------------------------------------------------------------


def test_a_link_is_good_once_for_three_days_and_in_place_of_the_former(door: Door) -> None:
    """With it somebody chooses a password and is in; what sessions there were end."""
    door.own()
    added = door.add("bo@club.example")
    newer = door.library.make_link("bo@club.example")
    _no_link(door, added.link.code)
    door.clock.advance(LINK_LIVES)
    _no_link(door, newer.code)
    third = door.library.make_link("bo@club.example")
    with pytest.raises(UsageError):
        door.library.redeem_link(third.code, "bo@club.example", AWAY)
    done = door.library.redeem_link(third.code, PASSWORD, AWAY)
    assert done.identity.account == added.account.id
    _no_link(door, third.code)
    again = door.library.redeem_link(door.library.make_link(added.account.id).code, OTHER, HOME)
    assert door.library.identity(done.token) is None
    assert door.library.identity(again.token) is not None


def test_a_link_is_good_for_its_account_alone(door: Door) -> None:
    """Somebody else's link stays good, and an account that ended has none."""
    door.own()
    bo, cy = door.add("bo@club.example"), door.add("cy@club.example")
    assert door.library.redeem_link(cy.link.code, PASSWORD, AWAY).identity.account == cy.account.id
    door.library.end_account(bo.account.id)
    _no_link(door, bo.link.code)
    with pytest.raises(UsageError, match="ended"):
        door.library.make_link(bo.account.id)


# --- passkeys -------------------------------------------------------------------------------------


def test_who_has_a_passkey_comes_in_without_saying_who_they_are(door: Door) -> None:
    """Each of several, by the name that its holder gave it."""
    signed_in = door.own()
    devices = []
    for name in ("phone", "key"):
        door.clock.advance(SECOND)
        devices.append(door.give_passkey(signed_in, HOME, name))
    for device in devices:
        assert door.use_passkey(device, AWAY).identity.account == signed_in.identity.account
    kept = door.library.passkeys(ADA)
    assert [one.name for one in kept] == ["phone", "key"]
    assert [one.used_at for one in kept] == [door.clock.now()] * 2
    assert [one.credential for one in kept] == [one.credential for one in devices]


def test_the_options_name_nobody(door: Door) -> None:
    """Whether there are accounts, and whose passkeys, is not to be had by asking."""
    before = door.library.begin_passkey(AWAY, SITE)
    device = door.give_passkey(door.own(), HOME)
    after = door.library.begin_passkey(AWAY, SITE)
    assert _without_challenge(before) == _without_challenge(after)
    assert device.credential.hex() not in after
    assert '"userVerification": "required"' in after


@pytest.mark.promise("P34")
def test_a_challenge_is_answered_once(door: Door) -> None:
    """The same answer again, as an eavesdropper would send it, lets nobody in."""
    device = door.give_passkey(door.own(), HOME)
    device.counts = 0  # a device that does not count: nothing but the challenge stops it
    device.signed = 0
    _reset_count(door)
    answer = device.sign(door.library.begin_passkey(AWAY, SITE))
    door.library.sign_in_with_passkey(answer, AWAY, SITE)
    _no_passkey(door, answer, AWAY)


@pytest.mark.promise("P34")
def test_a_challenge_is_for_the_browser_that_asked(door: Door) -> None:
    """What somebody else was asked is not answered here, nor after five minutes, nor by both."""
    device = door.give_passkey(door.own(), HOME)
    _no_passkey(door, device.sign(door.library.begin_passkey(AWAY, SITE)), HOME)
    late = device.sign(door.library.begin_passkey(AWAY, SITE))
    door.clock.advance(CHALLENGE_LIVES)
    _no_passkey(door, late, AWAY)
    former = device.sign(door.library.begin_passkey(AWAY, SITE))
    door.library.begin_passkey(AWAY, SITE)
    _no_passkey(door, former, AWAY)
    with pytest.raises(NotSignedIn):
        door.library.begin_passkey(replace(AWAY, browser=""), SITE)


@pytest.mark.promise("P34")
def test_a_passkey_counts_only_when_its_user_was_asked(door: Door) -> None:
    """Somebody else's hand on the device is not its user's."""
    signed_in = door.own()
    device = door.give_passkey(signed_in, HOME)
    device.asks = False
    _no_passkey(door, device.sign(door.library.begin_passkey(AWAY, SITE)), AWAY)
    here = within(HOME, signed_in)
    silent = Authenticator(SITE.origin, asks=False)
    with pytest.raises(NotSignedIn):
        door.library.add_passkey(
            silent.make(door.library.begin_new_passkey(here, SITE)), "silent", here, SITE
        )
    assert len(door.library.passkeys(ADA)) == 1


def test_a_passkey_is_for_this_site(door: Door) -> None:
    """What was signed for another site, or on a page of another, lets nobody in."""
    device = door.give_passkey(door.own(), HOME)
    elsewhere = device.sign(door.library.begin_passkey(AWAY, SITE), host="faces.test")
    _no_passkey(door, elsewhere, AWAY)
    device.origin = "https://faces.test"
    _no_passkey(door, device.sign(door.library.begin_passkey(AWAY, SITE)), AWAY)


@pytest.mark.promise("P34")
def test_a_copy_of_a_passkey_is_noticed(door: Door) -> None:
    """A counter that goes back, or stands still, is of another device with the same key."""
    device = door.give_passkey(door.own(), HOME)
    door.use_passkey(device, AWAY)
    device.signed -= 1
    _no_passkey(door, device.sign(door.library.begin_passkey(AWAY, SITE)), AWAY)
    device.signed += 5
    door.use_passkey(device, AWAY)


def test_anothers_key_under_the_same_name_lets_nobody_in(door: Door) -> None:
    """The name of a passkey is no secret; its key is."""
    device = door.give_passkey(door.own(), HOME)
    other = Authenticator(SITE.origin, credential=device.credential, signed=100)
    _no_passkey(door, other.sign(door.library.begin_passkey(AWAY, SITE)), AWAY)
    unknown = Authenticator(SITE.origin)
    _no_passkey(door, unknown.sign(door.library.begin_passkey(AWAY, SITE)), AWAY)


@pytest.mark.parametrize(
    "answer",
    ["", "{", "[]", "null", "{}", '{"rawId": 1, "response": {}}', "[" * 50_000, "x" * 100_000],
)
def test_what_is_no_answer_is_refused(door: Door, answer: str) -> None:
    """Whatever a browser may send."""
    door.own()
    _no_passkey(door, answer, AWAY)


def test_a_new_passkey_is_for_the_session_that_asked(door: Door) -> None:
    """Not for another of the same account, not twice, and not long after the password."""
    first = door.own()
    second = door.library.sign_in(ADA, PASSWORD, AWAY)
    device = Authenticator(SITE.origin)
    made = device.make(door.library.begin_new_passkey(within(HOME, first), SITE))
    with pytest.raises(NotSignedIn):
        door.library.add_passkey(made, "phone", within(AWAY, second), SITE)
    with pytest.raises(NotSignedIn):  # it was used up
        door.library.add_passkey(made, "phone", within(HOME, first), SITE)
    door.clock.advance(FRESH)
    with pytest.raises(ProveAgain):
        door.library.begin_new_passkey(within(HOME, first), SITE)
    with pytest.raises(NotSignedIn):
        door.library.begin_new_passkey(HOME, SITE)


def test_the_last_way_in_is_not_taken_away(door: Door) -> None:
    """A passkey goes only if something else lets its account in, and only from its own account."""
    signed_in = door.own()
    door.give_passkey(signed_in, HOME)
    (own,) = door.library.passkeys(ADA)
    door.member("bo@club.example")
    with pytest.raises(NotFound):
        door.library.end_passkey(own.id, account="bo@club.example")
    with door.library._database.write() as tx:
        tx.execute(update(account).where(account.c.login == ADA).values(password=""))
    with pytest.raises(Refused, match="nothing else"):
        door.library.end_passkey(own.id, account=ADA)
    assert door.library.passkeys(ADA) == [own]
    door.library.change_password("", OTHER, within(HOME, signed_in))
    door.library.end_passkey(own.id, account=ADA)
    assert door.library.passkeys(ADA) == []


# --- sessions -------------------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_a_session_ends_when_it_is_idle_and_after_a_day(door: Door) -> None:
    """Whatever was asked meanwhile."""
    token = door.own().token
    door.clock.advance(IDLE - SECOND)
    assert door.library.identity(token) is not None
    door.clock.advance(IDLE - SECOND)
    assert door.library.identity(token) is not None
    door.clock.advance(IDLE)
    assert door.library.identity(token) is None
    token = door.library.sign_in(ADA, PASSWORD, HOME).token
    for _ in range(ABSOLUTE // timedelta(hours=1)):
        assert door.library.identity(token) is not None
        door.clock.advance(timedelta(hours=1))
    assert door.library.identity(token) is None


@pytest.mark.promise("P15")
def test_a_clock_set_back_revives_no_session(door: Door) -> None:
    """What was over stays over."""
    token = door.own().token
    door.clock.advance(IDLE)
    door.add("bo@club.example")
    door.clock.advance(-IDLE)
    assert door.library.identity(token) is None


@pytest.mark.promise("P34")
def test_to_sign_in_is_to_get_another_session(door: Door) -> None:
    """The token is new whatever one had, and what one had is good no more: none can be planted."""
    first = door.own()
    second = door.library.sign_in(ADA, PASSWORD, within(HOME, first))
    planted = "planted"
    third = door.library.sign_in(ADA, PASSWORD, replace(HOME, token=planted))
    assert len({first.token, second.token, third.token, planted}) == 4
    assert door.library.identity(first.token) is None
    assert door.library.identity(planted) is None
    assert len(door.library.sessions(ADA)) == 2


def test_sessions_are_seen_and_ended_one_by_one(door: Door) -> None:
    """By their own account alone; and all but the one at hand at once."""
    first, second = door.own(), door.library.sign_in(ADA, PASSWORD, AWAY)
    third = door.library.sign_in(ADA, PASSWORD, AWAY)
    other = door.member("bo@club.example")
    assert {one.agent for one in door.library.sessions(ADA)} == {HOME.agent, AWAY.agent}
    assert other.identity.session is not None
    with pytest.raises(NotFound):
        door.library.end_session(other.identity.session, account=ADA)
    assert second.identity.session is not None
    door.library.end_session(second.identity.session, account=ADA)
    assert door.library.identity(second.token) is None
    assert door.library.end_sessions(ADA, but=first.identity.session) == 1
    assert door.library.identity(third.token) is None
    assert door.library.identity(first.token) is not None
    assert door.library.identity(other.token) is not None
    door.library.sign_out(first.token)
    door.library.sign_out(first.token)
    assert door.library.sessions(ADA) == []


@pytest.mark.promise("P34")
def test_what_was_shown_counts_for_a_while(door: Door) -> None:
    """After it they are signed in still, and show again that it is they; by either way."""
    signed_in = door.own()
    device = door.give_passkey(signed_in, HOME)
    here = within(HOME, signed_in)
    door.clock.advance(FRESH)
    stale = door.library.identity(signed_in.token)
    assert stale is not None
    assert not stale.fresh
    assert not may(stale, Right.ACCOUNTS)
    with pytest.raises(NotSignedIn):
        door.library.prove("wrong", here)
    assert may(door.library.prove(PASSWORD, here), Right.ACCOUNTS)
    door.clock.advance(FRESH)
    answer = device.sign(door.library.begin_passkey(here, SITE))
    assert may(door.library.prove_with_passkey(answer, here, SITE), Right.ACCOUNTS)
    with pytest.raises(NotSignedIn):
        door.library.prove(PASSWORD, HOME)


def test_nobody_proves_with_anothers_passkey(door: Door) -> None:
    """That of another account, however good, says nothing of who is signed in."""
    first, other = door.own(), door.member("bo@club.example")
    device = door.give_passkey(other, AWAY)
    door.clock.advance(FRESH)
    here = within(HOME, first)
    answer = device.sign(door.library.begin_passkey(here, SITE))
    with pytest.raises(NotSignedIn):
        door.library.prove_with_passkey(answer, here, SITE)


# --- too many -------------------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_an_account_can_be_tried_so_often(door: Door) -> None:
    """From however many addresses; also one that there is not, in the same words."""
    door.own()
    said = []
    for login in (ADA, "nobody@club.example"):
        for number in range(TRIES_BY_ACCOUNT):
            with pytest.raises(NotSignedIn):
                door.library.sign_in(login, "wrong", Caller(f"192.0.2.{number}"))
        with pytest.raises(TooManyTries, match="13:00:00") as refused:
            door.library.sign_in(login.upper(), PASSWORD, Caller("192.0.2.99"))
        said.append(str(refused.value))
    assert said[0] == said[1]
    door.clock.advance(timedelta(hours=1))
    door.library.sign_in(ADA, PASSWORD, HOME)


def test_an_address_can_try_so_often(door: Door) -> None:
    """However many accounts, ways and codes it tries; and so can a whole network of IPv6."""
    door.own()
    for network in ("203.0.113.5", "2001:db8:1:1::"):
        for number in range(TRIES_BY_ADDRESS):
            address = network if "." in network else f"{network}{number:x}"
            with suppress(NotSignedIn):
                _try(door, number, Caller(address, browser="b"))
        here = Caller(network if "." in network else f"{network}ffff", browser="b")
        for number in range(4):
            with pytest.raises(TooManyTries):
                _try(door, number, here)
    door.library.sign_in(ADA, PASSWORD, HOME)


def test_who_comes_in_is_forgiven_what_others_tried(door: Door) -> None:
    """A few wrong tries before, or somebody else's, do not count after the right one."""
    door.own()
    for _ in range(3):
        for number in range(TRIES_BY_ACCOUNT - 1):
            with pytest.raises(NotSignedIn):
                door.library.sign_in(ADA, "wrong", Caller(f"192.0.2.{number}"))
        door.library.sign_in(ADA, PASSWORD, HOME)


@pytest.mark.promise("P34")
def test_many_who_come_in_from_one_address_are_no_tries(door: Door) -> None:
    """A school behind one address signs in; and one account of one's own pays for no other try."""
    door.own()
    for _ in range(TRIES_BY_ADDRESS + 5):
        door.library.sign_in(ADA, PASSWORD, HOME)
    for number in range(TRIES_BY_ADDRESS):
        with pytest.raises(NotSignedIn):
            door.library.sign_in(f"n{number}@club.example", "wrong", AWAY)
        if number % 20 == 0:
            door.library.sign_in(ADA, PASSWORD, AWAY)
    with pytest.raises(TooManyTries):
        door.library.sign_in(ADA, PASSWORD, AWAY)


@pytest.mark.promise("P34")
def test_tries_at_the_same_time_are_counted_one_after_the_other(tmp_path: Path) -> None:
    """Three programs together get no more looks at the password than one."""
    door = Door.make(tmp_path)
    door.own()
    root = door.library.root
    door.library.close()
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", TRIES, str(root), "15"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ.copy(),
        )
        for _ in range(3)
    ]
    for one in programs:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    looked = [int(one.communicate("go\n")[0]) for one in programs]
    assert sum(looked) == TRIES_BY_ACCOUNT


# --- what accounts are ----------------------------------------------------------------------------


def test_other_roles_end_the_sessions(door: Door) -> None:
    """Who signs in again is what they are by then; who was given something sees that alone."""
    door.own()
    signed_in = door.member("bo@club.example", Role.STAFF)
    door.library.set_roles(
        "bo@club.example", frozenset({Role.PHOTOGRAPHER}), assigned=frozenset({"d_1"})
    )
    assert door.library.identity(signed_in.token) is None
    who = door.library.sign_in("bo@club.example", PASSWORD, AWAY).identity
    assert may(who, Right.UPLOAD, On(within=frozenset({"d_1"})))
    assert not may(who, Right.UPLOAD, On(within=frozenset({"d_2"})))
    assert not may(who, Right.SEARCH)


@pytest.mark.promise("P34")
def test_an_account_that_ended_lets_nobody_in(door: Door) -> None:
    """No password, session, passkey, link or token of it, from that transaction on."""
    door.own()
    signed_in = door.member("bo@club.example")
    device = door.give_passkey(signed_in, AWAY)
    token = door.library.add_token(
        "bo@club.example",
        "script",
        frozenset({Scope.SEARCH}),
        until=door.clock.now() + timedelta(days=1),
    )
    link = door.library.make_link("bo@club.example")
    asked = door.library.begin_passkey(AWAY, SITE)
    door.library.end_account("bo@club.example")
    assert door.library.identity(signed_in.token) is None
    assert door.library.identity_of_token(token.text) is None
    _no_passkey(door, device.sign(asked), AWAY)
    _no_link(door, link.code)
    with pytest.raises(NotSignedIn):
        door.library.sign_in("bo@club.example", PASSWORD, AWAY)
    with pytest.raises(UsageError, match="ended"):
        door.library.end_account("bo@club.example")
    with pytest.raises(UsageError, match="there is an account"):
        door.add("bo@club.example")


@pytest.mark.promise("P34")
def test_the_last_owner_who_can_come_in_stays_one(door: Door) -> None:
    """Neither ended nor given other roles; one who was invited and never came is no other."""
    door.own()
    second = door.add("bo@club.example", Role.OWNER, Role.STAFF)
    acts: list[Callable[[], object]] = [
        lambda: door.library.end_account(ADA),
        lambda: door.library.set_roles(ADA, frozenset({Role.STAFF})),
    ]
    for act in acts:
        with pytest.raises(Refused, match="nobody else"):
            act()
    door.library.redeem_link(second.link.code, PASSWORD, AWAY)
    door.library.set_roles(ADA, frozenset({Role.AUDITOR}))
    with pytest.raises(Refused, match="nobody else"):
        door.library.end_account("bo@club.example")
    assert [one.login for one in door.library.accounts() if one.live] == [ADA, "bo@club.example"]


@pytest.mark.parametrize(
    "has",
    [
        Belongings(frozenset()),
        Belongings(frozenset({Role.PERSON, Role.STAFF})),
        Belongings(frozenset({Role.PERSON})),
        Belongings(frozenset({Role.GUARDIAN})),
        Belongings(frozenset({Role.RECIPIENT})),
    ],
)
def test_an_account_says_who_is_shown_and_nobody_else_does(door: Door, has: Belongings) -> None:
    """Roles go together, and who is or speaks for somebody names them."""
    with pytest.raises(UsageError):
        door.add("bo@club.example", has=has)
    assert door.library.accounts() == []


def test_accounts_are_listed_by_key(door: Door) -> None:
    """Page after page, each once."""
    for number in range(7):
        door.add(f"n{number}@club.example")
    seen: list[str] = []
    while page := door.library.accounts(after=seen[-1] if seen else "", limit=3):
        seen += [one.login for one in page]
    assert seen == [f"n{number}@club.example" for number in range(7)]


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.promise("P34")
def test_a_token_gives_what_its_account_may_at_that_moment(door: Door) -> None:
    """Within its scopes, until its end, and less when the account may less."""
    door.own()
    door.add("bo@club.example", Role.STAFF, Role.AUDITOR)
    until = door.clock.now() + timedelta(days=30)
    added = door.library.add_token(
        "bo@club.example", "nightly", frozenset({Scope.SEARCH, Scope.LOG}), until=until
    )
    who = door.library.identity_of_token(added.text)
    assert who is not None
    assert may(who, Right.SEARCH)
    assert may(who, Right.READ_LOG)
    assert not may(who, Right.SEE_PEOPLE)
    (kept,) = door.library.tokens("bo@club.example")
    assert (kept.name, kept.used_at) == ("nightly", door.clock.now())
    assert added.text.startswith(kept.prefix)
    door.library.set_roles("bo@club.example", frozenset({Role.AUDITOR}))
    less = door.library.identity_of_token(added.text)
    assert less is not None
    assert not may(less, Right.SEARCH)
    door.clock.advance(timedelta(days=30))
    assert door.library.identity_of_token(added.text) is None


def test_a_token_is_made_only_for_what_there_is(door: Door) -> None:
    """Not for a role that has none, not for a scope that gives nothing, not for ever."""
    door.own()
    door.library.set_roles(ADA, frozenset({Role.OWNER}))
    door.add("bo@club.example", Role.REVIEWER)
    day = door.clock.now() + timedelta(days=1)
    with pytest.raises(Refused, match="no tokens"):
        door.library.add_token("bo@club.example", "x", frozenset({Scope.PICTURES}), until=day)
    with pytest.raises(Refused, match="search"):
        door.library.add_token(ADA, "x", frozenset({Scope.SEARCH}), until=day)
    for until in (door.clock.now(), door.clock.now() + timedelta(days=367)):
        with pytest.raises(UsageError, match="at most"):
            door.library.add_token(ADA, "x", frozenset({Scope.LOG}), until=until)
    with pytest.raises(UsageError, match="name"):
        door.library.add_token(ADA, " ", frozenset({Scope.LOG}), until=day)


def test_a_token_that_ended_lets_no_program_in(door: Door) -> None:
    """Ended by who has it or by the owner; nobody ends another's by its id."""
    door.own()
    door.member("bo@club.example")
    day = door.clock.now() + timedelta(days=1)
    added = door.library.add_token(ADA, "x", frozenset({Scope.LOG}), until=day)
    with pytest.raises(NotFound):
        door.library.end_token(added.token.id, account="bo@club.example")
    assert door.library.identity_of_token(added.text) is not None
    door.library.end_token(added.token.id, account=ADA)
    assert door.library.identity_of_token(added.text) is None
    assert door.library.identity_of_token("") is None
    # A session's token is no API token, and the other way about.
    signed_in = door.library.sign_in(ADA, PASSWORD, HOME)
    assert door.library.identity_of_token(signed_in.token) is None
    assert door.library.identity(added.text) is None


# --- what is kept, and what is said ---------------------------------------------------------------


@pytest.mark.promise("P34")
def test_no_secret_is_in_any_file(door: Door) -> None:
    """Tokens, codes, passwords, challenges: of each the digest or the hash alone."""
    link = door.library.set_up_code()
    assert link is not None
    signed_in = door.library.set_up(link.code, ADA, "Ada", PASSWORD, HOME)
    added = door.add("bo@club.example")
    day = door.clock.now() + timedelta(days=1)
    token = door.library.add_token(ADA, "x", frozenset({Scope.LOG}), until=day)
    door.library.begin_passkey(AWAY, SITE)
    secrets = {
        *(PASSWORD, link.code, signed_in.token, added.link.code, token.text),
        *(token.text.partition("_")[2], AWAY.browser, HOME.address, AWAY.address),
    }
    assert holding(door.library.root, [ADA.encode()]) != []
    for secret in secrets:
        assert holding(door.library.root, [secret.encode()]) == [], secret


def test_what_is_shown_of_a_secret_is_nothing() -> None:
    """What ends up in a traceback or a log of a program does not hold one."""
    caller = Caller("192.0.2.1", "agent", "in-a-cookie", "of-a-session")
    assert "in-a-cookie" not in repr(caller)
    assert "of-a-session" not in repr(caller)


@pytest.mark.promise("P30")
@pytest.mark.promise("P32")
def test_every_act_is_in_the_log_by_ids_alone(door: Door) -> None:
    """Each once, with who did it; no login, no name, no address."""
    signed_in = door.own()
    me = signed_in.identity.account
    device = door.give_passkey(signed_in, HOME)
    door.use_passkey(device, AWAY)
    with pytest.raises(NotSignedIn):
        door.library.sign_in(ADA, "wrong", AWAY)
    door.library.change_password(PASSWORD, OTHER, within(HOME, signed_in))
    door.library.end_passkey(door.library.passkeys(ADA)[0].id, account=ADA)
    bo = door.member("bo@club.example").identity.account
    day = door.clock.now() + timedelta(days=1)
    token = door.library.add_token("bo@club.example", "x", frozenset({Scope.SEARCH}), until=day)
    door.library.end_token(token.token.id)
    door.library.set_roles("bo@club.example", frozenset({Role.AUDITOR}))
    door.library.end_account("bo@club.example")
    door.library.end_sessions(ADA)
    said = [(one.act, one.actor) for one in door.said()]
    assert said == [
        (Act.ACCOUNT_LINK_ISSUED, "tester"),
        (Act.ACCOUNT_ADDED, me),
        (Act.SIGNED_IN, me),
        (Act.PASSKEY_ADDED, "tester"),
        (Act.SIGNED_IN, me),
        (Act.SIGN_IN_REFUSED, "somebody"),
        (Act.PASSWORD_CHANGED, me),
        (Act.SIGNED_IN, me),
        (Act.PASSKEY_ENDED, "tester"),
        (Act.ACCOUNT_ADDED, "tester"),
        (Act.ACCOUNT_LINK_ISSUED, "tester"),
        (Act.PASSWORD_CHANGED, bo),
        (Act.SIGNED_IN, bo),
        (Act.TOKEN_ADDED, "tester"),
        (Act.TOKEN_ENDED, "tester"),
        (Act.ROLES_CHANGED, "tester"),
        (Act.ACCOUNT_ENDED, "tester"),
        (Act.SESSION_ENDED, "tester"),
    ]
    words = " ".join(word for one in door.said() for word in (one.actor, *one.subjects))
    for word in ("club.example", "Ada", "Bo", HOME.address, AWAY.address, "phone", "Firefox"):
        assert not re.search(rf"\b{re.escape(word)}\b", words), word


@pytest.mark.promise("P30")
def test_what_cannot_be_logged_does_not_happen(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The act and its entry are one transaction: a log that cannot be written lets nobody in."""
    door.own()
    sessions = len(door.library.sessions(ADA))

    def fail(*_: object, **__: object) -> None:
        raise NotFound("no log")

    monkeypatch.setattr("countenance.library.signins.log.record", fail)
    acts: list[Callable[[], object]] = [
        lambda: door.library.sign_in(ADA, PASSWORD, HOME),
        lambda: door.library.set_roles(ADA, frozenset({Role.OWNER})),
        lambda: door.add("bo@club.example"),
    ]
    for act in acts:
        with pytest.raises(NotFound, match="no log"):
            act()
    assert len(door.library.sessions(ADA)) == sessions
    assert door.account(ADA).has.roles == FIRST
    assert len(door.library.accounts()) == 1


def test_what_is_over_is_forgotten(door: Door) -> None:
    """Sessions, codes and challenges when they are over, accounts and tokens a month later."""
    door.own()
    door.member("bo@club.example")
    day = door.clock.now() + timedelta(days=1)
    door.library.add_token("bo@club.example", "x", frozenset({Scope.SEARCH}), until=day)
    door.library.begin_passkey(AWAY, SITE)
    door.add("cy@club.example")
    assert door.library.forget_ended() == 0
    door.library.end_account("bo@club.example")
    door.clock.advance(KEPT)
    assert door.library.forget_ended() > 0
    assert [one.login for one in door.library.accounts()] == [ADA, "cy@club.example"]
    with door.library._database.read() as tx:
        left = {
            one.name: tx.execute(select(func.count()).select_from(one)).scalar_one()
            for one in (session, one_time, api_token, passkey)
        }
    assert left == {"session": 0, "one_time": 0, "api_token": 0, "passkey": 0}
    assert holding(door.library.root, [b"bo@club.example"]) == []


# --------------------------------------------------------------------------------------------------


def _no_set_up(door: Door, code: str) -> None:
    with pytest.raises(NotSignedIn):
        door.library.set_up(code, "eve@club.example", "Eve", OTHER, AWAY)


def _no_link(door: Door, code: str) -> None:
    with pytest.raises(NotSignedIn):
        door.library.redeem_link(code, OTHER, AWAY)


def _no_passkey(door: Door, answer: str, caller: Caller) -> None:
    with pytest.raises(NotSignedIn):
        door.library.sign_in_with_passkey(answer, caller, SITE)


def _try(door: Door, number: int, caller: Caller) -> None:
    match number % 4:
        case 0:
            door.library.sign_in(f"n{number}@club.example", "wrong", caller)
        case 1:
            door.library.sign_in_with_passkey("{}", caller, SITE)
        case 2:
            door.library.redeem_link("00000", OTHER, caller)
        case _:
            door.library.set_up("00000", "eve@club.example", "Eve", OTHER, caller)


def _reset_count(door: Door) -> None:
    with door.library._database.write() as tx:
        tx.execute(update(passkey).values(sign_count=0))


def _without_challenge(options: str) -> str:
    return re.sub(r'"challenge": "[^"]+"', "", options)
