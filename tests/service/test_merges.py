"""Merging accounts over HTTP."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.deeds import TellNews
from salesarck_domain.ids import ActId, TenantId, derived
from salesarck_domain.ledger.wallet import WalletFrozen
from salesarck_domain.news import RefundNews, SaleNews, TillCustomer
from salesarck_domain.people import AccountMerge
from salesarck_domain.phone import Phone
from salesarck_domain.testing.examples import (
    BAKERY,
    CAFE,
    PEPPERS,
    POINT_PER_DOLLAR,
    paid,
    refunded,
)
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.contacts import Shown
from salesarck_domain.use_cases.merging import MergeAccounts
from salesarck_domain.use_cases.replay import Replay
from salesarck_domain.use_cases.sales import RecordNews
from tests.service.desk import ADA, ADMIN, CLERK, OWNER, Desk
from tests.service.test_contacts import shown

MERGES = "/v1/consumer/merges"
OTHER = "+12125550191"
WALLET = f"/v1/consumer/wallets/{CAFE.id}"


async def begin(desk: Desk) -> None:
    """Ada has 7 points, and her other account 5, with a code out for 2 of them."""
    rules = f"/v1/merchant/tenants/{CAFE.id}/rules"
    await desk.ask("POST", rules, OWNER, json={"rules": list(POINT_PER_DOLLAR)}, key="rules")
    await desk.sign_in(OTHER)
    await tell(desk, paid("P1", 7, customer=TillCustomer(phone=ADA), at=desk.now))
    await tell(desk, paid("P2", 5, customer=TillCustomer(phone=OTHER), at=desk.now))
    issued = await desk.ask("POST", f"{WALLET}/codes", OTHER, json={"points": 2}, key="code")
    assert issued.status_code == 201, issued.text


async def merge(desk: Desk, mine: str, other: str, key: str = "m", who: str = "") -> httpx.Response:
    told = {"mine": await shown(desk, mine), "other": await shown(desk, other)}
    return await desk.ask("POST", MERGES, who or mine, json=told, key=key)


async def balances(desk: Desk) -> list[int]:
    people = [desk.people[ADA], desk.people[OTHER]]
    return [(await desk.store.books.account(CAFE.id, who)).balance for who in people]


async def test_points_sales_and_what_the_other_phone_earns_go_to_the_survivor(desk: Desk) -> None:
    await begin(desk)
    answer = await merge(desk, ADA, OTHER)
    assert answer.status_code == 201, answer.text
    assert answer.json()["absorbed"] == str(desk.people[OTHER])
    assert await balances(desk) == [12, 0]
    await tell(desk, paid("P3", 3, customer=TillCustomer(phone=OTHER), at=desk.now))
    assert await balances(desk) == [15, 0]
    await tell(desk, refunded("R2", "P2", 5, at=desk.now))
    assert await balances(desk) == [10, 0]
    assert (await desk.ask("GET", WALLET, OTHER)).json()["balance"] == 10
    await holds(desk)


async def test_undone_each_has_what_is_still_there_of_theirs(desk: Desk) -> None:
    await begin(desk)
    merged = (await merge(desk, ADA, OTHER)).json()["id"]
    await tell(desk, refunded("R2", "P2", 1, at=desk.now))
    strange = await desk.ask("DELETE", f"{MERGES}/{merged}", CLERK, key="u")
    assert (strange.status_code, strange.json()["code"]) == (404, "merge_unknown")
    undone = await desk.ask("DELETE", f"{MERGES}/{merged}", ADA, key="u")
    assert undone.status_code == 200, undone.text
    assert await balances(desk) == [7, 4]
    again = await desk.ask("DELETE", f"{MERGES}/{merged}", ADA, key="u2")
    assert again.status_code == 200
    assert await balances(desk) == [7, 4]
    await tell(desk, paid("P3", 3, customer=TillCustomer(phone=OTHER), at=desk.now))
    await tell(desk, refunded("R3", "P2", 1, at=desk.now))
    assert await balances(desk) == [7, 6]
    await holds(desk)


async def test_after_thirty_days_it_stays(desk: Desk) -> None:
    await begin(desk)
    merged = (await merge(desk, ADA, OTHER)).json()["id"]
    desk.now += timedelta(days=30, seconds=1)
    await desk.sign_in(ADA)
    answer = await desk.ask("DELETE", f"{MERGES}/{merged}", ADA, key="u")
    assert (answer.status_code, answer.json()["code"]) == (409, "merge_refused")
    assert await balances(desk) == [12, 0]


async def test_a_merge_takes_a_code_of_each_and_two_accounts(desk: Desk) -> None:
    await begin(desk)
    mine, other = await shown(desk, ADA), await shown(desk, OTHER)
    told = {"mine": mine, "other": {**other, "code": "000000"}}
    wrong = await desk.ask("POST", MERGES, ADA, json=told, key="w")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign_in_code_not_accepted")
    not_mine = await merge(desk, OTHER, ADA, "n", who=ADA)
    assert (not_mine.status_code, not_mine.json()["code"]) == (404, "contact_not_yours")
    nobody = await merge(desk, ADA, "+12125550192", "x")
    assert (nobody.status_code, nobody.json()["code"]) == (409, "merge_refused")
    staff = await merge(desk, ADA, CLERK, "s")
    assert (staff.status_code, staff.json()["code"]) == (409, "merge_refused")
    assert await balances(desk) == [7, 3]


async def test_what_the_other_owes_is_paid_or_stands_in_the_way(desk: Desk) -> None:
    await begin(desk)
    code = await desk.ask("POST", f"{WALLET}/codes", OTHER, json={"points": 3}, key="all")
    typed = {"code": code.json()["code"], "till": "T1"}
    tills = f"/v1/merchant/tenants/{CAFE.id}/redemptions"
    assert (await desk.ask("POST", tills, CLERK, json=typed, key="r")).status_code == 201
    await tell(desk, refunded("R2", "P2", 5, at=desk.now))
    desk.now += timedelta(minutes=16)
    await desk.sign_in(ADA)
    account = await desk.store.books.account(CAFE.id, desk.people[OTHER])
    assert account.owed == 5
    assert (await merge(desk, ADA, OTHER)).status_code == 201
    assert await balances(desk) == [4, 0]
    account = await desk.store.books.account(CAFE.id, desk.people[OTHER])
    assert account.owed == 0
    await holds(desk)


async def test_who_owes_more_than_the_other_holds_is_not_absorbed(desk: Desk) -> None:
    await begin(desk)
    code = await desk.ask("POST", f"{WALLET}/codes", ADA, json={"points": 7}, key="all")
    typed = {"code": code.json()["code"], "till": "T1"}
    tills = f"/v1/merchant/tenants/{CAFE.id}/redemptions"
    assert (await desk.ask("POST", tills, CLERK, json=typed, key="r")).status_code == 201
    await tell(desk, refunded("R1", "P1", 7, at=desk.now))
    refused = await merge(desk, OTHER, ADA)
    assert (refused.status_code, refused.json()["code"]) == (409, "merge_refused")
    assert await desk.store.directory.evidence_of(desk.people[ADA])
    assert (await merge(desk, ADA, OTHER)).status_code == 201
    account = await desk.store.books.account(CAFE.id, desk.people[ADA])
    assert (account.balance, account.owed) == (0, 2)
    await holds(desk)


@pytest.mark.parametrize("whose", [ADA, OTHER])
@pytest.mark.parametrize("tenant", [CAFE.id, BAKERY.id])
async def test_a_frozen_wallet_is_neither_merged_nor_parted(
    desk: Desk, whose: str, tenant: TenantId
) -> None:
    await begin(desk)
    if tenant == BAKERY.id:
        assert (await desk.give(1, OTHER, tenant)).status_code == 201
    assert (await stop(desk, f"tenants/{tenant}/consumers", whose, "freeze")).status_code == 200
    for key in ("one", "two"):
        refused = await merge(desk, ADA, OTHER, key)
        assert (refused.status_code, refused.json()["code"]) == (409, "wallet_frozen")
        assert await balances(desk) == [7, 3]
    assert await desk.store.directory.evidence_of(desk.people[OTHER])
    assert (await stop(desk, f"tenants/{tenant}/consumers", whose, "unfreeze")).status_code == 200
    merged = await merge(desk, ADA, OTHER, "three")
    assert merged.status_code == 201
    await freeze(desk, tenant, whose, frozen=True)
    undo = f"{MERGES}/{merged.json()['id']}"
    refused = await desk.ask("DELETE", undo, ADA, key="u")
    assert (refused.status_code, refused.json()["code"]) == (409, "wallet_frozen")
    assert await balances(desk) == [12, 0]
    assert await desk.store.directory.evidence_of(desk.people[OTHER]) == []
    await freeze(desk, tenant, whose, frozen=False)
    assert (await desk.ask("DELETE", undo, ADA, key="u2")).status_code == 200
    assert await balances(desk) == [7, 5]
    await holds(desk)


async def test_an_empty_frozen_wallet_is_not_left_behind(desk: Desk) -> None:
    await begin(desk)
    where = f"tenants/{BAKERY.id}/consumers"
    assert (await stop(desk, where, OTHER, "freeze")).status_code == 200
    assert (await merge(desk, ADA, OTHER)).json()["code"] == "wallet_frozen"


@pytest.mark.parametrize("tenant", [CAFE.id, BAKERY.id])
async def test_frozen_between_the_look_and_the_work_a_merge_goes_on_afterwards(
    desk: Desk, tenant: TenantId
) -> None:
    await begin(desk)
    survivor, absorbed = desk.people[ADA], desk.people[OTHER]
    act = ActId(derived(desk.now, "merge"))
    made = AccountMerge(id=act, absorbed=absorbed, survivor=survivor, at=desk.now)
    await desk.store.directory.merge_accounts(made)
    await freeze(desk, tenant, OTHER, frozen=True)
    again = MergeAccounts(
        desk.parts.identity, desk.store.directory, desk.store, desk.clock, MemoryPush()
    )
    told = Shown(Phone(ADA), ""), Shown(Phone(OTHER), "")
    with pytest.raises(WalletFrozen):
        await again(survivor, *told, act)
    async with desk.store.begin(tenant) as work:
        assert await work.people.merge(act) is None
    await freeze(desk, tenant, OTHER, frozen=False)
    assert await again(survivor, *told, act) == made
    assert await balances(desk) == [12, 0]
    await holds(desk)


async def test_a_suspended_account_is_not_absorbed(desk: Desk) -> None:
    await begin(desk)
    assert (await stop(desk, "people", OTHER, "suspend")).status_code == 200
    refused = await merge(desk, ADA, OTHER)
    assert (refused.status_code, refused.json()["code"]) == (409, "merge_refused")
    assert await balances(desk) == [7, 3]


async def stop(desk: Desk, where: str, whose: str, what: str) -> httpx.Response:
    path = f"/v1/admin/{where}/{desk.people[whose]}/{what}"
    return await desk.ask("POST", path, ADMIN, json={"reason": "fraud"}, key=str(uuid4()))


async def freeze(desk: Desk, tenant: TenantId, whose: str, *, frozen: bool) -> None:
    """Freeze as the store does: nobody's proof leads to an absorbed account any more."""
    async with desk.store.begin(tenant) as work:
        await work.wallets.lock([desk.people[whose]])
        await work.wallets.freeze(desk.people[whose], frozen=frozen)


async def tell(desk: Desk, news: SaleNews | RefundNews) -> None:
    deed = TellNews(provider="square", news=news)
    await RecordNews(desk.store.begin, desk.clock, MemoryPush(), PEPPERS)(CAFE.id, [deed])


async def holds(desk: Desk) -> None:
    again = MemoryStore()
    verify = VerifyBooks(desk.store.books, desk.store.directory)
    replay = Replay(desk.store, desk.store.directory, again, again.directory)
    assert [str(each) for each in [*await verify(), *await replay()]] == []
