"""What every inbox promises: nothing is lost, nothing done twice, and everybody's turn comes."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from salesarck_domain.ports.directory import Link
from salesarck_domain.ports.inbox import ATTEMPTS_MAX, Inbox, InboxRow, LeaseLost, RowState
from salesarck_domain.ports.pos import Answer
from salesarck_domain.testing.examples import BAKERY, CAFE, DAY, MINUTE, NOON
from salesarck_domain.testing.expect import expect
from salesarck_domain.testing.store.bench import StoreBench, arrival

LEASE = MINUTE
ANSWERS = (
    Answer("GET", "/v3/merchants/M1/payments/P1", 200, '{"id": "P1", "é": 1}'),
    Answer("GET", "/v3/merchants/M1/orders/O1", 404, ""),
)


class InboxContract(StoreBench):
    """Subclass it, say how to open an empty store, and inherit the tests.

    M1 and M2 are linked to the Café, M3 to the Bakery, M9 to nobody.
    """

    @asynccontextmanager
    async def inbox(self) -> AsyncGenerator[Inbox]:
        async with self.cafe() as cafe:
            for merchant, tenant in (("M1", CAFE), ("M2", CAFE), ("M3", BAKERY)):
                link = Link(tenant=tenant.id, provider="square", merchant=merchant, linked_at=NOON)
                await cafe.store.directory.add_link(link)
            yield cafe.store.inbox

    async def test_a_delivery_is_kept_as_it_came(self) -> None:
        async with self.inbox() as inbox:
            came = replace(
                arrival("one", body=b'{"\xff": "\x00"}', at=NOON.replace(microsecond=7)),
                headers={"x-signature": "s1", "content-type": "application/json"},
            )
            assert list(await inbox.store([came])) == [True]
            (row,) = await inbox.claim(9, NOON + MINUTE, LEASE)
            assert (row.provider, row.merchant, row.key) == ("square", "M1", "one")
            assert (row.body, dict(row.headers)) == (came.body, came.headers)
            assert (row.received_at, row.correlation) == (came.received_at, came.correlation)
            assert (row.deliveries, row.error, row.outcome, list(row.answers)) == (
                1,
                None,
                None,
                [],
            )

    async def test_the_same_again_is_counted_on_the_row_that_is_there(self) -> None:
        async with self.inbox() as inbox:
            came = arrival("one")
            assert list(await inbox.store([came, came])) == [True, False]
            late = replace(came, received_at=NOON + DAY, headers={}, correlation="again")
            assert list(await inbox.store([late])) == [False]
            (row,) = await inbox.claim(9, NOON, LEASE)
            assert (row.deliveries, row.received_at, row.correlation) == (3, NOON, came.correlation)

    async def test_the_same_again_does_not_wake_what_is_done(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one")])
            (row,) = await inbox.claim(9, NOON, LEASE)
            await inbox.finish(row.id, _token(row), "nothing")
            assert list(await inbox.store([arrival("one"), arrival("two")])) == [False, True]
            assert _keys(await inbox.claim(9, NOON, LEASE)) == ["two"]
            assert (await inbox.rows("done"))[0].deliveries == 2

    async def test_the_same_told_from_all_sides_is_new_once(self) -> None:
        async with self.inbox() as inbox:
            ends = await asyncio.gather(*(inbox.store([arrival("one")]) for _ in range(16)))
            assert sorted(is_new for (is_new,) in ends) == [False] * 15 + [True]
            assert (await inbox.rows("waiting"))[0].deliveries == 16

    async def test_one_key_told_differently_is_a_row_of_its_own(self) -> None:
        async with self.inbox() as inbox:
            first, second = arrival("one", body=b"1"), arrival("one", body=b"2")
            assert list(await inbox.store([first])) == [True]
            assert (await inbox.counts()).told_differently == 0
            assert list(await inbox.store([second, first])) == [True, False]
            assert (await inbox.counts()).told_differently == 1
            assert sorted(row.body for row in await inbox.rows("waiting")) == [b"1", b"2"]

    async def test_providers_and_merchants_have_keys_of_their_own(self) -> None:
        async with self.inbox() as inbox:
            arrivals = [
                arrival("one"),
                arrival("one", merchant="M2"),
                arrival("one", merchant=None),
                arrival("one", provider="clover"),
            ]
            assert list(await inbox.store(arrivals)) == [True] * 4
            assert list(await inbox.store(arrivals)) == [False] * 4
            assert (await inbox.counts()).told_differently == 0

    async def test_a_claim_counts_the_attempt_and_finds_the_tenant(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one"), arrival("two", merchant="M3")])
            rows = {row.key: row for row in await inbox.claim(9, NOON, LEASE)}
            assert {key: row.tenant for key, row in rows.items()} == {
                "one": CAFE.id,
                "two": BAKERY.id,
            }
            assert {(row.state, row.attempts) for row in rows.values()} == {(RowState.LEASED, 1)}
            assert len({row.token for row in rows.values()}) == 2

    async def test_nothing_is_claimed_before_it_is_due(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one", at=NOON)])
            assert list(await inbox.claim(9, NOON - MINUTE, LEASE)) == []
            assert _keys(await inbox.claim(9, NOON, LEASE)) == ["one"]

    async def test_rows_of_a_merchant_are_leased_in_the_order_of_their_arrival(self) -> None:
        async with self.inbox() as inbox:
            for number, key in enumerate("bac"):
                await inbox.store([arrival(key, at=NOON + number * MINUTE)])
            await inbox.store([arrival("e", at=NOON + DAY), arrival("d", at=NOON + DAY)])
            assert await _work_off(inbox, NOON + DAY) == ["b", "a", "c", "e", "d"]

    async def test_while_a_row_is_leased_no_later_one_of_its_merchant_is(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one"), arrival("two"), arrival("other", merchant="M2")])
            first, other = await inbox.claim(9, NOON, LEASE)
            assert _keys([first, other]) == ["one", "other"]
            assert list(await inbox.claim(9, NOON, LEASE)) == []
            await inbox.finish(first.id, _token(first), "nothing")
            assert _keys(await inbox.claim(9, NOON, LEASE)) == ["two"]

    async def test_the_oldest_come_first(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("early", merchant="M2")])
            await inbox.store([arrival("late", at=NOON + MINUTE)])
            assert _keys(await inbox.claim(1, NOON + MINUTE, LEASE)) == ["early"]
            assert _keys(await inbox.claim(1, NOON + MINUTE, LEASE)) == ["late"]

    async def test_merchants_take_turns_however_much_one_of_them_has(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival(f"much {number}") for number in range(4)])
            for number, merchant in enumerate(("M2", "M3")):
                at = NOON + (number + 1) * MINUTE
                await inbox.store([arrival(f"little {merchant}", merchant=merchant, at=at)])
            order = await _work_off(inbox, NOON + DAY, at_a_time=1)
            assert order[:4] == ["much 0", "little M2", "little M3", "much 1"]

    async def test_no_row_is_leased_twice_at_once(self) -> None:
        async with self.inbox() as inbox:
            merchants = ("M1", "M2", "M3")
            await inbox.store([arrival(it, merchant=it) for it in merchants])
            await inbox.store([arrival(f"{it}'s second", merchant=it) for it in merchants])
            ends = await asyncio.gather(*(inbox.claim(2, NOON, LEASE) for _ in range(16)))
            claimed = [row.key for rows in ends for row in rows]
            assert sorted(claimed) == sorted(merchants)

    async def test_a_lease_that_ended_can_be_taken_over(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one")])
            (first,) = await inbox.claim(9, NOON, LEASE)
            assert list(await inbox.claim(9, NOON + LEASE / 2, LEASE)) == []
            (second,) = await inbox.claim(9, NOON + LEASE, LEASE)
            assert (second.id, second.attempts) == (first.id, 2)
            assert first.token != second.token
            for late in (
                inbox.finish(first.id, _token(first), "nothing"),
                inbox.park(first.id, _token(first), "?"),
                inbox.retry(first.id, _token(first), NOON, "?"),
                inbox.answered(first.id, _token(first), ANSWERS, NOON + DAY),
                inbox.put_off(first.id, _token(first), NOON, "?"),
            ):
                with expect(LeaseLost):
                    await late
            await inbox.finish(second.id, _token(second), "nothing")
            assert (await inbox.rows("done"))[0].error is None

    async def test_who_is_done_holds_nothing_any_more(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one")])
            (row,) = await inbox.claim(9, NOON, LEASE)
            await inbox.finish(row.id, _token(row), "nothing")
            for again in (
                inbox.finish(row.id, _token(row), "applied"),
                inbox.retry(row.id, _token(row), NOON, "?"),
                inbox.finish(UUID(int=7), _token(row), "applied"),
            ):
                with expect(LeaseLost):
                    await again
            assert [done.outcome for done in await inbox.rows("done")] == ["nothing"]

    async def test_a_row_that_nobody_comes_back_from_is_parked(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("poison"), arrival("next")])
            for attempt in range(ATTEMPTS_MAX):
                (row,) = await inbox.claim(9, NOON + attempt * LEASE, LEASE)
                assert (row.key, row.attempts) == ("poison", attempt + 1)
            assert list(await inbox.claim(9, NOON + (ATTEMPTS_MAX - 1) * LEASE, LEASE)) == []
            assert list(await inbox.rows("parked")) == []
            assert _keys(await inbox.claim(9, NOON + ATTEMPTS_MAX * LEASE, LEASE)) == ["next"]
            (parked,) = await inbox.rows("parked")
            assert (parked.key, parked.attempts, parked.token) == ("poison", ATTEMPTS_MAX, None)
            assert parked.error

    async def test_a_row_that_is_tried_again_waits_and_holds_nobody_up(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one"), arrival("two")])
            (row,) = await inbox.claim(9, NOON, LEASE)
            await inbox.retry(row.id, _token(row), NOON + DAY, "the till isn't answering")
            (waiting,) = [it for it in await inbox.rows("waiting") if it.key == "one"]
            assert (waiting.error, waiting.due_at) == ("the till isn't answering", NOON + DAY)
            assert await _work_off(inbox, NOON + MINUTE) == ["two"]
            (again,) = await inbox.claim(9, NOON + DAY, LEASE)
            assert (again.id, again.attempts) == (row.id, 2)

    async def test_a_row_that_is_put_off_waits_without_an_attempt(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one"), arrival("two")])
            for day in range(2 * ATTEMPTS_MAX):
                (row, *_) = await inbox.claim(9, NOON + day * DAY, LEASE)
                assert (row.key, row.attempts) == ("one", 1)
                await inbox.put_off(row.id, _token(row), NOON + (day + 1) * DAY, "not now")
            assert await _work_off(inbox, NOON + MINUTE) == ["two"]
            (waiting,) = await inbox.rows("waiting")
            assert (waiting.error, waiting.attempts) == ("not now", 0)

    async def test_a_parked_row_waits_for_a_person_and_holds_nobody_up(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one"), arrival("two")])
            (row,) = await inbox.claim(9, NOON, LEASE)
            await inbox.park(row.id, _token(row), "new to us")
            assert await _work_off(inbox, NOON + DAY) == ["two"]
            (parked,) = await inbox.rows("parked")
            assert (parked.id, parked.error, parked.attempts) == (row.id, "new to us", 1)

    async def test_rows_of_a_merchant_without_a_link_wait_without_an_attempt(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival(key, merchant="M9") for key in ("one", "two")])
            await inbox.store([arrival("clover's", provider="clover"), arrival("three")])
            assert _keys(await inbox.claim(9, NOON, LEASE)) == ["three"]
            rows = await inbox.rows("unlinked")
            assert sorted(row.key for row in rows) == ["clover's", "one", "two"]
            assert {(row.attempts, row.tenant, row.token) for row in rows} == {(0, None, None)}
            assert list(await inbox.claim(9, NOON, LEASE)) == []

    async def test_linking_releases_a_merchants_rows(self) -> None:
        async with self.cafe() as cafe:
            inbox = cafe.store.inbox
            await inbox.store([arrival(key) for key in ("one", "two")])
            await inbox.store([arrival("other", merchant="M2"), arrival("x", provider="clover")])
            assert list(await inbox.claim(9, NOON, LEASE)) == []
            link = Link(tenant=CAFE.id, provider="square", merchant="M1", linked_at=NOON)
            await cafe.store.directory.add_link(link)
            assert await inbox.release("square", "M1", NOON + MINUTE) == 2
            assert await inbox.release("square", "M1", NOON + MINUTE) == 0
            assert await _work_off(inbox, NOON + MINUTE) == ["one", "two"]
            assert sorted(row.key for row in await inbox.rows("unlinked")) == ["other", "x"]

    async def test_a_row_that_names_no_merchant_is_claimed_without_a_tenant(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one", merchant=None)])
            (row,) = await inbox.claim(9, NOON, LEASE)
            assert (row.merchant, row.tenant, row.attempts) == (None, None, 1)

    async def test_answers_stay_beside_the_row_they_explain(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival("one")])
            (row,) = await inbox.claim(9, NOON, LEASE)
            await inbox.answered(row.id, _token(row), ANSWERS, NOON + 2 * LEASE)
            assert list(await inbox.claim(9, NOON + LEASE, LEASE)) == []
            (again,) = await inbox.claim(9, NOON + 2 * LEASE, LEASE)
            assert tuple(again.answers) == ANSWERS
            await inbox.answered(again.id, _token(again), ANSWERS[:1], NOON + 3 * LEASE)
            await inbox.finish(again.id, _token(again), "nothing")
            assert tuple((await inbox.rows("done"))[0].answers) == ANSWERS[:1]

    async def test_rows_are_counted_by_state_and_outcome(self) -> None:
        async with self.inbox() as inbox:
            await inbox.store([arrival(key) for key in ("parked", "unclaimed", "leased")])
            await inbox.store([arrival("x", merchant="M9"), arrival("hers", merchant="M3")])
            parked, hers = await inbox.claim(9, NOON, LEASE)
            await inbox.park(parked.id, _token(parked), "?")
            await inbox.finish(hers.id, _token(hers), "nothing")
            (unclaimed,) = await inbox.claim(9, NOON, LEASE)
            await inbox.finish(unclaimed.id, _token(unclaimed), "unclaimed")
            await inbox.claim(9, NOON, LEASE)
            await inbox.store([arrival("waiting")])
            states = ("waiting", "leased", "unlinked", "parked")
            counts = await inbox.counts()
            assert _there(counts.states) == {**dict.fromkeys(states, 1), "done": 2}
            assert _there(counts.outcomes) == {"nothing": 1, "unclaimed": 1}
            counts = await inbox.counts(BAKERY.id)
            assert _there(counts.states) == {"done": 1}
            assert _there(counts.outcomes) == {"nothing": 1}
            assert _there((await inbox.open_rows()).states) == dict.fromkeys(states, 1)

    async def test_the_first_row_to_work_on_is_known(self) -> None:
        async with self.inbox() as inbox:
            assert (await inbox.open_rows()).due_at is None
            arrivals = [("late", "M1", 2), ("early", "M3", 1), ("nobody's", "M9", 0)]
            for key, merchant, minutes in arrivals:
                at = NOON + minutes * MINUTE
                await inbox.store([arrival(key, merchant=merchant, at=at)])
            for row in await inbox.claim(9, NOON + MINUTE, LEASE):
                await inbox.retry(row.id, _token(row), NOON + 5 * MINUTE, "?")
            assert (await inbox.open_rows()).due_at == NOON + 2 * MINUTE
            (late,) = await inbox.claim(9, NOON + 2 * MINUTE, 2 * MINUTE)
            assert (await inbox.open_rows()).due_at == NOON + 4 * MINUTE
            await inbox.park(late.id, _token(late), "?")
            assert (await inbox.open_rows()).due_at == NOON + 5 * MINUTE

    async def test_rows_are_read_from_the_latest_back(self) -> None:
        async with self.inbox() as inbox:
            for number, key in enumerate(("one", "two", "three")):
                await inbox.store([arrival(key, at=NOON + number * MINUTE)])
            rows = await inbox.rows("waiting")
            assert _keys(rows) == ["three", "two", "one"]
            assert _keys(await inbox.rows("waiting", limit=2)) == ["three", "two"]
            assert _keys(await inbox.rows("waiting", before=rows[0].id)) == ["two", "one"]
            assert list(await inbox.rows("done")) == []
            (row,) = await inbox.claim(9, NOON, LEASE)
            await inbox.finish(row.id, _token(row), "other_currency")
            assert _keys(await inbox.rows("other_currency")) == ["one"]
            assert _keys(await inbox.rows("waiting")) == ["three", "two"]

    async def test_it_is_quiet_when_nothing_is_due_or_leased(self) -> None:
        async with self.inbox() as inbox:
            assert await inbox.unfinished(NOON) == 0
            await inbox.store([arrival("one", at=NOON + MINUTE), arrival("two", merchant="M9")])
            assert await inbox.unfinished(NOON - MINUTE) == 0
            assert await inbox.unfinished(NOON + MINUTE) == 2
            (row,) = await inbox.claim(9, NOON + MINUTE, LEASE)
            assert await inbox.unfinished(NOON + MINUTE) == 1
            await inbox.retry(row.id, _token(row), NOON + DAY, "?")
            assert await inbox.unfinished(NOON + MINUTE) == 0
            assert await inbox.unfinished(NOON + DAY) == 1

    async def test_the_last_five_handshakes_are_kept(self) -> None:
        async with self.inbox() as inbox:
            assert list(await inbox.handshakes("clover")) == []
            for number in range(7):
                await inbox.keep_handshake("clover", f"code {number}", NOON + number * MINUTE)
            await inbox.keep_handshake("other", "code", NOON)
            assert list(await inbox.handshakes("clover")) == [
                (NOON + number * MINUTE, f"code {number}") for number in (6, 5, 4, 3, 2)
            ]


def _token(row: InboxRow) -> UUID:
    assert row.token
    return row.token


def _there(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _keys(rows: Sequence[InboxRow]) -> list[str]:
    return [row.key for row in rows]


async def _work_off(inbox: Inbox, now: datetime, at_a_time: int = 9) -> list[str]:
    """Claim and finish until nothing is due; say in which order."""
    order: list[str] = []
    while rows := await inbox.claim(at_a_time, now, LEASE):
        for row in rows:
            order.append(row.key)
            await inbox.finish(row.id, _token(row), "nothing")
    return order
