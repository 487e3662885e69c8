"""The pages of the person shown: asked, found, gone; every form without JavaScript."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from countenance.accounts import roles
from countenance.audit.note import VerifierKey
from countenance.audit.receipt import verify
from countenance.audit.statement import Level
from countenance.catalog.accounts import Belongings
from countenance.cli.main import main
from countenance.core.ids import ErasureId
from countenance.enrol.enrol import Portrait
from countenance.ingest.progress import Progress, Step
from countenance.library import Given, Issued, Library
from countenance.library import own as own_pages
from countenance.library.links import LeadsNowhere
from countenance.people.consent import DEFAULT_DURATION
from countenance.people.guardians import AgeBand, Role
from countenance.people.notice import load_notice
from countenance.people.purpose import Purpose
from countenance.vault.scan import needles_of
from countenance.web.rates import GUESSES
from tests.fakes.gala import A_DAY, Gala
from tests.fakes.said import with_words
from tests.fakes.scene import scene
from tests.fakes.vision import picture
from tests.fakes.visitor import ADULT, USE, Visitor, visiting


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Three pictures: of 1, of 1 and 2, of 3."""
    made = Gala.make(tmp_path)
    with made:
        made.put("one.png", 1)
        made.put("two.png", 1, 2)
        made.put("three.png", 3)
        made.ingest()
        yield made


@pytest.fixture
def visitor(gala: Gala) -> Iterator[Visitor]:
    with visiting(gala) as made:
        yield made


@pytest.fixture
def invited(gala: Gala) -> Issued:
    return gala.library.invite("gala", channel="web", browse=True)


def test_the_first_page_is_small(visitor: Visitor, invited: Issued) -> None:
    """All that the first load of an invitation brings: as it comes, and compressed as asked for."""
    asked = {"Accept-Encoding": "gzip, br, zstd"}
    for tongue in ("en", "sv"):
        path = f"/i/{invited.token}?lang={tongue}"
        with visitor.client.stream("GET", path, headers=asked) as page:
            sizes = {path: sum(map(len, page.iter_raw()))}
        html = visitor.get(path).text
        files = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
        for one in dict.fromkeys(files):
            if one.endswith(".css"):
                assert (
                    "url(" not in visitor.get(one).text
                )  # nothing more is fetched, no font either
            with visitor.client.stream("GET", one, headers=asked) as sent:
                sizes[one] = sum(map(len, sent.iter_raw()))
        assert len(sizes) >= 4
        assert sum(sizes.values()) < FIRST_LOAD_BYTES, sizes


FIRST_LOAD_BYTES = 40_000


# --- asked ------------------------------------------------------------------------------------


def test_no_box_is_ticked(visitor: Visitor, invited: Issued) -> None:
    """Four boxes, each with its effect and its end; and the whole text, word for word."""
    page = visitor.get(f"/i/{invited.token}").text
    assert page.count('type="checkbox"') == 4
    assert "checked" not in page
    until = visitor.gala.library.now() + DEFAULT_DURATION
    assert page.count(f"Ends by itself on {until.day} ") == 4
    for language in ("en", "sv"):
        shown = visitor.get(f"/i/{invited.token}?lang={language}").text
        words = " ".join(re.sub("<[^>]*>", " ", shown).split())
        assert " ".join(load_notice(language).text.split()) in words


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"name": "Ada", "band": "adult"},
        {**ADULT, "name": " "},
        {**ADULT, "name": "A" * 201},
        {**ADULT, "band": "toddler"},
        {**ADULT, "band": "child"},
        {**ADULT, "band": "child", "guardian": "Eva"},
    ],
)
def test_what_is_missing_is_said_and_nothing_is_stored(
    visitor: Visitor, invited: Issued, said: dict[str, str]
) -> None:
    """On both pages: the second one trusts nothing that the first one asked for."""
    for answer in (
        visitor.post(f"/i/{invited.token}", **said),
        visitor.give(f"/i/{invited.token}/picture", picture(1), **said),
    ):
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    assert visitor.gala.library.people() == []


@pytest.mark.promise("P5")
@pytest.mark.promise("P16")
def test_a_picture_is_kept_by_one_tick_and_goes_by_one_button(
    visitor: Visitor, invited: Issued
) -> None:
    """Ticked, it is said so on every page, and shown to its person; the button is on /leave."""
    said = {**ADULT, "keep": "1"}
    asked = visitor.post(f"/i/{invited.token}", **said).text
    assert 'name="keep" value="1"' in asked
    assert "Your face is cut out of it and kept" in asked
    own = visitor.join(invited, keep="1")
    (ada,) = visitor.gala.library.people()
    assert "Keep my picture" in visitor.get(own).text
    shown = visitor.get(f"{own}/kept/0")
    assert shown.content == visitor.gala.library.export(ada.id).portraits[0]
    assert shown.headers["cache-control"] == "private, no-store"
    leaving = visitor.get(f"{own}/leave").text
    assert "1 picture of your face that was kept" in leaving
    assert 'value="keep-picture"' in leaving
    visitor.post(f"{own}/leave", what="keep-picture")
    assert visitor.get(f"{own}/kept/0").status_code == 404
    assert visitor.gala.library.export(ada.id).portraits == ()
    assert visitor.sightings(own) != []


