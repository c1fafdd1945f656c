"""What admins do with tenants, people and wallets, and what is kept of it."""

import asyncio
import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from salesarck_domain.deeds import ApplyDue
from salesarck_domain.ids import ActId
from salesarck_domain.ledger.wallet import By
from salesarck_domain.people import AccountMerge, Evidence, Proof, Role
from salesarck_domain.testing.examples import BAKERY, CAFE, MINUTE, NOON
from salesarck_domain.use_cases.wallets import apply_due
from tests.service.desk import ADA, ADMIN, CLERK, OWNER, STRANGER, Desk

WALLET = f"/v1/consumer/wallets/{CAFE.id}"
CODES = f"{WALLET}/codes"
MERCHANT = f"/v1/merchant/tenants/{CAFE.id}"
HERE = f"/v1/admin/tenants/{CAFE.id}"
SECOND = "+12125550111"
WHY = {"reason": "chargebacks"}


async def act(
    desk: Desk, path: str, who: str = ADMIN, json: object = WHY, key: str | None = None
) -> httpx.Response:
    desk.now += timedelta(milliseconds=1)
    return await desk.ask("POST", path, who, json=json, key=key or str(uuid4()))


async def second_admin(desk: Desk) -> None:
    await desk.sign_in(SECOND)
    await desk.employ(SECOND, Role.ADMIN, None)


async def notes(desk: Desk, path: str = f"{HERE}/audit") -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await desk.ask("GET", path, ADMIN)).json()["notes"]
    return found


def about(desk: Desk, phone: str, what: str) -> str:
    return f"{HERE}/consumers/{desk.people[phone]}/{what}"


async def test_a_suspended_tenant_answers_nobody_but_admins_until_it_is_reinstated(
    desk: Desk,
) -> None:
    await desk.give(500)
    told = await act(desk, f"{HERE}/suspend", key="one")
    assert (told.status_code, told.json()["state"]) == (200, "suspended")
    for who, method, path in (
        (ADA, "GET", WALLET),
        (CLERK, "POST", f"{MERCHANT}/redemptions"),
        (OWNER, "GET", f"{MERCHANT}/rules"),
        (OWNER, "GET", f"{MERCHANT}/team"),
    ):
        body = {"code": "2222-2222", "till": "T1"} if method == "POST" else None
        refused = await desk.ask(method, path, who, json=body, key="k")
        assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")
    again = await act(desk, f"{HERE}/suspend", key="one")
    assert again.headers["idempotency-replayed"] == "true"
    twice = await act(desk, f"{HERE}/suspend")
    assert (twice.status_code, twice.json()["code"]) == (409, "tenant_state_refused")
    assert (await desk.give(1)).status_code == 201
    assert (await act(desk, f"{HERE}/approve")).json()["code"] == "tenant_state_refused"
    assert (await act(desk, f"{HERE}/reinstate")).json()["state"] == "active"
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 501
    kept = [note for note in await notes(desk) if note["target"] == f"tenant:{CAFE.id}"]
    assert [note["action"] for note in kept] == ["reinstate_tenant", "suspend_tenant"]
    assert kept[1]["before"] == {"state": "active"}
    assert kept[1]["after"] == {"state": "suspended"}
    assert kept[1]["reason"] == "chargebacks"
    assert kept[1]["actor"] == f"person:{desk.people[ADMIN]}"
    assert UUID(str(kept[1]["correlation"]))


@pytest.mark.parametrize("path", ["suspend", "approve", "reinstate"])
async def test_only_an_admin_moves_a_tenant_and_says_why(desk: Desk, path: str) -> None:
    for who in (ADA, CLERK, OWNER, STRANGER):
        assert (await act(desk, f"{HERE}/{path}", who)).status_code == 403
    for wrong in ({"reason": ""}, {"reason": "  "}, {}, {"reason": "why", "state": "active"}):
        assert (await act(desk, f"{HERE}/{path}", json=wrong)).status_code == 400
    nowhere = await act(desk, f"/v1/admin/tenants/{uuid4()}/{path}")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "tenant_unknown")


