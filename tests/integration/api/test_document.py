"""The document of the API: whole, with examples that are what it says, and true of the real API."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.schemas import OpenApiSchema

from countenance.accounts.roles import Role
from tests.fakes.program import Here, Program, asking, routes

REFUSES_WHAT_IS_SAID = ("POST /photos/{which}/publications", "POST /searches")
"""Where a question of the right form can still be none: a box outside the photo, a 30 February."""

CHECKS = {
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "ignored_auth"),
    *("negative_data_rejection", "positive_data_acceptance", "missing_required_header"),
    *("unsupported_method", "allow_header_conformance", "object_level_authorization"),
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    with Here.make(tmp_path_factory.mktemp("api")) as made:
        yield made


@pytest.fixture
def program(here: Here) -> Iterator[Program]:
    with asking(here.gala) as made:
        yield made


@pytest.fixture
def document(program: Program) -> dict[str, Any]:
    """It is there for anybody, and no page beside it loads anything from anywhere."""
    for page in ("/docs", "/redoc"):
        assert program.ask(page).status_code == 404
    found: dict[str, Any] = program.ask("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, known in document["paths"].items():
        for method, operation in known.items():
            yield f"{method.upper()} {path}", operation


def test_every_route_is_told_of_with_examples(document: dict[str, Any]) -> None:
    """Version 3.1, and of each route: what it does, what it takes, and an example of all of it."""
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/api/v1"}]
    found = dict(operations(document))
    assert found.keys() == routes().keys()
    for name, operation in found.items():
        assert operation["description"].strip(), name
        assert "security" in operation, name
        for one in operation.get("parameters", []):
            assert one["description"], (name, one["name"])
            assert one["schema"].get("examples") or one.get("examples"), (name, one["name"])
        for told in (operation.get("requestBody", {}), *operation["responses"].values()):
            for kind, content in told.get("content", {}).items():
                assert "example" in content or "json" not in kind, (name, kind)


def test_the_examples_are_what_the_document_says(document: dict[str, Any]) -> None:
    """Each is of its own schema: of questions, of answers, of problems, of every part of them."""
    whole = {"components": document["components"]}
    checked = 0

    def check(schema: dict[str, Any], example: object) -> None:
        jsonschema.Draft202012Validator(schema | whole).validate(example)

    for _, operation in operations(document):
        for told in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in told.get("content", {}).values():
                if "example" in content:
                    check(content["schema"], content["example"])
                    checked += 1
    for schema in document["components"]["schemas"].values():
        for example in schema.get("examples", []):
            check(schema, example)
            checked += 1
    assert checked > 100


@pytest.mark.promise("P9")
def test_no_answer_has_a_place_for_a_score(document: dict[str, Any]) -> None:
    """Bands are words. The numbers that there are, are counts, sizes, places and seconds."""
    numbers = set()
    for name, schema in document["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            kinds = {told.get("type"), *(one.get("type") for one in told.get("anyOf", []))}
            if "number" in kinds:
                numbers.add(f"{name.partition('_')[0]}.{field}")
            assert not (kinds & {"number", "integer"} and "band" in field)
    boxes = {f"{name}.{side}" for name in ("Box", "Drawn") for side in ("x1", "y1", "x2", "y2")}
    seconds = {"JobShown.rate", "JobShown.remaining_seconds", "PhotoShown.seconds"}
    assert numbers == {*boxes, *seconds, "QuestionShown.at"}


# --- against the API itself -------------------------------------------------------------------


def schemathesis_of(
    here: Here, program: Program, *, examples: int, login: str, coverage: bool
) -> OpenApiSchema:
    """The real API, for who may all of it; paths name what is there."""
    rates = program.app.state.web.rates
    # Nobody waits here: the limits have tests of their own.
    rates.take = rates.require = lambda *_: None
    roles = (Role.OWNER, Role.STAFF, Role.REVIEWER, Role.AUDITOR)
    token = program.token_of(login, *roles, given=here.every)
    known = [
        {
            "include-name": name,
            "parameters": {"path.which": here.filled(path).split("/")[2]},
        }
        for name in routes()
        if "{which}" in (path := name.partition(" ")[2])
    ]
    semantic = {"positive_data_acceptance": {"expected-statuses": ["2xx", "403", "404", "422"]}}
    known += [{"include-name": name, "checks": semantic} for name in REFUSES_WHAT_IS_SAID]
    # The usual ones, and 413: what is far too long is not read to its end.
    refused = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429"]
    link = here.gala.library.link_for(here.gala.library.people()[0].id).token
    config = SchemathesisConfig.from_dict(
        {
            "auth": {"openapi": {"token": {"bearer": token}, "link": {"bearer": link}}},
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "phases": {"stateful": {"enabled": False}, "coverage": {"enabled": coverage}},
            "checks": {"negative_data_rejection": {"expected-statuses": refused}},
            "operations": known,
        }
    )
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", program.app, config=config)


def failures(schema: OpenApiSchema) -> tuple[list[str], set[str]]:
    """What all checks of Schemathesis find wrong, and which checks had something to look at."""
    found, made = [], set()
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.FatalError), event
        if isinstance(event, events.NonFatalError):
            found.append(str(event.info))
        if isinstance(event, events.ScenarioFinished):
            for checks in event.recorder.checks.values():
                for check in checks:
                    made.add(check.name)
                    if check.failure_info is not None:
                        wrong = check.failure_info.failure
                        found.append(f"{wrong.operation}: {wrong.title}: {wrong.message[:500]}")
    return found, made


@pytest.mark.promise("P34")
def test_the_api_is_what_the_document_says(here: Here, program: Program) -> None:
    """Statuses, types, forms, refusals, and no route that forgets its token: the everyday share."""
    schema = schemathesis_of(here, program, examples=2, login="bo", coverage=False)
    found, made = failures(schema)
    assert found == []
    assert made >= CHECKS


@pytest.mark.long
@pytest.mark.promise("P34")
def test_the_api_is_what_the_document_says_at_length(here: Here, program: Program) -> None:
    """The same with every edge of every parameter, other methods, and sixty questions a route."""
    schema = schemathesis_of(here, program, examples=60, login="cy", coverage=True)
    found, made = failures(schema)
    assert found == []
    assert made >= CHECKS


def test_the_manual_names_every_path(repository: Path) -> None:
    """`docs/api.md` says of each path which scope it takes; and what it shows by curl is there."""
    manual = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    told, named = {}, set()
    for row in re.findall(r"^\| ([^|]*) \| (`/[^|]*) \|$", manual, flags=re.MULTILINE):
        for path in re.findall(r"`([^`]+)`", row[1]):
            told[path] = row[0]
    for name, route in routes().items():
        path = name.partition(" ")[2].replace("{which}", "ID").replace("{kind}", "KIND")
        security = (route.openapi_extra or {})["security"]
        scopes = [f"`{one}`" for each in security for one in each.get("token", [])]
        anybody = "one's own link" if security else "none: anybody"
        assert told.get(path) in (", ".join(scopes), anybody), name
        named.add(path)
    assert told.keys() == named
    shown = {re.sub(r"/\w_\.\.\.", "/ID", one) for one in re.findall(r"/api/v1(/[^\s'?]+)", manual)}
    known = {name.partition(" ")[2].replace("{which}", "ID") for name in routes()}
    assert shown - known == {"/openapi.json`;", '/problems/no-grant",'}
