"""
The JSON API: every resource, and the document that tells of them (OpenAPI 3.1, at `openapi.json`).

It answers with JSON, or with the bytes of a picture; errors too, as problems. `web` mounts it.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from countenance import __version__
from countenance.api import (
    collections,
    dues,
    jobs,
    log,
    own,
    people,
    permissions,
    photos,
    publications,
    receipts,
    reviews,
    searches,
    sources,
)
from countenance.api.gate import Anybody, Context, Door
from countenance.api.problems import (
    AT,
    Kind,
    Problem,
    Wrong,
    explain,
    on_bug,
    on_error,
    on_http,
    on_invalid,
)
from countenance.errors import Error

RESOURCES = (
    *(collections, sources, photos, searches, people, own, reviews, publications),
    *(jobs, dues, log, receipts, permissions),
)

_ABOUT = """\
What the pages do, for programs. It takes an API token (`countenance account token add`), in
`Authorization: Bearer`, and never a cookie; a token gives what its scopes say, of what its account
may at that moment. Answers are bands, never scores; who did not enrol, who declined and who is in
no picture are one answer. Lists are read page by page: `next` of one is `after` of the following.
"""

_SCHEMES: Mapping[str, Mapping[str, str]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token: `ctn_...`, with one of the scopes named.",
    },
    "link": {
        "type": "http",
        "scheme": "bearer",
        "description": "One's own link: what stands after `/me/` in its address.",
    },
}

explained = APIRouter(route_class=Door, tags=["problems"])


@explained.get("/problems/{kind}")
async def show_problem(
    kind: Annotated[
        str,
        Path(
            pattern="^[a-z-]{3,40}$",
            description="The last word of a `type`.",
            examples=["no-grant"],
        ),
    ],
    anybody: Anybody,
) -> Kind:
    """What kind of problem a `type` is."""
    del anybody
    return explain(kind)


def make_api(context: Context) -> FastAPI:
    """The application, to be mounted at `problems.AT`."""
    app = _Api(
        title="Countenance",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        servers=[{"url": AT}],
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.context = context
    for one in (*(resource.router for resource in RESOURCES), explained):
        app.include_router(one)
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return app


# --------------------------------------------------------------------------------------------------

_HANDLERS = {
    Error: on_error,
    HTTPException: on_http,
    RequestValidationError: on_invalid,
    Exception: on_bug,
}


class _Api(FastAPI):
    """An application whose document has problems, the schemes, and an example of every answer."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            parts = document.setdefault("components", {})
            parts.setdefault("schemas", {}).update(Problem=_schema(Problem), Wrong=_schema(Wrong))
            parts["securitySchemes"] = {name: dict(one) for name, one in _SCHEMES.items()}
            for schema in parts["schemas"].values():
                _complete(schema)
            for path in document["paths"].values():
                for operation in path.values():
                    _with_examples(operation, parts["schemas"])
        assert self.openapi_schema is not None  # noqa: S101  it was made just now
        return self.openapi_schema


def _schema(model: type[Problem | Wrong]) -> dict[str, Any]:
    made = model.model_json_schema(ref_template="#/components/schemas/{model}")
    made.pop("$defs", None)
    return made


def _complete(schema: Mapping[str, Any]) -> None:
    """Examples with what is null in them, which FastAPI leaves out."""
    for example in schema.get("examples", []):
        for name in schema.get("required", []):
            if {"type": "null"} in schema["properties"][name].get("anyOf", []):
                example.setdefault(name, None)


def _with_examples(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    for told in (operation.get("requestBody", {}), *operation["responses"].values()):
        for kind, content in told.get("content", {}).items():
            if "json" in kind and "examples" not in content:
                content["example"] = _example(content["schema"], schemas)


def _example(  # noqa: PLR0911  one for each form of a schema
    schema: Mapping[str, Any], schemas: Mapping[str, Any]
) -> object:
    """An example of a schema: its own, or put together from those of its parts."""
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for known in ("examples", "enum"):
        if schema.get(known):
            return schema[known][0]
    if "anyOf" in schema:
        return _example(schema["anyOf"][-1], schemas)
    match schema.get("type"):
        case "object":
            parts = schema.get("properties", {})
            return {name: _example(one, schemas) for name, one in parts.items()}
        case "array":
            return [_example(schema["items"], schemas)]
        case "string":
            return ""
        case "null":
            return None
        case "boolean":
            return True
        case _:
            return 1
