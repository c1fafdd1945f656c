"""Whatever is sent, the answer is a problem with a code and an id, and nothing falls over."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import httpx
import pytest
from litestar.routes import HTTPRoute

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.people import Role
from salesarck_domain.testing.examples import CAFE
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_service.app import litestar_app
from salesarck_service.container.memory import memory_parts
from tests.postgres import Database
from tests.service.desk import ADA, Desk
from tests.service.serving import serving
from tests.service.test_authorisation import BODIES

SIGN_IN: Mapping[str, object] = {
    "POST /v1/sign-in/codes": {"phone": "+12125550199", "country": "US"},
    "POST /v1/sign-in/sessions": {"phone": "+12125550199", "country": "US", "code": "000000"},
    "POST /v1/sign-in/browser": {"phone": "+12125550199", "country": "US", "code": "000000"},
    "POST /v1/sign-in/refresh": {"refresh_token": "x"},
    "POST /webhooks/square": {"merchant_id": "M1", "event_id": "E1", "type": "x"},
    "POST /webhooks/clover": {"appId": "A", "merchants": {}},
    "POST /webhooks/clover/checkout/M1": {"type": "PAYMENT", "merchantId": "M1"},
}
NOBODY = "00000000-0000-7000-8000-000000000000"
AT_ONCE = 8

RAW: Sequence[bytes] = (
    b"",
    b" ",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"1e999",
    b"NaN",
    b"{}{}",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{}",
    b'{"\xc3": 1}',
    b'{"\\ud800": 1}',
    b'{"\\u0000": 1}',
    b"{" * 9_999,
    b'{"a":' * 5_000,
    b"\x00" * 64,
    b"9" * 50_000,
)
VALUES: Sequence[str] = (
    "null",
    "true",
    "[]",
    "{}",
    '""',
    "-1",
    "1.5",
    "1e308",
    "1e999",
    str(2**63),
    str(2**64),
    "9" * 5_000,
    '"1"',
    '"a\\u0000b"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\u202e\\ufeff"',
    f'"{"x" * 60_000}"',
    f"[{'[' * 200}{']' * 200}]",
)
KINDS = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json; charset=utf-16",
    "application/msgpack",
    "?",
    "",
)
QUERIES = (
    "?unheard=of",
    "?limit=0",
    "?limit=-1",
    f"?limit={'9' * 40}",
    "?limit=1&limit=2",
    "?limit=x",
    "?limit=",
    "?cursor=",
    "?cursor=%00",
    "?cursor=%FF%FE",
    "?cursor=%ED%A0%80",
    f"?cursor={'A' * 200}",
    f"?cursor={'A' * 5_000}",
    "?cursor=MTIz",
    "?owner=x",
    f"?owner={NOBODY}x",
    "?target=%00",
    "?target=%FF",
    "?provider=%00",
    "?state=%00",
    "?phone=%00",
    "?phone=%2B1%FF",
    "?email=a%00@b.c",
    "?country=%C3%9F%C3%9F&phone=1",
    "?&&&===",
    "?%",
)
METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND")
KEYS: Sequence[Sequence[bytes]] = (
    (),
    (b"",),
    (b"a b",),
    (b"k" * 256,),
    (b"k" * 1_000,),
    ("schlüssel".encode(),),
    (b"\xff\xfe",),
    (b"a\tb",),
    (b"one", b"two"),
    (b"same", b"same"),
)


@dataclass(frozen=True, slots=True)
class Asking:
    """One request, as it is."""

    method: str
    path: str
    content: bytes = b""
    kind: str = "application/json"
    keys: Sequence[bytes] = (b"a-key",)


@dataclass(frozen=True, slots=True)
class Street:
    """A café over Postgres behind a socket, where Ada may do everything."""

    desk: Desk
    client: httpx.AsyncClient

    async def send(self, asking: Asking) -> httpx.Response:
        headers = [
            (b"Authorization", f"Bearer {self.desk.tokens[ADA]}".encode()),
            (b"Content-Type", asking.kind.encode()),
            *((b"Idempotency-Key", key) for key in asking.keys),
        ]
        return await self.client.request(
            asking.method, asking.path, content=asking.content, headers=headers
        )

    async def all_are_told(self, askings: Sequence[Asking]) -> Sequence[httpx.Response]:
        """Send everything, and see that each is answered as it should be."""
        room = asyncio.Semaphore(AT_ONCE)

        async def send(asking: Asking) -> httpx.Response:
            async with room:
                return await self.send(asking)

        answers = await asyncio.gather(*(send(asking) for asking in askings))
        wrong = [
            (str(asking)[:90], answer.status_code, answer.text[:60])
            for asking, answer in zip(askings, answers, strict=True)
            if not is_told_well(asking, answer)
        ]
        assert wrong == []
        return answers


def is_told_well(asking: Asking, answer: httpx.Response) -> bool:
    """Whether it is an answer of ours, and a problem where it refuses."""
    if answer.status_code >= 500 or not answer.headers.get("request-id"):
        return False
    if answer.is_success or asking.method == "HEAD":
        return True
    if not answer.text.startswith("{"):
        return False
    problem = answer.json()
    return bool(
        answer.headers["content-type"].startswith("application/problem+json")
        and problem["code"]
        and problem["status"] == answer.status_code
        and problem["correlation"] == answer.headers["request-id"]
    )


@pytest.fixture
async def street(database: Database) -> AsyncGenerator[Street]:
    async with PostgresStore.open(database.dsn(), pool_size=10) as store:
        desk = await Desk.open(store)
        await desk.employ(ADA, Role.OWNER, CAFE.id)
        await desk.employ(ADA, Role.ADMIN, None)
        await desk.give(500)
        async with (
            serving(desk.app) as at,
            httpx.AsyncClient(base_url=at.url, timeout=60) as client,
        ):
            yield Street(desk, client)
            assert (await client.get("/health/ready")).status_code == 200
        assert await VerifyBooks(store.books, store.directory)() == []


def addresses() -> Sequence[tuple[str, str]]:
    """Every route by method and address; what it names is the café, and otherwise nobody."""
    return sorted(
        (str(method), route.path_format)
        for route in litestar_app(memory_parts()).routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method not in {"OPTIONS", "HEAD"}
        and not route.path_format.endswith(("/events", "/schema/{path}"))  # a stream; Litestar's
    )


ADDRESSES = addresses()


def filled(path: str, other: str = NOBODY) -> str:
    path = path.replace("{tenant}", str(CAFE.id)).replace("{number}", "1")
    path = path.replace("{provider}", "square").replace("{link}", "M1")
    return re.sub(r"\{\w+\}", other, path)


def bodies() -> Sequence[tuple[str, str, Mapping[str, object]]]:
    """Every route that takes a body, and one that fits."""
    found = list[tuple[str, str, Mapping[str, object]]]()
    for route, body in {**BODIES, **SIGN_IN}.items():
        method, _, path = route.partition(" ")
        if isinstance(body, dict):
            found.append((method, filled(path), body))
    return found


def spoiled(body: Mapping[str, object]) -> Iterator[bytes]:
    """Put each value where another belongs, leave each out, and name each twice."""
    for name in body:
        rest = {other: value for other, value in body.items() if other != name}
        yield json.dumps(rest).encode()
        whole = json.dumps(body)[:-1]
        yield f'{whole}, "{name}": {json.dumps(body[name])}}}'.encode()
        for value in VALUES:
            told = ", ".join(f'"{other}": {json.dumps(held)}' for other, held in rest.items())
            yield f'{{"{name}": {value}{", " if told else ""}{told}}}'.encode()


async def test_bodies_that_are_none(street: Street, every: int) -> None:
    await street.all_are_told(
        [
            Asking(method, path, raw, keys=(f"k{number}".encode(),))
            for method, path, _ in bodies()
            for number, raw in enumerate(RAW)
        ][::every]
    )


async def test_values_where_others_belong(street: Street, every: int) -> None:
    await street.all_are_told(
        [
            Asking(method, path, raw, keys=(f"k{number}".encode(),))
            for method, path, body in bodies()
            for number, raw in enumerate(spoiled(body))
        ][::every]
    )


async def test_kinds_of_content_that_are_not_json(street: Street, every: int) -> None:
    await street.all_are_told(
        [
            Asking(method, path, json.dumps(body).encode(), kind, (f"k{number}".encode(),))
            for method, path, body in bodies()
            for number, kind in enumerate(KINDS)
        ][::every]
    )


async def test_addresses_and_queries_that_mean_nothing(street: Street, every: int) -> None:
    odd = ("x", "%00", "%FF", "%ED%A0%80", NOBODY.upper(), f"{NOBODY}%0A", "9" * 40, "..%2F", "-1")
    askings = [
        Asking(method, template.replace(f"{{{name}}}", each).format_map(Filled()))
        for method, template in ADDRESSES
        for name in re.findall(r"\{(\w+)\}", template)
        for each in odd
    ]
    asked = [
        Asking(method, filled(path) + query)
        for method, path in ADDRESSES
        if method == "GET"
        for query in QUERIES
    ]
    await street.all_are_told([*askings, *asked][::every])


class Filled(dict[str, str]):
    """What an address needs beside the one thing that is odd."""

    def __missing__(self, name: str) -> str:
        return filled(f"{{{name}}}")


async def test_methods_that_nobody_takes(street: Street) -> None:
    paths = sorted({path for _, path in ADDRESSES})
    askings = [Asking(method, filled(path)) for path in paths for method in METHODS]
    answers = await street.all_are_told(askings)
    taken = {f"{method} {filled(path)}" for method, path in ADDRESSES}
    for asking, answer in zip(askings, answers, strict=True):
        if asking.method == "OPTIONS":
            assert answer.status_code == HTTPStatus.NO_CONTENT
            assert "OPTIONS" in answer.headers["allow"]
        elif f"{asking.method} {asking.path}" not in taken:
            assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED, asking


async def test_keys_that_name_no_command_do_nothing(street: Street) -> None:
    path = f"/v1/consumer/wallets/{CAFE.id}/codes"
    askings = [Asking("POST", path, b'{"points": 10}', keys=keys) for keys in KEYS]
    answers = await street.all_are_told(askings)
    told = [(answer.status_code, answer.json().get("code")) for answer in answers]
    assert told == [(400, "request_invalid")] * len(KEYS)
    wallet = await street.desk.ask("GET", f"/v1/consumer/wallets/{CAFE.id}", ADA)
    assert wallet.json()["balance"] == 500
    for keys in ((b"k" * 255,), (b"!~",)):
        answer = await street.send(Asking("POST", path, b'{"points": 10}', keys=keys))
        assert answer.status_code == HTTPStatus.CREATED
