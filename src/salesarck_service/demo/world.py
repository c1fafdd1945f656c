"""The small world of the demo: two shops with tills, who works there, and who buys there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import Struct

from salesarck_domain.ids import ConsumerId, TenantId, derived
from salesarck_domain.people import Role
from salesarck_domain.tenants import RedemptionTerms, Reward, Tenant

EPOCH = datetime(2026, 3, 2, 11, tzinfo=UTC)
"""A Monday, six in the morning where the shops are. Ids of places and staff derive from it."""

Rules = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant, the till it has, its rules, and the points that they give for a dollar."""

    tenant: Tenant
    provider: str
    merchant: str
    rules: Rules


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the demo: a phone to sign in with and, of staff, where they work as what."""

    name: str
    phone: str
    role: Role = Role.CONSUMER
    tenant: TenantId | None = None

    @property
    def id(self) -> ConsumerId:
        """The id that the demo gives to people whom it knows from the start."""
        return ConsumerId(derived(EPOCH, "demo", self.name))


class Till(Struct, frozen=True):
    """A merchant of a simulated provider."""

    name: str
    merchant: str
    currency: str = "USD"


class TillsPlan(Struct, frozen=True):
    """What the simulated providers are to be. `clock_url` names the database of a shared clock."""

    seed: str
    square_url: str
    square_key: str
    clover_url: str
    clover_auth_code: str
    clover_token: str
    square: tuple[Till, ...]
    clover: tuple[Till, ...]
    clock_url: str = ""

    def __repr__(self) -> str:
        return f"TillsPlan({self.seed!r})"


class IdentityPlan(Struct, frozen=True):
    """What the identity of the demo is to be. It refuses to be anything but for development."""

    environment: str
    url: str
    key: str
    key_file: str

    def __repr__(self) -> str:
        return f"IdentityPlan({self.url!r})"


CAFE = Shop(
    tenant=Tenant(
        id=TenantId(derived(EPOCH, "demo", "Café")),
        name="Café",
        terms=RedemptionTerms(
            points_per_unit=20, bill_percent_max=50, catalogue=(Reward("free coffee", 100),)
        ),
    ),
    provider="square",
    merchant="MLCAFE0000001",
    rules=(
        {"rule": "points_per_spend", "points": 2, "per": 100},
        {"rule": "minimum_spend", "amount": 200},
        {"rule": "multiplier", "times": "2", "days": ["mon", "tue", "wed", "thu", "fri"]},
        {"rule": "points_expire", "days": 30},
    ),
)
BAKERY = Shop(
    tenant=Tenant(
        id=TenantId(derived(EPOCH, "demo", "Bakery")),
        name="Bakery",
        terms=RedemptionTerms(points_per_unit=50, catalogue=(Reward("loaf of bread", 150),)),
    ),
    provider="clover",
    merchant="BAKERY0000001",
    rules=(
        {"rule": "points_per_spend", "points": 3, "per": 100},
        {"rule": "multiplier", "times": "1.5"},
        {"rule": "fixed_bonus", "points": 5},
        {"rule": "points_expire", "days": 365},
    ),
)
SHOPS = (CAFE, BAKERY)

KIOSK = "MLKIOSK000001"
"""Another Square merchant of the café, which nobody has linked yet."""

ABROAD = "MLCANADA00001"
"""The café's shop in another country, where people pay in another currency."""

ADA = Somebody("Ada", "+12125550101")
GRACE = Somebody("Grace", "+12125550102")
LINUS = Somebody("Linus", "+12125550103")
CONSUMERS = (ADA, GRACE, LINUS)

OLIVE = Somebody("Olive", "+12125550110", Role.OWNER, CAFE.tenant.id)
MAX = Somebody("Max", "+12125550111", Role.MANAGER, CAFE.tenant.id)
CLEO = Somebody("Cleo", "+12125550112", Role.CASHIER, CAFE.tenant.id)
OTTO = Somebody("Otto", "+12125550120", Role.OWNER, BAKERY.tenant.id)
MIA = Somebody("Mia", "+12125550121", Role.MANAGER, BAKERY.tenant.id)
CARL = Somebody("Carl", "+12125550122", Role.CASHIER, BAKERY.tenant.id)
ROOT = Somebody("Root", "+12125550130", Role.ADMIN)
STAFF = (OLIVE, MAX, CLEO, OTTO, MIA, CARL, ROOT)

PEOPLE = (*CONSUMERS, *STAFF)
