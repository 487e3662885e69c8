from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from countenance.cli.arguments import LastDay, read_file, read_picture
from countenance.core.clock import SystemClock
from countenance.errors import Unavailable
from countenance.media.limits import Limits


def test_a_day_that_is_over_is_named() -> None:
    """With the option and the day as they were typed; the day that it is now is not over."""
    option = click.Option(["--until"])
    with pytest.raises(click.BadParameter, match="2020-02-29: it would be over") as caught:
        LastDay().convert("2020-02-29", option, None)
    assert "'--until'" in caught.value.format_message()
    today = SystemClock().now()
    assert LastDay().convert(f"{today:%Y-%m-%d}", option, None) > today


def test_day_holds_to_its_end() -> None:
    """`--until 2927-05-31` ends with the first instant of June, in UTC."""
    assert LastDay().convert("2927-05-31", None, None) == datetime(2927, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "word",
    [
        *("", "soon", "2027-02-30", "2027-13-01", "31.5.2027", "9999-12-31"),
        *("20270531", "2027-W22-1", "2027-151", " 2027-05-31", "٢٠٢٧-٠٥-٣١"),  # noqa: RUF001  digits
    ],
)
def test_what_is_no_day_is_wrong_usage(word: str) -> None:
    """The message says what was expected, with an example."""
    with pytest.raises(click.BadParameter, match="expected YYYY-MM-DD"):
        LastDay().convert(word, None, None)


def test_picture_is_read_no_further_than_it_may_be_long(tmp_path: Path) -> None:
    """A file of many gigabytes does not fill the memory before it is refused."""
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(2 * Limits().max_bytes)
    assert len(read_picture(huge)) == Limits().max_bytes + 1


@pytest.mark.parametrize("read", [read_file, read_picture])
def test_unreadable_file_is_unavailable(read: object, tmp_path: Path) -> None:
    """A file that went away between the check and the reading is named."""
    assert callable(read)
    with pytest.raises(Unavailable, match=r"gone\.jpg: cannot be read: No such file"):
        read(tmp_path / "gone.jpg")
