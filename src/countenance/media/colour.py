"""
Colours: the pixels of a photo as sRGB, from what its own profile says that they are.

A file that is given out has no profile, so whoever shows it takes it for sRGB. Pixels of a wider
space would then look pale. LittleCMS converts them, in a child process: a profile is a program of
tables that a stranger wrote. What is no profile of RGB, or cannot be read, changes nothing.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from countenance.engines.isolated import Bounds, ChildLost, Isolated, Message
from countenance.media.limits import Limits

Pixels = NDArray[np.uint8]

MAX_PROFILE_BYTES = 4 * 1024**2
"""Those of printing presses, the largest, have about two million."""

_SRGB = tuple("sRGB".encode(code) for code in ("ascii", "utf-16-be"))


def in_srgb(pixels: Pixels, profile: bytes, *, limits: Limits) -> Pixels:
    """
    `pixels` `(h, w, 3)` uint8 RGB, which are what `profile` (ICC) says, as sRGB.

    The very array is given back where nothing is to be done: without a profile, with that of sRGB,
    which is known by its name, and with one that cannot be used.
    """
    if not profile or len(profile) > MAX_PROFILE_BYTES or any(one in profile for one in _SRGB):
        return pixels
    rows, columns = pixels.shape[:2]
    fields = {"rows": rows, "columns": columns, "profile": len(profile)}
    body = profile + np.ascontiguousarray(pixels).tobytes()
    child = Isolated(convert_message, Bounds(limits.memory_bytes, limits.seconds))
    try:
        answer = child.call(Message(fields, body))
    except ChildLost:
        return pixels
    finally:
        child.close()
    if "trouble" in answer.fields or len(answer.body) != pixels.size:
        return pixels
    return np.frombuffer(answer.body, np.uint8).reshape(pixels.shape)


def convert_message(request: Message) -> Message:
    """What the child does: convert the pixels behind a profile, or say that it cannot."""
    rows, columns, length = (int(str(request.fields[key])) for key in _KEYS)
    body = memoryview(request.body)
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(bytes(body[:length])))
        if own.profile.xcolor_space.strip() != "RGB":
            return Message({"trouble": "it is not of RGB"})
        image = Image.frombytes("RGB", (columns, rows), bytes(body[length:]))
        made = ImageCms.profileToProfile(
            image,
            own,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    # Of hostile bytes a library of many hands raises what it stumbles over.
    except Exception as exc:  # noqa: BLE001
        return Message({"trouble": type(exc).__name__})
    assert made is not None  # noqa: S101  it is not done in place
    return Message({}, made.tobytes())


# --------------------------------------------------------------------------------------------------

_KEYS = ("rows", "columns", "profile")
