"""Rules: what the table refuses, and how an award explains itself."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from salesarck_domain.points import POINTS_MAX
from salesarck_domain.rules.award import Award, TooManyPoints, award
from salesarck_domain.rules.base import WHOLE_MAX, RulesInvalid
from salesarck_domain.rules.version import (
    RULES_MAX,
    LastRuleVersion,
    NoRuleVersion,
    Retirement,
    RuleBook,
    RuleVersion,
    read_rules,
)
from salesarck_domain.sales.sale import Bill
from salesarck_domain.testing.examples import DAY, NOON

RATE: dict[str, Any] = {"rule": "points_per_spend", "points": 1, "per": 100}


def judged(
    *rules: dict[str, Any],
    net: int = 10_00,
    tax: int | None = None,
    others: Callable[[str], int] = lambda _: 0,
) -> Award:
    version = RuleVersion(
        number=1, rules=read_rules([RATE, *rules]), in_force_from=NOON, published_at=NOON
    )
    bill = Bill(
        net=net,
        gross=max(net, 1),
        tax=tax or 0,
        tax_unknown=tax is None,
        happened_at=NOON,
        reason=None,
    )
    return award(version, bill, "America/New_York", others)


class TestReading:
    @pytest.mark.parametrize(
        "rule",
        [
            "points_per_spend",
            {},
            {"rule": "points_for_smiles"},
            {"rule": "points_per_spend", "points": 1},
            {"rule": "points_per_spend", "points": 0, "per": 100},
            {"rule": "points_per_spend", "points": 1, "per": 0},
            {"rule": "points_per_spend", "points": 1, "per": -100},
            {"rule": "points_per_spend", "points": True, "per": 100},
            {"rule": "points_per_spend", "points": 1.5, "per": 100},
            {"rule": "points_per_spend", "points": "1", "per": 100},
            {"rule": "points_per_spend", "points": WHOLE_MAX + 1, "per": 100},
            {"rule": "points_per_spend", "points": 1, "per": 100, "tax": "with"},
            {"rule": "earn_base", "tax": "half"},
            {"rule": "earn_base", "tax": None},
            {"rule": "minimum_spend", "amount": -1},
            {"rule": "multiplier"},
            {"rule": "multiplier", "times": 2},
            {"rule": "multiplier", "times": "-2"},
            {"rule": "multiplier", "times": "two"},
            {"rule": "multiplier", "times": "1e3"},
            {"rule": "multiplier", "times": "1."},
            {"rule": "multiplier", "times": "٢"},
            {"rule": "multiplier", "times": "2", "from": "2026-3-2"},
            {"rule": "multiplier", "times": "2", "from": "20260302"},
            {"rule": "multiplier", "times": "2", "from": 20260302},
            {"rule": "multiplier", "times": "2", "from": "2026-03-02", "to": "2026-03-01"},
            {"rule": "multiplier", "times": "2", "days": []},
            {"rule": "multiplier", "times": "2", "days": "mon"},
            {"rule": "multiplier", "times": "2", "days": ["Mon"]},
            {"rule": "fixed_bonus", "points": 0},
            {"rule": "cap_per_sale", "points": -1},
            {"rule": "limit_per_consumer", "points": 1, "period": "week"},
            {"rule": "points_expire", "days": -1},
            {"rule": "points_expire", "days": 36_501},
        ],
    )
    def test_a_rule_that_breaks_the_table_is_refused(self, rule: object) -> None:
        with pytest.raises(RulesInvalid, match=r"\w"):
            read_rules([RATE, rule])

    @pytest.mark.parametrize(
        "rules",
        [
            None,
            {"rules": [RATE]},
            [],
            [{"rule": "cap_per_sale", "points": 5}],
            [RATE, {"rule": "earn_base"}, {"rule": "earn_base"}],
            [RATE, {"rule": "points_expire", "days": 1}, {"rule": "points_expire", "days": 2}],
            [RATE] * (RULES_MAX + 1),
        ],
    )
    def test_a_set_that_breaks_the_table_is_refused(self, rules: object) -> None:
        with pytest.raises(RulesInvalid, match=r"\w"):
            read_rules(rules)

    def test_what_was_read_is_said_as_it_was(self) -> None:
        told = [
            RATE,
            {"rule": "earn_base", "tax": "without"},
            {"rule": "minimum_spend", "amount": 500},
            {"rule": "multiplier", "times": "1.50", "from": "2026-03-01", "days": ["mon", "sun"]},
            {"rule": "fixed_bonus", "points": 5, "to": "2026-03-09"},
            {"rule": "cap_per_sale", "points": 50},
            {"rule": "limit_per_consumer", "points": 90, "period": "month"},
            {"rule": "points_expire", "days": 365},
        ]
        assert [rule.as_data() for rule in read_rules(told)] == told


class TestExplanation:
    @pytest.mark.parametrize(
        ("rules", "reason"),
        [
            ([{"rule": "minimum_spend", "amount": 10_01}], "below_minimum"),
            ([{"rule": "multiplier", "times": "0.09"}], "multiplied_to_nothing"),
            ([{"rule": "cap_per_sale", "points": 0}], "capped"),
            ([{"rule": "limit_per_consumer", "points": 0, "period": "day"}], "limit_reached"),
            (
                [
                    {"rule": "cap_per_sale", "points": 0},
                    {"rule": "limit_per_consumer", "points": 0, "period": "day"},
                ],
                "capped",
            ),
        ],
    )
    def test_a_zero_names_the_rule_that_made_it(
        self, rules: list[dict[str, Any]], reason: str
    ) -> None:
        found = judged(*rules)
        assert (found.points, found.reason) == (0, reason)

    def test_change_that_makes_no_step_says_so(self) -> None:
        assert judged(net=99).reason == "less_than_one_step"

    def test_points_need_no_reason(self) -> None:
        assert judged({"rule": "cap_per_sale", "points": 5}).reason is None

    def test_every_rule_is_listed_with_what_it_saw_and_did(self) -> None:
        found = judged(
            {"rule": "earn_base", "tax": "without"},
            {"rule": "multiplier", "times": "2", "days": ["sun"]},
            {"rule": "multiplier", "times": "2"},
            {"rule": "fixed_bonus", "points": 5, "to": "2026-03-01"},
            {"rule": "fixed_bonus", "points": 5},
            {"rule": "limit_per_consumer", "points": 30, "period": "day"},
            {"rule": "points_expire", "days": 1},
            others=lambda _: 15,
        )
        assert [(s.rule["rule"], s.before, s.after, s.reason) for s in found.steps] == [
            ("earn_base", 0, 0, "tax_unknown"),
            ("points_per_spend", 0, 10, None),
            ("multiplier", 10, 10, "outside_window"),
            ("multiplier", 10, 20, None),
            ("fixed_bonus", 20, 20, "outside_window"),
            ("fixed_bonus", 20, 25, None),
            ("limit_per_consumer", 25, 15, "limit_reached"),
            ("points_expire", 15, 15, None),
        ]
        assert found.steps[-2].saw == {"points": 25, "others": 15, "room": 15}

    def test_a_bonus_for_nothing_says_so(self) -> None:
        steps = judged({"rule": "fixed_bonus", "points": 5}, net=0).steps
        assert steps[-1].reason == "earns_nothing"

    def test_more_than_the_books_hold_is_refused(self) -> None:
        rule = {"rule": "points_per_spend", "points": WHOLE_MAX, "per": 1}
        with pytest.raises(TooManyPoints, match="publish rules that give less"):
            judged(rule, net=POINTS_MAX // WHOLE_MAX + 1)

    def test_a_bill_without_a_moment_is_not_judged(self) -> None:
        version = RuleBook().publish(read_rules([RATE]), NOON, NOON)
        bill = Bill(
            net=0, gross=0, tax=0, tax_unknown=False, happened_at=None, reason="not_completed"
        )
        with pytest.raises(ValueError, match="has no moment"):
            award(version, bill, "UTC", lambda _: 0)


class TestRuleBook:
    rules = read_rules([RATE])

    def published(self, book: RuleBook, since: datetime, now: datetime = NOON) -> RuleBook:
        return book.having(book.publish(self.rules, since, now))

    def test_versions_are_numbered_and_their_content_is_under_their_hash(self) -> None:
        book = self.published(self.published(RuleBook(), NOON), NOON)
        first, second = book.versions
        assert (first.number, second.number) == (1, 2)
        assert len({first.content_hash, second.content_hash}) == 2
        assert first.limits == []

    def test_a_hash_is_of_the_moment_however_its_zone_is_written(self) -> None:
        rules = read_rules([RATE])
        elsewhere = NOON.astimezone(timezone(timedelta(hours=-5)))
        hashes = {
            RuleVersion(number=1, rules=rules, in_force_from=at, published_at=NOON).content_hash
            for at in (NOON, elsewhere)
        }
        assert len(hashes) == 1

    def test_the_last_version_is_guarded(self) -> None:
        with pytest.raises(NoRuleVersion, match="none to retire"):
            RuleBook().retire(NOON, force=True)
        book = self.published(RuleBook(), NOON)
        with pytest.raises(LastRuleVersion, match="version 1 is the one in force"):
            book.retire(NOON, force=False)
        assert book.retire(NOON, force=True) == Retirement(NOON, 1)

    def test_what_was_announced_is_retired_too(self) -> None:
        book = self.published(self.published(RuleBook(), NOON), NOON + DAY)
        retired = book.having(book.retire(NOON, force=True))
        assert retired.in_force(NOON + 2 * DAY) is None
        assert retired.in_force(NOON - timedelta(seconds=1)) is None

    def test_the_past_is_open_only_where_it_is_empty(self) -> None:
        book = self.published(RuleBook(), NOON)
        assert book.publish(self.rules, NOON - DAY, NOON + DAY).number == 2
        with pytest.raises(RulesInvalid, match="was in force"):
            book.publish(self.rules, NOON, NOON + DAY)
