"""The file that is given out: plain, with what may be said of it, and nothing that was there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.media.decode import decode
from countenance.media.leaks import UNLIMITED, find_leaks
from countenance.media.limits import Limits
from countenance.media.metadata import Metadata, read_metadata
from countenance.media.release import MAX_COVERS_TOLD, Packing, Release, ReleaseStatus, released

PIXELS = np.random.default_rng(1).integers(0, 255, (48, 80, 3), dtype=np.uint8)
SAID = Metadata(
    title="a title",
    caption="Nobody, at the window",
    keywords=("Nobody",),
    place=(58.0, 12.0),
    taken_at="2026-05-02T10:00:00",
    creator="A photographer",
    credit="The club",
    rights="© the club",
    licence="https://creativecommons.org/licenses/by/4.0/",
    data_mining="DMI-PROHIBITED",
)


@pytest.mark.parametrize("packing", list(Packing))
def test_what_may_be_said_is_said(packing: Packing) -> None:
    """Creator, credit, rights and licence are kept; caption, keywords, place and time are not."""
    data = released(PIXELS, Release("x_1", ReleaseStatus.LIMITED, SAID, [(1, 2, 30, 40)]), packing)
    told = read_metadata(data)
    assert find_leaks(data) == ()
    assert (told.creator, told.credit, told.rights) == (SAID.creator, SAID.credit, SAID.rights)
    assert (told.licence, told.data_mining) == (SAID.licence, SAID.data_mining)
    assert told == Metadata(
        creator=SAID.creator,
        credit=SAID.credit,
        rights=SAID.rights,
        licence=SAID.licence,
        data_mining=SAID.data_mining,
        regions=told.regions,
    )
    (region,) = told.regions
    assert region.name == ""
    assert region.box == pytest.approx((1 / 80, 2 / 48, 30 / 80, 40 / 48), abs=1e-3)
    for word in (b"MR-LMR", b"x_1", b"imageregionrole/anonymised"):
        assert word in data


@pytest.mark.parametrize("packing", list(Packing))
def test_pixels_are_what_they_were(packing: Packing) -> None:
    """As near as a file of this quality is."""
    smooth = np.indices((64, 64)).sum(0)[..., None].repeat(3, -1).astype(np.uint8)
    data = released(smooth, Release("x_1", ReleaseStatus.NOBODY), packing)
    again = decode(data, limits=Limits()).pixels
    assert int(np.abs(again.astype(int) - smooth).max()) < 8
    assert b"MR-NAP" in data
    assert b"DMI-PROHIBITED-AIMLTRAINING" in data


@pytest.mark.promise("P8")
def test_nobody_releases_without_limits() -> None:
    """PLUS has a word for that, and here it is never said."""
    word = UNLIMITED.rpartition("/")[2]
    assert word not in set(ReleaseStatus)
    for status in ReleaseStatus:
        assert word.encode() not in released(PIXELS, Release("x_1", status))


@pytest.mark.promise("P8")
@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=400), st.integers(0, 300))
def test_whatever_the_file_said_the_new_one_is_plain(
    creator: str, licence: str, mining: str, covers: int
) -> None:
    """Texts of any signs and length, and any number of covers."""
    said = Metadata(creator=creator, rights=creator, licence=licence, data_mining=mining)
    boxes = [(0.5 * place, 1.0, 0.5 * place + 3, 9.0) for place in range(covers)]
    data = released(PIXELS, Release("x_1", ReleaseStatus.NONE, said, boxes))
    assert find_leaks(data) == ()
    assert len(read_metadata(data).regions) <= MAX_COVERS_TOLD
