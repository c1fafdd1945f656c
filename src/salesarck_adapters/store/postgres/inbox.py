"""The inbox in Postgres. A lane is one provider's merchant; its row is locked to choose from it."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    delete,
    distinct,
    func,
    insert,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.connections import as_json, transaction
from salesarck_adapters.store.postgres.inbox_statements import (
    ERASE,
    ERASE_OLD,
    FORGET_HANDSHAKES,
    LEASE_HEADS,
    LOCK_LANES,
    LOCK_UNLINKED_LANES,
    PARK_FORSAKEN,
    SET_UNLINKED_ASIDE,
    STORE,
    TAKE_TURNS,
)
from salesarck_adapters.store.postgres.rows import moment
from salesarck_adapters.store.postgres.statements import add_missing
from salesarck_domain.ids import TenantId, derived
from salesarck_domain.ports.inbox import (
    ATTEMPTS_MAX,
    Arrival,
    InboxCounts,
    InboxRow,
    LeaseLost,
    OpenRows,
    RowState,
    needle_of,
)
from salesarck_domain.ports.pos import Answer

HANDSHAKES_KEPT = 5
NOBODY = ""
"""Stands for the merchant where a body names none: no provider's merchant is called so."""

WAITING: Mapping[str, object] = {"state": RowState.WAITING.value, "token": None}

