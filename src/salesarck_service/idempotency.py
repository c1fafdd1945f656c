"""Idempotency: a command under one key is done once, and answered the same however often it comes.

Its answer is kept in the transaction that does it: there is no moment with one and not the other.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.params import HeaderParameter
from msgspec import Struct

from salesarck_domain.errors import SalesArckError, Unavailable
from salesarck_domain.ids import Randomness, derived, uuid7
from salesarck_domain.ports.answers import (
    Answer,
    Answered,
    Answers,
    Asked,
    Command,
    CommandLost,
    Receipt,
)
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
Done = TypeVar("Done")
KEY = HeaderParameter(
    name=KEY_HEADER,
    min_length=1,
    max_length=255,
    pattern=r"^[!-~]+$",
    description=(
        "Names this command for a day. Sent again with the same content it is not done again but "
        "answered as before, marked `Idempotency-Replayed: true`."
    ),
)


class Told(Struct):
    """A refusal as it is kept."""

    status: int
    code: str
    detail: str


@dataclass(slots=True)
class Attempt(Generic[Kept]):
    """One try at a command, and what it came to. Without a token nobody asks for it again."""

    asked: Asked
    first_seen: datetime
    token: UUID | None
    shown: Kept | None = None

    def id(self, *parts: object) -> UUID:
        """Build the id that this command gives to what it makes, at every attempt."""
        asked = self.asked
        return derived(self.first_seen, asked.caller, asked.route, asked.key, *parts)

    def receipt(self, view: Callable[[Done], Kept]) -> Receipt[Done]:
        """Say how what is done is shown: so it is kept as the answer. A view holds no secret."""

        def receipt(done: Done | SalesArckError) -> Answered | None:
            if isinstance(done, SalesArckError):
                return self._answered(_refused(done))
            return self.came_to(view(done))

        return receipt

    def came_to(self, shown: Kept) -> Answered | None:
        """Say what is shown of the command, and make its answer of that."""
        self.shown = shown
        return self._answered(Answer(OK, msgspec.json.encode(shown)))

    def _answered(self, answer: Answer) -> Answered | None:
        return Answered(self.asked, self.token, answer) if self.token else None


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
    is_named: bool
    state: MutableMapping[str, Any] = field(repr=False)

    async def __call__(
        self, kind: type[Kept], do: Callable[[Attempt[Kept]], Awaitable[object]]
    ) -> Kept:
        """Do a command once: what does it, in one transaction, is given `attempt.receipt(view)`.

        Raises:
            KeyReused: the key came before with another content.
            ProblemError: it is being done just now, or was refused before.
            ValueError: nobody used the receipt.
        """
        if not self.is_named:
            attempt = Attempt[Kept](self.asked, self.tools.clock(), None)
            await do(attempt)
            return _shown(attempt)
        token = self._new_id()
        command = await self._taken_on(token)
        if command.answer:
            self.state["replayed"] = True
            return _given_again(kind, command.answer)
        attempt = Attempt[Kept](self.asked, command.first_seen, token)
        try:
            await do(attempt)
        except CommandLost as lost:
            raise _in_flight() from lost
        except NOT_YET:
            await self._let_go(token)
            raise
        except SalesArckError as refusal:
            await self.tools.answers.keep(Answered(self.asked, token, _refused(refusal)))
            raise
        except BaseException as error:
            still_ours = await asyncio.shield(self._let_go(token))
            if isinstance(error, Exception) and not still_ours:  # it met what another made of it
                raise _in_flight() from error
            raise
        return _shown(attempt)

    async def step_by_step(
        self, kind: type[Kept], do: Callable[[Attempt[Kept]], Awaitable[Kept]]
    ) -> Kept:
        """Do a command that takes several transactions, and keep its answer after the last.

        Each step is named after `attempt.id`, by which another attempt sees that it was taken.

        Raises:
            KeyReused: the key came before with another content.
            ProblemError: it is being done just now, or was refused before.
        """

        async def do_and_answer(attempt: Attempt[Kept]) -> None:
            shown = await do(attempt)
            if answered := attempt.came_to(shown):
                await self.tools.answers.keep(answered)

        return await self(kind, do_and_answer)

    def _new_id(self) -> UUID:
        return uuid7(self.tools.real_clock(), self.tools.randomness(10))

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
                raise _in_flight()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _let_go(self, token: UUID) -> bool:
        return await self.tools.answers.let_go(self.asked, token, self.tools.real_clock())


async def provide_once(
    request: Request[Any, Any, Any],
    caller: Given[Caller],
    idempotency: Given[Idempotency],
    idempotency_key: Annotated[str, KEY],
) -> Once:
    """Bind a request's command to its caller, its route and its body.

    Raises:
        ProblemError: it has several keys, and each would make it another command.
    """
    if len(request.headers.getall(KEY_HEADER, [])) > 1:
        raise request_invalid(KEY_HEADER, "one command has one key", "header")
    asked = Asked(
        caller=caller.actor,
        route=f"{request.method} {request.url.path}",
        key=idempotency_key,
        body=hashlib.sha256(await request.body()).hexdigest(),
    )
    return Once(idempotency, asked, is_named=True, state=request.scope["state"])


async def provide_once_if_named(
    request: Request[Any, Any, Any],
    caller: Given[Caller],
    idempotency: Given[Idempotency],
    idempotency_key: Annotated[str | None, KEY] = None,
) -> Once:
    """Bind it where a key was sent; without one it is done as often as it comes."""
    key = idempotency_key or str(uuid7(idempotency.real_clock(), idempotency.randomness(10)))
    once = await provide_once(request, caller, idempotency, key)
    return replace(once, is_named=idempotency_key is not None)


def _shown(attempt: Attempt[Kept]) -> Kept:
    if attempt.shown is None:
        raise ValueError("keep what attempt.receipt makes in the transaction of the command")
    return attempt.shown


def _in_flight() -> ProblemError:
    return ProblemError(
        409,
        "request_in_flight",
        "this command is being done just now; ask again in a moment",
        headers={"Retry-After": "1"},
    )


def _refused(refusal: SalesArckError) -> Answer:
    found = as_problem_error(refusal)
    told = Told(found.status, found.code, found.detail)
    return Answer(found.status, msgspec.json.encode(told))


def _given_again(kind: type[Kept], answer: Answer) -> Kept:
    if answer.status == OK:
        return msgspec.json.decode(answer.body, type=kind)
    told = msgspec.json.decode(answer.body, type=Told)
    raise ProblemError(told.status, told.code, told.detail)
