"""SIGKILL of a web process between a command's first commit and its answer, over real sockets.

Between two commits nothing lasts, so these are all the steps there are: each commit is held
before it is said, or its answer after it was done, and the process is killed right there.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.deeds import TellNews
from salesarck_domain.ids import ConsumerId
from salesarck_domain.news import TillCustomer
from salesarck_domain.people import Member, Role
from salesarck_domain.testing.examples import CAFE, PEPPERS, paid
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_service.container.identity import PLAYFUL
from salesarck_service.settings import Settings
from tests.contract.identity.server import KEY, Embedded, embedded
from tests.line.commands import (
    WALLET,
    Adjust,
    Asking,
    Cancel,
    Command,
    Issue,
    Publish,
    Redeem,
    Retire,
    Told,
    Town,
    Undo,
)
from tests.line.processes import PEPPER
from tests.line.tap import Tap, tapped
from tests.line.web import Web, web
from tests.postgres import Database
from tests.service.desk import ADA, ADMIN, CLERK, OWNER

COMMANDS: Sequence[type[Command]] = (Issue, Redeem, Undo, Cancel, Adjust, Publish, Retire)
TAKEN_ON = b"INSERT INTO command"
WRITES = b"READ WRITE"
STAFF = {CLERK: (Role.CASHIER, CAFE.id), OWNER: (Role.OWNER, CAFE.id), ADMIN: (Role.ADMIN, None)}
SOON = 20.0
NEVER = 0
"""A step that no count comes to."""


@dataclass
class Street:
    """A town, and how to open further web processes for it, which die at a step."""

    town: Town
    database: Database
    identity: Embedded
    tap: Tap

    @asynccontextmanager
    async def doomed(self, since: bytes, step: int, *, is_after: bool) -> AsyncGenerator["Doomed"]:
        async with (
            tapped(Tap(port_of(self.database), since, step, is_after)) as tap,
            web(settings_for(self.database, tap, self.identity)) as dying,
            httpx.AsyncClient(base_url=dying.url, timeout=SOON) as client,
        ):
            yield Doomed(dying, client, tap)

    async def sign_in(self, client: httpx.AsyncClient, phone: str) -> httpx.Response:
        sent = await client.post("/v1/sign-in/codes", json={"phone": phone})
        assert sent.status_code == 202, sent.text
        typed = {"phone": phone, "code": self.identity.shown[phone]}
        return await client.post("/v1/sign-in/sessions", json=typed)

    async def settle_in(self, phone: str) -> None:
        session = (await self.sign_in(self.town.client, phone)).json()
        self.town.tokens[phone] = session["access_token"]
        self.town.people[phone] = ConsumerId(UUID(session["person"]))


@dataclass(frozen=True, slots=True)
class Doomed:
    """A web process that will be killed when its wire is held."""

    process: Web
    client: httpx.AsyncClient
    tap: Tap

    async def dies_of(self, asked: "asyncio.Future[httpx.Response]") -> None:
        held = asyncio.ensure_future(self.tap.reached.wait())
        await asyncio.wait({asked, held}, return_when=asyncio.FIRST_COMPLETED, timeout=SOON)
        held.cancel()
        await self.process.kill()
        (lost,) = await asyncio.gather(asked, return_exceptions=True)
        assert isinstance(lost, httpx.TransportError), lost


def port_of(database: Database) -> int:
    return int(str(conninfo_to_dict(database.dsn())["port"]))


def settings_for(database: Database, tap: Tap, identity: Embedded) -> Settings:
    return Settings(
        environment="development",
        database_url=make_conninfo(database.dsn(), host="127.0.0.1", port=tap.port),
        database_pool_size=3,
        database_prepare_threshold=0,
        peppers={1: PEPPER},
        supabase_url=identity.url,
        supabase_key=KEY,
        sign_in_limit=6_000,
        code_limit=100,
    )


@asynccontextmanager
async def open_street(database: Database) -> AsyncGenerator[Street]:
    with embedded(replace(PLAYFUL, otp=1_000, verify=1_000)) as identity:
        identity.now = datetime.now(UTC)
        async with (
            PostgresStore.open(database.dsn(), pool_size=3) as store,
            tapped(Tap(port_of(database), TAKEN_ON)) as tap,
            web(settings_for(database, tap, identity)) as living,
            httpx.AsyncClient(base_url=living.url, timeout=SOON) as client,
        ):
            await store.directory.add_tenant(CAFE)
            street = Street(Town(client, store), database, identity, tap)
            for phone in (ADA, *STAFF):
                await street.settle_in(phone)
            for phone, (role, where) in STAFF.items():
                await store.directory.add_member(Member(street.town.people[phone], role, where))
            await street.town.give(5_000)
            await street.town.publish(1)
            yield street
            assert await VerifyBooks(store.books, store.directory)() == []


def steps_of(commits: int) -> list[tuple[int, bool]]:
    """After it was taken on, and before and after whatever is committed then."""
    then = [(step, is_after) for step in range(2, commits + 1) for is_after in (False, True)]
    return [(1, True), *then]


async def commits_of(street: Street, kind: type[Command]) -> int:
    """Do a command in peace, and count."""
    asking = await kind().prepare(street.town)
    street.tap.commits = None
    await street.town.done(asking)
    assert street.tap.commits
    return street.tap.commits


def nobody_holds_commands(database: Database) -> None:
    """Let the half minute pass for which a command is held."""
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute("UPDATE command SET held_until = now()")


def tells(answer: httpx.Response, effect: Told) -> bool:
    told: Told = answer.json()
    return answer.is_success and told | effect == told


async def dies_and_is_asked_again(street: Street, doomed: Doomed, command: Command) -> None:
    town, key = street.town, str(uuid4())
    asking = await command.prepare(town)
    await doomed.dies_of(asyncio.ensure_future(town.ask(asking, key=key, client=doomed.client)))
    before = await command.effects(town)
    assert len(before) <= 1
    await command.meanwhile(town, is_done=bool(before))
    nobody_holds_commands(street.database)
    again = await town.ask(asking, key=key)
    (effect,) = await command.effects(town)
    assert before in ([], [effect])
    assert tells(again, effect), (again.text, effect)
    once_more = await town.ask(asking, key=key)
    assert (once_more.status_code, once_more.json()) == (again.status_code, again.json())
    assert once_more.headers["idempotency-replayed"] == "true"
    assert len(await command.effects(town)) == 1


async def test_a_command_has_one_effect_and_one_answer_wherever_its_process_dies(
    database: Database,
) -> None:
    async with open_street(database) as street:
        for kind in COMMANDS:
            steps = steps_of(await commits_of(street, kind))
            assert len(steps) >= 3
            async with AsyncExitStack() as opened:
                opening = [
                    opened.enter_async_context(street.doomed(TAKEN_ON, step, is_after=is_after))
                    for step, is_after in steps
                ]
                for doomed in await asyncio.gather(*opening):
                    await dies_and_is_asked_again(street, doomed, kind())


async def sell_to(street: Street, phone: str) -> None:
    """Let a till tell of a sale to somebody who never signed in."""
    now = datetime.now(UTC)
    record = RecordNews(street.town.store.begin, lambda: now, MemoryPush(), PEPPERS)
    news = paid(f"for {phone}", 5, customer=TillCustomer(phone=phone), at=now)
    await record(CAFE.id, [TellNews(provider="square", news=news)])


async def commits_of_signing_in(street: Street, phone: str) -> int:
    """Let somebody sign in for the first time at a process that lives on, and count."""
    await sell_to(street, phone)
    async with street.doomed(WRITES, NEVER, is_after=False) as spared:
        assert (await street.sign_in(spared.client, phone)).is_success
        assert spared.tap.commits
        return spared.tap.commits


async def test_who_signs_in_is_one_person_with_one_claim_wherever_the_process_dies(
    database: Database,
) -> None:
    async with open_street(database) as street, AsyncExitStack() as opened:
        # A process also writes by itself now and then, which the lesser count is without.
        commits = [await commits_of_signing_in(street, f"+1212555012{each}") for each in (8, 9)]
        steps = range(1, min(commits) + 1)
        assert len(steps) >= 2
        opening = [
            opened.enter_async_context(street.doomed(WRITES, step, is_after=is_after))
            for step in steps
            for is_after in (False, True)
        ]
        for number, doomed in enumerate(await asyncio.gather(*opening)):
            phone = f"+12125550{130 + number}"
            await sell_to(street, phone)
            await doomed.dies_of(asyncio.ensure_future(street.sign_in(doomed.client, phone)))
            await street.settle_in(phone)
            before = street.town.people[phone]
            await street.settle_in(phone)
            assert street.town.people[phone] == before
            mine = await street.town.done(Asking(phone, "GET", f"{WALLET}/history"))
            entries = mine["entries"]
            assert isinstance(entries, list)
            assert [(entry["kind"], entry["points"]) for entry in entries] == [("earn", 5)]
