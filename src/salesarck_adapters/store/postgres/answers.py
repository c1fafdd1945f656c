"""Answers in Postgres: one row a command, locked by whoever decides what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from salesarck_adapters.store.postgres.connections import transaction
from salesarck_adapters.store.postgres.schema.answers import command
from salesarck_adapters.store.postgres.schema.walls import COMMAND_SETTING
from salesarck_domain.ports.answers import (
    Answer,
    Answered,
    Asked,
    Command,
    CommandLost,
    taken_on,
)


@dataclass(frozen=True, slots=True)
class PostgresAnswers:
    """Commands of all callers, in a table of their own."""

    engine: AsyncEngine

    async def begin(self, asked: Asked, token: UUID, at: datetime, now: datetime) -> Command:
        """Take a command on, or find who did.

        Raises:
            KeyReused: the key came before with another content.
        """
        new = taken_on(None, asked, token, at, now)
        async with transaction(self.engine) as connection:
            added = (
                insert(command)
                .values(_values(new))
                .on_conflict_do_nothing()
                .returning(command.c.key)
            )
            if await connection.scalar(added) is not None:
                return new
            found = select(command).where(_named(asked)).with_for_update()
            row = (await connection.execute(found)).one_or_none()
            decided = taken_on(_command_of(row) if row else None, asked, token, at, now)
            if decided.token == token:
                written = _values(decided) | {"status": None, "answer": None}
                again = insert(command).values(written)
                names = ["caller", "route", "key"]
                changed = again.on_conflict_do_update(index_elements=names, set_=written)
                await connection.execute(changed)
            return decided

    async def keep(self, answered: Answered) -> None:
        """Keep the answer of who holds the token, if there is none."""
        async with transaction(self.engine) as connection:
            await _write(connection, answered)

    async def let_go(self, asked: Asked, token: UUID, now: datetime) -> bool:
        """Let the next who asks take it on."""
        held = update(command).where(_named(asked), command.c.token == token)
        async with transaction(self.engine) as connection:
            found = await connection.execute(held.values(held_until=now))
        return bool(found.rowcount)

    async def forget(self, now: datetime) -> int:
        """Forget the commands whose day is over."""
        async with transaction(self.engine) as connection:
            gone = await connection.execute(delete(command).where(command.c.kept_until <= now))
        return gone.rowcount


async def keep_answer(connection: AsyncConnection, answered: Answered) -> None:
    """Keep an answer in a transaction that does what was asked, or fail it.

    Whoever would take the command over meanwhile waits for the end of this transaction.

    Raises:
        CommandLost: somebody else holds it now, or it is answered.
    """
    shown = func.set_config(COMMAND_SETTING, str(answered.token), True)  # noqa: FBT003 - SQL's own: until the end of the transaction
    await connection.execute(select(shown))
    if not await _write(connection, answered):
        raise CommandLost


async def _write(connection: AsyncConnection, answered: Answered) -> bool:
    held = update(command).where(
        _named(answered.asked), command.c.token == answered.token, command.c.status.is_(None)
    )
    answer = answered.answer
    written = held.values(status=answer.status, answer=answer.body).returning(command.c.key)
    return await connection.scalar(written) is not None


def _named(asked: Asked) -> ColumnElement[bool]:
    return and_(
        command.c.caller == asked.caller,
        command.c.route == asked.route,
        command.c.key == asked.key,
    )


def _values(found: Command) -> dict[str, Any]:
    return {
        "caller": found.asked.caller,
        "route": found.asked.route,
        "key": found.asked.key,
        "body": found.asked.body,
        "token": found.token,
        "first_seen": found.first_seen,
        "held_until": found.held_until,
        "kept_until": found.kept_until,
        "attempts": found.attempts,
    }


def _command_of(row: Row[Any]) -> Command:
    return Command(
        asked=Asked(row.caller, row.route, row.key, row.body),
        token=row.token,
        first_seen=row.first_seen,
        held_until=row.held_until,
        kept_until=row.kept_until,
        attempts=row.attempts,
        answer=None if row.answer is None else Answer(row.status, row.answer),
    )
