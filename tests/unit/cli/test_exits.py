from pathlib import Path

from countenance import errors
from countenance.cli.exits import DONE, FINDINGS, MEANINGS, exit_table


def test_every_exit_code_has_a_meaning() -> None:
    """The table holds the codes of all errors, and those of the two ends that are no error."""
    branches: list[type[errors.Error]] = [errors.Error, *errors.Error.__subclasses__()]
    codes = {one.exit_code for one in branches if one.__module__ == errors.__name__}
    assert set(MEANINGS) == codes | {DONE, FINDINGS}
    assert list(MEANINGS) == sorted(MEANINGS)


def test_manual_has_the_table(repository: Path) -> None:
    """`docs/cli.md` holds the table of exit codes as it is."""
    manual = (repository / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"\n{exit_table()}\n\n" in manual
