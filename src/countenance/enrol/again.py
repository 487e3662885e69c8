"""
References made anew from the pictures that people chose to have kept, by another pack.

Nobody is asked for anything: what is agreed to stays as it is. A reference that is made stands
beside the old one until the library is bound to the new pack (`catalog.binding`).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from countenance.audit.entry import PACK_MARK, Act, Entry
from countenance.catalog import binding, log, people
from countenance.catalog.binding import Recognised
from countenance.catalog.portraits import portraits_of
from countenance.catalog.references import seal_templates
from countenance.catalog.stores import Stores
from countenance.core.ids import KeyId, PersonId, ReferenceId
from countenance.enrol.enrol import Looked, Portrait, look_at
from countenance.errors import NotFound, PoorPicture, VerificationError
from countenance.extract.extractor import Extractor
from countenance.people.consent import Consent
from countenance.people.purpose import Purpose


@dataclass(frozen=True, slots=True)
class Changed:
    """
    What a change of the pack did. `before` and `after` are the packs' ids.

    `kept` keep their recognition, by a picture of theirs; `again` have to enrol again, and
    `undecided` is how many sightings of theirs that nobody decided are gone until then. Of
    `poor`, who are among those, the new pack could not use the picture that was kept.
    """

    before: str
    after: str
    kept: tuple[PersonId, ...]
    again: tuple[PersonId, ...]
    poor: tuple[PersonId, ...]
    undecided: int


@dataclass(slots=True)
class Change:
    """
    The change of a library to the pack of `extractor`, from wherever it stands.

    The caller holds the library. `holding_keys` keeps the keys of others from being swept while
    new ones are made.
    """

    stores: Stores
    extractor: Extractor
    actor: str
    holding_keys: Callable[[], AbstractContextManager[None]]
    _poor: dict[PersonId, ReferenceId] = field(default_factory=dict)

    def carry_out(self, before: str, progress: Callable[[int, int], object]) -> Changed:
        """
        Make the references, and bind the library to the pack; `before` is what it is bound to now.

        Killed at any instant it leaves the library bound to `before`, whole, or to the new pack,
        whole; called again it goes on. Who enrols, withdraws or is asked meanwhile is served as
        if nothing went on. `progress` is told how many people of how many are looked at.
        """
        with self.stores.database.write() as tx:
            # From here on what is stored beside it, of another pack, is nobody's to compare with.
            binding.bind(tx, before)
        while (done := self._bind(before)) is None:
            waiting = self._waiting()
            for number, one in enumerate(waiting):
                progress(number, len(waiting))
                self._embed(one)
        return done

    # ----------------------------------------------------------------------------------------

    @property
    def _pack(self) -> str:
        return self.extractor.pack.id

    def _waiting(self) -> list[Recognised]:
        with self.stores.database.read() as tx:
            everybody = binding.recognised(tx, self._pack, at=self.stores.now(tx))
        return [one for one in everybody if self._waits(one)]

    def _waits(self, one: Recognised) -> bool:
        """Whether their picture is kept and has not been looked at yet."""
        looked_at = one.complete or self._poor.get(one.person) == one.portrait
        return one.portrait is not None and not looked_at

    def _embed(self, one: Recognised) -> None:
        """Make the references of one person, each for its purpose, in one transaction."""
        looked = self._looked(one)
        if looked is None:
            if one.portrait is not None:
                self._poor[one.person] = one.portrait
            return
        purposes = sorted(consent.wish.purpose for consent in one.consents)
        with self.holding_keys():
            # A crash here leaves keys of nothing, which the next enrolment destroys.
            keys = {purpose: self.stores.keys.create() for purpose in purposes}
            with self.stores.database.write() as tx:
                self._store(tx, one, looked, keys)

    def _looked(self, one: Recognised) -> Looked | None:
        """Nothing where the picture cannot be used: it is damaged, or too poor for this pack."""
        with self.stores.database.read() as tx:
            try:
                at = self.stores.now(tx)
                kept = portraits_of(tx, self.stores.keys, one.person, at=at)
            except (NotFound, VerificationError):
                return None
        try:
            return look_at([Portrait("kept", data) for data in kept], self.extractor)
        except PoorPicture:
            return None

    def _store(
        self, tx: Connection, one: Recognised, looked: Looked, keys: dict[Purpose, KeyId]
    ) -> None:
        """Of what is in force now, and of the same picture: else it is looked at once more."""
        at = self.stores.now(tx)
        now = binding.recognised(tx, self._pack, at=at, who=one.person)
        if not now or now[0].portrait != one.portrait:
            return
        own: list[Consent] = [each for each in now[0].consents if each.wish.purpose in keys]
        for consent in own:
            key = keys[consent.wish.purpose]
            made = seal_templates(tx, self.stores.keys, key, consent, looked.templates)
            people.add_reference(tx, made, at=at)
        if own and binding.bound_pack(tx) == self._pack:
            binding.has_enrolled(tx, one.person)
            people.raise_gallery_version(tx)
        if own:
            rests_on = tuple(each.id for each in own)
            about = (one.person, f"{PACK_MARK}{self._pack}")
            log.record(tx, Entry(Act.EMBEDDED_AGAIN, at, self.actor, "", about, rests_on))

    def _bind(self, before: str) -> Changed | None:
        """The one transaction that changes the pack; nothing if somebody is waiting yet."""
        with self.stores.database.write() as tx:
            at = self.stores.now(tx)
            everybody = binding.recognised(tx, self._pack, at=at)
            if any(self._waits(one) for one in everybody):
                return None
            gone = set(binding.drop_other_packs(tx, self._pack))
            known = {one.person for one in everybody if one.made}
            again = tuple(one.person for one in everybody if one.person in gone - known)
            undecided = binding.drop_unrecognised(tx, again)
            taken = binding.take_photos(tx, self._pack)
            binding.bind(tx, self._pack)
            binding.ask_again(tx, again, at=at)
            for who in known:
                binding.has_enrolled(tx, who)
            if gone or taken or before != self._pack:
                people.raise_gallery_version(tx)
            for who in again:
                about = (who, f"{PACK_MARK}{self._pack}")
                log.record(tx, Entry(Act.TO_ENROL_AGAIN, at, self.actor, "", about))
            packs = tuple(f"{PACK_MARK}{one}" for one in dict.fromkeys((before, self._pack)))
            of_all = (people.library_id(tx), *packs)
            log.record(tx, Entry(Act.PACK_CHANGED, at, self.actor, "", of_all))
        poor = tuple(sorted(self._poor.keys() & set(again)))
        return Changed(before, self._pack, tuple(sorted(known)), again, poor, undecided)
