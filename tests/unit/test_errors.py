"""The tree of errors: its drawing, its codes, its messages."""

import inspect
import re
from collections.abc import Iterator

import pytest

from countenance import errors
from countenance.errors import Error, NoGrant, NotFound, Reason, Unreadable

# name, name of the branch it hangs on, exit code, HTTP status
Row = tuple[str, str, int, int]

_DRAWN = re.compile(r"^ *(?P<bullet>[*x+]) (?P<name>\w+) .*?(?: exit (\d+))?(?: +HTTP (\d+))?$")


def test_drawing_shows_every_class_with_its_codes() -> None:
    """The drawing at the top of `errors.py` is the tree: order, branches, exit codes, statuses."""
    assert list(_drawn()) == list(_walk(Error, "Exception"))


def test_every_class_of_the_module_hangs_on_the_tree() -> None:
    """No exception of the module is outside the tree."""
    classes = {
        name
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, BaseException)
    }
    assert classes == {name for name, *_ in _drawn()}


def test_branches_have_exit_codes_of_their_own() -> None:
    """A script can tell the branches of the tree apart by the exit code."""
    codes = [code for _, branch, code, _ in _drawn() if branch in {"Exception", "Error"}]
    assert len(codes) == len(set(codes))
    assert 0 not in codes


def test_message_is_what_str_says_and_hint_stands_apart() -> None:
    """`str` gives the message alone; the hint is a line of its own."""
    error = NotFound("no person p_1", hint="countenance person list")
    assert str(error) == error.message == "no person p_1"
    assert error.hint == "countenance person list"
    assert Error("the disk is full").hint == ""


def test_unreadable_carries_its_reason() -> None:
    """A file that cannot be read says why, once for programs and once for people."""
    error = Unreadable(Reason.EMPTY, "a.jpg: the file is empty", hint="copy it again")
    assert (error.reason, str(error)) == (Reason.EMPTY, "a.jpg: the file is empty")
    assert error.hint == "copy it again"


@pytest.mark.parametrize("reason", Reason)
def test_reasons_are_words_for_reports(reason: Reason) -> None:
    """The value of a reason is lower-case words with hyphens, as reports and tables print it."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", reason.value)


def test_twig_is_caught_as_its_branch() -> None:
    """Whoever handles refusals handles a missing grant too, with the same codes."""
    assert (NoGrant.exit_code, NoGrant.http_status) == (4, 403)


# --------------------------------------------------------------------------------------------------


def _drawn() -> Iterator[Row]:
    """
    The rows of the drawing; a twig (`+`) has the codes of the branch (`x`) above it, but for those
    that it says itself.
    """
    branch: Row = ("Exception", "", 0, 0)
    root = "Error"
    for line in (errors.__doc__ or "").splitlines():
        if not (found := _DRAWN.match(line)):
            continue
        bullet, name, code, status = found.groups()
        if bullet == "+":
            yield (name, branch[0], int(code or branch[2]), int(status or branch[3]))
            continue
        branch = (name, "Exception" if bullet == "*" else root, int(code), int(status))
        yield branch


def _walk(error: type[Error], parent: str) -> Iterator[Row]:
    yield (error.__name__, parent, error.exit_code, error.http_status)
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _walk(child, error.__name__)
