"""Archives, buckets, IIIF and uploads as sources of a library, from grant to takedown."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import func, select

from countenance.catalog import copies, uploads
from countenance.catalog.erasures import Stage
from countenance.catalog.tables import copy, upload
from countenance.core.canonical import digest
from countenance.errors import ErasureIncomplete, Locked, Reason, Unavailable, UsageError
from countenance.library import Given, Library, SourceAdded
from countenance.library.uploads import UploadDone
from countenance.sources.bucket.place import BucketPlace
from countenance.vault.blobs import BlobStore
from countenance.vault.layout import lock
from countenance.vault.ledger import CopyKind
from tests.fakes.gala import A_DAY, GROUND, Gala, holding
from tests.fakes.iiif_server import iiif_server
from tests.fakes.s3_server import KEY, SECRET, s3_server
from tests.fakes.vision import picture

ADA, BO = 1, 2


@dataclass(slots=True)
class Store:
    """
    A library with a source of some kind in it, of two pictures: Ada's and Bo's.

    `take_away` removes Bo's from the source, `leave` makes the source unreachable. `links` is what
    the address of a result looks like.
    """

    gala: Gala
    add: Callable[[], SourceAdded]
    take_away: Callable[[], None]
    leave: Callable[[], None]
    links: str


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        made.enrol("Ada", ADA)
        yield made


def given(gala: Gala, *, by: str = "Ada", scope: tuple[str, ...] = ("**",)) -> Given:
    return Given(by, gala.clock.now() + 30 * A_DAY, scope)


@pytest.fixture
def archive(gala: Gala, tmp_path: Path) -> Store:
    path = tmp_path / "old.zip"

    def pack(*identities: int) -> None:
        with zipfile.ZipFile(path, "w") as packed:
            for one in identities:
                packed.writestr(zipfile.ZipInfo(f"day 1/{one}.png"), picture(one))

    pack(ADA, BO)
    return Store(
        gala,
        lambda: gala.library.add_archive(path, given(gala), ground=GROUND),
        lambda: pack(ADA),
        path.unlink,
        r"file:///.*/old\.zip#day%201/1\.png",
    )


@pytest.fixture
def bucket(gala: Gala, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with s3_server() as server:
        server.make("club")
        server.put("club", {f"2026/{one}.png": picture(one) for one in (ADA, BO)})

        def leave() -> None:
            for one in (ADA, BO):
                server.delete("club", f"2026/{one}.png")
            server._ask("DELETE", "/club")

        yield Store(
            gala,
            lambda: gala.library.add_bucket(
                BucketPlace("s3://club/2026", endpoint=server.url), given(gala), ground=GROUND
            ),
            lambda: server.delete("club", f"2026/{BO}.png"),
            leave,
            r"http://127\.0\.0\.1:\d+/club/2026/1\.png",
        )


@pytest.fixture
def iiif(gala: Gala) -> Iterator[Store]:
    with iiif_server() as server:

        def publish(*identities: int) -> None:
            server.manifest_3(
                "/gala/manifest.json",
                {
                    str(one): {"service": [server.service_3(f"/img/{one}", picture(one))]}
                    for one in identities
                },
                homepage=[{"id": f"{server.url}/gala.html"}],
            )

        publish(ADA, BO)
        yield Store(
            gala,
            lambda: gala.library.add_iiif(
                f"{server.url}/gala/manifest.json",
                given(gala),
                private_network=True,
                collection="iiif",
                ground=GROUND,
            ),
            lambda: publish(ADA),
            lambda: server.answers.update({"/gala/manifest.json": 503}),
            r"http://127\.0\.0\.1:\d+/gala\.html",
        )


@pytest.fixture(params=["archive", "bucket", "iiif"])
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = request.getfixturevalue(request.param)
    return made


def test_pictures_are_found_with_a_link_to_where_they_are(store: Store) -> None:
    """Ingested like those of a folder; a result says where it stands, also after a restart."""
    added = store.add()
    report = store.gala.ingest()
    assert (report.done, report.skipped, report.unlisted) == (2, [], [])
    (seen,) = store.gala.find("Ada").sightings
    assert seen.source == added.source.id
    store.gala.reopen()
    assert re.fullmatch(store.links, store.gala.library.url(seen))
    assert store.gala.ingest().done == 0


def test_what_is_taken_away_at_the_source_has_vanished(store: Store) -> None:
    """The next ingest says so; what is there stays."""
    store.add()
    store.gala.ingest()
    store.take_away()
    assert store.gala.ingest().listed.vanished == 1
    assert len(store.gala.find("Ada").sightings) == 1


def test_a_source_that_is_away_has_lost_nothing(store: Store) -> None:
    """It cannot be listed, and nothing of it is gone."""
    added = store.add()
    store.gala.ingest()
    store.leave()
    with pytest.raises(Unavailable):
        store.gala.library.ingest([added.source.id])
    assert len(store.gala.find("Ada").sightings) == 1


@pytest.mark.promise("P1")
def test_nothing_is_read_after_a_grant_has_ended(store: Store) -> None:
    """What the grant covered is refused as soon as it is over."""
    added = store.add()
    store.gala.clock.advance(31 * A_DAY)
    assert store.gala.ingest().done == 0
    reader = store.gala.library._reader(added.source)
    assert list(reader.list(print, print)) == []


@pytest.mark.promise("P4")
def test_what_was_taken_down_is_refused_when_it_comes_again(store: Store) -> None:
    """A new grant of the same place brings back nothing, unless it says so."""
    added = store.add()
    store.gala.ingest()
    done = store.gala.library.take_down(added.source.id)
    assert store.gala.find("Ada").sightings == ()
    assert store.gala.library.erasure(done.erasure).stage is Stage.CLOSED
    again = store.add()
    assert again.source.id == added.source.id
    report = store.gala.ingest()
    assert [one.reason for one in report.skipped] == [Reason.ERASED] * 2


def test_an_archive_in_a_folder_that_is_a_source_is_refused(gala: Gala) -> None:
    """Its pictures would be of two sources; and the folder does not look into it."""
    path = gala.folder / "inside.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.png", picture(ADA))
    with pytest.raises(UsageError, match="lies inside the source"):
        gala.library.add_archive(path, given(gala))
    report = gala.ingest()
    assert (report.done, report.passed_over) == (0, ["inside.zip"])


def test_a_folder_around_an_archive_that_is_a_source_is_refused(gala: Gala, tmp_path: Path) -> None:
    """In the other order it is the same."""
    (tmp_path / "more").mkdir()
    path = tmp_path / "more" / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.png", picture(ADA))
    gala.library.add_archive(path, given(gala))
    with pytest.raises(UsageError, match="lies around the source"):
        gala.library.add_folder(tmp_path / "more", given(gala))


def test_what_is_no_archive_is_refused_at_once(gala: Gala, tmp_path: Path) -> None:
    """A sentence now is better than a source that never gives anything."""
    (tmp_path / "text.zip").write_text("no archive at all")
    for path in (tmp_path / "text.zip", tmp_path / "none.zip", tmp_path):
        with pytest.raises(UsageError):
            gala.library.add_archive(path, given(gala))


def test_a_prefix_of_a_bucket_that_is_a_source_is_refused(gala: Gala) -> None:
    """Its pictures would be of two sources."""
    gala.library.add_bucket(BucketPlace("s3://club/2026"), given(gala))
    for address in ("s3://club", "s3://club/2026/day"):
        with pytest.raises(UsageError, match="lies in or around the source"):
            gala.library.add_bucket(BucketPlace(address), given(gala))
    gala.library.add_bucket(BucketPlace("s3://club/other"), given(gala))


def test_no_credential_is_in_the_library(bucket: Store) -> None:
    """Neither the catalog nor any other file has what opened the bucket."""
    bucket.add()
    bucket.gala.ingest()
    bucket.gala.library.close()
    assert holding(bucket.gala.root, [SECRET.encode()]) == []


# --- uploads ----------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Pictures of Ada and of Bo, which are deleted by whoever uploaded them."""
    folder = tmp_path / "mine"
    folder.mkdir()
    made = []
    for one in (ADA, BO):
        path = folder / f"{one}.png"
        path.write_bytes(picture(one))
        made.append(path)
    return made


