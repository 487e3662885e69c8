"""Recalls: until they arrive, until somebody answers for each, and with a real recipient."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from countenance.audit.statement import RecallState
from countenance.catalog import recalls
from countenance.catalog.recalls import Recall
from countenance.core.canonical import digest
from countenance.core.ids import RecallId
from countenance.erasure.post import Answer, Endpoint, HttpPoster
from countenance.erasure.recall import DEADLINE, TIME_TO_ANSWER, WAITS
from countenance.errors import NotFound, Refused, Unavailable, UsageError, VerificationError
from countenance.vault.webhook import read_public_key, verify
from tests.fakes.echo import Echo, FakePost, acknowledgement, allow_publishing, terms
from tests.fakes.gala import A_DAY, Gala

ADA, BO = 1, 2
DOWN = Unavailable("echo.example: ConnectionRefusedError")
A_SECOND = timedelta(seconds=1)

# What somebody could write who has the database and not the program.
FORGED = (
    "UPDATE recall SET acknowledgement = 'forged', ended_by = 'eve'",
    (
        "INSERT INTO disclosure SELECT 'x_stray', recipient_id, photo_id, source_id, channel, at, "
        "file, covers, uncovered, faces "
        "FROM disclosure"
    ),
    (
        "INSERT INTO recipient SELECT 't_stray', 'M', contact, terms, endpoint, "
        "on_private_network, public_key, token_digest, added_at, ended_at FROM recipient"
    ),
)


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    """Ada is in a photo that was given out, and it is to be recalled."""
    made = Echo.make(tmp_path)
    with made.gala:
        _recalled(made)
        yield made


@pytest.mark.promise("P23")
def test_a_recall_is_a_signed_message_of_ids(echo: Echo) -> None:
    """It verifies with our key, is in canonical form, and says which disclosure and by when."""
    post = FakePost()
    report = echo.send(post)
    (posted,) = post.posted
    one = echo.the_recall()
    key = read_public_key(echo.added.webhook_key)
    assert verify(posted.headers, posted.body, key, now=echo.gala.clock.now()) == one.id
    assert posted.to.host == "echo.example"
    assert json.loads(posted.body) == {
        "type": "erasure.requested",
        "timestamp": "2026-05-01T12:00:00Z",
        "data": {
            "recall": one.id,
            "disclosure": one.disclosure,
            "photo": one.photo,
            "deadline": "2026-05-15T12:00:00Z",
        },
    }
    assert (one.state, one.tries, report.still_open) == (RecallState.DELIVERED, 1, 1)
    assert one.next_at == one.opened_at + DEADLINE


@pytest.mark.promise("P23")
def test_every_disclosure_has_one_recall(echo: Echo) -> None:
    """Opening a case's recalls again opens no second one for the same disclosure."""
    one = echo.the_recall()
    with echo.gala.library._database.write() as tx:
        again = recalls.open_for(tx, one.erasure, [one.disclosure] * 2, at=one.opened_at)
        assert again == [one.id] * 2
        assert recalls.of(tx, one.erasure) == [one]


@pytest.mark.promise("P23")
def test_it_is_sent_again_in_growing_waits_and_then_a_task(echo: Echo) -> None:
    """Ten attempts over some 75 hours, each when it is due and not before; then a person."""
    post = FakePost([DOWN])
    start = echo.gala.clock.now()
    ids = set()
    for number, wait in enumerate(WAITS, start=1):
        if wait:
            echo.wait(wait - A_SECOND)
            assert echo.send(post).done == ()
            echo.wait(A_SECOND)
        (one,) = echo.send(post).done
        assert (one.tries, len(post.posted)) == (number, number)
        assert one.trouble.startswith(DOWN.message)
        ids.add(post.posted[-1].headers["webhook-id"])
    assert echo.gala.clock.now() - start == timedelta(hours=75, minutes=35, seconds=5)
    assert ids == {one.id}
    assert len({posted.body for posted in post.posted}) == 1
    assert len({posted.headers["webhook-timestamp"] for posted in post.posted}) == len(WAITS)
    assert (one.state, one.next_at) == (RecallState.NEEDS_PERSON, None)
    echo.wait(400 * A_DAY)
    report = echo.send(post)
    assert (report.done, report.still_open) == ((), 1)


