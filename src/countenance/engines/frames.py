"""Frames: what crosses to another process, and back. JSON and raw bytes; nothing is unpickled."""

import json
import struct
from collections.abc import Mapping
from typing import IO

from countenance.core.canonical import Json

# A frame: the lengths in bytes of a JSON head and of a body, then both.
_LENGTHS = struct.Struct("!IQ")
_MAX_HEAD_BYTES = 1_000_000


def send_frame(
    pipe: IO[bytes], fields: Mapping[str, Json], body: bytes | bytearray | memoryview
) -> None:
    """Write one frame. Raises `OSError` if the other side is gone."""
    head = json.dumps(fields).encode()
    for part in (_LENGTHS.pack(len(head), len(body)), head, body):
        rest = memoryview(part)
        while rest:
            rest = rest[pipe.write(rest) :]


def receive_frame(pipe: IO[bytes], *, max_body_bytes: int) -> tuple[dict[str, Json], bytearray]:
    """Raises `EOFError` if the other side is gone, and `ValueError` if it sends nonsense."""
    head_bytes, body_bytes = _LENGTHS.unpack(_exactly(pipe, _LENGTHS.size))
    if head_bytes > _MAX_HEAD_BYTES or body_bytes > max_body_bytes:
        raise ValueError("a frame is longer than any that is sent")
    head = json.loads(_exactly(pipe, head_bytes))
    if not isinstance(head, dict):
        raise ValueError("a head is no object")  # noqa: TRY004  # of the sender, not of the caller
    return head, _exactly(pipe, body_bytes)


# --------------------------------------------------------------------------------------------------


def _exactly(pipe: IO[bytes], length: int) -> bytearray:
    data = bytearray(length)
    rest = memoryview(data)
    while rest:
        count = pipe.readinto(rest)  # type: ignore[attr-defined]  # a raw pipe has it
        if not count:
            raise EOFError
        rest = rest[count:]
    return data