async def test_a_suspended_person_does_nothing_on_the_next_request(desk: Desk) -> None:
    clerk = f"/v1/admin/people/{desk.people[CLERK]}"
    assert (await desk.ask("GET", "/v1/consumer/wallets", CLERK)).status_code == 200
    assert (await act(desk, f"{clerk}/suspend")).json()["suspended"] is True
    for path in ("/v1/consumer/wallets", "/v1/consumer/profile", f"{MERCHANT}/team"):
        refused = await desk.ask("GET", path, CLERK)
        assert (refused.status_code, refused.json()["code"]) == (403, "person_suspended")
    await desk.sign_in(CLERK)
    refused = await desk.ask("GET", "/v1/consumer/wallets", CLERK)
    assert refused.json()["code"] == "person_suspended"
    assert (await act(desk, f"{clerk}/suspend")).json()["code"] == "already_so"
    assert (await act(desk, f"{clerk}/reinstate")).json()["suspended"] is False
    assert (await desk.ask("GET", "/v1/consumer/wallets", CLERK)).status_code == 200
    assert (await act(desk, f"{clerk}/reinstate")).json()["code"] == "already_so"
    kept = await notes(desk, "/v1/admin/audit")
    assert [note["action"] for note in kept] == ["reinstate_person", "suspend_person"]
    own = await act(desk, f"/v1/admin/people/{desk.people[ADMIN]}/suspend")
    assert (own.status_code, own.json()["code"]) == (403, "own_suspension")
    nobody = await act(desk, f"/v1/admin/people/{uuid4()}/suspend")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "person_unknown")


async def test_a_frozen_wallet_is_neither_spent_nor_adjusted(desk: Desk) -> None:
    await desk.give(500)
    code = (await desk.ask("POST", CODES, ADA, json={"points": 100}, key="c1")).json()
    taken = (await desk.ask("POST", CODES, ADA, json={"points": 50}, key="c0")).json()
    assert (await act(desk, about(desk, ADA, "freeze"))).json()["frozen"] is True
    issued = await desk.ask("POST", CODES, ADA, json={"points": 100}, key="c2")
    typed = {"code": code["code"], "till": "T1"}
    redeemed = await desk.ask("POST", f"{MERCHANT}/redemptions", CLERK, json=typed, key="r1")
    for refused in (issued, redeemed, await desk.give(1)):
        assert (refused.status_code, refused.json()["code"]) == (409, "wallet_frozen")
        assert "still earns, refunds and expires" in refused.json()["detail"]
    path = f"{CODES}/{taken['id']}"
    assert (await desk.ask("DELETE", path, ADA, key="c3")).status_code == 200
    wallet = (await desk.ask("GET", WALLET, ADA)).json()
    assert (wallet["frozen"], wallet["balance"]) == (True, 400)
    assert (await act(desk, about(desk, ADA, "freeze"))).json()["code"] == "already_so"
    assert (await act(desk, about(desk, ADA, "unfreeze"))).json()["frozen"] is False
    desk.now += timedelta(milliseconds=1)
    again = await desk.ask("POST", f"{MERCHANT}/redemptions", CLERK, json=typed, key="r2")
    assert again.json()["state"] == "redeemed"
    actions = [note["action"] for note in await notes(desk)]
    assert actions[:3] == ["redeem_code", "unfreeze_wallet", "freeze_wallet"]
    nobody = await act(desk, f"{HERE}/consumers/{uuid4()}/freeze")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "person_unknown")


async def test_points_that_run_out_leave_a_frozen_wallet_too(desk: Desk) -> None:
    await desk.give(500)
    await desk.ask("POST", CODES, ADA, json={"points": 100}, key="c1")
    await act(desk, about(desk, ADA, "freeze"))
    desk.now += 16 * MINUTE
    async with desk.store.begin(CAFE.id) as work:
        await apply_due(work, ApplyDue(consumers=(desk.people[ADA],)), By("timetable", desk.now))
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 500


async def test_an_admin_adjusts_alone_up_to_the_limit_of_a_day(desk: Desk) -> None:
    await desk.store.directory.add_tenant(replace(CAFE, adjustment_limit=1_000))
    assert (await desk.give(600)).json()["state"] == "made"
    more = (await desk.give(401)).json()
    assert (more["state"], more["balance"]) == ("pending", None)
    assert (await desk.give(400)).json()["balance"] == 1_000
    assert (await desk.give(1)).json()["state"] == "pending"
    desk.now += timedelta(days=1)
    await desk.sign_in(ADMIN)
    await desk.sign_in(ADA)
    assert (await desk.give(1_000)).json()["state"] == "made"
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 2_000


async def test_two_at_once_do_not_get_past_the_limit_together(desk: Desk) -> None:
    await desk.store.directory.add_tenant(replace(CAFE, adjustment_limit=1_000))
    answers = await asyncio.gather(*(desk.give(300) for _ in range(8)))
    states = sorted(answer.json()["state"] for answer in answers)
    assert states == ["made"] * 3 + ["pending"] * 5
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 900


