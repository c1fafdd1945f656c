"""The OpenAPI document says what the framework can't tell: who asks, what is shut, and units."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from salesarck_service.cli import main
from tests.api.test_document import APP, TOKEN

Told = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
NOBODY = "00000000-0000-7000-8000-000000000000"


def document() -> Told:
    printed = CliRunner().invoke(main, ["openapi"])
    told: Told = json.loads(printed.output)
    return told


DOCUMENT = document()
SCHEMAS: Told = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in METHODS
]
COOKIE_WANTED = "/v1/sign-in/browser"
NAMES = [f"{method.upper()} {path}" for method, path, _ in OPERATIONS]


def client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(APP)  # type: ignore[arg-type] # Litestar's own words
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def addressed(path: str, operation: Told) -> str:
    """Fill in the address with ids of nobody: what is asked is checked before what is meant."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            is_id = parameter["schema"].get("format") == "uuid"
            path = path.replace(f"{{{parameter['name']}}}", NOBODY if is_id else "1")
    return path


def body_of(operation: Told) -> Told | None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return resolved(content["schema"]) if content and "$ref" in content["schema"] else None


def resolved(schema: Told) -> Told:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Told = SCHEMAS[name] if name else schema
    return found


async def test_what_is_printed_is_what_is_served() -> None:
    async with client() as asking:
        served = await asking.get("/schema/openapi.json")
    assert served.json() == DOCUMENT


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
async def test_a_bearer_is_shown_where_one_is_wanted_and_nowhere_else(
    method: str, path: str, operation: Told
) -> None:
    if path.endswith("/events") or path == COOKIE_WANTED:
        return
    shown = operation.get("security", DOCUMENT["security"])
    async with client() as asking:
        answer = await asking.request(
            method, addressed(path, operation), headers={"Authorization": "Bearer x"}
        )
    told = answer.json().get("code") if answer.content else ""
    assert shown == ([{"bearer": []}] if told == "token_not_accepted" else [])


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
async def test_a_body_is_said_to_be_shut_where_unknown_fields_are_refused(
    method: str, path: str, operation: Told
) -> None:
    shape = body_of(operation)
    if shape is None:
        return
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k"}
    async with client() as asking:
        answer = await asking.request(
            method, addressed(path, operation), headers=headers, json={"unheard of": 1}
        )
    is_refused = "unknown field" in answer.text
    assert answer.status_code in {400, 404}
    if answer.status_code == 400:
        assert is_refused == (shape.get("additionalProperties") is False)
    assert "413" in operation["responses"]


def properties() -> Iterator[tuple[str, str, Told]]:
    for name, schema in SCHEMAS.items():
        for field, told in schema.get("properties", {}).items():
            yield name, field, told


def parts_of(told: Told) -> Sequence[Told]:
    return told.get("oneOf", [told])


def test_every_id_and_every_amount_of_money_says_what_it_is() -> None:
    ids = [
        (name, field, told)
        for name, field, told in properties()
        if any(part.get("format") == "uuid" for part in parts_of(told))
    ]
    amounts = [
        (name, field, told)
        for name, field, told in properties()
        if field in {"minor_units", "spend", "tax", "tip"}
        and any(part.get("type") == "integer" for part in parts_of(told))
    ]
    assert len(ids) > 9
    assert len(amounts) > 3
    assert [found[:2] for found in ids + amounts if not found[2].get("description")] == []
    assert all("smallest unit" in told["description"] for *_, told in amounts)


def test_every_body_has_an_example_of_what_must_be_in_it() -> None:
    lacking = {
        f"{path} {field}"
        for _, path, operation in OPERATIONS
        if (shape := body_of(operation))
        for field in shape.get("required", ())
        if not is_shown(shape["properties"][field])
    }
    assert lacking == set()


def is_shown(schema: Told) -> bool:
    """Whether somebody sees what could stand there; of an object, in all that it must have."""
    found = resolved(schema)
    parts = found.get("properties", {})
    inside = [is_shown(parts[name]) for name in found.get("required", ())]
    return bool({"enum", "examples"} & set(found)) or (bool(inside) and all(inside))


def test_every_refusal_is_a_problem() -> None:
    for _, path, operation in OPERATIONS:
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and not path.startswith("/health"):
                told = answer["content"]["application/problem+json"]["schema"]
                assert told == {"$ref": "#/components/schemas/Problem"}
