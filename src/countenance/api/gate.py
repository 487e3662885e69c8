"""
Who may ask: a token in `Authorization: Bearer`, and nothing else. No cookie is looked at, so that
nothing here can be asked for by a page that somebody happens to have open.

    who      `library.identity_of_token`, before anything of the body is read
    may      `accounts.roles` decides: each act is one right, and `About` says on what it is asked

Each route has one `Need`, or is `Open`: one that has neither cannot be made. What is not here lies
in nothing: whoever was given a part hears the same of it as of what was given to others.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from countenance.accounts.roles import (
    ANYTHING,
    SCOPES,
    WORKING,
    Identity,
    On,
    Right,
    Scope,
    Verdict,
    verdict,
)
from countenance.api.problems import MEDIA_TYPE
from countenance.core.ids import SourceId
from countenance.errors import NotFound, NotSignedIn, Refused
from countenance.jobs.scanning import Scanning
from countenance.library import Library

T = TypeVar("T")


class Act(StrEnum):
    """What a route is for."""

    SEE_COLLECTIONS = "see-collections"
    SEE_COLLECTION = "see-collection"
    SEE_PHOTOS = "see-photos"
    SEE_PHOTO = "see-photo"
    SEE_SOURCES = "see-sources"
    SEE_SOURCE = "see-source"
    SCAN = "scan"
    SEE_JOBS = "see-jobs"
    SEE_JOB = "see-job"
    SEE_PEOPLE = "see-people"
    SEE_PERSON = "see-person"
    SEARCH = "search"
    SEE_QUESTIONS = "see-questions"
    ANSWER = "answer"
    CHECK = "check"
    SEE_PUBLICATION = "see-publication"
    SEE_RECIPIENTS = "see-recipients"
    SEE_DUE = "see-due"
    READ_LOG = "read-log"
    SEE_RECEIPTS = "see-receipts"


class About(StrEnum):
    """On what a route asks: what `which` in its path names."""

    ANYTHING = "anything"
    PARTS = "parts"  # of everything, what they were given: the route asks for each
    COLLECTION = "collection"
    SOURCE = "source"
    PHOTO = "photo"
    SIGHTING = "sighting"
    PUBLICATION = "publication"
    PERSON = "person"
    JOB = "job"  # it is of each source that it is over: the route asks whether all are theirs


RULES: Mapping[Act, tuple[Right, About]] = MappingProxyType(
    {
        Act.SEE_COLLECTIONS: (Right.SEE_SOURCES, About.PARTS),
        Act.SEE_COLLECTION: (Right.SEE_SOURCES, About.COLLECTION),
        Act.SEE_PHOTOS: (Right.SEE_PICTURES, About.COLLECTION),
        Act.SEE_PHOTO: (Right.SEE_PICTURES, About.PHOTO),
        Act.SEE_SOURCES: (Right.SEE_SOURCES, About.PARTS),
        Act.SEE_SOURCE: (Right.SEE_SOURCES, About.SOURCE),
        Act.SCAN: (Right.CHANGE_SOURCES, About.SOURCE),
        Act.SEE_JOBS: (Right.SEE_JOBS, About.PARTS),
        Act.SEE_JOB: (Right.SEE_JOBS, About.JOB),
        Act.SEE_PEOPLE: (Right.SEE_PEOPLE, About.ANYTHING),
        Act.SEE_PERSON: (Right.SEE_PEOPLE, About.PERSON),
        Act.SEARCH: (Right.SEARCH, About.ANYTHING),
        Act.SEE_QUESTIONS: (Right.REVIEW, About.COLLECTION),
        Act.ANSWER: (Right.REVIEW, About.SIGHTING),
        Act.CHECK: (Right.PUBLISH, About.PHOTO),
        Act.SEE_PUBLICATION: (Right.PUBLISH, About.PUBLICATION),
        Act.SEE_RECIPIENTS: (Right.PUBLISH, About.PARTS),
        Act.SEE_DUE: (Right.SEE_RECALLS, About.ANYTHING),
        Act.READ_LOG: (Right.READ_LOG, About.ANYTHING),
        Act.SEE_RECEIPTS: (Right.RECEIPTS, About.ANYTHING),
    }
)
"""Which right each act takes, and on what it is asked."""


class Run(Protocol):
    """Does something with a library, in a thread that has one, as `actor`."""

    def __call__(
        self, act: Callable[[Library], T], /, *, actor: str = ""
    ) -> Coroutine[Any, Any, T]: ...


class Limits(Protocol):
    """
    How often somebody may ask. Each raises a `Refused` of the status 429 when it was too often.

    `guesses` is asked before an address shows a token, a link or a number, and `guessed` counts one
    that was none. `asked` counts one question of an account, `sent` one picture to be looked at.
    """

    def guesses(self, address: str) -> None: ...

    def guessed(self, address: str) -> None: ...

    def asked(self, account: str) -> None: ...

    def sent(self, account: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Context:
    """
    What the routes are given. `look` is for what looks at pictures, `address` tells that of whoever
    asks.
    """

    run: Run
    look: Run
    limits: Limits
    scanning: Scanning
    address: Callable[[Request], str]


def context_of(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)  # noqa: S101  the application sets it before it answers
    return context


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom a program asks. Acts are done as `actor`, which is the id of the account."""

    who: Identity

    @property
    def actor(self) -> str:
        return self.who.account

    def may(self, right: Right, *within: str) -> bool:
        """Whether they may do something in these sources and collections."""
        return verdict(self.who, right, On(within=frozenset(within))) is Verdict.YES

    def refuse(self, right: Right) -> Refused:
        """What they are told who may not, whatever the route found out of it."""
        return Refused(f"this account may not: {right}")


