"""Any rules, any bill: what must hold whatever they say."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from salesarck_domain.rules.award import Award, award
from salesarck_domain.rules.version import RuleVersion, read_rules
from salesarck_domain.sales.sale import Bill

NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)
small = st.integers(0, 30)
positive = st.integers(1, 30)
amounts = st.integers(0, 500)


def one(rule: str, **keys: Any) -> st.SearchStrategy[dict[str, Any]]:  # noqa: ANN401 -- any JSON
    return st.fixed_dictionaries({"rule": st.just(rule), **keys})


rates = one("points_per_spend", points=positive, per=positive)
others = st.one_of(
    one("minimum_spend", amount=amounts),
    one("multiplier", times=st.sampled_from(["0.3", "1.15", "2", "0"])),
    one("multiplier", times=st.just("3"), days=st.just(["tue"])),
    one("fixed_bonus", points=positive),
    one("cap_per_sale", points=amounts),
    one("limit_per_consumer", points=amounts, period=st.sampled_from(["day", "month", "ever"])),
)
rule_sets = st.tuples(st.lists(rates, min_size=1, max_size=3), st.lists(others, max_size=5)).map(
    lambda parts: parts[0] + parts[1]
)


def judged(rules: list[dict[str, Any]], net: int, spent: int = 0) -> Award:
    version = RuleVersion(number=1, rules=read_rules(rules), in_force_from=NOON, published_at=NOON)
    bill = Bill(net=net, gross=net, tax=0, tax_unknown=True, happened_at=NOON, reason=None)
    return award(version, bill, "America/New_York", lambda _: spent)


@given(rule_sets, amounts, small, st.randoms(use_true_random=False))
def test_the_order_in_which_rules_are_written_does_not_matter(
    rules: list[dict[str, Any]],
    net: int,
    spent: int,
    random: Any,  # noqa: ANN401 -- its Random
) -> None:
    shuffled = list(rules)
    random.shuffle(shuffled)
    assert judged(rules, net, spent).points == judged(shuffled, net, spent).points


@given(rule_sets, amounts, small)
def test_the_steps_lead_to_the_points(rules: list[dict[str, Any]], net: int, spent: int) -> None:
    found = judged(rules, net, spent)
    assert found.steps[0].before == 0
    assert all(earlier.after == later.before for earlier, later in pairwise(found.steps))
    assert found.steps[-1].after == found.points
    assert len(found.steps) == len(rules)
    assert (found.reason is None) == (found.points > 0)


@given(rule_sets, amounts, amounts)
def test_who_spends_more_earns_no_less(rules: list[dict[str, Any]], net: int, more: int) -> None:
    assert judged(rules, net).points <= judged(rules, net + more).points


@given(st.lists(rates, min_size=1, max_size=3), amounts, amounts)
def test_nobody_earns_more_by_paying_twice(
    rules: list[dict[str, Any]], first: int, second: int
) -> None:
    apart = judged(rules, first).points + judged(rules, second).points
    assert apart <= judged(rules, first + second).points


@given(rule_sets, amounts, small)
def test_no_cap_and_no_limit_is_passed(rules: list[dict[str, Any]], net: int, spent: int) -> None:
    points = judged(rules, net, spent).points
    for rule in rules:
        if rule["rule"] == "cap_per_sale":
            assert points <= rule["points"]
        if rule["rule"] == "limit_per_consumer":
            assert points <= max(0, rule["points"] - spent)
