"""Canaries: phones, e-mails, tokens, codes and card numbers, sent everywhere, are found nowhere."""

import asyncio
import io
import json
import logging
from collections.abc import Generator, Iterator, Mapping
from itertools import islice
from uuid import uuid4

import httpx
import pytest
import structlog
from litestar.routes import HTTPRoute
from prometheus_client import generate_latest

from salesarck_domain.ports.directory import Link
from salesarck_domain.ports.inbox import Arrival
from salesarck_domain.redemption.alphabet import show, spell
from salesarck_domain.testing.examples import CAFE, MINUTE, NOON
from salesarck_domain.use_cases.deliveries import WorkInbox
from salesarck_domain.use_cases.retention import Retain
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_service.app import litestar_app
from salesarck_service.container.line import reads
from salesarck_service.container.memory import memory_parts
from salesarck_service.telemetry.line import WorkerMetrics
from salesarck_service.telemetry.logs import configure_logs
from salesarck_service.worker import InboxWorker
from tests.postgres import Database
from tests.service.desk import ADA, ADMIN, CLERK, OWNER, Desk
from tests.service.test_authorisation import BODIES
from tests.service.test_leaving import written

PHONE, EMAIL = "+12125550177", "canary.lovelace@mail.example.test"
CARD, TRACK = "4242424242424242", "5555341244441115"
CODE = show(spell(b"a canary"))
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"
CANARIES = (PHONE, PHONE[1:], EMAIL, CARD, CODE, CODE.replace("-", ""), TOKEN)
ON_POSTGRES = pytest.mark.parametrize("desk", ["postgres"], indirect=True)


