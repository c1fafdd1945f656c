"""Books: each corruption is named, and a replay names the first entry that differs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.memory.shelf import Shelf
from salesarck_domain.deed_codec import deed_as_data, deed_from_data
from salesarck_domain.deeds import ApplyDue, DeductPoints, GrantPoints, TellNews
from salesarck_domain.ids import ActId, CodeId, derived
from salesarck_domain.ledger.entry import LedgerEntry
from salesarck_domain.news import CustomerNews, SaleNews, TillCustomer
from salesarck_domain.ports.push import Balance
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.rules.base import RulesInvalid
from salesarck_domain.sales.sale import Sale
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    CAFE,
    DAY,
    MINUTE,
    NOON,
    PEPPERS,
    TEN_A_DAY,
    paid,
    refunded,
)
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.codes import CodeDesk
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.replay import Replay
from salesarck_domain.use_cases.rules import PreviewSale, Publish, Retire
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_domain.use_cases.wallets import AdjustWallet, RunTimetable

ADA_AT_TILL = TillCustomer(id="T1", phone="+15555550100")
RULES = [*TEN_A_DAY, {"rule": "points_expire", "days": 1}]


@dataclass
class Day:
    """A day at the café in which everything happens that can change a ledger."""

    store: MemoryStore
    now: datetime = NOON
    pushed: list[Balance] = field(default_factory=list)

    async def publish(self, balance: Balance) -> None:
        self.pushed.append(balance)

    def clock(self) -> datetime:
        return self.now

    def id(self, name: str) -> Any:  # noqa: ANN401 -- any of the kinds of ids
        return derived(NOON, name)

    async def pass_by(self) -> None:
        begin, clock = self.store.begin, self.clock
        await self.store.directory.add_tenant(CAFE)
        rules = Publish(begin, clock)
        await rules(CAFE.id, RULES, "owner", self.id("v1"))
        await Prove(begin, self.store.directory, clock, self, PEPPERS)(ADA, [ADAS_PHONE], [CAFE.id])
        await self.tell(CustomerNews(merchant="M1", id="T1", phone="+15555550100"))
        await self.tell(paid("P1", 8, customer=ADA_AT_TILL))
        await self.tell(paid("P2", 8, customer=ADA_AT_TILL))
        await self.tell(refunded("R1", "P1", 3))
        await self.tell(paid("P3", 8))
        adjust = AdjustWallet(begin, clock, self)
        for deed in (
            GrantPoints(consumer=ADA, points=20, id=ActId(self.id("gift"))),
            DeductPoints(consumer=ADA, points=1, id=ActId(self.id("mistake"))),
        ):
            await adjust(CAFE.id, deed, "why", "admin")
        desk = CodeDesk(begin, clock, Peppers({1: bytes(32)}), self)
        texts = [
            (await desk.issue(CAFE.id, ADA, 2, CodeId(self.id(name)))).text
            for name in ("used", "undone", "cancelled", "forgotten")
        ]
        await desk.redeem(CAFE.id, texts[0], "T1", "bob")
        await desk.redeem(CAFE.id, texts[1], "T1", "bob")
        await desk.undo(CAFE.id, CodeId(self.id("undone")), "T1", "bob")
        await desk.cancel(CAFE.id, ADA, CodeId(self.id("cancelled")))
        self.now += 3 * DAY
        await RunTimetable(self.store, clock, self)()
        await Retire(begin, clock)(CAFE.id, "owner", self.id("none"), force=True)

    async def tell(self, news: SaleNews | CustomerNews | Any) -> None:  # noqa: ANN401 -- or a refund
        record = RecordNews(self.store.begin, self.clock, self, PEPPERS)
        await record(CAFE.id, [TellNews(provider="square", news=news)])

    @property
    def shelf(self) -> Shelf:
        return self.store.books.room.shelf(CAFE.id)

    async def verify(self) -> set[str]:
        found = await VerifyBooks(self.store.books, self.store.directory)()
        return {each.kind for each in found}


@pytest.fixture
async def day() -> Day:
    day = Day(MemoryStore())
    await day.pass_by()
    return day


def first_sale(shelf: Shelf) -> Sale:
    return next(sale for sale in shelf.sales.values() if sale.consumer and sale.clawed)


def change_sale(**wrong: Any) -> Callable[[Shelf], None]:  # noqa: ANN401 -- any field
    def stroke(shelf: Shelf) -> None:
        sale = first_sale(shelf)
        for name, value in wrong.items():
            setattr(sale, name, value)

    return stroke


def change_award(**wrong: Any) -> Callable[[Shelf], None]:  # noqa: ANN401 -- any key
    def stroke(shelf: Shelf) -> None:
        first_sale(shelf).award |= wrong

    return stroke


def change_entry(place: int, **wrong: object) -> Callable[[Shelf], None]:
    def stroke(shelf: Shelf) -> None:
        kept = shelf.wallets[ADA]
        entries = list(kept.entries)
        given = {each.name: getattr(entries[place], each.name) for each in fields(LedgerEntry)}
        entries[place] = LedgerEntry.as_recorded(**given | wrong)
        shelf.wallets[ADA] = replace(kept, entries=entries)

    return stroke


def tell_twice(shelf: Shelf) -> None:
    change_entry(1, reference=shelf.wallets[ADA].entries[0].reference)(shelf)


def reward_nobody(shelf: Shelf) -> None:
    for sale in shelf.sales.values():
        if sale.consumer is None:
            sale.worth = 3
            sale.award |= {"points": 3, "steps": []}


def change_lots(**wrong: Any) -> Callable[[Shelf], None]:  # noqa: ANN401 -- any field
    def stroke(shelf: Shelf) -> None:
        for lot in shelf.wallets[ADA].lots.values():
            if lot.sale:
                for name, value in wrong.items():
                    setattr(lot, name, value)

    return stroke


STROKES: Sequence[tuple[str, Callable[[Shelf], object]]] = [
    ("lots", change_lots(ends_at=None)),
    ("lots", change_lots(ends_at=NOON + 9 * DAY)),
    ("lots", change_lots(sale=derived(NOON, "another"))),
    ("sales", change_sale(earned=9)),
    ("sales", change_sale(clawed=9)),
    ("sales", change_sale(posted=9)),
    ("sales", change_sale(consumer=None)),
    ("sales", change_sale(worth=9)),
    ("sales", lambda shelf: shelf.sales.pop(first_sale(shelf).key)),
    ("sales", change_entry(0, reference=f"sale:{derived(NOON, 'nowhere')}:1")),
    ("awards", change_sale(happened_at=NOON + MINUTE)),
    ("awards", change_award(points=9)),
    ("awards", change_award(ends_at=None)),
    ("awards", lambda shelf: first_sale(shelf).tenders.clear()),
    ("awards", reward_nobody),
    ("rules", change_entry(0, rule_version=7)),
    ("reference", tell_twice),
    ("audit", lambda shelf: shelf.notes.clear()),
    ("chain", change_entry(0, actor="nobody")),
]


class TestVerification:
    async def test_what_was_kept_is_right(self, day: Day) -> None:
        assert await day.verify() == set()

    @pytest.mark.parametrize("number", range(len(STROKES)))
    async def test_each_wrong_stroke_is_named(self, day: Day, number: int) -> None:
        kind, stroke = STROKES[number]
        stroke(day.shelf)
        assert kind in await day.verify()


class TestReplay:
    async def replayed(self, day: Day) -> list[str]:
        again = MemoryStore()
        into = Replay(day.store, day.store.directory, again, again.directory)
        return [str(difference) for difference in await into()]

    async def test_everything_done_again_gives_the_same_ledger(self, day: Day) -> None:
        assert await self.replayed(day) == []

    async def test_every_deed_can_be_written_down_and_read(self, day: Day) -> None:
        deeds = [applied.deed for applied in day.shelf.applied.values()]
        assert len({type(deed) for deed in deeds}) == 11
        for deed in deeds:
            assert deed_from_data(deed_as_data(deed)) == deed

    async def test_the_first_entry_that_differs_is_named(self, day: Day) -> None:
        change_entry(1, points=3)(day.shelf)
        (difference,) = await self.replayed(day)
        assert "entry 2: was earn 3 (" in difference
        assert "comes out as earn 2 (" in difference

    async def test_an_entry_too_many_or_too_few_is_named(self, day: Day) -> None:
        kept = day.shelf.wallets[ADA]
        day.shelf.wallets[ADA] = replace(kept, entries=kept.entries[:-1])
        (difference,) = await self.replayed(day)
        assert "was nothing" in difference
        day.shelf.wallets[ADA] = replace(kept, entries=[*kept.entries, kept.entries[-1]])
        (difference,) = await self.replayed(day)
        assert "comes out as nothing" in difference

    async def test_a_wallet_that_is_only_in_one_is_named(self, day: Day) -> None:
        kept = day.shelf.wallets.pop(ADA)
        (difference,) = await self.replayed(day)
        assert f"entry {kept.entries[0].seq}: was nothing" in difference


class TestDeedsAsData:
    @pytest.mark.parametrize(
        "data",
        [
            None,
            {},
            {"deed": 7},
            {"deed": "pray"},
            {"deed": "grant_points"},
            {"deed": "grant_points", "consumer": str(ADA), "points": True, "id": str(ADA)},
            {"deed": "grant_points", "consumer": "nobody", "points": 5, "id": str(ADA)},
            {"deed": "apply_due", "consumers": 7},
            {
                "deed": "tell_news",
                "provider": "square",
                "news": {"news": "unlinked", "merchant": "M1", "by": "merchant"},
                "proofs": [],
            },
        ],
    )
    def test_what_is_no_deed_is_refused(self, data: object) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            deed_from_data(data)

    def test_a_deed_of_nobody_is_one(self) -> None:
        assert deed_from_data(deed_as_data(ApplyDue(consumers=()))) == ApplyDue(consumers=())


class TestPreview:
    async def preview(self, day: Day, **said: Any) -> tuple[int, str | None]:  # noqa: ANN401 - whatever a preview takes
        preview = PreviewSale(day.store, day.clock)
        defaults = {"spend": 8_00, "tax": None, "happened_at": None, "rules": None}
        found = await preview(CAFE.id, **defaults | said)
        return found.points, found.reason

    async def test_it_judges_under_the_rules_of_the_moment(self, day: Day) -> None:
        assert await self.preview(day) == (0, "no_rule_in_force")
        assert await self.preview(day, happened_at=NOON) == (8, None)

    async def test_it_judges_under_a_draft(self, day: Day) -> None:
        draft = [{"rule": "points_per_spend", "points": 3, "per": 100}]
        assert await self.preview(day, rules=draft) == (24, None)
        with pytest.raises(RulesInvalid):
            await self.preview(day, rules=[])
