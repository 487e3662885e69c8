"""
The Python API: one object, one method a use case.

    from countenance.library import Library

    with Library.open(Path("gala")) as library:
        library.ingest()
        for sighting in library.find("Ada", purpose=Purpose.FIND_ME).sightings:
            print(sighting.locator, sighting.band)
"""

from countenance.library.accounts import AccountAdded, Link
from countenance.library.library import Library
from countenance.library.links import Issued, Joined, Joining, Own
from countenance.library.people import Enrolled
from countenance.library.photos import Inventory
from countenance.library.recipients import Page, RecipientAdded
from countenance.library.signins import Caller, SignedIn
from countenance.library.sources import Given, Place, SourceAdded
from countenance.library.tokens import TokenAdded
from countenance.library.uploads import UploadDone

__all__ = [
    "AccountAdded",
    "Caller",
    "Enrolled",
    "Given",
    "Inventory",
    "Issued",
    "Joined",
    "Joining",
    "Library",
    "Link",
    "Own",
    "Page",
    "Place",
    "RecipientAdded",
    "SignedIn",
    "SourceAdded",
    "TokenAdded",
    "UploadDone",
]