async def test_a_large_adjustment_takes_a_second_admin(desk: Desk) -> None:
    await second_admin(desk)
    asked = await desk.give(20_000)
    assert (asked.status_code, asked.json()["state"]) == (201, "pending")
    assert asked.json()["expires_at"].startswith("2026-03-05T12:00:00")
    request = f"{HERE}/adjustments/{asked.json()['act']}"
    own = await act(desk, f"{request}/approve", json=None)
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    assert (await act(desk, f"{request}/reject")).json()["code"] == "own_request"
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 0
    listed = (await desk.ask("GET", f"{HERE}/adjustments?state=pending", SECOND)).json()
    assert [each["points"] for each in listed["adjustments"]] == [20_000]
    approved = await act(desk, f"{request}/approve", SECOND, json=None, key="yes")
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    again = await act(desk, f"{request}/approve", SECOND, json=None, key="yes")
    assert again.headers["idempotency-replayed"] == "true"
    late = await act(desk, f"{request}/reject", SECOND)
    assert (late.status_code, late.json()["code"]) == (409, "adjustment_decided")
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 20_000
    kept = await notes(desk)
    assert [note["action"] for note in kept] == ["approve_adjustment", "request_adjustment"]
    assert kept[0]["actor"] == f"person:{desk.people[SECOND]}"
    assert kept[0]["on_behalf_of"] == f"person:{desk.people[ADMIN]}"
    assert kept[0]["before"] == {"balance": 0, "owed": 0, "seq": 0}
    assert kept[0]["after"] == {"balance": 20_000, "owed": 0, "seq": 1}


async def test_a_rejected_or_late_request_moves_nothing(desk: Desk) -> None:
    await second_admin(desk)
    rejected, late = [(await desk.give(20_000)).json()["act"] for _ in range(2)]
    told = await act(desk, f"{HERE}/adjustments/{rejected}/reject", SECOND)
    assert told.json()["state"] == "rejected"
    desk.now += timedelta(hours=72)
    for phone in (ADA, SECOND):
        await desk.sign_in(phone)
    expired = await act(desk, f"{HERE}/adjustments/{late}/approve", SECOND, json=None)
    assert (expired.status_code, expired.json()["code"]) == (409, "adjustment_expired")
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 0
    for path in (
        f"{HERE}/adjustments/{uuid4()}",
        f"/v1/admin/tenants/{BAKERY.id}/adjustments/{late}",
    ):
        nowhere = await act(desk, f"{path}/approve", SECOND, json=None)
        assert (nowhere.status_code, nowhere.json()["code"]) == (404, "adjustment_unknown")


async def test_a_request_for_an_account_that_was_absorbed_meanwhile_moves_nothing(
    desk: Desk,
) -> None:
    await second_admin(desk)
    asked = (await desk.give(20_000)).json()["act"]
    merge = AccountMerge(
        id=ActId(uuid4()), absorbed=desk.people[ADA], survivor=desk.people[CLERK], at=desk.now
    )
    await desk.store.directory.merge_accounts(merge)
    approved = await act(desk, f"{HERE}/adjustments/{asked}/approve", SECOND, json=None)
    assert (approved.status_code, approved.json()["code"]) == (404, "person_unknown")
    assert (await desk.store.books.account(CAFE.id, desk.people[ADA])).seq == 0
    rejected = await act(desk, f"{HERE}/adjustments/{asked}/reject", SECOND)
    assert rejected.json()["state"] == "rejected"


