"""The way without a face: asked by number, time and place, and answered at the desk by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from countenance.accounts.roles import Role
from countenance.catalog.claims import MOST_OPEN
from countenance.catalog.sightings import SightingState
from countenance.catalog.tables import claim, entry, person, reference, sighting
from countenance.people.purpose import Purpose, Wish
from countenance.vault.scan import needles_of
from tests.fakes.door import sign_in
from tests.fakes.gala import COLLECTION, Gala, holding, rows
from tests.fakes.said import with_words
from tests.fakes.vision import picture
from tests.fakes.visitor import Visitor, visiting

BO = 2
SAID = {"number": "17", "words": "in a yellow raincoat by the ferry"}


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Two photos, of one of which the file says a number; nobody in them is known."""
    with Gala.make(tmp_path) as made:
        (made.folder / "finish.jpg").write_bytes(
            with_words(picture(1, BO), caption="17 at the line")
        )
        made.put("start.jpg", 3)
        made.ingest()
        yield made


@pytest.fixture
def visitor(gala: Gala) -> Iterator[Visitor]:
    with visiting(gala) as made:
        yield made


@pytest.fixture
def own(visitor: Visitor) -> str:
    """Ada's page. She gave no picture."""
    return visitor.join(visitor.gala.library.invite(COLLECTION), None)


@pytest.fixture
def desk(visitor: Visitor, gala: Gala) -> TestClient:
    """A reviewer, in another browser."""
    client = TestClient(
        visitor.client.app, "https://testserver", headers={"Sec-Fetch-Site": "same-origin"}
    )
    here = frozenset(one.id for one in gala.library.collections())
    sign_in(client, gala, "bo", Role.REVIEWER, given=here)
    return client


def ask(visitor: Visitor, own: str, **more: str) -> str:
    heard = visitor.post(f"{own}/ask", **{**SAID, **more})
    assert heard.status_code == 303, heard.text
    return str(visitor.gala.library.claims()[-1].id)


def photo_of(gala: Gala, name: str) -> str:
    (found,) = [one.id for one in gala.library.photos() if one.locators == (name,)]
    return str(found)


@pytest.mark.promise("P18")
def test_asked_looked_for_and_put_in_by_hand(
    visitor: Visitor, own: str, desk: TestClient, gala: Gala
) -> None:
    """From the request to one's own page, without a face of anybody being measured."""
    assert "Ask to be looked for" in visitor.get(f"{own}/other").text
    which = ask(visitor, own)
    assert "waits for an answer, by" in visitor.get(f"{own}/other").text
    assert "(1)" in desk.get("/staff/review").text
    queue = desk.get("/staff/claims").text
    assert f"/staff/claims/{which}" in queue
    page = desk.get(f"/staff/claims/{which}").text
    assert all(one in page for one in ("Ada", "17", "yellow raincoat"))
    assert page.count("/small") == 2
    narrowed = desk.get(f"/staff/claims/{which}", params={"words": "17"}).text
    finish = photo_of(gala, "finish.jpg")
    assert f"/staff/claims/{which}/photos/{finish}" in narrowed
    assert narrowed.count("/small") == 1
    shown = desk.get(f"/staff/claims/{which}/photos/{finish}").text
    assert shown.count('name="face"') == 2
    assert desk.get(f"/staff/photos/{finish}/whole").status_code == 200
    put = desk.post(f"/staff/claims/{which}/photos/{finish}", data={"face": "2"})
    assert "by your word" in put.text
    assert len(visitor.sightings(own)) == 1
    (ada,) = gala.library.people()
    with gala.library._database.read() as tx:
        said = rows(tx, sighting.c.person_id, sighting.c.state, sighting.c.band)
        assert said == [(ada.id, SightingState.CONFIRMED, None)]
        assert rows(tx, reference.c.id) == []
    words = {"outcome": "found", "answer": "One at the finish."}
    assert desk.post(f"/staff/claims/{which}/answer", data=words).status_code == 200
    seen = visitor.get(f"{own}/other").text
    assert "found: see your photos" in seen
    assert "One at the finish." in seen


def test_it_is_due_and_no_words_of_it_are_shown(
    visitor: Visitor, own: str, desk: TestClient, gala: Gala
) -> None:
    """Whoever sees what is due sees when, and neither who asked nor what they wrote."""
    which = ask(visitor, own)
    sign_in(desk, gala, "auditor", Role.AUDITOR)
    page = desk.get("/staff/due").text
    assert f"/staff/claims/{which}" in page
    assert "due by" in page
    assert "yellow raincoat" not in page
    assert "Ada" not in page
    (due,) = gala.library.due().claims
    assert (due.what.id, due.open) == (which, True)
    with gala.library._database.write() as tx:
        key = tx.execute(select(person.c.key_id)).scalar_one()
        tx.execute(update(person).values(key_id=None))  # on the way out
    assert gala.library.due().claims == ()
    with gala.library._database.write() as tx:
        tx.execute(update(person).values(key_id=key))
    gala.library.withdraw("Ada")
    assert gala.library.due().claims == ()
    assert which not in desk.get("/staff/due").text


