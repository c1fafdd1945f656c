"""Answers: what people's commands were answered, so that asking again does nothing twice.

A command is known by who sends it where under which key. It is taken on once, and its answer is
kept for a day, from the transaction on that does what it asks. If whoever took it on is gone, the
next who asks takes it on again: then the first can no longer answer it, nor do what it asks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, TypeAlias, TypeVar
from uuid import UUID

from salesarck_domain.errors import Conflict, SalesArckError

Done = TypeVar("Done")

KEPT = timedelta(hours=24)
HELD = timedelta(seconds=30)
"""How long whoever took a command on has for it, before it counts as gone."""


@dataclass(eq=False)
class KeyReused(Conflict):
    """A key came again with another content."""

    code: ClassVar[str] = "idempotency_key_reused"

    def __str__(self) -> str:
        return "this idempotency key came before with another content; use a new one"


@dataclass(eq=False)
class CommandLost(Conflict):
    """Whoever took a command on was too slow, and somebody else has; or it has its answer."""

    code: ClassVar[str] = "command_lost"

    def __str__(self) -> str:
        return "this command was taken over before it was done; ask again for its answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """A command: who sends it, where, under which key. `body` is a digest of its content."""

    caller: str
    route: str
    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: a status and a document, without secrets."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """A command with its answer. `token` shows that it is still held."""

    asked: Asked
    token: UUID
    answer: Answer


Receipt: TypeAlias = Callable[[Done | SalesArckError], Answered | None]
"""Turns what a command did, or a refusal that leaves a trace, into its answer.

A use case keeps that in the transaction that does it, after the last lock.
"""


def no_receipt(_done: object) -> None:
    """Answer nothing, where nobody asks under a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as it is kept. `token` is that of whoever took it on last."""

    asked: Asked
    token: UUID
    first_seen: datetime
    held_until: datetime
    kept_until: datetime
    attempts: int = 1
    answer: Answer | None = None


def taken_on(
    there: Command | None, asked: Asked, token: UUID, at: datetime, now: datetime
) -> Command:
    """Decide what becomes of a command that comes (again): the result holds our token, or not.

    Raises:
        KeyReused: the key came before with another content.
    """
    if there is None or there.kept_until <= now:
        return Command(
            asked=asked,
            token=token,
            first_seen=at,
            held_until=now + HELD,
            kept_until=now + KEPT,
        )
    if there.asked != asked:
        raise KeyReused
    if there.answer or there.held_until > now:
        return there
    return replace(there, token=token, held_until=now + HELD, attempts=there.attempts + 1)


class Answers(Protocol):
    """Commands of all callers. Each call is its own transaction.

    What changes something keeps the answer itself, in its own: `Work.answer`, for one.
    """

    async def begin(self, asked: Asked, token: UUID, at: datetime, now: datetime) -> Command:
        """Take a command on, or find who did: `taken_on`, done by one at a time.

        `at` is the moment that a new command keeps as `first_seen`, by the clock of the books;
        `now` is real time, which says who is gone and what is old.

        Raises:
            KeyReused: the key came before with another content.
            StoreUnavailable: the database isn't there.
        """
        ...

    async def keep(self, answered: Answered) -> None:
        """Keep the answer of who holds the token, if there is none; of anybody else, nothing."""
        ...

    async def let_go(self, asked: Asked, token: UUID, now: datetime) -> bool:
        """Let the next who asks take it on, if the token still holds; say whether it does."""
        ...

    async def forget(self, now: datetime) -> int:
        """Forget the commands whose day is over; say how many."""
        ...
