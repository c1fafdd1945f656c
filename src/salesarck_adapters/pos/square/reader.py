"""Square's webhooks: signed, fat, in any order, and more than once."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from salesarck_adapters.pos.square.news import Event, news_of
from salesarck_adapters.pos.square.shapes import Address, Envelope
from salesarck_adapters.wire import read_json
from salesarck_domain.news import News
from salesarck_domain.ports.pos import (
    Delivery,
    ForgedDelivery,
    Genuine,
    Route,
    UnreadableDelivery,
)

SIGNATURE_HEADER = "x-square-hmacsha256-signature"
ENVIRONMENT_HEADER = "square-environment"
KEY_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True)
class Subscription:
    """What Square signs with `key` it posts to `url`, to the letter as Square was told it."""

    key: bytes = field(repr=False)
    url: str

    @property
    def is_closed(self) -> bool:
        """Whether anybody could sign for it."""
        return not self.key.strip() or not self.url


@dataclass(frozen=True, slots=True)
class Square:
    """Reads what Square posts. Several subscriptions: two environments, or a key in rotation."""

    subscriptions: Sequence[Subscription]
    provider: str = "square"

    def authenticate(self, delivery: Delivery) -> Genuine:
        """Believe what one of the subscriptions signed.

        Raises:
            ForgedDelivery: none did.
        """
        offered = delivery.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogatepass")
        signed = False
        for subscription in self.subscriptions:
            if not subscription.is_closed:
                message = subscription.url.encode() + delivery.body
                signature = b64encode(hmac.digest(subscription.key, message, "sha256"))
                signed |= hmac.compare_digest(signature, offered)
        if not signed:
            raise ForgedDelivery(self.provider)
        return Genuine(delivery.body, delivery.headers, delivery.received_at)

    def route(self, genuine: Genuine) -> Route:
        """Name the event and its merchant; a body without them is named by its hash."""
        digest = hashlib.sha256(genuine.body).hexdigest()
        try:
            address = read_json(self.provider, genuine.body, Address)
        except UnreadableDelivery:
            return Route(digest, ())
        return Route(_name(address.event_id) or digest, (address.merchant_id,))

    def read(self, genuine: Genuine, country: str) -> Sequence[News]:
        """Translate an event; one of a type that we don't know is no news.

        Raises:
            UnreadableDelivery: it is in a shape we don't know.
        """
        envelope = read_json(self.provider, genuine.body, Envelope)
        environment = genuine.headers.get(ENVIRONMENT_HEADER, "")
        event = Event(
            merchant=envelope.merchant_id,
            data=bytes(envelope.data),
            at=envelope.created_at,
            country=country,
            test=environment.strip().lower() == "sandbox",
        )
        return news_of(envelope.type, event)


def _name(event_id: object) -> str | None:
    if isinstance(event_id, str) and len(event_id) <= KEY_LENGTH_MAX and event_id.isprintable():
        return event_id
    return None
