"""
A library with many photos to look at, though nobody took any: rows as an ingest leaves them, and a
preview for each, of a few pictures that are drawn.

A preview is a file of its own, which is the same few pictures over and over: as many names for one
file as the file system gives it.
"""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import insert, select, update

from countenance.catalog.tables import copy, photo
from countenance.core.canonical import digest
from countenance.core.ids import CopyId, new_id
from countenance.library import Library
from countenance.media.preview import LONG_SIDE_PIXELS, QUALITY
from countenance.vault.ledger import CopyKind

PICTURES = 12
"""Different ones."""

_GRAIN = 4.0  # grey levels of standard deviation: files of about 400 kB, as of a photograph
_LINKS = 20_000
"""Names for one file, at most: file systems have a limit."""

_PART = 5000  # rows in one statement


def draw(number: int) -> bytes:
    """A preview of nobody: patches of colour with a grain, of the size and weight of a photo's."""
    random = np.random.default_rng(number)
    size = (LONG_SIDE_PIXELS, LONG_SIDE_PIXELS * 2 // 3)
    patches = random.integers(40, 220, (8, 12, 3), dtype=np.uint8)
    scene = Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)
    return encode(np.asarray(scene), random)


def encode(pixels: NDArray[np.uint8], random: np.random.Generator) -> bytes:
    """`pixels` as the JPEG of a preview, under a grain."""
    grain = random.normal(0, _GRAIN, (*pixels.shape[:2], 1))
    grainy = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    made = simplejpeg.encode_jpeg(grainy, quality=QUALITY, colorspace="RGB", colorsubsampling="420")
    return bytes(made)


class Copies:
    """One picture, under as many ids as are wanted."""

    def __init__(self, library: Library, data: bytes) -> None:
        self._blobs = library._stores.blobs  # noqa: SLF001
        self._data = data
        self._first: Path | None = None
        self._given = 0
        self.digest = digest(data)
        self.size = len(data)

    def add(self, which: CopyId) -> None:
        """The picture under one id more."""
        path = self._blobs.place_of(which)
        if self._first is None or self._given == _LINKS:
            self._blobs.write(which, self._data, durable=False)
            self._first, self._given = path, 0
        else:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            os.link(self._first, path)
        self._given += 1


def give_previews(library: Library, pictures: Sequence[bytes]) -> None:
    """Give every photo of a library that has no preview one of `pictures`, in turn."""
    at = library.now()
    with library._database.read() as tx:  # noqa: SLF001  rows are made where no ingest is
        bare = list(tx.execute(select(photo.c.id).where(photo.c.preview_id.is_(None))).scalars())
    files = [Copies(library, data) for data in pictures]
    rows = iter(enumerate(bare))
    while part := list(islice(rows, _PART)):
        made = [(which, new_id("v"), files[number % len(files)]) for number, which in part]
        for _, own, file in made:
            file.add(CopyId(own))
        with library._database.write() as tx:  # noqa: SLF001
            tx.execute(
                insert(copy),
                [
                    {
                        "id": own,
                        "kind": CopyKind.PREVIEW,
                        "digest": file.digest,
                        "size": file.size,
                        "confirmed": True,
                        "made_at": at,
                    }
                    for _, own, file in made
                ],
            )
            for which, own, _ in made:
                tx.execute(update(photo).where(photo.c.id == which).values(preview_id=own))
