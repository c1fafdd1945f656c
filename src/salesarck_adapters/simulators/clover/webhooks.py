"""How Clover posts its notices: many merchants in one POST, and a static secret in a header.

Hosted Checkout is another post altogether: an URL and a secret for each merchant, and a
signature over a moment and the body.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import msgspec

from salesarck_adapters.simulation import Courier, SignedDelivery
from salesarck_adapters.simulators.clover.wire import Batch, CheckoutNotice, Verification
from salesarck_adapters.simulators.clover.world import CloverWorld, Noticed

JSON = {"content-type": "application/json"}
# Clover publishes no schedule and promises nothing, so it gives up early here.
DELAYS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300))


def clover_courier(
    world: CloverWorld,
    *,
    webhook_url: str,
    auth_code: str,
    batch: int = 50,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Courier:
    """An app's webhook: one URL for all its merchants, at most `batch` notices in one POST."""

    def deliveries() -> Sequence[SignedDelivery]:
        codes, world.codes = world.codes, []
        noticed, world.noticed = world.noticed, []
        checkouts, world.checkouts = world.checkouts, []
        return [
            *(SignedDelivery(webhook_url, JSON, _encode(Verification(code))) for code in codes),
            *(
                SignedDelivery(
                    webhook_url,
                    {**JSON, "x-clover-auth": auth_code},
                    _encode(_batch(world.app_id, noticed[start : start + batch])),
                )
                for start in range(0, len(noticed), batch)
            ),
            *(_checkout(world, notice) for notice in checkouts),
        ]

    return Courier(deliveries=deliveries, accepts=(200).__eq__, delays=DELAYS, sleep=sleep)


def _batch(app_id: str, noticed: Sequence[Noticed]) -> Batch:
    merchants = {one.merchant for one in noticed}
    return Batch(
        app_id,
        {
            merchant: [one.update for one in noticed if one.merchant == merchant]
            for merchant in sorted(merchants)
        },
    )


def _checkout(world: CloverWorld, notice: CheckoutNotice) -> SignedDelivery:
    shop, body = world.shop(notice.merchant_id), _encode(notice)
    moment = str(notice.created_time)
    secret = (shop.checkout_secret or "").encode()
    signature = hmac.digest(secret, f"{moment}.".encode() + body, "sha256").hex()
    headers = {**JSON, "clover-signature": f"t={moment},v1={signature}"}
    return SignedDelivery(shop.checkout_url or "", headers, body)


def _encode(body: Batch | Verification | CheckoutNotice) -> bytes:
    return msgspec.json.encode(body)
