"""What people take away: their own record, and the receipts of erasures."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from countenance.audit.entry import Act
from countenance.catalog import guardians, log, notices, people, receipts, sightings
from countenance.catalog.people import Person
from countenance.catalog.receipts import Receipt
from countenance.catalog.received import received
from countenance.catalog.sightings import Sighting
from countenance.core.canonical import Json
from countenance.core.ids import ErasureId, PersonId, SourceId
from countenance.errors import NotFound
from countenance.library.photos import address
from countenance.library.sources import Sources
from countenance.people.consent import Consent
from countenance.people.gate import admitted
from countenance.people.letter import in_words
from countenance.people.notice import LANGUAGES
from countenance.people.purpose import RECOGNISING
from countenance.people.record import (
    KIND,
    Appearance,
    Delivery,
    Look,
    No,
    Record,
    as_json_ld,
)
from countenance.sources.source import Reader


@dataclass(frozen=True, slots=True)
class Exported:
    """
    A person's own record: as JSON-LD, the same signed (a JWS), and in words as a signed note.

    Both verify with `key`, the library's public key. `portraits` are the JPEGs of their face that
    are kept by their own choice.
    """

    person: PersonId
    document: dict[str, Json]
    jws: str
    words: str
    key: str
    portraits: tuple[bytes, ...] = ()


class Records(Sources):
    """What is written out for people."""

    def export(self, who: str) -> Exported:
        """
        All that is held of a person, signed: what they agreed to, where they appear, who received
        what, who looked for them. That it was written is in the log, and in the next one (P33).

        Raises `NotFound` if there is no such person, and `Unavailable` if the key is not here.
        """
        from countenance.audit.jws import sign_jws
        from countenance.audit.note import sign_note
        from countenance.catalog.portraits import portraits_of

        self._latch()
        key, signer = self._trail.key(), self._signing_key.read()
        with self._database.write() as tx:
            person = people.get(tx, who)
            own = people.consents(tx, people=[person.id])
            at = self._stores.now(tx)
            seen = _own_sightings(tx, person, own, at=at)
            held = self._held(tx, person, own, str(key))
            kept = portraits_of(tx, self._stores.keys, person.id, at=at)
            live = tuple(one.id for one in own if one.in_force(at))
            self._log(tx, Act.EXPORTED, subjects=(person.id,), rests_on=live)
        self._did_act()
        record = self._with_places(held, seen)
        document = as_json_ld(record)
        words = in_words(record, self._language(own))
        return Exported(
            person.id,
            document,
            sign_jws(document, KIND, key.name, signer),
            str(sign_note(words, key.name, signer)),
            str(key),
            kept,
        )

    def deliveries(self, who: str) -> list[Delivery]:
        """Who received pictures in which a person is shown. Raises `NotFound` if there is none."""
        with self._database.read() as tx:
            return received(tx, people.get(tx, who).id)

    def appearances(self, who: str) -> list[Sighting]:
        """
        Where a person appears, for themselves. It is a look at them, and in the log (P7, P33).

        Raises `NotFound` if there is no such person.
        """
        self._latch()
        with self._database.write() as tx:
            person, at = people.get(tx, who), self._stores.now(tx)
            own = people.consents(tx, people=[person.id])
            seen = _own_sightings(tx, person, own, at=at)
            live = tuple(one.id for one in own if one.in_force(at))
            self._log(tx, Act.EXPORTED, subjects=(person.id,), rests_on=live)
        self._did_act()
        return seen

    def receipts(self, erasure: str = "") -> list[Receipt]:
        """
        The receipts of a case in their order, or all that there are.

        Raises `NotFound` if that case has none.
        """
        with self._database.read() as tx:
            if not erasure:
                return receipts.list_all(tx)
            found = receipts.of(tx, ErasureId(erasure))
        if not found:
            raise NotFound(
                f"{erasure}: no receipt of such an erasure",
                hint="countenance receipt list shows what there is",
            )
        return found

    # ----------------------------------------------------------------------------------------

    def _held(self, tx: Connection, person: Person, own: list[Consent], key: str) -> Record:
        shown = {event.notice for one in own for event in one.events if event.notice}
        return Record(
            library=people.library_id(tx),
            key=key,
            made_at=self._stores.now(tx),
            person=person.id,
            name=person.name,
            enrolled_at=person.enrolled_at,
            standing=person.standing,
            guardians=tuple(guardians.of(tx, person.id)),
            objections=tuple(
                No(one.at, one.role, one.by) for one in guardians.standing(tx, person.id)
            ),
            consents=tuple(own),
            notices=notices.kept(tx, shown),
            deliveries=tuple(received(tx, person.id)),
            looks=tuple(
                Look(one.at, one.actor, one.act.value, one.purpose)
                for one in log.looked_for(tx, person.id)
            ),
        )

    def _with_places(self, record: Record, seen: list[Sighting]) -> Record:
        readers: dict[SourceId, Reader] = {}
        for one in seen:
            if one.source not in readers:
                readers[one.source] = self._reader(self.source(one.source))
        appearances = (
            Appearance(
                one.photo,
                address(one, readers[one.source]),
                one.collection,
                one.state.value,
                "" if one.band is None else one.band.value,
                one.span,
            )
            for one in seen
        )
        return replace(record, appearances=tuple(appearances))

    def _language(self, own: list[Consent]) -> str:
        """The language in which the person was asked last, if the letter is written in it."""
        asked = [event for one in own for event in one.events if event.language in LANGUAGES]
        newest = max(asked, key=lambda event: event.at, default=None)
        return self._settings.language if newest is None else newest.language


# --------------------------------------------------------------------------------------------


def _own_sightings(
    tx: Connection, person: Person, own: list[Consent], *, at: datetime
) -> list[Sighting]:
    """Where a person appears, through the gate: nowhere, if nothing recognises them any more."""
    if person.id not in admitted(own, purposes=RECOGNISING, at=at):
        return []
    return sightings.shown(tx, [person.id], at=at)
