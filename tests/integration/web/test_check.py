"""The check before publishing, in process: verdicts, covers by hand, the file that is fetched."""

import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import update
from starlette.testclient import TestClient

from countenance.accounts.roles import Role
from countenance.catalog.tables import disclosure, sighting
from countenance.core.canonical import digest
from countenance.gallery.bands import Band
from countenance.media.leaks import Finding, Leak, find_leaks
from countenance.media.release import Packing
from countenance.publish import export
from countenance.web.app import make_app
from countenance.web.staff.check import MOST_PHOTOS
from countenance.web.staff.outbox import KEPT_SECONDS, MOST, Kept, Outbox
from tests.fakes.clock import FakeClock
from tests.fakes.door import sign_in
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.gala import open_library, rows
from tests.fakes.vision import FakeVision

ADA, BO = 1, 2
HERE = ("127.0.0.1", 5000)
AT = "http://127.0.0.1"
OWN = {"Sec-Fetch-Site": "same-origin"}
PUBLISH = "/staff/check/publish"


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    made = Echo.make(tmp_path)
    with made.gala as gala:
        gala.put("two.png", ADA, BO)
        made.enrol("Ada", ADA)
        made.enrol("Bo", BO, "elsewhere")
        gala.ingest()
        yield made


@pytest.fixture
def staff(echo: Echo) -> Iterator[TestClient]:
    gala = echo.gala
    app = make_app(lambda: open_library(gala.root, FakeClock(gala.clock.at), FakeVision()))
    with TestClient(app, AT, client=HERE, raise_server_exceptions=False) as client:
        client.headers.update(OWN)
        sign_in(client, gala, "bo", Role.OWNER, Role.STAFF)
        yield client


def photo_of(echo: Echo) -> str:
    return str(echo.gala.library.photos()[0].id)


def page_of(staff: TestClient, echo: Echo, channel: str = CHANNEL) -> str:
    heard = staff.get("/staff/check/photos", params={"photo": photo_of(echo), "channel": channel})
    assert heard.status_code == 200, heard.text
    return unescape(heard.text)


def fields_of(page: str) -> dict[str, str]:
    """What a browser without JavaScript would send of the form, as it stands."""
    form = page[page.index('id="publish"') :]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") != "checkbox":
            found[said["name"]] = said.get("value", "")
    return found


def ready(echo: Echo, page: str, **more: str) -> dict[str, str]:
    to = str(echo.added.recipient.id)
    return fields_of(page) | {"to": to, "colour": "slate", "looked": "1"} | more


def hidden_face(page: str) -> str:
    (found,) = re.findall(r'name="was-([^"]+)"', page)
    return str(found)


def nothing_was_given(echo: Echo) -> bool:
    with echo.gala.library._database.read() as tx:
        return not rows(tx, disclosure.c.id)


# --- the verdicts -------------------------------------------------------------------------------


@pytest.mark.promise("P10")
def test_each_face_has_a_verdict_with_its_ground(staff: TestClient, echo: Echo) -> None:
    """Who agreed is named; of who did not, nothing is said but where the face is."""
    page = page_of(staff, echo)
    assert page.count('class="face shown"') == 1
    assert page.count('class="face cover"') == 1
    assert "Ada" in page
    assert not re.search(r"\bBo\b", page)
    assert "Agreed to be shown in this channel." in page
    assert "Nobody is known here who agreed to be shown in this channel." in page
    assert "blur" not in page.lower()


def test_what_is_not_sure_is_asked_about(staff: TestClient, echo: Echo) -> None:
    """With the way to the review; and it is not published unless it is looked at, or covered."""
    with echo.gala.library._database.write() as tx:
        tx.execute(update(sighting).values(band=Band.LIKELY))
    page = page_of(staff, echo)
    assert 'class="face ask"' in page
    assert "/staff/review?person=" in page
    assert 'name="cover_asked"' in page
    heard = staff.post(PUBLISH, data=ready(echo, page))
    assert heard.status_code == 422
    assert nothing_was_given(echo)
    assert staff.post(PUBLISH, data=ready(echo, page, cover_asked="1")).status_code == 200
    assert not nothing_was_given(echo)


