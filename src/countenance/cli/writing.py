"""Files that a command writes for somebody to take away: new ones only, for their owner's eyes."""

import os
from pathlib import Path

from countenance.errors import Unavailable, UsageError


def write_new(path: Path, said: str | bytes) -> None:
    """
    Write `said`, text as UTF-8, into a new file that nobody but its owner may read.

    Raises `UsageError` if it is there already, and `Unavailable` if it cannot be written.
    """
    try:
        with open(path, "xb", opener=_closed) as file:
            file.write(said if isinstance(said, bytes) else said.encode())
    except FileExistsError as exc:
        raise UsageError(f"{path}: is there already") from exc
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be written: {exc.strerror}") from exc


# --------------------------------------------------------------------------------------------------


def _closed(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
