"""Plants in an ingest that is spread over machines: leases, grants, what leaves a worker."""

import pytest

from countenance.catalog import items
from countenance.engines import hub
from countenance.ingest import cluster, granted, worker, writer
from tests.planted.plant import edit, instead, plant

CLUSTER = "tests/integration/test_cluster.py"
HUB = "tests/integration/test_hub.py"
LEASES = "tests/integration/catalog/test_leases.py"
SPREAD = "tests/integration/test_spread.py"


@plant(
    "P29",
    "What one worker has is given to the next one too.",
    f"{LEASES}::test_what_one_has_taken_no_other_takes",
)
def taken_twice(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        items.claim_these,
        "item.c.state == ItemState.LISTED",
        "item.c.state.in_((ItemState.LISTED, ItemState.WORKING))",
    )


@plant(
    "P29",
    "A lease never runs out.",
    f"{LEASES}::test_a_lease_that_ran_out_is_free_and_one_that_was_renewed_is_not",
)
def lease_for_ever(patch: pytest.MonkeyPatch) -> None:
    instead(patch, items.take_back_late, "return []")


@plant(
    "P29",
    "What a lost worker had stays its own.",
    f"{SPREAD}::test_what_a_killed_worker_had_is_done_by_another",
)
def lost_with_the_worker(patch: pytest.MonkeyPatch) -> None:
    instead(patch, cluster.Leading.lost, "return None")


@plant(
    "P29",
    "What comes when its lease has run out is stored all the same.",
    f"{SPREAD}::test_what_comes_after_its_lease_ran_out_is_dropped",
)
def late_word_stored(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        writer.Writer.store,
        "if claim.holder and not items.holds(tx, claim):",
        "if False:",
    )
    instead(patch, writer.Writer._is_held, "return True")


@plant(
    "P29",
    "An interrupt leaves what was given out in the hands of workers that are no more.",
    f"{SPREAD}::test_an_interrupt_gives_everything_back",
)
def kept_after_an_interrupt(patch: pytest.MonkeyPatch) -> None:
    instead(patch, writer.Writer.release, "return None")


@plant(
    "P1",
    "A worker reads what it took, whatever became of the grant.",
    f"{SPREAD}::test_no_worker_reads_a_file_once_its_grant_was_revoked",
)
def worker_reads_unasked(patch: pytest.MonkeyPatch) -> None:
    instead(patch, worker._AskingReader._require, "return None")


@plant(
    "P1",
    "Who asks whether it may read is always told yes.",
    f"{SPREAD}::test_no_worker_reads_a_file_once_its_grant_was_revoked",
)
def always_allowed(patch: pytest.MonkeyPatch) -> None:
    instead(patch, granted.require_covered, "return None")
    instead(patch, cluster.Leading._work_at, _ANY_WORK)


@plant(
    "P6",
    "What leaves a worker can be read on its way.",
    f"{HUB}::test_nothing_is_read_on_the_way",
)
def plain_line(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        hub.Hub._serve,
        "self._context.wrap_socket(connection, server_side=True)",
        "connection.dup()",
    )
    edit(patch, hub.Line._dialled, "context.wrap_socket(plain)", "plain")


@plant(
    "P6",
    "A record is kept in the vault as it came from the worker, with its templates.",
    f"{SPREAD}::test_the_engine_gets_numbers_and_no_file_a_template",
)
def record_kept_whole(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        writer.Writer.store,
        "record.preview, durable=False",
        "record.preview + record.templates.vectors.tobytes(), durable=False",
    )


@plant(
    "P20",
    "The gallery as it was when the run began counts: who withdrew meanwhile is stored.",
    f"{SPREAD}::test_who_withdrew_meanwhile_is_not_stored",
)
def gallery_of_the_beginning(patch: pytest.MonkeyPatch) -> None:
    asked = "named - admitted(consents, purposes=RECOGNISING, at=self.stores.now(tx)).keys()"
    edit(patch, writer.Writer._sightings, asked, "frozenset()")


_ANY_WORK = """
    for work in list(self.taken.values()):
        if (work.claim.source, work.claim.locator) == (said["source"], said["locator"]):
            return work.claim
    raise Interrupted("gone")
"""
