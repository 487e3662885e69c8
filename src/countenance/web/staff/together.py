"""
Several photos that were checked at once, published together: one zip, sent while it is made.

Each file in it is a disclosure of its own, made and checked itself as any other. What fails is left
out, and named in a text beside the files. What was sent is kept nowhere: if it breaks off, the
ledger has what was made until then, which is the side to err on.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_STORED, ZipFile

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from countenance.errors import Error
from countenance.library import Library
from countenance.media.cover import Colour
from countenance.media.release import Packing
from countenance.publish.plan import Hand
from countenance.web.context import web_of
from countenance.web.forms import Form
from countenance.web.staff.guard import Act, admitted

NOT_GIVEN = "not-given.txt"
"""What was left out, and why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is published: `photos`, by id, all of them in one way to one recipient."""

    photos: tuple[str, ...]
    channel: str
    to: str
    hand: Hand
    packing: Packing


def read_wanted(form: Form, photos: Sequence[str], channel: str) -> Wanted | str:
    """What the form asks for; or in a word what is wrong with it."""
    if not form.ticked("looked"):
        return "looked"
    colour, packing = form.text("colour"), form.text("packing")
    if colour not in list(Colour) or packing not in list(Packing) or not form.text("to"):
        return "usage"
    hand = Hand(colour=Colour(colour), cover_asked=form.ticked("cover_asked"))
    return Wanted(tuple(photos), channel, form.text("to"), hand, Packing(packing))


def zipped(request: Request, wanted: Wanted, actor: str) -> Response:
    """The zip, photo by photo."""
    headers = {
        "Content-Disposition": 'attachment; filename="photos.zip"',
        "Cache-Control": "no-store",
    }
    pieces = _pieces(request, wanted, actor)
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")


# --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sent:
    """Where a zip is written that is sent at once: it goes forward only."""

    _pieces: list[bytes] = field(default_factory=list)

    def write(self, piece: bytes, /) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits but for `take`."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        """What was written since."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def _pieces(request: Request, wanted: Wanted, actor: str) -> AsyncIterator[bytes]:
    web, sent, left_out = web_of(request), _Sent(), list[str]()
    with ZipFile(sent, "w", ZIP_STORED) as archive:
        for photo in wanted.photos:
            try:
                await admitted(request, Act.PUBLISH)  # They may have been signed out meanwhile.
                name, data = await web.pool.look(_published(photo, wanted), actor=actor)
            except Error as exc:
                left_out.append(f"{photo}: {exc.message}")
                continue
            archive.writestr(name, data)
            yield sent.take()
        if left_out:
            archive.writestr(NOT_GIVEN, "".join(f"{line}\n" for line in left_out))
    yield sent.take()


def _published(photo: str, wanted: Wanted) -> Callable[[Library], tuple[str, bytes]]:
    def act(library: Library) -> tuple[str, bytes]:
        # What is written there is the file as it is given out, covers and all; nothing else is.
        with TemporaryDirectory(prefix="countenance-") as folder:
            done = library.publish(
                photo,
                wanted.to,
                channel=wanted.channel,
                out=Path(folder).resolve(),
                looked=True,
                hand=wanted.hand,
                packing=wanted.packing,
            )
            return done.path.name, done.path.read_bytes()

    return act
