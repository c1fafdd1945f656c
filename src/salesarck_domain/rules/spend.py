"""Rules about how much was spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from salesarck_domain.rules.base import Reader, RuleData, Tally


@dataclass(frozen=True, slots=True)
class EarnBase:
    """Say whether tax earns. Without: what was not refunded earns less its share of the tax."""

    tax: str
    name: ClassVar[str] = "earn_base"
    order: ClassVar[int] = 0
    at_most_one: ClassVar[bool] = True

    @classmethod
    def read(cls, data: Reader) -> "EarnBase":
        """Read `tax`: with or without."""
        return cls(data.choice("tax", ("with", "without"), default="with"))

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        return {"rule": self.name, "tax": self.tax}

    @classmethod
    def combine(cls, rules: Sequence["EarnBase"], tally: Tally) -> None:
        """Take ⌊tax · net ÷ gross⌋ off the base."""
        for rule in rules:
            bill = tally.bill
            off = 0
            if rule.tax == "without" and bill.gross:
                off = bill.tax * bill.net // bill.gross
            tally.base = max(0, bill.net - off)
            reason = "tax_unknown" if rule.tax == "without" and bill.tax_unknown else None
            saw = {"net": bill.net, "gross": bill.gross, "tax": bill.tax, "base": tally.base}
            tally.step(rule, saw, tally.points, reason)


@dataclass(frozen=True, slots=True)
class MinimumSpend:
    """Let a sale earn only from a net amount on, tax inside. The largest of several holds."""

    amount: int
    name: ClassVar[str] = "minimum_spend"
    order: ClassVar[int] = 1
    at_most_one: ClassVar[bool] = False

    @classmethod
    def read(cls, data: Reader) -> "MinimumSpend":
        """Read `amount`, in minor units."""
        return cls(data.whole("amount", 0))

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        return {"rule": self.name, "amount": self.amount}

    @classmethod
    def combine(cls, rules: Sequence["MinimumSpend"], tally: Tally) -> None:
        """Close the tally if the net lies below any of them."""
        for rule in rules:
            below = tally.bill.net < rule.amount
            tally.open = tally.open and not below
            saw = {"net": tally.bill.net, "amount": rule.amount}
            tally.step(rule, saw, 0, "below_minimum" if below else None)


@dataclass(frozen=True, slots=True)
class PointsPerSpend:
    """Award `points` for every whole `per` (minor units) of the base. Several add up.

    Change left over earns nothing. It rounds down, never to nearest, so that nobody earns more
    by splitting one sale into two.
    """

    points: int
    per: int
    name: ClassVar[str] = "points_per_spend"
    order: ClassVar[int] = 2
    at_most_one: ClassVar[bool] = False

    @classmethod
    def read(cls, data: Reader) -> "PointsPerSpend":
        """Read `points` and `per`."""
        return cls(data.whole("points", 1), data.whole("per", 1))

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        return {"rule": self.name, "points": self.points, "per": self.per}

    @classmethod
    def combine(cls, rules: Sequence["PointsPerSpend"], tally: Tally) -> None:
        """Add ⌊base ÷ per⌋ · points of each."""
        for rule in rules:
            steps = tally.base // rule.per if tally.open else 0
            reason = None
            if not steps:
                reason = "less_than_one_step" if tally.open else tally.reason
            saw = {"base": tally.base, "steps": steps}
            tally.step(rule, saw, tally.points + steps * rule.points, reason)
