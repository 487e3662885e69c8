"""The fetcher, against servers of our own on this machine that do what servers should not."""

import gzip
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpcore2
import pytest

from countenance import __version__
from countenance.errors import Error, NoGrant, Reason, Refused, Unavailable, Unreadable, UsageError
from countenance.sources.site import client
from countenance.sources.site.client import Asked, Fetched, Fetcher, FetchLimits, user_agent
from countenance.sources.site.guard import Guard, Origin
from countenance.sources.site.wire import Network
from tests.fakes.certificates import certified
from tests.fakes.lying_site import (
    LyingSite,
    answer,
    dripping,
    endless,
    hanging_up,
    moved,
    reset,
    serving,
    silent,
)
from tests.fakes.timer import FakeTimer

JPEG = b"\xff\xd8 as good as a picture"
SHORT = 0.3  # seconds, where a server never answers
NAME = "photos.club.example"
PUBLIC = "93.184.216.34"


@pytest.fixture
def site() -> Iterator[LyingSite]:
    with serving(LyingSite()) as here:
        yield here


def at_home(_host: str, _port: int) -> Sequence[str]:
    return ("127.0.0.1",)


GUARD = Guard(on_private_network=True, resolve=at_home)


OPEN: list[Fetcher] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Every fetcher of a test is closed at its end."""
    yield
    while OPEN:
        OPEN.pop().close()


def fetcher(
    *,
    guard: Guard = GUARD,
    timer: client.Timer | None = None,
    network: Network | None = None,
    seconds: float = 60.0,
) -> Fetcher:
    limits = FetchLimits(seconds=seconds)
    made = Fetcher("Countenance/test", guard=guard, limits=limits, timer=timer, network=network)
    OPEN.append(made)
    return made


def url(site: LyingSite, path: str, host: str = NAME) -> str:
    return f"http://{host}:{site.port}{path}"


def get(site: LyingSite, path: str = "/a.jpg", *, seconds: float = 60.0) -> Fetched:
    return fetcher(seconds=seconds).fetch(Asked(url(site, path), max_bytes=10_000))


def failure(site: LyingSite, path: str = "/a.jpg", *, seconds: float = 60.0) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        get(site, path, seconds=seconds)
    return caught.value


def test_what_is_there_is_fetched(site: LyingSite) -> None:
    """Body, status and headers come as they are, from the address that was asked."""
    site.at("/a.jpg?b=c", answer(JPEG, 'ETag: "1"', "X-Robots-Tag: noai", "x-robots-tag: none"))
    found = get(site, "/a.jpg?b=c#d")
    assert (found.status, found.body, found.etag) == (200, JPEG, '"1"')
    assert found.headers["x-robots-tag"] == "noai, none"
    assert (found.url, found.certificate) == (url(site, "/a.jpg?b=c"), "")


def test_it_says_who_asks(site: LyingSite) -> None:
    """Host, agent and what is taken stand in each request, and nothing else of us."""
    site.at("/a.jpg", answer(JPEG))
    get(site)
    assert site.heard[0].headers == {
        "host": f"{NAME}:{site.port}",
        "user-agent": "countenance/test",
        "accept": "*/*",
        "accept-encoding": "gzip",
    }


def test_the_agent_names_its_operator() -> None:
    """An address and a contact, if there are any, and no way to write another header."""
    assert user_agent() == f"Countenance/{__version__}"
    named = user_agent("https://finder.example/", "mail@finder.example")
    assert named.endswith(" (+https://finder.example/; mail@finder.example)")
    for bad in ("a\r\nb: c", "é", "a) b"):
        with pytest.raises(UsageError):
            user_agent(bad)


def test_every_status_is_an_answer(site: LyingSite) -> None:
    """What is gone, forbidden or broken is told, not raised; its page comes along."""
    for status in (204, 401, 403, 404, 410, 429, 500, 503):
        site.at(f"/{status}", answer(b"" if status == 204 else b"sorry", status=status))
        assert get(site, f"/{status}").status == status
    assert get(site, "/404").body == b"sorry"
    assert get(site, "/nothing").status == 404


def test_a_long_page_of_an_error_is_left(site: LyingSite) -> None:
    """It is still that status, without the page."""
    site.at("/a.jpg", endless(b"HTTP/1.1 404 X\r\n\r\n", b"sorry" * 1000))
    found = get(site)
    assert (found.status, found.body) == (404, b"")


def test_one_connection_serves_many_requests(site: LyingSite) -> None:
    """Answers of either kind of length, and of an error, leave the connection in order."""
    chunked = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    hint = b"HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n"
    site.at("/a", answer(JPEG)).at("/b", chunked).at("/d", hint + hint + answer(JPEG))
    ours = fetcher()
    for path in ("/a", "/b", "/none", "/d", "/a"):
        ours.fetch(Asked(url(site, path)))
    assert [one.connection for one in site.heard] == [1] * 5
    ours.close()
    ours.close()


def test_a_host_is_asked_by_one_at_a_time(site: LyingSite) -> None:
    """However many threads there are, there is one connection."""
    site.at("/a.jpg", answer(JPEG))
    ours = fetcher()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ours.fetch, [Asked(url(site, "/a.jpg"))] * 40))
    assert {one.body for one in found} == {JPEG}
    assert site.connections == 1


@pytest.mark.parametrize("end", [hanging_up(answer(JPEG)), reset(answer(JPEG))])
def test_a_connection_that_was_kept_may_have_ended(
    site: LyingSite, end: Callable[[socket.socket], None]
) -> None:
    """The next request opens another; nobody notices."""
    site.at("/a.jpg", end)
    ours = fetcher()
    for _ in range(3):
        assert ours.fetch(Asked(url(site, "/a.jpg"))).body == JPEG
    assert site.connections == 3


def test_a_kept_connection_that_ends_as_we_ask_is_opened_once_more(site: LyingSite) -> None:
    """Nothing was answered, so the request is made again, once."""
    site.at("/a", answer(JPEG)).at("/b", hanging_up(), answer(JPEG)).at("/c", hanging_up())
    ours = fetcher()
    ours.fetch(Asked(url(site, "/a")))
    assert ours.fetch(Asked(url(site, "/b"))).body == JPEG
    with pytest.raises(Unavailable):
        ours.fetch(Asked(url(site, "/c")))
    assert site.paths() == ["/a", "/b", "/b", "/c", "/c"]


# --------------------------------------------------------------------------------------------------
# What servers should not do.


def test_a_drip_has_an_end(site: LyingSite) -> None:
    """Bytes that come late buy no time: neither in the body nor in the headers."""
    head = b"HTTP/1.1 200 X\r\nContent-Length: 9000\r\n\r\n"
    timer = FakeTimer(step=1.0)
    drip = dripping(b"x")

    def slowly(link: socket.socket) -> None:
        link.sendall(head)
        drip(link)

    site.at("/a.jpg", slowly).at("/b.jpg", dripping(b"HTTP/1.1 200 X\r\nA: " + b"x" * 60_000))
    for path in ("/a.jpg", "/b.jpg"):
        with pytest.raises(Unreadable) as caught:
            fetcher(timer=timer, seconds=60.0).fetch(Asked(url(site, path)))
        assert caught.value.reason is Reason.TOO_SLOW


def test_silence_has_an_end(site: LyingSite) -> None:
    """Before a byte of an answer the server is away; after it, this answer is too slow."""
    site.at("/never", silent(site)).at("/half", silent(site, answer(b"", length=10)))
    with pytest.raises(Unavailable, match="no answer in time"):
        get(site, "/never", seconds=SHORT)
    assert failure(site, "/half", seconds=SHORT).reason is Reason.TOO_SLOW


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 X\r\n\r\n",
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 X\r\nContent-Length: 99999999999\r\n\r\n",
    ],
)
def test_a_body_without_end_is_left(site: LyingSite, head: bytes) -> None:
    """Whether it says how long it is or not, no more is read than is allowed."""
    part = b"3e8\r\n" + b"x" * 1000 + b"\r\n" if b"chunked" in head else b"x" * 1000
    site.at("/a.jpg", endless(head, part))
    assert failure(site).reason is Reason.TOO_MANY_BYTES


def test_a_body_of_just_the_length_allowed_is_read(site: LyingSite) -> None:
    """And one byte more is not."""
    site.at("/a", answer(b"x" * 10_000)).at("/b", answer(b"x" * 10_001))
    assert len(get(site, "/a").body) == 10_000
    assert failure(site, "/b").reason is Reason.TOO_MANY_BYTES


def test_a_body_that_ends_early_is_damaged(site: LyingSite) -> None:
    """In good order or not: it is not what its headers say."""
    cut = answer(JPEG, length=len(JPEG) + 1)
    site.at("/a", hanging_up(cut)).at("/b", reset(cut))
    site.at("/c", hanging_up(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"))
    assert {failure(site, path).reason for path in ("/a", "/b", "/c")} == {Reason.DAMAGED}


def test_a_body_that_goes_on_is_damaged(site: LyingSite) -> None:
    """And what is too much is not taken for the answer to the next request."""
    more = answer(b"of somebody else")
    chunked = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    site.at("/a", answer(JPEG, length=len(JPEG) - 1)).at("/b", answer(JPEG) + more)
    site.at("/c", chunked + b"x").at("/d", answer(b"", status=404) + more).at("/e", answer(JPEG))
    ours = fetcher()
    for path in ("/a", "/b", "/c"):
        with pytest.raises(Unreadable, match="longer than its headers say"):
            ours.fetch(Asked(url(site, path)))
        assert ours.fetch(Asked(url(site, "/e"))).body == JPEG
    assert ours.fetch(Asked(url(site, "/d"))).status == 404
    assert ours.fetch(Asked(url(site, "/e"))).body == JPEG


def test_headers_have_an_end(site: LyingSite) -> None:
    """Many of them, a long one, or interim answers without end."""
    site.at("/many", endless(b"HTTP/1.1 200 X\r\n", b"A: b\r\n" * 100))
    site.at("/long", endless(b"HTTP/1.1 200 X\r\nA: ", b"x" * 1000))
    site.at("/interim", endless(b"", b"HTTP/1.1 100 X\r\n\r\n" * 1000))
    for path in ("/many", "/long", "/interim"):
        found = failure(site, path)
        assert (found.reason, "headers" in found.message) == (Reason.TOO_MANY_BYTES, True)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 X\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 X\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 abc\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 X\r\nA B: c\r\n\r\n",
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_damaged(site: LyingSite, said: bytes) -> None:
    """An answer of another kind is no answer to go on with."""
    site.at("/a.jpg", hanging_up(said))
    assert failure(site).reason is Reason.DAMAGED


def test_nobody_there_is_away(site: LyingSite) -> None:
    """No connection, one that ends at once, one that is reset: it may be there later."""
    site.at("/a", hanging_up()).at("/b", reset())
    for path in ("/a", "/b"):
        with pytest.raises(Unavailable, match="closed the connection"):
            get(site, path)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unavailable, match="no connection"):
        fetcher().fetch(Asked(f"http://{NAME}:{port}/"))


# --------------------------------------------------------------------------------------------------
# Packed bodies.


def test_what_is_packed_is_unpacked(site: LyingSite) -> None:
    """By gzip, in one or several; otherwise it is not read."""
    both = gzip.compress(b"one ") + gzip.compress(b"two")
    site.at("/a", answer(both, "Content-Encoding: GZIP")).at("/b", answer(JPEG))
    site.at("/c", answer(JPEG, "Content-Encoding: br"))
    site.at("/d", answer(JPEG, "Content-Encoding: gzip, gzip"))
    assert get(site, "/a").body == b"one two"
    assert get(site, "/b").body == JPEG
    assert failure(site, "/c").reason is Reason.FORMAT
    assert failure(site, "/d").reason is Reason.FORMAT


def test_a_bomb_does_not_go_off(site: LyingSite) -> None:
    """Unpacked it has no more bytes than allowed, whatever it is packed in."""
    bomb = gzip.compress(b"\0" * 5_000_000)
    assert len(bomb) < 10_000
    site.at("/a.jpg", answer(bomb, "Content-Encoding: gzip"))
    assert failure(site).reason is Reason.TOO_MANY_BYTES
    whole = gzip.compress(b"x" * 10_000)
    site.at("/a.jpg", answer(whole, "Content-Encoding: gzip"))
    assert len(get(site).body) == 10_000


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(JPEG)[:-1],
        gzip.compress(JPEG) + b"x",
        JPEG,
        gzip.compress(b"") * 400,
    ],
    ids=["early", "goes-on", "not-packed", "many"],
)
def test_a_package_that_is_not_sound_is_damaged(site: LyingSite, packed: bytes) -> None:
    """One that ends early, goes on, is none, or is of countless pieces."""
    site.at("/a.jpg", answer(packed, "Content-Encoding: gzip"))
    assert failure(site).reason is Reason.DAMAGED


# --------------------------------------------------------------------------------------------------
# Redirects.


def test_a_redirect_on_the_same_server_is_followed(site: LyingSite) -> None:
    """Relative or not; where it led to is told."""
    site.at("/a.jpg", moved("b/c.jpg")).at("/b/c.jpg", moved(url(site, "/d.jpg"), status=308))
    site.at("/d.jpg", answer(JPEG))
    found = get(site)
    assert (found.body, found.url) == (JPEG, url(site, "/d.jpg"))


def test_a_redirect_is_not_followed_for_ever(site: LyingSite) -> None:
    """Five are; whether in a circle or not."""
    site.at("/a.jpg", moved("/b.jpg")).at("/b.jpg", moved("/a.jpg"))
    with pytest.raises(Refused, match="more than 5 times"):
        get(site)
    assert len(site.heard) == 6
    for n in range(1, 6):
        site.at(f"/{n}", moved(f"/{n + 1}"))
    site.at("/6", answer(JPEG))
    assert get(site, "/1").body == JPEG


@pytest.mark.promise("P1")
@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://other.example/a.jpg",
        "http://photos.club.example/a.jpg",
        "https://photos.club.example/a.jpg",
        "//2130706433/",
        "http://127.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "file:///etc/passwd",
        "gopher://photos.club.example/",
        "http://photos.club.example@other.example/",
    ],
)
def test_a_redirect_to_another_server_is_refused(site: LyingSite, to: str) -> None:
    """Nothing is asked there: not the name resolved, not a connection made."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ("127.0.0.1",)

    site.at("/a.jpg", moved(to))
    guard = Guard(on_private_network=True, resolve=resolve)
    with pytest.raises(Refused):
        fetcher(guard=guard).fetch(Asked(url(site, "/a.jpg")))
    assert asked == [NAME]
    assert site.paths() == ["/a.jpg"]


