"""
The rule of a collection, as every query of sightings asks it: whether faces there may be recognised
at all, and of minors whether the person is on the roster (P11).
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

from countenance.catalog.tables import collection, roster

S = TypeVar("S", bound=Select[Any])

IS_ON: ColumnElement[bool] = and_(collection.c.recognition, collection.c.ground != "")
"""The rule of the collection is on."""


def of_the_roster(query: S, who: ColumnElement[Any]) -> S:
    """
    `query`, which has `collection` in it, without what is of minors who are not on the roster.

    `who` is the column of the person.
    """
    listed = (roster.c.collection_id == collection.c.id) & (roster.c.person_id == who)
    may = or_(collection.c.minors.is_(False), roster.c.person_id.is_not(None))
    return query.outerjoin(roster, listed).where(may)