@pytest.mark.promise("P5")
def test_no_picture_is_kept_without_the_tick(visitor: Visitor, invited: Issued) -> None:
    """Nor where there is none, or nothing that recognises by it; alone it agrees to nothing."""
    own = visitor.join(invited)
    assert visitor.get(f"{own}/kept/0").status_code == 404
    without = visitor.join(invited, None, keep="1", name="Bo")
    assert "Keep my picture" not in visitor.get(without).text
    alone = {"name": "Cy", "band": "adult", "keep": "1"}
    assert visitor.post(f"/i/{invited.token}", **alone).status_code == 422
    # Another picture is where it can be chosen later.
    given = visitor.give(f"{own}/face", picture(1), keep="1")
    assert given.status_code == 303
    assert visitor.get(f"{own}/kept/0").status_code == 200


@pytest.mark.promise("P17")
def test_what_was_ticked_is_what_is_agreed_to(visitor: Visitor, invited: Issued) -> None:
    """Each purpose by itself, in the language of the page, with evidence; and no other."""
    visitor.get("/?lang=sv")
    visitor.join(invited, publish="1")
    (ada,) = visitor.gala.library.people()
    _, consents = visitor.gala.library.consents(ada.id)
    assert {str(one.wish) for one in consents} == {"find-me", "may-publish:web"}
    for one in consents:
        (event,) = one.events
        assert event.notice == load_notice("sv").digest
        assert (event.language, event.by) == ("sv", invited.link.id)
        assert event.evidence is not None
    assert {one.value for one in visitor.gala.library.proofs(ada.id).values()} == {"kept"}


def test_a_channel_that_was_not_asked_for_is_not_agreed_to(visitor: Visitor) -> None:
    """A form that somebody altered agrees to nothing else than the page asks."""
    plain = visitor.gala.library.invite("gala")
    assert visitor.get(f"/i/{plain.token}").text.count('type="checkbox"') == 3
    visitor.join(plain, publish="1")
    (ada,) = visitor.gala.library.people()
    assert [str(one.wish) for one in visitor.gala.library.consents(ada.id)[1]] == ["find-me"]


def test_a_child_is_answered_for_by_a_guardian(visitor: Visitor, invited: Issued) -> None:
    visitor.join(invited, band="child", guardian="Eva Berg", relation="mother")
    (ada,) = visitor.gala.library.people()
    assert ada.standing.band is AgeBand.CHILD
    (consent,) = visitor.gala.library.consents(ada.id)[1]
    assert consent.events[0].role is Role.GUARDIAN
    assert [one.name for one in visitor.gala.library.guardians(ada.id)] == ["Eva Berg"]


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        ((picture(1, 2),), "more than one face"),
        ((picture(),), "no face"),
        ((b"no picture",), "cannot be read as a picture"),
        ((), "No picture was chosen"),
    ],
)
def test_a_poor_picture_is_told_in_words(
    visitor: Visitor, invited: Issued, pictures: tuple[bytes, ...], said: str
) -> None:
    """And asked for again, with what was ticked going along; nothing is stored."""
    answer = visitor.give(f"/i/{invited.token}/picture", *pictures, **ADULT)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'name="find" value="1"' in answer.text
    assert visitor.gala.library.people() == []
    assert (
        "ansikte"
        in visitor.client.post(
            f"/i/{invited.token}/picture?lang=sv", data=ADULT, files={"picture": picture(1, 2)}
        ).text
    )


@pytest.mark.promise("P10")
def test_nobody_learns_who_else_is_enrolled(visitor: Visitor, invited: Issued) -> None:
    """Of a name that somebody has, the answer is as of another."""
    visitor.gala.enrol("Ada", 3)
    own = visitor.join(invited)
    assert visitor.get(own).status_code == 200
    assert [one.name for one in visitor.gala.library.people()] == ["Ada", "Ada"]


@pytest.mark.promise("P6")
def test_the_picture_itself_is_in_no_file(visitor: Visitor, invited: Issued) -> None:
    """
    Only the sealed reference is kept; neither a picture that was used nor one that was not, nor
    one that waits to be used, nor how any of them is shown.
    """
    path = f"/i/{invited.token}/picture"
    given, poor, waiting = picture(1, salt=9), picture(1, 2, salt=9), picture(3, salt=9)
    visitor.give(path, poor, **ADULT)
    visitor.give(path, given, **ADULT)
    (shown,) = VIEWS.findall(visitor.show(path, waiting, **ADULT).text)
    view = visitor.get(shown).content
    every = (given, poor, waiting, view)
    pieces = [piece for one in every for piece in needles_of(one, count=5, skip=700)]
    assert len(pieces) == 20
    for file in visitor.gala.files():
        data = file.read_bytes()
        assert [piece for piece in pieces if piece in data] == []


