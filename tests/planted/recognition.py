"""Plants in who is recognised, searched for and answered about (P5 to P12)."""

import pytest

from countenance.catalog import (
    collections,
    endings,
    people,
    portraits,
    references,
    rules,
    sightings,
)
from countenance.cli import sightings as answered
from countenance.enrol import enrol
from countenance.extract import recognise
from countenance.gallery import bands
from countenance.ingest import run
from countenance.ingest.writer import Writer
from countenance.search import probe
from countenance.search.asker import Asker
from tests.planted.plant import edit, instead, plant

ANSWERS = "tests/integration/test_answers.py"
CONSENT = "tests/integration/test_consent.py"
REFERENCES = "tests/integration/catalog/test_references.py"
WALKS = "tests/integration/test_walks.py"


@plant(
    "P5",
    "A reference is sealed without its purpose, and opens for any.",
    f"{REFERENCES}::test_a_reference_opens_as_nothing_else",
    f"{REFERENCES}::test_a_row_that_was_relabelled_does_not_open",
)
def purpose_not_in_the_seal(patch: pytest.MonkeyPatch) -> None:
    edit(patch, references.bound_to, '"purpose": purpose.value,', "")


@plant(
    "P6",
    "The templates of everybody in a photo are kept in a file, in half precision.",
    f"{WALKS}::test_no_template_of_a_stranger_is_in_any_file_at_any_time",
)
def strangers_in_a_file(patch: pytest.MonkeyPatch) -> None:
    body = """
        if isinstance(record, ReadPhoto) and record.templates is not None:
            with (self.stores.blobs._folder / "templates").open("ab") as file:
                file.write(record.templates.vectors.astype("<f2").tobytes())
        return original(self, record)
    """
    instead(patch, Writer.store, body)


@plant(
    "P6",
    "The template of every face stands beside its points in the catalog.",
    f"{WALKS}::test_no_template_of_a_stranger_is_in_any_file_at_any_time",
)
def strangers_in_a_column(patch: pytest.MonkeyPatch) -> None:
    body = """
        if record.templates is not None:
            for row, vector in zip(record.templates.rows, record.templates.vectors):
                numbers = tuple((round(float(number), 6), 0.0) for number in vector)
                object.__setattr__(record.faces[row], "points", numbers)
        return original(self, tx, record)
    """
    instead(patch, Writer._add, body)


@plant(
    "P7",
    "Whoever agreed only to be covered can be searched for under that purpose.",
    "tests/unit/search/test_asker.py",
    f"{WALKS}::test_nobody_is_named_under_a_purpose_that_does_not_name",
)
def any_purpose_searches(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Asker.__post_init__, "self.purpose not in SEARCHING", "False")


@plant(
    "P8",
    "Consents are read when a search begins, and not when its answer leaves.",
    f"{WALKS}::test_a_consent_that_ends_between_the_search_and_the_answer_is_heeded",
)
def consent_not_asked_at_the_answer(patch: pytest.MonkeyPatch) -> None:
    asked = "admitted(people.consents(tx, people=named), purposes=(asker.purpose,), at=at)"
    anybody = "{one.person: one for one in people.consents(tx, people=named)}"
    edit(patch, probe._candidates, asked, anybody)


@plant(
    "P8",
    "When the gallery is opened, consents are not asked.",
    f"{REFERENCES}::test_the_gallery_holds_those_who_agree_now",
)
def consent_not_asked_at_the_gallery(patch: pytest.MonkeyPatch) -> None:
    edit(patch, references.open_gallery, "and permits(reference.last, at=at)", "")


@plant(
    "P8",
    "When the gallery is opened, the first event of a consent is asked, and not the last.",
    f"{REFERENCES}::test_the_gallery_holds_those_who_agree_now",
)
def first_event_asked_at_the_gallery(patch: pytest.MonkeyPatch) -> None:
    edit(patch, people.references_to_open, "func.max(newest.c.seq)", "func.min(newest.c.seq)")


@plant(
    "P27",
    "A reference that does not open is passed over.",
    f"{REFERENCES}::test_the_one_that_is_damaged_is_named",
)
def damaged_reference_passed_over(patch: pytest.MonkeyPatch) -> None:
    body = """
        try:
            original(self, reference)
        except Exception:
            pass
    """
    instead(patch, references._Opened.add, body)


@plant(
    "P9",
    "How near a face was stands in the JSON of an answer.",
    f"{ANSWERS}::test_the_numbers_in_an_answer_are_those_of_a_box",
)
def score_in_the_answer(patch: pytest.MonkeyPatch) -> None:
    edit(patch, answered.sighting_document, '"state": one.state', '"state": one.state, "near": 0.9')


