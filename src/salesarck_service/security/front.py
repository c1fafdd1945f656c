"""The front: under which names the world reaches us, and through whom."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from litestar.config.cors import CORSConfig
from litestar.types import Method

from salesarck_service.security.names import host_of
from salesarck_service.security.proxies import Proxies

METHODS: Sequence[Method] = ("GET", "POST", "PUT", "PATCH", "DELETE")
ASKED = ("authorization", "content-type", "idempotency-key", "last-event-id", "request-id")
TOLD = ("Idempotency-Replayed", "RateLimit", "RateLimit-Policy", "Request-Id", "Retry-After")


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Our address, our names beside it, and the pages of others that may read what we answer."""

    address: str
    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    proxies: Proxies = field(default_factory=Proxies)

    @property
    def names(self) -> frozenset[str]:
        """All hosts that are ours; without a setting, the one of our address."""
        return frozenset(self.hosts) or frozenset({host_of(urlsplit(self.address).netloc)})

    @property
    def origin(self) -> str:
        """How a browser names our own pages."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def cors(self) -> CORSConfig | None:
        """Let these pages ask with a token; a browser never adds a cookie of ours for them."""
        if not self.origins:
            return None
        return CORSConfig(
            allow_origins=list(self.origins),
            allow_methods=list(METHODS),
            allow_headers=list(ASKED),
            expose_headers=list(TOLD),
        )