VIEWS = re.compile('<image href="([^"]+)"')


def test_a_picture_is_seen_before_it_is_used(visitor: Visitor, invited: Issued) -> None:
    """With the face that was found, in both of its ways in; nothing is stored, or used, by that."""
    path = f"/i/{invited.token}/picture"
    shown = visitor.show(path, picture(3), **ADULT)
    assert shown.status_code == 200
    assert "Your face is well seen" in shown.text
    (where,) = VIEWS.findall(shown.text)
    sent = visitor.get(where)
    assert sent.headers["content-type"] == "image/jpeg"
    assert "no-store" in sent.headers["cache-control"]
    assert shown.text.count('class="box"') == 1
    assert visitor.gala.library.people() == []
    (key,) = USE.findall(shown.text)
    own = str(visitor.post(path, **ADULT, use=key).headers["location"]).partition("?")[0]
    visitor.searched()
    assert len(visitor.sightings(own)) == 1
    # What was used is not there any more, not even to be looked at.
    assert visitor.get(where).status_code == 404
    assert "not here any more" in visitor.post(path, **ADULT, use=key).text
    other = visitor.show(f"{own}/face", picture(1))
    assert visitor.get(VIEWS.findall(other.text)[0]).status_code == 200
    visitor.searched()
    assert len(visitor.sightings(own)) == 1
    assert visitor.post(f"{own}/face", use=USE.findall(other.text)[0]).status_code == 303
    visitor.searched()
    assert len(visitor.sightings(own)) == 2


def test_what_is_wrong_is_shown_beside_the_picture(visitor: Visitor, invited: Issued) -> None:
    """Every face that may be meant is marked; what is merely weak can be used nevertheless."""
    path = f"/i/{invited.token}/picture"
    two = visitor.show(path, picture(1, 2), **ADULT)
    assert (two.status_code, two.text.count('class="box"')) == (422, 2)
    assert visitor.get(VIEWS.findall(two.text)[0]).status_code == 200
    assert "Use this picture" not in two.text
    small = visitor.show(path, picture(1, side=64), **ADULT)
    assert small.status_code == 200
    assert "too small" in small.text
    assert "Use this picture" in small.text


@pytest.mark.promise("P10")
def test_a_picture_that_waits_is_its_givers_alone(visitor: Visitor, invited: Issued) -> None:
    """By another link, or without one, it is neither shown nor used."""
    other = visitor.gala.library.invite("gala")
    shown = visitor.show(f"/i/{invited.token}/picture", picture(3), **ADULT).text
    (where,), (key,) = VIEWS.findall(shown), USE.findall(shown)
    for token, status in ((other.token, 404), ("nowhere", 404), (invited.token, 200)):
        assert visitor.get(where.replace(invited.token, token)).status_code == status
    assert visitor.post(f"/i/{other.token}/picture", **ADULT, use=key).status_code == 422
    visitor.gala.library.end_link(invited.link.id)
    assert visitor.get(where).status_code == 404
    assert visitor.post(f"/i/{invited.token}/picture", **ADULT, use=key).status_code == 404
    assert visitor.gala.library.people() == []


@pytest.mark.promise("P6")
def test_no_template_is_made_before_a_picture_is_used(gala: Gala) -> None:
    """To say what is wrong with it, faces are found, and nobody is measured."""
    token, before = gala.library.invite("gala").token, len(gala.vision.made)
    (seen,) = gala.library.try_pictures(token, [Portrait("one.jpg", picture(1))])
    assert (seen.judged.accepted, len(seen.faces)) == (True, 1)
    assert len(gala.vision.made) == before


# --- links ------------------------------------------------------------------------------------


def test_a_link_is_kept_as_a_digest_alone(visitor: Visitor, invited: Issued) -> None:
    """Who reads every file cannot follow one."""
    own = visitor.join(invited).rsplit("/", 1)[1]
    for path in visitor.gala.files():
        data = path.read_bytes()
        assert own.encode() not in data
        assert invited.token.encode() not in data