def test_a_redirect_to_a_server_that_was_named_is_followed(site: LyingSite) -> None:
    """By a connection of its own."""
    there = url(site, "/a.jpg", "img.club.example")
    site.at("/a.jpg", moved(there), answer(JPEG))
    within = frozenset({Origin.parse(url(site, "/")), Origin.parse(there)})
    found = fetcher().fetch(Asked(url(site, "/a.jpg"), within))
    assert (found.url, found.body) == (there, JPEG)
    assert [one.headers["host"].split(":")[0] for one in site.heard] == [NAME, "img.club.example"]


@pytest.mark.promise("P1")
def test_what_is_not_covered_is_not_asked_for(site: LyingSite) -> None:
    """Neither at first nor by a redirect, in whatever disguise."""
    site.at("/open/a.jpg", moved("/open/../private/a.jpg")).at("/private/a.jpg", answer(JPEG))

    def covers(address: str) -> bool:
        return address.startswith(url(site, "/open/"))

    for path in ("/open/a.jpg", "/private/a.jpg", "/open/%2e%2e/private/a.jpg"):
        with pytest.raises(NoGrant):
            fetcher().fetch(Asked(url(site, path), covers=covers))
    assert site.paths() == ["/open/a.jpg"]


# --------------------------------------------------------------------------------------------------
# Asking again, and not too often.


