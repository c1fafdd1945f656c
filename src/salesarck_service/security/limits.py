"""Limits of requests: how often an address on the network, and a caller, may ask.

Each answer says what is left (draft-ietf-httpapi-ratelimit-headers-10), and 429 says when to come
again. Where nobody can count, people are served all the same, but no codes are sent or tried.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import structlog
from litestar.handlers import BaseRouteHandler

from salesarck_domain.errors import Unavailable
from salesarck_domain.ports.limits import Count, Left, Limit, LimitReached, Limits
from salesarck_domain.redemption.code import Peppers
from salesarck_service.security.addresses import Connection, address_of, subscriber_of

MINUTE = timedelta(minutes=1)
ADVANCE, ADVANCE_SECONDS, PURSES_MAX = 100, 1.0, 1_000
LEFT = "limits"
"""Where a request's state holds what is left."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Traffic(StrEnum):
    """What an address asks for, each counted by itself."""

    REQUESTS = "requests"
    SIGN_IN = "sign-in"
    WEBHOOKS = "webhooks"
    PROBES = "probes"


def is_traffic(traffic: Traffic) -> dict[str, Traffic]:
    """What a route says that is not counted with all others."""
    return {"traffic": traffic}


def a_minute(name: str, most: int) -> Limit:
    """Allow so many a minute: half of them at once, the others evenly."""
    return Limit(name, most, MINUTE, at_once=most // 2 + 1)


@dataclass(slots=True)
class Purse:
    """What was taken for an address in advance: tills come by the thousand, all from one place."""

    limits: Limits
    held: dict[str, tuple[int, float]] = field(default_factory=dict[str, tuple[int, float]])

    async def take(self, counts: Sequence[Count]) -> Sequence[Left]:
        """Pay from what was taken a moment ago, or take as much again."""
        return [await self._take(count) for count in counts]

    async def _take(self, count: Count) -> Left:
        held, until = self.held.get(count.name, (0, 0.0))
        if not held or until <= time.monotonic():
            (left,) = await self.limits.take([replace(count, many=ADVANCE)])
            if not left.granted:
                return left
            if len(self.held) > PURSES_MAX:
                self.held.clear()
            self.held[count.name] = left.granted - 1, time.monotonic() + ADVANCE_SECONDS
            return left
        self.held[count.name] = held - 1, until
        return Left(count.limit, granted=1, left=held - 1, full_in=ADVANCE_SECONDS)


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Counts requests: probes in this process, for they must need nothing; all others together."""

    shared: Limits
    here: Limits
    peppers: Peppers
    addresses: Mapping[Traffic, Limit]
    caller: Limit
    purse: Purse = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "purse", Purse(self.shared))

    async def check(
        self, connection: Connection, handler: BaseRouteHandler, subject: UUID | None
    ) -> None:
        """Count a request for its address and, where a token says whose it is, for its caller.

        Raises:
            LimitReached: there were too many.
            LimitsUnavailable, StoreUnavailable: nobody can say, and it is about a code.
        """
        told = handler.opt.get("traffic")
        traffic = told if isinstance(told, Traffic) else Traffic.REQUESTS
        counts = [self._count(self.addresses[traffic], subscriber_of(address_of(connection)))]
        if subject:
            counts.append(self._count(self.caller, str(subject)))
        try:
            left = await self._take(traffic, counts)
        except Unavailable as away:
            if traffic is Traffic.SIGN_IN:
                raise
            _log.warning("requests are not counted for now", error=str(away))
            return
        connection.scope["state"][LEFT] = left
        if refused := [each.retry_after for each in left if not each.granted]:
            raise LimitReached(max(refused))

    async def _take(self, traffic: Traffic, counts: Sequence[Count]) -> Sequence[Left]:
        if traffic is Traffic.PROBES:
            return await self.here.take(counts)
        if traffic is Traffic.WEBHOOKS:
            return await self.purse.take(counts)
        return await self.shared.take(counts)

    def _count(self, limit: Limit, whose: str) -> Count:
        return Count(limit, self.peppers.pseudonym(whose))


def limit_headers(left: Sequence[Left]) -> Mapping[str, str]:
    """Write what is left, as structured fields (RFC 9651)."""
    if not left:
        return {}
    policies = [f'"{it.limit.name}";q={it.limit.most};w={_window(it.limit)}' for it in left]
    standing = [f'"{it.limit.name}";r={it.left};t={math.ceil(it.full_in)}' for it in left]
    return {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(standing)}


def _window(limit: Limit) -> int:
    return math.ceil(limit.within.total_seconds())
