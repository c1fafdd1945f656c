"""Tenants: the businesses on the platform, and the terms each sets."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from salesarck_domain.days import zone
from salesarck_domain.ids import TenantId
from salesarck_domain.money import is_currency

COUNTRY = re.compile("[A-Z]{2}")
PERCENT_MAX = 100


@dataclass(frozen=True, slots=True)
class Reward:
    """Something a tenant gives for a fixed number of points: a free coffee for 100."""

    name: str
    points: int

    def __post_init__(self) -> None:
        if not self.name or self.points < 1:
            raise ValueError("a reward has a name and costs at least one point")


@dataclass(frozen=True, slots=True)
class RedemptionTerms:
    """What points are worth at a tenant's till.

    `points_per_unit` points take one whole currency unit (a dollar, a thousand-fils dinar) off a
    bill, `points_min` is the least a wallet must hold, `bill_percent_max` the largest share of a
    bill that points may pay.
    """

    points_per_unit: int = 100
    points_min: int = 0
    bill_percent_max: int = PERCENT_MAX
    catalogue: tuple[Reward, ...] = ()

    def __post_init__(self) -> None:
        if self.points_per_unit < 1 or self.points_min < 0:
            raise ValueError("points per unit are at least 1 and a minimum is not negative")
        if not 0 <= self.bill_percent_max <= PERCENT_MAX:
            raise ValueError("a share of the bill lies between 0 and 100 percent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One business. Its zone says when its days begin, its country how people write phones."""

    id: TenantId
    name: str
    currency: str = "USD"
    country: str = "US"
    time_zone: str = "America/New_York"
    code_lifetime: timedelta = timedelta(minutes=15)
    claim_window: timedelta = timedelta(days=90)
    grace: timedelta = timedelta(days=7)
    terms: RedemptionTerms = field(default_factory=RedemptionTerms)
    suspended: bool = False

    def __post_init__(self) -> None:
        zone(self.time_zone)
        if not self.name.strip():
            raise ValueError("a tenant has a name")
        if not is_currency(self.currency):
            raise ValueError(f"a currency is three capital letters, got {self.currency!r}")
        if not COUNTRY.fullmatch(self.country):
            raise ValueError(f"a country is two capital letters, got {self.country!r}")
        if self.code_lifetime <= timedelta(0):
            raise ValueError("a code lives longer than no time at all")
        if min(self.claim_window, self.grace) < timedelta(0):
            raise ValueError("a window is not negative")
