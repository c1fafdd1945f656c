"""How Square posts its events: compact JSON, signed over the subscription's URL and the body."""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from salesarck_adapters.simulation import Courier, SignedDelivery
from salesarck_adapters.simulators.square.wire import stamp
from salesarck_adapters.simulators.square.world import SquareWorld

API_VERSION = "2026-07-15"
# Eleven retries over a day, then the event is dropped.
DELAYS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 32, 60, 120, 240, 480, 480)
)


def square_courier(
    world: SquareWorld,
    *,
    webhook_url: str,
    signature_key: str,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Courier:
    """One webhook subscription: an URL, and the key that signs what is posted there."""

    def deliveries() -> Sequence[SignedDelivery]:
        told, world.told = world.told, []
        return [
            SignedDelivery(
                webhook_url,
                {
                    "content-type": "application/json",
                    "x-square-hmacsha256-signature": _sign(signature_key, webhook_url, one.body),
                    "square-environment": one.environment,
                    "square-initial-delivery-timestamp": stamp(one.happened_at),
                    "square-version": API_VERSION,
                },
                one.body,
            )
            for one in told
        ]

    return Courier(
        deliveries=deliveries,
        accepts=range(200, 300).__contains__,
        delays=DELAYS,
        on_retry=_retry_headers,
        sleep=sleep,
    )


def _sign(key: str, url: str, body: bytes) -> str:
    return b64encode(hmac.digest(key.encode(), url.encode() + body, "sha256")).decode()


def _retry_headers(number: int, reason: str) -> Mapping[str, str]:
    return {"square-retry-number": str(number), "square-retry-reason": reason}
