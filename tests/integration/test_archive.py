"""The reader of archives: what it lists and reads, and that no archive can hurt it."""

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countenance.errors import Error, Reason, Unavailable, Unreadable
from countenance.sources.archive import ArchiveReader
from countenance.sources.packed import Caps
from countenance.sources.source import Reader, Unlisted
from countenance.sources.tarred import Tar

_ENOUGH = 1_000_000
_PICTURES = {"b.JPG": b"first", "day 2/c.heic": b"second", "day 2/late/d.png": b"third"}
_OTHERS = {"notes.txt": b"text", "song.mp3": b"film"}
_UNSEEN = {".hidden.jpg": b"x", "__MACOSX/._b.JPG": b"x", "@eaDir/f.jpg": b"x"}
_FORMS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")

_PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}


@pytest.fixture(params=_FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_pictures_are_listed_in_order_and_nothing_else(tmp_path: Path, form: str) -> None:
    """The listing holds the pictures, in the archive's order; what is passed over is said."""
    reader: Reader = _reader(_packed(tmp_path, form, _OTHERS | _PICTURES | _UNSEEN))
    passed: list[str] = []
    listed = [entry.locator for entry in reader.list(_no_problem, passed.append)]
    assert listed == list(_PICTURES)
    assert passed == list(_OTHERS)
    assert listed == _listed(reader)


def test_members_are_read_whole_in_any_order(tmp_path: Path, form: str) -> None:
    """Each member's bytes are its own, forwards, backwards and twice."""
    reader = _reader(_packed(tmp_path, form, _PICTURES))
    for name in (*_PICTURES, *reversed(_PICTURES), *_PICTURES):
        assert reader.read(name, max_bytes=_ENOUGH) == _PICTURES[name]


def test_several_threads_read_at_once(tmp_path: Path, form: str) -> None:
    """Workers get the right bytes, whatever the order in which they ask."""
    members = {f"{n:03}.jpg": os.urandom(5_000) for n in range(200)}
    reader = _reader(_packed(tmp_path, form, members))
    names = list(members)
    random.Random(7).shuffle(names)  # noqa: S311  # an order, not a secret
    with ThreadPoolExecutor(4) as workers:
        got = list(workers.map(lambda name: reader.read(name, max_bytes=_ENOUGH), names))
    assert got == [members[name] for name in names]


@pytest.mark.promise("P1")
def test_what_is_not_covered_is_neither_listed_nor_read(tmp_path: Path, form: str) -> None:
    """The grant is asked at the listing and at each reading."""
    allowed = {"b.JPG"}
    path = _packed(tmp_path, form, _PICTURES | {"inner.zip": b"PK"})
    reader = ArchiveReader(path, covers=allowed.__contains__)
    assert _listed(reader) == ["b.JPG"]
    assert reader.read("b.JPG", max_bytes=_ENOUGH) == b"first"
    allowed.clear()
    assert _listed(reader) == []
    assert _refusal(reader, "b.JPG") is Reason.NO_GRANT
    assert _refusal(reader, "day 2/c.heic") is Reason.NO_GRANT


@pytest.mark.promise("P2")
def test_nothing_is_written(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No member is unpacked to the disk, not even for a moment and under a name of its own."""
    members = _PICTURES | {"../up.jpg": b"up", "/tmp/root.jpg": b"root"}  # noqa: S108  # a name
    path = _packed(tmp_path / "in", form, members)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    before = sorted(tmp_path.rglob("*"))
    reader = _reader(path)
    for locator in _listed(reader):
        reader.read(locator, max_bytes=_ENOUGH)
    assert sorted(tmp_path.rglob("*")) == before


def test_names_are_labels(tmp_path: Path, form: str) -> None:
    """A name that leads up, to the root or nowhere is a label; its bytes are the member's."""
    odd = ["../up.jpg", "/etc/root.jpg", "a//b.jpg", "./dot.jpg", "C:\\w.jpg", "ö/\u202e.jpg"]
    members = {name: name.encode() for name in odd}
    reader = _reader(_packed(tmp_path, form, members))
    locators = _listed(reader)
    assert [reader.read(one, max_bytes=_ENOUGH) for one in locators] == list(members.values())
    assert locators[:3] == ["%2E%2E/up.jpg", "%2Fetc/root.jpg", "a/%2Fb.jpg"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_several_members_of_one_name_have_a_locator_each(tmp_path: Path, form: str) -> None:
    """Every one of them is listed and read, and none is taken for another."""
    path = tmp_path / f"a.{form}"
    _pack(path, form, [("a.jpg", b"one"), ("a.jpg", b"two"), ("a%232.jpg", b"other")])
    reader = _reader(path)
    assert _listed(reader) == ["a.jpg", "a%232.jpg", "a%25232.jpg"]
    assert [reader.read(one, max_bytes=_ENOUGH) for one in _listed(reader)] == [
        b"one",
        b"two",
        b"other",
    ]


def test_an_archive_in_an_archive_is_said(tmp_path: Path, form: str) -> None:
    """It is not looked into, and stands in the report as a part that was not listed."""
    reader = _reader(_packed(tmp_path, form, {"a.jpg": b"a", "more/inner.tar.gz": b"x"}))
    unlisted: list[Unlisted] = []
    assert [one.locator for one in reader.list(unlisted.append, _no_matter)] == ["a.jpg"]
    assert [one.locator for one in unlisted] == ["more/inner.tar.gz"]


def test_links_and_devices_are_passed_over(tmp_path: Path) -> None:
    """What is no ordinary file has no bytes of its own: it is no member."""
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"{kind!r}.jpg")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert _listed(_reader(path)) == []
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archived:
        link = zipfile.ZipInfo("link.jpg")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archived.writestr(link, "/etc/passwd")
    assert _listed(_reader(path)) == []


def test_encrypted_members_have_a_reason(tmp_path: Path) -> None:
    """A member that is encrypted is listed, and refused when it is read."""
    path = _packed(tmp_path, "zip", _PICTURES)
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # the first member's flag, in its header and in the directory
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    reader = _reader(path)
    assert _listed(reader) == list(_PICTURES)
    assert _refusal(reader, "b.JPG") is Reason.ENCRYPTED
    assert reader.read("day 2/c.heic", max_bytes=_ENOUGH) == b"second"


def test_a_bomb_is_stopped_by_its_ratio(tmp_path: Path) -> None:
    """A member that unpacks to far more than it packs is not unpacked to its end."""
    path = _packed(tmp_path, "zip", {"bomb.jpg": bytes(50_000_000), "white.bmp": bytes(900_000)})
    reader = _reader(path)
    assert _refusal(reader, "bomb.jpg", max_bytes=100_000_000) is Reason.TOO_MANY_BYTES
    # A small white picture is no bomb.
    assert len(reader.read("white.bmp", max_bytes=_ENOUGH)) == 900_000


@pytest.mark.parametrize("form", ["tar.gz", "tar.bz2", "tar.xz"])
def test_a_tar_that_is_a_bomb_is_not_listed(tmp_path: Path, form: str) -> None:
    """What unpacks to far more than it packs is stopped while it is counted."""
    path = _packed(tmp_path, form, {"bomb.jpg": bytes(80_000_000), "last.jpg": b"last"})
    with pytest.raises(Unavailable, match="unpacks to more bytes than"):
        _listed(_reader(path))


def test_too_many_members_are_not_listed(tmp_path: Path, form: str) -> None:
    """The members are counted before they are kept."""
    path = _packed(tmp_path, form, {f"{n}.jpg": b"x" for n in range(30)})
    with pytest.raises(Unavailable, match="more members than the 29 allowed"):
        _listed(ArchiveReader(path, covers=_everything, caps=Caps(members=29)))
    assert len(_listed(ArchiveReader(path, covers=_everything, caps=Caps(members=30)))) == 30


def test_a_member_of_too_many_bytes_is_refused(tmp_path: Path, form: str) -> None:
    """A member is held to the limit of a picture, and to that exactly."""
    reader = _reader(_packed(tmp_path, form, {"a.jpg": os.urandom(1000)}))
    assert _refusal(reader, "a.jpg", max_bytes=999) is Reason.TOO_MANY_BYTES
    assert len(reader.read("a.jpg", max_bytes=1000)) == 1000


def test_only_so_much_is_read_of_one_archive(tmp_path: Path, form: str) -> None:
    """All that is read of an archive in one run has a limit as well."""
    path = _packed(tmp_path, form, {"a.jpg": bytes(900), "b.jpg": bytes(900)})
    reader = ArchiveReader(path, covers=_everything, caps=Caps(total_bytes=40_000))
    for _ in range(44):
        reader.read("a.jpg", max_bytes=_ENOUGH)
    assert _refusal(reader, "b.jpg") is Reason.TOO_MANY_BYTES


@pytest.mark.parametrize("said", [3, 7])
def test_a_forged_size_is_found(tmp_path: Path, said: int) -> None:
    """A member that has more or fewer bytes than it says is damaged."""
    path = tmp_path / "a.zip"
    _pack(path, "zip", [("a.jpg", b"bytes"), ("b.jpg", b"b")])
    raw = bytearray(path.read_bytes())
    directory = raw.index(b"PK\x01\x02")
    struct.pack_into("<I", raw, directory + 24, said)
    path.write_bytes(raw)
    assert _refusal(_reader(path), "a.jpg") is Reason.DAMAGED


def test_members_over_one_another_are_refused(tmp_path: Path) -> None:
    """Many names for the same bytes are a way to hide a bomb: none of them is read."""
    path = tmp_path / "a.zip"
    _pack(path, "zip", [("a.jpg", b"one"), ("b.jpg", b"two"), ("c.jpg", b"three")])
    raw = bytearray(path.read_bytes())
    first = raw.index(b"PK\x01\x02")
    second = raw.index(b"PK\x01\x02", first + 4)
    struct.pack_into("<I", raw, second + 42, 0)
    path.write_bytes(raw)
    reader = _reader(path)
    assert _refusal(reader, "b.jpg") is Reason.DAMAGED
    assert reader.read("c.jpg", max_bytes=_ENOUGH) == b"three"


def test_a_directory_that_says_it_is_larger_than_the_file(tmp_path: Path) -> None:
    """Nobody allocates what a zip only says."""
    path = _packed(tmp_path, "zip", _PICTURES)
    raw = bytearray(path.read_bytes())
    struct.pack_into("<I", raw, raw.rindex(b"PK\x05\x06") + 12, 0xFFFFFFF0)
    path.write_bytes(raw)
    with pytest.raises(Unavailable, match="damaged"):
        _listed(_reader(path))


def test_a_large_zip_has_a_directory_of_the_large_form(tmp_path: Path) -> None:
    """More than 65,535 members are read, and counted, in the form that allows them."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(65_600):
            archive.writestr(zipfile.ZipInfo(f"{number}.jpg"), b"")
    assert len(_listed(_reader(path))) == 65_600
    with pytest.raises(Unavailable, match="more members"):
        _listed(ArchiveReader(path, covers=_everything, caps=Caps(members=65_599)))


def test_an_archive_that_ends_early_is_unavailable(tmp_path: Path, form: str) -> None:
    """Half an archive says nothing of what has vanished: it is no listing at all."""
    path = _packed(tmp_path, form, {f"{n}.jpg": os.urandom(3000) for n in range(20)})
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(Unavailable, match="is damaged"):
        _listed(_reader(path))


def test_a_tar_with_a_broken_header_in_the_middle_is_unavailable(tmp_path: Path) -> None:
    """A header that is none is not the end of the archive."""
    path = _packed(tmp_path, "tar", {"a.jpg": b"a", "b.jpg": b"b", "c.jpg": b"c"})
    raw = bytearray(path.read_bytes())
    raw[1024 + 10] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(Unavailable, match="is damaged"):
        _listed(_reader(path))


def test_a_tar_whose_header_is_huge_is_stopped(tmp_path: Path) -> None:
    """What stands before a member is read into memory, and so has a limit."""
    info = tarfile.TarInfo("a.jpg")
    info.pax_headers = {"comment": "x" * 2_000_000}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    with pytest.raises(Unavailable, match="a header of more than"):
        _listed(_reader(tmp_path / "a.tar"))


@pytest.mark.parametrize("size", [-512, -(2**60)])
def test_a_tar_that_leads_backwards_ends(tmp_path: Path, size: int) -> None:
    """A member of less than no bytes does not lead round in a circle."""
    info = tarfile.TarInfo("a.jpg")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" + (256**11 + size).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a.tar").write_bytes(bytes(header) * 3 + bytes(1024))
    with pytest.raises(Unavailable, match=r"damaged|not read"):
        _listed(_reader(tmp_path / "a.tar"))


def test_what_is_no_archive_is_unavailable(tmp_path: Path) -> None:
    """Not an archive, an empty file, a folder, nothing at all: a sentence each."""
    (tmp_path / "text").write_text("not an archive" * 100)
    (tmp_path / "empty").touch()
    for name in ("text", "empty", "nothing", "."):
        with pytest.raises(Unavailable):
            _listed(_reader(tmp_path / name))


def test_bits_that_fell_over_are_found(tmp_path: Path) -> None:
    """A zip has a sum for each member: the wrong one of them is damaged, and only that."""
    path = _packed(tmp_path, "zip", {"a.jpg": os.urandom(500), "b.jpg": b"b"})
    raw = bytearray(path.read_bytes())
    raw[200] ^= 1
    path.write_bytes(raw)
    reader = _reader(path)
    assert _refusal(reader, "a.jpg") is Reason.DAMAGED
    assert reader.read("b.jpg", max_bytes=_ENOUGH) == b"b"


def test_an_archive_that_was_written_again_is_opened_again(tmp_path: Path, form: str) -> None:
    """What is read is of the archive as it is now, and stamps tell that it changed."""
    path = _packed(tmp_path, form, {"a.jpg": b"old", "b.jpg": b"same"})
    reader = _reader(path)
    before = {one.locator: one.stamp for one in reader.list(_no_problem, _no_matter)}
    os.utime(path, ns=(0, 1))
    path = _packed(tmp_path, form, {"a.jpg": b"newer", "c.jpg": b"c"})
    assert reader.read("a.jpg", max_bytes=_ENOUGH) == b"newer"
    assert _refusal(reader, "b.jpg") is Reason.VANISHED
    after = {one.locator: one.stamp for one in reader.list(_no_problem, _no_matter)}
    assert before["a.jpg"] != after["a.jpg"]
    path.unlink()
    with pytest.raises(Unavailable, match="cannot be read"):
        reader.read("a.jpg", max_bytes=_ENOUGH)


def test_a_zip_that_was_only_copied_has_the_same_stamps(tmp_path: Path) -> None:
    """The stamp of a member of a zip is of its bytes: packing them again changes nothing."""
    first = _listed_stamps(_reader(_packed(tmp_path / "1", "zip", _PICTURES)))
    assert first == _listed_stamps(_reader(_packed(tmp_path / "2", "zip", _PICTURES)))


def test_a_compressed_tar_is_unpacked_once_for_all_its_members(tmp_path: Path) -> None:
    """Asked for about in order, as workers do, the archive is gone through once."""
    path = _packed(tmp_path, "tar.gz", {f"{n:04}.jpg": os.urandom(300) for n in range(1000)})
    tar = Tar(path, Caps())
    members = list(tar.members())
    order = [index ^ 3 for index in range(1000)]  # three ahead, and back again
    for index in order:
        assert len(tar.read(members[index], max_bytes=_ENOUGH)) == 300
    assert tar.beginnings == 1


@given(st.data())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_bytes_make_it_raise_anything_else(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever is written into an archive, what comes of it is bytes or one of our errors."""
    form = data.draw(st.sampled_from(_FORMS))
    raw = bytearray(_packed(tmp_path, form, _PICTURES).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "hurt"
    path.write_bytes(raw)
    reader = _reader(path)
    try:
        listed = [one.locator for one in reader.list(_no_matter, _no_matter)]
    except Unavailable:
        return
    for locator in listed:
        try:
            reader.read(locator, max_bytes=_ENOUGH)
        except Error as exc:
            assert isinstance(exc, Unreadable | Unavailable)  # noqa: PT017  # either may come


def test_address_names_the_member(tmp_path: Path) -> None:
    """The address is the archive's, and the member's name stands behind it."""
    reader = _reader(tmp_path / "gala 2.zip")
    assert reader.url("day 2/ö.jpg") == f"file://{tmp_path}/gala%202.zip#day%202/%C3%B6.jpg"


# --------------------------------------------------------------------------------------------------


def _packed(folder: Path, form: str, members: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"gala.{form}"
    _pack(path, form, list(members.items()))
    return path


def _pack(path: Path, form: str, members: list[tuple[str, bytes]]) -> None:
    if form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    path.write_bytes(_PACK[form](plain.getvalue()))


def _reader(path: Path) -> ArchiveReader:
    return ArchiveReader(path, covers=_everything)


def _everything(_locator: str) -> bool:
    return True


def _listed(reader: Reader) -> list[str]:
    return list(_listed_stamps(reader))


def _listed_stamps(reader: Reader) -> dict[str, str]:
    return {entry.locator: entry.stamp for entry in reader.list(_no_problem, _no_matter)}


def _refusal(reader: Reader, locator: str, *, max_bytes: int = _ENOUGH) -> Reason:
    with pytest.raises(Unreadable, match=r"\S") as caught:
        reader.read(locator, max_bytes=max_bytes)
    return caught.value.reason


def _no_problem(part: Unlisted) -> None:
    raise AssertionError(part)


def _no_matter(_: object) -> None:
    """For calls that do not matter."""
