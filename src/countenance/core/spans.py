"""
Spans: stretches of a film, in seconds from its beginning, and how they are written.

A span is `(begin, end)`, both seen, so that of one instant the two are equal. It is written
`00:12.5-00:14.0`, minutes and seconds to a tenth, and from an hour on `1:02:12.5`.
"""

from collections.abc import Iterable

Span = tuple[float, float]


def meet(one: Iterable[Span], others: Iterable[Span]) -> bool:
    """Whether some span of `one` and some span of `others` have an instant in common."""
    known = tuple(others)
    return any(
        begin <= other_end and other_begin <= end
        for begin, end in one
        for other_begin, other_end in known
    )


def joined(spans: Iterable[Span], *, gap: float) -> tuple[Span, ...]:
    """The same stretches in their order; those that lie no further apart than `gap` as one."""
    whole: list[Span] = []
    for begin, end in sorted(spans):
        if whole and begin - whole[-1][1] <= gap:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((begin, end))
    return tuple(whole)


def in_words(span: Span) -> str:
    """`00:12.5-00:14.0`, or `00:12.5` where both ends are one."""
    begin, end = (moment(one) for one in span)
    return begin if begin == end else f"{begin}-{end}"


def fragment(span: Span) -> str:
    """What to put behind a film's address so that it plays from there (W3C Media Fragments)."""
    return f"#t={span[0]:.1f}"


def moment(seconds: float) -> str:
    """`00:12.5`, or `1:02:12.5`: to a tenth of a second."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    clock = f"{minutes:02}:{tenths // 10:02}.{tenths % 10}"
    return f"{hours}:{clock}" if hours else clock