def test_links_end(visitor: Visitor, invited: Issued) -> None:
    """By the desk, and by date; what was agreed to by them goes on. All answers are one."""
    library = visitor.gala.library
    own = visitor.join(invited)
    until = library.now() + A_DAY
    dated, agreed = library.invite("gala", until=until), library.invite("gala", agreed_until=until)
    library.end_link(invited.link.id)
    unknown = visitor.get("/i/AAAAAAAAAAAAAAAAAAAAAA")
    assert unknown.status_code == 404
    assert visitor.get(f"/i/{invited.token}").text == unknown.text.replace(
        "/i/AAAAAAAAAAAAAAAAAAAAAA", f"/i/{invited.token}"
    )
    assert visitor.get(own).status_code == 200
    assert visitor.get(f"/i/{dated.token}").status_code == 200
    visitor.gala.clock.advance(A_DAY)
    assert visitor.get(f"/i/{dated.token}").status_code == 404
    assert visitor.get(f"/i/{agreed.token}").status_code == 404
    (mine,) = [one for one in library.links() if one.person]
    library.end_link(mine.id)
    assert visitor.get(own).status_code == 404
    again = library.link_for("Ada")
    assert visitor.get(f"/me/{again.token}").status_code == 200


@pytest.mark.promise("P14")
def test_a_link_ends_with_the_consent(visitor: Visitor) -> None:
    """On the day it ends: page and pictures are gone, and come back by nothing."""
    until = visitor.gala.library.now() + A_DAY
    own = visitor.join(visitor.gala.library.invite("gala", agreed_until=until))
    (first, *_) = visitor.sightings(own)
    visitor.gala.clock.advance(A_DAY)
    for path in (own, f"{own}/picture/{first}/small", f"{own}/all.zip", f"{own}/leave"):
        assert visitor.get(path).status_code == 404, path


def test_guessing_is_stopped(visitor: Visitor, invited: Issued) -> None:
    """Who tries many links is not answered for a while, and no link is either, from there."""
    for number in range(GUESSES.burst):
        assert visitor.get(f"/me/guess{number}").status_code == 404
    assert visitor.get("/me/guess").status_code == 429
    assert visitor.get(f"/i/{invited.token}").status_code == 429


# --- found ------------------------------------------------------------------------------------


def test_one_finds_oneself_and_nobody_else(visitor: Visitor, invited: Issued) -> None:
    """Who joined is searched for in what was there before, and is shown the pictures."""
    own = visitor.join(invited)
    page = visitor.get(own)
    assert "<strong>2 sure</strong>" in page.text
    assert page.headers["cache-control"] == "no-store"
    first = visitor.sightings(own)[0]
    for how in ("small", "whole", "face"):
        sent = visitor.get(f"{own}/picture/{first}/{how}")
        assert sent.headers["content-type"] == "image/jpeg"
        assert "no-store" in sent.headers["cache-control"]
        seen = visitor.client.get(
            f"{own}/picture/{first}/{how}", headers={"If-None-Match": sent.headers["etag"]}
        )
        assert (seen.status_code, seen.content) == (304, b"")
    assert visitor.get(f"{own}/picture/{first}/huge").status_code == 422
    assert "Is this you?" not in page.text
    assert visitor.get(f"{own}/photo/{first}").status_code == 200


def test_a_picture_that_stands_in_two_places_is_one(visitor: Visitor, invited: Issued) -> None:
    """It says in how many; each is led to, is a picture of its own to say no to, and goes along."""
    (visitor.gala.folder / "large.jpg").write_bytes(scene(1, 4))
    (visitor.gala.folder / "small.jpg").write_bytes(scene(1, 4, edit="saved"))
    (visitor.gala.folder / "other.jpg").write_bytes(scene(2, 4))
    visitor.gala.ingest()
    own = visitor.join(invited, 4)
    page = visitor.get(own).text
    assert "<strong>2 sure</strong>" in page
    assert page.count("in 2 places") == 1
    shown = visitor.sightings(own)
    assert len(shown) == 2
    both = [one for one in shown if "Where it stands" in visitor.get(f"{own}/photo/{one}").text]
    assert len(both) == 1
    (near,) = PLACES.findall(visitor.get(f"{own}/photo/{both[0]}").text)
    assert near not in shown
    assert both[0] in PLACES.findall(visitor.get(f"{own}/photo/{near}").text)
    with zipfile.ZipFile(io.BytesIO(visitor.get(f"{own}/all.zip").content)) as taken:
        assert sorted(taken.namelist()) == ["large.jpg", "other.jpg", "small.jpg"]
    with visitor.client.stream("GET", f"{own}/news?seen=3-0") as stream:
        assert "<span></span>" in next(stream.iter_lines())
    visitor.post(f"{own}/say", which=both[0], word="no")
    assert near in visitor.sightings(own)
    assert "in 2 places" not in visitor.get(own).text


PLACES = re.compile(r'<li><a href="/me/[^/]+/photo/(s_\w+)">gala</a>')


