"""
Exit codes: those of the errors, and those of ends that are no error.

A test compares this table with the tree in `errors.py` and with `docs/cli.md`.
"""

from collections.abc import Mapping

from countenance import errors

DONE = 0
IN_PART = errors.Unreadable.exit_code
FINDINGS = 6
NOT_FOUND = errors.NotFound.exit_code
OPEN = errors.ErasureIncomplete.exit_code

MEANINGS: Mapping[int, str] = {
    DONE: "done, nothing to object to",
    errors.Error.exit_code: "failed: a bug or a broken machine",
    errors.UsageError.exit_code: "wrong usage",
    IN_PART: "done in part: some items could not be read (listed with reasons)",
    errors.Refused.exit_code: "refused: no grant or no consent covers this",
    errors.NotFound.exit_code: "not found",
    FINDINGS: "done, with findings",
    OPEN: "not yet confirmed: an erasure or a recall is still open",
    errors.VerificationError.exit_code: "verification failed",
    errors.Unavailable.exit_code: "unavailable: try again",
    errors.NoLibrary.exit_code: "no library here",
    errors.Locked.exit_code: "locked by another run",
    errors.Interrupted.exit_code: "interrupted; run it again and it goes on",
}


def exit_table() -> str:
    """The table of exit codes, in Markdown."""
    rows = [f"| {code} | {words} |" for code, words in MEANINGS.items()]
    return "\n".join(["| Exit | Meaning |", "|---|---|", *rows])