def test_what_one_has_is_not_sent_again(site: LyingSite) -> None:
    """What the server said of it is said back to it, word for word."""
    site.at("/a.jpg", b'HTTP/1.1 304 X\r\nETag: W/"\xe9"\r\nContent-Length: 900\r\n\r\n')
    ours = fetcher()
    asked = Asked(url(site, "/a.jpg"), etag='W/"\xe9"', last_modified="Sun, 01 Nov 2026 00:00 GMT")
    found = [ours.fetch(asked) for _ in range(2)]
    assert [(one.status, one.body, one.etag) for one in found] == [(304, b"", 'W/"\xe9"')] * 2
    said = site.heard[0].headers
    assert (said["if-none-match"], said["if-modified-since"]) == (
        'w/"\xe9"',
        "sun, 01 nov 2026 00:00 gmt",
    )
    assert site.connections == 1


def test_a_rate_is_kept(site: LyingSite) -> None:
    """So many requests a minute, evenly, redirects among them; without a rate nobody waits."""
    site.at("/a.jpg", moved("/b.jpg")).at("/b.jpg", answer(JPEG))
    timer = FakeTimer()
    ours = fetcher(timer=timer)
    for _ in range(2):
        ours.fetch(Asked(url(site, "/a.jpg"), per_minute=30))
    assert timer.slept == [2.0, 2.0, 2.0]
    timer.at += 60
    ours.fetch(Asked(url(site, "/b.jpg"), per_minute=30))
    assert len(timer.slept) == 3
    timer.slept.clear()
    quick = fetcher(timer=timer)
    for _ in range(5):
        quick.fetch(Asked(url(site, "/b.jpg")))
    assert timer.slept == []