def _upload(gala: Gala, files: list[Path], *, by: str = "Ada", erased: bool = False) -> UploadDone:
    grant = Given(by, gala.clock.now() + 30 * A_DAY, erased_too=erased)
    return gala.library.upload(files, grant, collection="uploaded", ground=GROUND)


@pytest.mark.promise("P2")
def test_uploads_are_kept_and_found(gala: Gala, files: list[Path]) -> None:
    """The original is in the vault with a row in the ledger, and a result leads to it."""
    done = _upload(gala, files)
    assert [one.known for one in done.taken] == [False, False]
    for file in files:
        file.unlink()
    gala.reopen()
    assert gala.ingest().done == 2
    (seen,) = gala.find("Ada").sightings
    address = gala.library.url(seen).removeprefix("file://")
    assert Path(address).read_bytes() == picture(ADA)
    with gala.library._database.read() as tx:
        kinds = [one.kind for one in copies.confirmed(tx)]
        assert copies.unconfirmed(tx) == []
    assert kinds.count(CopyKind.ORIGINAL) == 2
    assert gala.library.lost_originals() == ()


def test_what_is_no_picture_is_refused_with_its_reason(
    gala: Gala, files: list[Path], tmp_path: Path
) -> None:
    """Each file is taken whole or not at all, and one does not stand in the way of another."""
    damaged, text, folder = tmp_path / "cut.png", tmp_path / "a.jpg", tmp_path / "mine"
    damaged.write_bytes(picture(BO)[:400])
    text.write_text("no picture")
    done = _upload(gala, [files[0], damaged, text, folder])
    assert [one.file for one in done.taken] == [files[0]]
    assert [one.reason for one in done.refused] == [
        Reason.DAMAGED,
        Reason.NOT_A_PICTURE,
        Reason.NOT_A_PICTURE,
    ]
    assert _originals(gala) == 1
    nothing = _upload(gala, [text], by="Somebody else")
    assert (nothing.added, nothing.taken) == (None, ())
    assert len(gala.library.sources()) == 2