def test_another_photo_of_the_moment_comes_first(staff: TestClient, echo: Echo) -> None:
    """Then a crop, then a cover: in that order, as a list that is read in order."""
    page = page_of(staff, echo)
    steps = ["Another photo of the same moment", "A crop", "A cover"]
    places = [page.index(f"<strong>{one}</strong>") for one in steps]
    assert places == sorted(places)


def test_several_photos_are_a_line_each(staff: TestClient, echo: Echo) -> None:
    """Also one that cannot be checked; one without a channel asks for it, too many are too many."""
    echo.gala.put("one.png", ADA)
    echo.gala.ingest()
    both = [str(one.id) for one in echo.gala.library.photos()]
    heard = staff.get("/staff/check/photos", params={"photo": [*both, "i_nothing"], "channel": "x"})
    assert heard.status_code == 200
    assert heard.text.count("not as it is") == 2
    assert heard.text.count("cannot be checked") == 1
    for asked in ({"photo": both}, {"channel": "x"}, {"photo": ["i_x"] * 9, "channel": ""}):
        heard = staff.get("/staff/check/photos", params=asked)
        assert heard.status_code in {404, 422}


def test_another_language_is_the_same_page(staff: TestClient, echo: Echo) -> None:
    """With the photo and the channel it is about."""
    page = page_of(staff, echo)
    (path,) = re.findall(r'hreflang="sv" href="([^"]+)"', page)
    heard = staff.get(path)
    assert "Får fotot publiceras?" in heard.text
    assert hidden_face(unescape(heard.text)) == hidden_face(page)


def test_a_photo_that_is_named_is_chosen(staff: TestClient, echo: Echo) -> None:
    """From the page of a photo; and the channels that somebody agreed to are proposed."""
    page = staff.get("/staff/check", params={"photo": photo_of(echo)}).text
    assert re.search(rf'value="{photo_of(echo)}" checked', page)
    assert f'<option value="{CHANNEL}">' in page
    assert '<option value="elsewhere">' in page
    assert staff.get("/staff/check", params={"collection": "c_nothing"}).status_code == 200


# --- publishing ---------------------------------------------------------------------------------


@pytest.mark.promise("P8")
def test_the_file_is_downloaded_once_and_its_disclosure_shown(
    staff: TestClient, echo: Echo
) -> None:
    """It is the very file of the ledger, has no leak, and lies nowhere afterwards."""
    heard = staff.post(PUBLISH, data=ready(echo, page_of(staff, echo)))
    assert heard.status_code == 200
    which = heard.url.path.rsplit("/", 1)[1]
    assert which in heard.text
    assert "Ada" in heard.text
    sent = staff.post(f"/staff/given/{which}/file")
    assert sent.headers["content-type"] == "image/jpeg"
    assert f'filename="{which}.jpg"' in sent.headers["content-disposition"]
    assert find_leaks(sent.content) == ()
    given = echo.gala.library.given_as(digest(sent.content))
    assert given is not None
    assert (given.id, given.covers) == (which, 1)
    again = staff.post(f"/staff/given/{which}/file")
    assert again.status_code == 409
    assert "text/html" in again.headers["content-type"]
    assert "Download the file" not in staff.get(f"/staff/given/{which}").text


