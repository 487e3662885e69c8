"""Web sites from end to end: a real server, the real catalog, and nothing asked without a grant."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from countenance.catalog.erasures import Stage
from countenance.errors import NoGrant, Reason, Unavailable
from countenance.ingest.run import Report
from countenance.library.terms import GIVEN_UP_UNSEEN, HOLDS_UNSEEN
from countenance.people.guardians import AgeBand, AgeSource
from countenance.sources.site.grantfile import WELL_KNOWN, Minors
from tests.fakes.club_site import GALLERY, SIGNALS, ClubSite, club_site
from tests.fakes.gala import Gala
from tests.fakes.lying_site import LyingSite, answer, serving
from tests.fakes.vision import picture

ADA, BO = 1, 2
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def gala(tmp_path: Path) -> Iterator[Gala]:
    """Ada is enrolled. Its folder is empty; what is found comes from the site."""
    with Gala.make(tmp_path) as made:
        made.enrol("Ada", ADA)
        yield made


@pytest.fixture
def club(gala: Gala) -> Iterator[ClubSite]:
    """A gallery of two pictures, of which Ada is in one, on one page."""
    with club_site(gala.library) as made:
        made.grant(gala.clock.now()).page(GALLERY, "ada.png", "bo.png")
        made.picture("ada.png", ADA).picture("bo.png", BO)
        yield made


def ingest(gala: Gala, club: ClubSite) -> Report:
    source = next(one for one in gala.library.sources() if one.location == club.start)
    return gala.library.ingest([source.id])


def reasons(report: Report) -> list[Reason]:
    return [one.reason for one in report.skipped]


@pytest.mark.promise("P1")
def test_nothing_but_its_grant_file_is_asked_of_a_host_without_a_grant(club: ClubSite) -> None:
    """Not even its robots.txt; and no source is there afterwards."""
    club.no_grant()
    with pytest.raises(NoGrant, match="no grant file"):
        club.add()
    assert club.asked() == [WELL_KNOWN]
    assert [one for one in club.library.sources() if one.location == club.start] == []


@pytest.mark.promise("P1")
def test_the_bytes_on_the_wire_are_one_request(club: ClubSite) -> None:
    """As a host sees them that granted nothing: one connection, one request, nothing behind it."""
    club.no_grant()
    with pytest.raises(NoGrant):
        club.add()
    assert club.web.connections == 1
    assert [one.target for one in club.web.heard] == [WELL_KNOWN]


@pytest.mark.promise("P1")
def test_a_site_that_grants_is_read(gala: Gala, club: ClubSite) -> None:
    """First the grant, then signals, then pages and pictures; a result links to its page."""
    club.add()
    report = ingest(gala, club)
    assert report.done == 2
    asked = club.asked()
    assert asked[0] == WELL_KNOWN
    first = asked.index(GALLERY)
    assert set(asked[:first]) == {WELL_KNOWN, *SIGNALS, "/sitemap.xml"}
    (found,) = gala.find("Ada").sightings
    assert found.locator == f"{club.host}{GALLERY}ada.png"
    assert gala.library.url(found) == club.start


@pytest.mark.promise("P29")
def test_nothing_is_asked_for_twice(gala: Gala, club: ClubSite) -> None:
    """A second run sees the grant again, asks whether pages changed, and for no picture."""
    club.add()
    ingest(gala, club)
    club.asked()
    again = ingest(gala, club)
    assert (again.done, again.known, again.skipped) == (0, 0, [])
    assert [one for one in club.asked() if one.endswith(".png")] == []


@pytest.mark.promise("P29")
def test_an_interrupted_listing_goes_on(gala: Gala, club: ClubSite) -> None:
    """The pages that were read before the host went away are not asked for again."""
    club.page(GALLERY, "ada.png", links=("two/", "three/"))
    club.page(f"{GALLERY}two/", "../bo.png").page(f"{GALLERY}three/")
    club.web.at(f"{GALLERY}three/", lambda link: link.close())
    club.add()
    with pytest.raises(Unavailable):
        ingest(gala, club)
    assert f"{GALLERY}two/" in club.asked()
    club.page(f"{GALLERY}three/")
    assert ingest(gala, club).done == 2
    asked = club.asked()
    assert f"{GALLERY}three/" in asked
    assert not {GALLERY, f"{GALLERY}two/"} & set(asked)


@pytest.mark.parametrize(
    ("path", "body", "headers", "said"),
    [
        ("/robots.txt", b"User-agent: *\nDisallow: /gala/ada", (), "robots: Disallow: /gala/ada"),
        ("/robots.txt", b"User-agent: countenance\nDisallow: /gala/ada", (), "robots"),
        (
            "/.well-known/tdmrep.json",
            b'[{"location": "/gala/ada*", "tdm-reservation": 1}]',
            (),
            "tdm",
        ),
        ("/ai.txt", b"User-Agent: *\nDisallow: *.png", (), "ai.txt"),
        (f"{GALLERY}ada.png", b"", ("X-Robots-Tag: noimageai",), "x-robots-tag: noimageai"),
        (f"{GALLERY}ada.png", b"", ("X-Robots-Tag: otherbot: index", "X-Robots-Tag: noai"), "noai"),
        (f"{GALLERY}ada.png", b"", ("TDM-Reservation: 1",), "tdm-reservation: 1"),
        (f"{GALLERY}ada.png", b"", ("Content-Usage: train-ai=n",), "Content-Usage"),
    ],
)
@pytest.mark.promise("P1")
def test_a_veto_names_itself(  # noqa: PLR0913, PLR0917  a table
    gala: Gala, club: ClubSite, path: str, body: bytes, headers: tuple[str, ...], said: str
) -> None:
    """Whatever the grant says: what a signal forbids is not kept, and the report says which."""
    kind = "image/png" if path.endswith("png") else "text/plain"
    club.file(path, body or picture(ADA), *headers, kind=kind)
    club.add()
    report = ingest(gala, club)
    vetoed = {one.locator: one for one in report.skipped if one.reason is Reason.VETO}
    assert said in vetoed[f"{club.host}{GALLERY}ada.png"].detail
    assert gala.find("Ada").sightings == ()
    # What robots.txt, tdmrep.json and ai.txt forbid was never asked for.
    if path in SIGNALS:
        assert f"{GALLERY}ada.png" not in club.asked()


@pytest.mark.promise("P1")
def test_a_page_that_says_no_gives_no_picture(gala: Gala, club: ClubSite) -> None:
    """`noai` on a page is said of all that stands on it; the report names the page."""
    club.page(GALLERY, "ada.png", head='<meta name="robots" content="noai">')
    club.add()
    report = ingest(gala, club)
    assert report.done == 0
    assert [one.message for one in report.unlisted if "noai" in one.message]
    assert f"{GALLERY}ada.png" not in club.asked()


@pytest.mark.promise("P1")
def test_a_licence_in_a_page_may_be_of_one_picture(gala: Gala, club: ClubSite) -> None:
    """It is asked about each picture's own address; the report names it, and the other is read."""
    terms = f'<content url="{GALLERY}ada*"><license><prohibits>all</prohibits></license></content>'
    licence = f'<rsl xmlns="https://rslstandard.org/rsl">{terms}</rsl>'
    head = f'<script type="application/rsl+xml">{licence}</script>'
    club.page(GALLERY, "ada.png", "bo.png", head=head)
    club.add()
    report = ingest(gala, club)
    assert report.done == 1
    assert [one.message for one in report.unlisted if "ada.png: RSL: prohibits" in one.message]
    assert f"{GALLERY}ada.png" not in club.asked()


