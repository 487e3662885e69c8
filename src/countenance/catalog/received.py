"""Who received pictures of a person: what the person may read of disclosures and recalls (P33)."""

from sqlalchemy import Connection, select

from countenance.catalog.tables import disclosed_person, disclosure, recall, recipient
from countenance.core.ids import DisclosureId, PersonId, PhotoId
from countenance.people.record import Delivery


def received(tx: Connection, who: PersonId) -> list[Delivery]:
    """What others were given in which a person is shown, oldest first."""
    query = (
        select(disclosure, recipient.c.name, recipient.c.contact)
        .join(disclosed_person, disclosed_person.c.disclosure_id == disclosure.c.id)
        .join(recipient, recipient.c.id == disclosure.c.recipient_id)
        .where(disclosed_person.c.person_id == who)
        .order_by(disclosure.c.at, disclosure.c.id)
    )
    found = tx.execute(query).all()
    recalled = _recalled(tx, [row.id for row in found])
    return [
        Delivery(
            DisclosureId(row.id),
            row.name,
            row.contact,
            PhotoId(row.photo_id),
            row.channel,
            row.at,
            recalled.get(row.id, ""),
        )
        for row in found
    ]


# --------------------------------------------------------------------------------------------


def _recalled(tx: Connection, disclosures: list[str]) -> dict[str, str]:
    """The state of the newest recall of each, where there is one."""
    query = select(recall).where(recall.c.disclosure_id.in_(disclosures)).order_by(recall.c.seq)
    return {row.disclosure_id: row.state for row in tx.execute(query)}