@dataclass(frozen=True, slots=True)
class Need:
    """The dependency of a route that is for `act`: it gives who asks. `Door` has let them in."""

    act: Act

    def __call__(self, request: Request) -> Caller:
        caller = request.state.caller
        assert isinstance(caller, Caller)  # noqa: S101  nobody comes here but through the door
        return caller


@dataclass(frozen=True, slots=True)
class Open:
    """The dependency of a route that anybody may ask, as on the pages of the public."""

    security: tuple[str, ...] = ()
    """The schemes of the document by which it lets in itself."""

    def __call__(self) -> None: ...


class Door(APIRoute):
    """A route behind its `Need`. It says of itself, in the document, what it takes and refuses."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **how: Any) -> None:  # noqa: ANN401  as FastAPI gives it
        super().__init__(path, endpoint, **how)
        needs = [
            one.call for one in self.dependant.dependencies if isinstance(one.call, Need | Open)
        ]
        if len(needs) != 1:
            raise TypeError(f"{path}: a route has one need, or is open")
        self.need = needs[0]
        self.responses = {**_refusals(self.need, self), **self.responses}
        self.openapi_extra = {**_security(self.need), **(self.openapi_extra or {})}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers: first who asks is let in, and only then is anything of the body read."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if isinstance(self.need, Need):
                request.state.caller = await admitted(request, self.need.act)
            return await inner(request)

        return handle


async def admitted(request: Request, act: Act) -> Caller:
    """
    Who asks, if they may `act` now.

    Raises `NotSignedIn` without a token that is good, and `Refused`.
    """
    context, token = context_of(request), bearer(request)
    which = str(request.path_params.get("which", ""))
    if not token:
        raise NotSignedIn("this takes a token: Authorization: Bearer ctn_...")
    context.limits.guesses(context.address(request))
    found = await context.run(lambda library: _known(library, token, RULES[act][1], which))
    if found is None:
        context.limits.guessed(context.address(request))
        raise NotSignedIn("this token lets nobody in")
    who, on = found
    context.limits.asked(who.account)
    _require(who, RULES[act][0], on)
    return Caller(who)


def bearer(request: Request) -> str:
    """What stands in `Authorization: Bearer`; nothing if it is something else."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


SeeCollections = Annotated[Caller, Depends(Need(Act.SEE_COLLECTIONS))]
SeeCollection = Annotated[Caller, Depends(Need(Act.SEE_COLLECTION))]
SeePhotos = Annotated[Caller, Depends(Need(Act.SEE_PHOTOS))]
SeePhoto = Annotated[Caller, Depends(Need(Act.SEE_PHOTO))]
SeeSources = Annotated[Caller, Depends(Need(Act.SEE_SOURCES))]
SeeSource = Annotated[Caller, Depends(Need(Act.SEE_SOURCE))]
Scan = Annotated[Caller, Depends(Need(Act.SCAN))]
SeeJobs = Annotated[Caller, Depends(Need(Act.SEE_JOBS))]
SeeJob = Annotated[Caller, Depends(Need(Act.SEE_JOB))]
SeePeople = Annotated[Caller, Depends(Need(Act.SEE_PEOPLE))]
SeePerson = Annotated[Caller, Depends(Need(Act.SEE_PERSON))]
Search = Annotated[Caller, Depends(Need(Act.SEARCH))]
SeeQuestions = Annotated[Caller, Depends(Need(Act.SEE_QUESTIONS))]
Answers = Annotated[Caller, Depends(Need(Act.ANSWER))]
Check = Annotated[Caller, Depends(Need(Act.CHECK))]
SeePublication = Annotated[Caller, Depends(Need(Act.SEE_PUBLICATION))]
SeeRecipients = Annotated[Caller, Depends(Need(Act.SEE_RECIPIENTS))]
SeeDue = Annotated[Caller, Depends(Need(Act.SEE_DUE))]
ReadLog = Annotated[Caller, Depends(Need(Act.READ_LOG))]
SeeReceipts = Annotated[Caller, Depends(Need(Act.SEE_RECEIPTS))]
Anybody = Annotated[None, Depends(Open())]
ByLink = Annotated[None, Depends(Open(("link",)))]


