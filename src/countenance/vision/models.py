"""
Where model files live, and how they get there.

What is run is kept under one folder, each file named by its SHA-256, which the pack declares; so a
file there is right or it is not used. Any of them can be made again from what was published.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from countenance.core.canonical import digest
from countenance.errors import NoModel, Unavailable, VerificationError
from countenance.vision.fetch import Progress, check, download, from_files, from_index
from countenance.vision.pack import ModelFile, Pack, Package


@dataclass(frozen=True, slots=True)
class Prepared:
    """The ONNX files of a pack, checked against their digests."""

    detector: Path
    embedder: Path
    rough: Path | None = None


class ModelStore:
    """
    The folder of prepared models, `root`, made when it is first needed.

    Several processes may use one folder: a file appears whole or not at all.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def locate(self, pack: Pack) -> Prepared:
        """
        The pack's files, prepared now from the installed packages if they are not there yet.

        Nothing is fetched. Raises `NoModel` if a published file is not on this machine,
        `VerificationError` if one is not the file that the pack names, and `Unavailable` if the
        folder cannot be written.
        """
        return Prepared(*(self._ready(file, pack) for file in pack.files))

    def installed(self, pack: Pack) -> bool:
        """Whether `locate` would find everything it needs. Reads no more than the file names."""
        return all(self._path(file).exists() or _packaged(file) for file in pack.files)

    def get(
        self, pack: Pack, sources: Sequence[Path] = (), *, progress: Progress | None = None
    ) -> Prepared:
        """
        The pack's files, from wherever they can be had.

        What is prepared or installed already is used. With `sources` (model files, or archives that
        hold them) nothing is fetched; without, what is missing comes from where it is published.

        Raises `VerificationError` if bytes are not the ones the pack names, or a source is none of
        its files, `NotFound` if a source is not there, `NoModel` if a file is in none of the
        sources, and `Unavailable` if the network fails. Whatever it raises, no part of a file is
        left behind.
        """
        for file in pack.files:
            if not self._is_sound(file):
                self._keep(file, _obtain(file, pack, sources, progress or _silent))
        return self.locate(pack)

    def adopt(self, pack: Pack, files: Sequence[bytes]) -> Prepared:
        """
        Keep the `files` of a pack of this machine's own, in the pack's order.

        Raises as `get` does if one is not the file that the pack names.
        """
        for file, data in zip(pack.files, files, strict=True):
            if not self._is_sound(file):
                self._keep(file, data)
        return self.locate(pack)

    def _ready(self, file: ModelFile, pack: Pack) -> Path:
        path = self._path(file)
        if not self._is_sound(file):
            published = _packaged_bytes(file)
            if published is None:
                what = f"{path} is damaged" if path.exists() else f"{file.name} is not here"
                raise NoModel(f"{pack.id}: {what}", hint=f"countenance models get {pack.id}")
            self._keep(file, published)
        return path

    def _path(self, file: ModelFile) -> Path:
        return self._root / f"{file.prepared_sha256}.onnx"

    def _is_sound(self, file: ModelFile) -> bool:
        """Whether the prepared file is there, undamaged."""
        try:
            return digest(self._path(file).read_bytes()) == file.prepared_sha256
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise Unavailable(f"{self._path(file)}: cannot be read: {exc.strerror}") from exc

    def _keep(self, file: ModelFile, published: bytes) -> None:
        check(published, file.sha256, what=file.name)
        # The package onnx is needed once in a machine's life: it takes time and memory to import.
        from countenance.vision.convert import convert  # noqa: PLC0415

        prepared = convert(published, file.preparation)
        check(prepared, file.prepared_sha256, what=f"{file.name}, prepared")
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            _write(self._path(file), prepared)
        except OSError as exc:
            raise Unavailable(f"{self._root}: cannot be written: {exc.strerror}") from exc


# ------------------------------------------------------------------------------------------------


def _silent(_done: int, _total: int) -> None:
    pass


def _obtain(file: ModelFile, pack: Pack, sources: Sequence[Path], progress: Progress) -> bytes:
    given = from_files(file, sources)
    if given is not None:
        return given
    packaged = _packaged_bytes(file)
    if packaged is not None and digest(packaged) == file.sha256:
        return packaged
    if sources:
        missing = f"{file.name} with sha256 {file.sha256} is not in"
        if wrong := [one for one in sources if not _serves(one, pack)]:
            raise VerificationError(f"{missing} {_list(wrong)}, nor is another file of {pack.id}")
        raise NoModel(f"{missing} {_list(sources)}")
    if not file.origin:
        raise NoModel(
            f"{pack.id}: {file.name} is published nowhere for this program",
            hint=f"countenance models get {pack.id} --from FILE, or models add --from DIR",
        )
    if isinstance(file.origin, Package):
        return from_index(file, file.origin)
    return download(file, file.origin, progress=progress)


def _serves(source: Path, pack: Pack) -> bool:
    """Whether a file that was given is one of the pack's, or holds one."""
    return any(from_files(file, [source]) is not None for file in pack.files)


def _list(sources: Sequence[Path]) -> str:
    return ", ".join(str(source) for source in sources)


def _packaged_bytes(file: ModelFile) -> bytes | None:
    path = _packaged(file)
    try:
        return path.read_bytes() if path else None
    except OSError as exc:
        raise Unavailable(f"{path}: cannot be read: {exc.strerror}") from exc


def _packaged(file: ModelFile) -> Path | None:
    """
    Where the file lies in an installed package, or `None`.

    The package is not imported, so that none of its code runs: its model is wanted, and it may
    want a display, or other packages that are not here.
    """
    if not isinstance(file.origin, Package):
        return None
    top = file.origin.path.split("/", maxsplit=1)[0]
    spec = PathFinder.find_spec(top, sys.path)
    folders = spec.submodule_search_locations if spec else None
    paths = (Path(folder).parent / file.origin.path for folder in folders or ())
    return next((path for path in paths if path.is_file()), None)


def _write(path: Path, data: bytes) -> None:
    """
    Put `data` at `path`, whole or not at all.

    A crash before the rename leaves a file with the ending `.part`, which nothing reads.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        try:
            part.write(data)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).replace(path)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
