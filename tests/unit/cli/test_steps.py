"""How many steps things take at the command line."""

import click
import pytest

from countenance.cli.enrol import enrol
from countenance.cli.withdraw import withdraw


@pytest.mark.promise("P16")
def test_withdrawing_takes_no_more_steps_than_giving() -> None:
    """It needs one command and who it is; giving needs besides what is agreed to, and a picture."""
    assert [one.name for one in _needed(withdraw)] == ["who"]
    assert len(_needed(withdraw)) < len(_needed(enrol))


@pytest.mark.promise("P16")
def test_nothing_that_has_to_be_typed_stands_before_a_withdrawal() -> None:
    """No reason, no document, no second person: what may be said besides narrows it or skips."""
    asked = {word for one in withdraw.params if not one.required for word in one.opts}
    assert asked >= {"--purpose", "--dry-run", "--yes"}
    assert [
        one.name for one in withdraw.params if isinstance(one, click.Option) and one.prompt
    ] == []


# --------------------------------------------------------------------------------------------


def _needed(command: click.Command) -> list[click.Parameter]:
    return [one for one in command.params if one.required]
