"""An answer and what it tells of are one: whatever breaks, both are there or neither is."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, LiteralString
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql

from salesarck_domain.audit import Act
from salesarck_domain.deeds import GrantPoints
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.ports.answers import HELD
from salesarck_domain.profile import Profile
from salesarck_domain.tenants import TenantState
from salesarck_domain.testing.examples import CAFE, POINT_PER_DOLLAR
from salesarck_domain.use_cases.adjustments import AdjustmentDesk
from tests.line.bench import until
from tests.postgres import Database
from tests.service.desk import ADA, ADMIN, CLERK, OWNER, STRANGER, Desk
from tests.service.test_contacts import shown

pytestmark = pytest.mark.parametrize("desk", ["postgres"], indirect=True)

WALLET = f"/v1/consumer/wallets/{CAFE.id}"
MERCHANT = f"/v1/merchant/tenants/{CAFE.id}"
TEAM = f"{MERCHANT}/team"
OTHER = "+12125550191"
BECAUSE = {"reason": "because"}

SEEN: LiteralString = """
SELECT
    (SELECT count(*) FROM ledger_entry),
    (SELECT count(*) FROM applied),
    (SELECT count(*) FROM audit),
    (SELECT count(*) FROM rule_version),
    (SELECT count(*) FROM wrong_try),
    (SELECT count(*) FROM platform_audit),
    (SELECT count(*) FROM suspension),
    (SELECT count(*) FROM invitation),
    (SELECT string_agg(role, ',' ORDER BY role) FROM member),
    (SELECT string_agg(state, ',' ORDER BY id) FROM adjustment),
    (SELECT string_agg(name, ',') FROM profile),
    (SELECT string_agg(state, ',' ORDER BY id) FROM redemption_code)
