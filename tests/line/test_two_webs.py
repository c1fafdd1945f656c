"""Two web processes over one database: a command is done once, whichever of them it comes to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.deeds import GrantPoints
from salesarck_domain.ids import ActId, ConsumerId, derived
from salesarck_domain.ports.answers import KEPT, Asked
from salesarck_domain.testing.examples import CAFE
from salesarck_domain.use_cases.wallets import AdjustWallet
from tests.line.bench import Line, until
from tests.line.processes import free_port, running
from tests.line.test_live import PHONE, sign_in, until_ready
from tests.postgres import Database

COPIES = 50
STARTED = 60.0  # two processes at once, beside whatever else is tested
WALLET = f"/v1/consumer/wallets/{CAFE.id}"


def clock() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def two_webs(
    database: Database, folder: Path
) -> AsyncGenerator[tuple[httpx.AsyncClient, httpx.AsyncClient, str]]:
    """Two processes that believe each other's tokens, and that of somebody who is signed in."""
    common = {
        "env": "development",
        "database_url": database.dsn(),
        "identity_key_file": str(folder / "key"),
    }
    one, other = ({**common, "port": str(free_port())} for _ in range(2))
    limits = httpx.Limits(max_connections=COPIES)
    async with (
        running("serve", metrics_port=str(free_port()), **one) as web,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{one['port']}", limits=limits, timeout=STARTED
        ) as here,
    ):
        await until_ready(here, STARTED)
        async with (
            running("serve", metrics_port=str(free_port()), **other),
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{other['port']}", limits=limits, timeout=STARTED
            ) as there,
        ):
            await until_ready(there, STARTED)
            yield here, there, await sign_in(here, web)


async def test_fifty_copies_at_two_webs_have_one_effect_and_one_answer(
    database: Database, tmp_path: Path
) -> None:
    async with (
        PostgresStore.open(database.dsn(), pool_size=2) as store,
        two_webs(database, tmp_path) as (here, there, token),
    ):
        await Line.open(store)
        me = await here.get("/v1/consumer/profile", headers={"Authorization": f"Bearer {token}"})
        person = ConsumerId(UUID(me.json()["person"]))
        assert me.json()["proved"] == [PHONE]
        act = ActId(derived(clock(), "gift"))
        deed = GrantPoints(consumer=person, points=500, id=act)
        await AdjustWallet(store.begin, clock, MemoryPush())(CAFE.id, deed, "welcome", "admin")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
        answers = await asyncio.gather(
            *(
                web.post(f"{WALLET}/codes", json={"points": 10}, headers=headers)
                for _ in range(COPIES // 2)
                for web in (here, there)
            )
        )
        assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
        marks = [answer.headers.get("idempotency-replayed") for answer in answers]
        assert (marks.count(None), marks.count("true")) == (1, COPIES - 1)
        account = await store.books.account(CAFE.id, person)
        assert (account.balance, account.seq) == (490, 2)


async def test_a_worker_forgets_what_is_older_than_a_day(database: Database) -> None:
    now = clock()
    async with PostgresStore.open(database.dsn(), pool_size=2) as store:
        for key, age in (("old", KEPT), ("new", KEPT - timedelta(hours=1))):
            asked = Asked("person:ada", "POST /codes", key, "digest")
            await store.answers.begin(asked, derived(now, "token"), now, now - age)

    async def only_the_new_is_left() -> bool:
        with psycopg.connect(database.dsn()) as connection:
            return connection.execute("SELECT key FROM command").fetchall() == [("new",)]

    async with running("work", database_url=database.dsn(), sweep_seconds="1"):
        await until(only_the_new_is_left, STARTED)
