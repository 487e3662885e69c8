"""
Watching folders: which sources have something new, soon after it happened.

The operating system tells of changes, by way of `watchfiles`; nothing is read here. What it may
miss (a network drive, too many folders for it) the next scan on the schedule finds.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from countenance.core.ids import SourceId

if TYPE_CHECKING:
    from watchfiles import Change

Folders = Mapping[SourceId, Path]

_SETTLED_MS = 1600
"""Changes are told together when there were none for this long: a copy is then mostly complete."""


def changes(
    folders: Callable[[], Folders], stop: Event, *, every: float
) -> Iterator[frozenset[SourceId]]:
    """
    The sources in whose folders something changed, as it happens; none of them every `every`
    seconds, until `stop` is set.

    `folders` is asked each time, and gives those that are to be watched from then on.
    """
    while not stop.is_set():
        watched = {source: path for source, path in folders().items() if path.is_dir()}
        if not watched:
            yield frozenset()
            stop.wait(every)
            continue
        yield from _while_the_same(watched, folders, stop, every=every)


# --------------------------------------------------------------------------------------------------


def _while_the_same(
    watched: Folders, folders: Callable[[], Folders], stop: Event, *, every: float
) -> Iterator[frozenset[SourceId]]:
    from watchfiles import watch  # noqa: PLC0415  of use to this function alone

    told = watch(
        *watched.values(),
        watch_filter=_is_plain,
        debounce=_SETTLED_MS,
        rust_timeout=round(every * 1000),
        stop_event=stop,
        yield_on_timeout=True,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    for batch in told:
        paths = [Path(path) for _, path in batch]
        yield frozenset(
            source
            for source, folder in watched.items()
            if any(path.is_relative_to(folder) for path in paths)
        )
        if {source: path for source, path in folders().items() if path.is_dir()} != watched:
            return


def _is_plain(_change: "Change", path: str) -> bool:
    """What is hidden is no picture, and programs write it all the time."""
    return not Path(path).name.startswith(".")
