"""A person takes everything out, and is erased: nothing of them is left, and the books stand."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest
from psycopg import sql

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.deeds import TellNews
from salesarck_domain.ids import ActId, ConsumerId, derived
from salesarck_domain.ledger.adjustment import AdjustmentState
from salesarck_domain.news import CustomerNews, RefundNews, SaleNews, TillCustomer
from salesarck_domain.people import Evidence, Proof, Role
from salesarck_domain.ports.directory import Link
from salesarck_domain.ports.inbox import Arrival, InboxRow
from salesarck_domain.ports.store import Finished
from salesarck_domain.testing.examples import (
    BAKERY,
    CAFE,
    MINUTE,
    NOON,
    POINT_PER_DOLLAR,
    paid,
    refunded,
)
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.replay import Replay
from salesarck_domain.use_cases.rules import Publish
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_domain.use_cases.sessions import shown as what_it_shows
from salesarck_service.routes.export import ExportView
from tests.postgres import Database
from tests.service.desk import ADA, ADMIN, CLERK, OWNER, STRANGER, Desk

PAGE, CARD = "CUSTOMER-OF-CAFE-77", "5555341244441115"
LINK = Link(tenant=CAFE.id, provider="square", merchant="M1", linked_at=NOON)
WHOM = TillCustomer(PAGE, ADA)
BODY = f'{{"customer": "{PAGE}", "card": {{"pan": "{CARD}"}}}}'.encode()


async def tell(desk: Desk, *told: SaleNews | RefundNews | CustomerNews) -> None:
    deeds = [TellNews(provider="square", news=news) for news in told]
    record = RecordNews(desk.store.begin, desk.clock, desk.push, desk.parts.peppers)
    (row,) = await _claimed(desk)
    assert row.token
    finished = Finished(row.id, row.token, "applied")
    await record(CAFE.id, deeds, finished, correlation=str(uuid4()))


async def _claimed(desk: Desk) -> Sequence[InboxRow]:
    arrival = Arrival(
        provider="square",
        merchant="M1",
        key=str(uuid4()),
        body=BODY + str(uuid4()).encode(),
        headers={},
        received_at=desk.now,
        correlation="",
    )
    await desk.store.inbox.store([arrival])
    return await desk.store.inbox.claim(1, desk.now, MINUTE)


async def live(desk: Desk) -> None:
    """Ada buys, spends a little, has a code out, and the café knows her well."""
    await desk.store.directory.add_link(LINK)
    await Publish(desk.store.begin, desk.clock)(CAFE.id, POINT_PER_DOLLAR, "owner", uuid4())
    await tell(desk, CustomerNews(merchant="M1", id=PAGE, phone=ADA, email="ada@canary.test"))
    await tell(desk, paid("P1", 50, customer=WHOM))
    await tell(desk, paid("P2", 30, customer=TillCustomer(PAGE)))
    await tell(desk, paid("P0", 0, customer=WHOM))
    assert (await desk.give(20)).status_code == 201
    name = {"name": "Canary Ada"}
    assert (await desk.ask("PATCH", "/v1/consumer/profile", ADA, json=name)).is_success
    for points in (30, 10):
        path = f"/v1/consumer/wallets/{CAFE.id}/codes"
        issued = await desk.ask("POST", path, ADA, json={"points": points}, key=str(uuid4()))
        assert issued.is_success
    redeemed = f"/v1/merchant/tenants/{CAFE.id}/redemptions"
    told = {"code": issued.json()["code"], "till": "T1"}
    assert (await desk.ask("POST", redeemed, OWNER, json=told, key="r")).is_success


async def be_talked_about(desk: Desk) -> None:
    """Staff write about Ada, a request of points for her waits, and two ask her to join."""
    ada, reason = desk.people[ADA], {"reason": f"Canary Ada, {ADA}, called"}
    here = f"/v1/admin/tenants/{CAFE.id}/consumers/{ada}"
    much = {"kind": "grant", "points": 50_000, **reason}
    for path, told in (
        (f"{here}/adjustments", {**much, "points": 5}),
        (f"{here}/adjustments", much),
        (f"/v1/admin/tenants/{BAKERY.id}/consumers/{ada}/adjustments", much),
        (f"{here}/freeze", reason),
        ("/v1/admin/look-ups", {"phone": ADA, **reason}),
        (f"/v1/admin/people/{ada}/suspend", reason),
        (f"/v1/admin/people/{ada}/reinstate", reason),
    ):
        answer = await desk.ask("POST", path, ADMIN, json=told, key=str(uuid4()))
        assert answer.is_success, answer.text
    for tenant, who in ((CAFE.id, OWNER), (BAKERY.id, STRANGER)):
        asked = {"role": "cashier", "phone": ADA}
        path = f"/v1/merchant/tenants/{tenant}/team/invitations"
        assert (await desk.ask("POST", path, who, json=asked, key="i")).is_success


async def leave(desk: Desk) -> httpx.Response:
    assert (await desk.ask("POST", "/v1/sign-in/codes", json={"phone": ADA})).status_code == 202
    shown = {"phone": ADA, "code": desk.codes[ADA]}
    return await desk.ask("POST", "/v1/consumer/erasure", ADA, json=shown, key=str(uuid4()))


def written(database: Database) -> str:
    """Every column of every table, as text."""
    found: list[str] = []
    with psycopg.connect(database.dsn()) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        ).fetchall()
        for table, column, kind in columns:
            name = sql.Identifier(column)
            text = sql.SQL("encode({}, 'escape')" if kind == "bytea" else "{}::text").format(name)
            asked = sql.SQL("SELECT {} FROM {}").format(text, sql.Identifier(table))
            found += [f"{table}.{column} {value}" for (value,) in connection.execute(asked)]
    return "\n".join(found)


async def hold(desk: Desk) -> None:
    """The books verify, and the history comes out the same again."""
    again = MemoryStore()
    verify = VerifyBooks(desk.store.books, desk.store.directory)
    replay = Replay(desk.store, desk.store.directory, again, again.directory)
    assert list(map(str, [*await verify(), *await replay()])) == []


async def test_everything_is_taken_out_as_one_document(desk: Desk) -> None:
    await live(desk)
    answer = await desk.ask("GET", "/v1/consumer/export", ADA)
    assert answer.headers["content-type"] == "application/json"
    found = msgspec.json.decode(answer.content, type=ExportView)
    assert (found.person.name, found.person.contacts[0].value) == ("Canary Ada", ADA)
    (cafe,) = found.tenants
    assert (cafe.balance, len(cafe.entries), len(cafe.codes)) == (60, 5, 2)
    assert {tender.phone for sale in cafe.sales for tender in sale.tenders} == {ADA, None}
    assert [entry.explanation.points for entry in cafe.entries if entry.explanation] == [50, 30]
    assert "lookup" not in answer.text
    assert [note.reason for note in cafe.audit] == ["welcome"]
    by_admin = f"/v1/admin/consumers/{desk.people[ADA]}/export"
    assert (await desk.ask("GET", by_admin, ADMIN)).json()["person"] == answer.json()["person"]
    notes = await desk.store.books.notes(CAFE.id, target=f"consumer:{desk.people[ADA]}")
    assert {note.action for note in notes} == {"adjust_wallet", "export_consumer"}


async def test_who_leaves_is_told_what_they_give_up_and_is_nobody_afterwards(desk: Desk) -> None:
    await live(desk)
    before = desk.people[ADA]
    told = (await desk.ask("GET", "/v1/consumer/erasure", ADA)).json()
    assert told["points"] == 60
    assert (await leave(desk)).status_code == 200
    account = await desk.store.books.account(CAFE.id, before)
    assert (account.balance, account.owed) == (0, 0)
    last, released = await desk.store.books.history(CAFE.id, before, None, 2)
    assert (last.kind.value, last.points, released.kind.value) == ("deduct", 90, "release")
    await hold(desk)
    assert (await desk.ask("GET", "/v1/consumer/wallets/", ADA)).status_code == 401
    unknown = f"/v1/admin/consumers/{before}/export"
    assert (await desk.ask("GET", unknown, ADMIN)).status_code == 404
    await desk.sign_in(ADA)
    assert desk.people[ADA] != before
    assert (await desk.ask("GET", "/v1/consumer/wallets/", ADA)).json() == []


async def test_a_frozen_wallet_is_erased_and_what_was_requested_for_it_is_for_nobody(
    desk: Desk,
) -> None:
    await live(desk)
    await be_talked_about(desk)
    before = desk.people[ADA]
    found = msgspec.json.decode(
        (await desk.ask("GET", "/v1/consumer/export", ADA)).content, type=ExportView
    )
    assert {it.tenant for it in found.person.invitations} == {CAFE.id, BAKERY.id}
    assert {it.action for it in found.person.audit} == {
        "look_up",
        "suspend_person",
        "reinstate_person",
    }
    assert {it.tenant for it in found.tenants} == {CAFE.id, BAKERY.id}
    assert (await leave(desk)).is_success
    account = await desk.store.books.account(CAFE.id, before)
    assert (account.balance, account.frozen) == (0, True)
    await desk.employ(CLERK, Role.ADMIN, None)
    for tenant in (CAFE.id, BAKERY.id):
        (waiting,) = await desk.store.books.adjustments(tenant, state=AdjustmentState.PENDING)
        assert waiting.reason == ""
        path = f"/v1/admin/tenants/{tenant}/adjustments/{waiting.id}/approve"
        refused = await desk.ask("POST", path, CLERK, key="a")
        assert (refused.status_code, refused.json()["code"]) == (404, "person_unknown")
    again = f"/v1/admin/tenants/{BAKERY.id}/consumers/{before}/adjustments"
    told = {"kind": "grant", "points": 5, "reason": "Canary Ada"}
    assert (await desk.ask("POST", again, ADMIN, json=told, key="g")).status_code == 404
    await hold(desk)


async def test_their_sessions_end_with_them(desk: Desk) -> None:
    before = desk.people[ADA]
    claims = await desk.parts.verifier.verify_token(desk.tokens[ADA])
    assert await desk.store.revocations.stands(what_it_shows(claims, before))
    assert (await leave(desk)).is_success
    assert not await desk.store.revocations.stands(what_it_shows(claims, before))


async def test_what_tills_tell_later_revives_nobody(desk: Desk) -> None:
    await live(desk)
    before = desk.people[ADA]
    assert (await leave(desk)).is_success
    await tell(desk, CustomerNews(merchant="M1", id=PAGE, phone=ADA))
    await tell(desk, paid("P3", 40, customer=WHOM), refunded("R1", "P1", 50))
    await tell(desk, paid("P2", 60, customer=WHOM, changed_at=NOON + MINUTE))
    (sale,) = await desk.store.books.sales_of(CAFE.id, unclaimed=True, limit=1)
    assert (sale.consumer, sale.waits_for) == (None, ())
    account = await desk.store.books.account(CAFE.id, before)
    assert (account.balance, account.owed) == (0, 20)
    await hold(desk)
    await desk.sign_in(ADA)
    await tell(desk, paid("P4", 70, customer=WHOM))
    assert (await desk.store.books.account(CAFE.id, desk.people[ADA])).balance == 70
    await hold(desk)


async def test_only_who_shows_a_contact_of_theirs_is_erased(desk: Desk) -> None:
    for shown in ({"phone": ADA, "code": "000000"}, {"phone": OWNER, "code": "000000"}):
        refused = await desk.ask("POST", "/v1/consumer/erasure", ADA, json=shown, key=str(uuid4()))
        assert refused.status_code in {401, 404}
    assert (await desk.ask("GET", "/v1/consumer/wallets/", ADA)).is_success


async def test_who_works_for_a_tenant_leaves_its_team_first(desk: Desk) -> None:
    path = f"/v1/admin/consumers/{desk.people[OWNER]}/erasure"
    refused = await desk.ask("POST", path, ADMIN, json={"reason": "asked"}, key="e")
    assert (refused.status_code, refused.json()["code"]) == (409, "erasure_refused")


async def test_an_admin_erases_on_behalf_with_a_reason_that_names_nobody(desk: Desk) -> None:
    await live(desk)
    person = desk.people[ADA]
    path, told = f"/v1/admin/consumers/{person}/erasure", {"reason": f"{ADA} wrote to us"}
    first = await desk.ask("POST", path, ADMIN, json=told, key="e")
    again = await desk.ask("POST", path, ADMIN, json=told, key="e")
    assert (first.status_code, again.json()) == (200, first.json())
    notes = await desk.store.books.notes(CAFE.id, target=f"consumer:{person}")
    assert {(note.action, note.reason) for note in notes} == {
        ("adjust_wallet", ""),
        ("erase_consumer", ""),
    }
    erased = await desk.store.erasures.find(ActId(UUID(first.json()["id"])))
    assert erased
    assert (erased.people, erased.reason) == ((person,), "… wrote to us")
    await hold(desk)


async def test_other_peoples_evidence_and_points_stay(desk: Desk) -> None:
    await live(desk)
    grace = ConsumerId(derived(NOON, "Grace"))
    shared = Evidence.till("square", "SHARED")
    async with desk.store.begin(CAFE.id, alone=True) as work:
        await work.people.prove([Proof(shared, grace, NOON)])
    await tell(desk, CustomerNews(merchant="M1", id="SHARED", phone=ADA))
    await tell(desk, paid("P5", 9, customer=TillCustomer("SHARED", ADA)))
    assert (await leave(desk)).is_success
    await tell(desk, paid("P6", 8, customer=TillCustomer("SHARED", ADA)))
    assert (await desk.store.books.account(CAFE.id, grace)).balance == 17
    await hold(desk)


@pytest.mark.parametrize("desk", ["postgres"], indirect=True)
async def test_no_column_of_any_table_holds_anything_of_them(
    desk: Desk, database: Database
) -> None:
    await live(desk)
    await be_talked_about(desk)
    before = written(database)
    for canary in (ADA, PAGE, "Canary Ada", "ada@canary.test", CARD):
        assert canary in before, canary
    for place in ("adjustment.reason", "audit.reason", "platform_audit.reason"):
        assert f"{place} Canary Ada" in before, place
    assert f"invitation.value {ADA}" in before
    assert (await leave(desk)).is_success
    left = written(database).splitlines()
    for canary in (ADA, ADA[1:], PAGE, "Canary Ada", "ada@canary.test", CARD):
        assert [line for line in left if canary in line] == [], canary
