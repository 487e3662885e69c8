"""Plants in publishing from the desk, and in what the public may ask."""

import pytest

from countenance.catalog import demands
from countenance.publish import export, permission
from countenance.web.staff import check, films, together
from countenance.web.staff.guard import Staff
from countenance.web.staff.outbox import Outbox
from tests.planted.plant import edit, instead, plant

CHECK = "tests/integration/web/test_check.py"
FILMS = "tests/integration/web/test_films.py"
PUBLIC = "tests/integration/web/test_public.py"


@plant(
    "P8",
    "The page says that somebody looked, whether or not it was ticked.",
    f"{CHECK}::test_nothing_is_published_unless_somebody_looked",
)
def page_looked_itself(patch: pytest.MonkeyPatch) -> None:
    edit(patch, check._published, 'looked=form.ticked("looked")', "looked=True")


@plant(
    "P8",
    "A published file stays with the server after it was fetched.",
    f"{CHECK}::test_the_file_is_downloaded_once_and_its_disclosure_shown",
)
def page_keeps_the_file(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Outbox.take, "_files.pop((which, actor), None)", "_files.get((which, actor))")


@plant(
    "P10",
    "A permission stands after the consent it rests on has ended.",
    f"{PUBLIC}::test_what_has_ended_and_what_is_unknown_are_one_answer",
)
def permission_outlives_consent(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        permission.permission,
        "found is None or called or not still_agreed(tx, shown, made.wish, at=at)",
        "found is None",
    )


@plant(
    "P3",
    "A permission stands after the grant of its source has ended.",
    f"{PUBLIC}::test_what_has_ended_and_what_is_unknown_are_one_answer",
)
def permission_outlives_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, permission.permission, "granted(tx, found, at=at)", "found = found")


@plant(
    "P32",
    "What the sender of a demand wrote stays when it is answered.",
    f"{PUBLIC}::test_an_answer_empties_what_was_written",
)
def demand_kept_for_ever(patch: pytest.MonkeyPatch) -> None:
    edit(patch, demands.end, ".values(**changed, **emptied)", ".values(**changed)")


@plant(
    "P32",
    "What is kept of each face says whose it was.",
    f"{CHECK}::test_why_each_face_was_covered_stays_without_anybody",
)
def faces_kept_with_people(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        export.said_of,
        "FaceSaid(one.id, one.verdict, one.ground,",
        "FaceSaid(one.id, one.verdict, ' '.join((one.ground, *one.people)),",
    )


@plant(
    "P34",
    "Whoever reads the log sees the names of those who were shown.",
    f"{CHECK}::test_who_reads_the_log_reads_why_and_sees_no_picture",
)
def page_names_for_auditors(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Staff.may, "return True")


@plant(
    "P23",
    "A file is handed over though a consent that it rests on has ended since it was made.",
    f"{FILMS}::test_what_may_be_shown_no_more_is_not_handed_over",
)
def handed_over_after_the_end(patch: pytest.MonkeyPatch) -> None:
    edit(patch, check._still_permitted, "kept is not None and permitted is None", "kept is None")


@plant(
    "P8",
    "A film is made though nobody says that they looked at it.",
    f"{FILMS}::test_what_cannot_be_is_said",
)
def film_looked_at_itself(patch: pytest.MonkeyPatch) -> None:
    edit(patch, films._trouble, 'not form.ticked("looked")', "not form")


@plant(
    "P8",
    "Several photos are published though nobody says that they looked at each.",
    f"{CHECK}::test_several_are_not_published_unless_somebody_looked",
)
def several_looked_at_themselves(patch: pytest.MonkeyPatch) -> None:
    edit(patch, together.read_wanted, 'not form.ticked("looked")', "not form")
