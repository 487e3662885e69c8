"""
`docs/promises.md`: which tests carry which promise, and which planted bugs judge those tests.

The first two columns of its table are written by hand, the others here: from the markers in the
tests, and from the plants. `python -m tests.promises` writes them; a test fails where they are old.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from tests.planted.plants import PLANTS

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "promises.md"
PROMISES = tuple(f"P{number}" for number in range(1, 35))

_MARKER = re.compile(r"""mark\.promise\(([^)]*)\)""")
_NAMED = re.compile(r"""["'](P\d+)["']""")
_ROW = re.compile(r"^\| (P\d+) \| ([^|]+) \|.*\|$", re.MULTILINE)
_NOBODY = "none yet"


def carried() -> dict[str, list[str]]:
    """The files with tests that carry each promise, by the promise, in their order."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        marks = " ".join(_MARKER.findall(path.read_text(encoding="utf-8")))
        for promise in sorted(set(_NAMED.findall(marks))):
            found[promise].append(path.relative_to(REPOSITORY / "tests").as_posix())
    return dict(found)


def said(page: str) -> dict[str, str]:
    """The sentence of each promise that has a row."""
    return dict(_ROW.findall(page))


def written(page: str) -> str:
    """The page, with the rows as the tests and the plants are now."""
    tests = carried()

    def row(found: re.Match[str]) -> str:
        promise, sentence = found.groups()
        files = ", ".join(f"`{name}`" for name in tests.get(promise, ())) or _NOBODY
        bugs = ", ".join(one.name for one in PLANTS.values() if one.promise == promise) or _NOBODY
        return f"| {promise} | {sentence} | {files} | {bugs} |"

    return _ROW.sub(row, page)


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(written(before), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(REPOSITORY)}: {len(said(before))} promises\n")