# --------------------------------------------------------------------------------------------------


def _known(library: Library, token: str, about: About, which: str) -> tuple[Identity, On] | None:
    """Whose token it is, and on what is asked; nothing if it is nobody's."""
    who = library.identity_of_token(token)
    return None if who is None else (who, _on(library, about, which, who))


def _require(who: Identity, right: Right, on: On) -> None:
    if verdict(who, right, on) is Verdict.YES and who.roles & WORKING:
        return
    if who.scopes is not None and who.scopes.isdisjoint(scopes_of(right)):
        wanted = " or ".join(scopes_of(right)) or "a person, and no program"
        raise Refused(f"this token may not: {right}; it takes the scope {wanted}")
    raise Refused(f"this account may not: {right}")


def scopes_of(right: Right) -> list[Scope]:
    """The scopes of which each gives a right."""
    return [one for one in Scope if right in SCOPES[one]]


def _on(library: Library, about: About, which: str, who: Identity) -> On:
    """On what it is asked. What is not there is in nothing: only who may everything hears of it."""
    match about:
        case About.ANYTHING:
            return ANYTHING
        case About.PARTS:
            return On(within=who.assigned)
        case About.PERSON:
            return On(person=which)
    try:
        return On(within=_LIES_IN[about](library, which))
    except NotFound:
        return ANYTHING


def _of_collection(library: Library, which: str) -> frozenset[str]:
    return frozenset(one.id for one in library.collections() if one.id == which)


def _of_publication(library: Library, which: str) -> frozenset[str]:
    return _of_source(library, library.given(which)[0].source)


def _of_source(library: Library, which: str) -> frozenset[str]:
    found = library.source(SourceId(which))
    return frozenset({found.id, found.collection})


_LIES_IN: Mapping[About, Callable[[Library, str], frozenset[str]]] = MappingProxyType(
    {
        About.COLLECTION: _of_collection,
        About.SOURCE: _of_source,
        About.PHOTO: lambda library, which: library.lies_in(which),
        About.SIGHTING: lambda library, which: library.lies_in(sighting=which),
        About.JOB: lambda library, which: library.lies_over(which),
        About.PUBLICATION: _of_publication,
    }
)


def _security(need: Need | Open) -> dict[str, Any]:
    if isinstance(need, Open):
        return {"security": [{one: []} for one in need.security]}
    right, _ = RULES[need.act]
    return {"security": [{"token": [one.value]} for one in scopes_of(right)]}


_REFUSALS = {
    401: "There is no token, or it lets nobody in.",
    403: "The token, or its account, may not; or the rules said no.",
    404: "There is no such thing here.",
    413: "The body is longer than it may be.",
    422: "The question is malformed.",
    429: "It was asked too often; `Retry-After` says when to ask again.",
    500: "Something here failed, and should not have.",
    503: "A store cannot be reached now; asking again later may work.",
}


def _refusals(need: Need | Open, route: Door) -> dict[int | str, dict[str, Any]]:
    parts = route.dependant
    asked = parts.path_params or parts.query_params or parts.body_params
    left_out = set() if isinstance(need, Need) or need.security else {401, 403}
    left_out |= set() if parts.path_params else {404}
    left_out |= set() if parts.body_params else {413}
    left_out |= set() if asked else {422}
    return {status: refusal(words) for status, words in _REFUSALS.items() if status not in left_out}


def refusal(words: str) -> dict[str, Any]:
    """What the document says of an answer that is a problem."""
    shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": words, "content": {MEDIA_TYPE: shape}}
