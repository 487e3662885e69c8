from pathlib import Path

import numpy as np
import pytest

from countenance.bench.crowd import THINKS, Heard
from countenance.bench.drawn import APART, PORTRAIT_PIXELS, portrait
from countenance.bench.joining import bench_joining
from countenance.bench.many import PICTURES, draw, give_previews
from countenance.bench.web import LEAST, bench_web, prepare
from countenance.errors import NoModel, UsageError
from countenance.settings import load_settings
from tests.fakes.gala import Gala

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="processor time is told by Linux alone"
)


@pytest.mark.long
def test_every_page_is_asked_alone_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long for the server's start and for the people, who think. No page fails in their way."""
    monkeypatch.setattr("countenance.bench.crowd.THINKS", (0.0, 0.2))
    figures = bench_web(LEAST, users=2, seconds=8, runs=1)
    assert set(figures.together) >= {"my photos", "photos of the collection", "a picture, small"}
    assert figures.thumbnails_a_cpu_second > 0
    assert sum(figures.first_load_bytes.values()) < 40_000
    assert "first load" in "\n".join(figures.as_text())


@pytest.mark.long
def test_who_joins_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Long for three servers and the networks: by the form that a browser sends."""
    monkeypatch.setattr("countenance.bench.joining.GOES_ON", 1.0)
    try:
        figures = bench_joining(load_settings(tmp_path), count=200)
    except NoModel as exc:
        pytest.skip(f"the starter pack is not installed: {exc}")
    for one in (figures.joined, figures.said):
        assert one.found
        assert 0 < one.page <= one.progress <= one.first
    assert figures.known.median > 0


@pytest.mark.parametrize("wrong", [{"count": 0}, {"users": 0}, {"runs": 0}])
def test_nothing_is_not_measured(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        bench_web(**wrong)


def test_of_too_few_photos_nothing_is_measured() -> None:
    with pytest.raises(UsageError, match="everybody is in some"):
        bench_web(LEAST - 1)


def test_every_photo_of_the_library_can_be_looked_at(tmp_path: Path) -> None:
    """The same few pictures, each under as many names as there are photos."""
    with Gala.make(tmp_path) as gala:
        for number in range(3):
            gala.put(f"{number}.jpg", 1, salt=number)
        gala.ingest()
        before = {one.id: one.preview for one in gala.library.photos()}
        give_previews(gala.library, [draw(1)])
        assert before == {one.id: one.preview for one in gala.library.photos()}
    doors = prepare(tmp_path / "many", PICTURES * 20, sessions=1)
    assert len(doors.sessions) == 1
    assert len(doors.own) == 10


def test_what_is_heard_is_kept_by_its_kind() -> None:
    heard = Heard()
    heard.add("a page", 1.0)
    heard.add("a page", 2.0)
    assert heard.seconds == {"a page": [1.0, 2.0]}
    assert THINKS[0] < THINKS[1]


def test_a_made_up_person_is_the_same_each_time() -> None:
    """And another in another light is not the same picture."""
    one = np.asarray(portrait(APART[0]))
    assert one.shape == (*PORTRAIT_PIXELS[::-1], 3)
    assert (one == np.asarray(portrait(APART[0]))).all()
    assert (one != np.asarray(portrait(APART[0], 1))).any()
    assert (one != np.asarray(portrait(APART[1]))).any()
