"""Everything that a use case stores into, and the clock it stores by."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from countenance.catalog.database import Database
from countenance.catalog.instant import present
from countenance.core.clock import Clock
from countenance.vault.blobs import BlobStore
from countenance.vault.keys import KeyStore


@dataclass(frozen=True, slots=True)
class Stores:
    """One library's database, keys and blobs."""

    database: Database
    keys: KeyStore
    blobs: BlobStore
    clock: Clock

    def now(self, tx: Connection) -> datetime:
        """The instant at which the transaction `tx` acts: never before any earlier one (P15)."""
        return present(tx, self.clock)
