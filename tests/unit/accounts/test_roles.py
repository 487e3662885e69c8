"""Roles: every role against every right, on everything, on what it was given, on its own."""

from itertools import product
from pathlib import Path

import pytest

from countenance.accounts.roles import (
    ANYTHING,
    RIGHTS,
    SCOPES,
    WORKING,
    Identity,
    On,
    Right,
    Role,
    Scope,
    Verdict,
    checked,
    may,
    parse_roles,
    parse_scopes,
    require,
    verdict,
)
from countenance.core.ids import AccountId, PersonId
from countenance.errors import ProveAgain, Refused, UsageError

ME, OTHER = AccountId("a_me"), AccountId("a_other")
SELF, SOURCE = PersonId("p_self"), "d_mine"

# What each role may: `A` to all, `a` to what it was given, `o` of its own; `!` after having shown
# lately that it is they. Written by hand from the words of the rules, and not from the program.
TABLE = """
                owner photographer reviewer staff auditor person guardian recipient
own-account     o     o            o        o     o       o      o        o
tokens          A!    A!           -        A!    A!      -      -        -
accounts        A!    -            -        -     -       -      -        -
keys            A!    -            -        -     -       -      -        -
collections     A     -            -        -     -       -      -        -
see-sources     A     a            -        A     -       -      -        -
change-sources  A     a            -        -     -       -      -        -
upload          -     a            -        -     -       -      -        -
see-pictures    -     a            a        A     -       o      o        -
remove-pictures A     a            -        A     -       -      -        -
see-jobs        A     a            -        A     -       -      -        -
see-people      A     -            -        A     -       o      o        -
enrol           -     -            -        A     -       -      -        -
give-consent    -     -            -        A     -       o      o        -
withdraw        A!    -            -        A!    -       o      o        -
object          -     -            -        A     -       o      o        -
export-person   -     -            -        A!    -       o!     o!       -
search          -     -            -        A     -       o      o        -
review          -     -            a        -     -       o      o        -
merge           -     -            -        A     -       -      -        -
publish         -     a            -        A     -       -      -        -
recipients      A!    -            -        -     -       -      -        -
see-recalls     A     -            -        A     A       -      -        o
read-log        A     -            -        -     A       -      -        -
read-looks      -     -            -        -     A       o      o        -
receipts        A     -            -        A     A       o      o        -
"""

_HEAD, *_ROWS = [line.split() for line in TABLE.strip().splitlines()]
SAYS = {
    (Role(role), Right(row[0])): cell
    for row in _ROWS
    for role, cell in zip(_HEAD, row[1:], strict=True)
}

ONS = {
    "A": ANYTHING,
    "a": On(within=frozenset({SOURCE, "d_another"})),
    "o": On(person=SELF, account=ME, recipient="t_mine"),
}
OTHERS = On(person="p_other", account=OTHER, recipient="t_other", within=frozenset({"d_other"}))
REACHES = {"A": "Aao", "a": "a", "o": "o", "-": ""}


def _who(*roles: Role, fresh: bool = True, scopes: frozenset[Scope] | None = None) -> Identity:
    return Identity(
        ME,
        frozenset(roles),
        people=frozenset({SELF}),
        assigned=frozenset({SOURCE}),
        recipient="t_mine",
        scopes=scopes,
        fresh=fresh,
    )


def test_the_table_is_whole() -> None:
    """Of each role and each right it is said what holds: a new one is decided here first."""
    assert SAYS.keys() == set(product(Role, Right))


@pytest.mark.promise("P34")
@pytest.mark.parametrize(("role", "right"), [*product(Role, Right)])
def test_every_role_against_every_right(role: Role, right: Right) -> None:
    """On everything, on what it was given, on its own, on another's; fresh, and not."""
    cell = SAYS[role, right]
    for on, what in ONS.items():
        allowed = on in REACHES[cell[0]]
        assert may(_who(role), right, what) is allowed, on
        stale = verdict(_who(role, fresh=False), right, what)
        again = Verdict.PROVE_AGAIN if cell.endswith("!") else Verdict.YES
        assert stale is (again if allowed else Verdict.NO), on
    assert may(_who(role), right, OTHERS) is (cell[0] == "A")


def test_what_is_missing_is_nobodys_own() -> None:
    """An empty id is not that of an account which has none: nothing matches nothing."""
    nobody = Identity(AccountId("a_x"), frozenset({Role.PERSON, Role.RECIPIENT, Role.REVIEWER}))
    for right in Right:
        assert verdict(nobody, right) is Verdict.NO
        assert verdict(nobody, right, On(person="", recipient="", account="")) is Verdict.NO


