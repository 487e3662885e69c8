"""
An ingest that is spread over machines, where it is led: work out, records in.

The engine gives out numbers of items, in batches. A worker that gets a batch takes its items by
lease, here, and hands in what it found, here; the catalog says who has what until when (P29). What
a lost worker had goes back on the list when its line ends, or else when its lease runs out; what it
hands in after that is dropped. All is stored by the one writer, which asks the gate (P1, P20).

So nothing of a picture, and no template, passes through the engine: it knows numbers.
"""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from typing import Protocol, cast

from countenance import __version__
from countenance.catalog import copies, items
from countenance.catalog.items import Claim, Lease
from countenance.core.canonical import Digest, Json
from countenance.core.ids import ItemId, SourceId
from countenance.engines.hub import MAX_BODY_BYTES, Hub, HubAddress
from countenance.engines.isolated import Message
from countenance.errors import Error, Interrupted, Unavailable, Unreadable
from countenance.extract.extractor import Extractor
from countenance.ingest.crossing import record_of, work_as_json
from countenance.ingest.granted import require_covered
from countenance.ingest.stage import AwayPhoto, Known, Record, Work
from countenance.ingest.worker import OnDisk, Posting, WorkerStage, machine
from countenance.ingest.writer import Writer
from countenance.media.film import Sampling
from countenance.sources.source import Reader

LEASE = timedelta(minutes=2)
"""How long a worker has what it took without being heard of. A line is given up much sooner."""

BATCH = 8
"""Items that a worker takes at once: enough that asking costs nothing beside a photo's work, and
few enough that at the end nobody waits long for the last one."""

_RENEWED_EVERY = LEASE / 4
_ROUND = 20_000
"""Items that are given out in one query of the engine."""

_WAITING = 16
"""Records that wait to be stored, at most: then the workers wait too, and memory does not grow."""

_TICK = 1.0  # seconds between two looks at leases, where no record comes

IDLE = 30
"""Ticks in which workers are there, and none has or asks anything, though the engine is not done:
it waits for a machine that is lost. Then what is left is given out anew. Long enough for a worker
that was heard of to load its networks."""

PATIENCE = 5
"""Rounds of that in a row. A cluster that lost a machine sends work there until it knows so, which
takes half a minute, and longer on machines that are busy."""

NOBODY = 180
"""Ticks without a worker: then there is something wrong with the cluster."""


