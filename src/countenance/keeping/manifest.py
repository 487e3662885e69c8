"""
The manifest of a backup: which files are in it, and how the log stood.

`manifest.json` is JSON in the form of RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785): the fields
of `Manifest`, and `sha256`, the digest of all the others in that form. So every byte of a backup is
covered, those of the manifest too. It says that nothing was damaged, not who made it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from countenance.core.canonical import Digest, Json, canonical_json, digest
from countenance.core.ids import BackupId
from countenance.errors import UsageError, VerificationError
from countenance.vault.files import unavailable

MANIFEST_FILE = "manifest.json"

_FORM = "countenance-backup/1"
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_NAMED = 20
"""So many damaged files are named in one message."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of a backup, by its path in it."""

    path: str
    size: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup of `library` holds. `log_size` and `log_root` are those of its catalog."""

    library: str
    backup: BackupId
    made_at: datetime
    expires_at: datetime
    log_size: int
    log_root: str
    files: tuple[Listed, ...]

    def written(self) -> bytes:
        """The bytes of the file."""
        said = self._said()
        return canonical_json({**said, "sha256": digest(canonical_json(said))})

    def _said(self) -> Mapping[str, Json]:
        return {
            "form": _FORM,
            "library": self.library,
            "backup": self.backup,
            "made_at": self.made_at.astimezone(UTC).strftime(_TIME),
            "expires_at": self.expires_at.astimezone(UTC).strftime(_TIME),
            "log": {"size": self.log_size, "root": self.log_root},
            "files": [
                {"path": one.path, "size": one.size, "sha256": one.digest} for one in self.files
            ],
        }


def list_files(folder: Path) -> tuple[Listed, ...]:
    """Every file below `folder`, by path. Raises `Unavailable` if one cannot be read."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        Listed(path.relative_to(folder).as_posix(), *_weigh(path))
        for path in paths
        if path.name != MANIFEST_FILE
    )


def read_manifest(folder: Path) -> Manifest:
    """
    The manifest of the backup in `folder`.

    Raises `UsageError` if there is none, and `VerificationError` if it is damaged.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise UsageError(
            f"{folder}: no backup: {MANIFEST_FILE} is not in it",
            hint="name the folder of one backup, such as DIR/b_7q2m0c4x9v1ksz3d",
        )
    with unavailable(f"{path}"):
        data = path.read_bytes()
    try:
        manifest = _parse(json.loads(data))
        whole = manifest.written() == data
    except (ValueError, TypeError, KeyError, RecursionError, UsageError):
        whole = False
    if not whole:
        raise VerificationError(f"the backup is damaged: {MANIFEST_FILE}")
    return manifest


def verify_files(folder: Path, manifest: Manifest) -> None:
    """
    Make sure that every file of the backup is there, and as it was.

    Raises `VerificationError` naming those that are not, and `Unavailable` if one cannot be read.
    """
    wrong = list(_wrong(folder, manifest))
    if wrong:
        more = f", and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise VerificationError(
            f"the backup is damaged: {', '.join(wrong[:_NAMED])}{more}",
            hint="nothing was restored; take another backup",
        )


# --------------------------------------------------------------------------------------------


def _wrong(folder: Path, manifest: Manifest) -> Iterator[str]:
    for one in manifest.files:
        path = folder / one.path
        if not path.is_file():
            yield f"{one.path} is missing"
        elif _weigh(path) != (one.size, one.digest):
            yield one.path


def _weigh(path: Path) -> tuple[int, Digest]:
    with unavailable(f"{path}"), path.open("rb") as file:
        found = Digest(hashlib.file_digest(file, "sha256").hexdigest())
        return file.tell(), found


def _parse(said: dict[str, Json]) -> Manifest:
    log, files = said["log"], said["files"]
    if not isinstance(log, dict) or not isinstance(files, list):
        raise TypeError
    return Manifest(
        library=str(said["library"]),
        backup=BackupId(str(said["backup"])),
        made_at=_instant(said["made_at"]),
        expires_at=_instant(said["expires_at"]),
        log_size=int(log["size"]),
        log_root=str(log["root"]),
        files=tuple(
            Listed(_inside(one["path"]), int(one["size"]), Digest(str(one["sha256"])))
            for one in files
        ),
    )


def _inside(path: str) -> str:
    """A path that leads nowhere but into the backup."""
    parts = path.split("/")
    if {"", ".", ".."} & set(parts):
        raise ValueError(path)
    return path


def _instant(text: Json) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
