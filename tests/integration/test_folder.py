"""The reader of folders: what it lists, what it opens, and that nothing leads out."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import Reason, Unavailable, Unreadable
from countenance.sources import folder
from countenance.sources.changes import compare
from countenance.sources.folder import FolderReader
from countenance.sources.source import Reader, Unlisted

_ENOUGH = 1_000_000
_NAMES = st.binary(min_size=1, max_size=12).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in {b".", b".."}
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of photos, with what else lies in such folders, and a secret beside it."""
    root = tmp_path / "gala"
    for name in ("b.JPG", "a.jpeg", "day 2/c.heic", "day 2/late/d.png", "z.tif"):
        _write(root / name, name)
    for name in ("a.xmp", "song.mp3", ".hidden.jpg", ".thumbs/e.jpg", "@eaDir/f.jpg", "notes"):
        _write(root / name, "not to be listed")
    _write(tmp_path / "secret.jpg", "secret")
    return root


def test_pictures_are_listed_in_order_and_nothing_else(root: Path) -> None:
    """The listing holds what ends like a picture and is not hidden, the same each time."""
    expected = ["a.jpeg", "b.JPG", "day 2/c.heic", "day 2/late/d.png", "z.tif"]
    assert _listed(_reader(root)) == expected == _listed(_reader(root))


def test_other_endings_can_be_asked_for(root: Path) -> None:
    """The endings are the caller's choice."""
    reader = FolderReader(root, covers=lambda _: True, endings=frozenset({".xmp"}))
    assert _listed(reader) == ["a.xmp"]


def test_stamp_is_of_time_and_size(root: Path) -> None:
    """A stamp changes when the file is written again, and a comparison finds it."""
    os.utime(root / "z.tif", ns=(0, 123_456_789))
    reader: Reader = _reader(root)
    known = {entry.locator: entry.stamp for entry in reader.list(_no_problem, _no_matter)}
    assert known["z.tif"] == "123456789:5"
    _write(root / "z.tif", "longer")
    _write(root / "new.gif", "new")
    (root / "a.jpeg").unlink()
    changes = compare(reader.list(_no_problem, _no_matter), known)
    assert [entry.locator for entry in changes.new] == ["new.gif"]
    assert [entry.locator for entry in changes.changed] == ["z.tif"]
    assert changes.vanished == ("a.jpeg",)


@pytest.mark.promise("P1")
def test_only_what_is_covered_is_listed_and_read(root: Path) -> None:
    """Whatever the grant leaves out is not listed; and it is asked again at reading."""
    covered = {"a.jpeg", "z.tif"}
    reader = FolderReader(root, covers=lambda locator: locator in covered)
    assert _listed(reader) == ["a.jpeg", "z.tif"]
    covered.clear()
    assert _refusal(reader, "a.jpeg") is Reason.NO_GRANT


def test_file_is_read_whole(root: Path) -> None:
    """A file of just so many bytes as are allowed is read, and one byte more is too many."""
    assert _reader(root).read("day 2/late/d.png", max_bytes=16) == b"day 2/late/d.png"
    assert _refusal(_reader(root), "day 2/late/d.png", max_bytes=15) is Reason.TOO_MANY_BYTES


@pytest.mark.promise("P1")
def test_links_are_neither_listed_nor_followed(root: Path) -> None:
    """A link to a file or a folder leads nowhere, inside the root or out of it."""
    (root / "in.jpg").symlink_to(root / "a.jpeg")
    (root / "out.jpg").symlink_to(root.parent / "secret.jpg")
    (root / "around").symlink_to(root / "day 2")
    (root / "up").symlink_to(root.parent)
    (root / "loop").symlink_to(root)
    assert len(_listed(_reader(root))) == 5
    for locator in ("in.jpg", "out.jpg", "around/c.heic", "up/secret.jpg", "loop/a.jpeg"):
        assert _refusal(_reader(root), locator) is Reason.OUTSIDE


@pytest.mark.promise("P1")
@pytest.mark.parametrize("locator", ["day 2/c.heic", "day 2/late/d.png"])
def test_link_put_in_place_after_the_listing_is_not_followed(root: Path, locator: str) -> None:
    """A folder that is swapped for a link between listing and reading does not lead out."""
    reader = _reader(root)
    assert locator in _listed(reader)
    (root / "day 2").rename(root.parent / "elsewhere")
    (root / "day 2").symlink_to(root.parent / "elsewhere")
    assert _refusal(reader, locator) is Reason.OUTSIDE


