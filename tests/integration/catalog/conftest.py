"""An empty catalog, and one with a source in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from countenance.catalog import collections, sources
from countenance.catalog.database import Database
from countenance.core.ids import GrantId, SourceId, new_id
from countenance.sources.grant import Grant
from countenance.sources.source import Source, SourceKind
from tests.fakes.clock import START
from tests.fakes.gala import A_DAY
from tests.fakes.postgres import new_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = new_database(tmp_path / "catalog.db")
    made.create(new_id("l"), at=START)
    yield made
    made.close()


@pytest.fixture
def grant(database: Database) -> Grant:
    """The grant of a source that stands in the catalog."""
    source = SourceId(new_id("d"))
    grant = Grant(GrantId(new_id("g")), source, "the club", START, START + 30 * A_DAY)
    with database.write() as tx:
        where = collections.add(tx, "gala", at=START).id
        sources.add(tx, Source(source, SourceKind.FOLDER, "/gala", where, START), grant)
    return grant
