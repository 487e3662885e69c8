"""Being told of new pictures by mail, by a mail server in a thread."""

import re
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from countenance.errors import Unavailable
from countenance.extract.extractor import Extractor
from countenance.library import Library, mail
from countenance.library.mail import Message, SmtpMailer
from countenance.library.telling import AT_MOST_EVERY, LINK_DAYS, MAX_TRIES, Sent
from countenance.people.purpose import Purpose
from countenance.settings import SETTINGS_FILE
from countenance.vision.pack import Pack
from tests.fakes.certificates import certified
from tests.fakes.gala import A_DAY, Gala
from tests.fakes.smtp_server import Mailbox, mail_server
from tests.fakes.vision import FakeVision, picture
from tests.fakes.visitor import Visitor, visiting

ADA = "ada@home.example"
OURS = "https://testserver"
LINK = re.compile(rf"^{OURS}(/\S+)$", re.MULTILINE)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def gala(tmp_path: Path, box: Mailbox) -> Iterator[Gala]:
    """A library that sends mail, with a picture of 1."""
    made = Gala.make(tmp_path)
    (made.root / SETTINGS_FILE).write_text(
        f'smtp = "127.0.0.1:{box.port}"\nsmtp_from = "photos@club.example"\naddress = "{OURS}"\n'
    )
    made.reopen()
    with made:
        made.put("one.png", 1)
        made.ingest()
        yield made


@pytest.fixture
def visitor(gala: Gala) -> Iterator[Visitor]:
    with visiting(gala) as made:
        yield made


@pytest.fixture
def own(visitor: Visitor) -> str:
    """The path of somebody who agreed to be told, and to see it."""
    return visitor.join(visitor.gala.library.invite("gala", channel="web"), tell="1", publish="1")


@pytest.fixture
def told(visitor: Visitor, own: str, box: Mailbox) -> str:
    """The same, with an address that is confirmed."""
    visitor.post(f"{own}/tell", address=ADA)
    assert visitor.gala.library.tell_people() == Sent(1, 0)
    assert visitor.post(led_to(box.messages.pop())).status_code == 200
    return own


def led_to(message: EmailMessage) -> str:
    """Where the one link of a message leads."""
    (path,) = LINK.findall(text(message))
    return str(path)


def text(message: EmailMessage) -> str:
    assert not message.is_multipart()
    return str(message.get_content())


def new_picture(gala: Gala, name: str = "new.png", *, later: timedelta = AT_MOST_EVERY) -> None:
    """Some time after everything before it."""
    gala.clock.advance(later)
    gala.put(name, 1, salt=len(name))
    gala.ingest()


