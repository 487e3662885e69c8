"""
Films with truth: who is found in which stretch, who is missed, and who is named wrongly.

    countenance bench film --truth FOLDER

Everybody who may be is enrolled from their portraits, then the film is ingested into a library made
for it. `docs/accuracy.md` holds the table.
"""

import csv
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from countenance.bench.truth import read_truth
from countenance.catalog.sightings import Sighting
from countenance.core.spans import Span, in_words, meet
from countenance.enrol.enrol import Portrait
from countenance.errors import NotFound
from countenance.library import Given, Library
from countenance.people.purpose import Purpose, Wish
from countenance.settings import MAX_SEARCHES, Settings

FILM, INTERVALS = "nasa_pan.mp4", "nasa_pan_intervals.csv"


@dataclass(frozen=True, slots=True)
class Interval:
    """
    A stretch in which a person is fully in view, and what was found of it.

    `seen` are the spans found in it, and `band` the surest; none, and empty, if it was missed.
    `enrolled` says whether the person could have been found at all.
    """

    person: str
    enrolled: bool
    true: Span
    seen: tuple[Span, ...]
    band: str

    @property
    def off(self) -> float:
        """How far the beginning or the end was found from the true one, at most, in seconds."""
        begin, end = min(one[0] for one in self.seen), max(one[1] for one in self.seen)
        return max(abs(begin - self.true[0]), abs(end - self.true[1]))


@dataclass(frozen=True, slots=True)
class FilmAccuracy:
    """An interval each, in the order of the truth; `wrong` are names and spans not in it."""

    pack: str
    tracks: int
    intervals: tuple[Interval, ...]
    wrong: tuple[tuple[str, Span], ...]

    @property
    def expected(self) -> int:
        return sum(one.enrolled for one in self.intervals)

    @property
    def found(self) -> int:
        return sum(bool(one.seen) for one in self.intervals)

    def as_json(self) -> dict[str, object]:
        """The figures for a program; times in seconds."""
        return {
            "pack": self.pack,
            "tracks": self.tracks,
            "expected": self.expected,
            "found": self.found,
            "wrong": [{"person": who, "span": list(span)} for who, span in self.wrong],
            "intervals": [
                {
                    "person": one.person,
                    "enrolled": one.enrolled,
                    "true": list(one.true),
                    "seen": [list(span) for span in one.seen],
                    "band": one.band or None,
                }
                for one in self.intervals
            ],
        }

    def as_text(self) -> Iterator[str]:
        """The tables, in Markdown."""
        yield (
            f"Pack `{self.pack}`: {self.found} of {self.expected} intervals found,"
            f" {len(self.wrong)} wrong, {self.tracks} tracks."
        )
        yield ""
        yield "| Person | In view | Found | Outcome |"
        yield "|---|---|---|---|"
        for one in self.intervals:
            seen = ", ".join(in_words(span) for span in one.seen)
            yield f"| {one.person} | {in_words(one.true)} | {seen} | {_words(one)} |"
        for who, span in self.wrong:
            yield f"| | | {in_words(span)} | **wrong: {who}** |"


def measure_film(folder: Path, settings: Settings) -> FilmAccuracy:
    """
    Enrol from `folder/photos`, ingest the film of `folder/video` and compare with its truth.

    Raises `NotFound` if that is not there, and `NoModel` if the pack is not installed.
    """
    truth, film = read_truth(folder / "photos"), folder / "video" / FILM
    if not film.is_file():
        raise NotFound(f"{film}: there is no such film")
    with tempfile.TemporaryDirectory(prefix="countenance-accuracy-") as scratch:
        root = Path(scratch)
        (root / "films").mkdir()
        shutil.copy(film, root / "films")
        own = settings.with_keys(root / "keys").with_searches(MAX_SEARCHES)
        with Library.init(root / "library", own) as library:
            for who, files in truth.portraits.items():
                portraits = [Portrait(one.name, one.read_bytes()) for one in files]
                library.enrol(who, portraits, (Wish(Purpose.FIND_ME),))
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            library.add_folder(root / "films", Given("the bench", tomorrow), ground="measurement")
            report = library.ingest()
            seen = {
                who: library.find(who, purpose=Purpose.FIND_ME).sightings for who in truth.portraits
            }
            return _compared(library.pack.id, report.faces, _intervals(folder), seen)


# --------------------------------------------------------------------------------------------------


def _intervals(folder: Path) -> list[tuple[str, Span]]:
    with (folder / "video" / INTERVALS).open(newline="", encoding="utf-8") as file:
        return [
            (row["person"], (float(row["first_second"]), float(row["last_second"])))
            for row in csv.DictReader(file)
        ]


def _compared(
    pack: str,
    tracks: int,
    intervals: list[tuple[str, Span]],
    seen: dict[str, tuple[Sighting, ...]],
) -> FilmAccuracy:
    order = ["sure", "likely", "unsure"]
    told = []
    for who, true in intervals:
        within = [one for one in seen.get(who, ()) if one.span and meet([one.span], [true])]
        bands = sorted((str(one.band) for one in within), key=order.index)
        spans = tuple(one.span for one in within if one.span)
        told.append(Interval(who, who in seen, true, spans, bands[0] if bands else ""))
    wrong = [
        (who, one.span)
        for who, among in seen.items()
        for one in among
        if one.span and not meet([one.span], [true for name, true in intervals if name == who])
    ]
    return FilmAccuracy(pack, tracks, tuple(told), tuple(wrong))


def _words(one: Interval) -> str:
    if one.seen:
        return f"found, {one.band}; off by {one.off:.1f} s at most"
    return "missed" if one.enrolled else "nobody, right"
