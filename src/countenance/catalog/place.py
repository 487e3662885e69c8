"""
The place of a library's catalog: a file in its folder, or a database that the folder names.

How a library was made decides. The setting `catalog` says where new ones are made, and how the
server of those that are there is reached now.
"""

import os

from countenance.catalog import postgresql
from countenance.catalog.database import Database
from countenance.errors import UsageError
from countenance.vault.files import sync_folder, unavailable, write_file
from countenance.vault.layout import LibraryLayout


def catalog_of(layout: LibraryLayout, setting: str) -> Database:
    """
    The catalog of the library in the folder of `layout`, which need not be there yet.

    Raises `Unavailable` if its address cannot be read, or the driver is not installed.
    """
    address = address_of(layout, setting)
    return Database.at(address) if address else Database.of_library(layout.catalog)


def address_of(layout: LibraryLayout, setting: str) -> str:
    """The address of a catalog that is no file, without a password; else the empty string."""
    if layout.catalog.exists() or not layout.address.exists():
        return ""
    with unavailable(f"{layout.address}"):
        written = layout.address.read_text(encoding="utf-8", errors="replace").strip()
    return postgresql.reached_by(written, setting)


def make_place(layout: LibraryLayout, setting: str) -> None:
    """
    Make an empty database for a new library where `setting` says, and write down its address.

    Nothing is done where the catalog is to be a file, or has a place already. Raises `UsageError`
    if another library is in the database that it names, and `Unavailable` if the server is away.
    """
    if not setting or layout.exists():
        return
    address = new_database(setting)
    # A crash before this leaves a database with nothing in it.
    with unavailable(f"{layout.address}"):
        write_file(layout.address, address.encode(), flags=os.O_CREAT | os.O_EXCL, durable=True)
        sync_folder(layout.root)


def new_database(setting: str) -> str:
    """
    The address of a database for a new library, which is made if it is not there.

    Raises as `make_place` does.
    """
    address = postgresql.with_database(setting)
    postgresql.make_database(address)
    database = Database.at(address)
    try:
        database.require_empty()
    finally:
        database.close()
    return address


def require_one_place(layout: LibraryLayout) -> None:
    """Raises `UsageError` if the folder has a catalog in a file and names another."""
    if layout.catalog.exists() and layout.address.exists():
        raise UsageError(
            f"{layout.root}: {layout.catalog.name} is here, and {layout.address.name} too",
            hint="move the one away that is not the library's",
        )
