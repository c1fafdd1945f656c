"""Any story, however odd: the domain and a reader who shares no code with it tell the same end."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from tests.stories.ask_both import as_interpreted, what_the_domain_says

BEGIN = datetime(2026, 3, 2, 18, tzinfo=UTC)
PEOPLE = {"ada": ("+15555550123", "ada@example.test", "T1"), "ben": ("+15555550124", None, "T2")}
ORDERS = {"P1": "O1", "P2": "O1", "P3": "O2", "P4": None}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WAITS = (timedelta(0), MINUTE, 15 * MINUTE, 6 * 60 * MINUTE, DAY, 2 * DAY, 7 * DAY)

people = st.sampled_from(sorted(PEOPLE))
points = st.sampled_from([1, 5, 10, 25])
amounts = st.sampled_from([2500, 2500, 1000, 1050, 100, 0])
ago = st.sampled_from([timedelta(0), -2 * MINUTE, MINUTE, 8 * 60 * MINUTE, DAY, 3 * DAY, 40 * DAY])
days = st.sampled_from([0, 1, 2, 5])
windows = st.sampled_from(
    [{}, {"days": ["mon"]}, {"from": "2026-03-03"}, {"from": "2026-03-01", "to": "2026-03-02"}]
)


def one(rule: str, **keys: Any) -> st.SearchStrategy[dict[str, Any]]:  # noqa: ANN401 -- any JSON
    return st.fixed_dictionaries({"rule": st.just(rule), **keys})


def windowed(rules: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda rule, window: rule | window, rules, windows)


per_spend = one("points_per_spend", points=st.sampled_from([1, 3]), per=st.sampled_from([100, 250]))
rule_sets = st.tuples(
    st.lists(per_spend, min_size=1, max_size=2),
    st.lists(one("points_expire", days=days), max_size=1),
    st.lists(one("earn_base", tax=st.sampled_from(["with", "without"])), max_size=1),
    st.lists(
        st.one_of(
            st.just({"rule": "cap_per_sale", "points": 1000}),
            st.just({"rule": "limit_per_consumer", "points": 30, "period": "ever"}),
            one("minimum_spend", amount=st.sampled_from([100, 1000])),
            windowed(one("multiplier", times=st.sampled_from(["2", "0.5", "1.15", "0.05"]))),
            windowed(one("fixed_bonus", points=points)),
            one("cap_per_sale", points=points),
            one(
                "limit_per_consumer",
                points=points,
                period=st.sampled_from(["day", "month"]),
            ),
        ),
        max_size=2,
    ),
).map(lambda groups: [rule for group in groups for rule in group])

customers = st.sampled_from(
    [
        None,
        *[{"phone": PEOPLE["ada"][0]}] * 9,
        {"phone": PEOPLE["ben"][0]},
        {"id": "T1"},
        {"id": "T2", "phone": PEOPLE["ada"][0]},
        {"id": "T3", "email": "Ada@Example.test"},
    ]
)
states = st.sampled_from(["completed"] * 12 + ["pending", "void", "failed"])


@st.composite
def sale_news(draw: st.DrawFn) -> dict[str, Any]:
    reference = draw(st.sampled_from(["P1", "P1", "P2", "P2", "P3", "P4"]))
    news = {
        "news": "sale",
        "reference": reference,
        "state": draw(states),
        "spend": draw(amounts),
        "tax": draw(st.sampled_from([None, 0, 80])),
        "refunded": draw(st.sampled_from([0, 0, 0, 100, 5000])),
        "customer": draw(customers),
        "ago": draw(st.sampled_from([MINUTE, MINUTE, timedelta(0), -2 * MINUTE, DAY, 40 * DAY])),
        "later": draw(st.sampled_from([timedelta(0), MINUTE, DAY])),
    }
    if draw(st.booleans()):
        news["order"] = ORDERS[reference]
    return news | draw(st.sampled_from([{}] * 9 + [{"test": True}, {"currency": "EUR"}]))


refunds = st.sampled_from([{"reference": "R1", "sale": "P1"}, {"reference": "R2", "sale": "P2"}])
refund_states = st.fixed_dictionaries(
    {
        "news": st.just("refund"),
        "state": st.sampled_from(["completed", "completed", "pending", "failed"]),
        "amount": st.sampled_from([2500, 1000, 500, 100]),
        "ago": ago,
        "later": st.sampled_from([timedelta(0), MINUTE]),
    }
)
refund_news = st.builds(lambda refund, state: state | refund, refunds, refund_states)
customer_news = st.fixed_dictionaries(
    {
        "news": st.just("customer"),
        "id": st.sampled_from(["T2", "T3"]),
        "phone": st.sampled_from([None, PEOPLE["ada"][0]]),
        "merged_from": st.sampled_from([[], ["T4"]]),
    }
)


def proof(person: str, way: int) -> dict[str, Any]:
    phone, email, customer = PEOPLE[person]
    if way == 0:
        return {"join": {"person": person, "phone": phone}}
    if way == 1 and email:
        return {"join": {"person": person, "phone": phone, "email": email}}
    return {"link": {"person": person, "provider": "square", "customer": customer}}


def saying(verb: str, **said: Any) -> st.SearchStrategy[dict[str, Any]]:  # noqa: ANN401 -- any JSON
    return st.fixed_dictionaries({verb: st.fixed_dictionaries(said)})


codes = st.sampled_from(["C1", "C1", "C2"])
joins = st.builds(proof, people, st.integers(0, 2))
sales = sale_news().map(lambda news: {"news": news})
good_sales = saying(
    "news",
    news=st.just("sale"),
    reference=st.sampled_from(["P1", "P2"]),
    spend=st.sampled_from([2500, 1000, 1050]),
    order=st.just("O1"),
    customer=st.just({"phone": PEOPLE["ada"][0]}),
    ago=st.sampled_from([MINUTE, DAY]),
    later=st.just(timedelta(0)),
)
steps = st.one_of(
    good_sales,
    sales,
    sales,
    sales,
    refund_news.map(lambda news: {"news": news}),
    refund_news.map(lambda news: {"news": news}),
    customer_news.map(lambda news: {"news": news}),
    joins,
    saying("issue", person=st.just("ada"), points=points),
    saying("issue", person=people, points=st.just(1)),
    saying("redeem", code=codes),
    saying("cancel", code=codes),
    saying("grant", person=people, points=points, reason=st.just("why")),
    saying("deduct", person=people, points=points, reason=st.just("why")),
    saying("publish", rules=rule_sets, ago=st.sampled_from([timedelta(0), 10 * DAY, -DAY])),
    saying("retire", force=st.booleans()),
)


def dated(steps: list[tuple[timedelta, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Give the steps their moments, and codes their names."""
    now, codes, told = BEGIN, 0, []
    for wait, step in steps:
        now += wait
        ((verb, said),) = step.items()
        said = dict(said)
        if verb == "issue":
            codes += 1
            said["as"] = f"C{codes}"
        if verb == "publish":
            said["from"] = (now - said.pop("ago")).isoformat()
        if "ago" in said:
            happened = now - said.pop("ago")
            said["happened_at"] = happened.isoformat()
            said["changed_at"] = (happened + said.pop("later")).isoformat()
        told.append({"at": now.isoformat(), verb: said})
    return told


tenants = st.fixed_dictionaries(
    {
        "time_zone": st.sampled_from(["America/New_York", "Asia/Tokyo", "Africa/Cairo"]),
        "claim_days": st.sampled_from([1, 90]),
        "grace_days": st.sampled_from([0, 1, 7]),
    }
)
beginnings = st.tuples(
    saying("publish", rules=rule_sets, ago=st.sampled_from([2 * DAY, 100 * DAY])),
    st.sampled_from([proof("ada", 0), proof("ada", 1)]),
    good_sales,
).map(lambda first: [(timedelta(0), step) for step in first])
told = st.builds(
    lambda first, others: dated(first + others),
    beginnings,
    st.lists(st.tuples(st.sampled_from(WAITS), steps), min_size=3, max_size=15),
)


@given(tenants, told)
def test_any_story_ends_as_an_independent_reader_says(
    tenant: dict[str, Any], steps: list[dict[str, Any]]
) -> None:
    """Entries, owed and expiring are equal after every step; the books hold; a replay is equal."""
    story = as_interpreted({"story": "any", "tenant": tenant, "steps": steps}, sorted(PEOPLE))
    note(json.dumps(story))  # a file to keep, if it fails
    assert asyncio.run(what_the_domain_says(story)) == []
