"""People: enrolled, shown, let go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from countenance.catalog import guardians, notices, people
from countenance.catalog.evidence import Proof, prove
from countenance.catalog.guardians import Objection
from countenance.catalog.people import Person
from countenance.core.canonical import Digest
from countenance.core.ids import PersonId
from countenance.ingest.progress import Progress, silent
from countenance.library.cases import Cases
from countenance.people.consent import Consent
from countenance.people.guardians import AgeBand, AgeSource, Guardian, Standing
from countenance.people.notice import load_notice
from countenance.people.purpose import Purpose, Wish
from countenance.vault.reserve import require_room

if TYPE_CHECKING:
    from countenance.enrol.enrol import Enrolment, Portrait
    from countenance.erasure.age import AgeChanged
    from countenance.erasure.objection import Objected
    from countenance.erasure.withdraw import Withdrawal


@dataclass(frozen=True, slots=True)
class Enrolled:
    """
    An enrolment, and how many earlier photos were searched for the person.

    `compared` is nothing if it was not searched: another run holds the library, which then does, or
    the next ingest.
    """

    enrolment: "Enrolment"
    compared: int | None


class People(Cases):
    """What is done with people and what they agree to."""

    def enrol(  # noqa: PLR0913  what somebody agrees to is said in one call
        self,
        who: str,
        portraits: "Sequence[Portrait]",
        wishes: tuple[Wish, ...],
        *,
        until: datetime | None = None,
        evidence: bytes | None = None,
        standing: Standing | None = None,
        guardian: tuple[str, str] | None = None,
        again: bool = False,
        namesake: bool = False,
        search: bool = True,
        progress: Progress = silent,
    ) -> Enrolled:
        """
        Enrol somebody from their pictures, and search the photos that are here for them.

        `who` is a new name, or with `again` a person's id or name. Without a picture nobody is
        recognised; they are put into faces by hand, and no model is needed (P18). `evidence`
        are the bytes of what shows that they agree, `guardian` the name and the relation of who
        agrees for a child; the name of a `namesake` may be somebody else's too. Without `search`,
        `search_again` is left to do.

        Raises `PoorPicture` if no picture is good enough, and `Refused` if the name is taken, if a
        child has no guardian, if somebody died too lately to be enrolled from a record, or while an
        objection stands; then nothing is stored.
        """
        from countenance.enrol.enrol import Agreement, Looked, enrol, look_at
        from countenance.erasure.withdraw import destroy_strays

        agreement = Agreement(
            wishes=wishes,
            notice=load_notice(self._settings.language),
            actor=self._settings.actor,
            until=until,
            evidence=evidence,
            standing=standing,
            guardian=guardian,
            historical_years=self._settings.historical_years,
            namesake=namesake,
        )
        require_room(self.root)
        looked = look_at(portraits, self.extractor) if portraits else Looked.at_nothing()
        self._latch()
        # What is on its way out goes first: whoever agrees anew begins anew.
        self._carry_on_all()
        with self._own_keys():
            destroy_strays(self._stores)
            enrolment = enrol(who, looked, agreement, stores=self._stores, again=again)
            # Those of the references that were replaced.
            destroy_strays(self._stores)
        self._did_act()
        if not search:
            return Enrolled(enrolment, None)
        return Enrolled(enrolment, self._search_again(progress) if portraits else 0)

    def search_again(self, *, progress: Progress = silent) -> int | None:
        """
        Search the photos that are here for who enrolled since. Gives how many they were.

        It goes on where it stopped. It is nothing if another run holds the library: then that, or
        the next ingest, searches.
        """
        return self._search_again(progress)

    def people(self) -> list[Person]:
        with self._database.read() as tx:
            return people.list_all(tx)

    def consents(self, who: str) -> tuple[Person, list[Consent]]:
        """A person, and all that they agreed to. Raises `NotFound` if there is no such person."""
        with self._database.read() as tx:
            person = people.get(tx, who)
            return person, people.consents(tx, people=[person.id])

    def agreements(
        self, *, after: str = "", count: int | None = None
    ) -> list[tuple[Person, list[Consent]]]:
        """
        Everybody, by name, each with all that they agreed to; or at most `count` of them, those
        that come after the person of the id `after`.
        """
        with self._database.read() as tx:
            everybody = people.list_all(tx)
            begin = next((n for n, one in enumerate(everybody, 1) if one.id == after), 0)
            shown = everybody[begin:] if count is None else everybody[begin : begin + count]
            said: dict[PersonId, list[Consent]] = {}
            whose = None if len(shown) == len(everybody) else [one.id for one in shown]
            for one in people.consents(tx, people=whose):
                said.setdefault(one.person, []).append(one)
        return [(one, said.get(one.id, [])) for one in shown]

    def withdraw(
        self, who: str, what: Purpose | Wish | None = None, *, progress: Progress = silent
    ) -> "Withdrawal":
        """
        Withdraw a person's consent to one purpose, to one channel, or to everything.

        From the moment it is recorded they are found nowhere, also on a full disk. What rested on
        it then goes, as a case of erasure; where that cannot be finished now, `erasure` says so of
        the case. Raises `NotFound` if there is no such person.
        """
        from countenance.erasure.withdraw import withdraw

        actor, stores = self._settings.actor, self._stores
        self._whatever_the_room(self._latch)
        done = self._whatever_the_room(lambda: withdraw(who, what, actor=actor, stores=stores))
        self._did_act()
        for case in (done.erasure, *done.beside):
            self._carry_on(case, progress)
        return done

    def object_to(self, who: str, *, by: str = "", progress: Progress = silent) -> "Objected":
        """
        Record that `by` (a guardian; of nothing, the person) objects to being recognised.

        Raises `NotFound` if there is no such person, and `Refused` if `by` may not object.
        """
        from countenance.erasure.objection import object_to

        actor, stores = self._settings.actor, self._stores
        self._whatever_the_room(self._latch)
        done = self._whatever_the_room(lambda: object_to(who, by, actor=actor, stores=stores))
        self._did_act()
        for case in (done.erasure, *done.beside):
            self._carry_on(case, progress)
        return done

    def lift_objection(self, who: str, *, by: str = "") -> tuple[Objection, ...]:
        """
        Take back the objections of `by`. Gives those of others that still stand.

        Raises `NotFound` if `by` has none standing.
        """
        from countenance.erasure.objection import lift

        standing = lift(who, by, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return standing

    def change_age(
        self, who: str, band: AgeBand, source: AgeSource, *, progress: Progress = silent
    ) -> "AgeChanged":
        """
        Record that a person is of another age band. What a guardian gave for a child ends with it.

        What rested on that goes, as after a withdrawal, in the case `erasure` if anything ended.
        Raises `NotFound` if there is no such person, and `Refused` if they are no longer living.
        """
        from countenance.erasure.age import change_age

        actor = self._settings.actor
        done = change_age(who, band, source, actor=actor, stores=self._stores)
        self._did_act()
        if done.erasure is not None:
            self._carry_on(done.erasure, progress)
        return done

    def objections(self, who: str) -> list[Objection]:
        """The objections that stand against a person's being recognised."""
        with self._database.read() as tx:
            return guardians.standing(tx, people.get(tx, who).id)

    def guardians(self, who: str) -> list[Guardian]:
        with self._database.read() as tx:
            return guardians.of(tx, people.get(tx, who).id)

    def proofs(self, who: str) -> dict[Digest, Proof]:
        """
        What is there behind each digest of a person's consents: notices and evidence (P17).

        Raises `NotFound` if there is no such person.
        """
        with self._database.read() as tx:
            person = people.get(tx, who)
            events = [e for one in people.consents(tx, people=[person.id]) for e in one.events]
            shown = {event.notice for event in events if event.notice}
            words = notices.kept(tx, shown)
            kept = {one: Proof.KEPT if one in words else Proof.DIGEST_ONLY for one in shown}
            proving = {event.evidence for event in events if event.evidence}
            return kept | {one: prove(tx, self._stores, person, one) for one in proving}
