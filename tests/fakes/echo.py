"""A newspaper that is given pictures: its key, what it was posted, and what it answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey

from countenance.audit.encoding import to_base64
from countenance.audit.statement import Trigger
from countenance.catalog import disclosures, recalls
from countenance.catalog.erasures import Wanted, open_case
from countenance.catalog.recalls import Recall
from countenance.catalog.recipients import Terms
from countenance.core.ids import DisclosureId, PersonId, RecallId
from countenance.enrol.enrol import Portrait
from countenance.erasure.post import Answer, Endpoint
from countenance.erasure.recall import Report
from countenance.errors import Error
from countenance.library import Given, RecipientAdded
from countenance.people.purpose import Purpose, Wish
from countenance.sources.grant import GrantPurpose
from tests.fakes.clock import START
from tests.fakes.gala import A_DAY, Gala
from tests.fakes.vision import picture

CHANNEL = "newspaper"
ENDPOINT = "https://echo.example/recalls"


@dataclass(slots=True)
class Posted:
    """One message that left the library."""

    to: Endpoint
    body: bytes
    headers: Mapping[str, str]

    @property
    def data(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.body)["data"]
        return found


@dataclass(slots=True)
class FakePost:
    """A `Poster` that gives one of `answers` after the other, the last for ever; or raises it."""

    answers: Sequence[Answer | Error] = (Answer(204, b""),)
    posted: list[Posted] = field(default_factory=list)

    def __call__(self, to: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.posted.append(Posted(to, body, headers))
        answer = self.answers[min(len(self.posted), len(self.answers)) - 1]
        if isinstance(answer, Error):
            raise answer
        return answer


@dataclass(slots=True)
class Echo:
    """A gala that may be published, and the recipient that its pictures are given to."""

    gala: Gala
    key: Ed25519PrivateKey
    added: RecipientAdded

    @classmethod
    def make(cls, below: Path, *, endpoint: str = ENDPOINT, at: datetime = START) -> Self:
        """A new one in the folder `below`, where it is the instant `at`."""
        gala = Gala.make(below, until=at + 30 * A_DAY)
        gala.clock.at = at
        allow_publishing(gala)
        key = Ed25519PrivateKey.generate()
        return cls(gala, key, gala.library.add_recipient(terms(key, endpoint=endpoint)))

    def enrol(self, name: str, identity: int, *channels: str) -> PersonId:
        """Enrol somebody to be found, and to be shown in `channels`, by default in its own."""
        wishes = [Wish(Purpose.MAY_PUBLISH, channel) for channel in channels or (CHANNEL,)]
        portrait = Portrait("portrait.jpg", picture(identity))
        done = self.gala.library.enrol(name, [portrait], (Wish(Purpose.FIND_ME), *wishes))
        return done.enrolment.person.id

    def give(self, name: str) -> DisclosureId:
        """Give it the photo of this name."""
        path = str(self.gala.folder / name)
        given = self.gala.library.give(path, self.added.recipient.id, channel=CHANNEL)
        return given.disclosure.id

    def recall(self, who: PersonId) -> list[RecallId]:
        """Do what an erasure of a person does: open a case, and demand back what shows them."""
        stores = self.gala.library._stores
        with stores.database.write() as tx:
            at = stores.now(tx)
            case = open_case(tx, Wanted(Trigger.WITHDRAWN, person=who, whole=True), at=at)
            given = disclosures.showing(tx, who, channels=None)
            return recalls.open_for(tx, case, given, at=at)

    def send(self, post: FakePost, *, chance: float = 0.0) -> Report:
        return self.gala.library.send_recalls(post=post, chance=lambda: chance)

    def the_recall(self) -> Recall:
        (one,) = self.gala.library.recalls()
        return one

    def says(self, recall: str, state: str = "completed", **more: object) -> bytes:
        """Its signed acknowledgement."""
        return acknowledgement(self.key, recall, state, **more)

    def wait(self, step: timedelta) -> None:
        self.gala.clock.advance(step)


def allow_publishing(gala: Gala, *, days: int = 30) -> None:
    """The owner of the folder allows it to be given out, too."""
    purposes = frozenset({GrantPurpose.MATCH, GrantPurpose.PUBLISH})
    until = gala.clock.now() + days * A_DAY
    gala.library.add_folder(gala.folder, Given("the club", until, purposes=purposes))


def terms(key: Ed25519PrivateKey | None, name: str = "The Echo", *, endpoint: str = "") -> Terms:
    """What a recipient is added with; of no `key`, one that cannot acknowledge anything."""
    public = to_base64(key.public_key().public_bytes_raw()) if key else ""
    private = endpoint.startswith("http://127.0.0.1")
    return Terms(name, "desk@echo.example", "We delete when asked.", endpoint, private, public)


def acknowledgement(key: Ed25519PrivateKey, recall: str, state: str, **more: object) -> bytes:
    said = {"recall": recall, "state": state, "at": "2026-05-02T08:00:00Z"} | more
    own = OKPKey.import_key(key)
    header = {"alg": "Ed25519"}
    return jws.serialize_compact(header, json.dumps(said), own, algorithms=["Ed25519"]).encode()
