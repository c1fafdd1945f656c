"""Limits in Redis: a key a count, and one script that counts. Its clock is everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass

from salesarck_adapters.bounded_redis import BoundedRedis, RedisAway
from salesarck_domain.ports.limits import Count, Left, LimitsUnavailable

PREFIX = "salesarck:{limits}"
"""The braces keep all keys in one slot of a cluster, so that one script can count several."""

CLOCK = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function keep(key, ends)
    if ends > now then
        redis.call('SET', key, string.format('%d', ends), 'PX', math.ceil((ends - now) / 1000))
    else
        redis.call('DEL', key)
    end
end
"""
TAKE = f"""
{CLOCK}
local told = {{}}
for at = 1, #KEYS do
    local many, apart, full = ARGV[3 * at - 2], ARGV[3 * at - 1], ARGV[3 * at]
    local ends = math.max(tonumber(redis.call('GET', KEYS[at]) or '0'), now)
    local granted = math.max(0, math.min(many, math.floor((full - (ends - now)) / apart)))
    if granted > 0 then
        ends = ends + granted * apart
        keep(KEYS[at], ends)
    end
    told[#told + 1] = granted
    told[#told + 1] = ends - now
end
return told
"""
GIVE_BACK = f"""
{CLOCK}
for at = 1, #KEYS do
    local ends = tonumber(redis.call('GET', KEYS[at]) or '0')
    keep(KEYS[at], ends - ARGV[3 * at - 2] * ARGV[3 * at - 1])
end
return 1
"""


@dataclass(frozen=True, slots=True)
class RedisLimits:
    """Counts of everything, by name. A Redis that lost its data has counted nothing."""

    redis: BoundedRedis

    async def take(self, counts: Sequence[Count]) -> Sequence[Left]:
        """Count, each for itself, in one script."""
        told = await self._run(TAKE, counts)
        pairs = zip(counts, told[::2], told[1::2], strict=True)
        return [Left.of(count.limit, granted, ahead) for count, granted, ahead in pairs]

    async def give_back(self, counts: Sequence[Count]) -> None:
        """Count so many less."""
        await self._run(GIVE_BACK, counts)

    async def forget(self) -> int:
        """Leave it to Redis, which forgets by itself."""
        return 0

    async def _run(self, script: str, counts: Sequence[Count]) -> list[int]:
        keys = [f"{PREFIX}:{count.name}" for count in counts]
        words = [
            word for count in counts for word in (count.many, count.limit.apart, count.limit.full)
        ]
        try:
            found: list[int] = await self.redis.run(script, keys, words)
        except RedisAway as away:
            raise LimitsUnavailable(str(away)) from away
        return found