def test_a_host_that_is_busy_is_asked_again_when_it_says(site: LyingSite) -> None:
    """In seconds, or by its own clock; three times, and then that is the answer."""
    dated = ("Date: Sun, 01 Nov 2026 08:49:37 GMT", "Retry-After: Sun, 01 Nov 2026 08:49:47 GMT")
    site.at(
        "/a.jpg",
        answer(b"", "Retry-After: 7", status=429),
        answer(b"", *dated, status=503),
        answer(JPEG),
    )
    timer = FakeTimer()
    assert fetcher(timer=timer).fetch(Asked(url(site, "/a.jpg"))).body == JPEG
    assert timer.slept == [7.0, 10.0]
    site.at("/b.jpg", answer(b"", "Retry-After: 7", status=429))
    found = fetcher(timer=timer).fetch(Asked(url(site, "/b.jpg")))
    assert (found.status, found.retry_after) == (429, 7.0)
    assert site.paths().count("/b.jpg") == 3


def test_a_host_that_wants_to_be_left_alone_is(site: LyingSite) -> None:
    """A long wait is told, not waited for, and nothing there is asked before it is over."""
    site.at("/a.jpg", answer(b"", "Retry-After: 3600", status=503)).at("/b.jpg", answer(JPEG))
    timer = FakeTimer()
    ours = fetcher(timer=timer)
    assert ours.fetch(Asked(url(site, "/a.jpg"))).retry_after == 3600
    with pytest.raises(Unavailable, match="left alone for 3600 s"):
        ours.fetch(Asked(url(site, "/b.jpg")))
    assert ours.fetch(Asked(url(site, "/b.jpg", "img.club.example"))).body == JPEG
    timer.at += 3590
    assert ours.fetch(Asked(url(site, "/b.jpg"))).body == JPEG
    assert timer.slept == [10.0]


