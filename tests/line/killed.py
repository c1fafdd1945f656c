"""A worker or a web process that is killed at one step of the line, as nobody can prepare for.

Run as a program: `killed.py worker|web STEP DSN`. The steps are wrapped around the ports, so the
program that is killed is the program that runs elsewhere.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

import msgspec
import uvicorn

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.ids import TenantId
from salesarck_domain.news import News
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.pos import Answer, Fetched, Genuine, Question
from salesarck_domain.ports.push import Balance, Publisher
from salesarck_domain.ports.queue import Doorbell
from salesarck_domain.ports.store import BeginWork, Work
from salesarck_domain.use_cases.deliveries import WorkInbox
from salesarck_service.container.line import open_worker
from tests.line.bench import hers, read_plainly
from tests.line.reception import SETTINGS, Door

P = ParamSpec("P")
R = TypeVar("R")

WORKER_STEPS = (
    "claim",
    "read",
    "fetched",
    "answered",
    "begun",
    "decided",
    "committed",
    "pushed",
    "finish",
)
WEB_STEPS = ("before the commit", "after the commit", "before the ring", "after the ring")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def then_die(doing: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Do it, and die, unless there was nothing to do."""

    async def do(*args: P.args, **kwargs: P.kwargs) -> R:
        done = await doing(*args, **kwargs)
        if done is None or done:
            die()
        return done

    return do


@dataclass(frozen=True)
class DyingInbox:
    """An inbox whose worker dies as soon as it has done one thing with it."""

    inbox: Inbox
    last: str

    def __getattr__(self, name: str) -> object:
        doing = getattr(self.inbox, name)
        return then_die(doing) if name == self.last else doing


@dataclass(frozen=True)
class DyingPush:
    """Nobody watches."""

    step: str

    async def publish(self, _: Balance) -> None:
        if self.step == "pushed":
            die()


@dataclass(frozen=True)
class Oracle:
    """A provider that knows every payment: `P7x5` is Ada's, of five dollars."""

    step: str = ""
    provider: str = "square"

    async def fetch(self, question: Question, country: str) -> Fetched:
        dollars = int(question.id.partition("x")[2])
        answer = Answer("GET", f"/{country}/{question.id}", 200, "{}")
        fetched = Fetched([hers(question.id, dollars)], [answer])
        if self.step == "fetched":
            die()
        return fetched


def dying_begin(begin: BeginWork, step: str) -> BeginWork:
    @asynccontextmanager
    async def begin_and_die(tenant: TenantId, *, alone: bool = False) -> AsyncGenerator[Work]:
        async with begin(tenant, alone=alone) as work:
            if step == "begun":
                die()
            yield work
            if step == "decided":
                die()
        if step == "committed":
            die()

    return begin_and_die


def dying(work: WorkInbox, step: str) -> WorkInbox:
    def read(kept: Genuine, country: str) -> Sequence[News]:
        news = read_plainly(kept, country)
        if step == "read":
            die()
        return news

    begin, push = dying_begin(work.begin, step), DyingPush(step)
    pushing: Publisher = push
    return replace(
        work,
        inbox=DyingInbox(work.inbox, step),  # type: ignore[arg-type]  # a double, or Litestar's own words for ASGI
        begin=begin,
        record=replace(work.record, begin=begin, push=pushing),
        readers={"square": read},
        fetchers={"square": Oracle(step)},
    )


@dataclass(frozen=True)
class DyingBell:
    """Nobody hears it."""

    step: str

    async def ring(self) -> None:
        if self.step in WEB_STEPS[2:]:
            die()


async def run_worker(step: str, dsn: str) -> None:
    settings = msgspec.structs.replace(
        SETTINGS, database_url=dsn, lease_seconds=1.0, sweep_seconds=0.2
    )
    async with open_worker(settings) as worker:
        worker.work = dying(worker.work, step)
        await worker.run(asyncio.Event())


async def run_web(step: str, dsn: str) -> None:
    async with PostgresStore.open(dsn, pool_size=4) as store:
        commits = 0

        async def stored(arrivals: Sequence[object]) -> Sequence[bool]:
            nonlocal commits
            commits += 1
            if step == "before the commit" and commits > 1:
                die()
            kept = await store.inbox.store(arrivals)  # type: ignore[arg-type]  # a double, or Litestar's own words for ASGI
            if step == "after the commit" and commits > 1:
                die()
            return kept

        door = Door(store.inbox, store=stored)
        bell: Doorbell = DyingBell(step)
        door.ingest.bell = bell
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(door.app(), log_level="error", lifespan="off")  # type: ignore[arg-type]  # a double, or Litestar's own words for ASGI
        )
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve([listening])


COMMANDS: Mapping[str, Callable[[str, str], Awaitable[None]]] = {
    "worker": run_worker,
    "web": run_web,
}


async def main() -> None:
    command, step, dsn = sys.argv[1:]
    await COMMANDS[command](step, dsn)


if __name__ == "__main__":
    asyncio.run(main())
