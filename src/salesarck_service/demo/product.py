"""The whole product on one machine: a server, the tills, the web, a worker and its timetable."""

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_urlsafe
from typing import ClassVar

import httpx
import msgspec

from salesarck_domain.errors import Conflict, Unavailable
from salesarck_service.container.demo import (
    Backstage,
    Server,
    open_backstage,
    open_server,
    prepare_database,
    settle,
    shared_clock,
)
from salesarck_service.demo.api import Api, OneTimeCodes
from salesarck_service.demo.home import Home, Secrets
from salesarck_service.demo.processes import Child, stop
from salesarck_service.demo.seed import seed
from salesarck_service.demo.till import TillControl
from salesarck_service.demo.world import (
    ABROAD,
    BAKERY,
    CAFE,
    KIOSK,
    IdentityPlan,
    Till,
    TillsPlan,
)

HOST = "127.0.0.1"
CLI = "salesarck_service.cli"
DEMO = "salesarck_service.demo"
START_SECONDS = 30.0
TICK = 0.05
HEALTH = ("/auth/v1/health", "/till", "/till", "/health/ready")
"""Where identity, Square, Clover and web say that they are there."""

LIMITS = [f"SALESARCK_{whose}_LIMIT" for whose in ("CALLER", "ADDRESS", "SIGN_IN")]
"""One machine is a whole town here, and its day passes in seconds."""


@dataclass(eq=False)
class PortTaken(Conflict):
    """Somebody else listens where our web or our metrics should, or we may not listen there."""

    port: int
    option: str = "--port"
    may_listen: bool = True
    code: ClassVar[str] = "demo_port_taken"

    def __str__(self) -> str:
        if not self.may_listen:
            return (
                f"you may not listen on port {self.port}; choose one above 1024 with {self.option}"
            )
        return (
            f"port {self.port} is in use; stop what uses it, or choose another with "
            f"{self.option} {self.port + 1}"
        )


@dataclass(eq=False)
class NotReady(Unavailable):
    """A process runs and doesn't answer."""

    name: str
    code: ClassVar[str] = "demo_not_ready"

    def __str__(self) -> str:
        return f"the {self.name} didn't answer within {START_SECONDS:.0f} seconds; try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Everything that runs, and how to talk to it."""

    web: str
    database: str = field(repr=False)
    square: TillControl
    clover: TillControl
    api: Api
    backstage: Backstage
    children: Sequence[Child]
    server: Server
    metrics: Sequence[str] = ()

    async def mend(self) -> list[str]:
        """Start again whatever has ended, and name it.

        Raises:
            ProcessEnded: it ends as soon as it is started.
        """
        mended: list[str] = []
        if self.server.process is None:
            await asyncio.to_thread(self.server.start)
            mended.append("database server")
        return mended + [child.name for child in self.children if await child.mend()]


@dataclass(frozen=True, slots=True)
class Start:
    """How to start: where the web listens (0 for anywhere), and whether somebody moves the clock.

    The web's metrics are at `metrics_port` and the worker's at the next, or nowhere where it is 0.
    `seed` makes the ids of the tills: the same again makes the same ids again.
    """

    seed: str
    port: int = 0
    clock_at: datetime | None = None
    metrics_port: int = 0

    @property
    def metrics_ports(self) -> Sequence[int]:
        """Where the web's metrics are, and the worker's."""
        return [self.metrics_port and self.metrics_port + each for each in range(2)]


@asynccontextmanager
async def open_product(home: Home, start: Start) -> AsyncGenerator[Product]:
    """Start everything, and stop it again in the end, whatever happens between.

    Raises:
        PortTaken, HomeUnusable, ProcessEnded, NotReady: and what the server says itself.
    """
    port = _free_ports(start)
    secrets = home.open()
    server = open_server(home.server)
    async with AsyncExitStack() as open_things:
        sockets = [open_things.enter_context(_listening()) for _ in range(3)]
        numbers = [each.fileno() for each in sockets]
        square, clover, identity = (f"http://{HOST}:{each.getsockname()[1]}" for each in sockets)
        web, codes = f"http://{HOST}:{port}", OneTimeCodes()
        children = _children(home, numbers, codes)

        async def stop_all() -> None:
            await stop(children)
            if server.process is not None:
                await asyncio.to_thread(settle, server)
            await asyncio.to_thread(server.stop)

        open_things.push_async_callback(stop_all)
        for child in children:
            await child.load()
        await asyncio.to_thread(server.start)
        dsn = await asyncio.to_thread(prepare_database, server)
        if start.clock_at:
            _set_clock(dsn, start.clock_at)
        people = IdentityPlan("development", identity, token_urlsafe(36), str(home.identity_key))
        settings = _settings(people, secrets, dsn, port, clover, start)
        tills = _for_tills(_tills(secrets, start, web, dsn), numbers[:2])
        told = (*settings, tills, _for_identity(people, numbers[2]))
        for child, each in zip(children, told, strict=True):
            child.begin(each)
        backstage = await open_things.enter_async_context(open_backstage(dsn))
        client = await open_things.enter_async_context(httpx.AsyncClient(timeout=20))
        await seed(backstage, start.clock_at)
        await _wait_for_all(client, (identity, square, clover, web), children)
        yield Product(
            web=web,
            database=dsn,
            square=TillControl(client, square),
            clover=TillControl(client, clover),
            api=Api(client, web, codes),
            backstage=backstage,
            children=children,
            server=server,
            metrics=[f"http://{HOST}:{each}/metrics" for each in start.metrics_ports if each],
        )


