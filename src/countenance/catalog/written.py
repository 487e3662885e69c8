"""
What SQLite's write-ahead log says was written: the pages that it holds, of any transaction.

The log is as https://sqlite.org/fileformat2.html (4, "The Write-Ahead Log") says: a head of 32
bytes, then frames, each a head of 24 bytes and a page. All numbers are big-endian.

    of the head   0   0x377f0682 or 0x377f0683
                  8   the size of a page in bytes
                  12  how often the log was begun anew since it was made
    of a frame    0   the number of its page, from 1
"""

import os
from pathlib import Path

_HEAD_BYTES = 32
_FRAME_HEAD_BYTES = 24
_MAGIC = {0x377F0682, 0x377F0683}
_MOST_PAGES = 16384
"""A log of more is not walked through: to read the file is as fast."""


def pages_in(log: Path) -> set[int] | None:
    """
    Where the pages in `log` begin, as bytes of the database, be they committed or not.

    Nothing if the log cannot tell of every page since it was made: if there is none, if it was
    begun anew, for then the first frames are overwritten, or if it is long. Raises `OSError`.
    """
    try:
        descriptor = os.open(log, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return _pages(descriptor)
    finally:
        os.close(descriptor)


# --------------------------------------------------------------------------------------------


def _pages(log: int) -> set[int] | None:
    head = os.pread(log, _HEAD_BYTES, 0)
    magic, page, begun = (int.from_bytes(head[at : at + 4], "big") for at in (0, 8, 12))
    if len(head) < _HEAD_BYTES or magic not in _MAGIC or begun:
        return None
    size = os.fstat(log).st_size
    frames = range(_HEAD_BYTES, size - _FRAME_HEAD_BYTES + 1, _FRAME_HEAD_BYTES + page)
    if len(frames) > _MOST_PAGES:
        return None
    numbers = (int.from_bytes(os.pread(log, 4, at), "big") for at in frames)
    return {(number - 1) * page for number in numbers if number}
