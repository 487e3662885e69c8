"""
The blobs: the files of the vault, each named by the id of its row in the copy ledger.

A file stands in a folder named by the first two characters of the random part of its id, as
`7q/c_7q2m0c4x9v1ksz3d`: 1024 folders keep a million files at a thousand a folder.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from countenance.core.canonical import Digest, digest
from countenance.core.ids import CopyId
from countenance.errors import NotFound, VerificationError
from countenance.vault.files import checked_id, is_id, sync_folder, unavailable, write_file

_UNFINISHED = ".part"
_FOLDER_NAME = 2
"""Characters. A `lost+found` in the vault is not ours."""


class BlobStore:
    """The blobs in `folder`, which exists. It knows bytes and ids; the copy ledger knows more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, copy_id: CopyId, data: bytes, *, durable: bool) -> None:
        """
        Keep `data` under `copy_id`, all of it or nothing; what stood there is replaced.

        With `durable` it survives a power cut from the return of this call. Without, it may be
        missing or damaged after one, and `read` then says so: enough for what can be made again.

        A crash leaves at most a file that `sweep_unfinished` removes.

        Raises `UsageError` if `copy_id` is no id, and `Unavailable` if it cannot be written.
        """
        path = self._path(copy_id)
        part = path.with_name(path.name + _UNFINISHED)
        with unavailable(f"copy {copy_id}"):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_file(part, data, flags=os.O_CREAT | os.O_TRUNC, durable=durable)
            part.replace(path)
            if durable:
                sync_folder(path.parent)
                sync_folder(self._folder)

    def read(self, copy_id: CopyId, *, expected: Digest) -> bytes:
        """
        The bytes of `copy_id`, which are the ones that were stored.

        Raises `UsageError` if `copy_id` is no id, `NotFound` if there is no such file,
        `VerificationError` if its digest is not `expected`, and `Unavailable` if it cannot be
        read.
        """
        path = self._path(copy_id)
        with unavailable(f"copy {copy_id}"):
            try:
                data = path.read_bytes()
            except FileNotFoundError as error:
                raise NotFound(f"no file of copy {copy_id}") from error
        if digest(data) != expected:
            raise VerificationError(f"the file of copy {copy_id} is damaged: its digest is wrong")
        return data

    def is_sound(self, copy_id: CopyId, expected: Digest) -> bool:
        """Whether the file is there and is what was stored. Raises as `read` does otherwise."""
        try:
            self.read(copy_id, expected=expected)
        except (NotFound, VerificationError):
            return False
        return True

    def place_of(self, copy_id: CopyId | None) -> Path:
        """Where the file of `copy_id` stands; of none, where all of them do."""
        return (self._folder if copy_id is None else self._path(copy_id)).absolute()

    def remove(self, copy_id: CopyId) -> None:
        """
        Remove the file of `copy_id`. Durable when it returns; may be called again.

        Raises `UsageError` if `copy_id` is no id, and `Unavailable` if it cannot be removed.
        """
        path = self._path(copy_id)
        with unavailable(f"copy {copy_id}"):
            path.unlink(missing_ok=True)
            if path.parent.exists():
                sync_folder(path.parent)

    def ids(self) -> Iterator[CopyId]:
        """What is on the disk, whatever the ledger says. Raises `Unavailable` if it cannot."""
        for path in self._files():
            if is_id(path.name):
                yield CopyId(path.name)

    def sweep_unfinished(self) -> int:
        """
        Remove what interrupted writes left behind, and say how many files that were.

        Only for who holds the library's lock: a write of another run would be cut off.
        Raises `Unavailable` if a file cannot be removed.
        """
        unfinished = [path for path in self._files() if path.name.endswith(_UNFINISHED)]
        with unavailable("the vault"):
            for path in unfinished:
                path.unlink(missing_ok=True)
        return len(unfinished)

    def _path(self, copy_id: CopyId) -> Path:
        name = checked_id(copy_id)
        first = name.partition("_")[2][:_FOLDER_NAME]
        return self._folder / first / name

    def _files(self) -> Iterator[Path]:
        with unavailable("the vault"):
            folders = sorted(
                path
                for path in self._folder.iterdir()
                if len(path.name) == _FOLDER_NAME and path.is_dir()
            )
        for folder in folders:
            with unavailable("the vault"):
                files = sorted(folder.iterdir())
            yield from files
