"""Plants in publishing: who is shown, what is covered, what is in the file (P8, P10, P23, P32)."""

import pytest

from countenance.media import cover, filmout, leaks, release
from countenance.publish import (
    advice,
    certainty,
    check,
    disclose,
    export,
    film,
    plan,
    stretch,
    verdict,
)
from tests.planted.plant import edit, instead, plant

PUBLISH = "tests/integration/test_publish.py"
COVER = "tests/unit/media/test_cover.py"
LEAKS = "tests/unit/media/test_leaks.py"
FILM = "tests/integration/test_publish_film.py"
SHOWN = "tests/integration/test_publish_shown.py"
RELEASE = "tests/unit/media/test_release.py"


@plant(
    "P10",
    "Who asked to be hidden is shown, if they once agreed to be.",
    f"{PUBLISH}::test_whoever_is_covered_is_nobody",
)
def hidden_shown(patch: pytest.MonkeyPatch) -> None:
    edit(patch, verdict._agreed, "and one.person not in hidden", "")


@plant(
    "P10",
    "Somebody is to look at who may be in a face, though they did not agree.",
    f"{PUBLISH}::test_whoever_is_covered_is_nobody",
)
def declined_is_asked_about(patch: pytest.MonkeyPatch) -> None:
    old = "if not among or any("
    new = (
        "if among and not any((face, who) in sure for who in among):\n"
        "        return Ruling(Verdict.ASK, Ground.LOOK_FIRST, {})\n"
        "    if not among or any("
    )
    edit(patch, verdict._ruling, old, new)


@plant(
    "P10",
    "The log says of a check who was covered.",
    f"{PUBLISH}::test_whoever_is_covered_is_nobody",
)
def covered_in_the_log(patch: pytest.MonkeyPatch) -> None:
    instead(
        patch,
        verdict._ruling,
        """
        done = original(face, among, sure, agreed, seen)
        known = {who: agreed.get(who, "n_0") for who in among}
        return done if done.rests_on else Ruling(done.verdict, done.ground, known)
        """,
    )


@plant(
    "P8",
    "Whom the search passed over is shown.",
    f"{PUBLISH}::test_whom_the_search_missed_is_covered",
)
def missed_faces_shown(patch: pytest.MonkeyPatch) -> None:
    instead(patch, check.passed_over, "return []")


@plant(
    "P8",
    "A photo is published while somebody has to say who is in it.",
    f"{PUBLISH}::test_somebody_looks_first_where_it_matters",
)
def asked_about_and_shown(patch: pytest.MonkeyPatch) -> None:
    edit(patch, verdict._ruling, "Ruling(Verdict.ASK, ", "Ruling(Verdict.SHOWN, ")


@plant(
    "P8",
    "A cover lets a little of the face through.",
    f"{COVER}::test_what_is_under_a_cover_has_no_part_in_the_picture",
)
def cover_lets_through(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        cover.covered,
        "painted[mask] = _colour(pixels, mask, colour)",
        "painted[mask] = (np.array(_colour(pixels, mask, colour)) * 3 + painted[mask]) // 4",
    )


@plant(
    "P8",
    "The colour of a cover is taken from under it as well.",
    f"{COVER}::test_what_is_under_a_cover_has_no_part_in_the_picture",
)
def colour_of_the_face(patch: pytest.MonkeyPatch) -> None:
    edit(patch, cover._colour, "pixels[~mask]", "pixels.reshape(-1, 3)")


@plant(
    "P8",
    "The file is not looked through for what a cover let through.",
    f"{COVER}::test_what_was_not_painted_is_not_flat",
    f"{PUBLISH}::test_a_file_that_fails_its_own_check_is_not_given",
)
def covers_believed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, cover.is_flat, "return True")


@plant(
    "P8",
    "The file is not looked through for a second picture.",
    f"{PUBLISH}::test_a_file_that_fails_its_own_check_is_not_given",
)
def leaks_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    edit(patch, export.require_sound, "if found := find_leaks(data):", "if found := ():")


@plant(
    "P8",
    "Faces in the file that nobody answers for are given out.",
    f"{PUBLISH}::test_a_file_that_fails_its_own_check_is_not_given",
)
def faces_in_the_file_believed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, export.require_sound, "< MOSTLY and not any(", "< 0 and not any(")


