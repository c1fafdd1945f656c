"""Commands under a key: done once, answered the same, and forgotten after a day."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from salesarck_domain.testing.examples import CAFE, DAY, MINUTE
from salesarck_service.app import BODY_MAX
from tests.service.desk import ADA, Desk
from tests.service.serving import serving

CODES = f"/v1/consumer/wallets/{CAFE.id}/codes"
WALLET = f"/v1/consumer/wallets/{CAFE.id}"
ASKED = {"points": 10}
COPIES = 50


async def balance(desk: Desk) -> int:
    return int((await desk.ask("GET", WALLET, ADA)).json()["balance"])


async def test_fifty_copies_at_once_have_one_effect_and_one_answer(desk: Desk) -> None:
    await desk.give(500)
    headers = {"Authorization": f"Bearer {desk.tokens[ADA]}", "Idempotency-Key": "one"}
    limits = httpx.Limits(max_connections=COPIES)
    async with (
        serving(desk.app) as at,
        httpx.AsyncClient(base_url=at.url, limits=limits, headers=headers, timeout=30) as client,
    ):
        answers = await asyncio.gather(*(client.post(CODES, json=ASKED) for _ in range(COPIES)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    marks = [answer.headers.get("idempotency-replayed") for answer in answers]
    assert (marks.count(None), marks.count("true")) == (1, COPIES - 1)
    assert await balance(desk) == 490


async def test_an_answer_is_kept_for_a_day_and_then_forgotten_by_the_timetable(desk: Desk) -> None:
    await desk.give(500)
    first = await desk.ask("POST", CODES, ADA, json=ASKED, key="k")
    forget = desk.parts.answers.forget
    desk.now += DAY - MINUTE
    await desk.sign_in(ADA)
    await forget(desk.now)
    again = await desk.ask("POST", CODES, ADA, json=ASKED, key="k")
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (
        first.json()["id"],
        "true",
    )
    desk.now += MINUTE + timedelta(seconds=1)
    assert await forget(desk.now) >= 1
    assert await forget(desk.now) == 0
    another = await desk.ask("POST", CODES, ADA, json={"points": 11}, key="k")
    assert another.status_code == 201, another.text
    assert "idempotency-replayed" not in another.headers
    assert another.json()["id"] != first.json()["id"]


async def test_a_key_belongs_to_one_caller_and_one_address(desk: Desk) -> None:
    await desk.give(500)
    code = (await desk.ask("POST", CODES, ADA, json=ASKED, key="k")).json()["id"]
    cancelled = await desk.ask("DELETE", f"{CODES}/{code}", ADA, key="k")
    assert cancelled.status_code == 200, cancelled.text
    assert "idempotency-replayed" not in cancelled.headers
    assert await balance(desk) == 500


@pytest.mark.parametrize("key", [None, "", "x" * 256, "a b"])
async def test_what_moves_points_wants_a_key_that_is_one(desk: Desk, key: str | None) -> None:
    await desk.give(500)
    headers = {"Authorization": f"Bearer {desk.tokens[ADA]}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    async with serving(desk.app) as at, httpx.AsyncClient(base_url=at.url) as client:
        answer = await client.post(CODES, json=ASKED, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert await balance(desk) == 500


@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize("path", ["/v1/sign-in/codes", CODES])
async def test_a_body_over_the_bound_is_refused(
    desk: Desk, path: str, *, is_declared: bool
) -> None:
    body = b'{"phone": "' + b"1" * BODY_MAX + b'"}'

    async def piecemeal() -> object:
        for at in range(0, len(body), 4096):
            yield body[at : at + 4096]

    headers = {
        "Authorization": f"Bearer {desk.tokens[ADA]}",
        "Idempotency-Key": "k",
        "Content-Type": "application/json",
    }
    content = body if is_declared else piecemeal()
    async with serving(desk.app) as at, httpx.AsyncClient(base_url=at.url) as client:
        answer = await client.post(path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "?"])
async def test_what_is_no_json_is_refused(desk: Desk, kind: str) -> None:
    headers = {"Content-Type": kind}
    async with serving(desk.app) as at, httpx.AsyncClient(base_url=at.url) as client:
        answer = await client.post("/v1/sign-in/codes", content=b"phone=1", headers=headers)
    assert (answer.status_code, answer.json()["code"]) in {
        (400, "request_invalid"),
        (415, "media_type_unsupported"),
    }


async def test_a_header_without_end_harms_nobody_else(desk: Desk) -> None:
    async with serving(desk.app) as at, httpx.AsyncClient(base_url=at.url) as client:
        try:
            answer = await client.get("/health/live", headers={"x-long": "x" * 1_000_000})
        except httpx.TransportError:
            pass
        else:
            assert answer.status_code in {200, 400, 431}
        assert (await client.get("/health/live")).status_code == 200
