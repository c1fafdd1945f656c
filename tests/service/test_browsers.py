"""Browsers hold a sealed cookie and nothing else, and only pages of ours may use it."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from salesarck_adapters.embedded.identity import KeyRing, Limits, create_identity
from salesarck_adapters.http import polite_client
from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.ports.identity import IdentityUnavailable, Session
from salesarck_domain.testing.examples import CAFE, NOON
from salesarck_service.app import create_app
from salesarck_service.container.identity import HERE as IDENTITY
from salesarck_service.container.identity import signing_in_at
from salesarck_service.security.front import Front
from salesarck_service.security.seal import COOKIE, LIFETIME, Kept, Seal
from tests.service.desk import ADA, Desk

BROWSER, CODES, PROFILE = "/v1/sign-in/browser", "/v1/sign-in/codes", "/v1/consumer/profile"
URL = "https://points.example.test"
PAGE = {"sec-fetch-site": "same-origin"}
HOUR = timedelta(hours=1)


@dataclass
class Away(httpx.AsyncBaseTransport):
    """The way to the identity, which counts refreshes, and can be closed."""

    there: httpx.ASGITransport
    refreshes: int = 0
    is_closed: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_closed:
            raise httpx.ConnectError("nobody is there")
        self.refreshes += "refresh_token" in request.url.query.decode()
        await asyncio.sleep(0)
        return await self.there.handle_async_request(request)


@dataclass
class House:
    """A desk whose identity can be away, asked by browsers."""

    desk: Desk
    way: Away = field(init=False)
    clients: list[httpx.AsyncClient] = field(default_factory=list[httpx.AsyncClient])

    def __post_init__(self) -> None:
        identity = create_identity(
            "development",
            url=IDENTITY,
            key="k" * 40,
            show=self.desk.codes.__setitem__,
            keys=KeyRing.generate(),
            clock=self.desk.clock,
            limits=Limits(resend=timedelta(0)),
        )
        self.way = Away(httpx.ASGITransport(identity))  # type: ignore[arg-type] # Litestar's own words
        self.front = Front(address=URL)
        self.app = self.process()

    def process(self) -> httpx.ASGITransport:
        """One more process of ours before the same identity."""
        signing_in = signing_in_at(polite_client(self.way), IDENTITY, "k" * 40, self.desk.clock)
        parts = replace(
            self.desk.parts,
            identity=signing_in.identity,
            verifier=signing_in.verifier,
            front=self.front,
        )
        return httpx.ASGITransport(create_app(parts))  # type: ignore[arg-type] # Litestar's own words

    def browser(self, app: httpx.ASGITransport | None = None) -> httpx.AsyncClient:
        self.clients.append(httpx.AsyncClient(transport=app or self.app, base_url=URL))
        return self.clients[-1]

    async def signed_in(self) -> httpx.AsyncClient:
        browser = self.browser()
        assert (await self.sign_in(browser, PAGE)).status_code == 201
        return browser

    async def sign_in(
        self, browser: httpx.AsyncClient, headers: Mapping[str, str]
    ) -> httpx.Response:
        await browser.post(CODES, json={"phone": ADA})
        typed = {"phone": ADA, "code": self.desk.codes[ADA]}
        return await browser.post(BROWSER, json=typed, headers=headers)


@pytest.fixture
async def house() -> AsyncGenerator[House]:
    made = House(await Desk.open(MemoryStore()))
    yield made
    for client in made.clients:
        await client.aclose()


async def test_a_browser_is_given_a_cookie_and_no_token(house: House) -> None:
    browser = house.browser()
    answer = await house.sign_in(browser, PAGE)
    told = answer.headers["set-cookie"]
    assert told.startswith(f"{COOKIE}=")
    assert {part.strip() for part in told.split(";")[1:]} == {
        "Path=/",
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        f"Max-Age={int(LIFETIME.total_seconds())}",
    }
    assert set(answer.json()) == {"person", "page_token", "ends_at"}
    opened = house.desk.parts.peppers.secrets
    kept = Seal(opened, house.desk.parts.randomness).open(browser.cookies[COOKIE])
    assert kept is not None
    raw = base64.urlsafe_b64decode(browser.cookies[COOKIE] + "==")
    for secret in (kept.access_token, kept.refresh_token):
        assert secret not in answer.text
        assert secret not in told
        assert secret.encode() not in raw
        assert secret not in repr(kept)


async def test_the_cookie_is_as_good_as_a_token_and_goes_no_further(house: House) -> None:
    browser = await house.signed_in()
    profile = await browser.get(PROFILE)
    assert (profile.status_code, "set-cookie" in profile.headers) == (200, False)
    assert (await browser.get(BROWSER)).json()["page_token"]
    refused = await browser.get(f"/v1/merchant/tenants/{CAFE.id}/sales")
    assert (refused.status_code, refused.json()["code"]) == (404, "tenant_unknown")
    assert (await house.browser().get(PROFILE)).status_code == 401
    assert (await house.browser().get(BROWSER)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.test"}, True),
        ({"sec-fetch-site": "same-site", "origin": URL}, False),
        ({"sec-fetch-site": "cross-site", "origin": URL}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": URL}, True),
        ({"origin": f"{URL}.evil.test"}, False),
        ({"origin": "http://points.example.test"}, False),
        ({"origin": "null"}, False),
        ({}, False),
        ({"x-page-token": "guessed"}, False),
        ({"x-page-token": "é"}, False),
        ({"x-page-token": "real"}, True),
        ({"x-page-token": "real", "sec-fetch-site": "cross-site"}, False),
        ({"x-page-token": "real", "origin": "https://evil.test"}, False),
    ],
    ids=str,
)
async def test_only_a_page_of_ours_changes_something(
    house: House, headers: Mapping[str, str], *, may: bool
) -> None:
    browser = await house.signed_in()
    real = (await browser.get(BROWSER)).json()["page_token"]
    told = {
        name: (real if text == "real" else text).encode("latin-1") for name, text in headers.items()
    }
    asked = await browser.post(
        f"/v1/consumer/wallets/{CAFE.id}/preview", json={"minor_units": 100}, headers=told
    )
    assert (asked.status_code == 200) == may, asked.text
    if not may:
        assert (asked.status_code, asked.json()["code"]) == (403, "foreign_page")
    ended = await browser.delete(BROWSER, headers=told)
    assert ended.status_code == (204 if may else 403)
    assert (await browser.get(PROFILE)).status_code == (401 if may else 200)


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}], ids=str
)
async def test_nobody_is_signed_in_by_a_page_of_somebody_else(
    house: House, headers: Mapping[str, str]
) -> None:
    browser = house.browser()
    answer = await house.sign_in(browser, headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_page")
    assert "set-cookie" not in answer.headers


async def test_who_shows_a_token_is_no_browser(house: House) -> None:
    browser = await house.signed_in()
    bad = {"authorization": "Bearer of-nobody"}
    assert (await browser.get(PROFILE, headers=bad)).status_code == 401
    typed = await browser.post(CODES, json={"phone": ADA}, headers={**bad, "origin": "null"})
    assert typed.status_code == 202


@pytest.mark.parametrize("spoil", ["cut", "bit", "pepper", "text", "empty"])
async def test_what_is_not_sealed_by_us_is_nothing(house: House, spoil: str) -> None:
    browser = await house.signed_in()
    good = browser.cookies[COOKIE]
    bad = {
        "cut": good[:-4],
        "bit": good[:60] + ("A" if good[60] != "A" else "B") + good[61:],
        "pepper": base64.urlsafe_b64encode(
            b"\x00\x09" + base64.urlsafe_b64decode(good + "===")[2:]
        ).decode(),
        "text": '%00;;"é',
        "empty": "",
    }[spoil]
    cookie = {"cookie": f"{COOKIE}={bad}".encode("latin-1")}
    answer = await house.browser().get(PROFILE, headers=cookie)
    assert answer.status_code == 401
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_a_new_pepper_signs_nobody_out() -> None:
    old, new = (
        Seal({number: bytes([number]) * 32 for number in numbers}, lambda size: b"r" * size)
        for numbers in ((1,), (1, 2))
    )
    kept = old.begin(Session(UUID(int=1), "a", "b", NOON), NOON)
    assert new.open(old.close(kept)) == kept
    assert old.open(new.close(kept)) is None


async def test_a_session_is_renewed_once_for_all_who_ask_at_once(house: House) -> None:
    browser = await house.signed_in()
    before = browser.cookies[COOKIE]
    house.desk.now += HOUR
    answers = await asyncio.gather(*(browser.get(PROFILE) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert house.way.refreshes == 1
    assert browser.cookies[COOKIE] != before
    assert (await browser.get(PROFILE)).status_code == 200
    assert house.way.refreshes == 1


async def test_a_race_between_processes_signs_nobody_out(house: House) -> None:
    browser = await house.signed_in()
    other = house.browser(house.process())
    other.cookies.update(browser.cookies)
    house.desk.now += HOUR
    first, second = await asyncio.gather(browser.get(PROFILE), other.get(PROFILE))
    assert (first.status_code, second.status_code, house.way.refreshes) == (200, 200, 2)
    house.desk.now += HOUR
    assert (await other.get(PROFILE)).status_code == 200


async def test_an_answer_that_others_keep_carries_no_cookie_of_somebody(house: House) -> None:
    browser = await house.signed_in()
    house.desk.now += HOUR
    keys = await browser.get("/.well-known/jwks.json")
    assert f"{COOKIE}=" in keys.headers["set-cookie"]
    assert keys.headers.get_list("cache-control") == ["no-store"]


async def test_while_the_identity_is_away_nobody_is_signed_out(house: House) -> None:
    browser = await house.signed_in()
    assert (await browser.get(PROFILE)).status_code == 200
    house.way.is_closed = True
    house.desk.now += HOUR - timedelta(seconds=30)
    assert (await browser.get(PROFILE)).status_code == 200
    house.desk.now += HOUR
    waiting = await browser.get(PROFILE)
    assert (waiting.status_code, waiting.json()["code"]) == (503, "identity_unavailable")
    assert "set-cookie" not in waiting.headers
    house.way.is_closed = False
    assert (await browser.get(PROFILE)).status_code == 200


async def test_a_session_ends_however_often_somebody_comes(house: House) -> None:
    browser = await house.signed_in()
    for _ in range(LIFETIME.days + 1):
        house.desk.now += timedelta(days=1)
        answer = await browser.get(PROFILE)
        if answer.status_code != 200:
            break
    assert answer.status_code == 401
    assert house.desk.now == NOON + LIFETIME


async def test_signed_out_is_signed_out_also_for_a_copy_of_the_cookie(house: House) -> None:
    browser, thief = await house.signed_in(), house.browser()
    thief.cookies.update(browser.cookies)
    ended = await browser.delete(BROWSER, headers=PAGE)
    assert ended.status_code == 204
    assert "Max-Age=0" in ended.headers["set-cookie"]
    assert ended.headers["clear-site-data"] == '"cache", "storage"'
    assert COOKIE not in browser.cookies
    assert (await browser.delete(BROWSER)).status_code == 204
    house.desk.now += HOUR
    answer = await thief.get(PROFILE)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_accepted")
    assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_signing_out_everywhere_ends_other_browsers_too(house: House) -> None:
    one, other = await house.signed_in(), await house.signed_in()
    house.desk.now += HOUR
    assert (await one.delete(f"{BROWSER}?everywhere=true", headers=PAGE)).status_code == 204
    assert (await other.get(PROFILE)).status_code == 401


def test_tokens_that_no_browser_would_keep_are_refused() -> None:
    seal = Seal({1: b"p" * 32}, lambda size: b"r" * size)
    large = Kept("a" * 4096, "b", NOON, NOON, "c")
    with pytest.raises(IdentityUnavailable, match="too large"):
        seal.close(large)