@plant(
    "P8",
    "What stands behind the end of a picture is no finding.",
    f"{LEAKS}::test_the_leak_matrix",
)
def trailer_passed_over(patch: pytest.MonkeyPatch) -> None:
    instead(patch, leaks._behind, "yield from ()")


@plant(
    "P8",
    "A property of XMP that nobody knows is let through.",
    f"{LEAKS}::test_what_may_not_be_said_is_found",
)
def unknown_property_allowed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, leaks._of_name, "if name in allowed.get(within, ()):", "if 'Thumb' not in name:")


@plant(
    "P8",
    "A segment may be longer than what is in it.",
    f"{LEAKS}::test_the_leak_matrix",
)
def padding_allowed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, leaks._is_quantisation, "return len(body) > 0")
    instead(patch, leaks._is_huffman, "return len(body) > 0")


@plant(
    "P8",
    "Those who are shown are said to have released the picture for everything.",
    f"{RELEASE}::test_nobody_releases_without_limits",
)
def released_without_limits(patch: pytest.MonkeyPatch) -> None:
    edit(patch, release.release_xmp, "_VOCABULARY + release.status", "_VOCABULARY + 'MR-UMR'")


@plant(
    "P8",
    "The door believes the check that was made before the file.",
    f"{PUBLISH}::test_consent_that_ends_meanwhile_gives_nothing",
)
def door_believes_the_check(patch: pytest.MonkeyPatch) -> None:
    edit(patch, disclose._shown, "if without:", "if without and not handling.file:")


@plant(
    "P8",
    "Who is cut off is shown all the same, on their consent.",
    f"{PUBLISH}::test_a_crop_leaves_out_who_may_not_be_shown",
)
def cut_off_and_shown(patch: pytest.MonkeyPatch) -> None:
    edit(patch, plan.plan, "if one.is_stored and one.id not in opened", "if one.id == 'm0'")
    edit(patch, disclose._shown, "if without:", "if without and not handling.file:")


@plant(
    "P23",
    "Of a file with covers nobody knows who is shown in it.",
    f"{PUBLISH}::test_a_file_with_covers_is_recalled_when_a_consent_ends",
)
def shown_forgotten(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        disclose.disclose_in,
        "disclosures.add(tx, made, shown)",
        "disclosures.add(tx, made, {})",
    )


@plant(
    "P23",
    "A file that could not get its name stays under the one it was written as.",
    f"{PUBLISH}::test_what_cannot_be_written_is_in_no_hand",
)
def part_left(patch: pytest.MonkeyPatch) -> None:
    edit(patch, export.publish, "hidden.unlink(missing_ok=True)", "pass")


@plant(
    "P32",
    "The log holds the words for which a cover was taken off.",
    f"{PUBLISH}::test_a_cover_is_removed_for_a_reason",
)
def reason_in_the_log(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        disclose.disclose_in,
        "(made.id, found.id, *sorted(handling.bare))",
        "(made.id, found.id, *sorted(handling.bare), *handling.bare.values())",
    )


@plant(
    "P1",
    "A photo is proposed that no grant allows to be published, and checked no further.",
    f"{PUBLISH}::test_without_a_grant_nothing_is_published",
)
def published_without_a_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, disclose.granted, "GrantPurpose.PUBLISH", "GrantPurpose.MATCH")


@plant(
    "P33",
    "Who was looked at in a check cannot read it.",
    f"{PUBLISH}::test_who_was_looked_at_can_read_it",
)
def check_not_for_the_person(patch: pytest.MonkeyPatch) -> None:
    edit(patch, check._log, "(checked.photo, *people)", "(checked.photo,)")


@plant(
    "P8",
    "A photo of the moment is proposed though a stranger is in it.",
    f"{PUBLISH}::test_another_photo_of_the_moment_is_proposed",
)
def stranger_proposed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, advice._is_free, "return all(", "return found is not None or all(")


@plant(
    "P8",
    "Of a film that frame alone is covered in which a head was seen.",
    f"{FILM}::test_a_face_that_is_missed_in_some_frames_is_covered_in_all",
    f"{FILM}::test_a_head_is_covered_before_and_after_it_is_seen",
)
def heads_not_held(patch: pytest.MonkeyPatch) -> None:
    edit(patch, film.covers_of, "certain, HOLD_SECONDS)", "certain, 1e-6)")


