from pathlib import Path

import pytest

from countenance.bench.site import bench_site
from countenance.errors import UsageError
from countenance.settings import load_settings


def test_a_site_is_read_beside_a_folder(tmp_path: Path) -> None:
    """Every picture of both, under a grant that the server really gives out."""
    figures = bench_site(load_settings(tmp_path), pictures=3, repeats=1)
    ((of_folder,), (of_site,)) = figures.folder, figures.site
    assert (of_folder.pictures, of_site.pictures) == (3, 3)
    assert (of_folder.skipped, of_site.skipped) == (0, 0)
    assert figures.ratios == (of_site.pictures_per_second / of_folder.pictures_per_second,)
    assert f"{figures.ratios[0]:.0%}" in list(figures.as_text())[-1]


@pytest.mark.parametrize("wrong", [{"pictures": 0}, {"repeats": 0}])
def test_no_pictures_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    """Nothing can be said of no pictures."""
    with pytest.raises(UsageError, match="1 or more"):
        bench_site(load_settings(tmp_path), **wrong)
