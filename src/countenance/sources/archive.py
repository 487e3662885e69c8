"""
The reader of archives: pictures in a zip or a tar, each read in memory, none of them unpacked to
the disk.

The names in an archive are labels: nothing is opened by them, so one that leads up or to the root
leads nowhere. Links, devices and folders are passed over. An archive within the archive is not
looked into, and that is said; a member that is encrypted has no result, with that reason. What an
archive says of itself is not believed: what comes out of it is counted, against `Caps`.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from countenance.errors import Reason, Unavailable, Unreadable, UsageError
from countenance.sources.names import ending_of, is_hidden, is_picture, locator_of, numbered
from countenance.sources.packed import Archive, Caps, Damaged, Member, TooMuch
from countenance.sources.source import Entry, Unlisted
from countenance.sources.tarred import Tar
from countenance.sources.zipped import BEGINNINGS as ZIP_BEGINNINGS
from countenance.sources.zipped import Zip

ARCHIVE_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("zip", "tar", "tgz", "tbz", "tbz2", "txz", "tzst", "gz", "bz2", "xz", "zst"),
        *("7z", "rar", "cbz", "cbr", "jar", "iso", "dmg", "cab", "lha", "lzh", "ar", "cpio"),
    )
)
"""What an archive's name ends with, also of forms that are not read."""

_NESTED = "an archive in an archive, which is not looked into"
_BEGINNING = 4


class ArchiveReader:
    """
    Reads the pictures in the archive `path`, a zip or a tar, which may be compressed.

    `covers` says of a locator whether a grant covers it now; it is asked at each listing and again
    at each reading. A locator is the member's name, made a path of proper names; of several members
    of one name, each after the first has its number in it.
    """

    def __init__(
        self, path: Path, *, covers: Callable[[str], bool], caps: Caps | None = None
    ) -> None:
        self._path = path
        self._covers = covers
        self._caps = caps or Caps()
        self._lock = threading.Lock()
        self._shelf: _Shelf | None = None
        self._read_bytes = 0

    def list(
        self, unlisted: Callable[[Unlisted], object], passed_over: Callable[[str], object]
    ) -> Iterator[Entry]:
        """
        The pictures in the archive, in its order.

        Raises `Unavailable` if it is away, damaged, or more than the caps allow: then what was in
        it has not vanished.
        """
        for locator, member in self._opened().members.items():
            if is_hidden(member.name) or not self._covers(locator):
                continue
            if is_picture(member.name):
                yield Entry(locator, member.stamp)
            elif ending_of(member.name) in ARCHIVE_ENDINGS:
                unlisted(Unlisted(locator, _NESTED))
            else:
                passed_over(locator)

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """
        The bytes of one member, if it is covered and allowed.

        Raises `Unreadable` with the reason, and `Unavailable` as `list` does.
        """
        if not self._covers(locator):
            raise Unreadable(Reason.NO_GRANT, f"{locator}: no grant in force covers it")
        shelf = self._opened()
        member = shelf.members.get(locator)
        if member is None:
            raise Unreadable(Reason.VANISHED, f"{locator}: it is in the archive no more")
        if member.refused:
            reason = Reason.ENCRYPTED if member.locked else Reason.DAMAGED
            raise Unreadable(reason, f"{locator}: {member.refused}")
        self._spend(locator, min(member.size, max_bytes))
        try:
            return shelf.archive.read(member, max_bytes=max_bytes)
        except TooMuch as exc:
            raise Unreadable(Reason.TOO_MANY_BYTES, f"{locator}: {exc}") from exc
        except Damaged as exc:
            raise Unreadable(Reason.DAMAGED, f"{locator}: damaged: {exc}") from exc
        except OSError as exc:
            raise self._unavailable(exc) from exc

    def url(self, locator: str) -> str:
        """The `file:` address of the archive, with the member's locator as its fragment."""
        return f"{self._path.absolute().as_uri()}#{quote(locator)}"

    # ----------------------------------------------------------------------------------------------

    def _opened(self) -> "_Shelf":
        """The archive as it is now: opened anew only if it was written again."""
        with self._lock:
            try:
                status = self._path.stat()
                identity = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
                if self._shelf is None or self._shelf.identity != identity:
                    archive = open_archive(self._path, self._caps)
                    self._shelf = _Shelf(identity, archive, _by_locator(archive.members()))
            except OSError as exc:
                raise self._unavailable(exc) from exc
            except Damaged as exc:
                raise Unavailable(
                    f"the archive {self._path} is damaged: {exc}",
                    hint="nothing of it was changed here; put a whole copy in its place",
                ) from exc
            except TooMuch as exc:
                raise Unavailable(f"the archive {self._path} is not read: {exc}") from exc
            return self._shelf

    def _spend(self, locator: str, more: int) -> None:
        with self._lock:
            self._read_bytes += more
            if self._read_bytes > self._caps.total_bytes:
                allowed = self._caps.total_bytes
                raise Unreadable(
                    Reason.TOO_MANY_BYTES,
                    f"{locator}: more than the {allowed:,} bytes allowed of one archive were read",
                )

    def _unavailable(self, exc: OSError) -> Unavailable:
        return Unavailable(
            f"the archive {self._path} cannot be read: {exc.strerror}",
            hint="is its disk or network drive connected?",
        )


def open_archive(path: Path, caps: Caps) -> Archive:
    """
    The archive in the file `path`, by how it begins.

    Raises `Damaged`, `TooMuch`, and `OSError` if it cannot be read.
    """
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    return Zip(path, caps) if beginning in ZIP_BEGINNINGS else Tar(path, caps)


def require_archive(path: Path) -> None:
    """Raises `UsageError` if `path` is no zip and no tar, and `Unavailable` if it is not read."""
    try:
        next(open_archive(path, Caps()).members(), None)
    except Damaged as exc:
        raise UsageError(f"{path}: not a zip or a tar that can be read: {exc}") from exc
    except TooMuch as exc:
        raise UsageError(f"{path}: not read: {exc}") from exc
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be read: {exc.strerror}") from exc


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shelf:
    """An archive that is open, whose file was `identity`: its members by their locators."""

    identity: tuple[int, int, int, int]
    archive: Archive
    members: dict[str, Member]


def _by_locator(members: Iterator[Member]) -> dict[str, Member]:
    found: dict[str, Member] = {}
    seen: Counter[str] = Counter()
    for member in members:
        if not member.name:
            continue
        locator = locator_of(member.name)
        seen[locator] += 1
        found[numbered(locator, seen[locator])] = member
    return found