def test_who_has_to_enrol_again_is_told_once(
    visitor: Visitor, told: str, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models changed, and no picture was kept: a message, and the same on one's own page."""

    def extractor_of(library: Library, pack: Pack) -> Extractor:
        return Extractor(library._decoder, FakeVision(pack))

    monkeypatch.setattr(Library, "_extractor_of", extractor_of)
    library = visitor.gala.library
    visitor.gala.clock.advance(AT_MOST_EVERY)
    assert 'id="again"' not in visitor.get(told).text
    library.switch("yunet-dlib")
    assert library.tells_somebody()
    assert library.tell_people() == Sent(1, 0)
    (message,) = box.messages
    assert message["Subject"] == "A picture of you is needed again"
    assert "Ada" not in text(message)
    page = visitor.get(led_to(message)).text
    assert 'id="again"' in page
    visitor.gala.clock.advance(AT_MOST_EVERY)
    assert library.tell_people() == Sent(0, 0)
    visitor.give(f"{told}/face", picture(1))
    visitor.searched()
    assert 'id="again"' not in visitor.get(told).text


def test_somebody_is_told_of_what_is_new(visitor: Visitor, told: str, box: Mailbox) -> None:
    """Once, with the number and a link to it, and of nothing that was there before."""
    library = visitor.gala.library
    assert library.tell_people() == Sent(0, 0)
    new_picture(visitor.gala, "a.png")
    new_picture(visitor.gala, "bc.png", later=timedelta(minutes=1))
    assert library.tells_somebody()
    assert library.tell_people() == Sent(1, 0)
    (message,) = box.messages
    assert (message["To"], message["From"]) == (ADA, "photos@club.example")
    assert message["Subject"] == "2 new pictures that you may be in"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert "Ada" not in text(message)
    way = led_to(message)
    assert way != told
    assert "in 3 places" in visitor.get(way).text
    visitor.gala.clock.advance(AT_MOST_EVERY)
    assert not library.tells_somebody()
    assert library.tell_people() == Sent(0, 0)
    visitor.gala.clock.advance(LINK_DAYS * A_DAY)
    assert visitor.get(way).status_code == 404


def test_it_is_told_in_the_language_of_the_page(visitor: Visitor, own: str, box: Mailbox) -> None:
    visitor.get("/?lang=sv")
    visitor.post(f"{own}/tell", address=ADA)
    visitor.gala.library.tell_people()
    assert box.messages[0]["Subject"] == "Är det här din adress?"
    visitor.post(led_to(box.messages[0]))
    new_picture(visitor.gala)
    visitor.gala.library.tell_people()
    assert box.messages[1]["Subject"] == "En ny bild som du kanske är med på"


@pytest.mark.promise("P10")
def test_an_address_is_written_to_once_it_is_confirmed(
    visitor: Visitor, own: str, box: Mailbox
) -> None:
    """Before that it gets one question, which leads nowhere but to its answer; opening is none."""
    visitor.post(f"{own}/tell", address="stranger@elsewhere.example")
    visitor.gala.library.tell_people()
    (asked,) = box.messages
    path = led_to(asked)
    assert own.rsplit("/", 1)[1] not in text(asked)
    assert "/me/" not in text(asked)
    assert "/me/" not in visitor.get(path).text
    new_picture(visitor.gala)
    assert visitor.gala.library.tell_people() == Sent(0, 0)
    assert len(box.messages) == 1
    visitor.gala.clock.advance(3 * A_DAY)
    assert visitor.post(path).status_code == 404
    assert visitor.post("/tell/guess").status_code == 404


@pytest.mark.promise("P8")
@pytest.mark.parametrize("what", ["tell-me", "find-me", "everything", "the address", "grant"])
def test_what_ended_is_not_told(visitor: Visitor, told: str, box: Mailbox, what: str) -> None:
    """Consents, grant and wish are asked when the message is made."""
    new_picture(visitor.gala)
    if what == "the address":
        visitor.post(f"{told}/tell", stop="1")
    elif what == "grant":
        visitor.gala.end_the_grants()
    else:
        visitor.post(f"{told}/leave", what=what)
    assert visitor.gala.library.tell_people() == Sent(0, 0)
    assert box.messages == []


@pytest.mark.promise("P21")
@pytest.mark.parametrize("what", ["tell-me", "everything", "expired"])
def test_the_address_goes_with_the_consent(visitor: Visitor, told: str, what: str) -> None:
    """Its row is in the case that erases it, whether all ends or that alone."""
    library = visitor.gala.library
    if what == "expired":
        visitor.gala.clock.advance(400 * A_DAY)
    else:
        visitor.post(f"{told}/leave", what=what)
    library.resume()
    (case, *_) = library.erasures()
    assert case.progress.gone.get("tellings") == 1
    with library._database.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM telling").scalar_one() == 0


@pytest.mark.promise("P32")
def test_the_address_stands_nowhere_in_clear(visitor: Visitor, told: str) -> None:
    """Neither in the catalog nor in the log; its owner sees it on their page."""
    assert ADA in visitor.get(f"{told}/tell").text
    for path in visitor.gala.files():
        assert ADA.encode() not in path.read_bytes(), path.name


def test_what_cannot_be_sent_is_tried_again(visitor: Visitor, told: str, box: Mailbox) -> None:
    """Not at once, and with a link that was not given before; in the end the address is let go."""
    library = visitor.gala.library
    new_picture(visitor.gala)
    box.refuses = "451 later"
    assert library.tell_people() == Sent(0, 1)
    assert library.tell_people() == Sent(0, 0)
    visitor.gala.clock.advance(timedelta(minutes=5))
    box.refuses = ""
    assert library.tell_people() == Sent(1, 0)
    assert len(box.messages) == 1
    new_picture(visitor.gala, "another.png")
    box.refuses = "550 nobody of that name"
    for _ in range(MAX_TRIES):
        assert library.tell_people() == Sent(0, 1)
        visitor.gala.clock.advance(A_DAY)
    assert library.told_at(told.rsplit("/", 1)[1]) is None


@pytest.mark.promise("P20")
def test_who_leaves_while_they_are_told_leaves_nothing(visitor: Visitor, told: str) -> None:
    """A message under way that comes through afterwards writes nothing."""
    library = visitor.gala.library
    new_picture(visitor.gala)

    def slow(message: Message) -> None:
        assert message.to == ADA
        visitor.post(f"{told}/leave", what="everything")

    assert library.tell_people(slow) == Sent(1, 0)
    with library._database.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM telling").scalar_one() == 0


@pytest.mark.promise("P22")
def test_a_backup_does_not_bring_an_address_back(
    visitor: Visitor, told: str, tmp_path: Path
) -> None:
    """Whoever stopped it since is not written to by the library that was restored."""
    library = visitor.gala.library
    backup = library.back_up(tmp_path / "backups", days=9)
    visitor.post(f"{told}/tell", stop="1")
    restored = type(library).restore(
        backup.backup.location,
        tmp_path / "again",
        keys=visitor.gala.keys,
        actor="tester",
        clock=visitor.gala.clock,
    )
    again = type(library).open(restored.root, clock=visitor.gala.clock)
    with again, again._database.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM telling").scalar_one() == 0


def test_it_is_off_where_nothing_sends_mail(tmp_path: Path) -> None:
    """No page offers it, and an address that is sent nevertheless is not taken."""
    with Gala.make(tmp_path) as gala, visiting(gala) as visitor:
        gala.put("one.png", 1)
        gala.ingest()
        own = visitor.join(gala.library.invite("gala"), tell="1")
        assert f"{own}/tell" not in visitor.get(own).text
        assert "not possible here" in visitor.get(f"{own}/tell").text
        assert visitor.post(f"{own}/tell", address=ADA).status_code == 403
        assert not gala.library.tells_somebody()


def test_only_who_agreed_is_asked_for_an_address(visitor: Visitor) -> None:
    own = visitor.join(visitor.gala.library.invite("gala"))
    assert f"{own}/tell" not in visitor.get(own).text
    assert visitor.post(f"{own}/tell", address=ADA).status_code == 403


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "@home.example", "a@b.example\nBcc: c@d.example", "å@b.example"]
)
def test_what_is_no_address_is_told(visitor: Visitor, own: str, address: str) -> None:
    assert visitor.post(f"{own}/tell", address=address).status_code == 422


