"""Switching: from one model pack to another, with what people chose to have kept for it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from countenance.audit.entry import PACK_MARK, Act
from countenance.catalog import binding
from countenance.catalog.binding import Recognised, ToSearch
from countenance.core.ids import PersonId
from countenance.errors import UsageError
from countenance.ingest.progress import Progress, Step, silent
from countenance.library.people import People
from countenance.vault.layout import lock
from countenance.vault.reserve import require_room

if TYPE_CHECKING:
    from countenance.enrol.again import Changed
    from countenance.extract.extractor import Extractor
    from countenance.vision.insightface import Folder
    from countenance.vision.pack import Pack

_TRIED = 8
"""Faces that are embedded to say how long it takes."""


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """
    What a change of the pack from `before` to `after` would do now.

    `keep` are recognised on: their pictures are kept, or nothing has to be made anew. `again`
    would have to enrol again, and `undecided` is how many sightings of theirs that nobody decided
    would be gone until then. `collections` are searched again, in about `seconds`, a rough figure
    of this machine.
    """

    before: str
    after: str
    keep: tuple[PersonId, ...]
    again: tuple[PersonId, ...]
    undecided: int
    collections: tuple[ToSearch, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Switched:
    """A change that is made, and how many photos were searched again by the new pack."""

    changed: "Changed"
    compared: int


class Switching(People):
    """What is done with the pack of a library."""

    def plan_switch(self, pack_id: str) -> SwitchPlan:
        """
        What it would do to change to the pack of that id. Nothing is changed.

        Raises `NotFound` if there is no such pack, and `NoModel` if its files are not here.
        """
        from countenance.vision.pack import load_pack

        extractor = self._extractor_of(load_pack(pack_id, self._settings.models_dir))
        before = self._pack_before()
        with self._database.read() as tx:
            at = self._stores.now(tx)
            everybody = binding.recognised(tx, before, at=at)
            keep = tuple(one.person for one in everybody if _stays(one, before, pack_id))
            again = tuple(one.person for one in everybody if one.made and one.person not in keep)
            undecided = binding.count_undecided(tx, again)
            there = tuple(binding.to_search(tx)) if before != pack_id else ()
        seconds = _seconds(extractor, there, workers=self._settings.workers)
        return SwitchPlan(before, pack_id, keep, again, undecided, there, seconds)

    def switch(self, pack_id: str, *, search: bool = True, progress: Progress = silent) -> Switched:
        """
        Change to the pack of that id: references made anew from the pictures that are kept, the
        earlier ones dropped and their keys destroyed, the photos searched again.

        It is wholly done or not at all; called again it goes on. Raises `Locked` while another run
        holds the library, and else as `plan_switch`.
        """
        from countenance.enrol.again import Change
        from countenance.erasure.withdraw import destroy_strays
        from countenance.vision.pack import load_pack

        extractor = self._extractor_of(load_pack(pack_id, self._settings.models_dir))
        require_room(self.root)
        self._latch()
        # What is on its way out goes first: nothing is made of who withdrew.
        self._carry_on_all()
        with lock(self._layout.root):
            self._require_own_keys()
            change = Change(self._stores, extractor, self._settings.actor, self._keys_in_turn)
            done = change.carry_out(
                self._pack_before(), lambda count, of: progress(Step("people", count, of))
            )
            with self._keys_in_turn():
                destroy_strays(self._stores)
            self._database.forget_deleted_bytes(*binding.TABLES)
        self._did_act()
        self.__dict__["extractor"] = extractor
        return Switched(done, (self._search_again(progress) or 0) if search else 0)

    def extractor_to_measure(self) -> "Extractor":
        """The pack of the settings, loaded also where nobody may be recognised by it yet."""
        return self._extractor_to_measure(self.pack)

    def adopt_pack(self, pack_id: str, found: "Folder") -> "Pack":
        """
        Make a pack of this machine out of what a folder of InsightFace's models holds, by somebody
        who accepts that they are for non-commercial research: who and when is in the log.

        Raises `UsageError` if the id is no id, or is another pack's, and `Unavailable` if the
        folder of models cannot be written.
        """
        from countenance.vision.insightface import Acceptance, declaration
        from countenance.vision.models import ModelStore
        from countenance.vision.pack import write_pack

        models, by = self._settings.models_dir, self._settings.actor
        with self._database.write() as tx:
            at = self._stores.now(tx)
            made = write_pack(pack_id, declaration(pack_id, found, Acceptance(by, at)), models)
            files = [file.sha256 for file in made.files]
            self._log(tx, Act.LICENCE_ACCEPTED, subjects=(f"{PACK_MARK}{made.id}", *files))
        self._did_act()
        ModelStore(models).adopt(made, [found.detector.data, found.embedder.data])
        return made

    def to_enrol_again(self) -> list[PersonId]:
        """Who has to enrol again, as the models changed without a picture of theirs."""
        with self._database.read() as tx:
            return sorted(binding.to_enrol_again(tx))

    # ----------------------------------------------------------------------------------------

    def _pack_before(self) -> str:
        """The pack that made what is here. Raises `UsageError` if several did."""
        with self._database.read() as tx:
            bound, found = binding.bound_pack(tx), binding.packs_of_content(tx)
        if bound:
            return bound
        if len(found) > 1:
            packs = ", ".join(sorted(found))
            raise UsageError(f"this library was filled with several packs: {packs}")
        return next(iter(found), self._settings.pack)


# --------------------------------------------------------------------------------------------


def _stays(one: Recognised, before: str, after: str) -> bool:
    """Whether somebody is recognised on without doing anything."""
    return one.portrait is not None or (before == after and bool(one.made))


def _seconds(extractor: "Extractor", there: tuple[ToSearch, ...], *, workers: int) -> float:
    """How long it takes to search them again, by a few faces that are embedded now."""
    import numpy as np

    from countenance.media.preview import decode_preview, encode_preview

    if not there:
        return 0.0
    blank = np.full((1365, 2048, 3), 127, np.uint8)
    preview = encode_preview(blank)
    middle = np.array([[900, 600], [1000, 600], [950, 660], [910, 720], [990, 720]], np.float32)
    points = np.repeat(middle[None], _TRIED, axis=0)
    extractor.vision.templates(blank, points[:1])  # the first run sets up
    begun = time.process_time()
    decode_preview(preview)
    decoded = time.process_time()
    extractor.vision.templates(blank, points)
    ended = time.process_time()
    faces, photos = sum(one.faces for one in there), sum(one.photos for one in there)
    spent = photos * (decoded - begun) + faces * (ended - decoded) / _TRIED
    return spent / max(1, workers)
