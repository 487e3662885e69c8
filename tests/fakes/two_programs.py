"""
Two programs at one library: one appends to its log, one carries erasures through.

    python -m tests.fakes.two_programs appends|erases LIBRARY

Each waits for a line on its standard input. Then `appends` opens the library for each act anew, as
one command after the other does, and writes a line after each, until its input ends. `erases` has
it open all the time, and enrols and withdraws somebody `ROUNDS` times.
"""

import sys
import threading
from pathlib import Path

from countenance.enrol.enrol import Portrait
from countenance.people.purpose import Purpose, Wish
from tests.fakes.clock import FakeClock
from tests.fakes.gala import open_library
from tests.fakes.vision import FakeVision, picture

ROUNDS = 3


def append(root: Path) -> None:
    """A small act after the other, until the input ends."""
    ended = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=[ended], daemon=True).start()
    number = 0
    while not ended.is_set():
        # Who closes a database last empties its write-ahead log: by the locks it knows who is last.
        with open_library(root, FakeClock(), FakeVision()) as library:
            library.add_collection(f"collection {number}")
        number += 1
        _say(str(number))


def erase(root: Path) -> None:
    """Somebody comes and goes, three times over, with the scanner that the product has."""
    with open_library(root, FakeClock(), FakeVision()) as library:
        # The fake scans in its own process: but here two have the library open.
        library._scanner = library._scanner_apart
        for number in range(ROUNDS):
            name = f"Ada {number}"
            portrait = Portrait("portrait.jpg", picture(1))
            library.enrol(name, [portrait], (Wish(Purpose.FIND_ME),), evidence=name.encode() * 9)
            done = library.withdraw(name)
            _say(library.erasure(done.erasure).stage)


# --------------------------------------------------------------------------------------------


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    what, root = sys.argv[1:]
    _say("ready")
    sys.stdin.readline()
    {"appends": append, "erases": erase}[what](Path(root))


if __name__ == "__main__":
    main()
