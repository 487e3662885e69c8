"""Colour profiles (ICC.1:2001-04) that tests make: three primaries and one gamma."""

import struct

import numpy as np
from numpy.typing import NDArray

D50 = (0.9642, 1.0, 0.8249)

WIDE = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])
"""Columns: red, green and blue of Adobe RGB (1998), adapted to D50, as XYZ."""

SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
"""Those of sRGB."""

GAMMA = 2.2


def wide_profile(*, space: bytes = b"RGB ") -> bytes:
    """A profile of wider colours than sRGB."""
    tags = {b"wtpt": _xyz(D50), b"desc": _said("wide"), b"cprt": b"text\0\0\0\0none\0"}
    for letter, column in zip("rgb", WIDE.T, strict=True):
        tags[f"{letter}XYZ".encode()] = _xyz(tuple(column))
        tags[f"{letter}TRC".encode()] = struct.pack(">4sIIH", b"curv", 0, 1, round(GAMMA * 256))
    at, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, tag in tags.items():
        padded = tag + b"\0" * (-len(tag) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(tag))
        body += padded
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2026, 5, 1, 0, 0, 0, b"acsp")
    head = head.ljust(68, b"\0") + _numbers(D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def to_srgb(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What pixels of that profile are in sRGB, by the formulas, in [0, 255]."""
    linear = (pixels / 255.0) ** GAMMA
    own = np.clip(linear @ (np.linalg.inv(SRGB) @ WIDE).T, 0, 1)
    curved = np.where(own <= 0.0031308, 12.92 * own, 1.055 * own ** (1 / 2.4) - 0.055)
    return np.asarray(255 * curved, np.float64)


# --------------------------------------------------------------------------------------------


def _numbers(values: tuple[float, ...]) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(one * 65536) for one in values))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(values)


def _said(text: str) -> bytes:
    said = text.encode() + b"\0"
    return struct.pack(">4sII", b"desc", 0, len(said)) + said + b"\0" * 78