DeliveryKey = tuple[str, str, str, bytes]
Lanes = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class PostgresInbox:
    """Deliveries of all tenants. Each call is one transaction."""

    engine: AsyncEngine

    async def store(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        """Insert what is new and count what is not, in one statement and one commit.

        What came before is written too: only a write waits until a standby has the row.

        Raises:
            StoreUnavailable: it is not certain that they are stored.
        """
        if not arrivals:
            return []
        times: dict[DeliveryKey, int] = {}
        firsts: dict[DeliveryKey, int] = {}
        for number, arrival in enumerate(arrivals):
            key = _delivery_key(arrival)
            firsts.setdefault(key, number)
            times[key] = times.get(key, 0) + 1
        told = [_Told(key, arrivals[number], times[key]) for key, number in firsts.items()]
        lanes = [{"provider": it[0], "merchant": it[1]} for it in sorted({k[:2] for k in times})]
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(STORE, _columns(told))).all()
            await add_missing(connection, schema.inbox_lane, lanes)
        found = [row for row in rows if row.is_new]
        new = {firsts[row.provider, row.merchant, row.key, bytes(row.body_hash)] for row in found}
        return [number in new for number in range(len(arrivals))]

    async def claim(self, limit: int, now: datetime, lease: timedelta) -> Sequence[InboxRow]:
        """Lease the first due row of each lane that nobody works on, lanes in turn."""
        async with transaction(self.engine) as connection:
            forsaken = {"now": now, "attempts_max": ATTEMPTS_MAX}
            await connection.execute(PARK_FORSAKEN, forsaken)
            unlinked = _lanes(await connection.execute(LOCK_UNLINKED_LANES))
            if unlinked["providers"]:
                await connection.execute(SET_UNLINKED_ASIDE, {**unlinked, "now": now})
            lanes = _lanes(await connection.execute(LOCK_LANES, {"now": now, "limit": limit}))
            if not lanes["providers"]:
                return []
            asked = {**lanes, "now": now, "ends_at": now + lease}
            rows = (await connection.execute(LEASE_HEADS, asked)).all()
            await connection.execute(TAKE_TURNS, _lanes(rows))
        return [_row_of(row) for row in sorted(rows, key=lambda row: row.number)]

    async def answered(
        self, row: UUID, token: UUID, answers: Sequence[Answer], lease_ends_at: datetime
    ) -> None:
        """Keep answers beside a held row, and the lease for longer.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        kept = [_storable_answer(answer) for answer in answers]
        await self._change(row, token, answers=kept, due_at=lease_ends_at)

    async def finish(self, row: UUID, token: UUID, outcome: str) -> None:
        """Mark a held row done.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        done = {
            "state": RowState.DONE.value,
            "token": None,
            "error": None,
            "done_at": func.now(),
        }
        await self._change(row, token, outcome=outcome, **done)

    async def retry(self, row: UUID, token: UUID, due_at: datetime, error: str) -> None:
        """Let a held row wait.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        await self._change(row, token, due_at=due_at, error=_storable(error), **WAITING)

    async def put_off(self, row: UUID, token: UUID, due_at: datetime, error: str) -> None:
        """Let a held row wait as if nobody had held it.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        untried = {**WAITING, "attempts": schema.inbox.c.attempts - 1}
        await self._change(row, token, due_at=due_at, error=_storable(error), **untried)

    async def park(self, row: UUID, token: UUID, error: str) -> None:
        """Set a held row aside.

        Raises:
            LeaseLost: the lease is not held any more.
        """
        parked = {"state": RowState.PARKED.value, "token": None}
        await self._change(row, token, error=_storable(error), **parked)

    async def release(self, provider: str, merchant: str, now: datetime) -> int:
        """Make a merchant's unlinked rows due, after whoever is just setting some aside."""
        lane, table = schema.inbox_lane, schema.inbox
        locking = select(lane).where(lane.c.provider == provider, lane.c.merchant == merchant)
        releasing = (
            update(table)
            .where(
                table.c.provider == provider,
                table.c.merchant == merchant,
                table.c.state == RowState.UNLINKED.value,
            )
            .values(state=RowState.WAITING.value, due_at=now)
            .returning(table.c.id)
        )
        async with transaction(self.engine) as connection:
            await connection.execute(locking.with_for_update())
            return len((await connection.execute(releasing)).all())

    async def counts(self, tenant: TenantId | None = None) -> InboxCounts:
        """Count all rows, or those of a tenant's merchants."""
        table, link = schema.inbox, schema.link
        which: ColumnElement[bool] = true()
        if tenant is not None:
            theirs = select(link.c.provider, link.c.merchant).where(link.c.tenant_id == tenant)
            which = tuple_(table.c.provider, table.c.merchant).in_(theirs)
        delivery = tuple_(table.c.provider, table.c.merchant, table.c.key)
        grouped = (
            select(table.c.state, table.c.outcome, func.count().label("rows"))
            .where(which)
            .group_by(table.c.state, table.c.outcome)
        )
        noted = select(
            (func.count() - func.count(distinct(delivery))).label("told_differently"),
            func.count().filter(table.c.clock_ahead).label("clock_ahead"),
        ).where(which)
        states, outcomes = Counter[str](), Counter[str]()
        async with transaction(self.engine) as connection:
            for row in await connection.execute(grouped.select_from(table)):
                states[row.state] += row.rows
                if row.outcome:
                    outcomes[row.outcome] += row.rows
            also = (await connection.execute(noted.select_from(table))).one()
        return InboxCounts(states, outcomes, also.told_differently, also.clock_ahead)

    async def rows(
        self, state: str, before: UUID | None = None, limit: int = 50
    ) -> Sequence[InboxRow]:
        """Read from the newest back."""
        table, link = schema.inbox, schema.link
        linked = and_(link.c.provider == table.c.provider, link.c.merchant == table.c.merchant)
        column = table.c.state if state in set(RowState) else table.c.outcome
        found = select(table, link.c.tenant_id).outerjoin(link, linked).where(column == state)
        if before is not None:
            number = select(table.c.number).where(table.c.id == before).scalar_subquery()
            found = found.where(table.c.number < number)
        async with transaction(self.engine) as connection:
            rows = await connection.execute(found.order_by(table.c.number.desc()).limit(limit))
            return [_row_of(row) for row in rows]

    async def unfinished(self, now: datetime) -> int:
        """Count what is due or leased."""
        table = schema.inbox
        due = and_(table.c.state == RowState.WAITING.value, table.c.due_at <= now)
        found = select(func.count()).where(due | (table.c.state == RowState.LEASED.value))
        async with transaction(self.engine) as connection:
            return await connection.scalar(found) or 0

    async def open_rows(self) -> OpenRows:
        """Look at what is not done, by the index on states."""
        table = schema.inbox
        coming = {RowState.WAITING, RowState.LEASED}
        grouped = (
            select(table.c.state, func.count().label("rows"), func.min(table.c.due_at).label("due"))
            .where(table.c.state.in_(set(RowState) - {RowState.DONE}))
            .group_by(table.c.state)
        )
        async with transaction(self.engine) as connection:
            found = (await connection.execute(grouped)).all()
        return OpenRows(
            {row.state: row.rows for row in found},
            min((row.due for row in found if row.state in coming), default=None),
        )

    async def erase(self, rows: Iterable[UUID], texts: Collection[str]) -> int:
        """Look through what is done and not emptied yet."""
        needles = [needle_of(each) for each in texts]
        asked = {
            "rows": list(rows),
            "texts": [it.text for it in needles if not it.is_phone],
            "digits": [it.text for it in needles if it.is_phone],
        }
        async with transaction(self.engine) as connection:
            return (await connection.execute(ERASE, asked)).rowcount

    async def erase_old(self, before: datetime, limit: int) -> int:
        """Empty the oldest, by the index on what is not emptied yet."""
        async with transaction(self.engine) as connection:
            asked = {"before": before, "limit": limit}
            return (await connection.execute(ERASE_OLD, asked)).rowcount

    async def forget_handshakes(self, before: datetime) -> int:
        """Delete them."""
        table = schema.handshake
        async with transaction(self.engine) as connection:
            return (await connection.execute(delete(table).where(table.c.at < before))).rowcount

    async def keep_handshake(self, provider: str, code: str, at: datetime) -> None:
        """Keep a code, and forget all but the last."""
        row = {"provider": provider, "code": _storable(code), "at": at}
        async with transaction(self.engine) as connection:
            await connection.execute(insert(schema.handshake).values(row))
            asked = {"provider": provider, "kept": HANDSHAKES_KEPT}
            await connection.execute(FORGET_HANDSHAKES, asked)

    async def handshakes(self, provider: str) -> Sequence[tuple[datetime, str]]:
        """Read them, latest first."""
        table = schema.handshake
        found = select(table).where(table.c.provider == provider).order_by(table.c.number.desc())
        async with transaction(self.engine) as connection:
            rows = await connection.execute(found.limit(HANDSHAKES_KEPT))
            return [(moment(row.at), row.code) for row in rows]

    async def _change(self, row: UUID, token: UUID, /, **values: object) -> None:
        table = schema.inbox
        held = (table.c.id == row, table.c.token == token)
        changing = update(table).where(*held).values(values).returning(table.c.id)
        async with transaction(self.engine) as connection:
            if (await connection.execute(changing)).first() is None:
                raise LeaseLost(row)