async def test_of_many_admins_who_decide_at_once_one_does(desk: Desk) -> None:
    phones = [f"+121255501{number}" for number in range(20, 28)]
    for phone in phones:
        await desk.sign_in(phone)
        await desk.employ(phone, Role.ADMIN, None)
    request = f"{HERE}/adjustments/{(await desk.give(20_000)).json()['act']}"
    ways = [("approve", None), ("reject", WHY)] * 4
    answers = await asyncio.gather(
        *(
            act(desk, f"{request}/{way}", phone, json=body)
            for phone, (way, body) in zip(phones, ways, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    (won,) = (answer.json()["state"] for answer in answers if answer.status_code == 200)
    balance = (await desk.ask("GET", WALLET, ADA)).json()["balance"]
    assert balance == (20_000 if won == "approved" else 0)


async def test_nobody_adjusts_their_own_wallet_or_approves_it(desk: Desk) -> None:
    await second_admin(desk)
    path = f"{HERE}/consumers/{desk.people[ADMIN]}/adjustments"
    told = {"kind": "grant", "points": 5, "reason": "me"}
    own = await act(desk, path, json=told)
    assert (own.status_code, own.json()["code"]) == (403, "own_wallet")
    asked = await act(desk, path, SECOND, json=told | {"points": 20_000})
    request = f"{HERE}/adjustments/{asked.json()['act']}"
    mine = await act(desk, f"{request}/approve", json=None)
    assert (mine.status_code, mine.json()["code"]) == (403, "own_wallet")


async def test_a_look_up_is_audited_and_names_no_phone(desk: Desk) -> None:
    await desk.give(10)
    await desk.store.directory.prove([_proof(desk)])
    ways = (
        {"phone": "(212) 555-0100", "country": "US"},
        {"phone": "+1 212.555.0100"},
        {"email": " Ada@Example.TEST "},
    )
    for way in ways:
        found = await act(desk, "/v1/admin/look-ups", json=way | {"reason": "she called"})
        assert found.json()["id"] == str(desk.people[ADA])
        assert [wallet["balance"] for wallet in found.json()["wallets"]] == [10]
    missing = await act(desk, "/v1/admin/look-ups", json={"phone": "+12125559999"})
    assert (missing.status_code, missing.json()["code"]) == (404, "person_unknown")
    for wrong in (
        {},
        {"phone": "555"},
        {"email": "ada"},
        {"phone": "+12125550100", "email": "a@b"},
    ):
        assert (await act(desk, "/v1/admin/look-ups", json=wrong)).status_code == 400
    assert (await act(desk, "/v1/admin/look-ups", OWNER, json=ways[0])).status_code == 403
    kept = await notes(desk, "/v1/admin/audit")
    ada = f"person:{desk.people[ADA]}"
    assert [note["target"] for note in kept] == ["person:", ada, ada, ada]
    assert kept[1]["reason"] == "she called"
    assert "555" not in json.dumps([note | {"id": "", "correlation": ""} for note in kept[:1]])
    one = await desk.ask("GET", f"/v1/admin/people/{desk.people[ADA]}", ADMIN)
    assert one.json()["id"] == str(desk.people[ADA])


async def test_the_audit_is_read_in_pages_and_taken_away_by_admins_alone(desk: Desk) -> None:
    for number in range(3):
        desk.now += MINUTE
        path = about(desk, ADA, "adjustments")
        told = {"kind": "grant", "points": 5, "reason": f'=1+{number}, "said" she'}
        await act(desk, path, json=told)
    for who in (ADA, CLERK, OWNER, STRANGER):
        for path in ("", "/export.csv"):
            assert (await desk.ask("GET", f"{HERE}/audit{path}", who)).status_code == 403
            assert (await desk.ask("GET", f"/v1/admin/audit{path}", who)).status_code == 403
    first = (await desk.ask("GET", f"{HERE}/audit?limit=2", ADMIN)).json()
    rest = (await desk.ask("GET", f"{HERE}/audit?limit=2&cursor={first['next']}", ADMIN)).json()
    seen = [note["id"] for note in (*first["notes"], *rest["notes"])]
    assert (len(seen), len(set(seen)), rest["next"]) == (3, 3, None)
    lines = await desk.ask("GET", f"{HERE}/audit/export.jsonl?limit=2", ADMIN)
    told_lines = [json.loads(line) for line in lines.text.splitlines()]
    assert [note["id"] for note in told_lines] == seen[:2]
    following = lines.headers["link"].partition(">")[0].removeprefix("<")
    last = await desk.ask("GET", following, ADMIN)
    assert [json.loads(line)["id"] for line in last.text.splitlines()] == seen[2:]
    assert "link" not in last.headers
    table = await desk.ask("GET", f"{HERE}/audit/export.csv", ADMIN)
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["id"] for row in rows] == seen
    assert rows[0]["reason"] == '\'=1+2, "said" she'
    assert (await desk.ask("GET", f"{HERE}/audit/export.pdf", ADMIN)).status_code == 404
    platform = await desk.ask("GET", "/v1/admin/audit/export.jsonl", ADMIN)
    assert (platform.status_code, platform.text) == (200, "")


def _proof(desk: Desk) -> Proof:
    return Proof(Evidence.email("ada@example.test"), desk.people[ADA], NOON)
