"""A record on its way: whole when it arrives, and nothing else does."""

import pickle

import numpy as np
import pytest

from countenance.catalog.items import Claim
from countenance.catalog.photos import Face, PhotoKind, Track, View
from countenance.core.canonical import Digest
from countenance.core.ids import CopyId, FaceId, ItemId, SourceId
from countenance.errors import Reason
from countenance.extract.extractor import Templates
from countenance.ingest.crossing import as_bytes, record_of, work_as_json, work_of
from countenance.ingest.stage import AwayPhoto, KnownPhoto, ReadPhoto, Record, UnreadPhoto, Work
from countenance.media.metadata import Metadata, RegionHint

WORK = Work(Claim(ItemId(7), SourceId("d_1"), "a/b.jpg", 2, "k_1"), CopyId("v_1"))
POINTS = tuple((float(n), n + 0.5) for n in range(5))


def test_a_photo_arrives_as_it_was_sent() -> None:
    """With faces, templates, preview, and what its file says."""
    track = Track(1.0, 2.5, (View(1.5, POINTS),))
    sent = ReadPhoto(
        work=WORK,
        digest=Digest("0" * 64),
        width=400,
        height=300,
        faces=(Face(FaceId("f_1"), (1.0, 2.0, 3.0, 4.0), POINTS, track),),
        templates=Templates(
            np.eye(2, 4, dtype=np.float32), np.array([0, 1], np.intp), np.array([True, False])
        ),
        preview=b"\xff\xd8preview",
        metadata=Metadata(title="Gala", regions=(RegionHint("Ada", (0, 0, 1, 1), "face"),)),
        near=bytes(32),
        spent={"decode": 0.5},
        kind=PhotoKind.FILM,
        seconds=3.5,
        short=(Reason.TOO_LONG, "cut"),
    )
    got = record_of(as_bytes(sent))
    assert isinstance(got, ReadPhoto)
    assert isinstance(got.templates, Templates)
    assert isinstance(sent.templates, Templates)
    for name in ("vectors", "rows", "small"):
        one, other = getattr(got.templates, name), getattr(sent.templates, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    for name in set(ReadPhoto.__dataclass_fields__) - {"templates"}:
        assert getattr(got, name) == getattr(sent, name), name


@pytest.mark.parametrize(
    "sent",
    [
        KnownPhoto(WORK, Digest("0" * 64)),
        UnreadPhoto(WORK, Reason.DAMAGED, "cut short"),
        AwayPhoto(WORK, "the drive is gone"),
    ],
)
def test_what_is_no_photo_arrives_too(sent: Record | AwayPhoto) -> None:
    assert record_of(as_bytes(sent)) == sent


def test_work_arrives_as_it_was_sent() -> None:
    assert work_of(work_as_json(WORK)) == WORK


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return pytest.fail, ("it was run",)


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", pickle.dumps(_Bomb()), pickle.dumps(WORK), pickle.dumps([1]), bytes(9)],
)
def test_what_is_no_record_is_refused_and_not_run(data: bytes) -> None:
    """Neither code of whoever sent it, nor a part of a record that is none."""
    with pytest.raises(ValueError, match="no record"):
        record_of(data)