class Scattering(Protocol):
    """An engine that calls a stage with numbers, somewhere. `RayCluster` is one."""

    def require(self) -> None:
        """Raises `Unavailable` if it is not to be had, before anything is begun."""

    @property
    def host(self) -> str: ...

    def close(self) -> None:
        """End what is under way, whatever becomes of it. The next call starts anew."""

    def scatter(
        self, make: Callable[[], WorkerStage], rows: Sequence[int], *, batch: int
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Spread:
    """
    How an ingest is spread over machines.

    `load` is what a worker looks with, to be called there. `places` are the sources that a worker
    may read itself, on this machine, and on others if they are `mounted` there at the same path.
    """

    engine: Scattering
    load: Callable[[], Extractor]
    places: Mapping[SourceId, OnDisk]
    mounted: bool = False
    batch: int = BATCH


@dataclass(slots=True)
class Leading:
    """
    One pass over what is listed, led from here.

    `here` are the readers of the sources that are there; one that is taken out of it is left alone.
    `taken` is what is being worked on now, and is kept up to date.
    """

    spread: Spread
    writer: Writer
    here: Mapping[SourceId, Reader]
    taken: dict[int, Work]
    known: Known
    sampling: Sampling
    _queue: "Queue[Record | AwayPhoto | None]" = field(
        default_factory=lambda: Queue(_WAITING), init=False
    )
    _handed: set[ItemId] = field(default_factory=set, init=False)
    _renewed: dict[str, datetime] = field(default_factory=dict, init=False)
    _unfit: list[str] = field(default_factory=list, init=False)
    _failed: list[Error] = field(default_factory=list, init=False)
    _reached: bool = field(default=False, init=False)
    _heard: bool = field(default=False, init=False)
    _idled: bool = field(default=False, init=False)
    _stopped: Event = field(default_factory=Event, init=False)
    _one_at_a_time: Lock = field(default_factory=Lock, init=False)

    def records(self) -> Generator[Record | AwayPhoto]:
        """
        What the workers hand in, until nothing of what is listed is left to be given out.

        To be closed by whoever ends early: what is under way is then dropped.

        Raises `Unavailable` if the cluster cannot be worked with: no machine of it is to be
        reached, or a worker has not got what it needs.
        """
        in_vain = 0
        while rows := self._listed():
            done = 0
            for record in self._round(rows):
                yield record
                done += 1
            if self._unfit:
                raise Unavailable(self._unfit[0])
            if self._failed and not done:
                raise self._failed[0]
            if not done and not self._reached:
                raise Unavailable(
                    f"no worker of the cluster was heard of for {NOBODY} seconds",
                    hint="has it a processor free, and can it reach this machine?",
                )
            in_vain = in_vain + 1 if self._idled and not done else 0
            if in_vain > PATIENCE:
                raise Unavailable("the workers of the cluster are there, and are given nothing")
            if self.taken or (not done and not in_vain and self._listed() == rows):
                return  # what is left is for another pass, that knows what has changed since

    def answer(self, worker: str, message: Message) -> Message:
        """What a worker is told, in a thread of its own."""
        self._heard = True
        try:
            self._renew(worker)
            return self._answered(worker, message)
        except Unreadable as exc:
            said = {"trouble": "unreadable", "reason": exc.reason.value, "message": _sentence(exc)}
            return Message(said)
        except Unavailable as exc:
            return Message({"trouble": "unavailable", "message": exc.message})
        except Interrupted as exc:
            return Message({"trouble": "interrupted", "message": exc.message})
        # The entry point of a thread: what is wrong in it ends the run, where that is led.
        except Exception as exc:  # noqa: BLE001
            self._failed.append(Error(f"a worker's question: {type(exc).__name__}: {exc}"))
            return Message({"trouble": "interrupted", "message": "the run has failed"})

    def lost(self, worker: str) -> None:
        """The line of a worker ended: what it still had, and did not hand in, is free."""
        if self._stopped.is_set():
            return  # whoever leads gives it all back
        with self._one_at_a_time:
            with self.writer.stores.database.write() as tx:
                at = self.writer.stores.now(tx)
                back = items.take_back_from(tx, worker, at=at, but=self._handed)
            self._forget(back)

    # ----------------------------------------------------------------------------------------

    def _listed(self) -> list[ItemId]:
        with self.writer.stores.database.read() as tx:
            return items.to_be_taken(tx, list(self.here), count=_ROUND)

    def _round(self, rows: Sequence[ItemId]) -> Generator[Record | AwayPhoto]:
        # Each round has its own: who is left over from the one before is heard no more.
        self._failed, self._stopped, self._queue = [], Event(), Queue(_WAITING)
        self._reached = self._idled = False
        with Hub(self.spread.engine.host, self.answer, self.lost) as hub:
            over = self._failed, self._stopped, self._queue
            query = Thread(target=self._scatter, args=(rows, hub.address, *over), daemon=True)
            query.start()
            try:
                yield from self._handed_in(query, hub)
            finally:
                self._stopped.set()
                if query.is_alive():
                    self.spread.engine.close()

    def _scatter(
        self,
        rows: Sequence[ItemId],
        hub: HubAddress,
        failed: list[Error],
        stopped: Event,
        queue: "Queue[Record | AwayPhoto | None]",
    ) -> None:
        spread = self.spread
        posting = Posting(
            hub=hub,
            load=spread.load,
            sampling=self.sampling,
            places=spread.places,
            machine=machine(),
            mounted=spread.mounted,
        )
        try:
            spread.engine.scatter(partial(WorkerStage, posting), rows, batch=spread.batch)
        except Error as exc:
            if not stopped.is_set():  # else it was ended from here
                failed.append(exc)
        _put(queue, None, stopped)

    def _handed_in(self, query: Thread, hub: Hub) -> Generator[Record | AwayPhoto]:
        quiet = 0
        while True:
            try:
                record = self._queue.get(timeout=_TICK)
            except Empty:
                self._take_back_late()
                quiet = 0 if self._heard or self.taken.keys() - self._handed else quiet + 1
                self._heard = False
                if quiet > (IDLE if hub.lines else NOBODY):
                    self._idled = True
                    return
            else:
                quiet = 0
                if record is None:
                    query.join()
                    return
                yield record
                self._handed.intersection_update(self.taken)

    def _answered(self, worker: str, message: Message) -> Message:
        said = message.fields
        match said["ask"]:
            case "hello":
                self._reached = True
                self._greet(said)
            case "unfit":
                self._unfit.append(f"{said['host']}: {said['message']}: {said['hint']}")
            case "take":
                which = [ItemId(one) for one in cast("Sequence[int]", said["items"])]
                return Message({"works": self._take(worker, which)})
            case "may":
                work = self._work_at(worker, said)
                require_covered(self.writer.stores, work.source, work.locator)
            case "read":
                work = self._work_at(worker, said)
                return Message({}, self._read(work, cast("int", said["max_bytes"])))
            case "seen":
                which_one = SourceId(str(said["source"])), Digest(str(said["digest"]))
                known, erased = self.known.known, self.known.erased
                return Message({"known": which_one in known, "erased": which_one in erased})
            case "done":
                self._hand_in(worker, message.body)
        return Message({})

    def _greet(self, said: Mapping[str, Json]) -> None:
        if said["version"] == __version__:
            return
        self._unfit.append(
            f"{said['host']}: countenance is {said['version']} there, and {__version__} here"
        )
        raise Interrupted(self._unfit[-1])

    def _take(self, worker: str, which: Sequence[ItemId]) -> list[Json]:
        if self._stopped.is_set():
            return []
        with self._one_at_a_time:
            lease = Lease(worker, self.writer.stores.clock.now() + LEASE)
            works = self.writer.take(list(self.here), which, lease=lease)
            self.taken.update({work.claim.id: work for work in works})
            self._handed.difference_update(work.claim.id for work in works)
        recognises = self.known.recognises
        return [
            {**work_as_json(work), "recognises": work.claim.source in recognises} for work in works
        ]

    def _work_at(self, worker: str, said: Mapping[str, Json]) -> Claim:
        """What the worker has in hand there. Raises `Interrupted` if it has it no more."""
        where = str(said["source"]), str(said["locator"])
        if not self._stopped.is_set():
            for work in list(self.taken.values()):
                claim = work.claim
                if claim.holder == worker and (claim.source, claim.locator) == where:
                    return claim
        raise Interrupted(f"{where[1]}: it is in other hands by now")

    def _read(self, claim: Claim, max_bytes: int) -> bytes:
        reader = self.here.get(claim.source)
        if reader is None:
            raise Unavailable(f"the source {claim.source} went away")
        return reader.read(claim.locator, max_bytes=min(max_bytes, MAX_BODY_BYTES))

    def _hand_in(self, worker: str, data: bytes | bytearray | memoryview) -> None:
        record = record_of(data)
        with self._one_at_a_time:
            work = self.taken.get(record.work.claim.id)
            if work is None or work.claim.holder != worker:
                return  # late: it is in other hands by now
            self._handed.add(work.claim.id)
        # Of the item nothing counts but what was given out.
        _put(self._queue, replace(record, work=work), self._stopped)

    def _renew(self, worker: str) -> None:
        now = self.writer.stores.clock.now()
        if now - self._renewed.get(worker, now) >= _RENEWED_EVERY:
            with self._one_at_a_time, self.writer.stores.database.write() as tx:
                items.renew(tx, Lease(worker, self.writer.stores.now(tx) + LEASE))
            self._renewed[worker] = now
        self._renewed.setdefault(worker, now)

    def _take_back_late(self) -> None:
        with self.writer.stores.database.read() as tx:
            if not items.any_late(tx, at=self.writer.stores.now(tx)):
                return
        with self._one_at_a_time:
            with self.writer.stores.database.write() as tx:
                at = self.writer.stores.now(tx)
                back = items.take_back_late(tx, at=at, but=self._handed)
            self._forget(back)

    def _forget(self, back: Collection[ItemId]) -> None:
        works = [self.taken.pop(one) for one in back if one in self.taken]
        copies.remove_unconfirmed(self.writer.stores, [work.preview for work in works])


# --------------------------------------------------------------------------------------------------


def _put(
    queue: "Queue[Record | AwayPhoto | None]", record: Record | AwayPhoto | None, stopped: Event
) -> None:
    while not stopped.is_set():
        with suppress(Full):
            queue.put(record, timeout=_TICK)
            return


def _sentence(exc: Unreadable) -> str:
    return f"{exc.message}: {exc.hint}" if exc.hint else exc.message