@pytest.mark.promise("P8")
def test_a_place_that_is_not_granted_any_more_leaves_no_trace(
    visitor: Visitor, invited: Issued, tmp_path: Path
) -> None:
    """The other one stands alone, as if there had never been two."""
    away = tmp_path / "away"
    away.mkdir()
    (away / "small.jpg").write_bytes(scene(1, 4, edit="saved"))
    (visitor.gala.folder / "large.jpg").write_bytes(scene(1, 4))
    given = Given("a guest", visitor.gala.clock.now() + A_DAY, ("**",))
    visitor.gala.library.add_folder(away, given, collection="guests", ground="a notice")
    visitor.gala.ingest()
    own = visitor.join(invited, 4)
    assert "in 2 places" in visitor.get(own).text
    (one,) = visitor.sightings(own)
    assert "guests" in visitor.get(f"{own}/photo/{one}").text
    visitor.gala.clock.advance(A_DAY)
    (left,) = visitor.sightings(own)
    assert "in 2 places" not in visitor.get(own).text
    page = visitor.get(f"{own}/photo/{left}").text
    assert "guests" not in page
    assert "Where it stands" not in page


@pytest.mark.promise("P8")
def test_of_a_great_many_pictures_there_is_a_page(
    visitor: Visitor, invited: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page says how many there are, leads to the next, and counts only what may be shown."""
    monkeypatch.setattr(own_pages, "SURE_AT_ONCE", 1)
    own = visitor.join(invited)
    (first,) = visitor.sightings(own)
    text = visitor.get(own).text
    assert "2 sure" in text
    assert f'href="{own}?from=1#sure"' in text
    (second,) = visitor.sightings(f"{own}?from=1")
    assert first != second
    further = visitor.get(f"{own}?from=1").text
    assert "2 sure" in further
    assert f'hx-get="{own}/pictures?from=1"' in further
    assert visitor.sightings(f"{own}?from=2") == []
    names = zipfile.ZipFile(io.BytesIO(visitor.get(f"{own}/all.zip").content)).namelist()
    assert len(names) == 2
    visitor.gala.end_the_grants()
    assert "sure" not in visitor.get(own).text.partition("<main")[2].partition("</main")[0]


@pytest.mark.promise("P10")
def test_a_picture_of_somebody_else_is_no_picture(visitor: Visitor, invited: Issued) -> None:
    """Ids of others lead nowhere, on every path, as ids of nothing do."""
    own, other = visitor.join(invited), visitor.join(invited, 3, name="Bea")
    (theirs,) = visitor.sightings(other)
    for which in (theirs, "s_0000000000000000"):
        for path in (f"picture/{which}/small", f"picture/{which}/face", f"photo/{which}"):
            assert visitor.get(f"{own}/{path}").status_code == 404
        for word in ("yes", "no"):
            assert visitor.post(f"{own}/say", which=which, word=word).status_code == 404
    assert visitor.sightings(other) == [theirs]


@pytest.mark.promise("P8")
def test_a_picture_leaves_only_under_grant_and_consent(visitor: Visitor, invited: Issued) -> None:
    """Asked as it leaves, also of what was shown a moment ago, and of a browser that has it."""
    own = visitor.join(invited)
    first = visitor.sightings(own)[0]
    sent = visitor.get(f"{own}/picture/{first}/small")
    visitor.gala.end_the_grants()
    again = visitor.client.get(
        f"{own}/picture/{first}/small", headers={"If-None-Match": sent.headers["etag"]}
    )
    assert again.status_code == 404
    assert visitor.sightings(own) == []
    assert zipfile.ZipFile(io.BytesIO(visitor.get(f"{own}/all.zip").content)).namelist() == []


@pytest.mark.promise("P12")
@pytest.mark.parametrize("scripted", [False, True])
def test_a_no_is_final(visitor: Visitor, invited: Issued, scripted: bool) -> None:  # noqa: FBT001
    """The picture is gone, no search brings it back, and it cannot be said otherwise."""
    own = visitor.join(invited)
    first, second = visitor.sightings(own)
    visitor.client.headers["HX-Request"] = "true" if scripted else "false"
    answer = visitor.post(f"{own}/say", which=first, word="no")
    assert answer.status_code == (200 if scripted else 303)
    assert visitor.sightings(own) == [second]
    assert visitor.post(f"{own}/say", which=first, word="yes").status_code == 404
    assert visitor.get(f"{own}/picture/{first}/small").status_code == 404
    visitor.give(f"{own}/face", picture(1, salt=2))
    visitor.searched()
    assert len(visitor.sightings(own)) == 1


def test_yes_and_not_sure(visitor: Visitor, invited: Issued) -> None:
    """A yes is a person's word; not sure leaves it as it was."""
    own = visitor.join(invited)
    first, second = visitor.sightings(own)
    assert visitor.post(f"{own}/say", which=first, word="yes").status_code == 303
    assert visitor.post(f"{own}/say", which=second, word="unsure").status_code == 303
    assert visitor.post(f"{own}/say", which=second, word="maybe").status_code == 404
    ada = visitor.gala.find("Ada")
    assert {one.id: one.state.value for one in ada.sightings} == {
        first: "confirmed",
        second: "candidate",
    }


@pytest.mark.promise("P33")
def test_one_sees_who_looked(visitor: Visitor, invited: Issued) -> None:
    """Others' looks are on the page; one's own are in the log, by the id and no name (P32)."""
    own = visitor.join(invited)
    assert "Nobody but you" in visitor.get(own).text
    visitor.gala.find("Ada")
    visitor.gala.find("Ada")
    bo = visitor.gala.library.add_account("bo", "Bo Ek", Belongings(frozenset({roles.Role.STAFF})))
    with visitor.gala.library.acting_as(bo.account.id):
        visitor.gala.find("Ada")
    page = visitor.get(own).text
    assert "tester: 2 times" in page
    assert "Bo Ek: 1 time" in page
    (ada,) = visitor.gala.library.people()
    looks = visitor.gala.library.export("Ada").document["countenance:looks"]
    assert {"countenance:actor": ada.id, "countenance:purpose": "find-me"}.items() <= dict(
        looks[0]  # type: ignore[index, arg-type]
    ).items()


def test_all_are_taken_along(visitor: Visitor, invited: Issued) -> None:
    """As they stand at the source, byte for byte; the preview where it is away."""
    own = visitor.join(invited)
    sent = visitor.get(f"{own}/all.zip")
    assert "attachment" in sent.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(sent.content)) as taken:
        assert taken.testzip() is None
        assert sorted(taken.namelist()) == ["one.png", "two.png"]
        assert taken.read("one.png") == (visitor.gala.folder / "one.png").read_bytes()
    (visitor.gala.folder / "one.png").unlink()
    with zipfile.ZipFile(io.BytesIO(visitor.get(f"{own}/all.zip").content)) as taken:
        assert sorted(taken.namelist()) == ["one.jpg", "two.png"]


