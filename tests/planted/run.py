"""
`make test-planted`: every plant, and the tests that must find it.

Each plant gets a pytest of its own, which must fail; the same tests run once with nothing planted,
and must pass. A plant is found if a test says that something is not as it should be. That the
planted code itself fell over (a name that is not there, say) is no finding: then the plant is
broken.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from pathlib import Path

import click

from tests.planted.plant import Plant
from tests.planted.plants import PLANTS

REPOSITORY = Path(__file__).resolve().parents[2]
AT_ONCE = 2
HANGS_SECONDS = 200.0
SOUND_SECONDS = 1200.0
"""For all the tests at once, with nothing planted."""

OWN_FAULT = ("AttributeError", "ImportError", "KeyError", "NameError", "TypeError", "UnboundLocal")
"""Errors of which a plant, and not the product, is to be suspected."""

_PASSED, _FAILED = 0, 1
_FAILURE = re.compile(r"^FAILED (\S+?::.+?)(?: - (.*))?$", re.MULTILINE)


class Verdict(StrEnum):
    """What became of a plant."""

    FOUND = "found"
    NOT_FOUND = "NOT FOUND"
    BROKEN = "BROKEN"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of pytest came to, and how long it took. `said` is a test, or the trouble."""

    verdict: Verdict
    said: str = ""
    seconds: float = 0.0


def judge(code: int, written: str) -> tuple[Verdict, str]:
    """What pytest's exit code, and the end of what it wrote, say of a plant."""
    if code == _PASSED:
        return Verdict.NOT_FOUND, ""
    failure = _FAILURE.search(written)
    if code != _FAILED or failure is None:
        return Verdict.BROKEN, _last_line(written)
    test, why = failure.groups()
    if (why or "").startswith(OWN_FAULT):
        return Verdict.BROKEN, f"{test}: {why}"
    return Verdict.FOUND, test


def one_of_each_first(plants: Sequence[Plant]) -> list[Plant]:
    """The first of every promise, then the second ones: however short the time, none is missed."""
    before: Counter[str] = Counter()
    rounds = []
    for one in plants:
        rounds.append(before[one.promise])
        before[one.promise] += 1
    return [one for _, one in sorted(zip(rounds, plants, strict=True), key=itemgetter(0))]


def main(words: Sequence[str] | None = None) -> int:
    """Run the plants; 0 if each that was run was found."""
    options = _options(words)
    named = [PLANTS[name] for name in options.plants]
    plants = named or one_of_each_first([*PLANTS.values()])
    begun = time.monotonic()

    def late() -> bool:
        return bool(options.seconds) and time.monotonic() - begun > options.seconds

    line = _line(plants)
    click.echo(line("PLANT", "PROMISE", "SECONDS", "FOUND BY"))
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        coming = pool.map(lambda one: _left_out() if late() else _run(one), plants)
        for one, came in zip(plants, coming, strict=True):
            said = came.said if came.verdict is Verdict.FOUND else f"{came.verdict} {came.said}"
            click.echo(line(one.name, one.promise, f"{came.seconds:.1f}", said))
            outcomes.append(came)
        trouble = _without_plants(_that_ran(plants, outcomes), pool)
    for words_of in _summary(plants, outcomes, trouble, time.monotonic() - begun):
        click.echo(words_of)
    failed = [one for one in outcomes if one.verdict in (Verdict.NOT_FOUND, Verdict.BROKEN)]
    return 1 if failed or trouble else 0


# --------------------------------------------------------------------------------------------


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make test-planted", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0, help="start none after; 0 runs all")
    parser.add_argument(
        "plants", nargs="*", metavar="PLANT", help="only these", choices=[*PLANTS, []]
    )
    return parser.parse_args(words)


def _pytest(*words: str, seconds: float = HANGS_SECONDS) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", *words],
        cwd=REPOSITORY,
        # There pytest does not shorten its lines, and Hypothesis draws the same each time.
        env=os.environ | {"CI": "1"},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )
    return ran.returncode, ran.stdout


def _run(one: Plant) -> Outcome:
    begun = time.monotonic()
    try:
        verdict, said = judge(*_pytest("-x", "--plant", one.name, *one.found_by))
    except subprocess.TimeoutExpired:
        verdict, said = Verdict.BROKEN, f"its tests did not end within {HANGS_SECONDS:g} s"
    return Outcome(verdict, said, time.monotonic() - begun)


def _left_out() -> Outcome:
    return Outcome(Verdict.LEFT_OUT)


def _that_ran(plants: Sequence[Plant], outcomes: Sequence[Outcome]) -> list[Plant]:
    both = zip(plants, outcomes, strict=True)
    return [one for one, came in both if came.verdict is not Verdict.LEFT_OUT]


def _without_plants(plants: Sequence[Plant], pool: ThreadPoolExecutor) -> str:
    """Nothing if the tests pass with nothing planted, else the end of what they said."""
    nodes = sorted({node for one in plants for node in one.found_by})
    parts = [part for part in (nodes[place::AT_ONCE] for place in range(AT_ONCE)) if part]
    return "\n".join(filter(None, pool.map(_sound, parts)))


def _sound(nodes: Sequence[str]) -> str:
    try:
        code, written = _pytest(*nodes, seconds=SOUND_SECONDS)
    except subprocess.TimeoutExpired:
        return f"they did not end within {SOUND_SECONDS:g} s"
    return "" if code == _PASSED else "\n".join(written.splitlines()[-20:])


def _line(plants: Sequence[Plant]) -> Callable[[str, str, str, str], str]:
    """Writes a line of the table, in which each column is as wide as its widest word."""
    width = max(len(one.name) for one in plants)
    return lambda name, promise, seconds, said: f"{name:{width}}  {promise:7}  {seconds:>7}  {said}"


def _summary(
    plants: Sequence[Plant], outcomes: Sequence[Outcome], trouble: str, seconds: float
) -> list[str]:
    by_verdict = {
        verdict: [
            one.name for one, came in zip(plants, outcomes, strict=True) if came.verdict is verdict
        ]
        for verdict in Verdict
    }
    lines = [f"{len(by_verdict[Verdict.FOUND])} of {len(plants)} plants found, {seconds:.0f} s"]
    if trouble:
        lines.append(f"with nothing planted the same tests fail:\n{trouble}")
    worth_naming = (Verdict.NOT_FOUND, Verdict.BROKEN, Verdict.LEFT_OUT)
    lines += [f"{one}: {', '.join(by_verdict[one])}" for one in worth_naming if by_verdict[one]]
    return lines


def _last_line(written: str) -> str:
    return next((line for line in reversed(written.splitlines()) if line.strip()), "")


if __name__ == "__main__":
    sys.exit(main())
