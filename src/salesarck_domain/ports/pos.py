"""Points of sale: what we ask of a till provider's adapter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

from salesarck_domain.errors import Unavailable, Unreadable, Untrusted
from salesarck_domain.news import News


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook exactly as it arrived. Nothing in it is believed yet.

    Header names are in lower case; `received_at` is our own clock's moment.
    """

    body: bytes
    headers: Mapping[str, str]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Genuine:
    """A delivery that its provider did send, or (kept for a day) did send when it arrived.

    Only `WebhookReader.authenticate` makes one, and the inbox, which keeps nothing else. With a
    `merchant` only that one's part is read, so that nobody waits for what another's part lacks.
    """

    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    merchant: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """All that a request needs to know about a delivery before it may answer.

    `key` tells it from other deliveries of the provider; `merchants` may be empty where the
    body can't be read; `verification_code` is there for an unsigned handshake alone.
    """

    key: str
    merchants: Sequence[str]
    verification_code: str | None = None


@dataclass(eq=False)
class ForgedDelivery(Untrusted):
    """The provider didn't sign this body with a key we know."""

    provider: str
    code: ClassVar[str] = "delivery_forged"

    def __str__(self) -> str:
        return f"not signed by {self.provider} with a key we know"


@dataclass(eq=False)
class UnreadableDelivery(Unreadable):
    """A genuine delivery, or a provider's answer, in a shape we don't know."""

    provider: str
    what: str
    code: ClassVar[str] = "delivery_unreadable"

    def __str__(self) -> str:
        return f"{self.provider} sent something new to us: {self.what}"


@dataclass(eq=False)
class ProviderUnavailable(Unavailable):
    """A provider did not answer, or asked us to wait `retry_after` seconds."""

    provider: str
    what: str
    retry_after: float | None = None
    code: ClassVar[str] = "provider_unavailable"

    def __str__(self) -> str:
        return f"{self.provider} isn't answering: {self.what}"


@dataclass(eq=False)
class LinkRefused(Unavailable):
    """A provider no longer accepts our permission: the merchant has to link again."""

    provider: str
    merchant: str
    code: ClassVar[str] = "link_refused"

    def __str__(self) -> str:
        return f"{self.provider} refuses our token for {self.merchant}; link it again"


@dataclass(eq=False)
class LinkResting(Unavailable):
    """Asking for a merchant failed so often that nobody is asked for `seconds`."""

    provider: str
    merchant: str
    seconds: float
    code: ClassVar[str] = "link_resting"

    def __str__(self) -> str:
        return f"{self.provider} isn't asked about {self.merchant} for {self.seconds:.0f} s"


class WebhookReader(Protocol):
    """Bytes in, news out, nothing kept. Safe to call from any number of tasks."""

    @property
    def provider(self) -> str:
        """The name in our URLs and on our sales, such as ``square``."""
        ...

    def authenticate(self, delivery: Delivery) -> Genuine:
        """Believe a delivery, or refuse it. Compares bytes in constant time.

        Raises:
            ForgedDelivery: no configured secret signed this body, or the signature is too old.
                No secret configured, or an empty one, refuses everything.
        """
        ...

    def route(self, genuine: Genuine) -> Route:
        """Read the routing key alone. Never raises: a body it can't read has no merchants."""
        ...

    def read(self, genuine: Genuine, country: str) -> Sequence[News]:
        """Translate a delivery. `country` (ISO 3166 alpha-2) completes local phone numbers.

        Raises:
            UnreadableDelivery: it is in a shape we don't know.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What thin news makes us ask: one object of one merchant."""

    merchant: str
    object: str
    id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider's API said to one request: kept beside the inbox row it explains."""

    method: str
    path: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a question: the news, and the answers it rests on."""

    news: Sequence[News]
    answers: Sequence[Answer] = field(default_factory=tuple[Answer, ...])


class Fetcher(Protocol):
    """Asks a provider again where its news is thin."""

    @property
    def provider(self) -> str:
        """The name in our URLs and on our sales, such as ``clover``."""
        ...

    async def fetch(self, question: Question, country: str) -> Fetched:
        """Ask for an object and all that belongs to it. One that isn't there is no news.

        Raises:
            LinkRefused: the provider refuses our token.
            LinkResting: it failed too often lately, and was not asked.
            ProviderUnavailable: it isn't answering, or says to wait.
            UnreadableDelivery: it answers in a shape we don't know.
        """
        ...
