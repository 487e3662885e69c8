"""The copy ledger: a row before the bytes, confirmed after."""

import pytest
from sqlalchemy import insert

from countenance.catalog import copies, photos
from countenance.catalog.database import Database
from countenance.catalog.photos import NewPhoto
from countenance.catalog.tables import face
from countenance.core.canonical import digest
from countenance.core.ids import new_id
from countenance.errors import NotFound, Unavailable
from countenance.sources.grant import Grant
from countenance.vault.ledger import Copy, CopyKind
from tests.fakes.clock import START


@pytest.mark.promise("P2")
def test_a_copy_is_intended_then_confirmed_then_forgotten(database: Database) -> None:
    """Until it is confirmed nothing can be read of it; once forgotten nobody knows it."""
    with database.write() as tx:
        made = copies.intend(tx, CopyKind.PREVIEW, at=START)
        assert copies.unconfirmed(tx) == [made]
        with pytest.raises(NotFound, match=made):
            copies.get(tx, made)
        copies.confirm(tx, made, digest=digest(b"bytes"), size=5)
        assert copies.unconfirmed(tx) == []
        expected = Copy(made, CopyKind.PREVIEW, digest(b"bytes"), 5, confirmed=True)
        assert copies.get(tx, made) == expected
        assert copies.ids(tx) == {made}
        copies.forget(tx, [made])
        assert copies.ids(tx) == frozenset()


@pytest.mark.promise("P2")
def test_a_copy_in_use_cannot_be_forgotten(database: Database, grant: Grant) -> None:
    """As long as a photo leads to a copy, the database refuses to lose its row."""
    with database.write() as tx:
        made = copies.intend(tx, CopyKind.PREVIEW, at=START)
        copies.confirm(tx, made, digest=digest(b"bytes"), size=5)
        new = NewPhoto(grant.source, digest(b"photo"), 4, 3, "starter", made, ())
        photos.add(tx, new, compared_with=0, at=START)
    with pytest.raises(Unavailable, match=r"(?i)foreign key"), database.write() as tx:
        copies.forget(tx, [made])
    with database.read() as tx:
        assert copies.ids(tx) == {made}


@pytest.mark.promise("P2")
def test_the_preview_of_a_photo_that_goes_is_an_intention_again(
    database: Database, grant: Grant
) -> None:
    """The photo and its faces go; the preview's row stays until its bytes are gone."""
    with database.write() as tx:
        made = copies.intend(tx, CopyKind.PREVIEW, at=START)
        copies.confirm(tx, made, digest=digest(b"bytes"), size=5)
        new = NewPhoto(grant.source, digest(b"photo"), 4, 3, "starter", made, ())
        photo = photos.add(tx, new, compared_with=0, at=START)
        box = {"x1": 0, "y1": 0, "x2": 1, "y2": 1, "points": []}
        tx.execute(insert(face).values(id=new_id("f"), photo_id=photo, **box))
        assert photos.count(tx) == (1, 1)
        assert photos.remove_if_unlisted(tx, photo) == made
        assert photos.count(tx) == (0, 0)
        assert copies.unconfirmed(tx) == [made]
        assert photos.remove_if_unlisted(tx, photo) is None
