"""
How long somebody waits at their own page: from "use this picture" to the first of their photos, and
to the first news of a search that is under way.

The library has rows and previews as an ingest leaves them. The faces are drawn, and found in the
previews by the network itself, so that the search has to do what it has to do with any photo.
"""

import io
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import urlencode

import numpy as np
from PIL import Image
from sqlalchemy import delete, insert, select, update

from countenance.bench.desk import COLLECTION, fill
from countenance.bench.drawn import APART, portrait
from countenance.bench.many import encode, give_previews
from countenance.bench.search import Spread
from countenance.bench.serving import Server, Visitor, serving
from countenance.catalog import words
from countenance.catalog.photos import Face
from countenance.catalog.tables import copy, face, photo, sighting
from countenance.core.canonical import digest
from countenance.core.ids import PhotoId, new_id
from countenance.enrol.enrol import Portrait
from countenance.errors import Unavailable, UsageError
from countenance.extract.extractor import Extractor
from countenance.gallery.bands import Band
from countenance.library import Library
from countenance.media.decode import Picture
from countenance.media.preview import LONG_SIDE_PIXELS, decode_preview
from countenance.people.purpose import Purpose, Wish
from countenance.settings import MAX_SEARCHES, Settings

SHOTS = 3
"""Times at which somebody was photographed."""

A_SHOT = 8
"""Photos of them, one after the other, each time."""

FACES = 3
"""In each photo."""

GOES_ON = 15.0
"""Seconds after the first photo, at the end of which is counted how many are found."""

KNOWN = 5
"""People whose photos are known already, each with as many."""

LEAST = SHOTS * A_SHOT * (KNOWN + 2)
"""Photos: so many for each who is known, and for the newcomer."""

_PHOTO_PIXELS = (6000, 4000)
_PICTURES = 4  # different ones
_TRIES = 20
_HEAD = 640  # pixels of a drawn portrait's height in a preview: the face is half of it
_BOUNDARY = "the-picture-of-a-face"
_USE = re.compile(r'name="use" value="([^"]+)"')
_LOOKS_EVERY = 0.5  # seconds
_PATIENCE = 240.0  # seconds for the first photo


@dataclass(frozen=True, slots=True)
class Joined:
    """
    Seconds from "use this picture", in a library that has to be searched; and `looked`, before it,
    until the picture that was given is shown with what is seen in it.
    """

    looked: float
    page: float
    progress: float
    first: float
    found: int
    photos_a_second: float


@dataclass(frozen=True, slots=True)
class JoinFigures:
    """What was measured. `known` is until the first picture of who is known already, in ms."""

    photos: int
    first_ever: float
    known: Spread
    joined: Joined
    said: Joined

    def as_text(self) -> Iterator[str]:
        """The figures in lines, for a person."""
        yield f'{self.photos:,} photos of {FACES} faces; seconds from "use this picture"'
        known = ", ".join(f"{one:.2f}" for one in (self.known.least, self.known.most))
        yield f"  known already, to the first photo   {self.known.median:.2f} ({known})"
        yield f"  the same, the first since the start {self.first_ever:.2f}"
        for what, one in (("to be searched for", self.joined), ("with a number", self.said)):
            yield (
                f"  {what}: looked at in {one.looked:.2f}; page {one.page:.2f}, progress "
                f"{one.progress:.2f}, first photo {one.first:.2f}, {one.found} of "
                f"{SHOTS * A_SHOT} {GOES_ON:.0f} s later; {one.photos_a_second:.0f} photos a second"
            )


def bench_joining(settings: Settings, count: int = 20_000) -> JoinFigures:
    """
    Measure what somebody waits for in a library of `count` photos.

    Raises `UsageError` if there are too few photos to be in, `NoModel` if the pack is not on this
    machine, and `Unavailable` where processor time cannot be told.
    """
    if count < LEAST:
        raise UsageError(f"bench: expected {LEAST} photos or more, got {count}")
    with tempfile.TemporaryDirectory(prefix="countenance-bench-") as below:
        root = Path(below) / "library"
        own = settings.with_keys(Path(below) / "keys").with_searches(MAX_SEARCHES)
        with Library.init(root, own) as library:
            fill(library, count)
            put_faces(library)
            known = _known(library)
            invitation = f"/i/{library.invite(COLLECTION).token}"
        environment = {
            "COUNTENANCE_KEYS": str(own.keys_dir),
            "COUNTENANCE_LIBRARY_KEY": str(own.library_key),
            "COUNTENANCE_MODELS": str(own.models_dir),
            "COUNTENANCE_PACK": own.pack,
        }
        return _measured(root, environment, known, invitation, count)


# --- the library --------------------------------------------------------------------------------


