"""
TDMRep, the reservation of text and data mining (W3C community group report of 2024-05-10,
https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/).

A reservation stands in `/.well-known/tdmrep.json`, in headers and in a page's meta elements. It
forbids wherever it stands: where the report lets a page take back what the file says, we do not. A
grant may say that it covers this reservation too (`tdm_authorised`), and lifts it, and no other
veto.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from countenance.sources.site.pattern import matches, path_of
from countenance.sources.site.veto import Answer, Veto

WHERE = "/.well-known/tdmrep.json"
SIGNAL = "tdm-reservation"
MAX_BYTES = 1 << 20

_NOT_RESERVED, _RESERVED = 0, 1


@dataclass(frozen=True, slots=True)
class Reservations:
    """
    What a host's file says.

    `locations` are patterns of paths, each with its reservation as text; `closed` is the veto on
    everything, if the file could not be read.
    """

    locations: tuple[tuple[str, str], ...] = ()
    closed: Veto | None = None

    def vetoes(self, url: str) -> tuple[Veto, ...]:
        """What it says against `url`: the longest location that matches; of equals the stricter."""
        if self.closed is not None:
            return (self.closed,)
        path = path_of(url)
        hits = [one for one in self.locations if matches(one[0], path)]
        longest = max((len(location) for location, _ in hits), default=0)
        return tuple(
            dict.fromkeys(
                veto
                for location, value in hits
                if len(location) == longest
                for veto in in_value(value, where=WHERE)
            )
        )


def read(answer: Answer) -> Reservations:
    """What came for a host's file. Raises nothing: what is malformed forbids everything."""
    if answer.is_absent or (answer.is_there and answer.is_page):
        return Reservations()
    if not answer.is_there:
        return Reservations(closed=answer.unanswered(SIGNAL, WHERE))
    if len(answer.body) > MAX_BYTES:
        return Reservations(closed=Veto(SIGNAL, WHERE, f"more than {MAX_BYTES:,} bytes"))
    try:
        entries = json.loads(answer.body.decode("utf-8-sig"))
        return Reservations(tuple(_locations(entries)))
    except (ValueError, RecursionError):
        return Reservations(closed=Veto(SIGNAL, WHERE, "malformed"))


def in_value(value: str, *, where: str) -> tuple[Veto, ...]:
    """The veto in a header or a meta element: all but `0` reserves."""
    plain = value.strip()
    if plain == str(_NOT_RESERVED):
        return ()
    words = plain if plain == str(_RESERVED) else f"{plain!r}, which is neither 0 nor 1,"
    return (Veto(SIGNAL, where, words),)


# --------------------------------------------------------------------------------------------------


def _locations(entries: object) -> Iterable[tuple[str, str]]:
    """Raises `ValueError` if they are no list of locations."""
    if not isinstance(entries, list):
        raise ValueError("no list")  # noqa: TRY004  # the file is wrong, not the program
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("location"), str):
            raise ValueError("no location")  # noqa: TRY004
        location = entry["location"]
        yield location if location.startswith(("/", "*")) else f"/{location}", _text(entry)


def _text(entry: dict[str, object]) -> str:
    value = entry.get("tdm-reservation")
    return str(int(value)) if isinstance(value, bool | int) else str(value)
