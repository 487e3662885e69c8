"""
Vision as the rest of the program meets it: a picture's faces, and their templates.

One object a process holds the networks; its methods are safe to call from several threads.
"""

import ctypes
from contextlib import suppress
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance.vision.align import chips
from countenance.vision.centerface import CenterFace
from countenance.vision.detect import HINT, Detector, FaceFinder
from countenance.vision.device import CPU
from countenance.vision.embed import Embedder, Near
from countenance.vision.models import Prepared
from countenance.vision.pack import DetectorKind, DetectorRecord, Pack
from countenance.vision.rough import ROUGHLY, RoughThenExact
from countenance.vision.scrfd import Scrfd
from countenance.vision.session import Session
from countenance.vision.types import Detections, Float32, Pixels
from countenance.vision.yunet import YuNet

FILM_FACE = 15
"""
The height in pixels that a frame of a film is reduced to of the lowest face to be compared.

Of a film there are many frames, and of a face many chances. What is lower is nobody's to be.
"""

FILM_SIDE = (512, 1280)
"""
The least and the greatest size in pixels at which faces are looked for in a frame.

At less the points get rough: of 16 appearances found in shared/data/video 11 were sure or likely at
448 pixels, 12 at 512, 13 at 576 and 14 at 640, for one and a half times the processor time of 512.
"""


EVERY_FACE = 0.7
"""
Of a detector's threshold, what is enough where no face may be missed, and one too many is no harm.

On the 43 faces of shared/data/photos, whole and at a quarter of their size, nothing more is missed
at that than at less; half of it doubles what is taken for a face and is none.
"""


class Vision:
    """
    A pack, loaded and ready.

    `threads` is how many threads one run of a network may use; the number of pictures worked on at
    once is the caller's. `long_side` is the size in pixels at which faces are looked for. `device`
    is what the networks run on, as in `device.providers_for`, whose errors are raised.

    Raises `VerificationError` if a file of the pack cannot be loaded.
    """

    def __init__(
        self,
        pack: Pack,
        prepared: Prepared,
        *,
        threads: int = 1,
        long_side: int = 1280,
        device: str = CPU,
    ) -> None:
        # OpenCV's own threads are one setting of the process. Work is spread over pictures, so
        # within a picture they only cost: a resize took twice the CPU time on two threads.
        cv2.setNumThreads(1)
        self._pack = pack
        session = Session(prepared.detector, threads=threads, device=device)
        easily = replace(pack.detector, threshold=EVERY_FACE * pack.detector.threshold)
        self._easily = _detector(easily, session)
        hinting = replace(pack.detector, threshold=HINT * pack.detector.threshold)
        finds = _detector(hinting, session)
        looks = session
        # A card is quick enough, and whole numbers are no gain to it.
        if prepared.rough and session.device == CPU:
            looks = Session(prepared.rough, threads=threads)
            likely = ROUGHLY * pack.detector.threshold
            finds = RoughThenExact(
                _detector(hinting, looks), finds, likely=likely, believed=pack.detector.threshold
            )
        self._finder = FaceFinder(
            finds,
            long_side=long_side,
            min_face=pack.detector.min_face,
            threshold=pack.detector.threshold,
        )
        embedder = Session(prepared.embedder, threads=threads, device=device)
        self._sessions = looks, embedder
        self._device = session.device
        self._embedder = Embedder(embedder, pack.embedder)
        _give_back_freed_memory()

    @property
    def pack(self) -> Pack:
        return self._pack

    @property
    def device(self) -> str:
        """What its networks run on."""
        return self._device

    @property
    def finder(self) -> FaceFinder:
        """What finds faces, for whoever measures it at other sizes."""
        return self._finder

    def bare_networks(self) -> tuple[Session, Session]:
        """The network that looks at a picture and the embedder's, to be measured alone."""
        return self._sessions

    def find(self, pixels: Pixels) -> Detections:
        """The faces of `pixels`, best first."""
        return self._finder(pixels)

    def find_in_frame(self, pixels: Pixels) -> Detections:
        """
        The faces of a frame of a film, best first. They are looked for at a smaller size: so small
        that those just high enough to be compared are found.
        """
        reduced = max(pixels.shape[:2]) * FILM_FACE / self._pack.faces.match_px
        low, high = FILM_SIDE
        return self._finder(pixels, long_side=round(min(max(reduced, low), high)))

    def find_easily(self, pixels: Pixels) -> Detections:
        """
        Whatever in `pixels`, as it is, may be a face, best first. Nothing is asked of the points,
        which may be those of no face, and boxes may reach beyond the picture.
        """
        return self._easily(pixels)

    def templates(self, pixels: Pixels, points: Float32) -> Float32:
        """
        The templates `(n, dimensions)` float32, rows of length one, of the faces of `pixels` with
        the landmarks `points` `(n, 5, 2)`.
        """
        return self.embed(self.chips(pixels, points))

    def chips(self, pixels: Pixels, points: Float32) -> Pixels:
        """
        The faces of `pixels` with the landmarks `points` `(n, 5, 2)`, cut out and brought to the
        size that the embedder takes: `(n, size, size, 3)` uint8. They may be of several pictures.
        """
        template, size = self._pack.template, self._pack.embedder.size
        return chips(pixels, points, template, size=size)

    def embed(self, chips: Pixels) -> Float32:
        """The templates `(n, dimensions)` float32, rows of length one, of `chips`."""
        return self._embedder(chips)

    def embed_those_near(self, chips: Pixels, near: Near) -> tuple[NDArray[np.intp], Float32]:
        """The rows of `chips` that `near` lets pass by half of a template, and the templates."""
        return self._embedder.those_near(chips, near)


# ------------------------------------------------------------------------------------------------


def _give_back_freed_memory() -> None:
    """
    Give the system what loading took and no longer needs: 40 MB of the peak of an ingest.

    Loading parses the weights, copies and reorders them. glibc keeps what is freed of that for
    small allocations, and the networks make none. Other C libraries do without this.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _detector(record: DetectorRecord, session: Session) -> Detector:
    match record.kind:
        case DetectorKind.CENTERFACE:
            return CenterFace(session, record)
        case DetectorKind.YUNET:
            return YuNet(session, record)
        case DetectorKind.SCRFD:
            return Scrfd(session, record)
