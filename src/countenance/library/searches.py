"""Searches: from a person or a picture to sightings, and what people say of those by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from countenance.catalog.buckets import Place
from countenance.catalog.sightings import EVERYWHERE, Decision, SightingState, Within
from countenance.library.cases import Cases
from countenance.people.purpose import Purpose
from countenance.search.question import PAGE, read_question

if TYPE_CHECKING:
    from countenance.search.asker import Asker
    from countenance.search.box import Answered
    from countenance.search.find import Found, Part
    from countenance.search.probe import ProbeFace


class Searches(Cases):
    """What is asked, and what is said by hand."""

    def find(
        self,
        who: str,
        *,
        purpose: Purpose,
        collection: str = "",
        within: Within = EVERYWHERE,
        part: "Part | None" = None,
    ) -> "Found":
        """
        The pictures that a person is in, all of them or a `part`. Nothing found is one answer,
        whatever the reason (P10).

        Of these only those in `collection` and `within`, where they are given. Raises `UsageError`
        if two people of this name agreed to it, or if there is no word in the text to look for,
        `Refused` if no search is asked under this purpose, and `TooManySearches` if an hour's
        searches are used up.
        """
        from countenance.search.find import find

        if collection:
            within = replace(within, collection=collection)
        with self._asking(purpose) as asker:
            return find(who, asker, stores=self._stores, within=within, part=part)

    def search(self, probe: bytes, *, purpose: Purpose) -> "tuple[ProbeFace, ...]":
        """
        The faces of a picture, each with whom it may show, among those who agreed to this purpose.

        Raises `Unreadable` if the picture cannot be read, which is a search all the same, and
        `Refused` and `TooManySearches` as `find` does.
        """
        from countenance.search.probe import search

        with self._asking(purpose) as asker:
            return search(
                probe,
                asker,
                extractor=self.extractor,
                stores=self._stores,
                false_hits=self._settings.false_hits,
            )

    def look(
        self,
        text: str,
        *,
        purpose: Purpose = Purpose.STAFF_FIND,
        collection: str = "",
        after: Place | None = None,
        count: int = PAGE,
    ) -> "Answered":
        """
        The photos that answer names, words and dates typed in one line, page by page.

        Each page is a search, and counted. Raises `UsageError` if nothing can be made of the line,
        `NotFound` if there is no such collection, and `Refused` and `TooManySearches` as `find`.
        """
        from countenance.search.box import look

        question = read_question(text)
        with self._asking(purpose) as asker:
            return look(
                question,
                asker,
                stores=self._stores,
                collection=collection,
                after=after,
                count=count,
            )

    # --- by hand ----------------------------------------------------------------------------

    def add_sighting(self, photo: str, face: int | None, who: str) -> Decision:
        """
        Say that somebody is in a photo: in its face of this number, from 1, from left to right.

        `photo` is an id or a path at the source, `who` an id, a name, or `#` and a number on the
        roster; of no `face`, there is one in the photo. It needs the consent that recognition
        needs, and no reference (P18). Raises `NotFound` if there is no such photo, face or person,
        `Refused` if consent, grant or roster does not cover it, and `UsageError` if the face or the
        person is spoken for.
        """
        from countenance.search.byhand import add

        which = self._photo_named(photo)
        made = add(which, face, who, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return made

    def confirm_sighting(self, which: str) -> Decision:
        """Raises as `add_sighting` does."""
        return self._decide(which, SightingState.CONFIRMED)

    def reject_sighting(self, which: str) -> Decision:
        """Raises `NotFound` if there is no such sighting."""
        return self._decide(which, SightingState.REJECTED)

    # ----------------------------------------------------------------------------------------

    def _decide(self, which: str, state: SightingState) -> Decision:
        from countenance.search.byhand import decide

        made = decide(which, state, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return made

    @contextmanager
    def _asking(self, purpose: Purpose) -> "Iterator[Asker]":
        """One search, counted; what it did, or why it was refused, is in the log."""
        from countenance.search.asker import admit
        from countenance.search.window import Windows

        own = self._settings
        windows = Windows(account=own.searches_per_account, library=own.searches_per_library)
        try:
            asker = admit(own.actor, purpose, windows, stores=self._stores)
            self._latch()
            yield asker
        finally:
            self._did_act()
