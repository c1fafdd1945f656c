"""How often one address may ask, and how often one person may be sent a code."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from salesarck_adapters.embedded.identity.faults import AuthFault

WITHIN = timedelta(minutes=5)
Kind = Literal["otp", "verify", "refresh"]


@dataclass(frozen=True, slots=True)
class Limits:
    """So many from one address in five minutes, and one code a person in so long."""

    otp: int = 30
    verify: int = 30
    refresh: int = 150
    resend: timedelta = timedelta(minutes=1)


@dataclass(slots=True)
class Buckets:
    """What each address has left. It comes back evenly."""

    limits: Limits
    left: dict[tuple[Kind, str], tuple[float, datetime]] = field(
        default_factory=dict[tuple[Kind, str], tuple[float, datetime]]
    )

    def take(self, kind: Kind, address: str, now: datetime) -> None:
        """Count one.

        Raises:
            AuthFault: that is too many.
        """
        full: int = getattr(self.limits, kind)
        left, since = self.left.get((kind, address), (float(full), now))
        left = min(float(full), left + full * ((now - since) / WITHIN))
        if left < 1:
            raise AuthFault(429, "over_request_rate_limit", "Request rate limit reached")
        self.left[kind, address] = (left - 1, now)