@pytest.fixture
def lines() -> Generator[io.StringIO]:
    """Everything that is logged, down to the smallest."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    out = io.StringIO()
    configure_logs("debug", out)
    yield out
    root.handlers, root.level = before, level
    structlog.reset_defaults()


async def work_off(desk: Desk) -> None:
    """Let a worker that reads what Square posts work until nothing is due."""
    link = Link(tenant=CAFE.id, provider="square", merchant="M1", linked_at=NOON)
    await desk.store.directory.add_link(link)
    begin, stop = desk.store.begin, asyncio.Event()
    work = WorkInbox(
        inbox=desk.store.inbox,
        directory=desk.store.directory,
        begin=begin,
        record=RecordNews(begin, desk.clock, desk.push, desk.parts.peppers),
        readers=reads(),
        fetchers={},
        clock=desk.clock,
        real_clock=desk.clock,
        randomness=desk.parts.randomness,
    )

    async def heard(_: float) -> bool:
        await asyncio.sleep(0.02)
        if not await desk.store.inbox.unfinished(desk.now):
            stop.set()
        return False

    await InboxWorker(work, heard, WorkerMetrics()).run(stop)


def told(body: object) -> Iterator[object]:
    """A body with a canary in each of its texts in turn, in an unknown field, and as a whole."""
    yield from CANARIES
    if isinstance(body, Mapping):
        yield {**body, "card": {"number": CARD}, PHONE: EMAIL}
        for canary in (PHONE, EMAIL, CARD, CODE, TOKEN):
            for name in body:
                yield {**body, name: canary}
                yield {**body, name: {"code": canary, "phone": canary}}


def asked() -> Iterator[tuple[str, str]]:
    """Every route there is; signing out comes last, or nobody is let in afterwards."""
    routes = litestar_app(memory_parts()).routes
    for route in sorted(routes, key=lambda it: it.path.startswith("/v1/sign-in/sessions")):
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                yield method, route.path_format


def heard_in(answer: httpx.Response) -> list[str]:
    return [it for it in CANARIES if it in answer.text or it in str(answer.headers)]


@ON_POSTGRES
@pytest.mark.parametrize("who", [ADA, OWNER, ADMIN, None])
async def test_no_route_says_or_logs_or_counts_what_it_was_told(
    desk: Desk, lines: io.StringIO, who: str | None, every: int
) -> None:
    ids: dict[str, object] = {"tenant": CAFE.id, "consumer": desk.people[ADA], "number": 1}
    ids |= {"person": desk.people[CLERK], "provider": "square", "merchant": "M1"}
    ids |= {"link": "M1", "path": "x"}
    names = ("adjustment", "code", "invitation", "merge", "sale")
    for method, path in asked():
        if path.endswith("/events"):
            continue
        known = ids | {name: uuid4() for name in names}
        address = path.format_map(known)
        named = f"?phone=%2B{PHONE[1:]}&email={EMAIL}&cursor={TOKEN}&state={CARD}&x={CODE}"
        wild = path.format_map(dict.fromkeys(known, EMAIL)) if "{" in path else address
        answers = [await desk.ask(method, address + named, who), await desk.ask(method, wild, who)]
        if method in {"POST", "PUT", "PATCH"}:
            answers += [
                await desk.ask(method, address, who, json=body, key=str(uuid4()))
                for body in islice(told(BODIES.get(f"{method} {path}", {})), 0, None, every)
            ]
            answers.append(await desk.ask(method, address, who, content=f'{{"{CARD}', key=CODE))
        for answer in answers:
            assert answer.status_code != 500, (method, path)
            if answer.status_code >= 400:
                assert heard_in(answer) == [], (method, path)
    assert [it for it in CANARIES if it in lines.getvalue()] == []
    counted = generate_latest(desk.parts.metrics.registry).decode()
    assert [it for it in CANARIES if it in counted] == []


def payment(**more: object) -> bytes:
    """A payment as Square posts it, with a card that no reader asks for."""
    paid = {
        "id": f"P{uuid4()}",
        "status": "COMPLETED",
        "created_at": "2026-03-02T11:00:00Z",
        "updated_at": "2026-03-02T11:00:00Z",
        "amount_money": {"amount": 500, "currency": "USD"},
        "source_type": "CARD",
        "card_details": {"card": {"pan": CARD, "track": TRACK}, "cvv": 999},
        "note": f"{CARD} of {EMAIL}",
        **more,
    }
    event = {
        "merchant_id": "M1",
        "type": "payment.updated",
        "event_id": str(uuid4()),
        "unknown": TRACK,
        "data": {"type": "payment", "id": CARD, "object": {"payment": paid}},
    }
    return json.dumps(event).encode()


@ON_POSTGRES
async def test_card_numbers_stand_in_bodies_alone_and_there_until_they_are_emptied(
    desk: Desk, lines: io.StringIO, database: Database
) -> None:
    broken = {"amount_money": PHONE}, {"status": {"card": CARD}}, {"created_at": f"{CARD}"}
    bodies = [payment(), payment(buyer_phone_number=CARD), *(payment(**it) for it in broken)]
    for body in (*bodies, f"{CARD} {TRACK} {PHONE} {EMAIL}".encode()):
        arrival = Arrival(
            provider="square",
            merchant="M1",
            key=str(uuid4()),
            body=body,
            headers={},
            received_at=desk.now,
            correlation=str(uuid4()),
        )
        await desk.store.inbox.store([arrival])
    await work_off(desk)
    hidden = (CARD, TRACK, PHONE, EMAIL)
    assert [it for it in hidden if it in lines.getvalue()] == []
    found = written(database).splitlines()
    for canary in hidden:
        where = {line.split(" ", 1)[0] for line in found if canary in line}
        assert where <= {"inbox.body"}, canary
    assert any(CARD in line for line in found)
    for row in await desk.store.inbox.rows("parked"):
        assert row.error
    retain = Retain(desk.store.inbox, lambda: desk.now.replace(year=2999), 30 * 24 * 60 * MINUTE)
    assert await retain() == 2
    parked = {row.body for row in await desk.store.inbox.rows("parked")}
    kept = [line for line in written(database).splitlines() if CARD in line]
    assert len(kept) == len([body for body in parked if CARD.encode() in body])