def test_waits_are_longer_by_chance(echo: Echo) -> None:
    """Of a hundred that failed together not all are sent again together."""
    echo.send(FakePost([DOWN]), chance=0.5)
    one = echo.the_recall()
    assert one.next_at == one.opened_at + 1.05 * WAITS[1]


@pytest.mark.promise("P23")
@pytest.mark.parametrize("status", [301, 307, 400, 404, 429, 500, 503])
def test_an_answer_that_is_none_is_tried_again(echo: Echo, status: int) -> None:
    """Only 2xx is a delivery; what else is said, redirects too, is trouble."""
    (one,) = echo.send(FakePost([Answer(status, b"")])).done
    assert (one.state, one.tries) == (RecallState.OPEN, 1)
    assert str(status) in one.trouble
    assert one.next_at == one.opened_at + WAITS[1]


@pytest.mark.promise("P23")
def test_gone_is_a_task_at_once(echo: Echo) -> None:
    """An endpoint that says 410 is not asked again: a person is."""
    (one,) = echo.send(FakePost([Answer(410, b"")])).done
    assert (one.state, one.next_at) == (RecallState.NEEDS_PERSON, None)


@pytest.mark.promise("P23")
def test_an_address_that_may_not_be_posted_to_is_trouble(echo: Echo) -> None:
    """A name that leads inside is a failed attempt like any other, and ends in a task."""
    (one,) = echo.send(FakePost([Refused("echo.example: its address 10.0.0.1")])).done
    assert (one.state, one.tries) == (RecallState.OPEN, 1)


@pytest.mark.promise("P23")
def test_who_has_no_endpoint_is_written_to(tmp_path: Path) -> None:
    """Without an endpoint a recall is a task from the first moment, and stands in the feed."""
    echo = Echo.make(tmp_path, endpoint="")
    with echo.gala:
        _recalled(echo)
        post = FakePost()
        (one,) = echo.send(post).done
        assert (one.state, post.posted) == (RecallState.NEEDS_PERSON, [])
        page = echo.gala.library.feed(echo.added.token)
        assert page is not None
        assert [other.id for other in page.recalls] == [one.id]


@pytest.mark.promise("P23")
def test_delivered_is_not_the_end(echo: Echo) -> None:
    """Whoever hears and says nothing until the deadline becomes a task for a person."""
    echo.send(FakePost())
    echo.wait(DEADLINE - A_SECOND)
    assert echo.send(FakePost()).done == ()
    echo.wait(A_SECOND)
    post = FakePost()
    (one,) = echo.send(post).done
    assert (one.state, post.posted) == (RecallState.NEEDS_PERSON, [])


@pytest.mark.promise("P23")
def test_an_answer_acknowledges_at_once(echo: Echo) -> None:
    """A 2xx whose body is the recipient's signed word ends the recall, and the log has both."""
    said = echo.says(echo.the_recall().id)
    (one,) = echo.send(FakePost([Answer(200, said)])).done
    assert (one.state, one.acknowledgement) == (RecallState.ACKNOWLEDGED, digest(said))
    assert one.ended_at == echo.gala.clock.now()
    (entry,) = (one for _, one in echo.gala.library.trail.tail(1) if one)
    assert entry.act == "recall.acknowledged"
    assert entry.actor == echo.added.recipient.id
    assert entry.rests_on == (digest(said),)
    assert echo.the_recall() == one
    assert echo.send(FakePost()).still_open == 0


@pytest.mark.promise("P23")
def test_a_wrong_signature_in_an_answer_ends_nothing(echo: Echo) -> None:
    """It was delivered, and that is all; what is wrong is said."""
    forged = acknowledgement(Ed25519PrivateKey.generate(), echo.the_recall().id, "completed")
    (one,) = echo.send(FakePost([Answer(200, forged)])).done
    assert (one.state, one.acknowledgement) == (RecallState.DELIVERED, None)
    assert "signature" in one.trouble
    assert "recall.acknowledged" not in echo.gala.log()


@pytest.mark.promise("P23")
def test_an_answer_about_another_recall_ends_neither(echo: Echo) -> None:
    """The word for one recall is not taken for the answer to another."""
    (one,) = echo.send(FakePost([Answer(200, echo.says("w_0000000000000000"))])).done
    assert one.state is RecallState.DELIVERED
    assert "another" in one.trouble


