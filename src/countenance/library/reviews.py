"""Reviews: the queue of what the model is not sure of, and whose sightings are whose."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from countenance.catalog import people, photos, sightings, sources, steps
from countenance.catalog.merges import MergePlan, standing_for
from countenance.catalog.people import Person
from countenance.catalog.steps import Step
from countenance.core.ids import PhotoId, SightingId, StepId
from countenance.errors import NotFound
from countenance.library.cases import Cases
from countenance.people.purpose import Purpose

if TYPE_CHECKING:
    from countenance.search.review import Answer, Asked, Wanted

STEPS_PAGE = 50


class Reviews(Cases):
    """What is decided at the desk. Each decision is a step, and can be taken back."""

    def questions(
        self, wanted: "Wanted | None" = None, *, after: tuple[str, str] = ("", ""), count: int = 1
    ) -> "Asked":
        """
        At most `count` questions of the review, those after the key `after`.

        To be asked about somebody is to look for them, for `staff-find`, and in the log. Raises as
        `search.review.questions` does.
        """
        from countenance.search.review import Wanted, questions

        self._latch()
        asked = questions(
            wanted or Wanted(),
            after=after,
            count=count,
            actor=self._settings.actor,
            stores=self._stores,
        )
        self._did_act()
        return asked

    def open_review(self) -> None:
        """
        Count one search of whoever opens a page of the review: it shows where people appear. What
        follows the answers on that page is of the same one, for each answer is a step of its own.

        Raises `Refused` if nobody asks, and `TooManySearches` if an hour's searches are used up.
        """
        from countenance.search.asker import admit
        from countenance.search.window import Windows

        own = self._settings
        windows = Windows(account=own.searches_per_account, library=own.searches_per_library)
        try:
            admit(own.actor, Purpose.STAFF_FIND, windows, stores=self._stores)
        finally:
            self._did_act()

    def answer(self, sighting: str, said: "Answer") -> Step:
        """Answer a question. Raises as `search.review.answer` does."""
        from countenance.search.review import answer

        self._latch()
        made = answer(sighting, said, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return made

    def take_back(self, step: str = "") -> Step:
        """
        Take a step back, or of none named one's own newest. What it changed is as it was before.

        Raises `NotFound` if there is no such step, and `Stale` if it was taken back, or something
        it changed has been changed since.
        """
        from countenance.search.review import take_back

        self._latch()
        done = take_back(step, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return done

    def steps(self, *, count: int = STEPS_PAGE, before: int | None = None) -> list[Step]:
        """The newest steps, or those before the number `before`."""
        with self._database.read() as tx:
            return steps.list_newest(tx, count=count, before=before)

    def step(self, which: str = "") -> Step:
        """A step, or of no id one's own newest that stands. Raises `NotFound` if there is none."""
        with self._database.read() as tx:
            if which:
                return steps.get(tx, StepId(which))
            return steps.newest_of(tx, self._settings.actor)

    def lies_in(self, photo: str = "", *, sighting: str = "") -> frozenset[str]:
        """
        The ids of the source and of the collection that a photo, or that of a sighting, lies in.

        Raises `NotFound` if there is no such photo or sighting.
        """
        with self._database.read() as tx:
            named = sightings.get(tx, SightingId(sighting)).photo if sighting else PhotoId(photo)
            found = photos.get(tx, named)
            if found is None:
                raise NotFound(f"{named}: no such photo")
            whence = sources.get(tx, found.source)
        return frozenset({whence.id, whence.collection})

    # --- whose -------------------------------------------------------------------------------

    def plan_merge(self, kept: str, other: str) -> MergePlan:
        """What it would do to merge `other` into `kept`. Raises `NotFound` if one is not here."""
        from countenance.search.whose import plan

        self._latch()
        return plan(kept, other, stores=self._stores)

    def merge(self, kept: str, other: str, *, mark: str, why: str) -> Step:
        """
        Let `kept` stand for `other`, two enrolments of one human, as `plan_merge` showed it.

        Each consent stays that enrolment's own, and the stricter of the two stands. The references
        of the other rest. It can be taken back, and is over as soon as a consent of either ends;
        who withdraws by one withdraws by both. Raises `Stale` if what was shown under `mark` has
        changed since, and as `search.whose.merge` does.
        """
        from countenance.search.whose import merge

        self._latch()
        _, done = merge(
            kept,
            other,
            mark=mark,
            why=why,
            actor=self._settings.actor,
            stores=self._stores,
        )
        self._did_act()
        return done

    def merged_into(self, who: str) -> list[Person]:
        """The other enrolments that a person stands for."""
        with self._database.read() as tx:
            return standing_for(tx, people.get(tx, who).id)

    def split(self, who: str, sightings: Collection[str], *, to: str = "") -> Step:
        """Say that sightings are not of `who`, but of `to` if named. Raises as `search.whose`."""
        from countenance.search.whose import split

        self._latch()
        done = split(who, sightings, to=to, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return done
