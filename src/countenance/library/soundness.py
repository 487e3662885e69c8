"""Soundness: whether what the catalog relies on is there, and is what it was."""

from dataclasses import dataclass

from countenance.catalog import checkpoints, erasures, log, notices, people, shelves, words
from countenance.catalog.evidence import Proof, prove
from countenance.core.ids import KeyId, PersonId
from countenance.errors import NotFound, VerificationError
from countenance.library.opened import Opened


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it should be: what is concerned, by its id, and how it is."""

    of: str
    message: str


@dataclass(frozen=True, slots=True)
class KeysFound:
    """
    The keys against the rows that name them.

    `stray` are files that nothing is sealed under, `broken` the keys that rows name and that do
    not open, each with whose it is.
    """

    sound: int
    stray: tuple[KeyId, ...]
    broken: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class LogSigned:
    """Whether the key is here that signs the log, and how many entries are not signed yet."""

    key: bool
    unsigned: int


class Soundness(Opened):
    """What is examined, and changes nothing."""

    def damage(self) -> tuple[str, ...]:
        """What the catalog finds wrong in itself, in words; none if it is sound (P27)."""
        return self._database.damage()

    def catalog_condition(self) -> str:
        """How the server keeps the catalog, in words; the empty string if it is a file."""
        return self._database.condition()

    def words_out_of_step(self) -> int:
        """How many places the full text has otherwise than the tables; an ingest mends it."""
        with self._database.read() as tx:
            return words.out_of_step(tx)

    def shelves_out_of_step(self) -> int:
        """How many collections have shelves that count otherwise; an ingest mends it."""
        with self._database.read() as tx:
            return shelves.out_of_step(tx)

    def keys_found(self) -> KeysFound:
        """Open every key that a row names. Raises `Unavailable` if keys or library key are away."""
        with self._database.read() as tx:
            holders = people.key_holders(tx)
            named = people.keys_in_use(tx) - erasures.keys_going(tx)
        broken = [
            Fault(holders.get(key, key), f"{key}: {why}")
            for key in sorted(named)
            if (why := self._why_closed(key))
        ]
        stray = sorted(self._stores.keys.ids() - named)
        return KeysFound(len(named) - len(broken), tuple(stray), tuple(broken))

    def unproven(self) -> tuple[Fault, ...]:
        """
        The consents in force whose notice or evidence is not what was recorded, or gone (P17).

        Raises `Unavailable` if the vault or the keys cannot be reached.
        """
        with self._database.read() as tx:
            at = self._stores.now(tx)
            known = {person.id: person for person in people.list_all(tx)}
            live = [one for one in people.consents(tx, people=known) if one.in_force(at)]
            last = {one.id: one.events[-1] for one in live}
            words = notices.kept(tx, {event.notice for event in last.values() if event.notice})
            found: list[Fault] = []
            for one in live:
                event = last[one.id]
                if event.notice is not None and event.notice not in words:
                    found.append(_unproven(one.person, str(one.wish), "notice", "damaged or gone"))
                if event.evidence is not None:
                    proof = prove(tx, self._stores, known[one.person], event.evidence)
                    if proof is not Proof.KEPT:
                        found.append(_unproven(one.person, str(one.wish), "evidence", proof))
        return tuple(found)

    def log_signed(self) -> LogSigned:
        """Raises `Unavailable` if the folder of the keys cannot be reached."""
        with self._database.read() as tx:
            unsigned = log.size(tx) - checkpoints.signed_size(tx)
        return LogSigned(self._signing_key.exists(), unsigned)

    # ----------------------------------------------------------------------------------------

    def _why_closed(self, key: KeyId) -> str:
        """Why a key does not open; the empty string if it does."""
        try:
            self._stores.keys.read(key)
        except NotFound:
            return "its file is gone"
        except VerificationError as exc:
            # A library key that is damaged is no fault of any one key.
            self._stores.keys.library_key.read()
            return exc.message
        return ""


# --------------------------------------------------------------------------------------------


def _unproven(who: PersonId, wish: str, what: str, how: str) -> Fault:
    return Fault(who, f"{wish}: the {what} is {how}")