def test_the_same_bytes_again_are_kept_once(gala: Gala, files: list[Path], tmp_path: Path) -> None:
    """A further place of one copy; of who else granted it, another copy."""
    _upload(gala, files)
    other = tmp_path / "copy.png"
    other.write_bytes(picture(ADA))
    done = _upload(gala, [other, other])
    assert [one.known for one in done.taken] == [True, True]
    assert len({one.locator for one in done.taken}) == 2
    assert _originals(gala) == 2
    report = gala.ingest()
    assert (report.done, report.known) == (2, 2)
    assert [one.known for one in _upload(gala, [other], by="Bo").taken] == [False]
    assert _originals(gala) == 3


def test_a_later_upload_renews_nothing_of_an_earlier_one(gala: Gala, files: list[Path]) -> None:
    """Each is covered by its own grant, until its own day."""
    _upload(gala, files[:1])
    gala.ingest()
    gala.clock.advance(31 * A_DAY)
    _upload(gala, files[1:])
    assert gala.find("Ada").sightings == ()
    assert gala.ingest().done == 1


@pytest.mark.promise("P2")
@pytest.mark.promise("P4")
@pytest.mark.parametrize("read", [True, False])
def test_a_takedown_removes_the_originals(gala: Gala, files: list[Path], *, read: bool) -> None:
    """Also of what was never ingested: no byte is left, and it is refused when it comes again."""
    done = _upload(gala, files)
    assert done.added is not None
    if read:
        gala.ingest()
    case = gala.library.take_down(done.added.source.id)
    erased = gala.library.erasure(case.erasure)
    assert erased.stage is Stage.CLOSED
    assert erased.progress.gone.get("originals") == 2
    assert _originals(gala) == 0
    assert holding(gala.root, [picture(ADA)[200:260]]) == []
    again = _upload(gala, files)
    assert [one.reason for one in again.refused] == [Reason.ERASED] * 2
    assert len(_upload(gala, files, erased=True).taken) == 2


def test_nothing_is_taken_where_a_takedown_is_under_way(gala: Gala, files: list[Path]) -> None:
    """It would go with the rest, and has no other home."""
    done = _upload(gala, files)
    assert done.added is not None
    with patch.object(BlobStore, "remove", side_effect=Unavailable("the disk is away")):
        gala.library.take_down(done.added.source.id)
        with pytest.raises(ErasureIncomplete, match="not gone yet"):
            _upload(gala, files, erased=True)
    assert len(_upload(gala, files, erased=True).taken) == 2


def test_an_original_that_is_damaged_is_found_by_the_examination(
    gala: Gala, files: list[Path]
) -> None:
    """There is no other home to read it from: somebody has to know."""
    _upload(gala, files)
    with gala.library._database.read() as tx:
        which, *_ = uploads.all_copies(tx)
    place = gala.library._stores.blobs.place_of(which)
    place.write_bytes(b"x" + place.read_bytes()[1:])
    assert gala.library.lost_originals() == (which,)
    (skipped,) = gala.ingest().skipped
    assert skipped.reason is Reason.DAMAGED
    # Whoever has it still uploads it again, and it is whole.
    _upload(gala, files)
    assert gala.library.lost_originals() == ()


