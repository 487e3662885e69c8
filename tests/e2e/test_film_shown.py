"""Who is open in a film that is given out: on a real film that says where everybody is."""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from countenance.catalog.recipients import Terms
from countenance.enrol.enrol import Portrait
from countenance.errors import NoModel
from countenance.library import Given, Library
from countenance.media.cover import PALETTE, Colour
from countenance.people.purpose import Purpose, Wish
from countenance.publish.plan import Hand
from countenance.settings import load_settings
from countenance.sources.grant import GrantPurpose

AGREED = {
    "Gus Grissom": "grissom_gemini3.jpg",
    "Ed White": "white_gemini4.jpg",
    "Deke Slayton": "slayton_1960s.jpg",
    "John Glenn": "glenn_mercury6.png",
}
CHANNEL = "web"
A_SECOND = 15
SIZE = (854, 480)
COVERED = 0.95  # of a face's box; the code of a film smears a cover's edge
NEAR_THE_COLOUR = 24

Faces = Mapping[int, list[tuple[str, tuple[float, float, float, float]]]]


def where_everybody_is(data: Path) -> Faces:
    """Of each frame who is in it, and the box `(x, y, w, h)` of their face."""
    found = defaultdict(list)
    with (data / "video" / "nasa_pan_faces.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            box = tuple(float(row[side]) for side in "xywh")
            found[int(row["frame"])].append((row["person"], box))
    return found  # type: ignore[return-value]  # boxes are of four numbers


def cut(data: Path, to: Path, begin: float, end: float) -> list[int]:
    """Write a part of the film. Gives the numbers that its frames had."""
    av = pytest.importorskip("av", reason="films need the extra `video`")
    kept: list[int] = []
    to.parent.mkdir()
    with av.open(str(data / "video" / "nasa_pan.mp4")) as film, av.open(str(to), "w") as made:
        stream = made.add_stream("libx264", rate=A_SECOND, options={"crf": "16"})
        (stream.width, stream.height), stream.pix_fmt = SIZE, "yuv420p"
        for number, frame in enumerate(film.decode(video=0)):
            if begin <= number / A_SECOND < end:
                again = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), "rgb24")
                again.pts, again.time_base = len(kept), Fraction(1, A_SECOND)
                made.mux(stream.encode(again))
                kept.append(number)
        made.mux(stream.encode())
    return kept


def library_of(folder: Path, film: Path, data: Path) -> Library:
    settings = load_settings(folder / "library")
    library = Library.init(folder / "library", settings)
    purposes = frozenset({GrantPurpose.MATCH, GrantPurpose.PUBLISH})
    given = Given("the tests", datetime.now(UTC) + timedelta(days=9), purposes=purposes)
    library.add_folder(film.parent, given, ground="portraits in the public domain")
    library.add_recipient(Terms("The Echo", "desk@echo.example", "We delete when asked."))
    wishes = (Wish(Purpose.FIND_ME), Wish(Purpose.MAY_PUBLISH, CHANNEL))
    for name, portrait in AGREED.items():
        bytes_of = (data / "photos" / portrait).read_bytes()
        library.enrol(name, [Portrait(portrait, bytes_of)], wishes)
    library.ingest()
    return library


def say_who_it_is(library: Library, kept: list[int], truth: Faces) -> None:
    """As somebody would who looks at each sighting, and knows them."""
    for name in AGREED:
        for one in library.find(name, purpose=Purpose.FIND_ME).sightings:
            assert one.at is not None
            number = kept[min(len(kept) - 1, round(one.at * A_SECOND))]
            x, y = (one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2
            right = any(
                person == name and left <= x <= left + wide and top <= y <= top + high
                for person, (left, top, wide, high) in truth[number]
            )
            (library.confirm_sighting if right else library.reject_sighting)(one.id)


@pytest.mark.long
@pytest.mark.promise("P8")
@pytest.mark.parametrize(("begin", "end"), [(20.6, 27.0), (0.0, 7.0)], ids=["crew", "seven"])
def test_nobody_is_open_but_who_agreed(
    shared_data: Path, tmp_path: Path, begin: float, end: float
) -> None:
    """In no frame of a pan over a group photo is anybody open but those whom the ledger says."""
    av = pytest.importorskip("av", reason="films need the extra `video`")
    truth, film = where_everybody_is(shared_data), tmp_path / "film" / "pan.mp4"
    kept = cut(shared_data, film, begin, end)
    try:
        library = library_of(tmp_path, film, shared_data)
    except NoModel as exc:
        pytest.skip(f"the starter pack is not installed: {exc}")
    with library:
        say_who_it_is(library, kept, truth)
        done = library.publish(
            str(film),
            "The Echo",
            channel=CHANNEL,
            out=tmp_path / "out",
            looked=True,
            hand=Hand(show_consenting=True),
        )
        names = {one.id: one.name for one in library.people()}
    seen: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    with av.open(str(done.path)) as made:
        for place, frame in enumerate(made.decode(video=0)):
            pixels = frame.to_ndarray(format="rgb24").astype(int)
            for person, (x, y, wide, high) in truth[kept[place]]:
                part = pixels[max(0, int(y)) : int(y + high), max(0, int(x)) : int(x + wide)]
                off = np.abs(part - PALETTE[Colour.SLATE]).max(2)
                seen[person] += 1
                opened[person] += int((off <= NEAR_THE_COLOUR).mean() < COVERED)
    print({person: (count, opened[person]) for person, count in seen.items()})  # noqa: T201
    assert {person for person, count in opened.items() if count} <= {
        names[who] for who in done.shown
    }
    assert done.shown if begin else True
