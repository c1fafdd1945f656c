"""Tenants: the businesses on the platform, and the terms each sets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from salesarck_domain.days import zone
from salesarck_domain.errors import Forbidden, Refused
from salesarck_domain.ids import TenantId
from salesarck_domain.money import is_currency

COUNTRY = re.compile("[A-Z]{2}")
PERCENT_MAX = 100
ADJUSTMENT_LIMIT = 10_000
PLAIN_TERMS = ("name", "currency", "country", "time_zone", "adjustment_limit")
TIME_TERMS = ("code_lifetime", "claim_window", "grace")


class TenantState(StrEnum):
    """Whether a tenant takes part: its sales are judged and its codes honoured when active."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"


MAY_BECOME: Mapping[TenantState, frozenset[TenantState]] = {
    TenantState.PENDING: frozenset({TenantState.ACTIVE, TenantState.SUSPENDED}),
    TenantState.ACTIVE: frozenset({TenantState.SUSPENDED}),
    TenantState.SUSPENDED: frozenset({TenantState.ACTIVE}),
}


@dataclass(eq=False)
class TenantStateRefused(Refused):
    """A tenant can't go from the state it is in to the one that was wanted."""

    state: TenantState
    wanted: TenantState
    code: ClassVar[str] = "tenant_state_refused"

    def __str__(self) -> str:
        return f"this tenant is {self.state}, and can't become {self.wanted} from there"


@dataclass(eq=False)
class TenantSuspended(Forbidden):
    """The tenant is suspended: nobody works with it until that ends."""

    name: str
    code: ClassVar[str] = "tenant_suspended"

    def __str__(self) -> str:
        return f"{self.name} is suspended; points are safe, and this works again afterwards"


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
    """One business. Its zone says when its days begin, its country how people write phones.

    Beyond `adjustment_limit` points a consumer and day, an admin adjusts only with a second one.
    """

    id: TenantId
    name: str
    currency: str = "USD"
    country: str = "US"
    time_zone: str = "America/New_York"
    code_lifetime: timedelta = timedelta(minutes=15)
    claim_window: timedelta = timedelta(days=90)
    grace: timedelta = timedelta(days=7)
    terms: RedemptionTerms = field(default_factory=RedemptionTerms)
    adjustment_limit: int = ADJUSTMENT_LIMIT
    state: TenantState = TenantState.ACTIVE

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
        if self.adjustment_limit < 0:
            raise ValueError("a limit is not negative")

    def follow(self, wanted: TenantState) -> "Tenant":
        """Take one step, if the table has it.

        Raises:
            TenantStateRefused: it hasn't.
        """
        if wanted not in MAY_BECOME[self.state]:
            raise TenantStateRefused(self.state, wanted)
        return replace(self, state=wanted)

    def check_not_suspended(self) -> None:
        """Let nobody work with a suspended tenant.

        Raises:
            TenantSuspended: it is.
        """
        if self.state is TenantState.SUSPENDED:
            raise TenantSuspended(self.name)


def terms_as_data(tenant: Tenant) -> dict[str, object]:
    """Say a tenant's terms as plain data; lengths of time in whole seconds."""
    terms = tenant.terms
    return {
        **{name: getattr(tenant, name) for name in PLAIN_TERMS},
        **{name: int(getattr(tenant, name).total_seconds()) for name in TIME_TERMS},
        "points_per_unit": terms.points_per_unit,
        "points_min": terms.points_min,
        "bill_percent_max": terms.bill_percent_max,
        "catalogue": [{"name": it.name, "points": it.points} for it in terms.catalogue],
    }


def with_terms(tenant: Tenant, data: Mapping[str, object]) -> Tenant:
    """Put terms from plain data in the place of a tenant's own.

    Raises:
        ValueError: they mean nothing.
    """
    told: dict[str, Any] = {**terms_as_data(tenant), **data}
    catalogue = tuple(Reward(str(it["name"]), int(it["points"])) for it in told.pop("catalogue"))
    redemption = RedemptionTerms(
        points_per_unit=told.pop("points_per_unit"),
        points_min=told.pop("points_min"),
        bill_percent_max=told.pop("bill_percent_max"),
        catalogue=catalogue,
    )
    told |= {name: timedelta(seconds=told[name]) for name in TIME_TERMS}
    return replace(tenant, terms=redemption, **told)