@plant(
    "P11",
    "A collection recognises although no ground was recorded.",
    f"{WALKS}::test_without_a_ground_nobody_is_recognised",
)
def recognition_without_a_ground(patch: pytest.MonkeyPatch) -> None:
    instead(patch, collections.Collection.recognises, "return True")
    edit(patch, sightings._visible, "rules.IS_ON", "True")


@plant(
    "P11",
    "In a collection of minors everybody enrolled is recognised, roster or not.",
    f"{CONSENT}::test_of_minors_only_the_roster_is_recognised",
)
def minor_off_the_roster_recognised(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Writer._gallery_of, "return self.gallery(tx).gallery")


@plant(
    "P11",
    "A minor who is off the roster by now is still shown.",
    f"{CONSENT}::test_who_is_shown_follows_the_roster_of_the_moment",
)
def roster_not_asked_when_shown(patch: pytest.MonkeyPatch) -> None:
    edit(patch, rules.of_the_roster, ".where(may)", "")


@plant(
    "P11",
    "Minors are measured where there is nobody on the roster to find.",
    f"{CONSENT}::test_without_a_roster_no_minor_is_measured",
)
def minors_measured_for_nobody(patch: pytest.MonkeyPatch) -> None:
    instead(patch, run._compares, "return where.recognises")


@plant(
    "P12",
    "A comparison removes what a person confirmed.",
    f"{WALKS}::test_what_a_person_decided_survives_a_comparison",
)
def model_overwrites_a_person(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        sightings.replace_candidates,
        "sighting.c.photo_id == which, sighting.c.state == SightingState.CANDIDATE",
        "sighting.c.photo_id == which, sighting.c.state != SightingState.REJECTED",
    )


@plant(
    "P12",
    "The model names a pair again that a person rejected.",
    f"{CONSENT}::test_a_rejected_pair_blocks_that_pair_alone",
)
def rejected_pair_named_again(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Writer._sighted, "rejected=said.rejected", "rejected=frozenset()")
    edit(
        patch,
        sightings.replace_candidates,
        "sighting.c.photo_id == which, sighting.c.state == SightingState.CANDIDATE",
        "sighting.c.photo_id == which, sighting.c.state != SightingState.CONFIRMED",
    )


PORTRAITS = "tests/integration/test_portraits.py"


@plant(
    "P5",
    "The face of everybody who enrols is kept, whether they chose so or not.",
    f"{PORTRAITS}::test_no_picture_is_kept_unless_it_was_chosen",
)
def faces_kept_unasked(patch: pytest.MonkeyPatch) -> None:
    body = """
        made = original(tx, keys, plan, person, at=at)
        own = people.consents(tx, people=[person.id])[0]
        from dataclasses import replace
        kept = replace(own, wish=Wish(Purpose.KEEP_PICTURE))
        key = next(iter(plan.keys.values()))
        return [*made, seal_portraits(tx, keys, key, kept, plan.looked.portraits)]
    """
    instead(patch, enrol._sealed, body)


@plant(
    "P5",
    "The picture of somebody whom nothing may recognise any more is still kept.",
    f"{PORTRAITS}::test_it_ends_with_the_last_purpose_that_recognises",
)
def faces_kept_for_nothing(patch: pytest.MonkeyPatch) -> None:
    instead(patch, endings._with_what_serves, "return tuple(ended)")


@plant(
    "P21",
    "To take the picture back ends the consent, and leaves the picture.",
    f"{PORTRAITS}::test_it_is_taken_back_alone",
)
def faces_left_behind(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        endings.end,
        "over = [one.wish.purpose for one in own if one not in kept]",
        "over = [one.wish.purpose for one in own if one not in kept"
        ' and one.wish.purpose != "keep-picture"]',
    )


@plant(
    "P5",
    "A picture that is kept opens for who asks, whatever its person says now.",
    f"{PORTRAITS}::test_it_opens_as_nothing_else",
)
def faces_opened_without_consent(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        portraits.portraits_of,
        "if not any(one.in_force(at) for one in own):",
        "if not own:",
    )


FALSE_HITS = "tests/unit/gallery/test_false_hits.py"


@plant(
    "P9",
    "The limits forget how many people a face is compared with.",
    f"{FALSE_HITS}::test_strangers_are_named_as_seldom_as_promised",
)
def limits_of_a_small_gallery(patch: pytest.MonkeyPatch) -> None:
    edit(patch, bands.limits, "max(size, FEWEST_PEOPLE) * penalty", "FEWEST_PEOPLE * penalty")


@plant(
    "P9",
    "Where no band can be reached nothing is said: a search finds nobody, for whatever reason.",
    f"{FALSE_HITS}::test_where_no_band_can_be_reached_it_is_said_and_not_silent",
)
def out_of_reach_in_silence(patch: pytest.MonkeyPatch) -> None:
    instead(patch, recognise.require_reach, "return None")
