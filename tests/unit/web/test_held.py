from collections.abc import Callable

import pytest

from countenance.enrol.enrol import Judged, Portrait, Seen
from countenance.web import held as module
from countenance.web.held import Giving, Held

GOOD = Seen(Judged("a.jpg", accepted=True, weak=False, sentences=()), b"view")
POOR = Seen(Judged("b.jpg", accepted=False, weak=False, sentences=("too dark",)), b"view")


@pytest.fixture
def over() -> list[Callable[[], None]]:
    """What is to be done once their time is over, one after the other."""
    return []


@pytest.fixture
def held(over: list[Callable[[], None]]) -> Held:
    return Held(over.append)


def give(held: Held, *seen: Seen, who: str = "here") -> Giving:
    return held.hold("link", [Portrait("x", b"bytes")] * len(seen), seen, who=who)


@pytest.mark.promise("P6")
def test_what_is_given_is_let_go_when_its_time_is_over(
    held: Held, over: list[Callable[[], None]]
) -> None:
    """By itself, whether anybody comes back for it or not."""
    first, second = give(held, GOOD), give(held, GOOD)
    assert held.get("link", first.key) is first
    over[0]()
    assert held.get("link", first.key) is None
    assert held.get("link", second.key) is second
    over[1]()
    assert len(held) == 0
    over[1]()


def test_a_key_leads_to_nothing_by_another_link(held: Held) -> None:
    made = give(held, GOOD)
    assert held.get("another link", made.key) is None
    assert held.get("link", "another key") is None


@pytest.mark.promise("P6")
def test_of_what_will_not_do_the_view_alone_is_there(held: Held) -> None:
    made = give(held, GOOD, POOR)
    assert len(made.usable) == 1
    assert len(made.seen) == 2
    assert give(held, POOR).usable == ()


def test_who_gives_much_makes_room_with_their_own(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest of whoever holds the most go; nobody else's."""
    monkeypatch.setattr(module, "MAX_BYTES", 3 * len(b"bytesview"))
    alone = give(held, GOOD, who="alone")
    many = [give(held, GOOD, who="many") for _ in range(4)]
    assert held.get("link", alone.key) is alone
    assert [held.get("link", one.key) is not None for one in many] == [False, False, True, True]
