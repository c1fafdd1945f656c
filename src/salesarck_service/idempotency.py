"""Idempotency: a command under one key is done once, and answered the same however often it comes.

Whatever a command makes is named after `Attempt.id`, which is the same at every attempt. So if a
process dies between the effect and its answer, the next attempt finds the effect by its name.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.params import HeaderParameter
from msgspec import Struct

from salesarck_domain.errors import SalesArckError, Unavailable
from salesarck_domain.ids import Randomness, derived, uuid7
from salesarck_domain.ports.answers import Answer, Answers, Asked, Command
from salesarck_domain.ports.clock import Clock
from salesarck_domain.tenants import TenantSuspended
from salesarck_domain.use_cases.codes import CodeTaken, TillLocked
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.problems import ProblemError, as_problem_error, request_invalid

WAIT_SECONDS = 5.0
PAUSE_SECONDS = 0.05
OK = 200
KEY_HEADER = "Idempotency-Key"
NOT_YET = (Unavailable, TillLocked, CodeTaken, TenantSuspended)
"""Refusals that pass: nothing was done, and the same request may ask again later."""

Kept = TypeVar("Kept", bound=Struct)
IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name=KEY_HEADER,
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="Names this command; sent again, it is answered again and not done again.",
    ),
]


class Told(Struct):
    """A refusal as it is kept."""

    status: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a command. `is_again` says that an earlier try may have done it already."""

    command: Command
    is_again: bool

    @property
    def first_seen(self) -> datetime:
        """When the command first came, by the clock of the books."""
        return self.command.first_seen

    def id(self, *parts: object) -> UUID:
        """Build the id that this command gives to what it makes, at every attempt."""
        asked = self.command.asked
        return derived(self.first_seen, asked.caller, asked.route, asked.key, *parts)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """How commands are taken on: where answers are kept, and by which clocks."""

    answers: Answers
    clock: Clock
    real_clock: Clock
    randomness: Randomness
    wait_seconds: float = WAIT_SECONDS


@dataclass(frozen=True, slots=True)
class Once:
    """The command of this request: `await once(View, do)` does it, or finds its answer."""

    tools: Idempotency
    asked: Asked
    state: MutableMapping[str, Any] = field(repr=False)

    async def __call__(self, kind: type[Kept], do: Callable[[Attempt], Awaitable[Kept]]) -> Kept:
        """Do a command once. What `do` returns is kept, so it holds no secret.

        Raises:
            KeyReused: the key came before with another content.
            ProblemError: it is being done just now, or was refused before.
        """
        token = uuid7(self.tools.real_clock(), self.tools.randomness(10))
        command = await self._taken_on(token)
        if command.answer:
            self.state["replayed"] = True
            return _given_again(kind, command.answer)
        try:
            done = await do(Attempt(command, command.attempts > 1))
        except NOT_YET:
            await self._let_go(token)
            raise
        except SalesArckError as refusal:
            await self.tools.answers.keep(self.asked, token, _refused(refusal))
            raise
        except BaseException:
            await asyncio.shield(self._let_go(token))
            raise
        answer = Answer(OK, msgspec.json.encode(done))
        await self.tools.answers.keep(self.asked, token, answer)
        return done

    async def _taken_on(self, token: UUID) -> Command:
        """Take the command on, or wait for the answer of whoever did."""
        tools, loop = self.tools, asyncio.get_running_loop()
        deadline = loop.time() + tools.wait_seconds
        while True:
            now = tools.real_clock()
            command = await tools.answers.begin(self.asked, token, tools.clock(), now)
            if command.token == token or command.answer:
                return command
            if loop.time() >= deadline:
                raise ProblemError(
                    409,
                    "request_in_flight",
                    "this command is being done just now; ask again in a moment",
                    headers={"Retry-After": "1"},
                )
            await asyncio.sleep(PAUSE_SECONDS)

    async def _let_go(self, token: UUID) -> None:
        await self.tools.answers.let_go(self.asked, token, self.tools.real_clock())


async def provide_once(
    request: Request[Any, Any, Any],
    caller: Given[Caller],
    idempotency: Given[Idempotency],
    idempotency_key: IdempotencyKey,
) -> Once:
    """Bind a request's command to its caller, its route and its body.

    Raises:
        ProblemError: it has several keys, and each would make it another command.
    """
    if len(request.headers.getall(KEY_HEADER)) > 1:
        raise request_invalid(KEY_HEADER, "one command has one key", "header")
    asked = Asked(
        caller=caller.actor,
        route=f"{request.method} {request.url.path}",
        key=idempotency_key,
        body=hashlib.sha256(await request.body()).hexdigest(),
    )
    return Once(idempotency, asked, request.scope["state"])


def _refused(refusal: SalesArckError) -> Answer:
    found = as_problem_error(refusal)
    told = Told(found.status, found.code, found.detail)
    return Answer(found.status, msgspec.json.encode(told))


def _given_again(kind: type[Kept], answer: Answer) -> Kept:
    if answer.status == OK:
        return msgspec.json.decode(answer.body, type=kind)
    told = msgspec.json.decode(answer.body, type=Told)
    raise ProblemError(told.status, told.code, told.detail)
