"""Plants in what people are asked and shown on the pages, by links."""

import pytest

from countenance.catalog import endings, replay, sightings, telling
from countenance.enrol import enrol
from countenance.erasure import holders
from countenance.library import own
from countenance.library.links import Links
from countenance.library.own import OwnPictures
from countenance.library.telling import Tellings
from countenance.web.held import Held
from tests.planted.plant import edit, instead, plant

PERSON = "tests/integration/web/test_person.py"
TELLING = "tests/integration/web/test_telling.py"


@plant(
    "P6",
    "Whoever gives a picture to be looked at is measured before they say that it is to be used.",
    f"{PERSON}::test_no_template_is_made_before_a_picture_is_used",
)
def page_measures_on_sight(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        enrol._try_one,
        "face = seen.verdict.face",
        "face = seen.verdict.face; see.vision.templates(seen.pixels, seen.found.points)",
    )


@plant(
    "P6",
    "A picture that waits to be used waits for ever.",
    "tests/unit/web/test_held.py::test_what_is_given_is_let_go_when_its_time_is_over",
)
def page_holds_for_ever(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Held.hold, "self.forget(made.key)", "None")


@plant(
    "P10",
    "A picture that waits to be used is shown to whoever has the key, by any link.",
    f"{PERSON}::test_a_picture_that_waits_is_its_givers_alone",
)
def page_shows_what_waits(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Held.get, "found.link == link", "True")


@plant(
    "P8",
    "A page shows a picture by its id, and does not ask the grant again.",
    f"{PERSON}::test_a_picture_leaves_only_under_grant_and_consent",
)
def page_shows_without_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, sightings.shown, "_granted(tx, rows, at=at)", "rows")


@plant(
    "P10",
    "Who guesses the id of somebody else's picture is shown it.",
    f"{PERSON}::test_a_picture_of_somebody_else_is_no_picture",
)
def page_shows_others(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        OwnPictures._mine,
        "sightings.shown(tx, [own.person.id]",
        "sightings.shown(tx, [one.id for one in people.list_all(tx)]",
    )


@plant(
    "P10",
    "Who joins under a name that somebody has is told so.",
    f"{PERSON}::test_nobody_learns_who_else_is_enrolled",
)
def page_tells_of_namesakes(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Links.join, "namesake=True", "namesake=False")


@plant(
    "P10",
    "Who says that they are a face that is somebody else's is told whose it is.",
    f"{PERSON}::test_a_face_that_is_taken_is_taken_by_nobody",
)
def page_tells_whose_a_face_is(patch: pytest.MonkeyPatch) -> None:
    edit(patch, OwnPictures.i_am_in, "except (UsageError, Refused)", "except Refused")


@plant(
    "P11",
    "Every invitation lets people look through the collection.",
    f"{PERSON}::test_only_what_the_invitation_allows_is_looked_through",
)
def page_looks_through_all(patch: pytest.MonkeyPatch) -> None:
    edit(patch, own._require_browse, "or not own.link.browse", "")


@plant(
    "P11",
    "A collection of minors is looked through by links that were given out before.",
    f"{PERSON}::test_only_what_the_invitation_allows_is_looked_through",
)
def page_looks_through_minors(patch: pytest.MonkeyPatch) -> None:
    edit(patch, own._require_browse, "or own.collection.minors", "")


@plant("P12", "A no on the page is not written down.", f"{PERSON}::test_a_no_is_final")
def page_forgets_a_no(patch: pytest.MonkeyPatch) -> None:
    edit(patch, OwnPictures.say, "self.reject_sighting(which)", "None")


@plant(
    "P14",
    "A link of one's own goes on when everything one agreed to has ended.",
    f"{PERSON}::test_a_link_ends_with_the_consent",
)
def link_outlives_consent(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Links._own, "if one.in_force(at)", "if one.events")
    edit(patch, OwnPictures._looks, "at = self._stores.now(tx)", "at = own.person.enrolled_at")


@plant(
    "P17",
    "What was ticked on a page is kept without evidence of it.",
    f"{PERSON}::test_what_was_ticked_is_what_is_agreed_to",
)
def page_keeps_no_evidence(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Links.join, "self._evidence(invitation, wishes)", "None")


@plant(
    "P18",
    "Without a picture nobody gets any further than the first page.",
    f"{PERSON}::test_there_is_a_way_without_a_face",
)
def page_wants_a_face(patch: pytest.MonkeyPatch) -> None:
    instead(patch, OwnPictures.i_am_in, "return None")


@plant(
    "P19",
    "The button on the page stops the finding alone, whatever was asked.",
    f"{PERSON}::test_one_button_deletes_everything",
)
def page_deletes_a_part(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        OwnPictures.leave,
        "self.withdraw(own.person.id, what)",
        "self.withdraw(own.person.id, Purpose.TELL_ME)",
    )


@plant(
    "P33",
    "The page says of nobody that they looked.",
    f"{PERSON}::test_one_sees_who_looked",
)
def page_hides_who_looked(patch: pytest.MonkeyPatch) -> None:
    edit(patch, OwnPictures.my_pictures, "if one.actor != own.person.id", "if not one.actor")


@plant(
    "P8",
    "Whoever stopped being told of new pictures, or being found, is told of them.",
    f"{TELLING}::test_what_ended_is_not_told",
)
def tells_without_consent(patch: pytest.MonkeyPatch) -> None:
    edit(patch, endings.end, "telling.end(tx, person.id)", "None")
    edit(patch, Tellings._message, "or not self._agrees(tx, known[0])", "")


@plant(
    "P10",
    "An address is told of new pictures before anybody there said that it is the right one.",
    f"{TELLING}::test_an_address_is_written_to_once_it_is_confirmed",
)
def tells_strangers(patch: pytest.MonkeyPatch) -> None:
    edit(patch, telling.sent, "TellingState.SENT if", "TellingState.ON if")


@plant(
    "P20",
    "A message that comes through after its reader left is written down.",
    f"{TELLING}::test_who_leaves_while_they_are_told_leaves_nothing",
)
def tells_write_afterwards(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        telling.sent,
        "tx.execute(",
        "tx.execute(insert(telling).values(person_id=one.person, sealed=one.sealed, "
        "asked_at=told_at, **values)) if not tx.execute(select(telling)).first() else tx.execute(",
    )


@plant(
    "P21",
    "Where somebody was told stays when they stop being told, and that alone.",
    f"{TELLING}::test_the_address_goes_with_the_consent",
)
def tells_keep_the_address(patch: pytest.MonkeyPatch) -> None:
    edit(patch, holders._tellings, "own & (telling.c.state == TellingState.OVER)", "None")


@plant(
    "P22",
    "A restored backup brings the address back of whoever stopped it since.",
    f"{TELLING}::test_a_backup_does_not_bring_an_address_back",
)
def restore_tells_again(patch: pytest.MonkeyPatch) -> None:
    edit(patch, replay._telling_changed, "telling.remove(tx, which)", "None")


@plant(
    "P32",
    "The address that somebody is told at stands in the catalog as it was typed.",
    f"{TELLING}::test_the_address_stands_nowhere_in_clear",
)
def tells_in_clear(patch: pytest.MonkeyPatch) -> None:
    edit(patch, telling.ask, "sealed=sealed,", "sealed=sealed + plain,")
    edit(patch, telling.opened, "one.sealed, bound", "one.sealed.partition(b'{')[0], bound")
