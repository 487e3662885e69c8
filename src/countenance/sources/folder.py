"""
The reader of folders: pictures where they lie, without a copy.

No path leads out of the root. Files are opened name by name, each in the folder that is already
open, and no symbolic link is followed, so one that is put in place of a folder between listing
and reading leads nowhere. A link to a file inside the root is passed over as well: the file itself
is listed. The root may be a link, because it is what was granted.

A name that is not UTF-8 is no text. In a locator each of its wrong bytes stands as `%` and two
upper-case hexadecimal digits, and a `%` that two such digits happen to follow as `%25`. So every
name has one locator, and every locator leads back to one name.
"""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from countenance.errors import Reason, Unavailable, Unreadable
from countenance.sources.source import FILM_ENDINGS, Entry, OpenFile, Unlisted

# Endings that photographs come with. A folder of photos also holds side files.
PICTURE_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "gif", "bmp", "tif", "tiff"),
        *("heic", "heif", "hif", "avif", "jp2", "j2k", "j2c", "jpc", "jpf", "jpx"),
        # Pictures that are not read, so that they are in the report with that reason.
        *("psd", "psb", "ico", "icns", "jxl", "tga", "eps", "ppm", "pgm", "pbm", "pnm"),
        *("dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "pef", "srw", "x3f"),
    )
)
"""What a picture's name ends with. Whether a file is one is decided by its bytes."""

# What file managers and network drives leave among photos.
LEAVINGS = frozenset({"@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information"})
"""Names that are passed over, with what lies in them."""

# More than people nest them; a walk holds every folder open on the way down.
_MAX_DEPTH = 100

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Not to be held up by a named pipe that nobody writes to.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_AMBIGUOUS = re.compile("%(?=[0-9A-Fa-f]{2})")
_WRONG_BYTE = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile("%(25|[89A-F][0-9A-F])")

# Python keeps the wrong byte 0x80 of a name as the character U+DC80 (PEP 383), and so on.
_SURROGATES = 0xDC00
_FIRST_WRONG_BYTE = 0x80

# What is wrong with one file. All else is wrong with the machine or the drive.
_REASONS = {
    errno.ENOENT: (Reason.VANISHED, "the file is gone"),
    errno.ENAMETOOLONG: (Reason.VANISHED, "no file has a name this long"),
    errno.ELOOP: (Reason.OUTSIDE, "it is a link, and links are not followed"),
    errno.ENOTDIR: (Reason.OUTSIDE, "a link or a file stands in its path for a folder"),
    errno.EACCES: (Reason.NO_PERMISSION, "this user may not read it"),
    errno.EPERM: (Reason.NO_PERMISSION, "this user may not read it"),
    errno.ENXIO: (Reason.NOT_A_PICTURE, "not an ordinary file"),
    errno.EIO: (Reason.DAMAGED, "the disk cannot read it"),
}


_Identity = tuple[int, int]
"""The device and the number of a folder: the same by whatever path."""


@dataclass(frozen=True, slots=True)
class _Ears:
    """Who is told, during a walk, of what is not yielded."""

    unlisted: Callable[[Unlisted], object]
    passed_over: Callable[[str], object]


