"""Everything that a use case stores into, and the clock it stores by."""

from dataclasses import dataclass

from countenance.catalog.database import Database
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
