"""What one file may cost: by these numbers a picture is refused, before and while it is decoded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What a picture may cost before it is refused.

    `max_bytes` is of the compressed file, `max_pixels` of the picture as its header declares it.

    `max_frames` is how many pictures a file may declare where its header says so (HEIF, AVIF,
    WebP). Only one is ever decoded: the first, or in HEIF the one it calls primary.

    `memory_bytes` is the address space, and `seconds` the wall clock, of a decoder in a child
    process. There is no least size: a picture of one pixel is a picture that shows nobody.
    """

    max_bytes: int = 100_000_000
    max_pixels: int = 120_000_000
    max_frames: int = 1_000
    memory_bytes: int = 2 * 1024**3
    seconds: float = 60.0