@plant(
    "P8",
    "A head that was lost in a film is not covered until it is found again.",
    f"{FILM}::test_no_frame_is_open_between_two_detections",
)
def lost_heads_open(patch: pytest.MonkeyPatch) -> None:
    instead(patch, film._bridges, "yield from ()")


@plant(
    "P8",
    "The film that was written is not looked at.",
    f"{FILM}::test_a_film_that_fails_its_own_check_is_not_given",
)
def film_believed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, film._heads_open_in, "return ()")


@plant(
    "P8",
    "What is found in a film that was written is said, and never covered.",
    f"{FILM}::test_a_face_found_only_in_what_was_written_is_covered_as_well",
)
def found_late_left_open(patch: pytest.MonkeyPatch) -> None:
    instead(patch, film._covered_too, "return planned")


@plant(
    "P8",
    "What a film says of itself is given out with it.",
    f"{FILM}::test_a_film_that_says_something_is_found",
)
def film_may_say_anything(patch: pytest.MonkeyPatch) -> None:
    edit(patch, filmout.require_bare, "for name, text in said.items():", "for name, text in ():")


@plant(
    "P1",
    "The door does not ask for the grant of a film.",
    f"{FILM}::test_a_grant_that_ends_meanwhile_ends_it",
)
def film_without_a_grant(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        disclose.disclose_in,
        "grant = granted(tx, found, at=at)",
        "grant = '' if handling.everybody else granted(tx, found, at=at)",
    )


@plant(
    "P8",
    "A frame of a film is open in which a face that is shown was missed.",
    f"{SHOWN}::test_a_frame_between_two_stretches_is_not_open",
)
def open_between_two_detections(patch: pytest.MonkeyPatch) -> None:
    edit(patch, stretch.covers_by_stretch, "is not None and stretch.holds(number)", "is not None")
    instead(patch, film._bridges, "yield from ()")


@plant(
    "P8",
    "A film shows a face to the very ends of where it was followed.",
    f"{SHOWN}::test_the_ends_of_a_stretch_are_not_open",
)
def open_to_the_ends(patch: pytest.MonkeyPatch) -> None:
    instead(patch, stretch.Stretch.is_open, "return True")


@plant(
    "P8",
    "Who is followed in a film is taken for the one they were, also where the film was cut.",
    f"{SHOWN}::test_another_face_at_the_same_place_is_covered",
)
def followed_and_believed(patch: pytest.MonkeyPatch) -> None:
    edit(patch, certainty._same, "<= farthest", "<= 2")


@plant(
    "P8",
    "Who is shown in a film stays open while a stranger walks past.",
    f"{SHOWN}::test_who_comes_near_covers_both",
    f"{SHOWN}::test_nobody_is_near_for_half_a_second",
)
def strangers_near(patch: pytest.MonkeyPatch) -> None:
    instead(patch, stretch._is_near, "return False")


@plant(
    "P8",
    "A film shows whom the model is sure of, though nobody said that it is them.",
    f"{SHOWN}::test_who_is_only_recognised_is_covered",
)
def recognised_and_shown(patch: pytest.MonkeyPatch) -> None:
    old = "sightings.decided(tx, film.id, SightingState.CONFIRMED)"
    edit(patch, verdict.judge_film, old, "sightings.known(tx, film.id)")


@plant(
    "P8",
    "A film shows those who agreed, though nobody asked for that.",
    f"{SHOWN}::test_everybody_is_covered_unless_it_is_asked_for",
)
def shown_unasked(patch: pytest.MonkeyPatch) -> None:
    edit(patch, film._planned, "if order.hand.show_consenting:", "if order.photo:")


@plant(
    "P23",
    "Of a film nobody knows who is shown in it.",
    f"{SHOWN}::test_the_film_is_recalled_when_a_consent_ends",
    f"{SHOWN}::test_a_consent_that_ends_meanwhile_gives_nothing",
)
def shown_in_a_film_forgotten(patch: pytest.MonkeyPatch) -> None:
    edit(patch, film.publish_film, "open=frozenset(planned.shown)", "open=frozenset()")


@plant(
    "P8",
    "What a WebP has beside its picture is no finding.",
    f"{LEAKS}::test_what_a_webp_has_too_much_is_found",
)
def webp_chunks_allowed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, leaks._of_webp_chunk, "yield from ()")