@pytest.mark.promise("P1")
@pytest.mark.parametrize(
    "locator",
    ["../secret.jpg", "day 2/../../secret.jpg", "/etc/passwd", "", ".", "a//b", "a\0b", "\udc80"],
)
def test_locator_cannot_lead_out(root: Path, locator: str) -> None:
    """No locator, whoever made it up, opens anything outside of the root."""
    assert _refusal(_reader(root), locator) is Reason.OUTSIDE
    with pytest.raises(Unreadable):
        _reader(root).url(locator)


def test_root_itself_may_be_a_link(root: Path) -> None:
    """What was granted may be a link; what it points at is then the root."""
    link = root.parent / "link"
    link.symlink_to(root)
    assert _reader(link).read("a.jpeg", max_bytes=_ENOUGH) == b"a.jpeg"
    assert len(_listed(_reader(link))) == 5


def test_missing_root_is_unavailable_and_not_empty(tmp_path: Path) -> None:
    """A drive that is not connected has not lost its pictures."""
    _write(tmp_path / "file", "")
    for place in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(Unavailable):
            _listed(_reader(place))
        with pytest.raises(Unavailable):
            _reader(place).read("a.jpg", max_bytes=_ENOUGH)


def test_gone_and_odd_files_have_reasons(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is gone, a pipe, a socket and a folder named like a picture: none holds us up."""
    os.mkfifo(root / "pipe.jpg")
    (root / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        # By a short name, because the name of a socket may not be long.
        monkeypatch.chdir(root)
        server.bind("socket.jpg")
        assert len(_listed(_reader(root))) == 5
        for locator in ("pipe.jpg", "folder.jpg", "socket.jpg"):
            assert _refusal(_reader(root), locator) is Reason.NOT_A_PICTURE
    assert _refusal(_reader(root), "gone.jpg") is Reason.VANISHED
    assert _refusal(_reader(root), "gone/gone.jpg") is Reason.VANISHED
    assert _refusal(_reader(root), f"{'x' * 300}.jpg") is Reason.VANISHED


def test_folder_that_may_not_be_looked_into_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is listed, and what lies in such a folder has not vanished."""
    known = {entry.locator: entry.stamp for entry in _reader(root).list(_no_problem, _no_matter)}
    _forbid(monkeypatch, "late")
    unlisted: list[Unlisted] = []
    changes = compare(_reader(root).list(unlisted.append, _no_matter), known, unlisted=unlisted)
    assert [part.locator for part in unlisted] == ["day 2/late"]
    assert unlisted[0].message == "Permission denied"
    assert (changes.new, changes.changed, changes.vanished) == ((), (), ())


def test_file_that_may_not_be_read_has_a_reason(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No permission is no permission, and not a vanished file."""
    _forbid(monkeypatch, "z.tif")
    assert _refusal(_reader(root), "z.tif") is Reason.NO_PERMISSION


@pytest.mark.parametrize(
    ("code", "reason"), [(errno.EIO, Reason.DAMAGED), (errno.ESTALE, None), (errno.EMFILE, None)]
)
def test_trouble_with_one_file_is_told_from_trouble_with_the_drive(
    root: Path, monkeypatch: pytest.MonkeyPatch, code: int, reason: Reason | None
) -> None:
    """A bad sector is a line in the report; a drive that went away stops the run."""
    _forbid(monkeypatch, "z.tif", OSError(code, os.strerror(code)))
    if reason is None:
        with pytest.raises(Unavailable, match=os.strerror(code)):
            _reader(root).read("z.tif", max_bytes=_ENOUGH)
    else:
        assert _refusal(_reader(root), "z.tif") is reason


def test_root_that_breaks_while_it_is_listed_is_unavailable(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A root that opens and cannot be read is away, not empty."""

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", broken)
    with pytest.raises(Unavailable, match="Input/output error"):
        _listed(_reader(root))


def test_folder_that_vanishes_while_listing_is_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tidies up during a listing does not break it."""
    _forbid(monkeypatch, "day 2", FileNotFoundError(2, "No such file or directory"))
    assert _listed(_reader(root)) == ["a.jpeg", "b.JPG", "z.tif"]


def test_endless_nesting_ends(root: Path) -> None:
    """A folder in a folder, a hundred deep, is named instead of followed on."""
    below = os.open(root, os.O_RDONLY)
    for _ in range(120):
        os.mkdir("n", dir_fd=below)  # the path is longer than any path may be
        deeper = os.open("n", os.O_RDONLY, dir_fd=below)
        os.close(below)
        below = deeper
    os.close(below)
    unlisted: list[Unlisted] = []
    assert len(list(_reader(root).list(unlisted.append, _no_matter))) == 5
    assert len(unlisted) == 1
    assert unlisted[0].message == "folders are nested more than 100 deep"


def test_url_opens_the_file(root: Path) -> None:
    """The address is that of the file itself, with what an address cannot hold escaped."""
    assert _reader(root).url("day 2/c.heic") == (root / "day 2/c.heic").as_uri()
    assert "day%202" in _reader(root).url("day 2/c.heic")


@given(st.lists(_NAMES, min_size=1, max_size=3))
def test_every_name_has_one_locator_and_back(names: list[bytes]) -> None:
    """Any name that a file system holds becomes text for a database, and the same name again."""
    locator = "/".join(folder._locator(os.fsdecode(name)) for name in names)
    locator.encode("utf-8")
    assert [os.fsencode(name) for name in folder._names(locator)] == names


@given(_NAMES, _NAMES)
def test_no_two_names_share_a_locator(a: bytes, b: bytes) -> None:
    """Two names are one locator only if they are one name."""
    same = folder._locator(os.fsdecode(a)) == folder._locator(os.fsdecode(b))
    assert same == (a == b)


@pytest.mark.parametrize(
    ("name", "locator"),
    [
        (b"caf\xe9.jpg", "caf%E9.jpg"),
        ("café.jpg".encode(), "café.jpg"),
        (b"100%.jpg", "100%.jpg"),
        (b"a%20b.jpg", "a%2520b.jpg"),
    ],
)
def test_name_that_is_no_text_is_listed_and_read(root: Path, name: bytes, locator: str) -> None:
    """A name in an old encoding is a name, and its picture is found under it."""
    Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(b"here")
    reader = _reader(root)
    assert locator in _listed(reader)
    assert reader.read(locator, max_bytes=_ENOUGH) == b"here"
    assert reader.url(locator).isascii()


# --------------------------------------------------------------------------------------------------


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _reader(root: Path) -> FolderReader:
    return FolderReader(root, covers=lambda _: True)


def _no_matter(locator: str) -> None:
    """What is no picture by its name does not matter here."""


def _no_problem(part: Unlisted) -> None:
    pytest.fail(f"not listed: {part}")


def _listed(reader: FolderReader) -> list[str]:
    return [entry.locator for entry in reader.list(_no_problem, _no_matter)]


def _refusal(reader: FolderReader, locator: str, *, max_bytes: int = _ENOUGH) -> Reason:
    with pytest.raises(Unreadable) as refused:
        reader.read(locator, max_bytes=max_bytes)
    return refused.value.reason


def _forbid(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    error: OSError = PermissionError(13, "Permission denied"),  # noqa: B008  # it is not changed
) -> None:
    """Let opening `name` fail, because a test may run as root, to whom nothing is forbidden."""
    open_anything: Callable[..., int] = os.open

    def open_but_one(path: str, flags: int, **options: int) -> int:
        if path == name:
            raise error
        return open_anything(path, flags, **options)

    monkeypatch.setattr(os, "open", open_but_one)


def test_what_is_no_picture_by_its_name_is_said(tmp_path: Path) -> None:
    """Every covered file is listed or passed over; raw pictures and films are listed."""
    for name in ("a.jpg", "b.xmp", "c.NEF", "d.mp4", ".hidden.txt"):
        (tmp_path / name).write_bytes(b"x")
    passed_over: list[str] = []
    listed = [entry.locator for entry in _reader(tmp_path).list(_no_problem, passed_over.append)]
    assert (listed, passed_over) == (["a.jpg", "c.NEF", "d.mp4"], ["b.xmp"])
