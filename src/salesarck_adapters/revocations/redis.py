"""Revocations in Redis, a copy of those in Postgres that answers faster.

Three things stand in Redis: a key for each revocation, how far the copy has come (`copied`), and
whether it may be believed (`believed`), which lasts for a second unless it is renewed.

* Whenever `copied` is N, every revocation up to N is there: one script writes both.
* `believed` is written only where the copy has come as far as Postgres said when it gave the
  lease, and ends no later than that lease. A Redis that was flushed, or started again without its
  data, has lost `copied` and `believed` too, so it is filled again first.
* Who revokes writes to Postgres, then here. If that fails, they wait until nobody can believe a
  copy that hasn't heard of it: for a second at most, mostly not at all.

Where the copy may not be believed or doesn't answer, Postgres is asked. A Redis that throws keys
away when its memory is full is never believed.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from salesarck_adapters.bounded_redis import BoundedRedis, RedisAway
from salesarck_domain.errors import Unavailable
from salesarck_domain.ports.revocations import KEPT, Ended, Revocation, Shown

PREFIX = "salesarck:{revoked}"
"""The braces keep all keys in one slot of a cluster, so that one question can ask for several."""

COPIED, BELIEVED = f"{PREFIX}:copied", f"{PREFIX}:believed"
LEASE = timedelta(seconds=1)
RENEW_BELOW_MS = 600
TICK_SECONDS = 0.25
CHUNK = 500
KEPT_SECONDS = int(KEPT.total_seconds())
KEEPING = "noeviction"

WRITE = """
local kept = ARGV[1]
for at = 1, #KEYS do
    local there = tonumber(redis.call('GET', KEYS[at]) or '0')
    local before = math.max(there, tonumber(ARGV[at + 1]))
    redis.call('SET', KEYS[at], string.format('%d', before), 'EX', kept)
end
return 1
"""
COPY = f"""
local copied = table.remove(KEYS, 1)
local from = table.remove(ARGV, 1)
local to = table.remove(ARGV, 1)
if (redis.call('GET', copied) or '0') ~= from then
    return 0
end
{WRITE.rsplit("return", 1)[0]}
redis.call('SET', copied, to)
return 1
"""
BELIEVE = """
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then
    return 0
end
redis.call('SET', KEYS[2], '1', 'PXAT', ARGV[2])
return 1
"""

_log = logging.getLogger(__name__)


class Durable(Protocol):
    """The revocations that this is a copy of."""

    async def revoke_before_copies(self, revocation: Revocation) -> timedelta:
        """Write it down; say for how long copies may be believed that haven't heard of it."""
        ...

    async def stands(self, shown: Shown) -> bool:
        """Whether nothing has ended it."""
        ...

    async def forget(self, now: datetime) -> int:
        """Forget what is kept no longer."""
        ...

    async def lease(self, length: timedelta) -> int:
        """Let a copy be believed for so long, if it has everything up to this number."""
        ...

    async def since(self, number: int, limit: int) -> Sequence[tuple[int, Revocation]]:
        """Read the revocations after a number, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class RedisRevocations:
    """Asks Redis first, and Postgres where that isn't enough."""

    redis: BoundedRedis
    durable: Durable

    async def revoke(self, revocation: Revocation) -> None:
        """Write it down in both; a Redis that doesn't answer is waited out."""
        leased = await self.durable.revoke_before_copies(revocation)
        try:
            words = [KEPT_SECONDS, _value(revocation)]
            await self.redis.run(WRITE, [_key_of(revocation)], words)
        except RedisAway as away:
            _log.warning("a revocation is in Postgres alone for now: %s", away)
            await asyncio.sleep(leased.total_seconds())

    async def stands(self, shown: Shown) -> bool:
        """Whether nothing has ended it."""
        keys = [BELIEVED, *(_key(kind, id_) for kind, id_, _ in shown.parts)]
        try:
            believed, *ended = await self.redis.ask(lambda it: it.mget(keys))
        except RedisAway:
            return await self.durable.stands(shown)
        moments = [at.timestamp() for _, _, at in shown.parts]
        if any(at < int(before) for at, before in zip(moments, ended, strict=True) if before):
            return False
        return True if believed else await self.durable.stands(shown)

    async def forget(self, now: datetime) -> int:
        """Forget what is kept no longer; Redis does so by itself."""
        return await self.durable.forget(now)

    async def renew(self) -> None:
        """Bring the copy up to date and let it be believed, unless somebody did so just now.

        Raises:
            RedisAway: Redis isn't answering.
            StoreUnavailable: Postgres isn't.
        """
        now_ms, left, memory = await self.redis.ask(_look)
        if left > RENEW_BELOW_MS:
            return
        if memory.get("maxmemory") and memory.get("maxmemory_policy", KEEPING) != KEEPING:
            _log.warning("Redis throws keys away when it is full; set maxmemory-policy noeviction")
            return
        # By Redis' own clock and from before the lease, so that however late a word gets there,
        # nobody believes it after the lease is over.
        ends = now_ms + int(LEASE.total_seconds() * 1000)
        head = await self.durable.lease(LEASE)
        await self._copy(head)
        await self.redis.run(BELIEVE, [COPIED, BELIEVED], [head, ends])

    async def _copy(self, head: int) -> None:
        """Copy everything up to a number, in steps; stop where somebody else goes on."""
        copied = int(await self.redis.ask(lambda it: it.get(COPIED)) or 0)
        start = copied if copied <= head else 0  # else the database was set back
        while start < head:
            found = await self.durable.since(start, CHUNK)
            start = found[-1][0] if len(found) == CHUNK else head
            if not await self._write(found, copied, start):
                return
            copied = start

    async def _write(
        self, found: Sequence[tuple[int, Revocation]], copied: int, up_to: int
    ) -> bool:
        keys = [COPIED, *(_key_of(revocation) for _, revocation in found)]
        values = [_value(revocation) for _, revocation in found]
        return bool(await self.redis.run(COPY, keys, [copied, up_to, KEPT_SECONDS, *values]))


@asynccontextmanager
async def open_redis_revocations(
    redis: BoundedRedis, durable: Durable
) -> AsyncGenerator[RedisRevocations]:
    """Open the copy, and keep it up to date while this process runs."""
    revocations = RedisRevocations(redis, durable)
    await _renew(revocations)
    keeping = asyncio.create_task(_keep(revocations))
    try:
        yield revocations
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(revocations: RedisRevocations) -> None:
    while True:
        # Not all processes at once: the first spares the others their turn.
        await asyncio.sleep(TICK_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        await _renew(revocations)


async def _renew(revocations: RedisRevocations) -> None:
    try:
        await revocations.renew()
    except (RedisAway, Unavailable) as error:
        _log.debug("the copy of revocations is not believed for now: %s", error)


async def _look(it: Any) -> tuple[int, int, dict[str, Any]]:  # noqa: ANN401 - a client
    async with it.pipeline(transaction=False) as questions:
        questions.time()
        questions.pttl(BELIEVED)
        questions.info("memory")
        (seconds, microseconds), left, memory = await questions.execute()
    return seconds * 1000 + microseconds // 1000, left, memory


def _key(kind: Ended, id_: UUID) -> str:
    return f"{PREFIX}:{kind}:{id_}"


def _key_of(revocation: Revocation) -> str:
    return _key(revocation.kind, revocation.id)


def _value(revocation: Revocation) -> int:
    return int(revocation.before.timestamp())
