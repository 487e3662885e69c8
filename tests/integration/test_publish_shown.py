"""Films in which those stay open who agreed: where it is certain who they are, and nowhere else."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from countenance.catalog.tables import disclosure
from countenance.core.ids import PersonId
from countenance.enrol.enrol import Portrait
from countenance.errors import NoConsent
from countenance.media.film import Frame, Sampling
from countenance.media.films import Films
from countenance.media.limits import FilmLimits
from countenance.people.purpose import Purpose, Wish
from countenance.publish import film
from countenance.publish.export import Published
from countenance.publish.film import covers_of
from countenance.publish.plan import Hand
from countenance.publish.stretch import EDGE_SECONDS, Seen, Stretch, alone, followed
from countenance.publish.verdict import Verdict
from countenance.vision.types import Detections, Pixels
from countenance.vision.vision import Vision
from tests.fakes.echo import CHANNEL, Echo
from tests.fakes.films import frame_at, make_film
from tests.fakes.gala import rows
from tests.fakes.vision import picture

pytest.importorskip("av", reason="films need the extra `video`")

ADA, BO, CAL = 1, 2, 26
SIZE = (640, 256)
HERE, FAR = (60, 64), (440, 64)
SHOWING = Hand(show_consenting=True)


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
    with made.gala:
        yield made


def still(count: int, places: Mapping[int, tuple[int, int]]) -> list[Pixels]:
    return [frame_at(places, SIZE)] * count


def ingested(echo: Echo, *scenes: Sequence[Pixels]) -> None:
    make_film(echo.gala.folder / "party.mp4", *scenes, size=SIZE)
    echo.gala.ingest()


def confirm(echo: Echo, name: str) -> None:
    """A person says of every track of theirs that it is them."""
    for one in echo.gala.find(name).sightings:
        echo.gala.library.confirm_sighting(one.id)


def publish(echo: Echo, hand: Hand = SHOWING) -> Published:
    return echo.gala.library.publish(
        str(echo.gala.folder / "party.mp4"),
        "The Echo",
        channel=CHANNEL,
        out=echo.gala.folder.parent / "out",
        looked=True,
        hand=hand,
    )


def frames_of(path: Path) -> list[Frame]:
    with (
        path.open("rb") as file,
        Films(FilmLimits()).opened(file, Sampling(all=True)) as opened,
    ):
        return list(opened.frames())


def seen_at(echo: Echo, done: Published, *, elsewhere: bool = False) -> list[float]:
    """The times of the frames in which a face is to be seen at the one place, or at any other."""
    found = []
    for one in frames_of(done.path):
        boxes = echo.gala.vision.find(one.pixels).boxes
        here = [np.abs(box[:2] - HERE).max() < 30 for box in boxes]
        if any(is_here != elsewhere for is_here in here):
            found.append(one.at)
    return found


def enrolled(echo: Echo) -> PersonId:
    return echo.enrol("Ada", ADA)


@pytest.mark.promise("P8")
def test_who_agreed_and_was_confirmed_is_open_and_nobody_else(echo: Echo) -> None:
    """But for half a second at either end; the stranger beside is covered in every frame."""
    ada = enrolled(echo)
    ingested(echo, still(26, {ADA: HERE, BO: FAR}))
    confirm(echo, "Ada")
    done = publish(echo)
    times = seen_at(echo, done)
    assert times[0] == pytest.approx(EDGE_SECONDS, abs=0.01)
    assert times[-1] == pytest.approx(2.5 - EDGE_SECONDS, abs=0.01)
    assert len(times) == 16
    assert seen_at(echo, done, elsewhere=True) == []
    assert set(done.shown) == {ada}
    found = echo.gala.library.given_as(done.digest)
    assert found is not None
    assert set(echo.gala.library.given(found.id)[1]) == {ada}


@pytest.mark.promise("P8")
def test_everybody_is_covered_unless_it_is_asked_for(echo: Echo) -> None:
    """Also who agreed and was confirmed."""
    enrolled(echo)
    ingested(echo, still(20, {ADA: HERE}))
    confirm(echo, "Ada")
    done = publish(echo, Hand())
    assert (seen_at(echo, done), done.shown) == ([], {})


@pytest.mark.promise("P8")
def test_who_is_only_recognised_is_covered(echo: Echo) -> None:
    """However sure the model is: in a film a person has to say who it is."""
    enrolled(echo)
    ingested(echo, still(20, {ADA: HERE}))
    (seen,) = echo.gala.find("Ada").sightings
    done = publish(echo)
    assert (seen_at(echo, done), done.shown) == ([], {})
    (face,) = echo.gala.library.check_film(str(seen.photo), CHANNEL).faces
    assert (face.verdict, face.sightings) == (Verdict.ASK, (seen.id,))


@pytest.mark.promise("P10")
def test_who_agreed_elsewhere_or_asked_to_be_hidden_is_covered(echo: Echo) -> None:
    """Confirmed or not."""
    echo.enrol("Ada", ADA, "elsewhere")
    wishes = (Wish(Purpose.FIND_ME), Wish(Purpose.HIDE_ME), Wish(Purpose.MAY_PUBLISH, CHANNEL))
    echo.gala.library.enrol("Bo", [Portrait("portrait.jpg", picture(BO))], wishes)
    ingested(echo, still(20, {ADA: HERE, BO: FAR}))
    confirm(echo, "Ada")
    confirm(echo, "Bo")
    done = publish(echo)
    assert (seen_at(echo, done), seen_at(echo, done, elsewhere=True), done.shown) == ([], [], {})


@pytest.mark.promise("P8")
def test_no_frame_is_open_in_which_the_face_was_missed(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One frame of two seconds: it is covered, and half a second on either side of it."""
    enrolled(echo)
    ingested(echo, still(41, {ADA: HERE}))
    confirm(echo, "Ada")
    missing_at(monkeypatch, number=20)
    done = publish(echo)
    times = seen_at(echo, done)
    # Behind it nobody ever said that it is her, but if one of the known instants lies there.
    assert not [at for at in times if 2.0 - EDGE_SECONDS < at < 2.0 + EDGE_SECONDS]
    assert times


