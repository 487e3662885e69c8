"""
Crossing: a record on its way from a worker on another machine to the writer, as bytes.

They are Python's own pickles, read as no others are: by a list of the classes that a record
consists of. What names any other is refused, and nothing of it is run.
"""

import io
import pickle
from collections.abc import Mapping
from typing import IO, cast

import numpy as np

from countenance.catalog.items import Claim
from countenance.catalog.photos import Face, PhotoKind, Track, View
from countenance.core.canonical import Json
from countenance.core.ids import CopyId, ItemId, SourceId
from countenance.errors import Reason
from countenance.extract.extractor import Templates
from countenance.ingest.stage import AwayPhoto, KnownPhoto, ReadPhoto, Record, UnreadPhoto, Work
from countenance.media.metadata import Metadata, RegionHint


def as_bytes(record: Record | AwayPhoto) -> bytes:
    """What `record_of` reads."""
    return pickle.dumps(record, protocol=5)


def record_of(data: bytes | bytearray | memoryview) -> Record | AwayPhoto:
    """Raises `ValueError` if `data` is no record of ours."""
    try:
        read = _Records(io.BytesIO(data)).load()
    except Exception as exc:
        raise ValueError(f"no record: {type(exc).__name__}") from exc
    if not isinstance(read, _RECORDS):
        raise ValueError("no record")  # noqa: TRY004  of the sender, not of the caller
    return read


def work_as_json(work: Work) -> dict[str, Json]:
    """What `work_of` reads."""
    claim = work.claim
    return {
        "item": claim.id,
        "source": claim.source,
        "locator": claim.locator,
        "attempt": claim.attempt,
        "holder": claim.holder,
        "preview": work.preview,
    }


def work_of(said: Mapping[str, Json]) -> Work:
    """Raises `KeyError` if something of it is missing."""
    claim = Claim(
        id=ItemId(cast("int", said["item"])),
        source=SourceId(str(said["source"])),
        locator=str(said["locator"]),
        attempt=cast("int", said["attempt"]),
        holder=str(said["holder"]),
    )
    return Work(claim, CopyId(str(said["preview"])))


# --------------------------------------------------------------------------------------------------

_RECORDS = (ReadPhoto, KnownPhoto, UnreadPhoto, AwayPhoto)

_PARTS = (*_RECORDS, Work, Claim, Face, Track, View, PhotoKind, Templates, Metadata, RegionHint)

_KNOWN: Mapping[tuple[str, str], object] = {
    **{(part.__module__, part.__qualname__): part for part in (*_PARTS, Reason)},
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}

_ARRAYS = {("numpy._core.multiarray", "_reconstruct"), ("numpy._core.numeric", "_frombuffer")}
"""What arrays are put together by, again."""


class _Records(pickle.Unpickler):
    def __init__(self, data: IO[bytes]) -> None:
        super().__init__(data)

    def find_class(self, module: str, name: str) -> object:
        if (module, name) in _ARRAYS:
            return super().find_class(module, name)
        if (found := _KNOWN.get((module, name))) is None:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a record")
        return found