@pytest.mark.parametrize("said", ["soon", "-1", "1e9", "\u0665", "Sun, 01 Nov 2026 08:49:47 GMT"])
def test_what_says_no_time_is_no_wait(site: LyingSite, said: str) -> None:
    """No `Retry-After`, or a date without the server's own: the status is the answer."""
    site.at("/a.jpg", answer(b"", f"Retry-After: {said}", status=503))
    found = get(site)
    assert (found.status, found.retry_after) == (503, None)


def test_the_time_of_waiting_does_not_count(site: LyingSite) -> None:
    """A request that had to wait for its turn has all its seconds after it."""
    site.at("/a.jpg", answer(b"", "Retry-After: 50", status=429), answer(JPEG))
    timer = FakeTimer()
    found = fetcher(timer=timer, seconds=20.0).fetch(Asked(url(site, "/a.jpg")))
    assert (found.body, timer.slept) == (JPEG, [50.0])


def test_redirects_share_their_seconds(site: LyingSite) -> None:
    """Several slow answers are not borne for the price of one."""
    for n in range(5):
        site.at(f"/{n}", moved(f"/{n + 1}"))
    site.at("/5", answer(JPEG))
    assert fetcher(timer=FakeTimer(step=0.1)).fetch(Asked(url(site, "/0"))).body == JPEG
    with pytest.raises(Error):
        fetcher(timer=FakeTimer(step=2.0), seconds=30.0).fetch(Asked(url(site, "/0")))
    assert len(site.heard) < 12


