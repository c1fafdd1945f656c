import asyncio
import base64
from uuid import uuid4

import pytest

from salesarck_domain.testing.examples import BAKERY, CAFE, MINUTE, POINT_PER_DOLLAR
from tests.service.desk import ADA, CLERK, OWNER, Desk

WALLET = f"/v1/consumer/wallets/{CAFE.id}"
CODES = f"{WALLET}/codes"
MERCHANT = f"/v1/merchant/tenants/{CAFE.id}"


async def test_a_tenant_of_others_looks_like_none(desk: Desk) -> None:
    theirs = await desk.ask("GET", f"/v1/merchant/tenants/{BAKERY.id}/sales", OWNER)
    nowhere = await desk.ask("GET", f"/v1/merchant/tenants/{uuid4()}/sales", OWNER)
    assert theirs.status_code == nowhere.status_code == 404
    assert theirs.json()["code"] == nowhere.json()["code"] == "tenant_unknown"


async def test_points_become_a_code_that_a_till_honours_once(desk: Desk) -> None:
    assert (await desk.give(500)).json()["balance"] == 500
    issued = await desk.ask("POST", CODES, ADA, json={"points": 200}, key="one")
    assert issued.status_code == 201, issued.text
    assert issued.json()["qr"].startswith("data:image/svg+xml")
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 300
    typed = {"code": issued.json()["code"].lower(), "till": "T1"}
    redeemed = await desk.ask("POST", f"{MERCHANT}/redemptions", CLERK, json=typed, key="two")
    assert (redeemed.status_code, redeemed.json()["state"]) == (201, "redeemed")
    again = await desk.ask("POST", f"{MERCHANT}/redemptions", CLERK, json=typed, key="three")
    assert (again.status_code, again.json()["code"]) == (409, "code_already_redeemed")
    undo = f"{MERCHANT}/redemptions/{redeemed.json()['id']}/undo"
    undone = await desk.ask("POST", undo, CLERK, json={"till": "T1"}, key="four")
    assert undone.json()["state"] == "undone"
    kinds = [entry["kind"] for entry in await _history(desk)]
    assert kinds == ["release", "redeem", "grant"]


async def test_a_cashier_honours_their_own_code_and_a_colleague_takes_it_back(desk: Desk) -> None:
    await desk.give(500, CLERK)
    issued = await desk.ask("POST", CODES, CLERK, json={"points": 200}, key="one")
    typed = {"code": issued.json()["code"], "till": "T1"}
    redeemed = await desk.ask("POST", f"{MERCHANT}/redemptions", CLERK, json=typed, key="two")
    assert redeemed.status_code == 201
    undo = f"{MERCHANT}/redemptions/{redeemed.json()['id']}/undo"
    own = await desk.ask("POST", undo, CLERK, json={"till": "T1"}, key="three")
    assert (own.status_code, own.json()["code"]) == (403, "own_wallet")
    assert (await desk.ask("GET", WALLET, CLERK)).json()["balance"] == 300
    by_another = await desk.ask("POST", undo, OWNER, json={"till": "T1"}, key="four")
    assert by_another.json()["state"] == "undone"
    assert (await desk.ask("GET", WALLET, CLERK)).json()["balance"] == 500


async def _history(desk: Desk) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = (await desk.ask("GET", f"{WALLET}/history", ADA)).json()[
        "entries"
    ]
    return entries


async def test_a_command_that_comes_twice_is_done_once(desk: Desk) -> None:
    await desk.give(500)
    asked = [desk.ask("POST", CODES, ADA, json={"points": 200}, key="same") for _ in range(5)]
    answers = await asyncio.gather(*asked)
    assert len({answer.json()["id"] for answer in answers}) == 1
    marks = [answer.headers.get("idempotency-replayed") for answer in answers]
    assert sorted(mark or "" for mark in marks) == ["", "true", "true", "true", "true"]
    assert (await desk.ask("GET", WALLET, ADA)).json()["balance"] == 300