@pytest.mark.promise("P3")
@pytest.mark.parametrize("how", ["404", "410", "revoked", "another's", "expired"])
def test_a_grant_taken_back_is_a_takedown(gala: Gala, club: ClubSite, how: str) -> None:
    """Nothing of it is in any answer, all of it goes, and nothing else is asked of the site."""
    source = club.add()
    ingest(gala, club)
    assert gala.places("Ada")
    match how:
        case "404" | "410":
            club.no_grant(int(how))
        case "revoked":
            club.revoke("grant-1")
        case "another's":
            club.grant(gala.clock.now(), token="A" * 43)
        case "expired":
            gala.clock.advance(timedelta(days=301))
    club.asked()
    with pytest.raises(NoGrant):
        ingest(gala, club)
    assert club.asked() == [WELL_KNOWN]
    assert gala.places("Ada") == []
    (case,) = [one for one in gala.library.erasures() if one.source == source.id]
    assert case.stage is Stage.CLOSED
    assert gala.library.photos_of(source.id) == 0


@pytest.mark.promise("P3")
def test_a_host_that_does_not_answer_pauses_hides_and_is_given_up(
    gala: Gala, club: ClubSite
) -> None:
    """72 hours after it was seen last nothing is shown, and after 30 days it is a takedown."""
    source = club.add()
    ingest(gala, club)
    club.no_grant(503)
    with pytest.raises(Unavailable):
        ingest(gala, club)
    assert gala.places("Ada")
    gala.clock.advance(HOLDS_UNSEEN - MOMENT)
    assert gala.places("Ada")
    gala.clock.advance(HOUR)
    assert gala.places("Ada") == []
    club.grant(gala.clock.now() - HOUR)
    ingest(gala, club)
    assert gala.places("Ada")
    club.no_grant(503)
    gala.clock.advance(GIVEN_UP_UNSEEN - HOUR)
    with pytest.raises(Unavailable):
        ingest(gala, club)
    gala.clock.advance(2 * HOUR)
    with pytest.raises(NoGrant, match="counts as taken back"):
        ingest(gala, club)
    assert gala.library.photos_of(source.id) == 0


