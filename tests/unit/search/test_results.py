"""Results: near-duplicates of one picture are one, and nothing else is."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from countenance.catalog import hints
from countenance.catalog.sightings import Sighting, SightingState
from countenance.core.ids import FaceId, PersonId, PhotoId, SightingId, SourceId
from countenance.gallery.bands import Band
from countenance.media.near import SAME, distance
from countenance.search.results import results, together, told_by_source

KEY = bytes(range(32))
_BASES = (0, (1 << 256) - 1, int("0f" * 32, 16))


def sighting(number: int, *, person: str = "p_1", near: bytes = b"", marked: str = "") -> Sighting:
    return Sighting(
        id=SightingId(f"s_{number}"),
        person=PersonId(person),
        photo=PhotoId(f"i_{number}"),
        source=SourceId("d_1"),
        location="/gala",
        locator=f"{number}.jpg",
        page="",
        collection="gala",
        face=FaceId(f"f_{number}"),
        box=(0.0, 0.0, 1.0, 1.0),
        band=Band.SURE,
        state=SightingState.CANDIDATE,
        near=near,
        marked=marked,
    )


def flipped(base: int, bits: int) -> bytes:
    """A hash so many bits from `base`."""
    return (base ^ ((1 << bits) - 1)).to_bytes(32)


_hash = st.one_of(st.just(b""), st.builds(flipped, st.sampled_from(_BASES), st.integers(0, 80)))
_seen = st.lists(st.tuples(st.sampled_from(["p_1", "p_2"]), _hash), max_size=12).map(
    lambda rows: [
        sighting(number, person=person, near=near) for number, (person, near) in enumerate(rows)
    ]
)


@given(st.integers(0, 2**32 - 1), st.integers(1, 200))
def test_of_many_it_is_as_if_one_came_after_the_other(seed: int, count: int) -> None:
    """However many are compared at once: each goes to the first of the firsts it is near to."""
    random = Random(seed)  # noqa: S311  hashes of nothing
    bases = [random.getrandbits(256) for _ in range(max(1, count // 4))]
    seen = [
        sighting(
            number,
            person=random.choice(["p_1", "p_2"]),
            near=random.choice([b"", flipped(random.choice(bases), random.randrange(60))]),
        )
        for number in range(count)
    ]
    expected: list[list[int]] = []
    for place, one in enumerate(seen):
        near = (
            group
            for group in expected
            if seen[group[0]].person == one.person
            and one.near
            and seen[group[0]].near
            and distance(one.near, seen[group[0]].near) <= SAME
        )
        known = next(near, None)
        if known is None:
            expected.append([place])
        else:
            known.append(place)
    assert together(seen) == expected


@given(_seen)
def test_each_sighting_is_in_one_result(seen: list[Sighting]) -> None:
    """None is lost or told twice, and the first of each stand in their order."""
    told = results(seen)
    assert sorted(one.id for result in told for one in result.sightings) == sorted(
        one.id for one in seen
    )
    firsts = [seen.index(result.first) for result in told]
    assert firsts == sorted(firsts)


@given(_seen)
def test_only_what_is_near_to_the_first_is_with_it(seen: list[Sighting]) -> None:
    """Of the same person; and two that are near to one another's first are not two results."""
    told = results(seen)
    for result in told:
        for other in result.near:
            assert other.person == result.first.person
            assert distance(other.near, result.first.near) <= SAME
    firsts = [result.first for result in told if result.first.near]
    for place, one in enumerate(firsts):
        for other in firsts[place + 1 :]:
            apart = distance(one.near, other.near)
            assert apart > SAME or one.person != other.person


@given(_seen, st.integers(0, 11))
def test_what_may_not_be_shown_leaves_no_trace(seen: list[Sighting], hidden: int) -> None:
    """A result of what is left is made of what is left alone (P8)."""
    left = [one for number, one in enumerate(seen) if number != hidden]
    assert {one.id for result in results(left) for one in result.sightings} == {
        one.id for one in left
    }


def test_without_a_near_hash_each_is_its_own_result() -> None:
    """Two white walls are two pictures."""
    assert [len(one.sightings) for one in results([sighting(1), sighting(2)])] == [1, 1]


def test_a_mark_is_of_one_name_at_one_face_under_one_key() -> None:
    """It says nothing of another face, another name, or without the key."""
    name, person = "Ada Lovelace", PersonId("p_1")
    marked = hints.mark(KEY, FaceId("f_1"), "ada  LOVELACE")
    own, moved = sighting(1, marked=marked), sighting(2, marked=marked)

    def told(one: Sighting, names: dict[PersonId, str], key: bytes | None) -> bool:
        return told_by_source([one], names, key)[0].named_by_source

    assert told(own, {person: name}, KEY)
    assert not told(moved, {person: name}, KEY)
    assert not told(own, {person: "Ada Byron"}, KEY)
    assert not told(own, {person: name}, bytes(32))
    assert not told(own, {person: name}, None)
    assert not told(own, {}, KEY)
