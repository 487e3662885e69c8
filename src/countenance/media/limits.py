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


@dataclass(frozen=True, slots=True)
class FilmLimits:
    """
    What a film may cost before it is refused.

    `max_bytes` is of the file, `max_pixels` of one frame as it is stored, `max_seconds` how much of
    it is looked at. `long_side` is that of the frames given, in pixels: larger ones are reduced.

    `memory_bytes` is the address space of the process that decodes it. `seconds` is what one frame
    may take that process, with all that has to be decoded before it, by the wall clock.
    """

    max_bytes: int = 64 * 1024**3
    max_pixels: int = 36_000_000  # 8K
    max_seconds: float = 12 * 3600.0
    long_side: int = 1920
    memory_bytes: int = 2 * 1024**3
    seconds: float = 60.0
