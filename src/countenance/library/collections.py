"""Collections: their rule, and their rosters."""

from collections.abc import Mapping
from dataclasses import replace

from countenance.audit.entry import Act
from countenance.catalog import assessments, collections, people
from countenance.catalog.assessments import Assessment
from countenance.catalog.collections import Collection
from countenance.catalog.people import Person
from countenance.errors import Refused, UsageError
from countenance.library.opened import Opened


class Collections(Opened):
    """What is done with collections."""

    def add_collection(self, name: str) -> Collection:
        """Raises `UsageError` if the name is empty or taken."""
        with self._database.write() as tx:
            return collections.add(tx, name, at=self._stores.now(tx))

    def collections(self) -> list[Collection]:
        with self._database.read() as tx:
            return collections.list_all(tx)

    def set_rule(
        self, name: str, *, recognition: bool, ground: str = "", minors: bool | None = None
    ) -> Collection:
        """
        Say whether faces in a collection may be recognised, and on what ground.

        `minors` of nothing leaves that as it was. Raises `NotFound` if there is no such collection,
        and `UsageError` if recognition is switched on without a ground (P11).
        """
        if recognition and not ground.strip():
            raise UsageError(
                "recognition needs a ground: why may faces here be recognised?",
                hint='for example --ground "notice at the entrance, consent at registration"',
            )
        with self._database.write() as tx:
            now = collections.get(tx, name)
            rule = replace(
                now,
                recognition=recognition,
                ground=ground.strip(),
                minors=now.minors if minors is None else minors,
            )
            collections.set_rule(tx, rule, at=self._stores.now(tx))
            self._log(tx, Act.RULE_CHANGED, subjects=(rule.id,))
        self._did_act()
        return rule

    def assess(self, name: str, answers: Mapping[str, str]) -> Assessment:
        """
        Keep the impact assessment of recognition in a collection; earlier ones stay.

        Raises `NotFound` if there is no such collection, and `UsageError` if one of the questions
        (`assessments.QUESTIONS`) has no answer.
        """
        with self._database.write() as tx:
            where, at = collections.get(tx, name), self._stores.now(tx)
            made = assessments.add(tx, where.id, answers, by=self._settings.actor, at=at)
            self._log(tx, Act.ASSESSED, subjects=(where.id,), rests_on=(made.digest,))
        self._did_act()
        return made

    def begin_recognition(
        self, name: str, *, ground: str, minors: bool | None = None
    ) -> Collection:
        """
        Switch recognition on for a collection of which an impact assessment was filled in.

        It is what the pages offer; `set_rule` is for whoever has the machine. Raises as `set_rule`
        does, and `Refused` if there is no assessment.
        """
        with self._database.read() as tx:
            made = assessments.newest(tx, collections.get(tx, name).id)
        if made is None:
            raise Refused(
                "recognition cannot be switched on here before the impact assessment is filled in"
            )
        return self.set_rule(name, recognition=True, ground=ground, minors=minors)

    def add_to_roster(self, name: str, who: str, *, number: str = "") -> tuple[Collection, Person]:
        """
        Put a person on the roster of a collection; of minors, the next ingest finds them there.

        `number` is what they wear there, as runners do: they can be put into a face by it. Raises
        `NotFound` if there is no such collection or person, and `UsageError` if the number is
        somebody else's.
        """
        with self._database.write() as tx:
            where, person = collections.get(tx, name), people.get(tx, who)
            at = self._stores.now(tx)
            collections.add_to_roster(tx, where.id, person.id, at=at, number=number.strip())
            # Somebody can newly be found: earlier photos are behind the gallery again.
            people.raise_gallery_version(tx)
            self._log(tx, Act.ROSTER_CHANGED, subjects=(where.id, person.id))
        self._did_act()
        return where, person

    def remove_from_roster(self, name: str, who: str) -> tuple[Collection, Person]:
        """
        Take a person off a roster: in a collection of minors they are found no more, at once.

        Raises `NotFound` if there is no such collection or person, or if they are not on it.
        """
        with self._database.write() as tx:
            where, person = collections.get(tx, name), people.get(tx, who)
            collections.remove_from_roster(tx, where.id, person.id)
            self._log(tx, Act.ROSTER_CHANGED, subjects=(where.id, person.id))
        self._did_act()
        return where, person

    def roster(self, name: str) -> list[Person]:
        """Those on a collection's roster, by name. Raises `NotFound` if it does not exist."""
        with self._database.read() as tx:
            return people.on_roster(tx, collections.get(tx, name).id)