@pytest.mark.promise("P8")
def test_who_comes_near_covers_both(echo: Echo) -> None:
    """A stranger walks past: while they are near, and half a second longer, nobody is open."""
    enrolled(echo)
    still_far = still(11, {ADA: HERE, BO: FAR})
    coming = [frame_at({ADA: HERE, BO: (FAR[0] - 28 * n, 64)}, SIZE) for n in range(9)]
    ingested(echo, still_far, coming, coming[::-1], still_far)
    confirm(echo, "Ada")
    done = publish(echo)
    times = seen_at(echo, done)
    assert times
    assert not [at for at in times if 1.5 <= at <= 2.3]
    assert not seen_at(echo, done, elsewhere=True)


@pytest.mark.promise("P8")
def test_another_face_at_the_same_place_is_covered(echo: Echo) -> None:
    """A cut from her to a stranger and back, at the very place, between two looks of the search."""
    enrolled(echo)
    ingested(echo, still(16, {ADA: HERE}), still(3, {CAL: HERE}), still(17, {ADA: HERE}))
    assert len(echo.gala.library.photos()[0].faces) == 1
    confirm(echo, "Ada")
    times = seen_at(echo, publish(echo))
    assert times
    assert not [at for at in times if 1.6 - EDGE_SECONDS < at < 1.9 + EDGE_SECONDS]


@pytest.mark.promise("P8")
def test_a_stretch_that_is_of_two_is_nobodys(echo: Echo) -> None:
    """The search saw a stranger in it, too: then it is not certain where one ends."""
    enrolled(echo)
    ingested(echo, still(16, {ADA: HERE}), still(16, {CAL: HERE}))
    assert len(echo.gala.library.photos()[0].faces) == 2
    confirm(echo, "Ada")
    assert seen_at(echo, publish(echo)) == []


@pytest.mark.promise("P23")
def test_the_film_is_recalled_when_a_consent_ends(echo: Echo) -> None:
    """It rests on the consents of those who are open in it."""
    ada = enrolled(echo)
    ingested(echo, still(20, {ADA: HERE}))
    confirm(echo, "Ada")
    done = publish(echo)
    echo.gala.library.withdraw(ada)
    assert [one.disclosure for one in echo.gala.library.recalls()] == [done.disclosure.id]


