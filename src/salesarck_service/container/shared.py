"""What all web processes know together: what was ended, and how often who has asked."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from salesarck_adapters.bounded_redis import open_redis
from salesarck_adapters.limits.redis import RedisLimits
from salesarck_adapters.revocations.redis import open_redis_revocations
from salesarck_adapters.store.memory.limits import MemoryLimits
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.ports.limits import Limits
from salesarck_domain.ports.revocations import Revocations
from salesarck_domain.redemption.code import Peppers
from salesarck_service.security.limits import RequestLimits, Traffic, a_minute
from salesarck_service.settings import Settings

PROBES_LIMIT = 6_000


@dataclass(frozen=True, slots=True)
class Shared:
    """Both, in Redis where there is one."""

    revocations: Revocations
    limits: Limits


@asynccontextmanager
async def open_shared(settings: Settings, store: PostgresStore) -> AsyncGenerator[Shared]:
    """Open what the settings name. Revocations stand in our database in any case."""
    if not settings.redis_url:
        yield Shared(store.revocations, store.limits)
        return
    async with (
        open_redis(settings.redis_url) as redis,
        open_redis_revocations(redis, store.revocations) as revocations,
    ):
        yield Shared(revocations, RedisLimits(redis))


def request_limits(settings: Settings, shared: Limits, peppers: Peppers) -> RequestLimits:
    """Count requests by these figures."""
    return RequestLimits(
        shared=shared,
        here=MemoryLimits(),
        peppers=peppers,
        addresses={
            Traffic.REQUESTS: a_minute("address", settings.address_limit),
            Traffic.SIGN_IN: a_minute("sign-in", settings.sign_in_limit),
            Traffic.WEBHOOKS: a_minute("webhooks", settings.webhook_limit),
            Traffic.PROBES: a_minute("probes", PROBES_LIMIT),
        },
        caller=a_minute("caller", settings.caller_limit),
    )
