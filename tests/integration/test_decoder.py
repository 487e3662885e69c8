"""The decoder of a run: what is decoded where, and that nothing gets out of the child."""

import importlib
import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from countenance.engines.isolated import Isolated, Message
from countenance.engines.local import run
from countenance.errors import Reason, Unreadable
from countenance.media import decoder as module
from countenance.media.decoder import Decoder
from countenance.media.limits import Limits


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_child_and_thread_give_the_same_picture(kind: str, isolated: bool) -> None:  # noqa: FBT001
    """Where a picture is decoded makes no difference to what comes out."""
    with Decoder(Limits()) as decoder:
        picture = decoder(_encoded(kind, (2600, 900)), half=True, isolated=isolated)
    assert (picture.width, picture.height) == (900, 2600)
    assert picture.pixels.shape == ((1300, 450, 3) if kind == "JPEG" else (2600, 900, 3))
    assert picture.pixels.flags.c_contiguous
    assert picture.oriented


def test_only_what_is_no_ordinary_jpeg_starts_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """JPEGs go the short way; PNGs, JPEGs of many scans and untrusted ones go to a child."""
    sent: list[int] = []
    decode_in_child = Isolated.call

    def counted(child: Isolated, request: Message) -> Message:
        sent.append(len(request.body))
        return decode_in_child(child, request)

    monkeypatch.setattr(Isolated, "call", counted)
    jpeg, png = _encoded("JPEG", (64, 48)), _encoded("PNG", (64, 48))
    many_scans = jpeg[:2] + b"\xff\xfe\x02\x02" + b"\xff\xda" * 256 + jpeg[2:]
    with Decoder(Limits()) as decoder:
        decoder(jpeg)
        assert sent == []
        decoder(png)
        decoder(jpeg, isolated=True)
        decoder(many_scans)
    assert sent == [len(png), len(jpeg), len(many_scans)]


@pytest.mark.parametrize("isolated", [False, True])
def test_reason_comes_out_of_the_child_as_it_is(isolated: bool) -> None:  # noqa: FBT001
    """A refusal reads the same, whichever process made it."""
    with Decoder(Limits(max_pixels=100)) as decoder:
        for data, reason in (
            (b"", Reason.EMPTY),
            (b"<html>", Reason.NOT_A_PICTURE),
            (_encoded("JPEG", (64, 48)), Reason.TOO_MANY_PIXELS),
        ):
            with pytest.raises(Unreadable) as refused:
                decoder(data, isolated=isolated)
            assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        # The program and the file fit, the pixels do not.
        (Limits(memory_bytes=400 * 2**20), Reason.TOO_MUCH_MEMORY),
        (Limits(seconds=0.001), Reason.TOO_SLOW),
    ],
)
def test_loss_of_the_child_is_a_reason(limits: Limits, reason: Reason) -> None:
    """Too much memory and too much time are lines in the report, and can recur."""
    data = io.BytesIO()
    Image.new("RGB", (9_000, 9_000)).save(data, "PNG")
    with Decoder(limits) as decoder:
        for _ in range(2):
            with pytest.raises(Unreadable) as refused:
                decoder(data.getvalue())
            assert refused.value.reason is reason


def test_crash_of_the_child_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file on which the decoder's C code falls over is a line in the report."""
    (tmp_path / "falls_over.py").write_text("import os\ndef crash(_): os.abort()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(module, "decode_message", importlib.import_module("falls_over").crash)
    with Decoder(Limits()) as decoder, pytest.raises(Unreadable, match="SIGABRT") as refused:
        decoder(_encoded("PNG", (4, 3)))
    assert refused.value.reason is Reason.KILLED_THE_DECODER


def test_threads_share_children_but_never_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three threads at once have three children, and later calls start no fourth."""
    started: list[Isolated] = []
    meeting = threading.Barrier(3)
    take_child = Isolated.__init__

    def counted(child: Isolated, *arguments: object) -> None:
        started.append(child)
        take_child(child, *arguments)  # type: ignore[arg-type]  # passed on as they came
        meeting.wait(timeout=60)

    monkeypatch.setattr(Isolated, "__init__", counted)
    data = _encoded("PNG", (64, 48))
    with Decoder(Limits()) as decoder:

        def width(_: int) -> int:
            return decoder(data).width

        assert list(run(range(3), width, workers=3)) == [48, 48, 48]
        assert list(run(range(9), width, workers=3)) == [48] * 9
    assert len(started) == 3
    assert all(child._process is None for child in started)


def test_answer_has_no_other_shape_than_a_picture() -> None:
    """The child's own function answers with the fields of a picture and its bytes."""
    request = Message({"half": False, "max_pixels": 10_000}, _encoded("PNG", (4, 3)))
    answer = module.decode_message(request)
    assert answer.fields == {"rows": 4, "columns": 3, "width": 3, "height": 4, "oriented": True}
    assert len(answer.body) == 4 * 3 * 3


def _encoded(kind: str, upright_shape: tuple[int, int]) -> bytes:
    """A picture of that many rows and columns, stored lying on its side."""
    rows, columns = upright_shape
    exif = Image.Exif()
    exif[0x0112] = 6
    shades = np.linspace(0, 255, rows * columns).reshape(columns, rows)
    data = io.BytesIO()
    Image.fromarray(np.repeat(shades.astype(np.uint8)[..., None], 3, axis=2)).save(
        data, kind, exif=exif
    )
    return data.getvalue()
