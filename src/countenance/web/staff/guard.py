"""
Who may see the desk: one dependency, `require(act)`, before each of its routes.

    who      the account that is signed in; nobody is sent to sign in, and back
    may      `accounts.roles` decides: each act is one right, and `About` says on what it is asked

A page that shows several things, of which somebody was given a part, asks again for each: `Staff`
is whom it asks. Accounts of people shown here and of recipients have no business at the desk.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from countenance.accounts.roles import ANYTHING, WORKING, Identity, On, Right, Verdict, verdict
from countenance.core.ids import SourceId
from countenance.errors import NotFound, ProveAgain, Refused
from countenance.library import Library
from countenance.web.account.session import SESSION, NotLetIn, cookie
from countenance.web.context import web_of


class Act(StrEnum):
    """What a page of the desk is for."""

    SEE_COLLECTIONS = "see-collections"
    SEE_COLLECTION = "see-collection"
    SET_RULE = "set-rule"
    SEE_PHOTOS = "see-photos"
    SEE_PHOTO = "see-photo"
    SEE_SOURCES = "see-sources"
    SEE_SOURCE = "see-source"
    TAKE_DOWN = "take-down"
    SEE_JOBS = "see-jobs"
    SEE_JOB = "see-job"
    SEE_PEOPLE = "see-people"
    FIND = "find"
    REVIEW = "review"
    UNDO = "undo"
    MERGE = "merge"
    SEE_DUE = "see-due"
    READ_LOG = "read-log"
    PUBLISH = "publish"
    SEE_GIVEN = "see-given"
    ANSWER_DEMANDS = "answer-demands"


class About(StrEnum):
    """On what a page asks: what `which` in its path names."""

    ANYTHING = "anything"
    PARTS = "parts"  # of everything, what they were given: the page asks for each
    COLLECTION = "collection"
    SOURCE = "source"
    PHOTO = "photo"
    JOB = "job"


RULES: Mapping[Act, tuple[frozenset[Right], About]] = MappingProxyType(
    {
        Act.SEE_COLLECTIONS: (frozenset({Right.SEE_SOURCES}), About.PARTS),
        Act.SEE_COLLECTION: (frozenset({Right.SEE_SOURCES}), About.COLLECTION),
        Act.SET_RULE: (frozenset({Right.COLLECTIONS}), About.ANYTHING),
        Act.SEE_PHOTOS: (frozenset({Right.SEE_PICTURES}), About.COLLECTION),
        Act.SEE_PHOTO: (frozenset({Right.SEE_PICTURES}), About.PHOTO),
        Act.SEE_SOURCES: (frozenset({Right.SEE_SOURCES}), About.PARTS),
        Act.SEE_SOURCE: (frozenset({Right.SEE_SOURCES}), About.SOURCE),
        Act.TAKE_DOWN: (frozenset({Right.CHANGE_SOURCES}), About.SOURCE),
        Act.SEE_JOBS: (frozenset({Right.SEE_JOBS}), About.PARTS),
        Act.SEE_JOB: (frozenset({Right.SEE_JOBS}), About.JOB),
        Act.SEE_PEOPLE: (frozenset({Right.SEE_PEOPLE}), About.ANYTHING),
        Act.FIND: (frozenset({Right.SEARCH}), About.ANYTHING),
        Act.REVIEW: (frozenset({Right.REVIEW}), About.PARTS),
        # The page asks for what the step was: of an answer one of these, of a merge the other.
        Act.UNDO: (frozenset({Right.REVIEW, Right.MERGE}), About.PARTS),
        Act.MERGE: (frozenset({Right.MERGE}), About.ANYTHING),
        Act.SEE_DUE: (frozenset({Right.SEE_RECALLS}), About.ANYTHING),
        Act.READ_LOG: (frozenset({Right.READ_LOG}), About.ANYTHING),
        Act.PUBLISH: (frozenset({Right.PUBLISH}), About.ANYTHING),
        # What was said of each face, for who reads the log too: pictures and names it shows to who
        # may see these.
        Act.SEE_GIVEN: (frozenset({Right.PUBLISH, Right.READ_LOG}), About.ANYTHING),
        Act.ANSWER_DEMANDS: (frozenset({Right.REMOVE_PICTURES}), About.ANYTHING),
    }
)
"""Which right each act takes, any of several, and on what it is asked."""

SECTIONS: Mapping[str, Act] = MappingProxyType(
    {
        "/staff": Act.SEE_COLLECTIONS,
        "/staff/sources": Act.SEE_SOURCES,
        "/staff/jobs": Act.SEE_JOBS,
        "/staff/people": Act.SEE_PEOPLE,
        "/staff/search": Act.FIND,
        "/staff/review": Act.REVIEW,
        "/staff/check": Act.PUBLISH,
        "/staff/due": Act.SEE_DUE,
        "/staff/log": Act.READ_LOG,
    }
)
"""The sections of the desk, in their order. Who may not see one is not shown that there is one."""


class NotAllowed(Refused):
    """The account may not do this, whatever it shows. It is told which right it takes."""

    def __init__(self, rights: frozenset[Right]) -> None:
        self.rights = sorted(rights)
        super().__init__(f"this account may not: {' or '.join(self.rights)}")


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is at the desk. Acts are done as `actor`, which is the id of their account."""

    who: Identity

    @property
    def actor(self) -> str:
        return self.who.account

    def may(self, right: Right, *within: str) -> bool:
        """Whether they may do something in these sources and collections; of none, everywhere."""
        on = On(within=frozenset(within))
        return verdict(self.who, right, on) is Verdict.YES

    def require(self, right: Right, *within: str) -> None:
        """Raises `NotAllowed` or `ProveAgain` unless they may."""
        _require(self.who, frozenset({right}), On(within=frozenset(within)))