@pytest.mark.promise("P32")
def test_why_each_face_was_covered_stays_without_anybody(staff: TestClient, echo: Echo) -> None:
    """By the consents of then, in words, also when who was shown is erased and the photo gone."""
    heard = staff.post(PUBLISH, data=ready(echo, page_of(staff, echo)))
    which = heard.url.path.rsplit("/", 1)[1]
    words = ["Agreed to be shown in this channel.", "Unknown counts as no."]
    ada, bo = (echo.gala.library.consents(who)[0].id for who in ("Ada", "Bo"))
    assert [heard.text.count(one) for one in words] == [1, 1]
    assert heard.text.count('<rect class="box"') == 2
    assert "Bo" not in re.sub("<[^>]*>", "", heard.text[heard.text.index("Why each face") :])
    assert f"/staff/given/{which}" in staff.get("/staff/log").text
    echo.gala.library.withdraw("Ada")
    echo.gala.library.take_down(echo.gala.source.id)
    later = staff.get(f"/staff/given/{which}").text
    assert [later.count(one) for one in words] == [1, 1]
    assert "<rect" not in later
    with echo.gala.library._database.read() as tx:
        (kept,) = rows(tx, disclosure.c.faces)
    assert [one["seen"] for one in kept[0]] == [True, False]  # type: ignore[attr-defined]
    assert not {ada, bo} & set(re.findall(r"\w+_\w+", str(kept)))


@pytest.mark.promise("P34")
def test_who_reads_the_log_reads_why_and_sees_no_picture(staff: TestClient, echo: Echo) -> None:
    """An auditor: words and ids, no names, nothing of the photo."""
    heard = staff.post(PUBLISH, data=ready(echo, page_of(staff, echo)))
    path = heard.url.path
    sign_in(staff, echo.gala, "eve", Role.AUDITOR)
    page = staff.get(path).text
    assert "Agreed to be shown in this channel." in page
    assert "Ada" not in page
    assert "/staff/photos/" not in page
    assert staff.post(f"{path}/file").status_code == 403


def test_a_cover_taken_off_is_said_with_its_reason(staff: TestClient, echo: Echo) -> None:
    """And what a person who looks for nobody is told of a photo given as it is."""
    page = page_of(staff, echo)
    face = hidden_face(page)
    bare = {f"off-{face}": "1", f"why-{face}": "it is a bust of marble"}
    heard = staff.post(PUBLISH, data=ready(echo, page, **bare))
    assert "taken off by hand, for a reason: it is a bust of marble" in unescape(heard.text)
    echo.gala.put("one.png", ADA)
    echo.gala.ingest()
    which = echo.give("one.png")
    said = [(one.verdict, one.seen) for one in echo.gala.library.given(which)[0].faces]
    assert said == [("shown", True)]


@pytest.mark.promise("P10")
def test_nothing_is_published_unless_somebody_looked(staff: TestClient, echo: Echo) -> None:
    """The tick is asked for here too, not only by the browser; what was typed stays."""
    page = page_of(staff, echo)
    typed = ready(echo, page, **{"added-1-x1": "3", "added-1-y1": "4", "added-1-x2": "50"})
    del typed["looked"]
    heard = staff.post(PUBLISH, data=typed | {"added-1-y2": "60"})
    assert heard.status_code == 422
    assert "looked at the whole photo" in heard.text
    assert fields_of(unescape(heard.text))["added-1-y2"] == "60"
    assert nothing_was_given(echo)


@pytest.mark.promise("P8")
def test_what_fails_its_own_check_is_not_given_and_says_why(
    staff: TestClient, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        export, "find_leaks", lambda _data: [Finding(Leak.THUMBNAIL, "a thumbnail is in it")]
    )
    heard = staff.post(PUBLISH, data=ready(echo, page_of(staff, echo)))
    assert heard.status_code == 422
    assert "failed its own check" in heard.text
    assert "thumbnail" in heard.text
    assert "Download" not in heard.text
    assert nothing_was_given(echo)


def test_covers_are_moved_added_and_taken_off_by_fields(staff: TestClient, echo: Echo) -> None:
    """As they stand they are the check's own; what is changed is what is painted."""
    page = page_of(staff, echo)
    face = hidden_face(page)
    more = {f"move-{face}-x1": "0", "added-1-x1": "1", "added-1-y1": "1"}
    more |= {"added-1-x2": "9", "added-1-y2": "9"}
    heard = staff.post(PUBLISH, data=ready(echo, page, **more))
    which = heard.url.path.rsplit("/", 1)[1]
    assert echo.gala.library.given(which)[0].covers == 2
    off = {f"off-{face}": "1", f"why-{face}": "it is a bust of marble"}
    heard = staff.post(PUBLISH, data=ready(echo, page, **off))
    assert heard.status_code == 200
    which = heard.url.path.rsplit("/", 1)[1]
    assert dict(echo.gala.library.given(which)[0].uncovered) == {face: "it is a bust of marble"}
    assert "bust of marble" in heard.text