"""
HOLDERS: LiteralString = "SELECT array_agg(token ORDER BY token) FROM command"
BREAK: LiteralString = """
CREATE FUNCTION break_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    {how};
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER broken AFTER {when} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW {which} EXECUTE FUNCTION break_commit()
"""
WAITING: LiteralString = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
REFUSES = "RAISE EXCEPTION 'broken'"
DIES = "PERFORM pg_terminate_backend(pg_backend_pid())"


@dataclass(frozen=True, slots=True)
class Command:
    """A write: who asks what where, its first status, and a table that it leaves something in."""

    who: str
    method: str
    path: str
    body: object = None
    status: int = 200
    table: str = "applied"
    goes_out: bool = False
    """After it, who asked may not ask here any more: not for the answer either."""

    async def ask(self, desk: Desk, key: str | None = "k") -> httpx.Response:
        return await desk.ask(self.method, self.path, self.who, json=self.body, key=key)


@dataclass(frozen=True, slots=True)
class Ids:
    """What commands are about."""

    consumer: object = "ada"
    clerk: object = "clerk"
    other: object = "other"
    code: str = "code"
    text: str = "text"
    redeemed: str = "redeemed"
    pending: object = "pending"
    suspended: object = "suspended"
    invitation: str = "invitation"
    adjustment: object = "adjustment"


async def prepare(desk: Desk) -> Ids:
    """Something of everything that commands are about."""
    await desk.give(500)
    rules = {"rules": list(POINT_PER_DOLLAR)}
    await Command(OWNER, "POST", f"{MERCHANT}/rules", rules).ask(desk, "before")
    issue = Command(ADA, "POST", f"{WALLET}/codes", {"points": 10})
    code, other = [(await issue.ask(desk, str(number))).json() for number in range(2)]
    typed = {"code": other["code"], "till": "T1"}
    await Command(CLERK, "POST", f"{MERCHANT}/redemptions", typed).ask(desk, "before")
    invite = Command(OWNER, "POST", f"{TEAM}/invitations", {"phone": STRANGER, "role": "manager"})
    return Ids(
        consumer=desk.people[ADA],
        clerk=desk.people[CLERK],
        other=await _suspended_and_frozen(desk),
        code=code["id"],
        text=code["code"],
        redeemed=other["id"],
        pending=await _tenant(desk, TenantState.PENDING),
        suspended=await _tenant(desk, TenantState.SUSPENDED),
        invitation=(await invite.ask(desk, "before")).json()["id"],
        adjustment=await _requested(desk),
    )


async def _suspended_and_frozen(desk: Desk) -> ConsumerId:
    await desk.sign_in(OTHER)
    other = desk.people[OTHER]
    await desk.give(5, OTHER)
    for about in (f"/tenants/{CAFE.id}/consumers/{other}/freeze", f"/people/{other}/suspend"):
        done = await Command(ADMIN, "POST", f"/v1/admin{about}", BECAUSE).ask(desk, "before")
        assert done.status_code == 200, done.text
    return other


async def _tenant(desk: Desk, state: TenantState) -> TenantId:
    tenant = replace(CAFE, id=TenantId(uuid4()), name=state.value, state=state)
    await desk.store.directory.add_tenant(tenant)
    return tenant.id


async def _requested(desk: Desk) -> ActId:
    act = Act(id=ActId(uuid4()), actor="person:another", reason="a spilt coffee")
    deed = GrantPoints(consumer=desk.people[ADA], points=5, id=act.id)
    adjusting = AdjustmentDesk(desk.store.begin, desk.store.directory, desk.clock, desk.push)
    return (await adjusting.request(CAFE.id, deed, act)).adjustment.id


def commands(ids: Ids) -> Mapping[str, Command]:
    return {**_of_wallets(ids), **_of_teams(ids), **_of_admins(ids)}


def _of_wallets(ids: Ids) -> Mapping[str, Command]:
    adjustments = f"/v1/admin/tenants/{CAFE.id}/consumers/{ids.consumer}/adjustments"
    gift = {"kind": "grant", "points": 5, "reason": "sorry"}
    redemptions = f"{MERCHANT}/redemptions"
    typed, mistyped = ({"code": it, "till": "T1"} for it in (ids.text, "2222-2222"))
    rules = {"rules": list(POINT_PER_DOLLAR)}
    profile = {"name": "Ada"}
    return {
        "issue": Command(ADA, "POST", f"{WALLET}/codes", {"points": 10}, 201),
        "cancel": Command(ADA, "DELETE", f"{WALLET}/codes/{ids.code}"),
        "redeem": Command(CLERK, "POST", redemptions, typed, 201),
        "mistype": Command(CLERK, "POST", redemptions, mistyped, 404, "wrong_try"),
        "undo": Command(CLERK, "POST", f"{redemptions}/{ids.redeemed}/undo", {"till": "T1"}),
        "adjust": Command(ADMIN, "POST", adjustments, gift, 201),
        "publish": Command(OWNER, "POST", f"{MERCHANT}/rules", rules, 201),
        "retire": Command(OWNER, "POST", f"{MERCHANT}/rules/retire", {"force": True}),
        "profile": Command(ADA, "PATCH", "/v1/consumer/profile", profile, 200, "profile"),
    }


def _of_teams(ids: Ids) -> Mapping[str, Command]:
    shop = {"name": "Bookshop", "currency": "GBP", "country": "GB", "time_zone": "Europe/London"}
    invited = f"/v1/consumer/tenants/{CAFE.id}/invitations/{ids.invitation}"
    asked = {"phone": "+12125550192", "role": "cashier"}
    clerk = f"{TEAM}/members/{ids.clerk}"
    return {
        "sign up": Command(ADA, "POST", "/v1/consumer/tenants", shop, 201, "audit"),
        "terms": Command(OWNER, "PATCH", f"{MERCHANT}/terms", {"points_min": 5}, 200, "audit"),
        "invite": Command(OWNER, "POST", f"{TEAM}/invitations", asked, 201, "invitation"),
        "revoke": Command(
            OWNER, "DELETE", f"{TEAM}/invitations/{ids.invitation}", None, 200, "audit"
        ),
        "accept": Command(STRANGER, "POST", f"{invited}/accept", None, 200, "member"),
        "decline": Command(STRANGER, "POST", f"{invited}/decline", None, 200, "audit"),
        "change": Command(OWNER, "PATCH", clerk, {"role": "manager"}, 200, "audit"),
        "remove": Command(OWNER, "DELETE", clerk, None, 200, "audit"),
        "leave": Command(CLERK, "POST", f"{TEAM}/leave", None, 200, "audit", goes_out=True),
    }


def _of_admins(ids: Ids) -> Mapping[str, Command]:
    here = f"/v1/admin/tenants/{CAFE.id}"
    much = {"kind": "grant", "points": 20_000, "reason": "sorry"}

    def because(path: str, table: str = "audit") -> Command:
        return Command(ADMIN, "POST", path, BECAUSE, 200, table)

    def look_up(phone: str, status: int) -> Command:
        asked = {"phone": phone}
        return Command(ADMIN, "POST", "/v1/admin/look-ups", asked, status, "platform_audit")

    return {
        "approve tenant": because(f"/v1/admin/tenants/{ids.pending}/approve"),
        "suspend tenant": because(f"{here}/suspend"),
        "reinstate tenant": because(f"/v1/admin/tenants/{ids.suspended}/reinstate"),
        "look up": look_up(ADA, 200),
        "look nobody up": look_up("+12125550193", 404),
        "suspend": because(f"/v1/admin/people/{ids.clerk}/suspend", "platform_audit"),
        "reinstate": because(f"/v1/admin/people/{ids.other}/reinstate", "platform_audit"),
        "freeze": because(f"{here}/consumers/{ids.consumer}/freeze"),
        "unfreeze": because(f"{here}/consumers/{ids.other}/unfreeze"),
        "request": Command(
            ADMIN, "POST", f"{here}/consumers/{ids.consumer}/adjustments", much, 201, "adjustment"
        ),
        "approve": Command(ADMIN, "POST", f"{here}/adjustments/{ids.adjustment}/approve"),
        "reject": because(f"{here}/adjustments/{ids.adjustment}/reject"),
    }


AT_EVERY_CHECK = {
    *("accept", "adjust", "approve tenant", "invite", "issue", "look up", "profile", "publish"),
    *("redeem", "suspend"),
}
"""Of each way in which an answer gets into a transaction, one or two; the rest in the long run."""

NAMES = [
    name if name in AT_EVERY_CHECK else pytest.param(name, marks=pytest.mark.long)
    for name in sorted(commands(Ids()))
]


def ask(database: Database, statement: LiteralString | sql.SQL) -> tuple[Any, ...]:
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        found = connection.execute(statement)
        return (found.fetchone() or ()) if found.description else ()


def answered(database: Database) -> int:
    return int(ask(database, "SELECT count(*) FROM command WHERE key = 'k' AND status > 0")[0])


@contextmanager
def broken(database: Database, table: str, how: str) -> Generator[None]:
    """Let every commit fail that would write to a table; of commands, one that answers."""
    is_answer = table == "command"
    when = "UPDATE ON command" if is_answer else f"INSERT OR UPDATE ON {table}"
    which = "WHEN (NEW.status IS NOT NULL)" if is_answer else ""
    ask(database, sql.SQL(BREAK.format(how=how, when=when, which=which)))  # type: ignore[arg-type] # made of what stands above
    try:
        yield
    finally:
        ask(database, "DROP FUNCTION break_commit CASCADE")


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_breaks_a_command_leaves_effect_and_answer_or_neither(
    desk: Desk, database: Database, name: str
) -> None:
    command = commands(await prepare(desk))[name]
    if command.table == "profile":
        await desk.store.profiles.keep_profile(desk.people[ADA], Profile(name="A"))
    # Each of the two sides is broken once: with two commits one of them would be left.
    await _fails(desk, database, command, "command", REFUSES)
    await _fails(desk, database, command, command.table, DIES)
    first, second = await _overtaken(desk, database, command)
    assert (first.status_code, first.json()["code"]) == (409, "request_in_flight")
    assert first.headers["retry-after"] == "1"
    assert second.status_code == command.status, second.text
    assert "idempotency-replayed" not in second.headers
    once = ask(database, SEEN)
    await _is_told_again(desk, command, second)
    assert (ask(database, SEEN), answered(database)) == (once, 1)


async def _fails(
    desk: Desk, database: Database, command: Command, table: str, how: LiteralString
) -> None:
    before = ask(database, SEEN)
    with broken(database, table, how):
        failed = await command.ask(desk)
        assert failed.status_code == (500 if how == REFUSES else 503), failed.text
        assert (ask(database, SEEN), answered(database)) == (before, 0)


async def _overtaken(
    desk: Desk, database: Database, command: Command
) -> tuple[httpx.Response, httpx.Response]:
    """Ask twice; the first is so slow that the second takes the command over."""
    there, before = ask(database, HOLDERS), ask(database, SEEN)

    async def another_is_taken_on() -> bool:
        return ask(database, HOLDERS) != there

    async def another_waits() -> bool:
        return ask(database, WAITING)[0] == 2

    with psycopg.connect(database.dsn()) as holder:
        holder.execute(f"LOCK TABLE {command.table} IN SHARE MODE")  # type: ignore[call-overload] # one of ours
        slow = asyncio.create_task(command.ask(desk))
        await until(another_is_taken_on)
        desk.now += HELD
        quick = asyncio.create_task(command.ask(desk))
        await until(another_waits)
        assert ask(database, SEEN) == before
    first, second = await asyncio.gather(slow, quick)
    assert ask(database, SEEN) != before
    return first, second


async def _is_told_again(desk: Desk, command: Command, done: httpx.Response) -> None:
    again = await command.ask(desk)
    if command.goes_out:
        assert (again.status_code, again.json()["code"]) == (404, "tenant_unknown")
    else:
        assert again.headers["idempotency-replayed"] == "true", again.text
        assert (again.status_code, _told(again)) == (done.status_code, _told(done))


def _told(answer: httpx.Response) -> object:
    """What an answer says, but for the id of its request."""
    return {name: told for name, told in answer.json().items() if name != "correlation"}


async def test_two_people_may_use_one_key(desk: Desk) -> None:
    for phone in (ADA, CLERK):
        await desk.give(50, phone)
        issued = await Command(phone, "POST", f"{WALLET}/codes", {"points": 10}).ask(desk)
        assert (issued.status_code, "idempotency-replayed" in issued.headers) == (201, False)
        assert (await desk.ask("GET", WALLET, phone)).json()["balance"] == 40


async def test_a_merge_whose_answer_was_lost_is_found_by_its_name(
    desk: Desk, database: Database
) -> None:
    await desk.sign_in(OTHER)
    await desk.give(7, OTHER)
    told = {"mine": await shown(desk, ADA), "other": await shown(desk, OTHER)}
    merge = Command(ADA, "POST", "/v1/consumer/merges", told, 201)
    with broken(database, "command", REFUSES):
        assert (await merge.ask(desk)).status_code == 500
    before = ask(database, SEEN)
    merged = await merge.ask(desk)
    assert merged.status_code == 201, merged.text
    assert ask(database, SEEN) == before
    undo = Command(ADA, "DELETE", f"/v1/consumer/merges/{merged.json()['id']}")
    with broken(database, "command", REFUSES):
        assert (await undo.ask(desk)).status_code == 500
    before = ask(database, SEEN)
    assert (await undo.ask(desk)).status_code == 200
    assert ask(database, SEEN) == before
    assert (await desk.ask("GET", WALLET, OTHER)).json()["balance"] == 7


async def test_where_no_points_move_a_key_is_welcome_and_not_wanted(desk: Desk) -> None:
    tell = Command(ADA, "PATCH", "/v1/consumer/profile", {"name": "Ada"})
    forget = Command(ADA, "PATCH", "/v1/consumer/profile", {"name": None})
    assert [(await tell.ask(desk, key)).status_code for key in (None, "k", "a b")] == [
        200,
        200,
        400,
    ]
    assert (await forget.ask(desk, None)).json()["name"] is None
    again = await tell.ask(desk)
    assert (again.json()["name"], again.headers["idempotency-replayed"]) == ("Ada", "true")
    assert (await desk.ask("GET", tell.path, ADA)).json()["name"] is None
    other = await forget.ask(desk)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refusal_is_told_again_as_one(desk: Desk) -> None:
    issue = Command(ADA, "POST", f"{WALLET}/codes", {"points": 10})
    refused = await issue.ask(desk)
    await desk.give(50)
    again = await issue.ask(desk)
    assert (refused.status_code, again.status_code) == (409, 409)
    assert _told(refused) == _told(again)
    assert "idempotency-replayed" not in refused.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (await issue.ask(desk, str(uuid4()))).status_code == 201
