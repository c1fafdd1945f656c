"""Changing a phone over HTTP, with proof of both."""

import httpx

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.deeds import TellNews
from salesarck_domain.news import TillCustomer
from salesarck_domain.people import Evidence
from salesarck_domain.testing.examples import CAFE, PEPPERS, POINT_PER_DOLLAR, paid
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.replay import Replay
from salesarck_domain.use_cases.sales import RecordNews
from tests.service.desk import ADA, CLERK, OWNER, Desk

CONTACTS = "/v1/consumer/profile/contacts"
NEW = "+12125550190"
EMAIL = "ada@example.test"


async def shown(desk: Desk, contact: str) -> dict[str, str]:
    kind = "email" if "@" in contact else "phone"
    await desk.ask("POST", "/v1/sign-in/codes", json={kind: contact})
    return {kind: contact, "code": desk.codes[contact]}


async def change(desk: Desk, old: str, new: str, phone: str = ADA) -> httpx.Response:
    told = {"old": await shown(desk, old), "new": await shown(desk, new)}
    return await desk.ask("POST", CONTACTS, phone, json=told)


async def test_the_new_phone_signs_in_and_the_old_one_no_longer(desk: Desk) -> None:
    await desk.give(50)
    changed = await change(desk, ADA, NEW)
    assert changed.status_code == 200, changed.text
    desk.tokens[NEW] = changed.json()["access_token"]
    profile = await desk.ask("GET", "/v1/consumer/profile", NEW)
    assert (profile.json()["person"], profile.json()["proved"]) == (str(desk.people[ADA]), [NEW])
    assert (await desk.ask("GET", "/v1/consumer/profile", ADA)).status_code == 401


async def test_both_are_shown_by_their_own_codes(desk: Desk) -> None:
    old, new = await shown(desk, ADA), await shown(desk, NEW)
    for told in (
        {"old": {**old, "code": "000000"}, "new": new},
        {"old": await shown(desk, ADA), "new": {**new, "code": "000000"}},
    ):
        answer = await desk.ask("POST", CONTACTS, ADA, json=told)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_code_not_accepted")
    assert await desk.store.directory.whose(_phone(ADA)) == desk.people[ADA]
    assert await desk.store.directory.whose(_phone(NEW)) is None


async def test_an_old_phone_of_somebody_else_changes_nothing(desk: Desk) -> None:
    answer = await change(desk, CLERK, NEW)
    assert (answer.status_code, answer.json()["code"]) == (404, "contact_not_yours")


async def test_a_new_phone_of_somebody_else_is_taken(desk: Desk) -> None:
    answer = await change(desk, ADA, CLERK)
    assert (answer.status_code, answer.json()["code"]) == (409, "contact_taken")
    assert await desk.store.directory.whose(_phone(ADA)) == desk.people[ADA]


async def test_points_stay_and_what_the_old_phone_earns_later_is_another_s(
    desk: Desk,
) -> None:
    draft = {"rules": list(POINT_PER_DOLLAR)}
    rules = f"/v1/merchant/tenants/{CAFE.id}/rules"
    await desk.ask("POST", rules, OWNER, json=draft, key="rules")
    await _buy(desk, "P1", 7)
    assert (await change(desk, ADA, EMAIL)).status_code == 200
    await _buy(desk, "P2", 5)
    ada = desk.people[ADA]
    await desk.sign_in(ADA)
    assert desk.people[ADA] != ada
    await _buy(desk, "P1", 7)
    books = desk.store.books
    held = [(await books.account(CAFE.id, who)).balance for who in (ada, desk.people[ADA])]
    assert held == [7, 5]
    again = MemoryStore()
    verify = VerifyBooks(books, desk.store.directory)
    replay = Replay(desk.store, desk.store.directory, again, again.directory)
    assert [*await verify(), *await replay()] == []


async def _buy(desk: Desk, payment: str, dollars: int) -> None:
    news = paid(payment, dollars, customer=TillCustomer(phone=ADA), at=desk.now)
    deed = TellNews(provider="square", news=news)
    await RecordNews(desk.store.begin, desk.clock, MemoryPush(), PEPPERS)(CAFE.id, [deed])


def _phone(number: str) -> Evidence:
    return Evidence.phone(number)
