"""An evaluation in words, for a program, and as charts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from countenance.bench.charts import Axis, Chart, Series, as_png, as_svg
from countenance.bench.evaluation import Compared, Detected, Evaluation
from countenance.bench.identification import Identified
from countenance.bench.protocols import (
    BINS,
    FARTHEST,
    Identification,
    Spread,
    Verification,
    trade_off,
)
from countenance.core.rates import Rate
from countenance.errors import Unavailable

_COLUMNS = 100
"""Of a histogram: each as wide as a fiftieth."""

_POINTS = 400
"""Of a curve, at most: more than a chart has pixels for say nothing more."""


def as_json(measured: Evaluation) -> dict[str, object]:
    """The figures for a program; rates with their 95 % intervals."""
    return {
        "layout": measured.layout,
        "pack": measured.pack,
        "people": measured.people,
        "faces": measured.faces.as_json(),
        "unread": measured.unread,
        "verification": [_compared_json(one) for one in measured.compared],
        "identification": measured.identified and _identified_json(measured.identified),
        "detection": measured.detected and _detected_json(measured.detected),
    }


def as_text(measured: Evaluation) -> Iterator[str]:
    """The tables, in Markdown."""
    unread = f", {measured.unread} pictures not readable" if measured.unread else ""
    yield f"Layout `{measured.layout}`, pack `{measured.pack}`{unread}."
    if measured.faces.of:
        yield f"{measured.people:,} people; faces found: {in_words(measured.faces)}."
        yield ""
        yield from _verification(measured)
    if measured.identified:
        yield ""
        yield from _identification(measured.identified)
    elif measured.faces.of:
        yield ""
        yield "Identification: not measured, for of nobody there is one face to enrol and another."
    if measured.detected:
        yield ""
        yield from _detection(measured.detected)


def in_words(rate: Rate) -> str:
    """`99.1 % (2,973 of 3,000; 98.7 to 99.4)`: the share, what was counted, the interval."""
    if rate.share is None:
        return "nothing to count"
    low, high = rate.interval
    return (
        f"{_percent(rate.share)} % ({rate.count:,} of {rate.of:,}; "
        f"{_percent(low)} to {_percent(high)})"
    )


def charts(measured: Evaluation) -> dict[str, Chart]:
    """By file name without ending: of each protocol the DET curve, and how distances spread."""
    told: dict[str, Chart] = {}
    for one in measured.compared:
        name = one.protocol.replace(" ", "-").replace(".", "-")
        if one.same.total and one.different.total:
            told[f"det-{name}"] = _det(one)
            told[f"distances-{name}"] = _histogram(one)
    return told


def write_charts(measured: Evaluation, folder: Path) -> tuple[Path, ...]:
    """
    Each chart as SVG and as PNG; the folder is made. Gives the files that were written.

    Raises `Unavailable` if they cannot be written there.
    """
    drawn = {
        folder / f"{name}{ending}": data
        for name, chart in charts(measured).items()
        for ending, data in ((".svg", as_svg(chart).encode()), (".png", as_png(chart)))
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in drawn.items():
            path.write_bytes(data)
    except OSError as exc:
        raise Unavailable(f"{folder}: plots cannot be written there: {exc.strerror}") from exc
    return tuple(drawn)


# --- tables ---------------------------------------------------------------------------------------


def _verification(measured: Evaluation) -> Iterator[str]:
    yield "| Pairs | Of one person | Of two | TAR at FMR | 95 % interval |"
    yield "|---|--:|--:|---|---|"
    for one in measured.compared:
        for point in one.points:
            counts = f"{one.same.total:,} | {one.different.total:,}"
            yield f"| {one.protocol} | {counts} | {_at_rate(point)} |"
    for one in measured.compared:
        if one.folds:
            yield ""
            yield (
                f"Accuracy of {one.protocol}, {one.folds.folds} folds: "
                f"{one.folds.mean:.4f}, standard error {one.folds.error:.4f}."
            )


def _at_rate(point: Verification) -> str:
    if point.accepted is None:
        return f"at {point.fmr:g}: {_not_enough(point.needed, 'pairs of two')} | "
    return f"at {point.fmr:g}: {_share(point.accepted)} | {_interval(point.accepted)}"


def _identification(found: Identified) -> Iterator[str]:
    yield (
        f"Gallery of {found.people:,} people; {found.searches:,} searches for them, "
        f"{found.strangers:,} for strangers, who are never enrolled."
    )
    yield ""
    yield "| FPIR | FNIR | 95 % interval |"
    yield "|--:|---|---|"
    for point in found.points:
        yield f"| {point.fpir:g} | {_missed(point)} |"
    yield ""
    yield "| Band, or better | Strangers named, promised | Strangers named | Found | Mistaken |"
    yield "|---|--:|---|---|---|"
    for one in found.bands:
        cells = " | ".join(in_words(rate) for rate in (one.named, one.found, one.mistaken))
        yield f"| `{one.band}` | {one.promise:g} | {cells} |"
    if found.combinations:
        yield ""
        yield "| References count by | Rate as calibrated | Own within it | Others within it |"
        yield "|---|--:|--:|--:|"
        for each in found.combinations:
            own, others = (f"{rate.count:,} of {rate.of:,}" for rate in (each.own, each.others))
            yield f"| {each.way} | {each.rate:g} | {own} | {others} |"
    if found.margins:
        yield ""
        yield "| Rate as calibrated | Second farther by | Own named | Somebody named for nobody |"
        yield "|--:|--:|--:|--:|"
        for step in found.margins:
            own, absent = (f"{rate.count:,} of {rate.of:,}" for rate in (step.own, step.absent))
            yield f"| {step.rate:g} | {step.least:g} | {own} | {absent} |"


def _missed(point: Identification) -> str:
    if point.missed is None:
        return f"{_not_enough(point.needed, 'searches for strangers')} | "
    return f"{_share(point.missed)} | {_interval(point.missed)}"


def _detection(found: Detected) -> Iterator[str]:
    yield "| Face, px | Found |"
    yield "|---|---|"
    for row in found.recall:
        size = f"{row.low:g} to {row.high:g}" if np.isfinite(row.high) else f"{row.low:g} and more"
        yield f"| {size} | {in_words(row.found)} |"
    yield ""
    yield (
        f"{found.alarms:,} boxes where no face is known to be, in {found.photos:,} photos: "
        "some may be faces that nobody marked."
    )


def _not_enough(needed: int, what: str) -> str:
    return f"not enough to say: it takes {needed:,} {what}"


def _share(rate: Rate) -> str:
    return "" if rate.share is None else f"{_percent(rate.share)} %"


def _interval(rate: Rate) -> str:
    low, high = rate.interval
    return f"{_percent(low)} to {_percent(high)} %"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}" if share < 0.1 else f"{100 * share:.1f}"  # noqa: PLR2004  digits


# --- JSON -----------------------------------------------------------------------------------------


def _compared_json(one: Compared) -> dict[str, object]:
    return {
        "pairs": one.protocol,
        "same": one.same.total,
        "different": one.different.total,
        "points": [
            {
                "fmr": point.fmr,
                "needed": point.needed,
                "tar": point.accepted and point.accepted.as_json(),
                "false": point.false and point.false.as_json(),
            }
            for point in one.points
        ],
        "folds": one.folds
        and {"mean": one.folds.mean, "error": one.folds.error, "folds": one.folds.folds},
        "det": [list(point) for point in _det_points(one)],
    }


def _identified_json(found: Identified) -> dict[str, object]:
    return {
        "people": found.people,
        "searches": found.searches,
        "strangers": found.strangers,
        "points": [
            {
                "fpir": point.fpir,
                "needed": point.needed,
                "fnir": point.missed and point.missed.as_json(),
                "false": point.false and point.false.as_json(),
            }
            for point in found.points
        ],
        "bands": [
            {
                "band": one.band,
                "promise": one.promise,
                "strangers": one.named.as_json(),
                "found": one.found.as_json(),
                "mistaken": one.mistaken.as_json(),
            }
            for one in found.bands
        ],
        "combinations": [
            {
                "way": each.way,
                "rate": each.rate,
                "own": each.own.as_json(),
                "others": each.others.as_json(),
            }
            for each in found.combinations
        ],
        "margins": [
            {
                "rate": step.rate,
                "least": step.least,
                "own": step.own.as_json(),
                "absent": step.absent.as_json(),
            }
            for step in found.margins
        ],
    }


def _detected_json(found: Detected) -> dict[str, object]:
    return {
        "photos": found.photos,
        "alarms": found.alarms,
        "recall": [
            {
                "low": row.low,
                "high": row.high if np.isfinite(row.high) else None,
                "found": row.found.as_json(),
            }
            for row in found.recall
        ],
    }


# --- charts ---------------------------------------------------------------------------------------


def _det(one: Compared) -> Chart:
    points = _det_points(one)
    low = max(1 / one.different.total, 1e-8)
    least = max(1 / one.same.total, 1e-5)
    return Chart(
        f"Misses against false matches, {one.protocol}",
        Axis("False-match rate (FMR)", min(low, 0.1), 1, logarithmic=True),
        Axis("False non-match rate (FNMR)", min(least, 0.1), 1, logarithmic=True),
        (Series(one.protocol, points),),
    )


def _det_points(one: Compared) -> tuple[tuple[float, float], ...]:
    """At most `_POINTS` of the curve, spread evenly over the powers of ten of the FMR."""
    false, missed = trade_off(one.same, one.different)
    if not len(false):
        return ()
    wanted = np.geomspace(1 / one.different.total, 1, _POINTS)
    rows = np.unique(np.searchsorted(false, wanted, side="right") - 1)
    return tuple(zip(false[rows].tolist(), missed[rows].tolist(), strict=True))


def _histogram(one: Compared) -> Chart:
    same, different = _shares(one.same), _shares(one.different)
    top = max(float(same.max()), float(different.max()), 0.01)
    series = [
        Series(name, _steps(shares.tolist()))
        for name, shares in (("one person", same), ("two people", different))
    ]
    return Chart(
        f"How far apart pairs are, {one.protocol}",
        Axis("Distance of two templates", 0, FARTHEST),
        Axis("Share of the pairs", 0, top),
        tuple(series),
    )


def _shares(spread: Spread) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    edges = np.linspace(0, BINS, _COLUMNS + 1).astype(np.intp)[:-1]
    counted = np.add.reduceat(spread.counts, edges)
    return np.asarray(counted / spread.total, np.float64)


def _steps(shares: list[float]) -> tuple[tuple[float, float], ...]:
    width = FARTHEST / len(shares)
    corners = [
        (place * width, share) for row, share in enumerate(shares) for place in (row, row + 1)
    ]
    return ((0.0, 0.0), *corners, (FARTHEST, 0.0))