@pytest.mark.parametrize("body", [b"", b"ok", b"<html>", b"a.b.c", b"\xff" * 100])
def test_an_answer_of_another_kind_is_passed_over(echo: Echo, body: bytes) -> None:
    """Most endpoints answer with nothing of meaning."""
    (one,) = echo.send(FakePost([Answer(200, body)])).done
    assert (one.state, one.trouble) == (RecallState.DELIVERED, "")


@pytest.mark.promise("P23")
@pytest.mark.parametrize(
    ("state", "then"),
    [
        ("received", RecallState.DELIVERED),
        ("in-progress", RecallState.DELIVERED),
        ("completed", RecallState.ACKNOWLEDGED),
        ("refused", RecallState.NEEDS_PERSON),
    ],
)
def test_what_a_recipient_says_counts_for_what_it_is(
    echo: Echo, state: str, then: RecallState
) -> None:
    """Only `completed` is an end, and `refused` is for a person."""
    one = echo.gala.library.acknowledge(echo.says(echo.the_recall().id, state))
    assert (one.state, one.ended) == (then, state == "completed")
    assert echo.gala.log().count("recall.acknowledged") == 1


@pytest.mark.promise("P23")
def test_being_at_it_buys_no_time(echo: Echo) -> None:
    """Saying `in-progress` every day does not put the deadline off."""
    which = echo.the_recall().id
    due = echo.gala.library.acknowledge(echo.says(which, "received")).next_at
    echo.wait(13 * A_DAY)
    assert echo.gala.library.acknowledge(echo.says(which, "in-progress")).next_at == due
    echo.wait(A_DAY)
    echo.send(FakePost())
    assert (
        echo.gala.library.acknowledge(echo.says(which, "in-progress", onward=["x"])).state
        is RecallState.NEEDS_PERSON
    )


def test_a_late_delivery_leaves_a_day_to_answer(echo: Echo) -> None:
    """Nobody is called a minute after hearing of it, though the deadline is over."""
    echo.wait(DEADLINE)
    echo.send(FakePost())
    assert echo.the_recall().next_at == echo.gala.clock.now() + TIME_TO_ANSWER


def test_those_to_whom_it_was_passed_on_are_counted(echo: Echo) -> None:
    """How many others the recipient told stands beside the recall; who they are, nowhere."""
    said = echo.says(echo.the_recall().id, onward=["Ada's uncle", "The Mirror"])
    one = echo.gala.library.acknowledge(said)
    assert one.trouble == "the recipient passed it on to 2 others"


def test_the_same_word_twice_counts_once(echo: Echo) -> None:
    """Posted again an acknowledgement changes nothing; another one after the end is refused."""
    which = echo.the_recall().id
    said = echo.says(which)
    once = echo.gala.library.acknowledge(said)
    echo.wait(A_DAY)
    assert echo.gala.library.acknowledge(said) == once
    assert echo.gala.log().count("recall.acknowledged") == 1
    with pytest.raises(UsageError, match="before"):
        echo.gala.library.acknowledge(echo.says(which, "refused"))


@pytest.mark.promise("P23")
def test_nobody_acknowledges_for_another(echo: Echo) -> None:
    """Another recipient's key, no key and no such recall are told apart, and none ends anything."""
    other = Ed25519PrivateKey.generate()
    echo.gala.library.add_recipient(terms(other, "The Mirror"))
    one = echo.the_recall()
    with pytest.raises(VerificationError, match="signature"):
        echo.gala.library.acknowledge(acknowledgement(other, one.id, "completed"))
    with pytest.raises(NotFound):
        echo.gala.library.acknowledge(echo.says("w_0000000000000000"))
    with pytest.raises(VerificationError):
        echo.gala.library.acknowledge(b"completed, I swear")
    assert echo.the_recall() == one


@pytest.mark.promise("P23")
def test_a_person_closes_with_a_reason(echo: Echo) -> None:
    """The reason and who gave it are kept, the log says so; a late word still counts."""
    which = echo.the_recall().id
    with pytest.raises(UsageError, match="at least 10"):
        echo.gala.library.close_recall(which, reason="gone")
    assert not echo.the_recall().ended
    one = echo.gala.library.close_recall(which, reason=" the company is bankrupt ")
    assert (one.state, one.reason) == (RecallState.CLOSED, "the company is bankrupt")
    assert one.ended_by == "tester"
    assert echo.gala.log()[-1] == "recall.closed"
    with pytest.raises(UsageError, match="has ended"):
        echo.gala.library.close_recall(which, reason="another reason of ours")
    assert echo.gala.library.acknowledge(echo.says(which, "refused")).state is RecallState.CLOSED
    late = echo.gala.library.acknowledge(echo.says(which))
    assert (late.state, late.reason) == (RecallState.ACKNOWLEDGED, one.reason)


