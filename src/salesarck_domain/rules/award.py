"""Awards: what the rules answer for one sale, and how they came to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from salesarck_domain.days import Span, day_of, first_instant, local_date, month_of, zone
from salesarck_domain.errors import Refused
from salesarck_domain.points import POINTS_MAX
from salesarck_domain.rules import RULES
from salesarck_domain.rules.base import Step, Tally
from salesarck_domain.rules.limits import PointsExpire
from salesarck_domain.rules.version import RuleVersion
from salesarck_domain.sales.sale import Bill

EVER = Span(None, None)


@dataclass(eq=False)
class TooManyPoints(Refused):
    """The rules make more of a sale than the books can hold."""

    points: int
    code = "too_many_points"

    def __str__(self) -> str:
        return f"the rules make {self.points:,} points of one sale; publish rules that give less"


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """The points of one sale, with every step that led to them.

    `reason` says why they are zero and is None otherwise; `version` is None where no rules were
    in force; `ends_at` is when the points run out, None for never.
    """

    points: int
    reason: str | None
    version: int | None
    steps: Sequence[Step] = ()
    ends_at: datetime | None = None

    def explain(self) -> dict[str, object]:
        """The award as plain data: what is stored and shown."""
        return {
            "points": self.points,
            "reason": self.reason,
            "version": self.version,
            "ends_at": self.ends_at.isoformat() if self.ends_at else None,
            "steps": [
                {
                    "rule": dict(step.rule),
                    "saw": dict(step.saw),
                    "before": step.before,
                    "after": step.after,
                    "reason": step.reason,
                }
                for step in self.steps
            ],
        }


def period_of(period: str, at: datetime, time_zone: str) -> Span:
    """Name the stretch of time that a limit looks at: a local day, a local month, or ever."""
    spans: Mapping[str, Callable[[], Span]] = {
        "day": lambda: day_of(at, zone(time_zone)),
        "month": lambda: month_of(at, zone(time_zone)),
        "ever": lambda: EVER,
    }
    return spans[period]()


def award(
    version: RuleVersion, bill: Bill, time_zone: str, worth_of_others: Callable[[str], int]
) -> Award:
    """Let a version judge a bill. The moment of the bill and the tenant's zone say which day it is.

    `worth_of_others` answers what the consumer's other sales of a period are worth now.

    Raises:
        TooManyPoints: more points than the books can hold.
    """
    if bill.happened_at is None:
        raise ValueError("a bill without a counting tender has no moment and is not judged")
    where = zone(time_zone)
    day = local_date(bill.happened_at, where)
    tally = Tally(bill=bill, day=day, worth_of_others=worth_of_others, base=bill.net)
    for kind in RULES.values():
        rules = [rule for rule in version.rules if isinstance(rule, kind)]
        if rules:
            kind.combine(rules, tally)
    if tally.points > POINTS_MAX:
        raise TooManyPoints(tally.points)
    return Award(
        points=tally.points,
        reason=None if tally.points else tally.reason or "less_than_one_step",
        version=version.number,
        steps=tally.steps,
        ends_at=ends_at(version, bill.happened_at, time_zone),
    )


def ends_at(version: RuleVersion, happened_at: datetime, time_zone: str) -> datetime | None:
    """Say when the points of a sale of that moment run out under a version, None for never."""
    for rule in version.rules:
        if isinstance(rule, PointsExpire):
            where = zone(time_zone)
            last = local_date(happened_at, where) + timedelta(days=rule.days)
            return first_instant(last + timedelta(days=1), where)
    return None