def _children(home: Home, sockets: Sequence[int], codes: OneTimeCodes) -> Sequence[Child]:
    return [
        Child("web", f"{CLI}.serve", "serve", home.log("web")),
        Child("worker", f"{CLI}.work", "work", home.log("worker")),
        Child("tills", f"{DEMO}.tills", "tills", home.log("tills"), sockets=sockets[:2]),
        Child(
            "identity",
            f"{DEMO}.identity",
            "identity",
            home.log("identity"),
            sockets=sockets[2:],
            hear=codes.hear,
        ),
    ]


def _set_clock(dsn: str, at: datetime) -> None:
    clock = shared_clock(dsn)
    clock.move(at)
    clock.close()


def _settings(
    people: IdentityPlan, secrets: Secrets, dsn: str, port: int, clover: str, start: Start
) -> Sequence[Mapping[str, str]]:
    """What the web is told, and the worker."""
    both = {
        "SALESARCK_ENV": "development",
        "SALESARCK_DATABASE_URL": dsn,
        "SALESARCK_DATABASE_POOL_SIZE": "8",
        "SALESARCK_PEPPER_1": secrets.pepper,
        "SALESARCK_SQUARE_KEYS": secrets.square_key,
        "SALESARCK_CLOVER_AUTH_CODES": secrets.clover_auth_code,
        "SALESARCK_CLOVER_TOKENS": f"{BAKERY.merchant}={secrets.clover_token}",
        "SALESARCK_CLOVER_API_BASE": clover,
        "SALESARCK_HOST": HOST,
        "SALESARCK_PORT": str(port),
        "SALESARCK_SUPABASE_URL": people.url,
        "SALESARCK_SUPABASE_KEY": people.key,
        **dict.fromkeys(LIMITS, "1000000"),
        "SALESARCK_CODE_LIMIT": "1000",
        "SALESARCK_SWEEP_SECONDS": "1",
        "SALESARCK_DRAIN_SECONDS": "1",
        "SALESARCK_CLOCK": "shared" if start.clock_at else "real",
    }
    return [{**both, "SALESARCK_METRICS_PORT": str(each)} for each in start.metrics_ports]


def _tills(secrets: Secrets, start: Start, web: str, dsn: str) -> TillsPlan:
    return TillsPlan(
        seed=start.seed,
        square_url=f"{web}/webhooks/square",
        square_key=secrets.square_key,
        clover_url=f"{web}/webhooks/clover",
        clover_auth_code=secrets.clover_auth_code,
        clover_token=secrets.clover_token,
        square=(
            Till("Café", CAFE.merchant),
            Till("Café Canada", ABROAD, "CAD"),
            Till("Kiosk", KIOSK),
        ),
        clover=(Till("Bakery", BAKERY.merchant),),
        clock_url=dsn if start.clock_at else "",
    )


def _for_tills(plan: TillsPlan, sockets: Sequence[int]) -> Mapping[str, str]:
    return {
        "DEMO_TILLS": msgspec.json.encode(plan).decode(),
        "DEMO_TILLS_SOCKETS": " ".join(map(str, sockets)),
    }


def _for_identity(plan: IdentityPlan, number: int) -> Mapping[str, str]:
    return {
        "DEMO_IDENTITY": msgspec.json.encode(plan).decode(),
        "DEMO_IDENTITY_SOCKET": str(number),
    }


def _free_ports(start: Start) -> int:
    """Give the web's port, after a look at those of the metrics.

    Raises:
        PortTaken: one of them is, maybe by the web.
    """
    port = _free_port(start.port)
    for counted_at in start.metrics_ports:
        if counted_at == port:
            raise PortTaken(port, "--metrics-port")
        _free_port(counted_at, "--metrics-port")
    return port


def _free_port(asked: int, option: str = "--port") -> int:
    """Take the port that was asked for, or any.

    Raises:
        PortTaken: somebody has it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, asked))
        except OSError as taken:
            raise PortTaken(asked, option, taken.errno != errno.EACCES) from taken
        return int(probe.getsockname()[1])


def _listening() -> socket.socket:
    """Open a port that stays ours, also while the process behind it is started again."""
    opened = socket.socket()
    opened.bind((HOST, 0))
    opened.listen()
    return opened


async def _wait_for_all(
    client: httpx.AsyncClient, servers: Sequence[str], children: Sequence[Child]
) -> None:
    for address, path in zip(servers, HEALTH, strict=True):
        await _wait_for(client, f"{address}{path}", children)


async def _wait_for(client: httpx.AsyncClient, address: str, children: Sequence[Child]) -> None:
    """Wait until somebody answers there.

    Raises:
        ProcessEnded: one of the processes gave up.
        NotReady: nobody did in time.
    """
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while True:
        for child in children:
            child.check()
        try:
            if (await client.get(address)).is_success:
                return
        except httpx.TransportError:
            pass
        if asyncio.get_running_loop().time() > deadline:
            raise NotReady(address)
        await asyncio.sleep(TICK)