@pytest.mark.promise("P23")
def test_a_recipient_that_ended_hears_of_its_recalls(echo: Echo) -> None:
    """It gets nothing more, and what it has is recalled, by message and by feed."""
    echo.gala.library.end_recipient("The Echo")
    post = FakePost()
    echo.send(post)
    assert len(post.posted) == 1
    assert echo.gala.library.feed(echo.added.token) is not None


@pytest.mark.promise("P23")
def test_a_crash_after_sending_sends_the_same_again(echo: Echo) -> None:
    """Nothing was stored, so it is sent once more, under the id that counts once."""
    post = FakePost()

    def dies(to: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        post(to, body, headers)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        echo.gala.library.send_recalls(post=dies)
    assert echo.the_recall().tries == 0
    echo.gala.reopen()
    echo.send(post)
    assert len({posted.headers["webhook-id"] for posted in post.posted}) == 1
    assert echo.the_recall().state is RecallState.DELIVERED


@pytest.mark.promise("P23")
def test_one_that_fails_does_not_stop_the_others(echo: Echo) -> None:
    """Each recall is stored by itself: the first fails, the second arrives."""
    echo.gala.put("two.png", BO)
    bo = echo.enrol("Bo", BO)
    echo.gala.ingest()
    echo.give("two.png")
    echo.recall(bo)
    echo.send(FakePost([DOWN, Answer(200, b"")]))
    states = [one.state for one in echo.gala.library.recalls()]
    assert states == [RecallState.OPEN, RecallState.DELIVERED]


@pytest.mark.promise("P23")
def test_what_came_meanwhile_is_not_overwritten(echo: Echo) -> None:
    """While we wait for an answer the recipient posts its word: that stays, whatever we hear."""
    which = echo.the_recall().id

    def meanwhile(to: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        del to, body, headers
        with echo.gala.another() as other:
            other.acknowledge(echo.says(which))
        return Answer(500, b"")

    (one,) = echo.gala.library.send_recalls(post=meanwhile).done
    assert one.state is RecallState.ACKNOWLEDGED
    assert echo.the_recall() == one


@pytest.mark.promise("P30")
def test_what_the_tables_say_of_recalls_stands_in_the_log(echo: Echo) -> None:
    """The log is sound after all of it; an end that somebody wrote into the table is named."""
    library = echo.gala.library
    library.acknowledge(echo.says(echo.the_recall().id, "refused"))
    library.close_recall(echo.the_recall().id, reason="the company is bankrupt")
    library.end_recipient("The Echo")
    assert library.trail.verify({}).findings == ()
    with library._database.write() as tx:
        for statement in FORGED:
            tx.execute(text(statement))
    said = "\n".join(one.message for one in library.trail.verify({}).findings)
    for missing in (
        "forged: the log has no entry of recall.acknowledged",
        "x_stray: the log has no entry of photo.disclosed",
        "t_stray: the log has no entry of recipient.added",
        "t_stray: the log has no entry of recipient.ended",
    ):
        assert missing in said


@pytest.mark.promise("P32")
def test_nothing_that_leaves_names_anybody(echo: Echo) -> None:
    """Neither message nor log nor feed holds a name, a path or a score."""
    post = FakePost()
    echo.send(post)
    (posted,) = post.posted
    said = posted.body + json.dumps(dict(posted.headers)).encode()
    for word in (b"Ada", b"one.png", b"gala", b"newspaper", b"p_"):
        assert word not in said


def test_the_feed_goes_on_from_its_cursor(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, each recall once, only one's own; a wrong token is nobody's."""
    monkeypatch.setattr("countenance.library.recipients.FEED_PAGE", 2)
    ada = echo.gala.library.people()[0].id
    for _ in range(2):
        echo.give("one.png")
        echo.recall(ada)
    other = echo.gala.library.add_recipient(terms(None, "The Mirror"))
    library = echo.gala.library
    own = [one.id for one in library.recalls()]
    assert len(own) == 6
    seen: list[RecallId] = []
    cursor, more = 0, True
    while more:
        page = library.feed(echo.added.token, after=cursor)
        assert page is not None
        assert len(page.recalls) <= 2
        seen += [one.id for one in page.recalls]
        cursor, more = page.cursor, page.more
    assert seen == own
    end = library.feed(echo.added.token, after=cursor)
    assert end is not None
    assert (end.recalls, end.cursor, end.more) == ((), cursor, False)
    empty = library.feed(other.token)
    assert empty is not None
    assert empty.recalls == ()
    assert library.feed("no token") is None
    with pytest.raises(UsageError):
        library.feed(echo.added.token, after=-1)


# --- a real recipient ---------------------------------------------------------------------------


class Newspaper:
    """The program of `examples/recipient`, as a process of its own, with a folder of pictures."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.files = folder / "pictures"
        self.files.mkdir(parents=True)
        self.key = folder / "own.key"
        self.folder = folder

    def public_key(self) -> str:
        return self._run().strip()

    def hold(self, disclosure: str) -> Path:
        path = self.files / f"{disclosure}.jpg"
        path.write_bytes(b"a picture")
        return path

    @contextmanager
    def listening(self, sender: str, *more: str, port: int = 0) -> Iterator[str]:
        """Its address; it is ready when it has said that."""
        words = self._words("--files", str(self.files), "--sender-key", sender, "--port", str(port))
        with subprocess.Popen([*words, *more], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline().strip()
            finally:
                process.terminate()

    def pull(self, sender: str, address: str, token: str) -> str:
        (self.folder / "token").write_text(token)
        return self._run(
            *("--files", str(self.files), "--sender-key", sender, "--pull", address),
            *("--token", str(self.folder / "token"), "--cursor", str(self.folder / "cursor")),
        ).strip()

    def _words(self, *more: str) -> list[str]:
        return [sys.executable, str(self.program), "--key", str(self.key), *more]

    def _run(self, *more: str) -> str:
        done = subprocess.run(self._words(*more), check=True, capture_output=True, text=True)
        return done.stdout


@pytest.fixture
def newspaper(tmp_path: Path, repository: Path) -> Newspaper:
    program = repository / "examples" / "recipient" / "recipient.py"
    return Newspaper(program, tmp_path / "newspaper")


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """A gala at the present time: a real recipient looks at its own clock."""
    until = datetime.now(UTC) + 30 * A_DAY
    with Gala.make(tmp_path, until=until) as made:
        made.clock.at = datetime.now(UTC)
        yield made


@pytest.mark.promise("P23")
def test_a_real_recipient_deletes_and_acknowledges(gala: Gala, newspaper: Newspaper) -> None:
    """The recall reaches another process over HTTP, the file is gone there, and it signs that."""
    with newspaper.listening(gala.library.webhook_key()) as address:
        echo = _given_to(newspaper, gala, address)
        held, other = newspaper.hold(_given(gala)), newspaper.hold("x_0000000000000000")
        echo.recall(gala.library.people()[0].id)
        (one,) = gala.library.send_recalls(post=HttpPoster()).done
    assert (one.state, one.trouble) == (RecallState.ACKNOWLEDGED, "")
    assert (held.exists(), other.exists()) == (False, True)
    assert echo.the_recall() == one
    assert gala.log()[-1] == "recall.acknowledged"


@pytest.mark.promise("P23")
def test_a_real_recipient_is_down_and_comes_up(gala: Gala, newspaper: Newspaper) -> None:
    """While nobody listens it is tried again; when somebody does, it arrives."""
    with newspaper.listening(gala.library.webhook_key()) as address:
        echo = _given_to(newspaper, gala, address)
    held = newspaper.hold(_given(gala))
    echo.recall(gala.library.people()[0].id)
    (failed,) = gala.library.send_recalls(chance=lambda: 0.0).done
    assert (failed.state, failed.tries) == (RecallState.OPEN, 1)
    assert held.exists()
    port = int(address.rstrip("/").rpartition(":")[2])
    with newspaper.listening(gala.library.webhook_key(), port=port):
        assert gala.library.send_recalls().done == ()
        gala.clock.advance(WAITS[1])
        (one,) = gala.library.send_recalls().done
    assert (one.state, one.tries) == (RecallState.ACKNOWLEDGED, 2)
    assert not held.exists()


@pytest.mark.promise("P23")
def test_a_real_recipient_refuses(gala: Gala, newspaper: Newspaper) -> None:
    """What it may not delete it says so of, and a person has to act."""
    with newspaper.listening(gala.library.webhook_key()) as address:
        echo = _given_to(newspaper, gala, address)
    which = _given(gala)
    held = newspaper.hold(which)
    echo.recall(gala.library.people()[0].id)
    port = int(address.rstrip("/").rpartition(":")[2])
    sender = gala.library.webhook_key()
    with newspaper.listening(sender, "--keep", which, port=port):
        (one,) = gala.library.send_recalls().done
    assert (one.state, one.trouble) == (RecallState.NEEDS_PERSON, "the recipient refuses")
    assert held.exists()


@pytest.mark.promise("P23")
@pytest.mark.parametrize(
    "forgery", ["webhook-signature", "webhook-id", "webhook-timestamp", "body"]
)
def test_a_real_recipient_takes_no_forgery(gala: Gala, newspaper: Newspaper, forgery: str) -> None:
    """With one header or the body altered on the way it deletes nothing, and we hear no 2xx."""

    def on_the_way(to: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        altered = dict(headers)
        if forgery == "body":
            body = body.replace(b'"deadline":"2', b'"deadline":"3')
        elif forgery == "webhook-signature":
            altered[forgery] = altered[forgery][:-6] + "AAAA=="
        elif forgery == "webhook-timestamp":
            altered[forgery] = str(int(altered[forgery]) + 1)
        else:
            altered[forgery] = "w_0000000000000000"
        assert (body, altered) != (b"", headers)
        return HttpPoster()(to, body, altered)

    with newspaper.listening(gala.library.webhook_key()) as address:
        echo = _given_to(newspaper, gala, address)
        held = newspaper.hold(_given(gala))
        echo.recall(gala.library.people()[0].id)
        (one,) = gala.library.send_recalls(post=on_the_way).done
    assert (one.state, one.tries) == (RecallState.OPEN, 1)
    assert "status 400" in one.trouble
    assert held.exists()


@pytest.mark.promise("P23")
def test_a_real_recipient_reads_what_it_missed(gala: Gala, newspaper: Newspaper) -> None:
    """It was away until we gave up; back again, it asks the feed, deletes and acknowledges."""
    with newspaper.listening(gala.library.webhook_key()) as address:
        echo = _given_to(newspaper, gala, address)
    held = newspaper.hold(_given(gala))
    echo.recall(gala.library.people()[0].id)
    gala.library.send_recalls(post=FakePost([Answer(410, b"")]))
    assert echo.the_recall().state is RecallState.NEEDS_PERSON
    sender = gala.library.webhook_key()
    with _serving(gala.root) as ours:
        assert newspaper.pull(sender, ours, echo.added.token) == "1 recalls"
        assert newspaper.pull(sender, ours, echo.added.token) == "0 recalls"
    assert not held.exists()
    assert echo.the_recall().state is RecallState.ACKNOWLEDGED


# --------------------------------------------------------------------------------------------------


def _recalled(echo: Echo) -> Recall:
    echo.gala.put("one.png", ADA)
    ada = echo.enrol("Ada", ADA)
    echo.gala.ingest()
    echo.give("one.png")
    echo.recall(ada)
    return echo.the_recall()


def _given_to(newspaper: Newspaper, gala: Gala, address: str) -> Echo:
    """Ada's picture is given to the newspaper that listens at `address`."""
    allow_publishing(gala)
    said = replace(terms(None, endpoint=address), public_key=newspaper.public_key())
    unused = Ed25519PrivateKey.generate()
    echo = Echo(gala, unused, gala.library.add_recipient(said))
    gala.put("one.png", ADA)
    echo.enrol("Ada", ADA)
    gala.ingest()
    echo.give("one.png")
    return echo


def _given(gala: Gala) -> str:
    (one,) = gala.library.disclosures("The Echo")
    return one.id


@contextmanager
def _serving(root: Path) -> Iterator[str]:
    """`countenance recall serve`, as a process of its own; its address."""
    words = ("recall", "serve", "--port", "0", "--library", str(root))
    command: Sequence[str] = [sys.executable, "-m", "countenance", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().rpartition(" ")[2]
        finally:
            process.terminate()
