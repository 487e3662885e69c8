"""
The copy ledger: no byte of a picture is written without a row that says whose it is.

The rows stand in the catalog; here is what a row says, and the order of the steps. To keep a copy:

    1  row written, not confirmed
    2  file written to the blobs
    3  row confirmed

To let it go:

    1  row no longer confirmed, in the transaction that decides it
    2  file removed from the blobs
    3  row dropped

After a crash at any point one rule, kept by the sweep at the next start, makes both whole: of a
row that is not confirmed, the file is removed, if there is one, and then the row. What was to go
is gone then, and what was to be kept is made again by whoever was making it. A file without a row
cannot come about in this order; the sweep removes it all the same.
"""

from dataclasses import dataclass
from enum import StrEnum

from countenance.core.canonical import Digest
from countenance.core.ids import CopyId


class CopyKind(StrEnum):
    """What a copy is. The value is the word in the database."""

    PREVIEW = "preview"
    EVIDENCE = "evidence"
    ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class Copy:
    """
    One row of the ledger: one file of the blobs, of `size` bytes.

    Until it is `confirmed`, the file may be missing or damaged, and nothing is read from it.
    """

    id: CopyId
    kind: CopyKind
    digest: Digest
    size: int
    confirmed: bool
