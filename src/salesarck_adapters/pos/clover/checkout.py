"""Clover's Hosted Checkout webhooks: signed with a secret of one merchant, and soon too old.

A handshake without any signature is read here too: which of its addresses it is for, Clover does
not say.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from salesarck_adapters.pos.clover.handshake import handshake_code
from salesarck_adapters.wire import EPOCH, Id, Millis, Text, moment_of, read_json
from salesarck_domain.news import ChangedNews, News, VerificationNews
from salesarck_domain.ports.pos import (
    Delivery,
    ForgedDelivery,
    Genuine,
    Route,
    UnreadableDelivery,
)

PROVIDER = "clover"
SIGNATURE_HEADER = "clover-signature"
TOLERANCE = timedelta(seconds=300)
SECONDS_DIGITS_MAX = 11
MILLIS_MIN = 100_000_000_000

Shape = TypeVar("Shape")


class Address(Struct):
    """Whom a delivery is for, even if the rest of it can't be read."""

    merchant_id: Id = msgspec.field(name="merchantid")


class Notice(Address):
    """What every delivery says."""

    type: Text = msgspec.field()


class Checkout(Address):
    """What became of a checkout. The payment is asked for by its id, so little is read here."""

    id: Id = msgspec.field()
    status: Literal["APPROVED", "DECLINED"] | None = None
    created_time: Millis | None = msgspec.field(name="createdtime", default=None)


@dataclass(frozen=True, slots=True)
class CloverCheckout:
    """Reads what Hosted Checkout posts. Several secrets: one of them is in rotation."""

    signing_secrets: Sequence[bytes] = field(repr=False)
    provider: str = PROVIDER
    merchant: str | None = None
    """Whose secrets these are, where they are one merchant's: they vouch for no other."""

    def authenticate(self, delivery: Delivery) -> Genuine:
        """Believe what was signed within the tolerance, by our own clock, and a bare handshake.

        Raises:
            ForgedDelivery: it is unsigned, signed by another, too old, or ahead of us.
        """
        if not delivery.headers.get(SIGNATURE_HEADER) and handshake_code(delivery.body):
            return Genuine(delivery.body, delivery.headers, delivery.received_at)
        signed_at, signatures = _signature(delivery.headers)
        if abs(delivery.received_at - _seconds(signed_at)) > TOLERANCE:
            raise ForgedDelivery(PROVIDER)
        known = False
        for secret in self.signing_secrets:
            message = signed_at.encode() + b"." + delivery.body
            genuine = hmac.new(secret, message, hashlib.sha256).hexdigest().encode()
            for offered in signatures:
                known |= bool(secret.strip()) and hmac.compare_digest(genuine, offered)
        if not known or not self._vouches_for(delivery.body):
            raise ForgedDelivery(PROVIDER)
        return Genuine(delivery.body, delivery.headers, delivery.received_at)

    def _vouches_for(self, body: bytes) -> bool:
        try:
            named = _read(body, Address).merchant_id
        except UnreadableDelivery:
            return True  # it goes to nobody's lane, and a person looks
        return self.merchant in {None, named}

    def route(self, genuine: Genuine) -> Route:
        """Name a delivery by its hash, for Clover gives it no name."""
        key = hashlib.sha256(genuine.body).hexdigest()
        if code := handshake_code(genuine.body):
            return Route(key, (), code)
        try:
            return Route(key, (_read(genuine.body, Address).merchant_id,))
        except UnreadableDelivery:
            return Route(key, ())

    def read(self, genuine: Genuine, country: str) -> Sequence[News]:  # noqa: ARG002 - no phones here
        """Translate a checkout into a payment to ask for.

        Raises:
            UnreadableDelivery: it is in a shape we don't know.
        """
        if code := handshake_code(genuine.body):
            return (VerificationNews(code=code),)
        if _read(genuine.body, Notice).type != "PAYMENT":
            return ()
        checkout = _read(genuine.body, Checkout)
        return (
            ChangedNews(
                merchant=checkout.merchant_id,
                object="payment",
                id=checkout.id,
                how="created",
                changed_at=_created(checkout.created_time) or genuine.received_at,
            ),
        )


def _signature(headers: Mapping[str, str]) -> tuple[str, Sequence[bytes]]:
    """Take the header apart: one moment in seconds, and any number of signatures."""
    parts = [
        (name.strip(), value.strip())
        for name, _, value in (
            part.partition("=") for part in headers.get(SIGNATURE_HEADER, "").split(",")
        )
    ]
    moments = {value for name, value in parts if name == "t"}
    signatures = [value.encode(errors="surrogatepass") for name, value in parts if name == "v1"]
    if len(moments) != 1:
        raise ForgedDelivery(PROVIDER)
    signed_at = moments.pop()
    if not (signed_at.isascii() and signed_at.isdigit() and len(signed_at) <= SECONDS_DIGITS_MAX):
        raise ForgedDelivery(PROVIDER)
    return signed_at, signatures


def _seconds(text: str) -> datetime:
    return EPOCH + timedelta(seconds=int(text))


def _created(time: int | None) -> datetime | None:
    """Read seconds or milliseconds: the documentation doesn't say, and samples differ."""
    if time is None:
        return None
    return moment_of(time if time >= MILLIS_MIN else time * 1000)


def _read(body: bytes, shape: type[Shape]) -> Shape:
    """Decode under any spelling of the names: `merchantId`, `MerchantId`, `Merchant Id`."""
    told = read_json(PROVIDER, body, dict[str, object])
    spelled = {name.replace(" ", "").lower(): value for name, value in told.items()}
    try:
        return msgspec.convert(spelled, shape)
    except msgspec.ValidationError as error:
        raise UnreadableDelivery(PROVIDER, str(error)) from error
