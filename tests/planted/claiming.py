"""Plants in the way without a face: what is asked, and what the desk does about it."""

import pytest

from countenance.catalog import claims as stored
from countenance.erasure import holders
from countenance.library.claims import Claims
from countenance.web.staff import claims
from tests.planted.plant import edit, instead, plant

CLAIMS = "tests/integration/web/test_claims.py"


@plant(
    "P18",
    "Who is put in by hand after asking is not.",
    f"{CLAIMS}::test_asked_looked_for_and_put_in_by_hand",
)
def claim_puts_nobody_in(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch, Claims.put_in, "return self.add_sighting(found.id, face, one.person)", "return None"
    )


@plant(
    "P8",
    "Who does not agree to be found any more is put in by hand all the same.",
    f"{CLAIMS}::test_who_does_not_agree_to_be_found_is_not_looked_for",
)
def claim_asks_no_consent(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        Claims.put_in,
        "require(consents, one.person, purpose=Purpose.FIND_ME, at=at)",
        "None",
    )


@plant(
    "P3",
    "Photos that no grant covers are looked through for somebody.",
    f"{CLAIMS}::test_only_photos_of_its_collection_under_grant",
)
def claim_asks_no_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Claims.candidates, "if sources.covered(tx, one[1], at=at)", "if at")


@plant(
    "P21",
    "What somebody wrote stays when they are erased.",
    f"{CLAIMS}::test_what_they_wrote_is_emptied_and_goes",
    "tests/integration/catalog/test_holders.py",
)
def claim_outlives_its_person(patch: pytest.MonkeyPatch) -> None:
    kept = tuple(one for one in holders.HOLDERS if one.name != "claims")
    patch.setattr(holders, "HOLDERS", kept)
    patch.setattr("countenance.erasure.case.HOLDERS", kept)


@plant(
    "P21",
    "What somebody wrote stays when it is answered.",
    f"{CLAIMS}::test_what_they_wrote_is_emptied_and_goes",
)
def claim_is_not_emptied(patch: pytest.MonkeyPatch) -> None:
    edit(patch, stored.end, "values(**changed, **emptied)", "values(**changed)")


@plant(
    "P34",
    "A reviewer answers what is asked in collections of others.",
    f"{CLAIMS}::test_a_reviewer_of_another_collection_sees_none",
)
def claim_of_any_collection(patch: pytest.MonkeyPatch) -> None:
    instead(patch, claims._claim, "return library.claimed(which)")