# --------------------------------------------------------------------------------------------------
# Where one connects to.


class Elsewhere(httpcore2.NetworkBackend):
    """A network on which public addresses lead to a server on this machine; it notes each."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected: list[tuple[str, int]] = []
        self.dead: set[str] = set()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore2.NetworkStream:
        del local_address, socket_options
        self.connected.append((host, port))
        if host in self.dead:
            raise httpcore2.ConnectError("refused")
        return httpcore2.SyncBackend().connect_tcp("127.0.0.1", self.port, timeout)


@pytest.fixture(scope="module")
def certificate(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ssl.SSLContext, ssl.SSLContext, str]:
    return certified(NAME, tmp_path_factory.mktemp("certificate"))


@pytest.mark.promise("P1")
def test_what_was_checked_is_connected_to(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext, str],
) -> None:
    """The name is resolved once, and kept in TLS and in the header `Host`."""
    server, trust, fingerprint = certificate
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    resolved = iter([("203.0.114.1", PUBLIC), ("127.0.0.1",)])
    guard = Guard(resolve=lambda _host, _port: next(resolved))
    with serving(LyingSite().at("/a.jpg", answer(JPEG)), server) as site:
        network = Elsewhere(site.port)
        network.dead.add("203.0.114.1")
        ours = fetcher(guard=guard, network=Network(trust, network))
        found = [ours.fetch(Asked(f"https://{NAME}/a.jpg")) for _ in range(3)]
        assert {(one.body, one.certificate) for one in found} == {(JPEG, fingerprint)}
        assert network.connected == [("203.0.114.1", 443), (PUBLIC, 443)]
        assert (names, site.heard[0].headers["host"]) == ([NAME], NAME)
        # The name means this machine now. A new connection is not made there.
        ours.close()
        with pytest.raises(Refused, match=r"127\.0\.0\.1"):
            ours.fetch(Asked(f"https://{NAME}/a.jpg"))
        assert len(network.connected) == 2


@pytest.mark.parametrize("trusted", [False, True], ids=["nobodys", "of-another"])
def test_a_certificate_that_is_not_trusted_ends_it(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext, str], *, trusted: bool
) -> None:
    """One of nobody we trust, and one of another name. No request is made."""
    server, trust, _ = certificate
    host = "other.example" if trusted else NAME
    guard = Guard(resolve=lambda _host, _port: (PUBLIC,))
    with serving(LyingSite(), server) as site:
        network = Network(trust if trusted else None, Elsewhere(site.port))
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            fetcher(guard=guard, network=network).fetch(Asked(f"https://{host}/"))
    assert site.heard == []


def test_proxies_of_the_environment_are_not_used(
    site: LyingSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they, and not we, would choose the address."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    site.at("/a.jpg", answer(JPEG))
    assert get(site).body == JPEG


def test_this_machine_is_not_reached_unless_it_is_meant(site: LyingSite) -> None:
    """The default guard lets nothing through to a private network, by name or by number."""
    site.at("/", answer(JPEG))
    for host in ("localhost", "127.0.0.1", NAME):
        for scheme in ("http", "https"):
            with pytest.raises(Refused):
                fetcher(guard=Guard(ports=frozenset({site.port}), resolve=at_home)).fetch(
                    Asked(f"{scheme}://{host}:{site.port}/")
                )
    assert site.connections == 0


def test_a_picture_that_is_a_page_is_given_as_what_it_is(site: LyingSite, tmp_path: Path) -> None:
    """What it says it is stands in its headers; its bytes are for whoever reads pictures."""
    page = tmp_path / "page.html"
    page.write_bytes(b"<html>not a picture</html>")
    site.at("/a.jpg", answer(page.read_bytes(), kind="text/html; charset=utf-8"))
    found = get(site)
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.body.startswith(b"<html>")