def test_the_rounds_send_it(visitor: Visitor, told: str, box: Mailbox) -> None:
    """Beside the server, without anybody asking for it."""
    from threading import Event  # noqa: PLC0415

    from countenance.jobs.rounds import Rounds  # noqa: PLC0415

    assert told
    visitor.gala.clock.advance(AT_MOST_EVERY)
    visitor.gala.put("new.png", 1, salt=3)
    heard: list[object] = []
    Rounds(visitor.gala.library, timedelta(hours=1), heard.append, Event()).go()
    assert len(box.messages) == 1


# --- the mailer -------------------------------------------------------------------------------


def test_beyond_this_machine_mail_is_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And signed in for; without STARTTLS, or with a certificate of another, nothing is said."""
    monkeypatch.setattr(mail, "_is_this_machine", lambda _host: False)
    server, trust, _ = certified("localhost", tmp_path)
    message = Message(ADA, "Nya bilder på dig", "Å\n.\n")
    with mail_server(server) as box:
        sends = SmtpMailer("localhost", box.port, "photos@club.example", "club", "secret", trust)
        sends(message)
        assert (box.encrypted, box.secrets) == (1, [b"\0club\0secret"])
        assert box.messages[0]["Subject"] == "Nya bilder på dig"
        assert text(box.messages[0]) == "Å\n.\n"
        stranger = SmtpMailer("localhost", box.port, "photos@club.example", "club", "secret")
        with pytest.raises(Unavailable):
            stranger(message)
    with mail_server() as plain:
        sends = SmtpMailer("localhost", plain.port, "photos@club.example", "club", "secret", trust)
        with pytest.raises(Unavailable):
            sends(message)
        assert (plain.secrets, plain.messages) == ([], [])
    assert "secret" not in repr(sends)
    assert trust.verify_mode == ssl.CERT_REQUIRED


def test_tell_me_is_a_purpose_of_its_own(visitor: Visitor, told: str) -> None:
    """To stop it leaves what else was agreed to as it was."""
    visitor.post(f"{told}/leave", what="tell-me")
    (ada,) = visitor.gala.library.people()
    now = visitor.gala.library.now()
    live = {
        one.wish.purpose for one in visitor.gala.library.consents(ada.id)[1] if one.in_force(now)
    }
    assert live == {Purpose.FIND_ME, Purpose.MAY_PUBLISH}
    assert len(visitor.sightings(told)) == 1
