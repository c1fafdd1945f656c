"""Sixteen and more connections at one wallet, one code, one delivery: on a real Postgres."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.deeds import TellNews
from salesarck_domain.ledger.wallet import InsufficientPoints
from salesarck_domain.redemption.code import CodeAlreadyRedeemed, CodeExpired, CodeUnknown
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    CAFE,
    PEPPERS,
    paid,
    refunded,
)
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.codes import WRONG_TRIES_MAX, Shown, TillLocked
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.replay import Replay
from salesarck_domain.use_cases.wallets import RunTimetable
from tests.contract.store.shop import ADAS, CONNECTIONS, Shop, open_shop
from tests.postgres import Database

RACERS = CONNECTIONS
JUST_BEFORE = timedelta(microseconds=1)


@pytest.fixture
async def shop(database: Database) -> AsyncGenerator[Shop]:
    """After every race the books hold, and the history can be applied again."""
    async with open_shop(database) as shop:
        yield shop
        store, again = shop.store, MemoryStore()
        assert await VerifyBooks(store.books, store.directory)() == []
        assert await Replay(store, store.directory, again, again.directory)() == []


async def test_from_all_sides_a_wallet_gives_what_it_holds_and_no_more(shop: Shop) -> None:
    await shop.grant(100)
    asked = [shop.issue(number, 10) for number in range(RACERS)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, Shown) for each in found) == 10
    assert sum(isinstance(each, InsufficientPoints) for each in found) == RACERS - 10
    assert await shop.balance() == 0


async def test_one_code_at_all_tills_is_honoured_by_one(shop: Shop) -> None:
    await shop.grant(10)
    code = await shop.issue(1, 10)
    asked = [
        shop.desk().redeem(CAFE.id, code.text, f"till {number}", f"cashier {number}")
        for number in range(RACERS)
    ]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, CodeAlreadyRedeemed) for each in found) == RACERS - 1


async def test_a_burst_of_wrong_codes_gets_no_more_tries_than_one_after_another(
    shop: Shop,
) -> None:
    asked = [
        shop.desk().redeem(CAFE.id, f"2222-22{number:02}", "T1", f"cashier {number}")
        for number in range(22, 22 + RACERS)
    ]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, CodeUnknown) for each in found) == WRONG_TRIES_MAX
    assert sum(isinstance(each, TillLocked) for each in found) == RACERS - WRONG_TRIES_MAX


async def test_a_code_that_runs_out_while_it_is_redeemed_ends_one_way(shop: Shop) -> None:
    await shop.grant(100)
    codes = [await shop.issue(number, 10) for number in range(10)]
    ends_at = codes[0].code.expires_at
    late = [RunTimetable(shop.store, lambda: ends_at, MemoryPush())() for _ in range(6)]
    in_time = [
        shop.desk(ends_at - JUST_BEFORE).redeem(CAFE.id, code.text, f"till {n}", f"cashier {n}")
        for n, code in enumerate(codes)
    ]
    found = await asyncio.gather(*in_time, *late, return_exceptions=True)
    won = sum(not isinstance(each, BaseException) for each in found[: len(codes)])
    lost = [each for each in found[: len(codes)] if isinstance(each, BaseException)]
    assert all(isinstance(each, CodeExpired) for each in lost), lost
    assert not any(isinstance(each, BaseException) for each in found[len(codes) :]), found
    shop.now = ends_at
    assert await shop.balance() == 10 * (len(codes) - won)


async def test_one_delivery_at_all_workers_earns_once(shop: Shop) -> None:
    await Prove(shop.store.begin, shop.store.directory, shop.clock, MemoryPush(), PEPPERS)(
        ADA, [ADAS_PHONE], [CAFE.id]
    )
    deed = TellNews(provider="square", news=paid("P1", 25, customer=ADAS))
    await asyncio.gather(*(shop.tell(deed) for _ in range(RACERS)))
    assert await shop.kinds() == ["earn"]
    assert await shop.balance() == 25


async def test_a_refund_told_beside_its_sale_is_not_forgotten(shop: Shop) -> None:
    await Prove(shop.store.begin, shop.store.directory, shop.clock, MemoryPush(), PEPPERS)(
        ADA, [ADAS_PHONE], [CAFE.id]
    )
    told = [
        TellNews(provider="square", news=news)
        for number in range(RACERS // 2)
        for news in (paid(f"P{number}", 20, customer=ADAS), refunded(f"R{number}", f"P{number}", 5))
    ]
    await asyncio.gather(*(shop.tell(deed) for deed in told))
    assert await shop.balance() == 15 * (RACERS // 2)


async def test_who_joins_beside_a_sale_has_it(shop: Shop) -> None:
    prove = Prove(shop.store.begin, shop.store.directory, shop.clock, MemoryPush(), PEPPERS)
    told = [
        TellNews(provider="square", news=paid(f"P{number}", 10, customer=ADAS))
        for number in range(RACERS)
    ]
    joined = prove(ADA, [ADAS_PHONE], [CAFE.id])
    await asyncio.gather(*(shop.tell(deed) for deed in told), joined)
    while await prove.claim_leftovers():
        pass
    assert await shop.balance() == 10 * RACERS