def test_declined(visitor: Visitor, own: str, desk: TestClient) -> None:
    """It is told, and cannot be answered twice."""
    which = ask(visitor, own)
    words = {"outcome": "declined", "answer": "You are in none that we have."}
    desk.post(f"/staff/claims/{which}/answer", data=words)
    seen = visitor.get(f"{own}/other").text
    assert "not found" in seen
    assert "You are in none" in seen
    assert desk.post(f"/staff/claims/{which}/answer", data=words).status_code == 403
    assert "It is answered." in desk.get(f"/staff/claims/{which}").text


@pytest.mark.promise("P21")
def test_what_they_wrote_is_emptied_and_goes(
    visitor: Visitor, own: str, desk: TestClient, gala: Gala
) -> None:
    """With the answer what was described, and with the person the row; the log has ids alone."""
    which = ask(visitor, own)
    ask(visitor, own, words="beside the green van")
    desk.post(f"/staff/claims/{which}/answer", data={"outcome": "declined"})
    with gala.library._database.read() as tx:
        assert "yellow" not in str(rows(tx, claim.c.words))
        assert "raincoat" not in str(rows(tx, entry.c.payload))
    gala.library.withdraw("Ada")
    with gala.library._database.read() as tx:
        assert rows(tx, claim.c.id) == []
    assert "green van" not in desk.get("/staff/claims").text
    visitor.web.close()
    gala.library.close()
    needles = [*needles_of(b"yellow raincoat", count=1), b"beside the green van"]
    assert holding(gala.root, needles) == []
    gala.reopen()


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ({"number": "", "words": ""}, "Say a number"),
        ({"number": "", "words": "a" * 1001}, "at most 1000"),
        ({"since": "at noon"}, "could not be understood"),
    ],
)
def test_what_is_wrong_is_said(
    visitor: Visitor, own: str, said: dict[str, str], heard: str
) -> None:
    answer = visitor.post(f"{own}/ask", **{**SAID, **said})
    assert answer.status_code == 422
    assert heard in answer.text
    assert visitor.gala.library.claims() == []


@pytest.mark.promise("P8")
def test_who_does_not_agree_to_be_found_is_not_looked_for(
    visitor: Visitor, own: str, desk: TestClient, gala: Gala
) -> None:
    """Neither before nor after: consent is asked when they ask, and when they are put in."""
    which = ask(visitor, own)
    (ada,) = gala.library.people()
    gala.library.enrol("Ada", [], (Wish(Purpose.TELL_ME),), again=True)
    gala.library.withdraw(ada.id, Purpose.FIND_ME)
    assert visitor.post(f"{own}/ask", **SAID).status_code == 422
    finish = photo_of(gala, "finish.jpg")
    put = desk.post(f"/staff/claims/{which}/photos/{finish}", data={"face": "1"})
    assert put.status_code == 422
    assert "cannot be said" in put.text
    with gala.library._database.read() as tx:
        assert rows(tx, sighting.c.id) == []


def test_so_many_at_once(visitor: Visitor, own: str) -> None:
    for _ in range(MOST_OPEN):
        ask(visitor, own)
    assert visitor.post(f"{own}/ask", **SAID).status_code == 422


@pytest.mark.promise("P34")
def test_a_reviewer_of_another_collection_sees_none(visitor: Visitor, own: str, gala: Gala) -> None:
    """Neither in the queue, nor by its id, nor a photo of it."""
    which = ask(visitor, own)
    away = gala.library.add_collection("elsewhere").id
    sign_in(visitor.client, gala, "cy", Role.REVIEWER, given=frozenset({away}))
    assert "Ada" not in visitor.get("/staff/claims").text
    for path in (f"/staff/claims/{which}", f"/staff/claims/{which}/photos/i_none"):
        assert visitor.get(path).status_code == 403
    assert visitor.post(f"/staff/claims/{which}/answer", outcome="found").status_code == 403
    assert visitor.gala.library.claimed(which).ended_at is None


@pytest.mark.promise("P3")
def test_only_photos_of_its_collection_under_grant(
    visitor: Visitor, own: str, desk: TestClient, gala: Gala
) -> None:
    which, finish = ask(visitor, own), photo_of(gala, "finish.jpg")
    gala.end_the_grants()
    assert "/small" not in desk.get(f"/staff/claims/{which}").text
    for answer in (
        desk.get(f"/staff/claims/{which}/photos/{finish}"),
        desk.post(f"/staff/claims/{which}/photos/{finish}", data={"face": "1"}),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize("tag", ["en", "sv"])
def test_in_every_language(
    visitor: Visitor, own: str, desk: TestClient, gala: Gala, tag: str
) -> None:
    which = ask(visitor, own)
    for path in (
        "/staff/claims",
        f"/staff/claims/{which}",
        f"/staff/claims/{which}/photos/{photo_of(gala, 'finish.jpg')}",
    ):
        heard = desk.get(path, params={"lang": tag})
        assert (heard.status_code, heard.headers["content-language"]) == (200, tag)
    assert visitor.get(f"{own}/other?lang={tag}").status_code == 200
