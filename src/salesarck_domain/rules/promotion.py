"""Rules that hold for a while: multipliers and bonuses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import ClassVar

from salesarck_domain.rules.base import Reader, RuleData, RulesInvalid, Tally
from salesarck_domain.rules.window import Window

DECIMAL = re.compile(r"[0-9]{1,6}(\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Multiplier:
    """Multiply the points by an exact decimal. Several that apply are multiplied together first."""

    times: str
    window: Window
    name: ClassVar[str] = "multiplier"
    order: ClassVar[int] = 3
    at_most_one: ClassVar[bool] = False

    @classmethod
    def read(cls, data: Reader) -> "Multiplier":
        """Read `times` (decimal text) and a window."""
        times = data.text("times") or ""
        if not DECIMAL.fullmatch(times):
            raise RulesInvalid(f"multiplier: times is decimal text such as 1.5, got {times!r}")
        return cls(times, Window.read(data))

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        return {"rule": self.name, "times": self.times, **self.window.as_data()}

    @classmethod
    def combine(cls, rules: Sequence["Multiplier"], tally: Tally) -> None:
        """Multiply exactly by all that apply, then round down once, at the last of them."""
        exact = Fraction(tally.points)
        for rule in rules:
            applies = rule.window.holds(tally.day)
            exact *= Fraction(rule.times) if applies else 1
            saw = {"day": tally.day.isoformat(), "applies": applies, "exact": str(exact)}
            after = floor(exact) if rule is rules[-1] else tally.points
            reason = None if applies else "outside_window"
            if applies and after == 0 and tally.points:
                reason = "multiplied_to_nothing"
            tally.step(rule, saw, after, reason)


@dataclass(frozen=True, slots=True)
class FixedBonus:
    """Add points to a sale that earns anything at all. Several add up."""

    points: int
    window: Window
    name: ClassVar[str] = "fixed_bonus"
    order: ClassVar[int] = 4
    at_most_one: ClassVar[bool] = False

    @classmethod
    def read(cls, data: Reader) -> "FixedBonus":
        """Read `points` and a window."""
        return cls(data.whole("points", 1), Window.read(data))

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        return {"rule": self.name, "points": self.points, **self.window.as_data()}

    @classmethod
    def combine(cls, rules: Sequence["FixedBonus"], tally: Tally) -> None:
        """Add each that applies, if the sale earned before any of them spoke."""
        earns = tally.points > 0
        for rule in rules:
            applies = rule.window.holds(tally.day)
            reason = None if applies else "outside_window"
            if applies and not earns:
                reason = "earns_nothing"
            saw = {"day": tally.day.isoformat(), "applies": applies, "earns": earns}
            added = rule.points if applies and earns else 0
            tally.step(rule, saw, tally.points + added, reason)
