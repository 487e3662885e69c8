"""Films at the desk, in process: the plan, the order, how far it is, the file that is fetched."""

import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from countenance.accounts.roles import Role
from countenance.catalog.tables import disclosure
from countenance.core.canonical import digest
from countenance.errors import VerificationError
from countenance.jobs.filming import Filming, FilmOrder, FilmState
from countenance.media.filmout import require_bare
from countenance.publish import film
from countenance.publish.plan import UNTOUCHED
from countenance.vision.types import Detections, Pixels
from countenance.vision.vision import Vision
from countenance.web.app import make_app
from countenance.web.staff.outbox import FILM_KEPT_SECONDS, Kept, Outbox
from tests.fakes.clock import FakeClock
from tests.fakes.door import sign_in
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.films import frame_at, make_film
from tests.fakes.gala import open_library, rows
from tests.fakes.vision import FakeVision

pytest.importorskip("av", reason="films need the extra `video`")

ADA, BO = 1, 2
ORDER = "/staff/check/film"
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(autouse=True)
def _one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each frame is looked at once: that it is looked at closely as well is tested elsewhere."""

    def look(vision: Vision, pixels: Pixels) -> Detections:
        return vision.find_easily(pixels)

    monkeypatch.setattr(film, "every_face_in_frame", look)
    monkeypatch.setattr(film, "every_face", look)


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    made = Echo.make(tmp_path)
    with made.gala as gala:
        frames = [frame_at({ADA: (60, 64), BO: (440, 64)}, (640, 256))] * 16
        make_film(gala.folder / "party.mp4", frames, size=(640, 256))
        made.enrol("Ada", ADA)
        made.enrol("Bo", BO, "elsewhere")
        gala.ingest()
        yield made


@pytest.fixture
def staff(echo: Echo) -> Iterator[TestClient]:
    gala = echo.gala
    app = make_app(lambda: open_library(gala.root, FakeClock(gala.clock.at), FakeVision()))
    with TestClient(
        app, "http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False
    ) as client:
        client.headers.update(OWN)
        sign_in(client, gala, "bo", Role.OWNER, Role.STAFF)
        yield client


def film_of(echo: Echo) -> str:
    return str(echo.gala.library.photos()[0].id)


def page_of(staff: TestClient, echo: Echo) -> str:
    asked = {"photo": film_of(echo), "channel": CHANNEL}
    heard = staff.get("/staff/check/photos", params=asked)
    assert heard.status_code == 200, heard.text
    return unescape(heard.text)


def fields(echo: Echo, **more: str) -> dict[str, str]:
    to = str(echo.added.recipient.id)
    own = {"photo": film_of(echo), "channel": CHANNEL, "to": to, "colour": "slate", "looked": "1"}
    return own | more


def made(staff: TestClient, echo: Echo, **more: str) -> str:
    """Order the film, and wait until it is over. Gives the page of the order."""
    heard = staff.post(ORDER, data=fields(echo, **more))
    assert heard.status_code == 200, heard.text
    path = heard.url.path
    while "hx-trigger" in staff.get(f"{path}/state").text:
        time.sleep(0.02)
    return unescape(staff.get(path).text)


def nothing_was_given(echo: Echo) -> bool:
    with echo.gala.library._database.read() as tx:
        return not rows(tx, disclosure.c.id)


@pytest.mark.promise("P10")
def test_the_plan_says_who_is_in_it_when(staff: TestClient, echo: Echo) -> None:
    """Who agreed is named, and to be confirmed first; of the others only how many faces."""
    page = page_of(staff, echo)
    assert "Ada" in page
    assert not re.search(r"\bBo\b", page)
    assert "00:00.0-00:01.5" in page
    assert "1 face of others" in page
    assert "/staff/review?person=" in page
    assert 'name="show"' not in page
    (seen,) = echo.gala.find("Ada").sightings
    echo.gala.library.confirm_sighting(seen.id)
    assert 'name="show"' in page_of(staff, echo)
    assert "checked" not in page_of(staff, echo).partition('name="show"')[2].partition(">")[0]


@pytest.mark.promise("P8")
def test_a_film_is_made_and_fetched_once(staff: TestClient, echo: Echo) -> None:
    """Everybody in it covered; it is the very file of the ledger, and one job was done."""
    page = made(staff, echo)
    (given,) = re.findall(r"/staff/given/(x_\w+)", page)
    assert "Download the file" in staff.get(f"/staff/given/{given}").text
    sent = staff.post(f"/staff/given/{given}/file")
    assert sent.headers["content-type"] == "video/mp4"
    assert f'filename="{given}.mp4"' in sent.headers["content-disposition"]
    file = echo.gala.folder.parent / "fetched.mp4"
    file.write_bytes(sent.content)
    require_bare(file)
    found = echo.gala.library.given_as(digest(sent.content))
    assert found is not None
    assert (found.id, echo.gala.library.given(given)[1]) == (given, {})
    assert staff.post(f"/staff/given/{given}/file").status_code == 409
    (job, *_) = echo.gala.library.jobs()
    assert (job.kind, job.state, dict(job.counts)) == (
        "publish-film",
        "done",
        {"covers": 2, "shown": 0},
    )
    assert "Making a film" in staff.get("/staff/jobs").text
    assert CHANNEL in staff.get("/staff/check").text


@pytest.mark.promise("P8")
def test_who_agreed_is_shown_if_it_is_ticked(staff: TestClient, echo: Echo) -> None:
    """And confirmed; the disclosure names them."""
    (seen,) = echo.gala.find("Ada").sightings
    echo.gala.library.confirm_sighting(seen.id)
    (given,) = re.findall(r"/staff/given/(x_\w+)", made(staff, echo, show="1"))
    assert set(echo.gala.library.given(given)[1]) == {seen.person}
    assert "Ada" in staff.get(f"/staff/given/{given}").text


@pytest.mark.promise("P23")
def test_what_may_be_shown_no_more_is_not_handed_over(staff: TestClient, echo: Echo) -> None:
    """A consent that ends while the film waits: it is dropped, and recalled."""
    (seen,) = echo.gala.find("Ada").sightings
    echo.gala.library.confirm_sighting(seen.id)
    (given,) = re.findall(r"/staff/given/(x_\w+)", made(staff, echo, show="1"))
    echo.gala.library.withdraw(seen.person)
    assert staff.post(f"/staff/given/{given}/file").status_code == 409
    assert [one.disclosure for one in echo.gala.library.recalls()] == [given]


@pytest.mark.promise("P8")
@pytest.mark.parametrize(
    "wrong", [{"looked": ""}, {"colour": "around"}, {"colour": "blur"}, {"to": ""}]
)
def test_what_cannot_be_is_said(staff: TestClient, echo: Echo, wrong: dict[str, str]) -> None:
    """Nobody looked, a colour that is none, nobody to give it to."""
    heard = staff.post(ORDER, data=fields(echo, **wrong))
    assert heard.status_code == 422
    assert 'role="alert"' in heard.text
    assert nothing_was_given(echo)


def test_what_fails_is_said_on_the_page_of_the_order(
    staff: TestClient, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own check, and a recipient that there is not; and the job says so."""

    def faulty(*_: object) -> None:
        raise VerificationError("at 0.50 s a face is found in the film")

    monkeypatch.setattr(film, "heads_open", faulty)
    page = made(staff, echo)
    assert "failed its own check" in page
    assert "a face is found" in page
    assert "no such recipient" in made(staff, echo, to="z_nobody")
    assert nothing_was_given(echo)
    assert staff.post(ORDER, data=fields(echo, photo="i_nothing")).status_code == 404