@pytest.mark.promise("P8")
def test_a_consent_that_ends_meanwhile_gives_nothing(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door asks once more, when all is written."""
    ada = enrolled(echo)
    ingested(echo, still(20, {ADA: HERE}))
    confirm(echo, "Ada")
    sound = film.heads_open

    def ending(*what: object) -> object:
        found = sound(*what)  # type: ignore[arg-type]  # what it was called with
        echo.gala.library.withdraw(ada)
        return found

    monkeypatch.setattr(film, "heads_open", ending)
    with pytest.raises(NoConsent):
        publish(echo)
    assert not list((echo.gala.folder.parent / "out").iterdir())
    with echo.gala.library._database.read() as tx:
        assert not rows(tx, disclosure.c.id)


def missing_at(monkeypatch: pytest.MonkeyPatch, *, number: int) -> None:
    """The detector misses everything in the frame of this number, in the first look at all."""
    count = iter(range(10**6))

    def look(vision: Vision, pixels: Pixels) -> Detections:
        return Detections.none() if next(count) == number else vision.find_easily(pixels)

    monkeypatch.setattr(film, "every_face_in_frame", look)
    monkeypatch.setattr(film, "every_face", look)


# --- stretches ------------------------------------------------------------------------------------

BOX = (60.0, 60.0, 100.0, 100.0)
HEAD = (40.0, 40.0, 120.0, 120.0)


def faces(*boxes: tuple[float, ...], at: float) -> Seen:
    heads = tuple((x1 - 20, y1 - 20, x2 + 20, y2 + 20) for x1, y1, x2, y2 in boxes)
    return Seen(at, heads, boxes, ((),) * len(boxes))  # type: ignore[arg-type]


def moved(by: float) -> tuple[float, ...]:
    return (BOX[0] + by, BOX[1], BOX[2] + by, BOX[3])


@pytest.mark.promise("P8")
def test_a_stretch_ends_where_a_face_is_missed() -> None:
    """Even in one frame; what follows is another."""
    seen = [faces(*([] if number == 5 else [BOX]), at=number / 10) for number in range(10)]
    assert [(one.first, one.last) for one in followed(seen)] == [(0, 4), (6, 9)]


@pytest.mark.promise("P8")
def test_a_stretch_ends_where_it_may_be_one_of_two() -> None:
    """Two that touch the face of the frame before; one that jumps; a long pause between frames."""
    two = [faces(BOX, at=0), faces(BOX, at=0.1), faces(moved(4), moved(-30), at=0.2)]
    assert [(one.first, one.last) for one in followed(two)] == [(0, 1), (2, 2), (2, 2)]
    jumps = [faces(BOX, at=0), faces(moved(25), at=0.1)]
    assert [(one.first, one.last) for one in followed(jumps)] == [(0, 0), (1, 1)]
    pauses = [faces(BOX, at=0), faces(BOX, at=0.5)]
    assert [(one.first, one.last) for one in followed(pauses)] == [(0, 0), (1, 1)]


@pytest.mark.promise("P8")
def test_nobody_is_near_for_half_a_second() -> None:
    """Also in the frames before and after it."""
    seen = [
        faces(*([BOX, moved(90)] if number == 20 else [BOX]), at=number / 10)
        for number in range(40)
    ]
    (stretch,) = [one for one in followed(seen) if one.first == 0]
    assert stretch.last == 39
    assert [(one.first, one.last) for one in alone(seen, stretch)] == [(0, 14), (26, 39)]


@pytest.mark.promise("P8")
def test_the_ends_of_a_stretch_are_not_open() -> None:
    """Half a second at either end is covered, however long it is."""
    seen = [faces(BOX, at=number / 10) for number in range(20)]
    stretch = Stretch(0, (0,) * 20)
    assert [number for number in range(20) if stretch.is_open(number, seen)] == list(range(5, 15))
    covers = covers_of(seen, [stretch])
    assert [number for number in range(20) if not covers[number]] == list(range(5, 15))


@pytest.mark.promise("P8")
def test_a_frame_between_two_stretches_is_not_open() -> None:
    """Though it is certain who it is on both sides, and nothing was detected in it."""
    seen = [faces(*([] if number == 20 else [BOX]), at=number / 10) for number in range(41)]
    certain = followed(seen)
    assert len(certain) == 2
    covers = covers_of(seen, certain)
    assert all(HEAD in covers[number] for number in range(15, 26))
    assert [number for number in range(41) if not covers[number]] == [*range(5, 15), *range(26, 36)]


@pytest.mark.promise("P8")
def test_one_face_answers_for_one() -> None:
    """Of two that are found where one may be seen the other is found."""
    boxes = np.array([BOX, moved(12)], np.float32)
    found = Detections(boxes, np.zeros((2, 5, 2), np.float32), np.ones(2, np.float32))
    mask = np.zeros((200, 200), np.bool_)
    assert film._open_boxes(found, mask, [BOX]) == [1]
    assert film._open_boxes(found, mask) == [0, 1]
    mask[50:150, 50:150] = True
    assert film._open_boxes(found, mask) == []