def put_faces(library: Library) -> None:
    """Let every photo show strangers, and a few of them the newcomer."""
    with library._database.write() as tx:  # noqa: SLF001  rows are made where no ingest is
        tx.execute(delete(sighting))
        tx.execute(delete(face))
        size = {"width": _PHOTO_PIXELS[0], "height": _PHOTO_PIXELS[1]}
        tx.execute(update(photo).values(pack=library.pack.id, **size))
    with_newcomer = _pictures(library.extractor, (APART[0], APART[2], APART[2]), seed=1)
    without = _pictures(library.extractor, (APART[2],) * FACES, seed=2)
    give_previews(library, [one for one, _ in without])
    shown = {digest(one): faces for one, faces in (*without, *with_newcomer)}
    with library._database.write() as tx:  # noqa: SLF001
        in_order = list(tx.execute(select(photo.c.id).order_by(photo.c.moment)).scalars())
        rows = dict(tx.execute(select(photo.c.id, photo.c.preview_id)).all())
        where = [
            in_order[len(in_order) * (2 * shot + 1) // (2 * SHOTS) + number]
            for shot in range(SHOTS)
            for number in range(A_SHOT)
        ]
        for number, one in enumerate(where):
            data = with_newcomer[number % len(with_newcomer)][0]
            library._stores.blobs.place_of(rows[one]).unlink()  # noqa: SLF001  it has other names
            library._stores.blobs.write(rows[one], data, durable=False)  # noqa: SLF001
            known = update(copy).where(copy.c.id == rows[one])
            tx.execute(known.values(digest=digest(data), size=len(data)))
            told = {"caption": "number 4711"}
            tx.execute(update(photo).where(photo.c.id == one).values(**told))
        pictures = dict(tx.execute(select(copy.c.id, copy.c.digest)).all())
        tx.execute(
            insert(face),
            [_row(one, each) for one, preview in rows.items() for each in shown[pictures[preview]]],
        )
        words.rebuild(tx)


def _pictures(
    extractor: Extractor, who: Sequence[int], seed: int
) -> list[tuple[bytes, tuple[Face, ...]]]:
    """Previews with portraits on a wall, and the faces that the network finds in each."""
    random = np.random.default_rng(seed)
    made: list[tuple[bytes, tuple[Face, ...]]] = []
    for _ in range(_TRIES):
        if len(made) == _PICTURES:
            break
        size = (LONG_SIDE_PIXELS, LONG_SIDE_PIXELS * 2 // 3)
        patches = random.integers(90, 170, (4, 6, 3), dtype=np.uint8)
        wall = Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)
        for place, number in enumerate(who):
            head = portrait(number, int(random.integers(3)))
            head = head.resize((round(head.width * _HEAD / head.height), _HEAD))
            wall.paste(head, (size[0] * place // len(who) + 40, int(random.integers(80, 600))))
        data = encode(np.asarray(wall), random)
        scale = LONG_SIDE_PIXELS / _PHOTO_PIXELS[0]
        width, height = _PHOTO_PIXELS
        seen = Picture(decode_preview(data), width=width, height=height, oriented=True)
        faces = extractor.faces(seen)
        if len(faces) == len(who) and seen.scale <= scale * 1.01:
            made.append((data, faces))
    if not made:
        raise Unavailable("bench: this pack finds no face in what is drawn")
    return made


def _row(which: str, one: Face) -> dict[str, object]:
    x1, y1, x2, y2 = one.box
    points = [list(point) for point in one.points]
    return {
        "id": new_id("f"),
        "photo_id": which,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        "points": points,
        "named": "",
    }


def _known(library: Library) -> list[str]:
    """Own pages of people who are found in photos already, though not by a picture."""
    pictures = [Portrait("portrait.jpg", portrait_file(APART[1]))]
    who = [
        library.enrol(f"Known {number}", pictures, (Wish(Purpose.FIND_ME),), search=False)
        for number in range(KNOWN + 1)
    ]
    with library._database.write() as tx:  # noqa: SLF001
        faces = tx.execute(select(face.c.id, face.c.photo_id).group_by(face.c.photo_id)).all()
        for number, one in enumerate(who):
            tx.execute(
                insert(sighting),
                [
                    {
                        "id": new_id("s"),
                        "photo_id": PhotoId(each.photo_id),
                        "face_id": each.id,
                        "person_id": one.enrolment.person.id,
                        "band": Band.SURE,
                        "state": "confirmed",
                        "made_at": library._stores.now(tx),  # noqa: SLF001
                        "in_film": False,
                    }
                    for each in faces[number * 24 : number * 24 + 24]
                ],
            )
    return [f"/me/{library.link_for(one.enrolment.person.id).token}" for one in who]


# --- the person ---------------------------------------------------------------------------------


def _measured(
    root: Path,
    environment: Mapping[str, str],
    known: Sequence[str],
    invitation: str,
    count: int,
) -> JoinFigures:
    with serving(root, environment) as server:
        first_ever = _gives_another(server, known[0])
        again = [_gives_another(server, one) for one in known[1:]]
    with serving(root, environment) as server:
        joined = _joins(server, invitation)
    with serving(root, environment) as server:
        said = _joins(server, invitation, number="4711")
    again.sort()
    spread = Spread(again[0], again[len(again) // 2], again[-1])
    return JoinFigures(count, first_ever, spread, joined, said)


def _gives_another(server: Server, own: str) -> float:
    """Seconds until who is known sees one of their photos, once they gave another picture."""
    with server.visitor() as visitor:
        key = _given(visitor, f"{own}/face", {}, APART[1])
        begun = perf_counter()
        _use(visitor, f"{own}/face", {}, key)
        page = visitor.get(own).body.decode()
        visitor.get(_first_picture(page))
        return perf_counter() - begun


def _joins(server: Server, invitation: str, number: str = "") -> Joined:
    """Enrol, and stay until all photos of oneself are there."""
    fields = {"name": "Nia", "band": "adult", "find": "1", "number": number}
    with server.visitor() as visitor, server.visitor() as listening:
        given = perf_counter()
        key = _given(visitor, f"{invitation}/picture", fields, APART[0])
        begun = perf_counter()
        own = _use(visitor, f"{invitation}/picture", fields, key)
        path = own.partition("?")[0]
        visitor.get(own)
        page = perf_counter() - begun
        with listening.stream(f"{path}/news?seen=0-0") as news:
            progress = _until_progress(news, begun)
        first, found = _until_found(visitor, path, begun)
        if not first:
            raise Unavailable("bench: nothing was found in time", hint="a machine less busy")
        rate = _rate(visitor, path)
        # One face is one person: the next with the same face would be found nowhere.
        visitor.post(f"{path}/leave", *_said({"what": "everything"}))
        return Joined(begun - given, page, progress, first, found, rate)


def _given(visitor: Visitor, path: str, fields: Mapping[str, str], who: int) -> str:
    """Under which key a picture is held that was given, looked at and shown."""
    shown = visitor.post(path, *_form(fields, who)).body.decode()
    found = _USE.search(shown)
    if found is None:
        raise Unavailable("bench: this pack does not take the portrait that is drawn")
    return found[1]


def _use(visitor: Visitor, path: str, fields: Mapping[str, str], key: str) -> str:
    """Use that picture, and say where one's own page is."""
    return visitor.post(path, *_said({**fields, "use": key})).headers["location"]


def _until_found(visitor: Visitor, path: str, begun: float) -> tuple[float, int]:
    """Seconds until the first photo is here, and how many are there a while later."""
    first, found, until = 0.0, 0, perf_counter() + _PATIENCE
    while perf_counter() < until:
        text = visitor.get(f"{path}/pictures").body.decode()
        found = text.count("/small") + text.count("/face")
        if found and not first:
            visitor.get(_first_picture(text))
            first = perf_counter() - begun
            until = perf_counter() + GOES_ON
        sleep(_LOOKS_EVERY)
    return first, found


def _until_progress(news: HTTPResponse, begun: float) -> float:
    """Seconds until the page says how many of how many photos were looked through."""
    for line in news:
        if b"<progress" in line:
            return perf_counter() - begun
    raise Unavailable("bench: no progress was told")


def _rate(visitor: Visitor, path: str) -> float:
    begun, done = perf_counter(), _done(visitor, path)
    sleep(5)
    return (_done(visitor, path) - done) / (perf_counter() - begun)


def _done(visitor: Visitor, path: str) -> int:
    text = visitor.get(path).body.decode()
    return int(text.partition("<progress max=")[2].partition('value="')[2].partition('"')[0] or 0)


def _first_picture(page: str) -> str:
    _, _, rest = page.partition('<img src="/me/')
    return f"/me/{rest.partition(chr(34))[0]}"


def _said(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """A form without a file, and what kind of body it is."""
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _form(fields: Mapping[str, str], who: int) -> tuple[bytes, str]:
    """A form with the portrait of who is of this number, and what kind of body it is."""
    lines = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    named = 'Content-Disposition: form-data; name="picture"; filename="me.jpg"'
    head = f"--{_BOUNDARY}\r\n{named}\r\nContent-Type: image/jpeg\r\n\r\n"
    body = "".join(lines).encode() + head.encode() + portrait_file(who)
    return body + f"\r\n--{_BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={_BOUNDARY}"


def portrait_file(number: int) -> bytes:
    """The drawn portrait of who is of this number, as a JPEG."""
    file = io.BytesIO()
    portrait(number).save(file, "JPEG", quality=92)
    return file.getvalue()
