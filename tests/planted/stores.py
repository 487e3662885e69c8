"""Plants in archives, buckets, IIIF and uploads (P1, P2, P4, P26)."""

import pytest

from countenance.catalog import uploads
from countenance.erasure import case, holders
from countenance.library.uploads import Uploads
from countenance.sources.archive import ArchiveReader
from countenance.sources.bucket.reader import BucketReader
from countenance.sources.iiif.reader import IiifReader
from countenance.sources.zipped import Zip
from tests.planted.plant import edit, instead, plant

STORES = "tests/integration/test_stores.py"
_NOT_ASKED = ("if not self._covers(locator):", "if not locator:")


@plant(
    "P1",
    "A member of an archive is read without asking whether a grant covers it.",
    "tests/integration/test_archive.py::test_what_is_not_covered_is_neither_listed_nor_read",
)
def member_read_without_a_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, ArchiveReader.read, *_NOT_ASKED)


@plant(
    "P1",
    "An object of a bucket is asked for without asking whether a grant covers it.",
    "tests/integration/test_bucket.py::test_what_is_not_covered_is_neither_listed_nor_read",
)
def object_read_without_a_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, BucketReader.read, *_NOT_ASKED)


@plant(
    "P1",
    "An image of a manifest is asked for without asking whether a grant covers it.",
    "tests/integration/test_iiif.py::test_what_is_not_covered_is_neither_listed_nor_asked_for",
)
def image_asked_for_without_a_grant(patch: pytest.MonkeyPatch) -> None:
    edit(patch, IiifReader.read, *_NOT_ASKED)


@plant(
    "P1",
    "A later upload renews the grant of every earlier one.",
    f"{STORES}::test_a_later_upload_renews_nothing_of_an_earlier_one",
)
def upload_renews_all(patch: pytest.MonkeyPatch) -> None:
    edit(patch, Uploads.upload, 'scope=(f"{folder}/**",)', 'scope=("**",)')


@plant(
    "P2",
    "A member of an archive is unpacked to the disk on its way into memory.",
    "tests/integration/test_archive.py::test_nothing_is_written",
)
def member_unpacked_to_the_disk(patch: pytest.MonkeyPatch) -> None:
    body = """
        import tempfile
        data = original(self, member, max_bytes=max_bytes)
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
        return data
    """
    instead(patch, Zip.read, body)


@plant(
    "P2",
    "The copy ledger is not told that an original is there.",
    f"{STORES}::test_uploads_are_kept_and_found",
)
def original_not_confirmed(patch: pytest.MonkeyPatch) -> None:
    edit(
        patch,
        uploads.keep,
        "copies.confirm(tx, which, digest=digest(data), size=len(data))",
        "pass",
    )


@plant(
    "P2",
    "A takedown leaves the originals in the vault.",
    f"{STORES}::test_a_takedown_removes_the_originals",
)
def originals_left_by_a_takedown(patch: pytest.MonkeyPatch) -> None:
    instead(patch, holders._release_originals, "return []")
    instead(patch, holders._originals, "return None")


@plant(
    "P4",
    "What was taken down is taken again when it is uploaded.",
    f"{STORES}::test_a_takedown_removes_the_originals",
)
def erased_upload_taken_again(patch: pytest.MonkeyPatch) -> None:
    instead(patch, Uploads._require_not_erased, "return None")


@plant(
    "P4",
    "What was uploaded and never ingested leaves no tombstone.",
    f"{STORES}::test_a_takedown_removes_the_originals",
)
def unread_uploads_forgotten(patch: pytest.MonkeyPatch) -> None:
    unread = "*uploads.digests_of(tx, uploads.belonging(case.source, case.photo))"
    edit(patch, case._digests_of, unread, "")


@plant(
    "P26",
    "The row of an original is confirmed before its bytes are written.",
    f"{STORES}::test_a_vault_that_cannot_be_written_keeps_nothing_of_an_upload",
)
def original_confirmed_before_its_bytes(patch: pytest.MonkeyPatch) -> None:
    intended = "which = copies.intend(tx, CopyKind.ORIGINAL, at=stores.now(tx))"
    confirmed = "copies.confirm(tx, which, digest=digest(data), size=len(data))"
    edit(patch, uploads.write, intended, f"{intended}; {confirmed}")