@pytest.mark.promise("P3")
def test_what_is_no_grant_file_hides_at_once(gala: Gala, club: ClubSite) -> None:
    """A page of the server's in its place is not the owner's word: hidden, not taken down."""
    source = club.add()
    ingest(gala, club)
    club.file(WELL_KNOWN, b"<html>under maintenance</html>", kind="text/html")
    with pytest.raises(Unavailable):
        ingest(gala, club)
    assert gala.places("Ada") == []
    assert gala.library.photos_of(source.id) == 2
    club.grant(gala.clock.now())
    ingest(gala, club)
    assert gala.places("Ada")


@pytest.mark.promise("P3")
def test_a_narrower_grant_hides_at_once_what_it_leaves_out(gala: Gala, club: ClubSite) -> None:
    """And the next listing lets it go."""
    club.add()
    ingest(gala, club)
    club.grant(gala.clock.now(), deny=(f"{GALLERY}ada",))
    report = ingest(gala, club)
    assert gala.places("Ada") == []
    assert report.listed.vanished == 1


def test_every_version_of_the_file_is_kept(gala: Gala, club: ClubSite) -> None:
    """As it came, each once, with when it was seen first."""
    source = club.add()
    ingest(gala, club)
    club.grant(gala.clock.now(), name="The new club")
    ingest(gala, club)
    club.no_grant(404)
    with pytest.raises(NoGrant):
        ingest(gala, club)
    kept = gala.library.grant_files(source.id)
    assert [one.status for one in kept] == [200, 200, 404]
    assert b"The new club" in kept[1].body


@pytest.mark.promise("P1")
def test_pictures_on_another_host_need_its_own_grant(gala: Gala, club: ClubSite) -> None:
    """A site cannot give what lies elsewhere: nothing but the grant file is asked there."""
    with serving(LyingSite()) as media:
        root = f"http://127.0.0.1:{media.port}"
        club.grant(gala.clock.now(), media_hosts=(f"{root}/",))
        club.page(GALLERY, f"{root}/ada.png")
        media.at("/ada.png", answer(b"", kind="image/png"))
        club.add()
        assert ingest(gala, club).done == 0
        assert set(media.paths()) == {WELL_KNOWN}


@pytest.mark.promise("P11")
def test_people_under_age_are_left_out_where_the_site_says_so(gala: Gala, club: ClubSite) -> None:
    """A grant that excludes minors finds nobody under age, though they agreed."""
    gala.library.change_age("Ada", AgeBand.TEEN, AgeSource.DECLARED)
    club.grant(gala.clock.now(), minors=Minors.EXCLUDED)
    club.add()
    ingest(gala, club)
    assert gala.places("Ada") == []


def test_what_was_kept_its_time_is_forgotten(gala: Gala, club: ClubSite) -> None:
    """The grant lets it be kept for ten days; it is not fetched again after that."""
    club.grant(gala.clock.now(), retention_days=10)
    source = club.add()
    ingest(gala, club)
    gala.clock.advance(timedelta(days=11))
    ingest(gala, club)
    assert gala.library.photos_of(source.id) == 0
    club.asked()
    ingest(gala, club)
    assert [one for one in club.asked() if one.endswith(".png")] == []


def test_what_the_server_does_not_give_is_tried_again(gala: Gala, club: ClubSite) -> None:
    """A picture behind an error is a line in the report, and read when it is there."""
    club.web.at(f"{GALLERY}ada.png", answer(b"", status=500))
    club.file(f"{GALLERY}bo.png", b"<html>", kind="text/html")
    club.add()
    report = ingest(gala, club)
    assert sorted(reasons(report)) == [Reason.NOT_A_PICTURE, Reason.SERVER_ERROR]
    club.picture("ada.png", ADA)
    assert ingest(gala, club).done == 1
