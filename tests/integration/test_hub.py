"""The hub and its lines: who knows the word is heard, and who is gone is missed."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from countenance.engines import hub as hubs
from countenance.engines.hub import Hub, HubAddress, Line, LineLost
from countenance.engines.isolated import Message
from countenance.errors import Unavailable

HERE = "127.0.0.1"


class Desk:
    """Answers with what it was asked, and remembers who asked what and who is gone."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.gone: list[str] = []
        self.missed = threading.Event()

    def answer(self, name: str, message: Message) -> Message:
        if message.fields.get("ask") != "ping":
            self.asked.append((name, message.fields.get("ask")))
        return Message(message.fields, message.body)

    def lost(self, name: str) -> None:
        self.gone.append(name)
        self.missed.set()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def hub(desk: Desk) -> Iterator[Hub]:
    with Hub(HERE, desk.answer, desk.lost) as made:
        yield made


def test_each_worker_has_a_line_of_its_own(desk: Desk, hub: Hub) -> None:
    """With a name, and bytes of any kind both ways."""
    one, other = Line(hub.address), Line(hub.address)
    for line in (one, other, one):
        answer = line.ask({"ask": "this"}, bytes(range(256)) * 5000)
        assert (answer.fields, bytes(answer.body)) == ({"ask": "this"}, bytes(range(256)) * 5000)
    names = [name for name, _ in desk.asked]
    assert names[0] == names[2] != names[1]
    assert hub.lines == 2
    one.close()
    other.close()


def test_a_line_that_ends_is_missed(desk: Desk, hub: Hub) -> None:
    """Whoever hangs up, or whose process ends: its work is for others."""
    line = Line(hub.address)
    line.ask({"ask": "this"})
    line.close()
    assert desk.missed.wait(10)
    assert desk.gone == [desk.asked[0][0]]
    line.ask({"ask": "that"})
    assert desk.asked[1][0] != desk.asked[0][0], "who comes again has nothing from before"
    line.close()


def test_silence_is_a_loss(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without power says no good-bye."""
    monkeypatch.setattr(hubs, "SILENCE", 0.2)
    with Hub(HERE, desk.answer, desk.lost) as hub:
        line = Line(hub.address)
        line.ask({"ask": "this"})
        assert desk.missed.wait(10)
        with pytest.raises(LineLost):
            line.ask({"ask": "that"})
        line.close()


def test_who_works_for_long_is_heard_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line says now and then that it is there."""
    monkeypatch.setattr(hubs, "SILENCE", 0.6)
    monkeypatch.setattr(hubs, "_PING_EVERY", 0.05)
    with Hub(HERE, desk.answer, desk.lost) as hub:
        line = Line(hub.address)
        line.ask({"ask": "this"})
        assert not desk.missed.wait(1.2)
        line.close()


def test_who_does_not_know_the_word_is_not_heard(desk: Desk, hub: Hub) -> None:
    """Nothing that it asks reaches anybody."""
    line = Line(replace(hub.address, word="guessed"))
    with pytest.raises(LineLost):
        line.ask({"ask": "this"})
    assert not desk.asked
    assert not desk.gone


def test_a_hub_that_is_another_is_told_nothing(desk: Desk, hub: Hub) -> None:
    """A worker says the word to the very hub that sent it out, and to no other."""
    with Hub(HERE, desk.answer, desk.lost) as other:
        taken_over = replace(hub.address, port=other.address.port)
        with pytest.raises(LineLost):
            Line(taken_over).ask({"ask": "this"})
    assert desk.asked == []


def test_nothing_is_read_on_the_way(hub: Hub) -> None:
    """What crosses is encrypted, templates above all."""
    secret = b"a template, or what lies in one" * 40
    with _tapped_relay(hub.address) as (address, passed):
        line = Line(address)
        assert line.ask({"ask": "this"}, secret).body == secret
        line.close()
    assert len(passed) > 2 * len(secret)
    assert secret[:31] not in bytes(passed)
    assert hub.address.word.encode() not in bytes(passed)


def test_a_hub_that_closes_ends_every_line(desk: Desk) -> None:
    """And whoever asks then learns it."""
    with Hub(HERE, desk.answer, desk.lost) as hub:
        line = Line(hub.address)
        line.ask({"ask": "this"})
    with pytest.raises(LineLost):
        line.ask({"ask": "that"})
    assert desk.gone


def test_where_there_is_no_listening_it_is_said(desk: Desk) -> None:
    with pytest.raises(Unavailable, match=r"no listening on 192\.0\.2\.77"):
        Hub("192.0.2.77", desk.answer, desk.lost).__enter__()


def test_what_is_no_worker_at_all_is_no_trouble(hub: Hub) -> None:
    """A scan of ports, a browser: the hub hangs up, and serves on."""
    with socket.create_connection((HERE, hub.address.port)) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):
            stranger.recv(1000)
    with pytest.raises(ssl.SSLError), socket.create_connection((HERE, hub.address.port)) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    line = Line(hub.address)
    assert line.ask({"ask": "this"}).fields == {"ask": "this"}
    line.close()


# --------------------------------------------------------------------------------------------------


@contextmanager
def _tapped_relay(address: HubAddress) -> Iterator[tuple[HubAddress, bytearray]]:
    """Another way to the hub, with everything that passes there."""
    passed = bytearray()
    threads = []
    with socket.create_server((HERE, 0)) as listening:

        def carry(whence: socket.socket, where: socket.socket) -> None:
            with suppress(OSError):
                while data := whence.recv(65536):
                    passed.extend(data)
                    where.sendall(data)
                where.shutdown(socket.SHUT_WR)

        def relay() -> None:
            came, _ = listening.accept()
            with came, socket.create_connection((address.host, address.port)) as there:
                back = threading.Thread(target=carry, args=(there, came))
                back.start()
                carry(came, there)
                back.join()

        threads.append(threading.Thread(target=relay))
        threads[0].start()
        yield replace(address, port=listening.getsockname()[1]), passed
        threads[0].join()