def require(act: Act) -> Callable[[Request], Coroutine[Any, Any, Staff]]:
    """The dependency of a page that is for `act`: it gives who is at the desk, or refuses."""

    async def asked(request: Request) -> Staff:
        return await admitted(request, act)

    return asked


async def admitted(request: Request, act: Act) -> Staff:
    """
    Who asks, if they may `act` now.

    Raises `NotLetIn` if nobody is signed in, `NotAllowed`, and `ProveAgain`.
    """
    token, which = cookie(request, SESSION), str(request.path_params.get("which", ""))
    rights, about = RULES[act]

    def ask(library: Library) -> Identity:
        who = library.identity(token)
        if who is None:
            raise NotLetIn("nobody is signed in here")
        _require(who, rights, _on(library, about, which, who))
        return who

    who = await web_of(request).pool.run(ask)
    request.state.sections = sections(who)
    return Staff(who)


def sections(who: Identity) -> list[str]:
    """The paths of the sections of the desk that somebody may see."""
    if not who.roles & WORKING:
        return []
    parts = On(within=who.assigned)
    return [
        path
        for path, act in SECTIONS.items()
        if any(
            verdict(who, right, parts if RULES[act][1] is About.PARTS else ANYTHING)
            is not Verdict.NO
            for right in RULES[act][0]
        )
    ]


async def on_not_allowed(request: Request, exc: Exception) -> Response:
    """Whoever may not is told so, and who could change that."""
    assert isinstance(exc, NotAllowed)  # noqa: S101  it is registered for nothing else
    return web_of(request).page(request, "account/not_allowed.html", status=403, rights=exc.rights)


SeeCollections = Annotated[Staff, Depends(require(Act.SEE_COLLECTIONS))]
SeeCollection = Annotated[Staff, Depends(require(Act.SEE_COLLECTION))]
SetRule = Annotated[Staff, Depends(require(Act.SET_RULE))]
SeePhotos = Annotated[Staff, Depends(require(Act.SEE_PHOTOS))]
SeePhoto = Annotated[Staff, Depends(require(Act.SEE_PHOTO))]
SeeSources = Annotated[Staff, Depends(require(Act.SEE_SOURCES))]
SeeSource = Annotated[Staff, Depends(require(Act.SEE_SOURCE))]
TakeDown = Annotated[Staff, Depends(require(Act.TAKE_DOWN))]
SeeJobs = Annotated[Staff, Depends(require(Act.SEE_JOBS))]
SeeJob = Annotated[Staff, Depends(require(Act.SEE_JOB))]
SeePeople = Annotated[Staff, Depends(require(Act.SEE_PEOPLE))]
Find = Annotated[Staff, Depends(require(Act.FIND))]
Review = Annotated[Staff, Depends(require(Act.REVIEW))]
Undo = Annotated[Staff, Depends(require(Act.UNDO))]
Merge = Annotated[Staff, Depends(require(Act.MERGE))]
SeeDue = Annotated[Staff, Depends(require(Act.SEE_DUE))]
ReadLog = Annotated[Staff, Depends(require(Act.READ_LOG))]
Publish = Annotated[Staff, Depends(require(Act.PUBLISH))]
SeeGiven = Annotated[Staff, Depends(require(Act.SEE_GIVEN))]
AnswerDemands = Annotated[Staff, Depends(require(Act.ANSWER_DEMANDS))]


# --------------------------------------------------------------------------------------------------


def _require(who: Identity, rights: frozenset[Right], on: On) -> None:
    said = {verdict(who, right, on) for right in rights}
    if not who.roles & WORKING or said == {Verdict.NO}:
        raise NotAllowed(rights)
    if Verdict.YES not in said:
        raise ProveAgain("show once more that it is you", hint="password or passkey, and again")


def _on(library: Library, about: About, which: str, who: Identity) -> On:
    """On what it is asked. What is not there is in nothing: only who may everything hears of it."""
    try:
        match about:
            case About.ANYTHING:
                return ANYTHING
            case About.PARTS:
                within = who.assigned
            case About.COLLECTION:
                within = _collection(library, which)
            case About.SOURCE:
                within = _source(library, SourceId(which))
            case About.PHOTO:
                within = library.lies_in(which)
            case About.JOB:
                within = library.lies_over(which)
    except NotFound:
        return ANYTHING
    return On(within=within)


def _collection(library: Library, which: str) -> frozenset[str]:
    """Its id, by which it is given, also where a name is asked for."""
    return frozenset(one.id for one in library.collections() if which in (one.id, one.name))


def _source(library: Library, which: SourceId) -> frozenset[str]:
    found = library.source(which)
    return frozenset({found.id, found.collection})