def test_an_order_is_of_who_gave_it(staff: TestClient, echo: Echo) -> None:
    """Of another's, or of none, there is nothing to see, to stop or to fetch."""
    filming = staff.app.state.filming  # type: ignore[attr-defined]
    other = FilmOrder("o_else", film_of(echo), CHANNEL, "z", UNTOUCHED)
    filming._orders[other.id] = other
    for path in (other.id, "o_nothing"):
        assert staff.get(f"/staff/films/{path}").status_code == 404
        assert staff.get(f"/staff/films/{path}/state").status_code == 404
        assert staff.post(f"/staff/films/{path}/stop").status_code == 404


@pytest.mark.promise("P8")
def test_a_film_that_is_stopped_is_not_given(echo: Echo) -> None:
    """Before its turn, or at a frame of it: there is no file, and the order says so."""
    kept: list[object] = []
    filming = Filming(
        lambda: open_library(echo.gala.root, FakeClock(echo.gala.clock.at), FakeVision()),
        lambda *what: kept.append(what),
    )
    orders = [
        FilmOrder("bo", film_of(echo), CHANNEL, "The Echo", UNTOUCHED),
        FilmOrder("bo", film_of(echo), CHANNEL, "The Echo", UNTOUCHED),
    ]
    orders[1].stop()
    for one in orders:
        filming.order(one)
        if one is orders[0]:
            while one.step is None:
                time.sleep(0.005)
            one.stop()
    filming.close()
    assert {one.state for one in orders} == {FilmState.STOPPED}
    assert filming.of("bo") == orders[::-1]
    assert kept == []
    assert nothing_was_given(echo)


def test_several_with_a_film_among_them(staff: TestClient, echo: Echo) -> None:
    """It is a line with the way to its own check."""
    echo.gala.put("one.png", ADA)
    echo.gala.ingest()
    both = [str(one.id) for one in echo.gala.library.photos()]
    page = staff.get("/staff/check/photos", params={"photo": both, "channel": "x"}).text
    assert page.count("Open the check of film") == 1
    assert page.count("Open the check of photo") == 1


def test_a_film_waits_longer_and_leaves_no_file_behind(tmp_path: Path) -> None:
    """It is read once in pieces; what nobody fetches is closed."""
    now = 0.0
    box = Outbox(lambda: now)
    (tmp_path / "film").write_bytes(b"12345")
    files = [(tmp_path / "film").open("rb") for _ in range(3)]
    for number, file in enumerate(files):
        box.keep_film(f"x_{number}", "bo", file)
    found = box.take("x_0", "bo")
    assert found is not None
    assert b"".join(found.pieces()) == b"12345"
    assert files[0].closed
    now += FILM_KEPT_SECONDS
    assert not box.has("x_1", "bo")
    assert files[1].closed
    box.put("x_4", "bo", Kept(b"1", ".jpg", "image/jpeg"))
    box.close()
    assert files[2].closed
    assert not box.has("x_4", "bo")
