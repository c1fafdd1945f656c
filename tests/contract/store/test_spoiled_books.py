"""Whatever somebody with all rights does to the tables behind our back, verification names it."""

import traceback
from dataclasses import dataclass

import psycopg
import pytest

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.postgres.connections import StatementFailed
from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import TellNews
from salesarck_domain.ids import derived
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    CAFE,
    GRACE,
    MINUTE,
    NOON,
    PEPPERS,
    paid,
    refunded,
)
from salesarck_domain.use_cases.apart import Stuck
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.wallets import RunTimetable
from tests.contract.store.shop import ADAS, Shop, open_shop
from tests.postgres import Database


@dataclass(frozen=True, slots=True)
class Stroke:
    """A change behind our back, and the word under which it must be found."""

    statement: str
    kind: str

    def __str__(self) -> str:
        return self.statement


STROKES = [
    Stroke("UPDATE ledger_entry SET points = points + 1 WHERE seq = 1", "hash"),
    Stroke("UPDATE ledger_entry SET balance_after = balance_after + 1 WHERE seq = 2", "balance"),
    Stroke("UPDATE ledger_entry SET owed_after = 1 WHERE seq = 2", "owed"),
    Stroke("UPDATE ledger_entry SET happened_at = happened_at + '1 s' WHERE seq = 2", "hash"),
    Stroke("UPDATE ledger_entry SET reference = reference || 'x' WHERE kind = 'grant'", "hash"),
    Stroke("UPDATE ledger_entry SET hash = 'other' WHERE seq = 1", "chain"),
    Stroke("DELETE FROM ledger_entry WHERE seq = 2", "sequence"),
    Stroke("DELETE FROM ledger_entry WHERE seq = (SELECT max(seq) FROM ledger_entry)", "lots"),
    Stroke("UPDATE lot SET remaining = remaining - 1 WHERE remaining > 0", "lots"),
    Stroke("UPDATE lot SET run_out = 1 WHERE remaining < points", "lots"),
    Stroke("DELETE FROM lot_movement WHERE seq = 1", "lots"),
    Stroke("DELETE FROM lot WHERE remaining > 0", "lots"),
    Stroke("UPDATE redemption_code SET state = 'cancelled' WHERE state = 'redeemed'", "codes"),
    Stroke("UPDATE redemption_code SET points = points + 1", "codes"),
    Stroke("DELETE FROM redemption_code", "codes"),
    Stroke("UPDATE lot SET points = points + 1", "lots"),
    Stroke("UPDATE lot SET opened_by = opened_by + 1", "lots"),
    Stroke("UPDATE lot SET ends_at = now() WHERE sale_id IS NULL", "lots"),
    Stroke("UPDATE lot SET ends_at = now() WHERE sale_id IS NOT NULL", "lots"),
    Stroke("UPDATE lot SET sale_id = NULL", "lots"),
    Stroke("UPDATE lot SET sale_id = gen_random_uuid() WHERE sale_id IS NULL", "lots"),
    Stroke(
        "UPDATE redemption_code SET state = 'issued', settled_at = NULL WHERE state = 'redeemed'",
        "codes",
    ),
    Stroke(
        "UPDATE redemption_code SET state = 'redeemed', settled_at = now() WHERE state = 'issued'",
        "codes",
    ),
    Stroke("UPDATE redemption_code SET state = 'expired' WHERE state = 'cancelled'", "codes"),
    Stroke("UPDATE redemption_code SET state = 'undone' WHERE state = 'cancelled'", "codes"),
    Stroke("UPDATE redemption_code SET lookup = 'other' WHERE state = 'redeemed'", "codes"),
    Stroke("UPDATE redemption_code SET issued_at = issued_at - interval '1 day'", "codes"),
    Stroke("UPDATE redemption_code SET settled_at = now() WHERE state = 'cancelled'", "codes"),
    Stroke("DELETE FROM applied WHERE deed ->> 'deed' = 'redeem_code'", "codes"),
    Stroke("DELETE FROM applied WHERE deed ->> 'deed' = 'issue_code'", "codes"),
    Stroke("INSERT INTO retirement SELECT tenant_id, 1, now(), 9 FROM rule_version", "rules"),
    Stroke("UPDATE sale SET earned = earned + 1", "sales"),
    Stroke("UPDATE sale SET posted = posted + 1", "sales"),
    Stroke("UPDATE sale SET worth = worth + 1", "awards"),
    Stroke("UPDATE sale SET consumer_id = gen_random_uuid()", "sales"),
    Stroke("UPDATE sale SET award = jsonb_set(award, '{points}', '99')", "awards"),
    Stroke("""UPDATE sale SET award = jsonb_set(award, '{owner}', '"x"')""", "awards"),
    Stroke("DELETE FROM sale", "sales"),
    Stroke("UPDATE tender SET state = jsonb_set(state, '{spend}', '99900')", "awards"),
    Stroke("UPDATE refund SET state = jsonb_set(state, '{amount}', '100')", "awards"),
    Stroke("""UPDATE rule_version SET rules = jsonb_set(rules, '{0,points}', '7')""", "rules"),
    Stroke("UPDATE rule_version SET content_hash = 'other'", "rules"),
    Stroke("DELETE FROM audit WHERE action = 'adjust_wallet'", "audit"),
]