def test_the_page_does_not_say_where_files_lie(visitor: Visitor, invited: Issued) -> None:
    """A folder's path is nobody's to read; a page on the web would be linked."""
    own = visitor.join(invited)
    for path in (own, f"{own}/photo/{visitor.sightings(own)[0]}"):
        page = visitor.get(path).text
        assert str(visitor.gala.folder) not in page
        assert "file:" not in page


def test_what_was_found_before_the_stream_began_is_told(visitor: Visitor, invited: Issued) -> None:
    """Between a page and its stream nothing is lost."""
    own = visitor.join(invited)
    with visitor.client.stream("GET", f"{own}/news?seen=0-0") as stream:
        heard = [line for line, _ in zip(stream.iter_lines(), range(4), strict=False)]
    assert "event: found" in heard


def test_news_come_while_the_page_is_open(visitor: Visitor, invited: Issued) -> None:
    """The stream says that there are others, and ends with the consent."""
    own = visitor.join(invited)
    with visitor.client.stream("GET", f"{own}/news?seen=2-0") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert "<span></span>" in next(lines)
        visitor.gala.put("four.png", 1, salt=4)
        visitor.gala.ingest()
        heard = [next(line for line in lines if line) for _ in range(2)]
        assert heard == ["event: found", "data: 3"]
        visitor.gala.library.withdraw("Ada")
        assert next(line for line in lines if line) == "event: gone"
    assert visitor.get(f"{own}/news").status_code == 404


