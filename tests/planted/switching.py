"""Plants in the change of the model pack (P5, P12, P20, P21, P26)."""

import pytest

from countenance.catalog import binding
from countenance.enrol import enrol
from countenance.enrol.again import Change
from countenance.library.switching import Switching
from countenance.vision import pack
from countenance.vision.models import ModelStore
from tests.planted.plant import edit, instead, plant

SWITCH = "tests/integration/test_switch.py"


@plant(
    "P26",
    "The library is bound to the new pack before its references are made.",
    f"{SWITCH}::test_stopped_in_the_middle_it_is_as_before",
)
def bound_too_early(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Change.carry_out, "binding.bind(tx, before)", "binding.bind(tx, self._pack)")


@plant(
    "P5",
    "The old references stay beside the new ones.",
    f"{SWITCH}::test_who_keeps_none_is_asked_again_and_agrees_as_before",
)
def old_references_stay(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        binding.drop_other_packs,
        "tx.execute(delete(reference).where(*others, *own))",
        "pass",
    )


@plant(
    "P12",
    "What people confirmed and rejected goes with what only the model saw.",
    f"{SWITCH}::test_what_a_person_decided_stays",
)
def decisions_go_with_the_model(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        binding.drop_unrecognised,
        'undecided = (sighting.c.person_id.in_(which), sighting.c.state == "candidate")',
        "undecided = (sighting.c.person_id.in_(which),)",
    )


@plant(
    "P20",
    "Who withdrew while their picture was looked at gets a reference all the same.",
    f"{SWITCH}::test_who_withdraws_meanwhile_gets_no_new_reference",
)
def consents_not_read_again(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        Change._store,
        "now = binding.recognised(tx, self._pack, at=at, who=one.person)",
        "now = [one]",
    )


@plant(
    "P21",
    "The keys of the old references are left where they are.",
    f"{SWITCH}::test_the_old_references_open_nowhere_and_their_bytes_are_gone",
)
def old_keys_left(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Switching.switch, "destroy_strays(self._stores)", "pass")


@plant(
    "P5",
    "An enrolment stores what the old pack made after the library changed to another.",
    f"{SWITCH}::test_an_enrolment_that_was_looked_at_by_the_old_pack_is_refused",
)
def packs_mixed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, enrol._require_the_pack, "return None")


PACKS = "tests/unit/vision/test_pack.py"
INSIGHTFACE = "tests/integration/test_insightface.py"


@plant(
    "P9",
    "A pack that nobody measured answers all the same.",
    f"{PACKS}::test_what_was_not_measured_names_nobody",
    f"{INSIGHTFACE}::test_nobody_is_recognised_by_it_before_it_is_measured",
)
def unmeasured_answers(patch: pytest.MonkeyPatch) -> None:
    instead(patch, pack.require_measured, "return None")


@plant(
    "P9",
    "Rates that were measured of other files of the same name are taken for a pack's.",
    f"{PACKS}::test_what_was_not_measured_names_nobody",
)
def rates_of_other_files(patch: pytest.MonkeyPatch) -> None:
    edit(patch, pack._with_rates, "return pack\n    calibration", "pass\n    calibration")


@plant(
    "P27",
    "A model file that was changed is run as it is.",
    f"{INSIGHTFACE}::test_a_file_that_was_changed_is_named",
)
def changed_model_is_run(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        ModelStore._is_sound,
        "digest(self._path(file).read_bytes()) == file.prepared_sha256",
        "bool(self._path(file).read_bytes())",
    )


@plant(
    "P30",
    "Who accepts a licence is not in the log.",
    f"{INSIGHTFACE}::test_the_licence_is_shown_and_accepted_by_somebody",
)
def licence_not_logged(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Switching.adopt_pack, "self._log(tx, Act.LICENCE_ACCEPTED, ", "dict(")
