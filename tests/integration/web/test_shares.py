"""Links that show photos, on the pages: made by a person and at the desk, opened by anybody."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from countenance.accounts.roles import Role
from countenance.media.leaks import find_leaks
from countenance.people.purpose import Purpose
from countenance.publish.disclose import WHOEVER_HAS_A_LINK as ANYBODY
from countenance.web.rates import GUESSES
from tests.fakes.door import sign_in
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.visitor import Visitor, visiting

ADA, BO = 1, 2


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Echo]:
    """Two photos: of Ada; of Ada and Bo. Both agreed to the newspaper."""
    made = Echo.make(tmp_path)
    with made.gala:
        made.gala.put("one.png", ADA)
        made.gala.put("two.png", ADA, BO)
        made.gala.ingest()
        made.enrol("Ada", ADA)
        made.enrol("Bo", BO)
        yield made


@pytest.fixture
def visitor(echo: Echo) -> Iterator[Visitor]:
    with visiting(echo.gala) as made:
        yield made


@pytest.fixture
def own(echo: Echo) -> str:
    """Ada's own page."""
    return f"/me/{echo.gala.library.link_for('Ada').token}"


def form(visitor: Visitor, *photos: str, **more: str) -> dict[str, object]:
    last = visitor.gala.library.now() + timedelta(days=7)
    said = {"until": last.date().isoformat(), "looked": "1", "label": "for Grandma", **more}
    return {"photo": list(photos), **{name: text for name, text in said.items() if text}}


def post(visitor: Visitor, path: str, said: dict[str, object], code: int = 200) -> str:
    heard = visitor.client.post(path, data=said, follow_redirects=False)
    assert heard.status_code == code, heard.text
    return heard.text


def link_in(text: str) -> str:
    """The path of the link that a page shows, once."""
    (found,) = set(re.findall(r"https://testserver(/s/[\w-]+)", text))
    return str(found)


def pictures(visitor: Visitor, path: str) -> list[str]:
    return re.findall(r'src="(/s/[^"]+/small)"', visitor.get(path).text)


def test_a_person_makes_one_and_ends_it(visitor: Visitor, own: str) -> None:
    """The address is shown once; the list says what it shows and how often it was opened."""
    which = visitor.sightings(own)
    asked = visitor.get(f"{own}/share").text
    assert asked.count('name="photo"') == len(which) == 2
    made = post(visitor, f"{own}/share", form(visitor, *which))
    path = link_in(made)
    assert path not in visitor.get(f"{own}/share").text
    shown = visitor.get(path)
    assert (shown.status_code, shown.text.count("/small")) == (200, 2)
    assert "Grandma" not in shown.text
    assert "Ada" not in shown.text
    for one in pictures(visitor, path):
        sent = visitor.get(one)
        assert sent.headers["content-type"] == "image/jpeg"
        assert "no-store" in sent.headers["cache-control"]
    kept = visitor.get(f"{path}/1/whole?keep=1")
    assert kept.headers["content-disposition"] == 'attachment; filename="photo-1.jpg"'
    assert not find_leaks(kept.content)
    assert f"{path}/2/whole" in visitor.get(f"{path}/2").text
    listed = visitor.get(f"{own}/share").text
    assert "shows 2 of 2" in listed
    assert "opened 3 times" in listed
    (end,) = re.findall(r'action="(/me/[^"]+/end)"', listed)
    assert visitor.post(end).status_code == 303
    for gone in (path, f"{path}/1", f"{path}/1/whole"):
        assert visitor.get(gone).status_code == 404
    assert "ended" in visitor.get(f"{own}/share").text


@pytest.mark.promise("P8")
def test_once_somebody_says_stop_it_is_gone(visitor: Visitor, own: str) -> None:
    """A kind sentence stays, and not a byte of a picture."""
    path = link_in(post(visitor, f"{own}/share", form(visitor, *visitor.sightings(own))))
    shown = pictures(visitor, path)
    assert len(shown) == 2
    visitor.gala.library.reject_sighting(visitor.sightings(own)[0])
    assert len(pictures(visitor, path)) == 1
    assert "Some photos are not shown any more" in visitor.get(path).text
    visitor.gala.library.withdraw("Ada", Purpose.FIND_ME)
    heard = visitor.get(path)
    assert (heard.status_code, "/small" in heard.text) == (410, False)
    assert "please delete them" in heard.text
    for one in shown:
        assert visitor.get(one).status_code == 404
    visitor.gala.library.withdraw("Ada")
    heard = visitor.get(path)
    never = visitor.get("/s/nobodys").text.replace("/s/nobodys", path)
    assert (heard.status_code, heard.text) == (404, never)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"looked": ""}, "say that you did"),
        ({"until": "2001-01-01"}, "not one that is over"),
        ({"until": "9999-12-31"}, "not one that is over"),
        ({"until": "soon"}, "not one that is over"),
        ({"label": "a" * 101}, "At most 100 characters"),
    ],
)
def test_what_is_wrong_is_said(visitor: Visitor, own: str, more: dict[str, str], said: str) -> None:
    """What was typed stays, and there is no link."""
    which = visitor.sightings(own)
    heard = post(visitor, f"{own}/share", form(visitor, *which, **more), 422)
    assert 'role="alert"' in heard
    assert said in heard
    assert heard.count('name="photo"') == 2
    assert len(re.findall(r'name="photo"[^>]* checked', heard)) == 2
    assert visitor.gala.library.shares() == []


