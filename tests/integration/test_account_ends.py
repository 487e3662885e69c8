"""Accounts of people who are shown, and what becomes of accounts when a backup comes back."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from countenance.accounts.logins import ABSOLUTE, IDLE
from countenance.accounts.passwords import Passwords
from countenance.accounts.roles import On, Right, Role, Scope, may
from countenance.audit.entry import Act
from countenance.catalog.accounts import Belongings
from countenance.core.ids import PersonId
from countenance.enrol.enrol import Portrait
from countenance.errors import NotFound, NotSignedIn, Refused, Unavailable
from countenance.keeping.restore import Restored
from countenance.library import Caller, Library
from countenance.people.guardians import AgeBand, AgeSource, Standing
from countenance.people.purpose import Purpose, Wish
from tests.fakes.door import AWAY, HOME, OTHER, PASSWORD, Door, within
from tests.fakes.gala import A_DAY, Gala, open_library
from tests.fakes.vision import picture

ADA, BO = 1, 2
KIN = "eva@home.example"


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, BO)
        made.ingest()
        made.enrol("Bo", BO)
        made.library.enrol(
            "Ada",
            [Portrait("portrait.jpg", picture(ADA))],
            (Wish(Purpose.FIND_ME),),
            evidence=b"a slip",
            standing=Standing(AgeBand.CHILD),
            guardian=("Eva", "mother"),
        )
        yield made


# --- shown here -----------------------------------------------------------------------------------


@pytest.mark.promise("P19")
def test_who_withdraws_can_nothing_more_from_that_moment(
    gala: Gala, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account of who left, and of who spoke for them, reaches nobody, and then it is gone."""
    door = _door(gala)
    bo, ada = _id(gala, "Bo"), _id(gala, "Ada")
    own = _member(door, "bo@home.example", Belongings(frozenset({Role.PERSON}), person=bo))
    kin = _member(door, KIN, Belongings(frozenset({Role.GUARDIAN}), wards=frozenset({ada})))
    assert _may(gala, own, bo)
    assert _may(gala, kin, ada)
    assert not _may(gala, own, ada)

    def later(*_: object, **__: object) -> None:
        raise Unavailable("another time")

    with monkeypatch.context() as patch:
        patch.setattr("countenance.erasure.case.carry_on", later)
        gala.library.withdraw("Bo")
        assert not _may(gala, own, bo)
        assert _may(gala, kin, ada)
        gala.library.withdraw("Ada")
        assert not _may(gala, kin, ada)
    assert gala.library.identity(kin) is not None
    gala.library.resume()
    for login, token in (("bo@home.example", own), (KIN, kin)):
        assert gala.library.identity(token) is None
        with pytest.raises(NotFound):
            gala.library.account(login)


@pytest.mark.promise("P34")
def test_nobody_speaks_for_who_came_of_age(gala: Gala) -> None:
    """The guardian's account is there still, and reaches them no more."""
    door, ada = _door(gala), _id(gala, "Ada")
    kin = _member(door, KIN, Belongings(frozenset({Role.GUARDIAN}), wards=frozenset({ada})))
    assert _may(gala, kin, ada)
    gala.library.change_age("Ada", AgeBand.ADULT, AgeSource.DECLARED)
    assert not _may(gala, kin, ada)
    assert gala.library.identity(kin) is not None


def test_an_account_is_for_who_is_enrolled(gala: Gala) -> None:
    """Not for an id that there is not, nor for one who left."""
    door, bo = _door(gala), _id(gala, "Bo")
    gala.library.withdraw("Bo")
    for who in (bo, PersonId("p_nobody")):
        with pytest.raises(NotFound, match="nobody enrolled"):
            door.add("x@home.example", has=Belongings(frozenset({Role.PERSON}), person=who))


# --- restored -------------------------------------------------------------------------------------


@pytest.mark.promise("P22")
def test_a_backup_lets_nobody_in_who_was_shut_out_since(gala: Gala, tmp_path: Path) -> None:
    """Not who ended, not with what was taken away, not as what they were; nor in old sessions."""
    door = _door(gala)
    owner = door.own()
    logins = [f"{name}@club.example" for name in ("cy", "dee", "eve", "fay")]
    cy, dee, eve, fay = (door.member(login, Role.STAFF) for login in logins)
    phone = door.give_passkey(eve, AWAY)
    day = gala.clock.now() + A_DAY
    tokens = [
        gala.library.add_token(logins[number], "x", frozenset({Scope.SEARCH}), until=day)
        for number in (0, 3)
    ]
    link = gala.library.make_link(logins[1])
    backup = gala.library.back_up(tmp_path / "backups").backup.location
    gala.library.end_account(logins[0])
    gala.library.change_password(PASSWORD, OTHER, within(AWAY, dee))
    gala.library.end_passkey(gala.library.passkeys(logins[2])[0].id, account=logins[2])
    gala.library.set_roles(logins[3], frozenset({Role.AUDITOR}), assigned=frozenset({"d_1"}))
    gala.library.end_token(tokens[1].token.id)
    gala.library.sign_out(owner.token)
    door.member("gil@club.example")
    done = _restored(gala, backup)
    door.library = gala.library
    gala.library.__dict__["_passwords"] = Passwords(door.cost)
    assert {one.act for one in done.remaining} == {Act.PASSWORD_CHANGED, Act.ACCOUNT_ADDED}
    for token in (owner.token, cy.token, dee.token, fay.token):
        assert gala.library.identity(token) is None
    for added in tokens:
        assert gala.library.identity_of_token(added.text) is None
    for login in logins[:2]:
        with pytest.raises(NotSignedIn):
            gala.library.sign_in(login, PASSWORD, HOME)
    with pytest.raises(NotSignedIn):
        gala.library.redeem_link(link.code, PASSWORD, AWAY)
    with pytest.raises(NotSignedIn):
        door.use_passkey(phone, AWAY)
    changed = gala.library.sign_in(logins[3], PASSWORD, HOME).identity
    assert (changed.roles, changed.assigned) == (frozenset({Role.AUDITOR}), frozenset({"d_1"}))
    again = gala.library.make_link(logins[1])
    gala.library.redeem_link(again.code, OTHER, AWAY)


