"""What changed since the last listing."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from countenance.sources.changes import compare
from countenance.sources.source import Entry, Unlisted

_LOCATORS = st.lists(st.sampled_from(["a", "b", "c", "ab"]), min_size=1, max_size=3).map("/".join)
_LISTINGS = st.dictionaries(_LOCATORS, st.sampled_from(["1", "2"]))


@given(_LISTINGS, _LISTINGS)
def test_every_file_is_new_changed_vanished_or_the_same(
    now: dict[str, str], before: dict[str, str]
) -> None:
    """The three kinds share nothing, and the old listing with them applied is the new one."""
    changes = compare((Entry(*item) for item in now.items()), before)
    new = {entry.locator: entry.stamp for entry in changes.new}
    changed = {entry.locator: entry.stamp for entry in changes.changed}
    assert new.keys().isdisjoint(before)
    assert changed.keys() <= before.keys()
    assert all(before[locator] != stamp for locator, stamp in changed.items())
    kept = {key: stamp for key, stamp in before.items() if key not in changes.vanished}
    assert kept | new | changed == now
    assert sorted(changes.vanished) == list(changes.vanished)


@given(_LISTINGS, _LOCATORS)
def test_what_could_not_be_listed_has_not_vanished(before: dict[str, str], folder: str) -> None:
    """Below a folder that could not be looked into, nothing is said to be gone."""
    changes = compare([], before, unlisted=[Unlisted(folder, "no permission")])
    below = {key for key in before if key == folder or key.startswith(f"{folder}/")}
    assert set(changes.vanished) == set(before) - below


def test_unlisted_parts_may_be_told_while_the_listing_is_read() -> None:
    """The list of unlisted parts is looked at last, when the reader has finished adding to it."""
    unlisted: list[Unlisted] = []

    def listing() -> Iterator[Entry]:
        yield Entry("a.jpg", "1")
        unlisted.append(Unlisted("b", "no permission"))

    changes = compare(listing(), {"b/c.jpg": "1", "d.jpg": "1"}, unlisted=unlisted)
    assert changes.vanished == ("d.jpg",)
