"""Rule versions: a tenant's whole rule set, frozen, numbered, and in force from a moment."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar

from salesarck_domain.errors import Refused
from salesarck_domain.news_codec import is_list, is_object
from salesarck_domain.rules import RULES
from salesarck_domain.rules.base import Reader, Rule, RulesInvalid
from salesarck_domain.rules.limits import LimitPerConsumer

RULES_MAX = 200


@dataclass(eq=False)
class LastRuleVersion(Refused):
    """Retiring the version in force would leave the tenant without rules."""

    number: int
    code: ClassVar[str] = "last_rule_version"

    def __str__(self) -> str:
        return (
            f"version {self.number} is the one in force; "
            "publish another, or say that no rules are wanted"
        )


@dataclass(eq=False)
class NoRuleVersion(Refused):
    """There is nothing in force to retire."""

    code: ClassVar[str] = "no_rule_version"

    def __str__(self) -> str:
        return "no rules are in force, so there are none to retire"


def read_rules(data: object) -> tuple[Rule, ...]:
    """Read a rule set from plain data.

    Raises:
        RulesInvalid: it breaks the table of rules.
    """
    if not is_list(data):
        raise RulesInvalid("rules are a list")
    if len(data) > RULES_MAX:
        raise RulesInvalid(f"a version has at most {RULES_MAX} rules, got {len(data)}")
    rules = tuple(_read_rule(rule) for rule in data)
    names = [rule.name for rule in rules]
    if "points_per_spend" not in names:
        raise RulesInvalid("a version has at least one points_per_spend")
    for name, kind in RULES.items():
        if kind.at_most_one and names.count(name) > 1:
            raise RulesInvalid(f"a version has at most one {name}")
    return rules


def _read_rule(data: object) -> Rule:
    if not is_object(data):
        raise RulesInvalid(f"a rule is an object with a key `rule`, got {data!r}")
    kind = RULES.get(str(data.get("rule")))
    if kind is None:
        raise RulesInvalid(f"there is no rule {data.get('rule')!r}, only {', '.join(RULES)}")
    reader = Reader(data)
    rule = kind.read(reader)
    reader.finish()
    return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """A frozen rule set. `number` counts the tenant's versions from 1.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> rules = read_rules([{"rule": "points_per_spend", "points": 1, "per": 100}])
    >>> RuleVersion(number=1, rules=rules, in_force_from=noon, published_at=noon).content_hash[:8]
    'f671da8f'
    """

    number: int
    rules: tuple[Rule, ...]
    in_force_from: datetime
    published_at: datetime
    published_by: str = ""

    @property
    def content_hash(self) -> str:
        """SHA-256 over the rules, number and moment (in UTC), as JSON with sorted keys."""
        content = {
            "number": self.number,
            "from": self.in_force_from.astimezone(UTC).isoformat(),
            "rules": [rule.as_data() for rule in self.rules],
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def limits(self) -> Sequence[LimitPerConsumer]:
        """The rules that look at a consumer's other sales."""
        return [rule for rule in self.rules if isinstance(rule, LimitPerConsumer)]


@dataclass(frozen=True, slots=True)
class Retirement:
    """From a moment on no version up to a number is in force."""

    at: datetime
    up_to: int


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All versions a tenant ever published, and when it wanted none."""

    versions: tuple[RuleVersion, ...] = ()
    retirements: tuple[Retirement, ...] = ()

    def in_force(self, at: datetime) -> RuleVersion | None:
        """Find the version that a sale of that moment is judged by.

        It is the one that came into force last; of two from one moment the later published.
        """
        begun = (version for version in self.versions if version.in_force_from <= at)
        standing = (version for version in begun if not self._retired(version, at))
        return max(standing, key=lambda found: (found.in_force_from, found.number), default=None)

    def publish(
        self, rules: tuple[Rule, ...], in_force_from: datetime, now: datetime, actor: str = ""
    ) -> RuleVersion:
        """Freeze a rule set as the next version.

        Raises:
            RulesInvalid: it would begin in the past, where other rules were in force.
        """
        if in_force_from < now and (version := self.in_force(in_force_from)):
            raise RulesInvalid(
                f"version {version.number} was in force at {in_force_from.isoformat()}; "
                "rules begin now, later, or in a stretch without any"
            )
        return RuleVersion(
            number=len(self.versions) + 1,
            rules=rules,
            in_force_from=in_force_from,
            published_at=now,
            published_by=actor,
        )

    def retire(self, now: datetime, *, force: bool) -> Retirement:
        """End all rules from now on.

        Raises:
            NoRuleVersion: none is in force.
            LastRuleVersion: one is, and nobody said that no rules are wanted.
        """
        version = self.in_force(now)
        if version is None:
            raise NoRuleVersion
        if not force:
            raise LastRuleVersion(version.number)
        return Retirement(now, len(self.versions))

    def having(self, new: RuleVersion | Retirement) -> "RuleBook":
        """The book with one more entry."""
        if isinstance(new, RuleVersion):
            return replace(self, versions=(*self.versions, new))
        return replace(self, retirements=(*self.retirements, new))

    def _retired(self, version: RuleVersion, at: datetime) -> bool:
        return any(
            retirement.at <= at and version.number <= retirement.up_to
            for retirement in self.retirements
        )
