"""What becomes of a row, whatever is in it and whatever goes wrong."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.errors import SalesArckError
from salesarck_domain.ids import TenantId
from salesarck_domain.news import ChangedNews, CustomerNews, UnlinkedNews, VerificationNews
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.ports.inbox import ATTEMPTS_MAX, InboxRow
from salesarck_domain.ports.pos import (
    LinkRefused,
    LinkResting,
    ProviderUnavailable,
    UnreadableDelivery,
)
from salesarck_domain.ports.store import BeginWork, Work
from salesarck_domain.tenants import TenantState
from salesarck_domain.testing.examples import ADA, CAFE, DAY, MINUTE, NOON, paid
from salesarck_domain.testing.store.bench import arrival
from salesarck_domain.use_cases.deliveries import LOOK_AGAIN, WorkInbox, backoff
from tests.line.bench import Asked, Line, body_of, hers
from tests.postgres import Database

THIN = ChangedNews(merchant="M1", object="payment", id="P1", how="created", changed_at=NOON)


@pytest.fixture(params=["memory", "postgres"])
async def line(request: pytest.FixtureRequest) -> AsyncGenerator[Line]:
    if request.param == "memory":
        yield await Line.open(MemoryStore())
        return
    database: Database = request.getfixturevalue("database")
    async with database.open(pool_size=4) as store:
        yield await Line.open(store)


def thin(object_: str, id_: str) -> ChangedNews:
    return replace(THIN, object=object_, id=id_)


class TestNews:
    async def test_a_sale_becomes_points_under_the_name_of_its_delivery(self, line: Line) -> None:
        await line.tell("one", hers("P1", 5))
        assert await line.ends() == ["applied"]
        (entry,) = await line.store.books.history(CAFE.id, ADA, None, 9)
        row = await line.row("one")
        assert (entry.points, entry.correlation) == (5, row.correlation)
        assert row.correlation

    async def test_the_same_in_two_deliveries_counts_once(self, line: Line) -> None:
        await line.tell("one", hers("P1", 5))
        await line.tell("two", hers("P1", 5))
        assert await line.ends() == ["applied", "applied"]
        assert await line.balance() == 5

    async def test_one_key_told_differently_is_two_rows_that_are_both_read(
        self, line: Line
    ) -> None:
        for dollars in (5, 7):
            later = hers("P1", dollars)
            changed = replace(later, changed_at=NOON + dollars * MINUTE)
            await line.arrive(arrival("one", body=body_of(changed), at=NOON + DAY))
        line.now += DAY
        assert await line.ends() == ["applied", "applied"]
        assert (await line.store.inbox.counts()).told_differently == 1
        assert await line.balance() == 7

    async def test_what_needs_a_look_has_an_outcome_and_a_count(self, line: Line) -> None:
        await line.tell("unclaimed", paid("P1", 1))
        await line.tell("currency", replace(hers("P2", 1), currency="EUR"))
        await line.tell("test", replace(hers("P3", 1), test=True))
        await line.tell("none")
        await line.tell("code", VerificationNews(code="42"))
        await line.arrive(arrival("bad", body=b"?"))
        await line.arrive(arrival("far", merchant="M9"))
        assert await line.ends() == [
            "unclaimed",
            "other_currency",
            "test_sale",
            "nothing",
            "nothing",
            "parked",
        ]
        counts = await line.store.inbox.counts()
        assert {name: count for name, count in counts.outcomes.items() if count} == {
            "unclaimed": 1,
            "other_currency": 1,
            "test_sale": 1,
            "nothing": 2,
        }
        assert (counts.states["parked"], counts.states["unlinked"]) == (1, 1)
        assert await line.balance() == 0

    async def test_only_the_news_of_a_rows_own_merchant_counts(self, line: Line) -> None:
        await line.tell("one", hers("P1", 5, merchant="M2"), hers("P2", 1))
        assert await line.ends() == ["applied"]
        assert await line.balance() == 1

    async def test_a_till_customer_is_told(self, line: Line) -> None:
        bought = replace(
            hers("P1", 5), customer=replace(hers("P1", 5).customer, phone=None, id="C")
        )
        await line.tell("one", bought)
        await line.tell("two", CustomerNews(merchant="M1", id="C", phone="+15555550100"))
        assert await line.ends() == ["unclaimed", "applied"]
        assert await line.balance() == 5

    async def test_a_clock_that_runs_ahead_is_put_right_and_counted(self, line: Line) -> None:
        await line.tell("ahead", hers("P1", 5, at=NOON + 6 * MINUTE))
        await line.tell("near", hers("P2", 5, at=NOON + 5 * MINUTE))
        assert await line.ends() == ["applied", "applied"]
        assert (await line.store.inbox.counts()).clock_ahead == 1
        entries = await line.store.books.history(CAFE.id, ADA, None, 9)
        assert [entry.happened_at for entry in entries] == [NOON + 5 * MINUTE, NOON]

    async def test_a_row_of_nobody_is_parked_if_there_is_anything_in_it(self, line: Line) -> None:
        await line.tell("hers", hers("P1", 5), merchant=None)
        await line.tell("empty", merchant=None)
        assert await line.ends() == ["parked", "nothing"]
        assert await line.balance() == 0


class TestWaiting:
    async def test_a_merchant_without_a_link_waits_until_there_is_one(self, line: Line) -> None:
        await line.tell("one", hers("P1", 5, merchant="M2"), merchant="M2")
        assert await line.ends() == []
        await line.link("M2")
        await line.store.inbox.release("square", "M2", line.now)
        assert await line.ends() == ["applied"]
        assert await line.balance() == 5

    @pytest.mark.parametrize("state", [TenantState.PENDING, TenantState.SUSPENDED])
    async def test_a_tenant_that_is_not_active_waits_as_long_as_it_takes(
        self, line: Line, state: TenantState
    ) -> None:
        await line.store.directory.add_tenant(replace(CAFE, state=state))
        await line.tell("one", hers("P1", 5))
        for _ in range(2 * ATTEMPTS_MAX):
            assert await line.ends() == ["put_off"]
            line.now += LOOK_AGAIN
        assert (await line.row("one", "waiting")).error == f"Café is {state}"
        await line.store.directory.add_tenant(CAFE)
        assert await line.ends() == ["applied"]
        assert await line.balance() == 5

    async def test_a_tenant_suspended_while_its_till_is_asked_waits_like_any(
        self, line: Line
    ) -> None:
        asked = Asked({"payment P1": [hers("P1", 5)]})

        async def suspend() -> None:
            await line.store.directory.add_tenant(replace(CAFE, state=TenantState.SUSPENDED))

        asked.meanwhile = suspend
        line.fetchers["square"] = asked
        await line.tell("one", THIN)
        assert await line.ends() == ["put_off"]
        assert await line.balance() == 0
        assert (await line.row("one", "waiting")).attempts == 0
        asked.meanwhile = None
        await line.store.directory.add_tenant(CAFE)
        line.now += LOOK_AGAIN
        assert await line.ends() == ["applied"]
        assert await line.balance() == 5


class TestErrors:
    async def test_what_cannot_be_read_is_parked_and_the_rest_goes_on(self, line: Line) -> None:
        await line.arrive(arrival("bad", body=b"?"))
        await line.tell("good", hers("P1", 5))
        assert await line.ends() == ["parked", "applied"]
        parked = await line.row("bad", "parked")
        assert parked.error == "square sent something new to us: no JSON"

    async def test_what_surprises_us_is_tried_five_times_without_saying_what_was_in_it(
        self, line: Line
    ) -> None:
        await line.arrive(arrival("bad", body=b"BOOM"))
        await line.tell("good", hers("P1", 5))
        assert await line.ends() == ["retried", "applied"]
        assert (await line.row("bad", "waiting")).error == "ZeroDivisionError"
        for _ in range(ATTEMPTS_MAX - 2):
            line.now += DAY
            assert await line.ends() == ["retried"]
        line.now += DAY
        assert await line.ends() == ["parked"]
        assert (await line.row("bad", "parked")).error == "ZeroDivisionError"

    async def test_a_provider_that_is_away_is_asked_again_later_and_later(self, line: Line) -> None:
        away = Asked({"payment P1": ProviderUnavailable("square", "down")})
        line.fetchers["square"] = away
        await line.tell("one", THIN)
        waits = list[timedelta]()
        for _ in range(ATTEMPTS_MAX - 1):
            assert await line.ends() == ["retried"]
            due_at = (await line.row("one", "waiting")).due_at
            waits.append(due_at - line.now)
            line.now = due_at
        assert [round(wait.total_seconds()) for wait in waits] == [30, 180, 1080, 6480]
        assert await line.ends() == ["parked"]

    @pytest.mark.parametrize(
        ("error", "wait"),
        [
            (ProviderUnavailable("square", "429", 90), 90),
            (LinkResting("square", "M1", 90), 90),
            (LinkRefused("square", "M1"), LOOK_AGAIN.total_seconds()),
        ],
    )
    async def test_who_says_when_to_come_back_is_asked_then_without_an_attempt(
        self, line: Line, error: SalesArckError, wait: float
    ) -> None:
        line.fetchers["square"] = Asked({"payment P1": error})
        await line.tell("one", THIN)
        assert await line.ends() == ["put_off"]
        row = await line.row("one", "waiting")
        assert ((row.due_at - NOON).total_seconds(), row.attempts) == (wait, 0)

    def test_waits_are_drawn_between_nothing_and_a_limit(self) -> None:
        assert backoff(3, lambda count: b"\0" * count) == timedelta(0)
        assert timedelta(minutes=119) < backoff(9, lambda count: b"\xff" * count) < 2 * 60 * MINUTE


class TestFetching:
    async def test_thin_news_is_asked_about_and_the_answers_are_kept(self, line: Line) -> None:
        line.fetchers["square"] = Asked({"payment P1": [hers("P1", 5)]})
        await line.tell("one", THIN)
        assert await line.ends() == ["applied"]
        assert [answer.path for answer in (await line.row("one")).answers] == ["/US/payment P1"]
        assert await line.balance() == 5

    async def test_where_nobody_can_be_asked_that_is_the_outcome(self, line: Line) -> None:
        await line.tell("one", THIN)
        assert await line.ends() == ["nothing_to_fetch"]

    async def test_what_is_gone_is_nothing(self, line: Line) -> None:
        line.fetchers["square"] = Asked({})
        await line.tell("one", THIN)
        assert await line.ends() == ["nothing"]

    async def test_an_order_brings_its_payments_along(self, line: Line) -> None:
        asked = Asked({"order O1": [hers("P1", 5)], "payment P2": [hers("P2", 1)]})
        line.fetchers["square"] = asked
        await line.tell("one", THIN, thin("payment", "P2"), thin("order", "O1"), THIN)
        assert await line.ends() == ["applied"]
        assert asked.asked == ["order O1", "payment P2"]
        assert await line.balance() == 6

    async def test_one_object_that_cannot_be_read_does_not_keep_the_others_from_counting(
        self, line: Line
    ) -> None:
        spoiled = UnreadableDelivery("square", "a new kind of payment")
        line.fetchers["square"] = Asked({"payment P1": spoiled, "payment P2": [hers("P2", 7)]})
        await line.tell("one", THIN, thin("payment", "P2"))
        assert await line.ends() == ["parked"]
        assert await line.balance() == 7

    async def test_every_answer_prolongs_the_lease(self, line: Line) -> None:
        rivals = list[InboxRow]()
        asked = Asked({f"payment P{n}": [hers(f"P{n}", 1)] for n in range(3)})
        line.fetchers["square"] = asked

        async def meanwhile() -> None:
            line.now += timedelta(seconds=29)
            rivals.extend(await line.work.claim(9))

        asked.meanwhile = meanwhile
        await line.tell("one", *(thin("payment", f"P{n}") for n in range(3)))
        assert await line.ends() == ["applied"]
        assert rivals == []
        assert await line.balance() == 3

    async def test_a_moment_of_an_answer_is_held_against_the_answer(self, line: Line) -> None:
        line.now += DAY
        later = replace(hers("P1", 5), changed_at=NOON + DAY)
        line.fetchers["square"] = Asked({"payment P1": [later]})
        await line.arrive(arrival("one", body=body_of(THIN), at=NOON))
        assert await line.ends() == ["applied"]
        assert (await line.store.inbox.counts()).clock_ahead == 0


class TestLinks:
    async def test_a_refused_token_waits_for_a_new_link_and_is_not_asked_with_again(
        self, line: Line
    ) -> None:
        asked = Asked({"payment P1": LinkRefused("square", "M1")})
        line.fetchers["square"] = asked
        await line.tell("one", THIN)
        await line.tell("two", thin("payment", "P2"))
        assert await line.ends() == ["put_off", "put_off"]
        assert asked.asked == ["payment P1"]
        link = await line.store.directory.link("square", "M1")
        assert link
        assert link.state == "needs_reauth"
        await line.link("M1", at=line.now)
        asked.answers = {"payment P1": [hers("P1", 5)], "payment P2": [hers("P2", 1)]}
        line.now += LOOK_AGAIN
        assert sorted(await line.ends()) == ["applied", "applied"]
        assert await line.balance() == 6

    async def test_a_link_that_was_made_meanwhile_is_not_ended(self, line: Line) -> None:
        asked = Asked({"payment P1": LinkRefused("square", "M1")})
        line.fetchers["square"] = asked

        async def link_again() -> None:
            await line.link("M1", at=line.now)

        asked.meanwhile = link_again
        await line.tell("one", THIN)
        assert await line.ends() == ["put_off"]
        link = await line.store.directory.link("square", "M1")
        assert link
        assert link.state == "active"

    async def test_a_merchant_who_takes_the_permission_back_ends_the_link(self, line: Line) -> None:
        await line.tell("one", UnlinkedNews(merchant="M1", by="merchant"))
        assert await line.ends() == ["link_ended"]
        link = await line.store.directory.link("square", "M1")
        assert link
        assert link.state == "revoked"
        assert (await line.row("one")).outcome == "link_ended"

    async def test_old_news_of_an_end_does_not_end_the_link_that_came_after(
        self, line: Line
    ) -> None:
        await line.tell("one", UnlinkedNews(merchant="M1", by="merchant"))
        await line.link("M1", at=NOON + MINUTE)
        line.now += DAY
        assert await line.ends() == ["nothing"]
        link = await line.store.directory.link("square", "M1")
        assert link
        assert link.state == "active"


@dataclass(slots=True)
class Failing:
    """Begins works, but not the first few."""

    begin: BeginWork
    failures: int
    tried: int = 0

    @asynccontextmanager
    async def __call__(self, tenant: TenantId, *, alone: bool = False) -> AsyncGenerator[Work]:
        self.tried += 1
        if self.tried <= self.failures:
            raise StoreUnavailable("two works stood in each other's way")
        async with self.begin(tenant, alone=alone) as work:
            yield work


def over(line: Line, begin: BeginWork) -> WorkInbox:
    work = line.work
    return replace(work, begin=begin, record=replace(work.record, begin=begin))


class TestStore:
    async def test_works_that_stand_in_each_others_way_are_tried_again_at_once(
        self, line: Line
    ) -> None:
        await line.tell("one", hers("P1", 5))
        work = over(line, Failing(line.store.begin, 2))
        (row,) = await work.claim(1)
        assert (await work(row)).end == "applied"
        assert await line.balance() == 5

    async def test_a_store_that_stays_away_is_tried_again_later(self, line: Line) -> None:
        await line.tell("one", hers("P1", 5))
        work = over(line, Failing(line.store.begin, 99))
        (row,) = await work.claim(1)
        assert (await work(row)).end == "retried"
        line.now += DAY
        assert await line.ends() == ["applied"]
        assert await line.balance() == 5

    async def test_who_was_too_slow_changes_nothing(self, line: Line) -> None:
        await line.tell("one", hers("P1", 5))
        (slow,) = await line.work.claim(1)
        line.now += MINUTE
        (fast,) = await line.work.claim(1)
        assert (await line.work(fast)).end == "applied"
        assert (await line.work(slow)).end == "lease_lost"
        assert await line.balance() == 5
        bad = replace(slow, body=b"?", token=UUID(int=1))
        assert (await line.work(bad)).end == "lease_lost"
        assert (await line.work(replace(slow, token=None))).end == "lease_lost"
