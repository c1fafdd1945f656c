"""Merged and parted again with nothing in between, two wallets are as if nothing had been."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.deeds import MergeWallets, UndoMerge
from salesarck_domain.ids import ActId, ConsumerId, derived
from salesarck_domain.ledger.wallet import By, Cause, Wallet
from salesarck_domain.testing.examples import ADA, CAFE, DAY, GRACE, NOON
from salesarck_domain.testing.store.bench import GRACE_TIME, TILL, code_called
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.merging import merge, undo_merge

MERGE, UNDO = (ActId(derived(NOON, name)) for name in ("merge", "undo"))

people = st.sampled_from([ADA, GRACE])
earnings = st.tuples(people, st.integers(1, 9), st.none() | st.integers(1, 3))
spendings = st.tuples(people, st.integers(1, 9))


def earn(wallet: Wallet, number: int, points: int, days: int | None) -> None:
    ends_at = None if days is None else NOON + days * DAY
    wallet.earn(points, Cause(f"sale:{number}:1", NOON), TILL, ends_at, GRACE_TIME)


def spend(wallet: Wallet, points: int) -> None:
    if points <= wallet.balance:
        wallet.deduct(points, Cause(f"act:{wallet.consumer}:{wallet.seq}", NOON), TILL)


async def lots(store: MemoryStore, who: ConsumerId) -> Counter[datetime | None]:
    """How many points a wallet holds with each end."""
    account = await store.books.account(CAFE.id, who)
    found = Counter[datetime | None]()
    for lot in account.lots:
        found[lot.ends_at] += lot.remaining
    assert found.total() == account.balance
    return found


@given(earned=st.lists(earnings, max_size=6), spent=st.lists(spendings, max_size=3))
async def test_merge_then_undo(
    earned: Sequence[tuple[ConsumerId, int, int | None]],
    spent: Sequence[tuple[ConsumerId, int]],
) -> None:
    store = MemoryStore()
    await store.directory.add_tenant(CAFE)
    async with store.begin(CAFE.id) as work:
        wallets = await work.wallets.lock([ADA, GRACE])
        for number, (who, points, days) in enumerate(earned):
            earn(wallets[who], number, points, days)
        for who, points in spent:
            spend(wallets[who], points)
        await work.wallets.append(wallets.values())
    before = [await lots(store, who) for who in (ADA, GRACE)]
    by = By("person", NOON + timedelta(hours=1))
    async with store.begin(CAFE.id, alone=True) as work:
        await merge(work, MergeWallets(absorbed=GRACE, survivor=ADA, id=MERGE), by)
    assert await lots(store, ADA) == before[0] + before[1]
    assert await lots(store, GRACE) == Counter()
    async with store.begin(CAFE.id, alone=True) as work:
        await undo_merge(work, UndoMerge(merge=MERGE, id=UNDO), by)
    assert [await lots(store, who) for who in (ADA, GRACE)] == before


@given(points=st.integers(1, 9))
async def test_the_codes_of_the_absorbed_come_back_before(points: int) -> None:
    store = MemoryStore()
    await store.directory.add_tenant(CAFE)
    async with store.begin(CAFE.id) as work:
        wallet = (await work.wallets.lock([GRACE]))[GRACE]
        earn(wallet, 1, points, None)
        wallet.issue(code_called("a", points, who=GRACE), TILL)
        await work.wallets.append([wallet])
    async with store.begin(CAFE.id, alone=True) as work:
        deed = MergeWallets(absorbed=GRACE, survivor=ADA, id=MERGE)
        await merge(work, deed, By("person", NOON))
    assert await lots(store, ADA) == Counter({None: points})


@given(days=st.none() | st.integers(1, 3), undone=st.booleans())
async def test_a_merge_that_changes_when_points_end_is_named(
    days: int | None, *, undone: bool
) -> None:
    store = MemoryStore()
    await store.directory.add_tenant(CAFE)
    async with store.begin(CAFE.id) as work:
        wallet = (await work.wallets.lock([GRACE]))[GRACE]
        earn(wallet, 1, 5, days)
        await work.wallets.append([wallet])
    by = By("person", NOON + timedelta(hours=1))
    async with store.begin(CAFE.id, alone=True) as work:
        await merge(work, MergeWallets(absorbed=GRACE, survivor=ADA, id=MERGE), by)
    if undone:
        async with store.begin(CAFE.id, alone=True) as work:
            await undo_merge(work, UndoMerge(merge=MERGE, id=UNDO), by)
    assert await brought_other_lots(store) == set()
    shelf = store.books.room.shelf(CAFE.id)
    owner, act = (GRACE, UNDO) if undone else (ADA, MERGE)
    kept = shelf.wallets[owner]
    wrong = {lot.id: replace(lot, ends_at=NOON + 9 * DAY) for lot in kept.open_lots}
    shelf.wallets[owner] = replace(kept, lots={**kept.lots, **wrong})
    assert await brought_other_lots(store) == {f"tenant {CAFE.id} act:{act}"}


async def brought_other_lots(store: MemoryStore) -> set[str]:
    found = await VerifyBooks(store.books, store.directory)()
    return {it.where for it in found if it.what == "a merge brought other lots than it took"}
