"""`countenance calibrate`: how often this library's bands were right."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from countenance.cli.answer import answer, counted, table
from countenance.cli.command import Call, command
from countenance.core.rates import Rate

if TYPE_CHECKING:
    from countenance.search.calibrate import BandRates, OwnRates


@command(
    "calibrate",
    changes="nothing: it counts what people decided",
    example="countenance calibrate",
)
def calibrate(call: Call) -> None:
    """
    Measure how often bands were right, by what people decided.

    For each band: how much of what was decided in it was confirmed, with the interval in which the
    true share lies, and whether the band keeps its promise of false names for strangers' faces.
    Then the same by the height of the face, by the quality of the reference, and by the age band
    stated at enrolment, where at least 5 people are in the group. Counts alone: no names, no
    distances.
    """
    with call.open() as library:
        found = library.calibrate()
    document = {
        "faces": found.faces,
        "strangers": found.strangers,
        "named": found.named,
        "by_hand": found.by_hand,
        "bands": [_band_json(one) for one in found.bands],
        "groups": [
            {
                "by": one.by,
                "group": one.group,
                "band": one.band,
                "confirmed": one.confirmed.as_json(),
            }
            for one in found.groups
        ],
    }
    answer(call, document, _text(found))


# --------------------------------------------------------------------------------------------------

_KEPT = {"yes": "keeps its promise", "no": "BREAKS its promise", "open": "not enough to say"}


def _band_json(one: "BandRates") -> dict[str, object]:
    return {
        "band": one.band,
        "confirmed": one.confirmed.as_json(),
        "undecided": one.undecided,
        "promise": one.promise,
        "false": one.false.as_json(),
        "worst": one.worst.as_json(),
        "kept": one.kept,
    }


def _text(found: "OwnRates") -> Iterator[str]:
    yield (
        f"{counted(found.faces, 'face')} compared, {found.strangers:,} of them nobody's who is "
        "enrolled"
    )
    yield from table(
        [(one.band, _words(one.confirmed), f"{one.undecided:,}") for one in found.bands],
        heads=("band", "confirmed, of what was decided", "undecided"),
    )
    yield ""
    yield "false names for each stranger's face, this band or better:"
    yield from table(
        [
            (one.band, f"at most {one.promise:g}", _words(one.false), _KEPT[one.kept])
            for one in found.bands
        ],
        heads=("band", "promised", "rejected", ""),
    )
    if found.groups:
        yield ""
        yield from table(
            [(one.by, one.group, one.band, _words(one.confirmed)) for one in found.groups],
            heads=("by", "", "band", "confirmed"),
        )
    yield ""
    yield (
        f"of {counted(found.named + found.by_hand, 'confirmed sighting')} {found.by_hand:,} were "
        "put there by hand: the model had not seen them"
    )
    yield (
        "people decide what they are asked; so this says most of what is in the review, and least "
        "of who was never named"
    )


def _words(rate: Rate) -> str:
    if rate.share is None:
        return "nothing decided yet"
    low, high = rate.interval
    return (
        f"{100 * rate.share:.1f} % ({rate.count:,} of {rate.of:,}; between {100 * low:.1f} and "
        f"{100 * high:.1f})"
    )
