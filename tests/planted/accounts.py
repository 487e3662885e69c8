"""Plants in who is let in, and in what they may (P34)."""

import pytest

from countenance.accounts import oidc, passkeys, passwords, roles
from countenance.catalog import accounts, asked, replay, signins
from countenance.erasure import holders
from countenance.library.accounts import Accounts
from countenance.library.signins import SignIns
from tests.planted.plant import edit, instead, plant

ROLES = "tests/unit/accounts/test_roles.py"
PASSWORDS = "tests/unit/accounts/test_passwords.py"
ACCOUNTS = "tests/integration/test_accounts.py"
ENDS = "tests/integration/test_account_ends.py"
PROVIDER = "tests/integration/test_provider.py"


@plant(
    "P34",
    "What is given to somebody is given in every source.",
    f"{ROLES}::test_every_role_against_every_right",
)
def assigned_is_everything(patch: pytest.MonkeyPatch) -> None:
    edit(patch, roles._reaches, "bool(on.within & who.assigned)", "bool(who.assigned)")


@plant(
    "P34",
    "Whoever is shown sees whoever is shown.",
    f"{ROLES}::test_every_role_against_every_right",
)
def own_is_anybodys(patch: pytest.MonkeyPatch) -> None:
    edit(patch, roles._reaches, "return on.person in who.people", "return bool(who.people)")


@plant(
    "P34",
    "A token gives all that its account may.",
    f"{ROLES}::test_a_token_gives_a_part_of_what_its_account_has",
)
def scopes_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    asked_of = "not any(right in SCOPES[one] for one in who.scopes)"
    edit(patch, roles.verdict, asked_of, "False")


@plant(
    "P34",
    "What cannot be undone is done in a session of this morning.",
    f"{ROLES}::test_every_role_against_every_right",
    f"{ACCOUNTS}::test_what_was_shown_counts_for_a_while",
)
def nothing_is_shown_again(patch: pytest.MonkeyPatch) -> None:
    edit(patch, roles.verdict, "if who.fresh or", "if True or")


@plant(
    "P34",
    "For an account that there is not no hash is looked at.",
    f"{PASSWORDS}::test_of_no_hash_as_much_is_done",
)
def unknown_accounts_are_quick(patch: pytest.MonkeyPatch) -> None:
    body = "return original(self, hashed, password) if hashed else False"
    instead(patch, passwords.Passwords.verify, body)


@plant(
    "P34",
    "An account without a password takes the one that stands in for it.",
    f"{PASSWORDS}::test_of_no_hash_no_password_is_right",
)
def nobodys_password_is_right(patch: pytest.MonkeyPatch) -> None:
    right = "bool(hashed) and _is_hash_of(hasher, hashed, plain)"
    edit(
        patch,
        passwords.Passwords.verify,
        right,
        "_is_hash_of(hasher, hashed or self._nobody, plain)",
    )


@plant(
    "P34",
    "Somebody whose account ended, or is unknown, is told so.",
    f"{ACCOUNTS}::test_who_is_not_let_in_is_told_one_thing",
)
def ended_is_told(patch: pytest.MonkeyPatch) -> None:
    body = """
    found = original(self, login, password, caller)
    known = {one.login: one.live for one in self.accounts()}
    if not known.get(login, False):
        raise NotSignedIn("there is no such account")
    return found
    """
    instead(patch, SignIns._try_password, body)


@plant(
    "P34",
    "Tries to sign in are not counted.",
    f"{ACCOUNTS}::test_an_account_can_be_tried_so_often",
)
def tries_not_counted(patch: pytest.MonkeyPatch) -> None:
    instead(patch, asked.add, "return None")


@plant(
    "P34",
    "An account of one's own pays for any number of tries at others.",
    f"{ACCOUNTS}::test_many_who_come_in_from_one_address_are_no_tries",
)
def one_success_forgives_the_address(patch: pytest.MonkeyPatch) -> None:
    instead(patch, asked.take_back, "remove(tx, who)")


@plant(
    "P34",
    "A challenge may be answered again.",
    f"{ACCOUNTS}::test_a_challenge_is_answered_once",
)
def challenge_left(patch: pytest.MonkeyPatch) -> None:
    edit(patch, signins.take, "tx.execute(delete(one_time).where(own))", "pass")


@plant(
    "P34",
    "A challenge is answered from another browser than asked for it.",
    f"{ACCOUNTS}::test_a_challenge_is_for_the_browser_that_asked",
)
def challenge_for_anybody(patch: pytest.MonkeyPatch) -> None:
    bound = 'row.bound_to != (digest_of(bound_to) if bound_to else "")'
    edit(patch, signins.take, bound, "False")


@plant(
    "P34",
    "Codes and challenges have no end.",
    f"{ACCOUNTS}::test_a_code_of_the_first_start_is_good_once_and_for_an_hour",
)
def codes_never_end(patch: pytest.MonkeyPatch) -> None:
    edit(patch, signins.take, "row.until <= at or", "")


