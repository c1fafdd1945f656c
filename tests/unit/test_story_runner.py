"""The runner of stories: what is no story fails with a sentence, and so does every wrong word."""

from typing import Any

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.testing.stories import run_story

AT = "2026-03-02T18:00:00Z"
RULES = [{"rule": "points_per_spend", "points": 1, "per": 100}]
JOIN = {"at": AT, "join": {"person": "ada", "email": "ada@example.test"}}


async def played(*steps: Any, **more: Any) -> list[str]:  # noqa: ANN401 -- right or wrong
    store = MemoryStore()
    story = {"story": "test", "steps": list(steps), **more}
    return await run_story(story, store, store.directory)


async def test_a_story_without_steps_passes() -> None:
    assert await played() == []


@pytest.mark.parametrize(
    "story",
    [
        [],
        {"story": "no steps"},
        {"story": "wrong steps", "steps": 7},
        {"story": "a wrong key", "steps": [], "tenant": {"colour": "red"}},
        {"story": "a wrong value", "steps": [], "tenant": {"code_minutes": "ten"}},
        {"story": "a wrong zone", "steps": [], "tenant": {"time_zone": "Nowhere"}},
    ],
)
async def test_what_is_no_story_fails(story: object) -> None:
    store = MemoryStore()
    (failure,) = await run_story(story, store, store.directory)
    assert failure.startswith("not a story: ")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (7, "not in the format"),
        ({"at": AT}, "a step has one verb"),
        ({"at": AT, "sing": {}}, "a step has one verb"),
        ({"at": AT, "join": {}, "retire": {}}, "a step has one verb"),
        ({"at": "soon", "retire": {}}, "not in the format"),
        ({"at": "2026-03-01T00:00:00Z", "retire": {}}, "the clock never goes back"),
        ({"at": AT, "issue": {"person": "ada", "points": "5", "as": "C1"}}, "a whole number"),
        ({"at": AT, "expect": {"person": "ada", "colour": "red"}}, "expect has no colour"),
        ({"at": AT, "expect": {"person": "ada", "balance": 5}}, "balance is 0, told was 5"),
        ({"at": AT, "expect": {"person": "ada", "expiring": [[1, AT]]}}, "expiring is []"),
        ({"at": AT, "books": {"discrepancies": 1}}, "the books have 0 discrepancies"),
        ({"at": AT, "retire": {}}, "refused with no_rule_version"),
        ({"at": AT, "cancel": {"code": "C1"}}, "refused with code_unknown"),
        ({"at": AT, "refused": {"code": "x"}}, "refused names one verb"),
        ({"at": AT, "refused": {"retire": {}, "code": "x"}}, "with no_rule_version, not x"),
        (
            {"at": AT, "refused": {"publish": {"rules": RULES}, "code": "x"}},
            "was not refused, it should be with x",
        ),
        ({"at": AT, "news": {"news": "sale", "reference": "P1", "spend": -1}}, "not in the format"),
    ],
)
async def test_a_wrong_step_says_which_and_why(step: object, said: str) -> None:
    (failure,) = await played(JOIN, step)
    assert failure.startswith("step 2 (2026-03-02T18:00:00Z): ")
    assert said in failure


async def test_news_without_a_ledger_is_told_and_changes_nothing() -> None:
    news = {"news": "unlinked", "by": "merchant"}
    assert await played(JOIN, {"at": AT, "news": news}) == []


async def test_a_till_s_clock_may_be_five_minutes_ahead_and_no_more() -> None:
    """What lies further ahead is told as if it had happened when we heard of it."""
    sale = {"news": "sale", "spend": 100, "customer": {"email": "ada@example.test"}}
    steps = [
        {"at": AT, "news": {**sale, "reference": name, "happened_at": f"2026-03-02T18:{late}Z"}}
        for name, late in (("P1", "05:00"), ("P2", "05:01"))
    ]
    publish = {"at": AT, "publish": {"rules": RULES, "from": "2026-03-02T18:05:00Z"}}
    expect = {"at": AT, "expect": {"person": "ada", "entries": [["earn", 1]]}}
    assert await played(JOIN, publish, *steps, expect) == []
