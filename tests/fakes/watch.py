"""
Watching processes from outside: which there are, what is in their files, whom they call.

`python -m tests.fakes.watch FOLDER PROCESS`, with needles on a line of its standard input as a list
in hex, looks into files again and again until that ends, and then says which held one of them.
"""

import ipaddress
import json
import mmap
import os
import select
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def descendants(process: int) -> list[int]:
    """The processes that `process` started, and those that they did; not itself."""
    children: dict[int, list[int]] = {}
    for one in _PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parent = int((one / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(one.name))
    found, waiting = [], [process]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def files_holding(needles: Sequence[bytes], folder: Path, process: int) -> set[str]:
    """
    The files that hold one of `needles`: those below `folder`, and those in memory or removed that
    a process below `process` has open, as a store has them that nobody else is to see.
    """
    return {name for name, path in _files(folder, process) if _holds(path, needles)}


def addresses_called(process: int) -> set[str]:
    """
    The addresses beyond this machine that `process`, or one below it, has a connection to now.

    Of TCP and UDP, as the system's own tables have them.
    """
    sockets = _sockets([process, *descendants(process)])
    own = own_addresses()
    found = set()
    for table in _TABLES:
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                cells = line.split()
                where, _, port = cells[2].partition(":")
                address = _address(where)
                if cells[9] in sockets and int(port, 16) and address not in own:
                    found.add(f"{address}:{int(port, 16)}")
    return found


def own_addresses() -> set[str]:
    """Of this machine, its loopback among them."""
    found = {one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None)}
    # Which of ours leads outward: nothing is sent for that.
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("203.0.113.1", 9))
        found.add(asked.getsockname()[0])
    return {str(one) for one in found} | {"127.0.0.1", "::1", "0.0.0.0", "::"}  # noqa: S104


HOOK = """
import os, sys
def _heard(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple):
        where = args[1][0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        where = args[0]
    elif event == "socket.sendto" and isinstance(args[1], tuple):
        where = args[1][0]
    else:
        return
    where = where.decode() if isinstance(where, bytes) else str(where)
    with open(os.environ["WATCHED"], "a") as file:
        file.write(f"{event} {where}\\n")
    if where in os.environ.get("BARRED", "").split(","):
        raise OSError("barred by the test")
sys.addaudithook(_heard)
"""
"""
A `sitecustomize`, for a folder on PYTHONPATH: every Python process writes into the file WATCHED
whom it calls, and whose name it asks for, before it does. Those in BARRED it does not get to.
"""


# --------------------------------------------------------------------------------------------------

_TABLES = ("tcp", "udp", "tcp6", "udp6")


def _sockets(processes: Sequence[int]) -> set[str]:
    """The numbers of the sockets that these have open."""
    found = set()
    for one in processes:
        with suppress(OSError):
            for descriptor in (_PROC / str(one) / "fd").iterdir():
                with suppress(OSError):
                    target = str(descriptor.readlink())
                    if target.startswith("socket:["):
                        found.add(target[8:-1])
    return found


def _address(word: str) -> str:
    data = bytes.fromhex(word)
    turned = b"".join(data[start : start + 4][::-1] for start in range(0, len(data), 4))
    address = ipaddress.ip_address(turned)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _files(folder: Path, process: int) -> Iterator[tuple[str, Path]]:
    for below, _, names in os.walk(folder):
        yield from ((name, Path(below) / name) for name in names)
    seen = set()
    for one in descendants(process):
        with suppress(OSError):
            for descriptor in (_PROC / str(one) / "fd").iterdir():
                with suppress(OSError):
                    target = str(descriptor.readlink())
                    inode = descriptor.stat().st_ino
                    if target.startswith(("/dev/shm", str(folder))) and inode not in seen:  # noqa: S108
                        seen.add(inode)
                        yield target, descriptor


def _holds(path: Path, needles: Sequence[bytes]) -> bool:
    with (
        suppress(OSError, ValueError),  # it is empty, or gone by now
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return any(content.find(one) >= 0 for one in needles)
    return False


def _main(folder: Path, process: int) -> None:
    needles = [bytes.fromhex(one) for one in json.loads(sys.stdin.readline())]
    held, ended = set[str](), False
    while not ended:
        ended = bool(select.select([sys.stdin], [], [], _PAUSE)[0])
        held |= files_holding(needles, folder, process)
    sys.stdout.write(json.dumps(sorted(held)))


_PAUSE = 1.0  # seconds between two looks

if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
