"""
The version of the photos: it grows with each transaction that changes which photos there are, what
is said of them, or where they stand.

Whatever was made of all photos of a collection is as good as new while this stands where it stood.
It is kept by what is executed, so that nobody who writes has to think of it.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, event, select, update
from sqlalchemy.sql.dml import UpdateBase

from countenance.catalog.tables import erasure, item, library, photo

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import ExecutionContext

_OF_PHOTOS = frozenset({photo.name, item.name, erasure.name})
_CHANGED = "countenance: photos were changed"


def watch(engine: Engine) -> None:
    """From now on each connection of `engine` remembers that it changed something of the photos."""
    event.listen(engine, "after_cursor_execute", _remember)


def begin(tx: Connection) -> None:
    """Nothing has been changed in this transaction yet."""
    tx.info.pop(_CHANGED, None)


def end(tx: Connection) -> None:
    """Before it commits: the version grows if it is another one now."""
    if tx.info.pop(_CHANGED, False):
        tx.execute(update(library).values(photos_version=library.c.photos_version + 1))


def photos_version(tx: Connection) -> int:
    return int(tx.execute(select(library.c.photos_version)).scalar_one())


# --------------------------------------------------------------------------------------------


def _remember(
    tx: Connection,
    _cursor: object,
    _statement: str,
    _parameters: object,
    context: "ExecutionContext | None",
    _many: bool,  # noqa: FBT001
) -> None:
    done = getattr(getattr(context, "compiled", None), "statement", None)
    if isinstance(done, UpdateBase) and done.entity_description["name"] in _OF_PHOTOS:
        tx.info[_CHANGED] = True
