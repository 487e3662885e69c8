"""Erasures: what is on its way out, and carrying it on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from countenance.catalog import erasures, photos, sources, tombstones
from countenance.catalog.erasures import Erasure
from countenance.core.canonical import digest
from countenance.core.ids import PhotoId
from countenance.errors import NotFound, Unreadable
from countenance.ingest.progress import Progress, silent
from countenance.library.cases import Cases

if TYPE_CHECKING:
    from countenance.erasure.picture import Copies, Copy, Wanted
    from countenance.erasure.receipt import Waiting


class Erasures(Cases):
    """What is done with cases of erasure."""

    def erasures(self) -> list[Erasure]:
        """Every case, oldest first."""
        with self._database.read() as tx:
            return erasures.list_all(tx)

    def erasure(self, which: str) -> Erasure:
        """Raises `NotFound` if there is no such case."""
        with self._database.read() as tx:
            return erasures.get(tx, which)

    def waiting_for(self, case: Erasure) -> "Waiting":
        """What stands between a case whose bytes are gone and its end; nothing where that was."""
        from countenance.erasure.receipt import Waiting, waiting_for

        if case.stage not in erasures.OPEN:
            return Waiting((), ())
        with self._database.read() as tx:
            return waiting_for(tx, case)

    def find_copies(self, picture: bytes | str) -> "Copies":
        """
        The copies of a picture, given by its bytes or by the id of a photo, in all sources.

        Bytes that are no picture that can be read are looked for as they are. Raises `NotFound` if
        there is no photo of this id.
        """
        from countenance.erasure.picture import find_copies

        return find_copies(self._wanted(picture), stores=self._stores)

    def take_down_copies(
        self, chosen: "Sequence[Copy]", *, progress: Progress = silent
    ) -> tuple[Erasure, ...]:
        """
        Take photos down: none of them is in any answer from now on (P3).

        Each then goes as a case of erasure, with a receipt, and what was given out of it is
        recalled; its bytes are refused from every source (P4).
        """
        from countenance.erasure.picture import take_down_copies

        key = tombstones.ensure_key(self._stores, self._keys_in_turn)
        cases = take_down_copies(chosen, key, actor=self._settings.actor, stores=self._stores)
        self._did_act()
        return tuple(self._carry_on(one, progress) for one in cases)

    def places_of(self, photo: PhotoId) -> tuple[str, ...]:
        """Where a photo stands, each as its source's location and its place there."""
        with self._database.read() as tx:
            known = photos.get(tx, photo)
            if known is None:
                return ()
            where = sources.get(tx, known.source).location
        return tuple(f"{where}/{one}" for one in known.locators)

    def obstacle(self, case: Erasure) -> str:
        """Why a case cannot go on: what of it does not open. The empty string if it can."""
        from countenance.erasure.case import obstacle

        return obstacle(case, self._stores)

    def resume(self, which: str = "", *, progress: Progress = silent) -> list[Erasure]:
        """
        Carry a case on, or all that are open, as far as they go now.

        Raises `NotFound` if there is no such case.
        """
        self._latch()
        if which:
            return [self._carry_on(self.erasure(which).id, progress)]
        return self._carry_on_all(progress, stages=erasures.OPEN)

    # ----------------------------------------------------------------------------------------

    def _wanted(self, picture: bytes | str) -> "Wanted":
        from countenance.erasure.picture import Wanted
        from countenance.media.near import near_hash

        if isinstance(picture, bytes):
            try:
                near = near_hash(self._decoder(picture, half=True).pixels)
            except Unreadable:
                near = b""
            return Wanted(digest(picture), near)
        with self._database.read() as tx:
            known = [one for one in photos.prints(tx) if one.id == picture]
        if not known:
            raise NotFound(f"{picture}: no photo of this id stands anywhere here")
        return Wanted(known[0].digest, known[0].near)
