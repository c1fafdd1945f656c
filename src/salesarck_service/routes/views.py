"""What several audiences see alike."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from salesarck_domain.audit import AuditNote
from salesarck_domain.ledger.lots import Lot
from salesarck_domain.money import Money
from salesarck_domain.ports.store import Account
from salesarck_domain.rules.award import Award
from salesarck_domain.tenants import Reward, Tenant, TenantState, terms_as_data
from salesarck_service.problems import request_invalid

MinorUnits = Annotated[
    int,
    Meta(
        description="In the smallest unit of the currency: cents of a dollar, whole yen.",
        examples=[1250],
    ),
]
Currency = Annotated[str, Meta(description="ISO 4217, like USD.", examples=["USD"])]
Moment = Annotated[datetime, Meta(tz=True, description="With its offset from UTC.")]


PLAIN = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""Text with something to read in it, and without what no database keeps."""

Reason = Annotated[
    str, Meta(min_length=1, max_length=500, pattern=PLAIN, examples=["for the wait"])
]
YEARS = range(1970, 2200)


def in_our_time(name: str, at: datetime | None) -> datetime | None:
    """Take a moment of a request in UTC, if it lies where calendars and zones still hold.

    Raises:
        ProblemError: it lies before 1970, or after 2199.
    """
    if at is None:
        return None
    if at.year not in YEARS:
        raise request_invalid(name, f"a moment lies between {YEARS[0]} and {YEARS[-1]}")
    return at.astimezone(UTC)


class Because(Struct, forbid_unknown_fields=True):
    """Why: it is kept, and read by admins."""

    reason: Reason


class MoneyView(Struct):
    """An amount in the smallest unit of its currency."""

    minor_units: MinorUnits
    currency: Currency

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(money.minor_units, money.currency)


class RewardView(Struct):
    """Something that a tenant gives for points."""

    name: str
    points: int

    @classmethod
    def of(cls, reward: Reward) -> Self:
        return cls(reward.name, reward.points)


class StepView(Struct):
    """One rule considered: what it saw, the points before and after, and why if it gave nothing."""

    rule: Mapping[str, Any]
    saw: Mapping[str, Any]
    before: int
    after: int
    reason: str | None


class AwardView(Struct):
    """What the rules answered for a sale, step by step; `reason` says why it earned nothing."""

    points: int
    reason: str | None
    version: int | None
    ends_at: datetime | None
    steps: Sequence[StepView]

    @classmethod
    def of(cls, award: Award) -> Self:
        return cls.read(award.explain())

    @classmethod
    def read(cls, explained: Mapping[str, object]) -> Self:
        """Take an explanation as it was written down when the sale was judged."""
        return msgspec.convert(explained, cls)


class ExpiryView(Struct):
    """Points that run out together."""

    points: int
    ends_at: datetime


class WalletView(Struct):
    """What somebody holds with one tenant, what is owed, and what runs out when."""

    tenant: UUID
    tenant_name: str
    currency: str
    balance: int
    owed: int
    seq: int
    frozen: bool
    expiring: Sequence[ExpiryView]

    @classmethod
    def of(cls, account: Account, tenant: Tenant) -> Self:
        return cls(
            tenant=tenant.id,
            tenant_name=tenant.name,
            currency=tenant.currency,
            balance=account.balance,
            owed=account.owed,
            seq=account.seq,
            frozen=account.frozen,
            expiring=_expiring(account.lots),
        )


class TermsView(Struct):
    """A tenant, whether it takes part, and its terms. Lengths of time are in seconds."""

    id: UUID
    state: TenantState
    name: str
    currency: str
    country: str
    time_zone: str
    code_lifetime: int
    claim_window: int
    grace: int
    adjustment_limit: int
    points_per_unit: int
    points_min: int
    bill_percent_max: int
    catalogue: Sequence[RewardView]

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        told = {"id": tenant.id, "state": tenant.state, **terms_as_data(tenant)}
        return msgspec.convert(told, cls)


class NoteView(Struct):
    """Who did what, for whom, and why."""

    id: UUID
    actor: str
    on_behalf_of: str
    action: str
    target: str
    reason: str
    at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    correlation: str

    @classmethod
    def of(cls, note: AuditNote) -> Self:
        return cls(**{name: getattr(note, name) for name in cls.__struct_fields__})


def _expiring(lots: Sequence[Lot]) -> Sequence[ExpiryView]:
    found = [
        ExpiryView(lot.remaining, lot.ends_at) for lot in lots if lot.ends_at and lot.remaining
    ]
    return sorted(found, key=lambda view: view.ends_at)
