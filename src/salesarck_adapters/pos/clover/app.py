"""Clover's app webhooks: thin batches for several merchants, vouched for by a static secret.

The secret says who sent a body and nothing about its content, so the news is only ever "look
again". One body has no secret: the handshake, which an operator reads before there is one.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from salesarck_adapters.pos.clover.handshake import handshake_code
from salesarck_adapters.wire import Id, Millis, Text, moment_of, read_json
from salesarck_domain.news import ChangedNews, News, UnlinkedNews, VerificationNews
from salesarck_domain.ports.pos import (
    Delivery,
    ForgedDelivery,
    Genuine,
    Route,
    UnreadableDelivery,
)

PROVIDER = "clover"
AUTH_HEADER = "x-clover-auth"

OBJECTS = {"P": "payment", "O": "order", "C": "customer"}
APP = "A"
CHANGES = {"CREATE": "created", "UPDATE": "updated", "DELETE": "deleted"}


class Update(Struct, rename="camel"):
    """That something changed: its kind and id in one, and when."""

    object_id: Id
    type: Text
    ts: Millis

    @property
    def kind(self) -> str:
        """The letters before the colon: `C` is a customer, `CA` is not."""
        return self.object_id.partition(":")[0]

    @property
    def id(self) -> str:
        """What stands behind the colon."""
        return self.object_id.partition(":")[2]


class Batch(Struct):
    """One post for several merchants: a list of updates each, which may be spoiled for one."""

    merchants: dict[Id, msgspec.Raw]


@dataclass(frozen=True, slots=True)
class CloverApp:
    """Reads what Clover posts to an app's webhook address."""

    auth_codes: Sequence[bytes] = field(repr=False)
    provider: str = PROVIDER

    def authenticate(self, delivery: Delivery) -> Genuine:
        """Believe what came with one of the codes, and the handshake.

        Raises:
            ForgedDelivery: it has no code, or another.
        """
        offered = delivery.headers.get(AUTH_HEADER, "").encode(errors="surrogatepass")
        known = False
        for code in self.auth_codes:
            known |= bool(code.strip()) and hmac.compare_digest(code, offered)
        if not known and handshake_code(delivery.body) is None:
            raise ForgedDelivery(PROVIDER)
        return Genuine(delivery.body, delivery.headers, delivery.received_at)

    def route(self, genuine: Genuine) -> Route:
        """Name a delivery by its hash, for Clover gives it no name."""
        key = hashlib.sha256(genuine.body).hexdigest()
        if code := handshake_code(genuine.body):
            return Route(key, (), code)
        try:
            merchants = read_json(PROVIDER, genuine.body, Batch).merchants
        except UnreadableDelivery:
            return Route(key, ())
        return Route(key, tuple(merchants))

    def read(self, genuine: Genuine, country: str) -> Sequence[News]:  # noqa: ARG002 - no phones here
        """Translate a batch, each object once, as it changed last.

        Raises:
            UnreadableDelivery: it is in a shape we don't know.
        """
        if code := handshake_code(genuine.body):
            return (VerificationNews(code=code),)
        batch = read_json(PROVIDER, genuine.body, Batch)
        return tuple(
            news
            for merchant, part in batch.merchants.items()
            if genuine.merchant in {None, merchant}
            for update in _newest(read_json(PROVIDER, bytes(part), list[Update])).values()
            for news in _translated(merchant, update)
        )


def _newest(updates: Sequence[Update]) -> Mapping[str, Update]:
    newest: dict[str, Update] = {}
    for update in updates:
        if update.type in CHANGES and (update.kind in OBJECTS or update.kind == APP):
            before = newest.get(update.object_id)
            if before is None or update.ts >= before.ts:
                newest[update.object_id] = update
    return newest


def _translated(merchant: str, update: Update) -> Iterator[News]:
    if not update.id:
        raise UnreadableDelivery(PROVIDER, f"an object without an id: {update.object_id}")
    if update.kind in OBJECTS:
        yield ChangedNews(
            merchant=merchant,
            object=OBJECTS[update.kind],
            id=update.id,
            how=CHANGES[update.type],
            changed_at=moment_of(update.ts),
        )
    elif update.type == "DELETE":
        yield UnlinkedNews(merchant=merchant, by="merchant")
