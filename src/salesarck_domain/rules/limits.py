"""Rules that hold points back: a cap on a sale, a limit on a consumer, an end to points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from salesarck_domain.rules.base import Reader, RuleData, RulesInvalid, Tally

DAYS_MAX = 36_500


@dataclass(frozen=True, slots=True)
class CapPerSale:
    """Let one sale earn no more than this. The smallest of several holds."""

    points: int
    name: ClassVar[str] = "cap_per_sale"
    order: ClassVar[int] = 5
    at_most_one: ClassVar[bool] = False

    @classmethod
    def read(cls, data: Reader) -> "CapPerSale":
        """Read `points`."""
        return cls(data.whole("points", 0))

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        return {"rule": self.name, "points": self.points}

    @classmethod
    def combine(cls, rules: Sequence["CapPerSale"], tally: Tally) -> None:
        """Cut the points to each of them."""
        for rule in rules:
            over = tally.points > rule.points
            after = min(tally.points, rule.points)
            tally.step(rule, {"points": tally.points}, after, "capped" if over else None)


@dataclass(frozen=True, slots=True)
class LimitPerConsumer:
    """Let one consumer earn no more than this in a local day, a local month, or ever.

    What counts against it is what the consumer's other sales of the period are worth now, so a
    refund makes room for later sales; earlier ones are not judged again for it.
    """

    points: int
    period: str
    name: ClassVar[str] = "limit_per_consumer"
    order: ClassVar[int] = 6
    at_most_one: ClassVar[bool] = False

    @classmethod
    def read(cls, data: Reader) -> "LimitPerConsumer":
        """Read `points` and `period`."""
        return cls(data.whole("points", 0), data.choice("period", ("day", "month", "ever")))

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        return {"rule": self.name, "points": self.points, "period": self.period}

    @classmethod
    def combine(cls, rules: Sequence["LimitPerConsumer"], tally: Tally) -> None:
        """Cut the points to the room that each leaves."""
        for rule in rules:
            others = tally.worth_of_others(rule.period)
            room = max(0, rule.points - others)
            over = tally.points > room
            after = min(tally.points, room)
            saw = {"points": tally.points, "others": others, "room": room}
            tally.step(rule, saw, after, "limit_reached" if over else None)


@dataclass(frozen=True, slots=True)
class PointsExpire:
    """End points at the first instant of the local day after (the sale's local date + `days`)."""

    days: int
    name: ClassVar[str] = "points_expire"
    order: ClassVar[int] = 7
    at_most_one: ClassVar[bool] = True

    @classmethod
    def read(cls, data: Reader) -> "PointsExpire":
        """Read `days`: at most a hundred years."""
        days = data.whole("days", 0)
        if days > DAYS_MAX:
            raise RulesInvalid(f"points_expire: days is at most {DAYS_MAX:,}, got {days:,}")
        return cls(days)

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        return {"rule": self.name, "days": self.days}

    @classmethod
    def combine(cls, rules: Sequence["PointsExpire"], tally: Tally) -> None:
        """Note that points end; `ends_at` says when."""
        for rule in rules:
            tally.step(rule, {"day": tally.day.isoformat()}, tally.points)
