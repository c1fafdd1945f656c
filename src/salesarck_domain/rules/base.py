"""Rules: what they see of a sale, how they add up, and how they are read from data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Protocol, Self

from salesarck_domain.errors import Refused
from salesarck_domain.news_codec import is_list
from salesarck_domain.sales.sale import Bill

WHOLE_MAX = 10**12
"""The largest whole number in a rule: beyond it somebody slipped on a key."""

DECISIVE = frozenset(
    {"below_minimum", "less_than_one_step", "multiplied_to_nothing", "capped", "limit_reached"}
)
"""Reasons that can be why a whole sale earned nothing. Others explain one step."""

RuleData = Mapping[str, object]
"""A rule as it stands in a version: plain keys, whole numbers and text."""


@dataclass(eq=False)
class RulesInvalid(Refused):
    """A rule set that breaks the table of rules."""

    what: str
    code: ClassVar[str] = "rules_invalid"

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Step:
    """One rule considered: what it saw, the points before and after, and why if it gave nothing."""

    rule: RuleData
    saw: Mapping[str, object]
    before: int
    after: int
    reason: str | None = None


@dataclass(slots=True)
class Tally:
    """A sale on its way through the rules, in integers.

    `base` is the money that earns, `points` what it has earned so far; `open` turns false when a
    rule says that the sale earns nothing. `reason` names the rule that brought it to zero.
    """

    bill: Bill
    day: date
    worth_of_others: Callable[[str], int]
    base: int
    points: int = 0
    open: bool = True
    reason: str | None = None
    steps: list[Step] = field(default_factory=list[Step])

    def step(
        self, rule: "Rule", saw: Mapping[str, object], after: int, reason: str | None = None
    ) -> None:
        """Write down what a rule did to the points."""
        self.steps.append(Step(rule.as_data(), saw, self.points, after, reason))
        if after == 0 and reason in DECISIVE and (self.points > 0 or self.reason is None):
            self.reason = reason
        self.points = after


class Rule(Protocol):
    """One kind of rule. `order` is its place in the combination, `name` its word in a version."""

    name: ClassVar[str]
    order: ClassVar[int]
    at_most_one: ClassVar[bool]

    @classmethod
    def read(cls, data: "Reader") -> Self:
        """Read the keys of one rule.

        Raises:
            RulesInvalid: they break the table.
        """
        ...

    def as_data(self) -> RuleData:
        """The rule as it stands in a version."""
        ...

    @classmethod
    def combine(cls, rules: Sequence[Self], tally: Tally) -> None:
        """Let all rules of this kind in a version speak, in their written order."""
        ...


@dataclass(slots=True)
class Reader:
    """Takes the keys of one rule out of its data, and complains about what is left over."""

    data: RuleData
    taken: set[str] = field(default_factory=set[str])

    def whole(self, key: str, at_least: int) -> int:
        """Take a whole number."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RulesInvalid(f"{self.name}: {key} is a whole number, got {value!r}")
        if not at_least <= value <= WHOLE_MAX:
            raise RulesInvalid(f"{self.name}: {key} is at least {at_least}, got {value}")
        return value

    def text(self, key: str, default: str | None = None) -> str | None:
        """Take a text, or its default where the key is left out."""
        value = self._take(key) if key in self.data or default is None else default
        if not isinstance(value, str):
            raise RulesInvalid(f"{self.name}: {key} is text, got {value!r}")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """Take one of a few words."""
        value = self.text(key, default)
        allowed = list(choices)
        if value not in allowed:
            raise RulesInvalid(f"{self.name}: {key} is one of {', '.join(allowed)}, got {value!r}")
        return value

    def day(self, key: str) -> date | None:
        """Take a date such as 2026-03-02, or nothing."""
        if key not in self.data:
            return None
        text = self.text(key)
        try:
            found = date.fromisoformat(text or "")
        except ValueError as wrong:
            raise RulesInvalid(f"{self.name}: {key} is a date like 2026-03-02") from wrong
        if found.isoformat() != text:
            raise RulesInvalid(f"{self.name}: {key} is a date like 2026-03-02")
        return found

    def words(self, key: str, choices: Sequence[str]) -> tuple[str, ...]:
        """Take a list of a few words, or nothing."""
        if key not in self.data:
            return ()
        value = self._take(key)
        if not is_list(value) or not value:
            raise RulesInvalid(f"{self.name}: {key} is a list with at least one of {choices}")
        found = tuple(str(word) for word in value)
        if any(word not in choices for word in found):
            raise RulesInvalid(f"{self.name}: {key} holds only {', '.join(choices)}")
        return found

    def finish(self) -> None:
        """Refuse keys that nobody asked for."""
        unknown = sorted(set(self.data) - self.taken - {"rule"})
        if unknown:
            raise RulesInvalid(f"{self.name} has no {', '.join(unknown)}")

    @property
    def name(self) -> str:
        """The rule's word, for messages."""
        return str(self.data.get("rule"))

    def _take(self, key: str) -> object:
        self.taken.add(key)
        if key not in self.data:
            raise RulesInvalid(f"{self.name} needs {key}")
        return self.data[key]
