from datetime import date

import pytest

from countenance.errors import UsageError
from countenance.search.question import MAX_CHARACTERS, read_question


@pytest.mark.parametrize(
    ("text", "terms", "since", "until"),
    [
        ("Ada Berg", ("Ada", "Berg"), None, None),
        ("2026", (), date(2026, 1, 1), date(2026, 12, 31)),
        ("2024-02", (), date(2024, 2, 1), date(2024, 2, 29)),
        ("Ada 2026-05-03 finish", ("Ada", "finish"), date(2026, 5, 3), date(2026, 5, 3)),
        ("2026-05-01..2026-05-09", (), date(2026, 5, 1), date(2026, 5, 9)),
        ("2026-05..2026-06", (), date(2026, 5, 1), date(2026, 6, 30)),
        ("May 2026", (), date(2026, 5, 1), date(2026, 5, 31)),
        ("3 maj 2026 mål", ("mål",), date(2026, 5, 3), date(2026, 5, 3)),
        ("3. Maj 2026", (), date(2026, 5, 3), date(2026, 5, 3)),
        ("May", ("May",), None, None),
        ("May Berg", ("May", "Berg"), None, None),
        ('"summer ball" 1234', ('"summer ball"', "1234"), None, None),
        ("2026 2026-05-03", (), date(2026, 5, 3), date(2026, 5, 3)),
        ("a..b", ("a..b",), None, None),
        ("12 9999", ("12", "9999"), None, None),
    ],
)
def test_a_line_is_dates_and_words(
    text: str, terms: tuple[str, ...], since: date | None, until: date | None
) -> None:
    """What is a date narrows the days; everything else stands as it was typed."""
    read = read_question(text)
    assert (read.terms, read.since, read.until) == (terms, since, until)


@pytest.mark.parametrize("text", ["", "  ", "2026-13", "2026-02-30", "x" * (MAX_CHARACTERS + 1)])
def test_what_is_no_question_is_said(text: str) -> None:
    """Nothing at all, too much, and days that there are not."""
    with pytest.raises(UsageError):
        read_question(text)
