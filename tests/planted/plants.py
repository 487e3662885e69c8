"""Every plant there is, by name."""

from tests.planted import (
    accounts,
    api,
    audit,
    cases,
    claiming,
    consent,
    desk,
    desk_check,
    doors,
    erasure,
    films,
    gathering,
    giving,
    keeping,
    pages,
    publishing,
    recalling,
    receipts,
    recognition,
    restoring,
    scanning,
    searching,
    sharing,
    sites,
    stores,
    switching,
    vetoes,
    words,
)
from tests.planted.plant import Plant, of_module

MODULES = (
    gathering,
    sites,
    vetoes,
    stores,
    words,
    recognition,
    switching,
    films,
    searching,
    consent,
    desk,
    desk_check,
    erasure,
    cases,
    scanning,
    restoring,
    giving,
    publishing,
    sharing,
    recalling,
    receipts,
    keeping,
    audit,
    accounts,
    doors,
    pages,
    api,
    claiming,
)
"""In the order of the promises, as far as there is one."""

ALL = tuple(one for module in MODULES for one in of_module(vars(module).values()))

PLANTS: dict[str, Plant] = {one.name: one for one in ALL}
