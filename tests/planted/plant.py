"""
Planted bugs: the judge of the tests.

A plant breaks one promise of a product that keeps it, in the process of the tests and nowhere else:
nothing in `src/` knows of it. The tests that carry the promise must then fail. Where they do not,
the fault is theirs.

A plant changes the code of a function in place, so that whoever imported the function by name has
the bug as well. It says which words it changes: if they are no longer there it is stale, and that
is an error, not a plant that nobody found.
"""

import ast
import builtins
import dis
import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CodeType, FunctionType

import pytest

Applying = Callable[[pytest.MonkeyPatch], None]


class StalePlant(Exception):
    """The code that a plant changes is another by now: the plant must follow it."""


@dataclass(frozen=True, slots=True)
class Plant:
    """
    A bug that can be switched on.

    `promise` is the one that it breaks, `wrong` says in a sentence how, and `found_by` are the
    tests, as pytest names them, of which at least one must fail.
    """

    name: str
    promise: str
    wrong: str
    found_by: tuple[str, ...]
    apply: Applying


def plant(promise: str, wrong: str, *found_by: str) -> Callable[[Applying], Plant]:
    """Make a plant of a function, which gives it its name."""

    def make(apply: Applying) -> Plant:
        name = getattr(apply, "__name__", "").replace("_", "-")
        return Plant(name, promise, wrong, found_by, apply)

    return make


def of_module(names: Iterable[object]) -> list[Plant]:
    """Those of a module's values that are plants, in their order."""
    return [value for value in names if isinstance(value, Plant)]


def edit(patch: pytest.MonkeyPatch, function: object, old: str, new: str) -> None:
    """
    Put the words `new` in the place of `old` in the code of `function`.

    Raises `StalePlant` if they do not stand there exactly once.
    """
    target = _function(function)
    source = _source(target)
    if source.count(old) != 1:
        raise StalePlant(f"{target.__qualname__}: {source.count(old)} times {old!r}")
    patch.setattr(target, "__code__", _compile(ast.parse(source.replace(old, new)), target))


def instead(patch: pytest.MonkeyPatch, function: object, body: str) -> None:
    """
    Put `body` in the place of all that `function` does. What it was is `original` there.

    Raises `StalePlant` if it is no function of ours any more.
    """
    target = _function(function)
    before = FunctionType(
        target.__code__, target.__globals__, target.__name__, target.__defaults__, None
    )
    before.__kwdefaults__ = target.__kwdefaults__
    patch.setitem(target.__globals__, "original", before)
    tree = ast.parse(_source(target))
    _definition(tree).body = ast.parse(textwrap.dedent(body)).body
    patch.setattr(target, "__code__", _compile(ast.fix_missing_locations(tree), target))


# --------------------------------------------------------------------------------------------


def _function(named: object) -> FunctionType:
    found = named.fget if isinstance(named, property) else named
    found = getattr(found, "__func__", found)
    found = inspect.unwrap(found) if callable(found) else found
    if not isinstance(found, FunctionType):
        raise StalePlant(f"{named!r} is no function")
    return found


def _source(target: FunctionType) -> str:
    return textwrap.dedent(inspect.getsource(target))


def _definition(tree: ast.Module) -> ast.FunctionDef:
    (found,) = tree.body
    if not isinstance(found, ast.FunctionDef):
        raise StalePlant(f"{ast.unparse(found)[:60]!r} is no function")
    return found


def _compile(tree: ast.Module, target: FunctionType) -> CodeType:
    _definition(tree).decorator_list = []
    made: dict[str, object] = {}
    # Bugs are code, and have to be run to be there.
    exec(compile(tree, f"<planted in {target.__name__}>", "exec"), target.__globals__, made)  # noqa: S102
    planted = made[target.__name__]
    if not isinstance(planted, FunctionType):
        raise StalePlant(f"{target.__qualname__} is no function")
    unknown = _globals_of(planted.__code__) - target.__globals__.keys() - vars(builtins).keys()
    if unknown:
        raise StalePlant(f"{target.__qualname__} knows nothing of {', '.join(sorted(unknown))}")
    return planted.__code__


def _globals_of(code: CodeType) -> set[str]:
    """Every name that the code, and the functions in it, look for in their module."""
    own = {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return own.union(*map(_globals_of, inner))