def test_progress_is_shown_from_the_first_second(
    visitor: Visitor, invited: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page that follows "use this picture" says how far the search is, before any is done."""
    begun, go_on = Event(), Event()

    def slowly(library: Library, *, progress: Progress) -> int | None:
        progress(Step("earlier photos", 7, 20_000))
        begun.set()
        assert go_on.wait(30)
        return library._search_again(progress)

    monkeypatch.setattr(Library, "search_again", slowly)
    answer = visitor.give(f"/i/{invited.token}/picture", picture(1), **ADULT)
    assert begun.wait(30)
    own = str(answer.headers["location"]).partition("?")[0]
    page = visitor.get(answer.headers["location"]).text
    assert "Looking through the pictures: 7 of 20,000" in page
    assert '<progress max="20000" value="7"' in page
    assert "Look again" in page  # without JavaScript
    with visitor.client.stream("GET", f"{own}/news?seen=0-0") as stream:
        lines = stream.iter_lines()
        assert any("7 of 20,000" in line for line, _ in zip(lines, range(4), strict=False))
        go_on.set()
        assert next(line for line in lines if line == "event: found")
    visitor.searched()
    assert len(visitor.sightings(own)) == 2
    assert "Looking through" not in visitor.get(own).text


def test_other_pictures_take_the_place_of_the_first(visitor: Visitor, invited: Issued) -> None:
    """What is wrong with one is said, and then the one before stays."""
    own = visitor.join(invited)
    assert "Start the camera" in visitor.get(f"{own}/face").text
    assert visitor.give(f"{own}/face").status_code == 422
    assert "more than one face" in visitor.give(f"{own}/face", picture(1, 2)).text
    assert len(visitor.sightings(own)) == 2
    assert visitor.give(f"{own}/face", picture(3)).status_code == 303
    visitor.searched()
    assert len(visitor.sightings(own)) == 1
    (consent,) = visitor.gala.library.consents("Ada")[1]
    assert consent.events[-1].until == consent.events[0].until


# --- without a face ---------------------------------------------------------------------------


@pytest.mark.promise("P18")
def test_there_is_a_way_without_a_face(visitor: Visitor, invited: Issued) -> None:
    """By words and time, then "that is me"; no reference is made, and the result is the same."""
    at = "2026-09-26T10:15:00"
    said = with_words(picture(5, salt=7), caption="Goal, number 117", taken=at)
    (visitor.gala.folder / "race.jpg").write_bytes(said)
    visitor.gala.ingest()
    own = visitor.join(invited, None)
    assert visitor.gala.library.inventory().recognised == 0
    assert visitor.sightings(own) == []
    assert visitor.get(f"{own}/other").text.count("<img src=") == 5  # four photos, and our mark
    for query in ("words=117", "since=2026-09-26T10:00&until=2026-09-26T11:00", "words=goal*"):
        page = visitor.get(f"{own}/other?{query}").text
        assert page.count("<img src=") == 2, query
    assert "Nothing was found" in visitor.get(f"{own}/other?until=2026-09-26T10:00").text
    assert visitor.get(f"{own}/other?words=%22").status_code == 422
    assert visitor.get(f"{own}/other?since=soon").status_code == 422
    which = page.partition(f"{own}/other/")[2].partition('"')[0]
    assert "That is me: 1" in visitor.get(f"{own}/other/{which}").text
    assert visitor.get(f"{own}/other/{which}/small").status_code == 200
    assert visitor.post(f"{own}/other/{which}", face="x").status_code == 422
    assert visitor.post(f"{own}/other/{which}", face="1").status_code == 303
    assert len(visitor.sightings(own)) == 1


@pytest.mark.promise("P10")
def test_a_face_that_is_taken_is_taken_by_nobody(visitor: Visitor, invited: Issued) -> None:
    """Whether somebody else is that face is not told: the desk decides."""
    visitor.gala.enrol("Bea", 3)
    own = visitor.join(invited, None)
    photos = {one.locators[0]: one.id for one in visitor.gala.library.photos()}
    visitor.gala.library.add_sighting(photos["three.png"], 1, "Bea")
    taken = visitor.post(f"{own}/other/{photos['three.png']}", face="1")
    away = visitor.post(f"{own}/other/{photos['one.png']}", face="9")
    assert taken.status_code == 422
    assert "Bea" not in taken.text
    assert "Ask at the desk" in taken.text
    assert away.status_code == 404


@pytest.mark.promise("P11")
def test_only_what_the_invitation_allows_is_looked_through(visitor: Visitor) -> None:
    """Without it, and of minors, no list and no picture; the desk is named instead."""
    library = visitor.gala.library
    own = visitor.join(library.invite("gala"), None)
    which = library.photos()[0].id
    page = visitor.get(f"{own}/other").text
    assert library.people()[0].id in page
    assert "/small" not in page
    for path in (f"{own}/other/{which}", f"{own}/other/{which}/whole"):
        assert visitor.get(path).status_code == 403
    browsing = visitor.join(library.invite("gala", browse=True), None, name="Bea")
    library.set_rule("gala", recognition=True, ground="a class", minors=True)
    assert visitor.get(f"{browsing}/other/{which}").status_code == 403
    assert visitor.get(f"{browsing}/other/{which}/whole").status_code == 403


def test_a_number_is_worn_once(visitor: Visitor, invited: Issued) -> None:
    """The second one who says it is not told so, and does not wear it."""
    visitor.join(invited, None, number="117")
    visitor.join(invited, None, name="Bea", number="117")
    library, photo = visitor.gala.library, visitor.gala.library.photos()[0]
    ada = next(one for one in library.people() if one.name == "Ada")
    assert library.add_sighting(photo.id, 1, "#117").person == ada.id


# --- gone -------------------------------------------------------------------------------------


@pytest.mark.promise("P16")
@pytest.mark.promise("P19")
def test_one_button_deletes_everything(visitor: Visitor, invited: Issued) -> None:
    """Two pages and no login, where giving took four; from then on there is nothing."""
    own = visitor.join(invited)
    page = visitor.get(f"{own}/leave").text
    assert "2 notes on whether" in page
    assert "1 piece of face data" in page
    assert page.count("<form") == 1
    done = visitor.post(f"{own}/leave", what="everything")
    assert done.status_code == 303
    assert visitor.get(own).status_code == 404
    assert visitor.gala.library.people() == []
    assert visitor.gala.places("Ada") == []
    receipt = visitor.get(done.headers["location"])
    assert receipt.text.count('class="status yes"') == len(Level)
    assert "You are deleted here" in receipt.text


@pytest.mark.promise("P19")
@pytest.mark.promise("P24")
def test_who_is_enrolled_twice_gets_both_receipts(
    visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    """Merged, who says stop by one says it by both: on the page, and from the command line."""
    gala = visitor.gala
    for way in ("page", "command"):
        for name in ("Ada", "Ada Berg"):
            gala.enrol(name, 1, Purpose.FIND_ME, Purpose.STAFF_FIND)
        mark = gala.library.plan_merge("Ada", "Ada Berg").mark
        gala.library.merge("Ada", "Ada Berg", mark=mark, why="she said so at the desk")
        if way == "page":
            own = gala.library.link_for("Ada").token
            done = visitor.post(f"/me/{own}/leave", what="everything")
            said = visitor.get(done.headers["location"]).text
            cases = [re.findall(r"/receipt/(e_\w+)", done.headers["location"])[0]]
            cases += re.findall(r'href="/receipt/(e_\w+)">', said)
        else:
            main(["person", "withdraw", "Ada", "--yes", "--json", "--library", str(gala.root)])
            told = json.loads(capsys.readouterr().out)
            cases = [told["erasure"]["id"], *(one["id"] for one in told["beside"])]
        assert len(set(cases)) == 2
        about = {gala.library.erasure(ErasureId(one)).person for one in cases}
        assert len(about) == 2
        assert all(visitor.get(f"/receipt/{one}").status_code == 200 for one in cases)
        assert gala.library.people() == []
    strange = visitor.get(f"/receipt/{cases[0]}?also=<b>,e_0,https://elsewhere.example")
    assert 'id="also"' not in strange.text


@pytest.mark.promise("P21")
def test_the_link_goes_too(visitor: Visitor, invited: Issued) -> None:
    """The row of one's own link is no more; the receipt counts it."""
    own = visitor.join(invited)
    done = visitor.post(f"{own}/leave", what="everything")
    assert [one.kind for one in visitor.gala.library.links()] == [invited.link.kind]
    said = visitor.get(f"{done.headers['location']}/receipt.json").json()["statement"]
    assert said["destroyed"]["links"] == 1


@pytest.mark.promise("P24")
def test_the_receipt_verifies_without_us(visitor: Visitor, invited: Issued) -> None:
    """As JSON and on paper it is the signed one, in both languages."""
    own = visitor.join(invited)
    where = visitor.post(f"{own}/leave", what="everything").headers["location"]
    told = visitor.get(f"{where}/receipt.json").json()
    statement = verify(told["receipt"], VerifierKey.parse(told["key"]))
    assert json.loads(json.dumps(told["statement"]))["erasure"] == statement.erasure
    for tongue in ("en", "sv"):
        paper = visitor.get(f"{where}/receipt.pdf?lang={tongue}")
        assert paper.content.startswith(b"%PDF-")
        assert paper.headers["content-type"] == "application/pdf"
        assert visitor.get(f"{where}?lang={tongue}").status_code == 200
    assert visitor.get("/receipt/e_0000000000000000").status_code == 404


def test_a_part_is_stopped_by_itself(visitor: Visitor, invited: Issued) -> None:
    """What else is agreed to goes on, and the link with it."""
    own = visitor.join(invited, publish="1")
    assert visitor.post(f"{own}/leave", what="find-me").status_code == 303
    assert visitor.sightings(own) == []
    (ada,) = visitor.gala.library.people()
    live = [
        str(one.wish)
        for one in visitor.gala.library.consents(ada.id)[1]
        if one.in_force(visitor.gala.library.now())
    ]
    assert live == ["may-publish:web"]
    assert visitor.post(f"{own}/leave", what="nonsense").status_code == 422
    assert visitor.post(f"{own}/leave", what="may-publish:web").status_code == 303
    assert visitor.get(own).status_code == 404


@pytest.mark.promise("P10")
def test_who_is_in_no_picture_sees_what_who_does_not_look_sees(
    visitor: Visitor, invited: Issued
) -> None:
    """No match, and no consent to be found, are one page."""
    unseen = visitor.join(invited, 6, tell="1")
    visitor.join(invited, 1, name="Bea", find="", tell="1")
    hidden = visitor.gala.library.link_for("Bea").token
    one, two = (
        visitor.get(path).text.partition('id="pictures"')[2].partition("</div>")[0]
        for path in (unseen, f"/me/{hidden}")
    )
    assert one.replace(unseen.rsplit("/", 1)[1], hidden) == two


def test_leads_nowhere_is_one_error(gala: Gala) -> None:
    """The library tells the reasons apart no more than the page does."""
    for token in ("", "x", "\udcff", "\u00e9" * 300):
        with pytest.raises(LeadsNowhere):
            gala.library.own(token)
        with pytest.raises(LeadsNowhere):
            gala.library.invitation(token)