async def test_a_key_is_for_one_content_and_a_refusal_stays_one(desk: Desk) -> None:
    first = await desk.ask("POST", CODES, ADA, json={"points": 200}, key="k")
    assert (first.status_code, first.json()["code"]) == (409, "insufficient_points")
    await desk.give(500)
    again = await desk.ask("POST", CODES, ADA, json={"points": 200}, key="k")
    assert (again.status_code, again.json()["code"]) == (409, "insufficient_points")
    other = await desk.ask("POST", CODES, ADA, json={"points": 100}, key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    without = await desk.ask("POST", CODES, ADA, json={"points": 100})
    assert without.status_code == 400


async def test_an_owner_publishes_rules_and_previews_a_sale(desk: Desk) -> None:
    draft = {"rules": list(POINT_PER_DOLLAR)}
    published = await desk.ask("POST", f"{MERCHANT}/rules", OWNER, json=draft, key="r1")
    assert (published.status_code, published.json()["number"]) == (201, 1)
    seen = await desk.ask("POST", f"{MERCHANT}/rules/preview", OWNER, json={"spend": 1250})
    assert (seen.status_code, seen.json()["points"]) == (200, 12)
    refused = await desk.ask("POST", f"{MERCHANT}/rules/retire", OWNER, json={}, key="r2")
    assert (refused.status_code, refused.json()["code"]) == (409, "last_rule_version")
    clerk = await desk.ask("POST", f"{MERCHANT}/rules", CLERK, json=draft, key="r3")
    assert (clerk.status_code, clerk.json()["code"]) == (403, "not_allowed")


async def test_a_locked_till_takes_the_same_command_later(desk: Desk) -> None:
    await desk.give(500)
    code = (await desk.ask("POST", CODES, ADA, json={"points": 200}, key="c")).json()["code"]
    path = f"{MERCHANT}/redemptions"
    for number in range(5):
        typed = {"code": "2222-2222", "till": "T1"}
        wrong = await desk.ask("POST", path, CLERK, json=typed, key=f"w{number}")
        assert (wrong.status_code, wrong.json()["code"]) == (404, "code_unknown")
    typed = {"code": code, "till": "T1"}
    locked = await desk.ask("POST", path, CLERK, json=typed, key="same")
    assert (locked.status_code, locked.json()["code"]) == (429, "till_locked")
    desk.now += 14 * MINUTE
    assert (await desk.ask("POST", path, CLERK, json=typed, key="same")).status_code == 429
    desk.now += MINUTE
    opened = await desk.ask("POST", path, CLERK, json=typed, key="same")
    assert opened.json()["code"] == "code_expired"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/sign-in/codes", "[" * 5_000 + "]" * 5_000),
        ("POST", "/v1/sign-in/codes", '{"phone": ' + "[" * 5_000 + "]" * 5_000 + "}"),
    ],
)
async def test_what_is_nested_without_end_is_a_bad_request(
    desk: Desk, method: str, path: str, body: str
) -> None:
    answer = await desk.ask(method, path, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid"), answer.text


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), "9" * 30, "x"])
async def test_a_cursor_of_nobody_is_told_so(desk: Desk, number: str) -> None:
    cursor = base64.urlsafe_b64encode(number.encode()).decode().rstrip("=")
    answer = await desk.ask("GET", f"{WALLET}/history?cursor={cursor}", ADA)
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_a_moment_at_the_end_of_time_is_told_so(desk: Desk, at: str) -> None:
    imagined = {"spend": 100, "happened_at": at}
    draft = {"rules": list(POINT_PER_DOLLAR), "from": at}
    for path, body in ((f"{MERCHANT}/rules/preview", imagined), (f"{MERCHANT}/rules", draft)):
        answer = await desk.ask("POST", path, OWNER, json=body, key="k")
        assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/v1/sign-in/codes", 405)]
)
async def test_what_is_no_route_is_a_problem_with_an_id(
    desk: Desk, method: str, path: str, status: int
) -> None:
    answer = await desk.ask(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["correlation"] == answer.headers["request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