@pytest.mark.promise("P26")
def test_a_vault_that_cannot_be_written_keeps_nothing_of_an_upload(
    gala: Gala, files: list[Path]
) -> None:
    """No row says that bytes are there which never came."""
    with (
        patch.object(BlobStore, "write", side_effect=Unavailable("the disk is away")),
        pytest.raises(Unavailable),
    ):
        _upload(gala, files)
    with gala.library._database.read() as tx:
        assert CopyKind.ORIGINAL not in {one.kind for one in copies.confirmed(tx)}
    assert len(_upload(gala, files).taken) == 2


def test_a_backup_keeps_the_originals(gala: Gala, files: list[Path], tmp_path: Path) -> None:
    """What has no other home is in the backup, and comes back with it."""
    _upload(gala, files)
    made = gala.library.back_up(tmp_path / "backups")
    gala.library.close()
    restored = Library.restore(
        made.backup.location,
        tmp_path / "again",
        keys=gala.library.settings.keys_dir,
        actor="tester",
        clock=gala.clock,
    )
    with Library.open(restored.root, clock=gala.clock) as library:
        assert library.lost_originals() == ()
        with library._database.read() as tx:
            assert len(uploads.all_copies(tx)) == 2


def test_an_upload_waits_for_nobody(gala: Gala, files: list[Path]) -> None:
    """While another run holds the library nothing is taken, and nothing added."""
    with lock(gala.root), pytest.raises(Locked):
        _upload(gala, files)
    assert len(gala.library.sources()) == 1


_UPLOAD = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from countenance.catalog import copies, uploads
from countenance.library import Given, Library
from countenance.vault.blobs import BlobStore

def die(*_, **__):
    os._exit(9)

def after(function):
    def both(*args, **named):
        function(*args, **named)
        die()
    return both

step, root, *files = sys.argv[1:]
with Library.open(Path(root)) as library:
    given = Given("Ada", datetime.now(UTC) + timedelta(days=3))
    library.upload([Path(files[0])], given, collection="u")
    match step:
        case "before-the-row": uploads.write = die
        case "after-the-row": BlobStore.write = die
        case "after-the-bytes": uploads.keep = die
        case "within-the-commit": uploads.keep = after(uploads.keep)
        case "after-the-commit": library._take = after(library._take)
    library.upload([Path(one) for one in files[1:]], given, collection="u")
"""


@pytest.mark.promise("P26")
@pytest.mark.parametrize(
    "step",
    [
        "before-the-row",
        "after-the-row",
        "after-the-bytes",
        "within-the-commit",
        "after-the-commit",
    ],
)
def test_an_upload_that_is_killed_loses_nothing_acknowledged(
    tmp_path: Path, files: list[Path], step: str
) -> None:
    """What was taken stays, what was not leaves nothing behind, and going on is uploading again."""
    root = tmp_path / "library"
    Library.init(root).close()
    words = [sys.executable, "-c", _UPLOAD, step, str(root), *map(str, files)]
    done = subprocess.run(words, env=os.environ, check=False, capture_output=True)
    assert done.returncode == 9, done.stderr.decode()
    with Library.open(root) as library:
        with library._database.read() as tx:
            kept = {one.digest for one in copies.confirmed(tx) if one.kind is CopyKind.ORIGINAL}
        assert digest(picture(ADA)) in kept
        assert len(kept) == (2 if step == "after-the-commit" else 1)
        given = Given("Ada", library.now() + A_DAY)
        assert len(library.upload(files, given, collection="u").taken) == 2
        with library._database.read() as tx:
            assert copies.unconfirmed(tx) == []
            rows = tx.execute(select(func.count()).select_from(copy)).scalar_one()
        assert rows == 2
        assert len(list(library._stores.blobs.ids())) == 2


# --------------------------------------------------------------------------------------------


def _originals(gala: Gala) -> int:
    """How many originals the vault has, counted on the disk."""
    with gala.library._database.read() as tx:
        known = set(tx.execute(select(upload.c.copy_id)).scalars())
    return len(known.intersection(gala.library._stores.blobs.ids()))
