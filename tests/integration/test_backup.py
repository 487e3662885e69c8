"""Backups: what is in one and what is not, while others work; when one is gone, and who says so."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from countenance.catalog import backups
from countenance.cli.main import main
from countenance.core.ids import BackupId
from countenance.errors import NotFound, Unavailable, UsageError
from countenance.keeping import backup as keeping
from countenance.keeping.backup import DEFAULT_DAYS
from countenance.keeping.manifest import read_manifest, verify_files
from countenance.library import Library
from countenance.vault.layout import lock
from tests.fakes.gala import A_DAY, Gala

ADA, BO = 1, 2

KILLED = """
import os, signal, sys
from pathlib import Path
from countenance.keeping import backup
from countenance.library import Library
backup._copy_blobs = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with Library.open(Path(sys.argv[1])) as library:
    library.back_up(Path(sys.argv[2]))
"""


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    with Gala.make(tmp_path) as made:
        made.put("a.jpg", ADA, BO)
        made.enrol("Ada", ADA)
        made.ingest()
        yield made


def test_a_backup_is_whole_and_holds_no_key(gala: Gala, tmp_path: Path) -> None:
    """Every file is in the manifest, none is a key or the journal, and others may not read it."""
    (gala.root / "countenance.toml").write_text("workers = 2\n", encoding="utf-8")
    done = gala.library.back_up(tmp_path / "backups")
    folder = done.backup.location
    manifest = read_manifest(folder)
    verify_files(folder, manifest)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"manifest.json", *(one.path for one in manifest.files)}
    assert {"catalog.db", "countenance.toml"} < found
    assert (done.files, done.damaged) == (3, ())
    assert done.bytes == sum((folder / one.path).stat().st_size for one in manifest.files)
    for key in gala.keys.iterdir():
        assert not list(folder.rglob(key.name))
        secret = key.read_bytes() if key.suffix in (".key", ".ed25519") else b"none at all"
        assert all(secret not in (folder / name).read_bytes() for name in found)
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]} == {0}
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [done.backup.id]


@pytest.mark.promise("P30")
def test_the_library_knows_its_backups(gala: Gala, tmp_path: Path) -> None:
    """Each has a row and an entry in the log, and both are in the backup itself."""
    made = gala.library.back_up(tmp_path / "backups", days=7).backup
    assert gala.library.backups() == [made]
    assert made.expires_at - made.made_at == 7 * A_DAY
    assert gala.log()[-1] == "backup.added"
    assert read_manifest(made.location).log_size == len(gala.log())
    default = gala.library.back_up(tmp_path / "backups").backup
    assert default.expires_at - default.made_at == DEFAULT_DAYS * A_DAY


def test_others_write_while_a_backup_is_made(
    gala: Gala, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A withdrawal and an ingest between the catalog and the files: neither waits, all is sound."""
    gala.put("b.jpg", ADA)
    gala.ingest()
    copy_blobs = keeping._copy_blobs

    def meanwhile(*given: object) -> object:
        with gala.another() as other:
            other.withdraw("Ada")
            (gala.folder / "b.jpg").write_bytes(b"no picture any more")
            other.ingest()
        return copy_blobs(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(keeping, "_copy_blobs", meanwhile)
    done = gala.library.back_up(tmp_path / "backups")
    assert done.damaged == ()
    assert done.files == 2  # the catalog, and the preview that is still there
    verify_files(done.backup.location, read_manifest(done.backup.location))
    keys = gala.root.with_name("keys-of-before")
    gala.library.close()
    gala.keys.rename(keys)
    gala.root.rename(tmp_path / "lost")
    again = Library.restore(
        done.backup.location, gala.root, keys=keys, actor="tester", clock=gala.clock
    )
    gala.reopen()
    assert len(again.erased) == 1
    assert gala.library.people() == []
    assert gala.library.trail.verify({}).findings == ()


@pytest.mark.promise("P27")
def test_a_damaged_file_of_the_vault_is_named_and_left_out(gala: Gala, tmp_path: Path) -> None:
    """The backup is made all the same, and a restore does without the preview."""
    (which,) = gala.blobs.ids()
    (path,) = (gala.root / "vault").rglob(which)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    done = gala.library.back_up(tmp_path / "backups")
    assert done.damaged == (which,)
    assert done.files == 1
    gala.library.close()
    keys = gala.root.with_name("keys-of-before")
    gala.keys.rename(keys)
    gala.root.rename(tmp_path / "lost")
    Library.restore(done.backup.location, gala.root, keys=keys, actor="t", clock=gala.clock)
    gala.reopen()
    assert gala.places("Ada") == ["a.jpg"]
    (photo,) = gala.library.photos()
    assert photo.preview is None


def test_a_backup_that_fails_leaves_nothing_and_says_so(
    gala: Gala, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row stays, and says that it was never finished."""

    def full(*_: object) -> None:
        raise Unavailable("no space left on device")

    monkeypatch.setattr(keeping, "_copy_blobs", full)
    with pytest.raises(Unavailable, match="no space"):
        gala.library.back_up(tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []
    (known,) = gala.library.backups()
    assert (known.gone_at is not None, known.reason) == (True, "it was never finished")
    assert gala.log()[-2:] == ["backup.added", "backup.ended"]


def test_a_backup_that_was_killed_is_pruned(gala: Gala, tmp_path: Path) -> None:
    """What it left is no backup; prune removes it, but not while the program runs."""
    folder = tmp_path / "backups"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(gala.root), str(folder)], check=False, env=os.environ
    )
    assert killed.returncode < 0
    (part,) = folder.iterdir()
    assert part.suffix == ".part"
    with lock(part):
        assert gala.library.prune_backups().gone == ()
    assert part.exists()
    (gone,) = gala.library.prune_backups().gone
    assert f"{gone.id}.part" == part.name
    assert list(folder.iterdir()) == []


def test_what_is_due_is_deleted_and_seen_to_be_gone(gala: Gala, tmp_path: Path) -> None:
    """Not a day before; what cannot be reached is told, until a person says what became of it."""
    first = gala.library.back_up(tmp_path / "backups", days=1).backup
    other = gala.library.back_up(tmp_path / "disk", days=1).backup
    later = gala.library.back_up(tmp_path / "backups", days=3).backup
    assert gala.library.prune_backups() == keeping.Pruned((), ())
    (tmp_path / "disk").rename(tmp_path / "in a drawer")
    gala.clock.advance(A_DAY)
    done = gala.library.prune_backups()
    assert (done.gone, done.unreachable) == ((first,), (other,))
    assert not first.location.exists()
    assert later.location.exists()
    assert gala.library.prune_backups() == keeping.Pruned((), (other,))
    with pytest.raises(UsageError, match="few words"):
        gala.library.end_backup(other.id, reason="gone  ")
    with pytest.raises(UsageError, match="still there"):
        gala.library.end_backup(later.id, reason="I do not want it")
    with pytest.raises(NotFound):
        gala.library.end_backup("b_none", reason="it never was there")
    ended = gala.library.end_backup(other.id, reason="the disk was shredded")
    assert (ended.reason, ended.ended_by) == ("the disk was shredded", "tester")
    assert gala.library.prune_backups() == keeping.Pruned((), ())
    with pytest.raises(UsageError, match="is gone since"):
        gala.library.end_backup(other.id, reason="once more, to be sure")
    assert gala.log().count("backup.ended") == 2


def test_prune_deletes_nothing_that_is_not_a_backup(gala: Gala, tmp_path: Path) -> None:
    """A folder of another name, or without a manifest, is left alone whatever the row says."""
    made = gala.library.back_up(tmp_path / "backups", days=1).backup
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "manifest.json").write_text("{}", encoding="utf-8")
    (made.location / "manifest.json").unlink()
    with gala.library._database.write() as tx:
        wrong = backups.Backup(BackupId("b_wrong"), precious, made.made_at, made.made_at)
        backups.add(tx, wrong)
    gala.clock.advance(2 * A_DAY)
    assert gala.library.prune_backups().gone == ()
    assert precious.exists()
    assert made.location.exists()


def test_a_backup_stands_outside_of_the_library(gala: Gala) -> None:
    """In it, the copies would be copied, and what was erased would stand beside it."""
    with pytest.raises(UsageError, match="in the library itself"):
        gala.library.back_up(gala.root / "backups")
    with pytest.raises(UsageError, match="a day at least"):
        gala.library.back_up(gala.root, days=0)
    assert gala.library.backups() == []


# --- the command line ---------------------------------------------------------------------------


def test_from_backup_to_restore_on_the_command_line(
    gala: Gala,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    documented: Callable[[str], set[str]],
) -> None:
    """Exit 6 where something is lost or cannot be reached, 8 for a damaged backup."""
    gala.library.close()
    monkeypatch.chdir(gala.root)

    def run(*words: str | Path, code: int = 0) -> str:
        ended = main([str(word) for word in words])
        shown = capsys.readouterr()
        assert ended == code, shown
        if "--json" in words:
            assert set(json.loads(shown.out)) <= documented(" ".join(map(str, words)))
        return shown.out

    made = json.loads(run("backup", "make", tmp_path / "backups", "--expires", "9", "--json"))
    assert run("backup", "list").split()[4] == made["id"]
    assert json.loads(run("backup", "list", "--json"))["backups"][0]["state"] == "kept"
    assert run("backup", "prune") == run("backup", "prune", "--dry-run") == "nothing is due\n"
    assert json.loads(run("backup", "prune", "--json"))["unreachable"] == []
    run("person", "withdraw", "Ada", "--yes", code=7)  # for there is the backup
    to, keys = tmp_path / "again", tmp_path / "keys"
    place = made["location"]
    assert "sound" in run("restore", place, "--to", to, "--dry-run")
    assert json.loads(run("restore", place, "--to", to, "--dry-run", "--json"))["dry_run"]
    run("restore", place, "--to", to, code=2)
    run("restore", place, "--to", gala.root, "--yes", code=2)
    run("restore", place, "--to", to, "--yes", code=9)
    run("collection", "rule", "gala", "--recognition", "on", "--ground", "another")
    gala.keys.rename(keys)
    told = run("restore", place, "--to", to, "--keys", keys, "--yes", "--json", code=6)
    assert len(json.loads(told)["erased"]) == 1
    assert [one["act"] for one in json.loads(told)["remaining"]] == ["collection.rule-changed"]
    assert "nobody is enrolled" in run("person", "list", "--library", to)
    run("audit", "verify", "--library", to)
    run("backup", "gone", made["id"], "--reason", "still there", "--library", to, code=2)
    catalog = Path(place) / "catalog.db"
    catalog.write_bytes(catalog.read_bytes() + b"?")
    run("restore", place, "--to", tmp_path / "third", "--keys", keys, "--yes", code=8)
