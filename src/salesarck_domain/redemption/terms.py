"""What points are worth on a bill, under a tenant's terms."""

from dataclasses import dataclass

from salesarck_domain.errors import Refused
from salesarck_domain.money import Money, exponent
from salesarck_domain.tenants import PERCENT_MAX, RedemptionTerms, Reward


@dataclass(eq=False)
class BelowRedemptionMinimum(Refused):
    """A wallet must hold more before its points can be spent."""

    balance: int
    minimum: int
    code = "below_redemption_minimum"

    def __str__(self) -> str:
        return f"points are spent from {self.minimum:,} pts on; the wallet holds {self.balance:,}"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a wallet could pay of a bill: points that leave, money that falls away.

    `rewards` are those of the catalogue that the wallet covers.
    """

    points: int
    value: Money
    rewards: tuple[Reward, ...]


def offer(balance: int, bill: Money, terms: RedemptionTerms) -> Offer:
    """Work out the most that a balance pays of a bill.

    The value is the bill's allowed share, or what the balance is worth, whichever is less;
    the points are those that this value costs, rounded up, so that no fraction is given away.

    >>> found = offer(500, Money(12_50, "USD"), RedemptionTerms(points_per_unit=100))
    >>> found.points, str(found.value)
    (500, 'USD 5.00')
    """
    if balance < terms.points_min:
        return Offer(0, Money(0, bill.currency), ())
    unit = 10 ** exponent(bill.currency)
    share = bill.minor_units * terms.bill_percent_max // PERCENT_MAX
    value = min(share, balance * unit // terms.points_per_unit)
    points = -(-value * terms.points_per_unit // unit)
    rewards = tuple(reward for reward in terms.catalogue if reward.points <= balance)
    return Offer(points, Money(value, bill.currency), rewards)


def worth(points: int, currency: str, terms: RedemptionTerms) -> Money:
    """Say what a code of so many points takes off a bill."""
    unit = 10 ** exponent(currency)
    return Money(points * unit // terms.points_per_unit, currency)


def check_minimum(balance: int, terms: RedemptionTerms) -> None:
    """Refuse to spend from a wallet that holds less than the tenant's minimum.

    Raises:
        BelowRedemptionMinimum: it does.
    """
    if balance < terms.points_min:
        raise BelowRedemptionMinimum(balance, terms.points_min)
