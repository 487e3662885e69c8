"""Plants in links that show photos."""

import pytest

from countenance.catalog import endings
from countenance.catalog.replay import _disclosed
from countenance.library.shares import Shares
from countenance.people.consent import Consent
from countenance.publish import share
from tests.planted.plant import edit, plant

SHARES = "tests/integration/test_shares.py"
PAGES = "tests/integration/web/test_shares.py"


@plant(
    "P8",
    "A link goes on showing a photo when somebody seen in it does not agree any more.",
    f"{SHARES}::test_gone_at_once",
)
def share_asks_no_consent(patch: pytest.MonkeyPatch) -> None:
    edit(patch, share.standing, "any(each.verdict is not Verdict.SHOWN for each in seen)", "False")


@plant(
    "P3",
    "A link goes on showing a photo that no grant covers any more.",
    f"{SHARES}::test_a_grant_to_publish_that_is_over",
)
def share_asks_no_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, share.standing, "granted(tx, photo, at=at)", "None")


@plant(
    "P1",
    "A photo that may be matched alone is shown by a link.",
    f"{SHARES}::test_a_grant_to_match_is_none_to_share",
)
def share_is_made_without_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, share.to_be_shown, "granted(tx, photo, at=at)", "None")


@plant(
    "P8",
    "By a person's own link others are seen as well.",
    f"{SHARES}::test_a_person_shows_nobody_but_themselves",
)
def share_shows_others(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        share.standing,
        "not in one.shown]",
        "not in one.shown and link.person is None]",
    )


@plant(
    "P8",
    "What the search passed over is seen by a link.",
    f"{SHARES}::test_what_the_search_passed_over_is_covered",
)
def share_looks_at_nothing(patch: pytest.MonkeyPatch) -> None:
    edit(patch, share.look_closely, "passed_over(photo, every_face(vision, pixels))", "()")


@plant(
    "P14",
    "A link that was over shows its photos again once consent is given anew.",
    f"{SHARES}::test_given_again_the_old_link_does_not_revive",
)
def share_revives(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Consent.unbroken, "event.at < since", "True")


@plant(
    "P8",
    "A link goes on after its last day.",
    f"{SHARES}::test_its_end_and_ended_by_hand",
)
def share_has_no_end(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Shares._followed, "not found.leads(at)", "found.ended_at is not None")


@plant(
    "P20",
    "Who withdraws while a photo is painted is sent out all the same.",
    f"{SHARES}::test_who_withdraws_while_it_is_painted_is_not_sent",
)
def share_asks_once(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        Shares.shared_picture,
        "again, still = self._standing(tx, self._followed(tx, token, at=at), number, at=at)",
        "again, still = one, now",
    )


@plant(
    "P23",
    "What is seen by a link is not in the ledger.",
    f"{SHARES}::test_what_was_seen_is_in_the_ledger_and_called_back",
)
def share_is_no_disclosure(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        Shares.shared_picture,
        "self._disclose(tx, link, again, handling, which, at=at)",
        "handling",
    )


@plant(
    "P23",
    "Who stops being found does not call back what they showed by a link of their own.",
    f"{SHARES}::test_what_was_seen_is_in_the_ledger_and_called_back",
)
def share_is_not_called_back(patch: pytest.MonkeyPatch) -> None:
    edit(patch, endings.end, "given += disclosures.resting_on(", "(")


@plant(
    "P22",
    "A restore forgets what was seen by a link since the backup.",
    f"{SHARES}::test_a_restore_ends_it_again_and_calls_back",
)
def restore_forgets_shares(patch: pytest.MonkeyPatch) -> None:
    edit(patch, _disclosed, "*links, ", "")


@plant(
    "P10",
    "Who guesses the id of somebody's share ends it.",
    f"{PAGES}::test_another_person_ends_nothing",
)
def share_of_another_is_ended(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Shares.end_my_share, "links.get(tx, which).person != own.person.id", "False")


@plant(
    "P32",
    "The token of a share is kept as it is.",
    f"{SHARES}::test_what_stands_in_it_is_kept_nowhere",
)
def share_keeps_its_token(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        Shares._issue_share,
        "links.add(tx, made, token)",
        "links.add(tx, replace(made, label=token), token)",
    )