@pytest.mark.parametrize(
    "more",
    [
        {"added-1-x1": "1"},
        {"added-1-x1": "a", "added-1-y1": "1", "added-1-x2": "9", "added-1-y2": "9"},
        {"added-1-x1": "0", "added-1-y1": "0", "added-1-x2": "inf", "added-1-y2": "9"},
        {"added-1-x1": "nan", "added-1-y1": "0", "added-1-x2": "5", "added-1-y2": "9"},
        {"added-1-x1": "9", "added-1-y1": "9", "added-1-x2": "1", "added-1-y2": "1"},
        {"cropped": "1", "crop-x1": "", "crop-y1": "", "crop-x2": "", "crop-y2": ""},
        {"colour": "blur"},
        {"move-FACE-x1": "90", "move-FACE-y1": "90", "move-FACE-x2": "95", "move-FACE-y2": "95"},
        {"move-FACE-x2": "inf"},
        {"off-FACE": "1", "why-FACE": "no"},
        {"off-nobody": "1", "why-nobody": "a reason that is long enough"},
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_given(
    staff: TestClient, echo: Echo, more: dict[str, str]
) -> None:
    """Also what no browser would send."""
    page = page_of(staff, echo)
    typed = {name.replace("FACE", hidden_face(page)): one for name, one in more.items()}
    heard = staff.post(PUBLISH, data=ready(echo, page, **typed))
    assert heard.status_code == 422
    assert nothing_was_given(echo)


def test_who_may_not_be_given_anything_is_given_nothing(staff: TestClient, echo: Echo) -> None:
    """Nobody of that name, a photo that is none; and the page of a disclosure that is none."""
    page = page_of(staff, echo)
    assert staff.post(PUBLISH, data=ready(echo, page, to="nobody")).status_code == 404
    assert staff.post(PUBLISH, data=ready(echo, page, photo="i_none")).status_code == 404
    assert staff.get("/staff/given/x_none").status_code == 404
    assert staff.post("/staff/given/x_none/file").status_code == 404
    assert nothing_was_given(echo)


@pytest.mark.promise("P3")
def test_without_a_grant_there_is_nothing_to_press(staff: TestClient, echo: Echo) -> None:
    """Once the grant to publish has ended, its photo is no photo here."""
    photo = photo_of(echo)
    echo.gala.end_the_grants()
    heard = staff.get("/staff/check/photos", params={"photo": photo, "channel": CHANNEL})
    assert heard.status_code == 404


# --- several together ---------------------------------------------------------------------------


def several(echo: Echo) -> list[str]:
    """One that is of nobody, one of Ada, and that of two."""
    echo.gala.put("one.png", ADA)
    echo.gala.put("none.png")
    echo.gala.ingest()
    found = sorted(echo.gala.library.photos(), key=lambda one: one.locators)
    return [str(one.id) for one in found]


def together(staff: TestClient, echo: Echo, photos: list[str], **more: str) -> Response:
    to = str(echo.added.recipient.id)
    own = {"channel": CHANNEL, "to": to, "colour": "slate", "packing": "jpeg", "looked": "1"}
    return staff.post("/staff/check/together", data={"photo": photos, **own, **more})


@pytest.mark.promise("P8")
@pytest.mark.parametrize("packing", ["jpeg", "webp"])
def test_several_photos_are_one_zip(staff: TestClient, echo: Echo, packing: str) -> None:
    """Each file is named by its own disclosure, and is the very file of the ledger."""
    photos = several(echo)
    page = unescape(
        staff.get("/staff/check/photos", params={"photo": photos, "channel": CHANNEL}).text
    )
    form = page.partition('id="publish"')[2]
    assert re.findall(r'name="photo" value="([^"]+)"', form) == photos
    assert "Publish 3 photos" in page
    assert page.count("shown: 1") == 2
    assert page.count("cover: 1") == 1
    heard = together(staff, echo, photos, packing=packing)
    assert heard.headers["content-type"] == "application/zip"
    archive = ZipFile(BytesIO(heard.content))
    assert archive.testzip() is None
    assert len(archive.namelist()) == 3
    given = []
    for name in archive.namelist():
        data = archive.read(name)
        assert find_leaks(data) == ()
        found = echo.gala.library.given_as(digest(data))
        assert found is not None
        assert name == f"{found.id}{Packing(packing).ending}"
        given.append(found.photo)
    assert given == photos


@pytest.mark.promise("P8")
def test_what_fails_is_left_out_and_named(
    staff: TestClient, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that fails its own check, a photo that there is not, one of somebody to be asked."""
    photos = several(echo)
    with echo.gala.library._database.write() as tx:
        one = sighting.c.photo_id == photos[2]
        tx.execute(update(sighting).where(one).values(band=Band.LIKELY))
    calls = iter(range(10))

    def leaking(_: bytes) -> list[Finding]:
        return [Finding(Leak.THUMBNAIL, "a thumbnail is in it")] if not next(calls) else []

    monkeypatch.setattr(export, "find_leaks", leaking)
    heard = together(staff, echo, [*photos, "i_nothing"])
    archive = ZipFile(BytesIO(heard.content))
    said = archive.read("not-given.txt").decode().splitlines()
    assert [line.partition(":")[0] for line in said] == [photos[0], photos[2], "i_nothing"]
    assert "thumbnail" in said[0]
    with echo.gala.library._database.read() as tx:
        (only,) = rows(tx, disclosure.c.id)
    assert archive.namelist() == [f"{only[0]}.jpg", "not-given.txt"]


@pytest.mark.promise("P8")
@pytest.mark.parametrize(
    "more", [{"looked": ""}, {"colour": "blur"}, {"packing": "gif"}, {"to": ""}, {"channel": ""}]
)
def test_several_are_not_published_unless_somebody_looked(
    staff: TestClient, echo: Echo, more: dict[str, str]
) -> None:
    """Nor in a format or a colour that is none; and never more than are checked at once."""
    photos = several(echo)
    assert together(staff, echo, photos, **more).status_code == 422
    assert together(staff, echo, []).status_code == 422
    too_many = [f"i_{number}" for number in range(MOST_PHOTOS + 1)]
    assert together(staff, echo, too_many).status_code in {404, 422}
    assert nothing_was_given(echo)


# --- the outbox ---------------------------------------------------------------------------------


def kept(data: bytes) -> Kept:
    return Kept(data, ".jpg", "image/jpeg")


def test_a_file_is_handed_to_who_made_it_once_and_not_for_ever() -> None:
    now = 0.0
    box = Outbox(lambda: now)
    box.put("x_1", "anna", kept(b"1"))
    assert box.take("x_1", "bert") is None
    assert box.take("x_1", "anna") == kept(b"1")
    assert box.take("x_1", "anna") is None
    box.put("x_2", "anna", kept(b"2"))
    now += KEPT_SECONDS
    assert not box.has("x_2", "anna")
    for number in range(MOST + 1):
        box.put(f"x_{number}", "anna", kept(b"3"))
    assert not box.has("x_0", "anna")
    assert box.has(f"x_{MOST}", "anna")


def test_the_outbox_is_the_servers(echo: Echo) -> None:
    """Each application has one of its own."""
    apps: list[FastAPI] = [
        make_app(lambda: open_library(echo.gala.root, echo.gala.clock, FakeVision()), threads=1)
        for _ in range(2)
    ]
    assert apps[0].state.outbox is not apps[1].state.outbox
    for app in apps:
        app.state.web.close()