class FolderReader:
    """
    Reads the pictures below `root`.

    `covers` says of a locator whether a grant covers it now; it is asked at each listing and
    again at each reading. Files that end otherwise than `endings` (lower case, with the dot) are
    left out, and so is what is hidden: names that begin with a dot. Nothing is listed or read in
    the folders `apart`, by whatever path one comes to them.
    """

    def __init__(
        self,
        root: Path,
        *,
        covers: Callable[[str], bool],
        endings: frozenset[str] = PICTURE_ENDINGS | FILM_ENDINGS,
        apart: Sequence[Path] = (),
    ) -> None:
        self._root = root
        self._covers = covers
        self._endings = endings
        self._apart = apart

    def list(
        self, unlisted: Callable[[Unlisted], object], passed_over: Callable[[str], object]
    ) -> Iterator[Entry]:
        """
        The pictures below the root, each folder in the order of its names.

        A stamp is `mtime_ns:size`. Raises `Unavailable` if the root cannot be listed.
        """
        with self._opened_root() as root:
            try:
                items = _items(root)
            except OSError as exc:
                raise self._unavailable(exc) from exc
            ears = _Ears(unlisted, passed_over)
            yield from self._walk(root, items, "", ears, _identities(self._apart))

    def read(self, locator: str, *, max_bytes: int) -> bytes:
        """
        The bytes of one file, if it is covered, ordinary, and not longer than `max_bytes`.

        Raises `Unreadable` with the reason, and `Unavailable` if the root cannot be opened.
        """
        self._require(locator)
        names = _names(locator)
        with self._in_words(locator), self._opened_file(names, max_bytes) as file:
            # One more than is allowed: a file may grow while it is read.
            return _judged(file.read(max_bytes + 1), max_bytes)

    @contextmanager
    def open(self, locator: str, *, max_bytes: int) -> Iterator[OpenFile]:
        """The file, opened under the same conditions. Raises as `read` does."""
        self._require(locator)
        names = _names(locator)
        with ExitStack() as stack:
            with self._in_words(locator):
                file = stack.enter_context(self._opened_file(names, max_bytes))
            yield OpenFile(file, partial(self._require, locator))

    def url(self, locator: str) -> str:
        """
        The `file:` address of a file.

        Raises `Unreadable` if `locator` leads out of the root.
        """
        return self._root.absolute().joinpath(*_names(locator)).as_uri()

    # ----------------------------------------------------------------------------------------------

    def _require(self, locator: str) -> None:
        if not self._covers(locator):
            raise Unreadable(Reason.NO_GRANT, f"{locator}: no grant in force covers it")

    @contextmanager
    def _in_words(self, locator: str) -> Iterator[None]:
        """What is wrong with one file, as `Unreadable`."""
        try:
            yield
        except Unreadable as exc:
            raise Unreadable(exc.reason, f"{locator}: {exc.message}") from exc
        except OSError as exc:
            if exc.errno not in _REASONS:
                raise self._unavailable(exc) from exc
            reason, sentence = _REASONS[exc.errno]
            raise Unreadable(reason, f"{locator}: {sentence}") from exc

    @contextmanager
    def _opened_file(self, names: "Sequence[str]", max_bytes: int) -> Iterator[BinaryIO]:
        *folders, name = names
        with (
            self._opened_root() as root,
            _opened_below_all(root, folders, name, _identities(self._apart)) as file,
        ):
            _judge_size(os.fstat(file.fileno()).st_size, max_bytes)
            yield file

    @contextmanager
    def _opened_root(self) -> Iterator[int]:
        try:
            root = os.open(self._root, _FOLDER)
        except OSError as exc:
            raise self._unavailable(exc) from exc
        try:
            yield root
        finally:
            os.close(root)

    def _unavailable(self, exc: OSError) -> Unavailable:
        return Unavailable(
            f"the folder {self._root} cannot be read: {exc.strerror}",
            hint="is its disk or network drive connected?",
        )

    def _walk(
        self,
        folder: int,
        items: "Sequence[os.DirEntry[str]]",
        above: str,
        ears: "_Ears",
        apart: "frozenset[_Identity]",
    ) -> Iterator[Entry]:
        """The pictures among and below the `items` of `folder`, whose locator is `above`."""
        for item in items:
            locator = above + _locator(item.name)
            try:
                if _is_passed_over(item):
                    continue
                if item.is_dir(follow_symlinks=False):
                    with _opened_below(folder, item.name, locator) as below:
                        if _identity(os.fstat(below)) not in apart:
                            items_below = _items(below)
                            yield from self._walk(below, items_below, f"{locator}/", ears, apart)
                elif item.is_file(follow_symlinks=False) and self._covers(locator):
                    if self._is_picture(item.name):
                        yield _entry(item, locator)
                    else:
                        ears.passed_over(locator)
            except FileNotFoundError:
                continue  # it was there when its folder was listed, and has vanished since
            except OSError as exc:
                ears.unlisted(Unlisted(locator, exc.strerror or str(exc)))

    def _is_picture(self, name: str) -> bool:
        ending = os.path.splitext(name)[1]  # noqa: PTH122  # a name, and in a loop
        return ending.lower() in self._endings


# --------------------------------------------------------------------------------------------------


def _items(folder: int) -> "list[os.DirEntry[str]]":
    with os.scandir(folder) as items:
        return sorted(items, key=lambda item: item.name)


def _is_passed_over(item: "os.DirEntry[str]") -> bool:
    return item.name.startswith(".") or item.name in LEAVINGS or item.is_symlink()


def _entry(item: "os.DirEntry[str]", locator: str) -> Entry:
    status = item.stat(follow_symlinks=False)
    return Entry(locator, f"{status.st_mtime_ns}:{status.st_size}")


@contextmanager
def _opened_below(folder: int, name: str, locator: str) -> Iterator[int]:
    """The folder `name` in the open `folder`, opened; not if it is a link by now."""
    if locator.count("/") >= _MAX_DEPTH:
        raise OSError(errno.ENAMETOOLONG, f"folders are nested more than {_MAX_DEPTH} deep")
    below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    try:
        yield below
    finally:
        os.close(below)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino


def _identities(folders: Sequence[Path]) -> "frozenset[_Identity]":
    """Of those that are there."""
    found = set()
    for folder in folders:
        with suppress(OSError):
            found.add(_identity(folder.stat()))
    return frozenset(found)


@contextmanager
def _opened_below_all(
    folder: int, folders: Sequence[str], name: str, apart: "frozenset[_Identity]"
) -> Iterator[BinaryIO]:
    """The file `name`, down through `folders` from the open `folder`, following no link."""
    with ExitStack() as opened:
        for below in folders:
            folder = opened.enter_context(_opened_below(folder, below, ""))
            if _identity(os.fstat(folder)) in apart:
                raise Unreadable(Reason.OUTSIDE, "it is none of the source's")
        descriptor = os.open(name, _FILE, dir_fd=folder)
        opened.callback(os.close, descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable(Reason.NOT_A_PICTURE, "not an ordinary file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file


def _judged(data: bytes, max_bytes: int) -> bytes:
    _judge_size(len(data), max_bytes)
    return data


def _judge_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise Unreadable(
            Reason.TOO_MANY_BYTES, f"the file has more bytes than the {max_bytes:,} allowed"
        )


def _locator(name: str) -> str:
    """A name as it stands in a locator; the module says how."""
    plain = _AMBIGUOUS.sub("%25", name)
    return _WRONG_BYTE.sub(lambda found: f"%{ord(found[0]) - _SURROGATES:02X}", plain)


def _names(locator: str) -> "list[str]":
    """
    The names in a locator, as the system knows them.

    Raises `Unreadable` if one of them is none: whoever made that locator, it was not `list`.
    """
    names = [_ESCAPE.sub(_unescaped, name) for name in locator.split("/")]
    sound = all(name not in {"", ".", ".."} and "\0" not in name for name in names)
    if not sound or _SURROGATE.search(locator):
        raise Unreadable(Reason.OUTSIDE, f"{locator!r} is no path below the root")
    return names


def _unescaped(found: re.Match[str]) -> str:
    byte = int(found[1], 16)
    return chr(byte if byte < _FIRST_WRONG_BYTE else _SURROGATES + byte)
