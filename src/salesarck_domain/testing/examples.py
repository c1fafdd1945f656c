"""The people, places and hour that all tests share. It is noon, and nothing has happened yet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from salesarck_domain.ids import ConsumerId, TenantId, derived
from salesarck_domain.news import RefundNews, SaleNews, TenderKind, TenderState, TillCustomer
from salesarck_domain.people import Evidence
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.tenants import RedemptionTerms, Reward, Tenant

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

ADA = ConsumerId(derived(NOON, "consumer", "Ada"))
GRACE = ConsumerId(derived(NOON, "consumer", "Grace"))
ADAS_PHONE = Evidence.phone("+15555550100")
ADAS_EMAIL = Evidence.email("ada@example.test")
GRACES_PHONE = Evidence.phone("+15555550101")

PEPPERS = Peppers({1: bytes(32)})

CAFE = Tenant(
    id=TenantId(derived(NOON, "tenant", "Café")),
    name="Café",
    terms=RedemptionTerms(catalogue=(Reward("free coffee", 100),)),
)
BAKERY = Tenant(
    id=TenantId(derived(NOON, "tenant", "Bakery")),
    name="Bakery",
    currency="EUR",
    country="DE",
    time_zone="Europe/Berlin",
)

Rules = Sequence[Mapping[str, object]]

POINT_PER_DOLLAR: Rules = ({"rule": "points_per_spend", "points": 1, "per": 100},)
DOUBLE_POINTS: Rules = (*POINT_PER_DOLLAR, {"rule": "multiplier", "times": "2"})
POINTS_THAT_END: Rules = (*POINT_PER_DOLLAR, {"rule": "points_expire", "days": 1})
TEN_A_DAY: Rules = (
    *POINT_PER_DOLLAR,
    {"rule": "limit_per_consumer", "points": 10, "period": "day"},
)


def paid(
    payment: str,
    dollars: int,
    *,
    order: str | None = None,
    customer: TillCustomer | None = None,
    at: datetime = NOON,
    changed_at: datetime | None = None,
    state: TenderState = TenderState.COMPLETED,
) -> SaleNews:
    """A tender in whole dollars, as a till tells it."""
    return SaleNews(
        merchant="M1",
        reference=payment,
        order=order,
        location=None,
        state=state,
        spend=dollars * 100,
        tip=0,
        tax=None,
        refunded=0,
        currency="USD",
        tender=TenderKind.CARD,
        happened_at=at,
        changed_at=changed_at or at,
        customer=customer,
    )


def refunded(refund: str, payment: str, dollars: int, *, at: datetime = NOON) -> RefundNews:
    """A refund in whole dollars, as a till tells it."""
    return RefundNews(
        merchant="M1",
        reference=refund,
        sale=payment,
        state=TenderState.COMPLETED,
        amount=dollars * 100,
        currency="USD",
        happened_at=at,
        changed_at=at,
    )