@dataclass(frozen=True, slots=True)
class _Told:
    """A delivery, and how often it came in this batch."""

    key: DeliveryKey
    arrival: Arrival
    times: int

    @property
    def id(self) -> UUID:
        """The same delivery of the same moment has the same id, whoever stores it."""
        provider, merchant, key, body_hash = self.key
        parts = (provider, merchant, key, body_hash.hex())
        return derived(self.arrival.received_at, "delivery", *parts)


def _delivery_key(arrival: Arrival) -> DeliveryKey:
    texts = (arrival.provider, arrival.merchant or NOBODY, arrival.key)
    provider, merchant, key = map(_storable, texts)
    return (provider, merchant, key, hashlib.sha256(arrival.body).digest())


def _columns(told: Sequence[_Told]) -> dict[str, object]:
    return {
        "ids": [it.id for it in told],
        "providers": [it.key[0] for it in told],
        "merchants": [it.key[1] for it in told],
        "keys": [it.key[2] for it in told],
        "body_hashes": [it.key[3] for it in told],
        "bodies": [it.arrival.body for it in told],
        "headers": [_headers(it.arrival.headers) for it in told],
        "correlations": [_storable(it.arrival.correlation) for it in told],
        "moments": [it.arrival.received_at for it in told],
        "deliveries": [it.times for it in told],
    }


def _storable_answer(answer: Answer) -> Mapping[str, object]:
    return {**asdict(answer), "path": _storable(answer.path), "body": _storable(answer.body)}


def _headers(headers: Mapping[str, str]) -> str:
    return as_json({_storable(name): _storable(value) for name, value in headers.items()})


def _storable(text: str) -> str:
    """Replace what Postgres's text can't hold, so that one strange delivery fails no other."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _lanes(rows: Iterable[Row[Any]]) -> Lanes:
    found = [(row.provider, row.merchant) for row in rows]
    return {"providers": [it[0] for it in found], "merchants": [it[1] for it in found]}


def _row_of(row: Row[Any]) -> InboxRow:
    return InboxRow(
        id=row.id,
        provider=row.provider,
        merchant=row.merchant or None,
        key=row.key,
        body=bytes(row.body),
        headers=row.headers,
        received_at=moment(row.received_at),
        correlation=row.correlation,
        state=RowState(row.state),
        attempts=row.attempts,
        token=row.token,
        tenant=row.tenant_id and TenantId(row.tenant_id),
        outcome=row.outcome,
        error=row.error,
        deliveries=row.deliveries,
        due_at=moment(row.due_at),
        answers=tuple(Answer(**answer) for answer in row.answers),
    )
