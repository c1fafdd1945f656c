"""What one web process ends is over in another at the next request, and stays so."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from psycopg import connect

from salesarck_adapters.embedded.identity import KeyRing
from salesarck_adapters.embedded.postgres import NOT_DURABLE, Postgres
from salesarck_adapters.store.postgres import migrate
from tests.line.bench import until
from tests.line.processes import SOON, free_port, running
from tests.line.test_live import sign_in, until_ready
from tests.valkey import Valkey

START_SECONDS = 60.0
PROFILE, SESSIONS = "/v1/consumer/profile", "/v1/sign-in/sessions"


@dataclass
class Two:
    """Two web processes over one database."""

    near: httpx.AsyncClient
    far: httpx.AsyncClient
    web: asyncio.subprocess.Process

    async def new_token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await sign_in(self.near, self.web)}"}

    async def far_says(self, token: dict[str, str]) -> int:
        return (await self.far.get(PROFILE, headers=token)).status_code


@pytest.fixture
def server(tmp_path: Path) -> Generator[Postgres]:
    """A database server that only this test has, so that it can be killed."""
    with Postgres(tmp_path / "postgres", settings=NOT_DURABLE) as running_server:
        with connect(running_server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE salesarck")
        migrate(running_server.dsn("salesarck"))
        yield running_server


@asynccontextmanager
async def two(server: Postgres, folder: Path, redis_url: str) -> AsyncGenerator[Two]:
    ports = [free_port() for _ in range(2)]
    settings = {
        "env": "development",
        "database_url": server.dsn("salesarck"),
        "redis_url": redis_url,
        "identity_key_file": str(folder / "identity.pem"),
    }
    near, far = (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=SOON) for port in ports
    )
    KeyRing.kept_in(folder / "identity.pem")
    async with (
        running("serve", port=str(ports[0]), **settings) as web,
        running("serve", port=str(ports[1]), **settings),
        near,
        far,
    ):
        await until_ready(near, START_SECONDS)
        await until_ready(far, START_SECONDS)
        yield Two(near, far, web)


@pytest.mark.parametrize("place", ["postgres", "redis"])
async def test_who_signs_out_here_is_out_there_at_the_next_request(
    server: Postgres, tmp_path: Path, place: str, request: pytest.FixtureRequest
) -> None:
    valkey: Valkey | None = request.getfixturevalue("listening") if place == "redis" else None
    async with two(server, tmp_path, valkey.url if valkey else "") as webs:
        for everywhere in ("false", "true", "false"):
            token = await webs.new_token()
            assert await webs.far_says(token) == 200
            ended = await webs.near.delete(f"{SESSIONS}?everywhere={everywhere}", headers=token)
            assert ended.status_code == 204
            assert [await webs.far_says(token) for _ in range(3)] == [401] * 3
            await asyncio.sleep(1)  # within the second of signing out everywhere nobody signs in
        if valkey:
            valkey.kill()
            assert await webs.far_says(token) == 401
            valkey.start()
            valkey.wait()
            assert await webs.far_says(token) == 401
        server.kill()
        server.start()

        async def is_back() -> bool:
            return await webs.far_says(token) != 503

        await until(is_back, SOON)
        assert await webs.far_says(token) == 401