@pytest.mark.parametrize("role", Role)
def test_what_is_ones_own_in_one_way_is_not_so_in_another(role: Role) -> None:
    """To have an account, or to be a recipient, is to be nobody who is shown; and so around."""
    ways = {
        On(person=SELF): {role: cell for role, cell in SAYS.items() if "o" in cell},
        On(account=ME): {(role, Right.OWN_ACCOUNT)},
        On(recipient="t_mine"): {(Role.RECIPIENT, Right.SEE_RECALLS)},
    }
    ours = {*ways[On(account=ME)], *ways[On(recipient="t_mine")]}
    for right in Right:
        if SAYS[role, right][0] == "A":
            continue
        for on, what in ways.items():
            own = (role, right) in what
            expected = own and (on != On(person=SELF) or (role, right) not in ours)
            assert may(_who(role), right, on) is expected


def test_without_a_role_there_is_ones_own_account_alone() -> None:
    """An account that was made by signing in may nothing, until it is given a role."""
    assert [one for one in Right for on in ONS.values() if may(_who(), one, on)] == [
        Right.OWN_ACCOUNT
    ]


@pytest.mark.parametrize(("first", "second"), [*product(sorted(WORKING), sorted(WORKING))])
def test_two_roles_give_what_each_gives(first: Role, second: Role) -> None:
    """The union, and no more."""
    for right, on in product(Right, ONS.values()):
        both = may(_who(first, second), right, on)
        assert both is (may(_who(first), right, on) or may(_who(second), right, on))


@pytest.mark.promise("P34")
@pytest.mark.parametrize("role", Role)
def test_a_token_gives_a_part_of_what_its_account_has(role: Role) -> None:
    """Never what its scopes do not say, never what the role has not, never what needs a person."""
    for scope, right, on in product(Scope, Right, ONS.values()):
        token = _who(role, fresh=False, scopes=frozenset({scope}))
        own = verdict(_who(role, fresh=False), right, on) is Verdict.YES
        assert verdict(token, right, on) is (
            Verdict.YES if own and right in SCOPES[scope] else Verdict.NO
        )


def test_no_scope_reaches_accounts_keys_or_tokens() -> None:
    """Whatever a program is given, it makes no accounts and no tokens of its own."""
    never = {Right.ACCOUNTS, Right.KEYS, Right.TOKENS, Right.OWN_ACCOUNT, Right.EXPORT_PERSON}
    assert not any(never & rights for rights in SCOPES.values())
    assert not any(may(_who(*WORKING, scopes=frozenset(Scope)), one, ONS["o"]) for one in never)


def test_to_require_is_to_raise() -> None:
    """What may not be done is refused, and what needs a password again says so."""
    require(_who(Role.STAFF), Right.SEARCH)
    with pytest.raises(Refused, match="accounts"):
        require(_who(Role.STAFF), Right.ACCOUNTS)
    with pytest.raises(ProveAgain):
        require(_who(Role.OWNER, fresh=False), Right.ACCOUNTS)


def test_the_owner_does_not_search_and_the_auditor_sees_no_picture() -> None:
    """The separation that the roles are there for."""
    assert Right.SEARCH not in RIGHTS[Role.OWNER]
    assert Right.SEE_PICTURES not in {*RIGHTS[Role.AUDITOR], *RIGHTS[Role.OWNER]}


def test_only_who_works_here_has_several_roles() -> None:
    """Somebody shown here has an account for that alone, which goes with them."""
    assert parse_roles("owner, staff") == {Role.OWNER, Role.STAFF}
    for wrong in ("owner,person", "person,guardian", "recipient,auditor"):
        with pytest.raises(UsageError, match="do not go together"):
            parse_roles(wrong)
    for wrong in ("", "king", "staff,"):
        with pytest.raises(UsageError):
            parse_roles(wrong)
    with pytest.raises(UsageError):
        checked(frozenset())
    assert parse_scopes("log,search") == {Scope.LOG, Scope.SEARCH}
    with pytest.raises(UsageError):
        parse_scopes("all")


def test_the_manual_has_the_tables(repository: Path) -> None:
    """`docs/accounts.md` says of every role and scope what the program does."""
    page = (repository / "docs" / "accounts.md").read_text(encoding="utf-8")
    words = {"A": "all", "a": "given", "o": "own", "-": ""}
    for right in Right:
        cells = [words[SAYS[role, right][0]] + "*" * SAYS[role, right].count("!") for role in Role]
        assert f"\n| `{right}` | {' | '.join(cells)} |\n" in page
    for scope in Scope:
        given = ", ".join(f"`{one}`" for one in sorted(SCOPES[scope]))
        assert f"\n| `{scope}` | {given} |\n" in page
