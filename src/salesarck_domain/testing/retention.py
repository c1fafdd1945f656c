"""What every inbox promises of forgetting: what is done can be emptied, and is still known."""

from datetime import UTC, datetime
from uuid import UUID

from salesarck_domain.ports.directory import Link
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.pos import Answer
from salesarck_domain.testing.examples import CAFE, DAY, MINUTE, NOON
from salesarck_domain.testing.store.bench import StoreBench, arrival

BODY = b'{"phone": "(555) 555-0100", "name": "\xff", "id": "CUST-1", "mail": "Ada@Example.test"}'


class RetentionContract(StoreBench):
    """Subclass it beside the inbox's own contract, and inherit the tests."""

    async def test_what_was_done_before_a_moment_is_emptied_and_the_rest_stays(self) -> None:
        async with self.cafe() as cafe:
            inbox = cafe.store.inbox
            await cafe.store.directory.add_link(_LINK)
            done = [await _done(inbox, key) for key in ("one", "two")]
            await inbox.store([arrival("open", body=BODY)])
            assert await inbox.erase_old(datetime.now(UTC) - DAY, 9) == 0
            assert await inbox.erase_old(datetime.now(UTC) + DAY, 1) == 1
            assert await inbox.erase_old(datetime.now(UTC) + DAY, 9) == 1
            assert await inbox.erase_old(datetime.now(UTC) + DAY, 9) == 0
            rows = {row.id: row for row in await inbox.rows("done")}
            assert [(rows[id_].body, list(rows[id_].answers)) for id_ in done] == [(b"", [])] * 2
            assert [row.body for row in await inbox.rows("waiting")] == [BODY]

    async def test_what_was_emptied_is_known_when_it_comes_again(self) -> None:
        async with self.cafe() as cafe:
            inbox = cafe.store.inbox
            await cafe.store.directory.add_link(_LINK)
            await _done(inbox, "one")
            await inbox.erase_old(datetime.now(UTC) + DAY, 9)
            assert list(await inbox.store([arrival("one", body=BODY)])) == [False]
            (row,) = await inbox.rows("done")
            assert (row.body, row.deliveries) == (b"", 2)

    async def test_rows_are_emptied_by_their_id_and_by_what_they_hold(self) -> None:
        async with self.cafe() as cafe:
            inbox = cafe.store.inbox
            await cafe.store.directory.add_link(_LINK)
            for texts in (["+15555550100"], ["ada@example.test"], ["CUST-1"], ["ANSWERED"]):
                await _done(inbox, texts[0])
                assert await inbox.erase([], ["+15555550199", "nobody", "CUST-2"]) == 0
                assert await inbox.erase([], texts) == 1
            row = await _done(inbox, "by its id")
            assert await inbox.erase([row, UUID(int=1)], []) == 1
            await inbox.store([arrival("open", body=BODY)])
            assert await inbox.erase([], ["CUST-1"]) == 0

    async def test_handshakes_are_forgotten(self) -> None:
        async with self.cafe() as cafe:
            inbox = cafe.store.inbox
            for number in range(3):
                await inbox.keep_handshake("clover", f"code {number}", NOON + number * MINUTE)
            assert await inbox.forget_handshakes(NOON + 2 * MINUTE) == 2
            assert [code for _, code in await inbox.handshakes("clover")] == ["code 2"]


_LINK = Link(tenant=CAFE.id, provider="square", merchant="M1", linked_at=NOON)


async def _done(inbox: Inbox, key: str) -> UUID:
    await inbox.store([arrival(key, body=BODY)])
    (row,) = await inbox.claim(1, NOON + MINUTE, MINUTE)
    assert row.token
    answers = [Answer("GET", "/v3/customers", 200, '{"id": "answered"}')]
    await inbox.answered(row.id, row.token, answers, NOON + DAY)
    await inbox.finish(row.id, row.token, "nothing")
    return row.id