@plant(
    "P34",
    "A passkey counts though its device asked nobody.",
    f"{ACCOUNTS}::test_a_passkey_counts_only_when_its_user_was_asked",
)
def user_not_verified(patch: pytest.MonkeyPatch) -> None:
    verified = "require_user_verification=True"
    edit(patch, passkeys.verify_authentication, verified, "require_user_verification=False")


@plant(
    "P34",
    "A copy of a passkey is not noticed.",
    f"{ACCOUNTS}::test_a_copy_of_a_passkey_is_noticed",
)
def sign_count_ignored(patch: pytest.MonkeyPatch) -> None:
    counted = "credential_current_sign_count=sign_count"
    edit(patch, passkeys.verify_authentication, counted, "credential_current_sign_count=0")


@plant(
    "P34",
    "A session that somebody had before signing in goes on.",
    f"{ACCOUNTS}::test_to_sign_in_is_to_get_another_session",
)
def session_not_rotated(patch: pytest.MonkeyPatch) -> None:
    edit(patch, SignIns._let_in, "if before is not None:", "if False:")


@plant(
    "P34",
    "A session lasts as long as it is used.",
    f"{ACCOUNTS}::test_a_session_ends_when_it_is_idle_and_after_a_day",
)
def session_without_an_end(patch: pytest.MonkeyPatch) -> None:
    edit(patch, signins.Session.is_live, "and at < self.made_at + ABSOLUTE", "")


@plant(
    "P34",
    "After a change of password the sessions of before go on.",
    f"{ACCOUNTS}::test_a_password_is_changed_by_who_knows_it",
)
def sessions_outlive_the_password(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Accounts._with_password, "signins.end_all(tx, own.id)", "pass")


@plant(
    "P34",
    "An account that ended is let in by the session it has.",
    f"{ACCOUNTS}::test_an_account_that_ended_lets_nobody_in",
)
def session_of_an_ended_account(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Accounts.end_account, "signins.end_all(tx, own.id)", "pass")
    edit(patch, SignIns._identity, "if not own.live:", "if False:")


@plant(
    "P34",
    "The last owner may be ended: nobody could make another.",
    f"{ACCOUNTS}::test_the_last_owner_who_can_come_in_stays_one",
)
def last_owner_ended(patch: pytest.MonkeyPatch) -> None:
    able = "any(accounts.has_way_in(tx, one) for one in others)"
    edit(patch, Accounts._require_another_owner, able, "others")


@plant(
    "P34",
    "An address of mail that the provider did not verify opens its account.",
    f"{PROVIDER}::test_an_address_that_was_not_verified_is_nobodys",
)
def unverified_mail_believed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, oidc._verified, "if mail and sure is True", "if mail")


@plant(
    "P34",
    "What the provider said to another asking is believed.",
    f"{PROVIDER}::test_a_word_that_is_not_for_us_now_is_not_believed",
)
def nonce_not_compared(patch: pytest.MonkeyPatch) -> None:
    edit(patch, oidc._verified, '"nonce": nonce,', "")


@plant(
    "P30",
    "Somebody is let in, and no entry says so.",
    f"{ACCOUNTS}::test_every_act_is_in_the_log_by_ids_alone",
)
def sign_in_not_logged(patch: pytest.MonkeyPatch) -> None:
    said = "self._say(tx, Act.SIGNED_IN, who.id, made.id, actor=who.id)"
    edit(patch, SignIns._let_in, said, "pass")


@plant(
    "P32",
    "The log says the login of a new account.",
    f"{ACCOUNTS}::test_every_act_is_in_the_log_by_ids_alone",
)
def login_in_the_log(patch: pytest.MonkeyPatch) -> None:
    said = "self._say(tx, Act.ACCOUNT_ADDED, made.id, *_roles(made))"
    edit(patch, Accounts.add_account, said, said.replace("made.id", "made.id, made.login"))


@plant(
    "P19",
    "The account of who withdrew reaches their pictures until all is cleaned up.",
    f"{ENDS}::test_who_withdraws_can_nothing_more_from_that_moment",
)
def withdrawn_account_reaches(patch: pytest.MonkeyPatch) -> None:
    edit(patch, accounts.enrolled, ", person.c.key_id.is_not(None)", "")


@plant(
    "P34",
    "A guardian's account reaches for ever who was a child once.",
    f"{ENDS}::test_nobody_speaks_for_who_came_of_age",
)
def guardian_for_ever(patch: pytest.MonkeyPatch) -> None:
    edit(patch, accounts.enrolled, "& (person.c.age_band != AgeBand.ADULT)", "")


@plant(
    "P21",
    "The account of somebody who was erased stays.",
    f"{ENDS}::test_who_withdraws_can_nothing_more_from_that_moment",
    "tests/integration/catalog/test_holders.py",
)
def accounts_left(patch: pytest.MonkeyPatch) -> None:
    instead(patch, holders._accounts, "return original('p_nobody')")


@plant(
    "P22",
    "An account that ended since the backup lives again.",
    f"{ENDS}::test_a_backup_lets_nobody_in_who_was_shut_out_since",
)
def ended_account_restored(patch: pytest.MonkeyPatch) -> None:
    instead(patch, replay._account_ended, "seen.done[said.act] += 1")