async def play(shop: Shop) -> None:
    """A short history with one of everything that verification looks at."""
    prove = Prove(shop.store.begin, shop.store.directory, shop.clock, MemoryPush(), PEPPERS)
    await prove(ADA, [ADAS_PHONE], [CAFE.id])
    await shop.tell(TellNews(provider="square", news=paid("P1", 60, customer=ADAS)))
    await shop.grant(10)
    await shop.tell(TellNews(provider="square", news=refunded("R1", "P1", 20)))
    used, unused = await shop.issue(1, 5), await shop.issue(2, 5)
    await shop.desk().redeem(CAFE.id, used.text, "till", "cashier")
    await shop.desk().cancel(CAFE.id, ADA, unused.code.id)
    await shop.issue(3, 5)
    shop.now = NOON + MINUTE


@pytest.mark.parametrize("stroke", STROKES, ids=str)
async def test_it_is_named(database: Database, stroke: Stroke) -> None:
    async with open_shop(database) as shop:
        await play(shop)
        verify = VerifyBooks(shop.store.books, shop.store.directory)
        assert await verify() == []
        with psycopg.connect(database.dsn(), autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            assert connection.execute(stroke.statement).rowcount > 0
        assert stroke.kind in {each.kind for each in await verify()}


async def test_a_broken_wallet_holds_up_no_other(database: Database) -> None:
    async with open_shop(database) as shop:
        await shop.grant(10)
        await shop.grant(10, GRACE)
        hers, his = await shop.issue(1, 5), await shop.issue(2, 5, GRACE)
        with psycopg.connect(database.dsn(), autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            spoil = "UPDATE lot SET remaining = 10 WHERE consumer_id = %s"
            connection.execute(spoil, [ADA])
        ends_at = his.code.expires_at
        with pytest.raises(Stuck, match=f"1 done, 1 stuck: {ADA}"):
            await RunTimetable(shop.store, lambda: ends_at, MemoryPush())()
        ended = [await shop.store.books.code(CAFE.id, it.code.id) for it in (hers, his)]
        assert [it and it.state for it in ended] == [CodeState.ISSUED, CodeState.EXPIRED]


async def test_what_the_database_refuses_says_nothing_of_people(database: Database) -> None:
    async with open_shop(database) as shop:
        note = AuditNote(
            id=derived(NOON, "a deed"),
            actor="admin",
            action="look_up",
            target=f"phone:{ADAS_PHONE.value}",
            reason="",
            at=NOON,
        )
        async with shop.store.begin(CAFE.id) as work:
            await work.note(note)
        with pytest.raises(StatementFailed, match=r"^UniqueViolation 23505 ") as failed:
            async with shop.store.begin(CAFE.id) as work:
                await work.note(note)
        assert ADAS_PHONE.value not in "".join(traceback.format_exception(failed.value))
