"""What is proved, and what becomes of the sales that waited for it."""

from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.deeds import TellNews
from salesarck_domain.ids import derived
from salesarck_domain.news import TillCustomer
from salesarck_domain.people import Proof
from salesarck_domain.ports.push import Balance
from salesarck_domain.tenants import TenantState
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    CAFE,
    GRACE,
    NOON,
    PEPPERS,
    POINT_PER_DOLLAR,
    paid,
)
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.rules import Publish
from salesarck_domain.use_cases.sales import RecordNews, Told, outcome_of

ADA_AT_TILL = TillCustomer(phone="+15555550100")


@dataclass
class Waiting:
    """A café where a sale waits for whoever has this phone."""

    store: MemoryStore

    async def publish(self, balance: Balance) -> None:
        self.last = balance

    def clock(self) -> datetime:
        return NOON

    @property
    def prove(self) -> Prove:
        return Prove(self.store.begin, self.store.directory, self.clock, self, PEPPERS)


@pytest.fixture
async def waiting() -> Waiting:
    it = Waiting(MemoryStore())
    await it.store.directory.add_tenant(CAFE)
    publish = Publish(it.store.begin, it.clock)
    await publish(CAFE.id, POINT_PER_DOLLAR, "owner", derived(NOON, "v1"))
    record = RecordNews(it.store.begin, it.clock, it, PEPPERS)
    news = TellNews(provider="square", news=paid("P1", 5, customer=ADA_AT_TILL))
    assert [told.outcome for told in await record(CAFE.id, [news])] == ["unclaimed"]
    return it


async def test_a_proof_claims_wherever_something_waits(waiting: Waiting) -> None:
    await waiting.prove(ADA, [ADAS_PHONE])
    assert (waiting.last.consumer, waiting.last.balance) == (ADA, 5)


async def test_the_first_proof_stands(waiting: Waiting) -> None:
    await waiting.prove(ADA, [ADAS_PHONE])
    await waiting.prove(GRACE, [ADAS_PHONE], [CAFE.id])
    assert (waiting.last.consumer, waiting.last.balance) == (ADA, 5)


async def test_what_a_proof_and_a_delivery_left_behind_is_claimed_later(waiting: Waiting) -> None:
    await waiting.store.directory.prove([Proof(ADAS_PHONE, ADA, NOON)])
    assert await waiting.prove.claim_leftovers() == 1
    assert (waiting.last.consumer, waiting.last.balance) == (ADA, 5)
    assert await waiting.prove.claim_leftovers() == 0


@pytest.mark.parametrize("state", [TenantState.PENDING, TenantState.SUSPENDED])
async def test_nothing_is_claimed_at_a_tenant_that_is_not_active(
    waiting: Waiting, state: TenantState
) -> None:
    await waiting.store.directory.add_tenant(replace(CAFE, state=state))
    await waiting.prove(ADA, [ADAS_PHONE], [CAFE.id])
    assert (await waiting.store.books.account(CAFE.id, ADA)).seq == 0
    await waiting.store.directory.add_tenant(CAFE)
    assert await waiting.prove.claim_leftovers() == 1
    assert (await waiting.store.books.account(CAFE.id, ADA)).balance == 5


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ([], "nothing"),
        (["applied", "applied"], "applied"),
        (["applied", "unclaimed"], "unclaimed"),
        (["unclaimed", "other_currency"], "other_currency"),
        (["other_currency", "test_sale", "applied"], "test_sale"),
    ],
)
def test_a_row_s_outcome_is_what_needs_looking_at(told: list[str], word: str) -> None:
    assert outcome_of([Told(each) for each in told]) == word