def test_none_too_many_or_anothers(visitor: Visitor, own: str) -> None:
    assert "No photo was chosen" in post(visitor, f"{own}/share", form(visitor), 422)
    many = form(visitor, *(f"s_{number}" for number in range(25)))
    assert "At most 24 photos" in post(visitor, f"{own}/share", many, 422)
    heard = post(visitor, f"{own}/share", form(visitor, "s_none"), 422)
    assert "It is not a picture of yours." in heard
    assert visitor.gala.library.shares() == []


@pytest.mark.promise("P10")
def test_another_person_ends_nothing(visitor: Visitor, own: str) -> None:
    """By a link of their own they are told what they are told of a link that never was."""
    made = post(visitor, f"{own}/share", form(visitor, *visitor.sightings(own)))
    (share,) = visitor.gala.library.shares()
    bo = f"/me/{visitor.gala.library.link_for('Bo').token}"
    said = set()
    for which in (share.link.id, "y_none"):
        heard = visitor.post(f"{bo}/share/{which}/end")
        said.add((heard.status_code, heard.text.replace(which, "")))
    assert len(said) == 1
    assert visitor.get(link_in(made)).status_code == 200


def test_who_guesses_is_not_answered_for_a_while(visitor: Visitor) -> None:
    for _ in range(GUESSES.burst):
        assert visitor.get("/s/guessed").status_code == 404
    assert visitor.get("/s/guessed").status_code == 429


def test_the_desk_makes_one_for_a_selection(visitor: Visitor, echo: Echo) -> None:
    """From the check of several photos; it is listed there, and ended; a person's is not theirs."""
    sign_in(visitor.client, echo.gala, "bo", Role.STAFF)
    which = [one.id for one in echo.gala.library.photos()]
    query = "&".join(f"photo={one}" for one in which)
    checked = visitor.get(f"/staff/check/photos?{query}&channel={CHANNEL}").text
    shown = checked.partition('action="/staff/shares"')[2].partition("</form>")[0]
    assert shown.count('type="hidden" name="photo"') == 2
    asked = visitor.get(f"/staff/shares?{query}&channel={CHANNEL}").text
    assert asked.count('name="photo"') == 2
    made = post(visitor, "/staff/shares", form(visitor, *which, channel=CHANNEL))
    path = link_in(made)
    assert len(pictures(visitor, path)) == 2
    assert post(visitor, "/staff/shares", form(visitor, *which), 422).count('role="alert"') == 1
    assert "shows 2 of 2" in visitor.get("/staff/shares").text
    (share,) = echo.gala.library.desk_shares()
    mine = echo.gala.library.link_for("Ada").token
    post(visitor, f"/me/{mine}/share", form(visitor, *visitor.sightings(f"/me/{mine}")))
    (of_ada,) = echo.gala.library.my_shares(mine)
    assert visitor.post(f"/staff/shares/{of_ada.link.id}/end").status_code == 404
    assert visitor.post(f"/staff/shares/{share.link.id}/end").status_code == 303
    assert visitor.get(path).status_code == 404
    assert ANYBODY not in visitor.get(f"/staff/check/photos?photo={which[0]}&channel=web").text


@pytest.mark.parametrize("tag", ["en", "sv"])
def test_in_every_language(visitor: Visitor, own: str, tag: str) -> None:
    path = link_in(post(visitor, f"{own}/share", form(visitor, *visitor.sightings(own))))
    for page in (path, f"{path}/1", f"{own}/share"):
        heard = visitor.get(f"{page}?lang={tag}")
        assert (heard.status_code, heard.headers["content-language"]) == (200, tag)
    visitor.get(f"{path}/1/small")
    for page in (own, f"{own}/photo/{visitor.sightings(own)[0]}"):
        said = "Whoever has a link of yours" if tag == "en" else "Den som har en länk från dig"
        assert said in visitor.get(f"{page}?lang={tag}").text