# --- any order ------------------------------------------------------------------------------------


@settings(max_examples=8, stateful_step_count=25)
class Sessions(RuleBasedStateMachine):
    """Whoever comes and goes in whatever order: who is in is who should be."""

    tokens: Bundle[tuple[str, str]] = Bundle("tokens")
    logins = ("ada@club.example", "bo@club.example", "cy@club.example")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._door = Door.make(Path(self._folder.name))
        self._live: dict[str, tuple[str, timedelta, timedelta]] = {}
        self._ended: set[str] = set()
        self._now = timedelta()

    @initialize()
    def begin(self) -> None:
        self._door.own()
        self._door.library.end_sessions(self.logins[0])
        for login in self.logins[1:]:
            token = self._door.member(login, Role.OWNER).token
            self._door.library.sign_out(token)

    @rule(target=tokens, login=st.sampled_from(logins), with_old=st.booleans(), data=st.data())
    def come(self, login: str, with_old: bool, data: st.DataObject) -> tuple[str, str]:  # noqa: FBT001
        old = data.draw(st.sampled_from(sorted(self._live))) if with_old and self._live else ""
        caller = Caller(HOME.address, HOME.agent, HOME.browser, old)
        if login in self._ended:
            with pytest.raises(NotSignedIn):
                self._door.library.sign_in(login, PASSWORD, caller)
            return login, "none"
        done = self._door.library.sign_in(login, PASSWORD, caller)
        self._live.pop(old, None)
        self._live[done.token] = (login, self._now, self._now)
        return login, done.token

    @rule(token=consumes(tokens))
    def go(self, token: tuple[str, str]) -> None:
        self._door.library.sign_out(token[1])
        self._live.pop(token[1], None)

    @rule(login=st.sampled_from(logins))
    def change(self, login: str) -> None:
        if login not in self._ended:
            self._door.library.set_roles(login, frozenset({Role.OWNER, Role.STAFF}))
            self._drop(login)

    @rule(login=st.sampled_from(logins))
    def end(self, login: str) -> None:
        if login in self._ended:
            return
        if len(self._ended) == len(self.logins) - 1:
            with pytest.raises(Refused):
                self._door.library.end_account(login)
            return
        self._door.library.end_account(login)
        self._ended.add(login)
        self._drop(login)

    @rule(minutes=st.sampled_from([1, 30, 119, 120]))
    def wait(self, minutes: int) -> None:
        self._now += timedelta(minutes=minutes)
        self._door.clock.advance(timedelta(minutes=minutes))

    @rule()
    def forget(self) -> None:
        self._door.library.forget_ended()

    @invariant()
    def who_is_in_is_who_should_be(self) -> None:
        for token, (login, since, seen) in [*self._live.items()]:
            live = self._now < seen + IDLE and self._now < since + ABSOLUTE
            who = self._door.library.identity(token)
            assert (who is not None) is live
            if who is None:
                del self._live[token]
            else:
                assert who.account == self._door.account(login).id
                self._live[token] = (login, since, self._now)

    def teardown(self) -> None:
        self._door.library.close()
        self._folder.cleanup()

    def _drop(self, login: str) -> None:
        self._live = {token: one for token, one in self._live.items() if one[0] != login}


TestSessions = Sessions.TestCase


# --------------------------------------------------------------------------------------------------


def _door(gala: Gala) -> Door:
    made = Door(gala.library, gala.clock)
    gala.library.__dict__["_passwords"] = Passwords(made.cost)
    return made


def _member(door: Door, login: str, has: Belongings) -> str:
    return door.library.redeem_link(door.add(login, has=has).link.code, PASSWORD, AWAY).token


def _id(gala: Gala, name: str) -> PersonId:
    return gala.library.consents(name)[0].id


def _may(gala: Gala, token: str, who: PersonId) -> bool:
    found = gala.library.identity(token)
    return found is not None and may(found, Right.SEE_PICTURES, On(person=who))


def _restored(gala: Gala, backup: Path) -> Restored:
    gala.library.close()
    keys = gala.root.with_name("keys-of-before")
    gala.keys.rename(keys)
    gala.root.rename(gala.root.with_name("lost"))
    done = Library.restore(backup, gala.root, keys=keys, actor="tester", clock=gala.clock)
    gala.library = open_library(gala.root, gala.clock, gala.vision)
    return done
