"""The machine's clock."""

from datetime import UTC

from countenance.core.clock import SystemClock


def test_system_clock_tells_utc() -> None:
    """An instant of the machine's clock knows that it is in UTC."""
    assert SystemClock().now().tzinfo is UTC
