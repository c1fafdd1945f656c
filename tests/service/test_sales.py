"""A merchant's sales: what was paid, whose they are, what they earned, and why nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from salesarck_domain.deeds import TellNews
from salesarck_domain.news import News, SaleNews, TenderState, TillCustomer
from salesarck_domain.testing.examples import CAFE, NOON, PEPPERS, POINT_PER_DOLLAR, paid, refunded
from salesarck_domain.use_cases.rules import Publish
from salesarck_domain.use_cases.sales import RecordNews
from tests.service.desk import ADA, OWNER, STRANGER, Desk

SALES = f"/v1/merchant/tenants/{CAFE.id}/sales"
HERS = TillCustomer(phone=ADA)
Told = dict[str, Any]


async def tell(desk: Desk, *news: News) -> None:
    record = RecordNews(desk.store.begin, desk.clock, desk.push, PEPPERS)
    await record(CAFE.id, [TellNews(provider="square", news=item) for item in news])


async def read(desk: Desk, query: str = "") -> Told:
    answer = await desk.ask("GET", f"{SALES}?{query}", OWNER)
    assert answer.status_code == 200, answer.text
    told: Told = answer.json()
    return told


async def names(desk: Desk, query: str = "") -> list[str]:
    return [sale["name"] for sale in (await read(desk, query))["sales"]]


def dollars(amount: float) -> Told:
    return {"minor_units": round(amount * 100), "currency": "USD"}


async def open_shop(desk: Desk) -> None:
    await Publish(desk.store.begin, lambda: NOON - timedelta(days=1))(
        CAFE.id, POINT_PER_DOLLAR, "x", uuid4()
    )


async def test_a_sale_shows_what_was_paid_given_back_and_earned(desk: Desk) -> None:
    await open_shop(desk)
    card = replace(paid("P1", 10, order="O", customer=HERS), tip=150, tax=80)
    cash = replace(paid("P2", 5, order="O", at=NOON + timedelta(seconds=1)), tax=None)
    pending = replace(refunded("R2", "P1", 3), state=TenderState.PENDING)
    await tell(desk, card, cash, refunded("R1", "P1", 4), pending)
    (sale,) = (await read(desk))["sales"]
    assert (sale["state"], sale["name"], sale["unclaimed"]) == ("completed", "order:O", False)
    assert (sale["gross"], sale["net"]) == (dollars(15), dollars(11))
    assert (sale["tax"], sale["tax_unknown"], sale["tip"]) == (dollars(0.8), True, dollars(1.5))
    assert (sale["worth"], sale["reason"]) == (11, None)
    assert sale["consumer"] == str(desk.people[ADA])
    assert [step["after"] for step in sale["award"]["steps"]] == [11]
    first, second = sale["tenders"]
    assert (first["reference"], first["kind"], first["state"]) == ("P1", "card", "completed")
    assert (first["spend"], first["tip"], first["tax"]) == (dollars(10), dollars(1.5), dollars(0.8))
    assert first["refunded"] == dollars(4)
    assert [(found["reference"], found["state"]) for found in first["refunds"]] == [
        ("R1", "completed"),
        ("R2", "pending"),
    ]
    assert first["refunds"][0]["amount"] == dollars(4)
    assert (second["reference"], second["tax"], second["refunds"]) == ("P2", None, [])
    one = await desk.ask("GET", f"{SALES}/{sale['id']}", OWNER)
    assert one.json() == sale


PENDING = replace(paid("P", 5, customer=HERS), state=TenderState.PENDING)
VOID = replace(paid("P", 5, customer=HERS), state=TenderState.VOID)
FAILED = replace(paid("P", 5, customer=HERS), state=TenderState.FAILED)
YEN = replace(paid("P", 5, customer=HERS), currency="JPY")
TEST = replace(paid("P", 5, customer=HERS), test=True)
EARLY = paid("P", 5, customer=HERS, at=NOON - timedelta(days=9))


@pytest.mark.parametrize(
    ("news", "reason", "state"),
    [
        ((paid("P", 5),), "unclaimed", "completed"),
        ((paid("P", 5, customer=HERS), refunded("R", "P", 5)), "fully_refunded", "completed"),
        ((PENDING,), "not_completed", "pending"),
        ((VOID,), "void", "void"),
        ((FAILED,), "void", "failed"),
        ((YEN,), "other_currency", "completed"),
        ((TEST,), "test_sale", "completed"),
        ((EARLY,), "no_rule_in_force", "completed"),
    ],
    ids=lambda told: told if isinstance(told, str) else "",
)
async def test_a_sale_that_earned_nothing_says_why(
    desk: Desk, news: Sequence[News], reason: str, state: str
) -> None:
    await open_shop(desk)
    await tell(desk, *news)
    (sale,) = (await read(desk))["sales"]
    assert (sale["reason"], sale["worth"], sale["state"]) == (reason, 0, state)
    tender = next(told for told in news if isinstance(told, SaleNews))
    assert sale["tenders"][0]["spend"] == {"minor_units": 500, "currency": tender.currency}


async def test_sales_are_sifted_by_owner_and_by_having_none(desk: Desk) -> None:
    await open_shop(desk)
    await tell(desk, paid("hers", 5, customer=HERS), paid("lost", 5))
    assert await names(desk, f"owner={desk.people[ADA]}") == ["payment:hers"]
    assert await names(desk, f"owner={desk.people[STRANGER]}") == []
    assert await names(desk, "unclaimed=true") == ["payment:lost"]
    assert sorted(await names(desk)) == ["payment:hers", "payment:lost"]


@pytest.mark.parametrize("sieve", ["", "unclaimed=true&", "owner={ada}&"], ids=lambda told: told)
async def test_pages_hold_still_while_sales_come_in(desk: Desk, sieve: str) -> None:
    await open_shop(desk)
    customer = None if "unclaimed" in sieve else HERS
    there = [paid(f"P{n}", 5, customer=customer, at=NOON + timedelta(seconds=n)) for n in range(12)]
    await tell(desk, *there)
    query = sieve.format(ada=desk.people[ADA]) + "limit=5"
    seen, page = list[str](), await read(desk, query)
    coming = 0
    while True:
        seen += [sale["name"] for sale in page["sales"]]
        if page["next"] is None:
            break
        late = [
            paid(f"late {coming}-{n}", 5, customer=customer, at=NOON + timedelta(hours=coming + 1))
            for n in range(3)
        ]
        coming += 1
        page, _ = await asyncio.gather(
            read(desk, f"{query}&cursor={page['next']}"), tell(desk, *late)
        )
    old = [name for name in seen if "late" not in name]
    assert sorted(old) == sorted(f"payment:P{n}" for n in range(12))
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("query", ["owner=x", "unclaimed=perhaps", "limit=0", "limit=201"])
async def test_a_sieve_that_means_nothing_is_told_so(desk: Desk, query: str) -> None:
    answer = await desk.ask("GET", f"{SALES}?{query}", OWNER)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
