"""Plants in how pictures are gathered (P1 to P4)."""

import pytest

from countenance.catalog import sightings, sources
from countenance.ingest import run
from countenance.ingest.granted import GrantedReader
from countenance.ingest.writer import Writer
from countenance.sources.grant import Grant
from tests.planted.plant import edit, instead, plant

WALKS = "tests/integration/test_walks.py"


@plant(
    "P1",
    "The grant is not asked again when a photo is stored.",
    f"{WALKS}::test_a_grant_that_ends_before_the_commit_refuses_the_photo",
)
def grant_not_asked_at_storing(patch: pytest.MonkeyPatch) -> None:
    asked = "sources.grant_for(tx, claim.source, claim.locator, at=at)"
    edit(patch, Writer._store, asked, "sources.grants(tx, claim.source)[-1]")


@plant(
    "P1",
    "The grant is asked once, before the run, and not before each file.",
    f"{WALKS}::test_a_file_is_not_even_read_once_its_grant_was_revoked",
)
def grant_asked_once_a_run(patch: pytest.MonkeyPatch) -> None:
    body = "return self._reader.read(locator, max_bytes=max_bytes)"
    instead(patch, GrantedReader.read, body)


@plant(
    "P1",
    "A grant of some folders is taken for one of all.",
    "tests/unit/sources/test_grant.py",
    f"{WALKS}::test_nothing_outside_the_scope_is_taken",
)
def scope_of_a_grant_ignored(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Grant._has_in_scope, "return True")


@plant(
    "P2",
    "A thumbnail is written that the copy ledger knows nothing of.",
    f"{WALKS}::test_every_blob_has_a_row_that_leads_to_its_grant",
)
def thumbnail_not_in_the_ledger(patch: pytest.MonkeyPatch) -> None:
    body = """
        from countenance.core.ids import new_id
        if isinstance(record, ReadPhoto):
            self.stores.blobs.write(CopyId(new_id("v")), record.preview, durable=False)
        return original(self, record)
    """
    instead(patch, Writer.store, body)


@plant(
    "P2",
    "Files without a row in the copy ledger are left to lie.",
    f"{WALKS}::test_a_blob_without_a_row_is_swept_away",
)
def stray_files_left(patch: pytest.MonkeyPatch) -> None:
    edit(patch, run._tidy_up, "blobs.remove(stray)", "pass")


@plant(
    "P3",
    "What was seen in a source is shown after its grant was revoked.",
    f"{WALKS}::test_after_its_grants_ended_nothing_of_a_source_is_read",
)
def revoked_source_shown(patch: pytest.MonkeyPatch) -> None:
    instead(patch, sightings._granted, "return iter(rows)")


@plant(
    "P3",
    "The previews of a revoked source are still read when somebody enrols.",
    f"{WALKS}::test_after_its_grants_ended_nothing_of_a_source_is_read",
)
def revoked_previews_compared(patch: pytest.MonkeyPatch) -> None:
    instead(patch, sources.those_covered, "return list(several)")
