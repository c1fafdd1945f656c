"""Whatever happens to the address of the keys: genuine tokens are believed, and nobody waits."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from salesarck_adapters.embedded.identity import KeyRing
from salesarck_adapters.embedded.identity.key import SigningKey
from salesarck_adapters.http import polite_client
from salesarck_adapters.identity.supabase import PublishedKeys, SupabaseTokens
from salesarck_adapters.identity.supabase import keys as keys_module
from salesarck_domain.ports.identity import IdentityUnavailable, TokenNotAccepted

ISSUER = "https://project.test/auth/v1"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = 60.0
HOUR = 3600.0


def token(key: SigningKey) -> str:
    """A genuine token, and never the same twice."""
    claims = {
        "iss": ISSUER,
        "aud": "authenticated",
        "sub": str(uuid4()),
        "session_id": str(uuid4()),
        "role": "authenticated",
        "is_anonymous": False,
        "phone": "15555550100",
        "email": "",
        "iat": int(NOON.timestamp()),
        "exp": int(NOON.timestamp()) + 3600,
    }
    return jwt.encode(claims, key.private, "ES256", {"kid": key.public["kid"]})


@dataclass
class Place:
    """Where keys are published, and a time that tests move."""

    ring: KeyRing = field(default_factory=KeyRing.generate)
    at: float = 0.0
    fetches: int = 0
    is_away: bool = False
    instead: httpx.Response | None = None

    def __post_init__(self) -> None:
        client = polite_client(httpx.MockTransport(self.answer))
        url = f"{ISSUER}/.well-known/jwks.json"
        self.published = PublishedKeys(client, url, lambda: self.at, self.sleep)
        self.tokens = SupabaseTokens(self.published, ISSUER, lambda: NOON)

    async def answer(self, _: httpx.Request) -> httpx.Response:
        self.fetches += 1
        await asyncio.sleep(0)  # whoever asks meanwhile must not ask again
        if self.is_away:
            raise httpx.ConnectError("nobody is there")
        return self.instead or httpx.Response(200, json=self.told)

    @property
    def told(self) -> dict[str, Any]:
        return {"keys": [key.public for key in self.ring.all]}

    async def sleep(self, seconds: float) -> None:
        until = self.at + seconds
        while self.at < until:  # noqa: ASYNC110 - time here is a number that only tests change
            await asyncio.sleep(0.0005)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass in small steps, so that whoever sleeps wakes on the way."""
        for _ in range(max(1, round(seconds / 10))):
            self.at += 10.0
            await asyncio.sleep(0.002)


async def test_a_rotation_and_ten_minutes_of_outage_lose_no_valid_caller() -> None:
    place = Place()
    async with place.published.kept_fresh():
        old = place.ring.in_use
        await place.tokens.verify_token(token(old))
        await place.pass_time(2 * MINUTE)
        place.is_away = True
        place.ring.rotate()
        for _ in range(10):
            await place.pass_time(MINUTE)
            await place.tokens.verify_token(token(old))
            await place.tokens.verify_token(token(place.ring.in_use))
        assert place.fetches <= 60
        place.is_away = False
        await place.pass_time(MINUTE)
        place.ring.rotate()  # the key that was made during the outage signs now
        await place.tokens.verify_token(token(place.ring.in_use))
        place.ring.revoke_previous()
        await place.pass_time(5 * MINUTE)
        with pytest.raises(TokenNotAccepted):
            await place.tokens.verify_token(token(old))


async def test_a_key_that_signs_in_a_hurry_is_looked_for() -> None:
    place = Place()
    await place.tokens.verify_token(token(place.ring.in_use))
    place.at += MINUTE
    place.ring.rotate()
    place.ring.rotate()
    await place.tokens.verify_token(token(place.ring.in_use))
    assert place.fetches == 2


async def test_fifty_unknown_keys_cost_one_look() -> None:
    place = Place()
    await place.tokens.verify_token(token(place.ring.in_use))
    place.at += MINUTE
    strangers = [token(SigningKey.generate()) for _ in range(50)]
    refused = await asyncio.gather(
        *map(place.tokens.verify_token, strangers), return_exceptions=True
    )
    assert {type(each) for each in refused} == {TokenNotAccepted}
    assert place.fetches == 2
    place.at += 29
    with pytest.raises(TokenNotAccepted):
        await place.tokens.verify_token(strangers[0])
    assert place.fetches == 2
    place.at += 2
    with pytest.raises(TokenNotAccepted):
        await place.tokens.verify_token(strangers[0])
    assert place.fetches == 3


async def test_a_hundred_who_come_first_ask_once() -> None:
    place = Place()
    everybody = [token(place.ring.in_use) for _ in range(100)]
    await asyncio.gather(*map(place.tokens.verify_token, everybody))
    assert place.fetches == 1


async def test_who_comes_while_there_are_no_keys_is_told_to_come_again() -> None:
    place = Place(is_away=True)
    for _ in range(20):
        with pytest.raises(IdentityUnavailable):
            await place.tokens.verify_token(token(place.ring.in_use))
        with pytest.raises(IdentityUnavailable):
            await place.published.published()
    assert place.fetches == 1
    place.is_away = False
    place.at += 1
    await place.tokens.verify_token(token(place.ring.in_use))


async def test_keys_are_believed_for_a_day_and_no_longer() -> None:
    place = Place()
    genuine = token(place.ring.in_use)
    await place.published.published()
    place.is_away = True
    place.at += 24 * HOUR - 1
    await place.tokens.verify_token(genuine)
    place.at += 1
    with pytest.raises(IdentityUnavailable):
        await place.tokens.verify_token(token(place.ring.in_use))


async def test_an_unknown_key_during_an_outage_is_nobodys_fault() -> None:
    place = Place()
    await place.published.published()
    place.is_away = True
    place.at += MINUTE
    with pytest.raises(IdentityUnavailable):
        await place.tokens.verify_token(token(SigningKey.generate()))


RSA_PUBLIC = {"kty": "RSA", "alg": "RS256", "e": "AQAB", "n": "u" * 342}


@pytest.mark.parametrize(
    "instead",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "https://elsewhere.test"}),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[" * 10_000),
        httpx.Response(200, content=b"\xff"),
        httpx.Response(200, json={"keys": []}),
        httpx.Response(200, json={"keys": [{"kty": "oct", "alg": "HS256", "kid": "1", "k": "c2"}]}),
        httpx.Response(200, json={"keys": [], "more": "x" * 100_000}),
    ],
    ids=["500", "elsewhere", "page", "nested", "bytes", "none", "secret", "long"],
)
async def test_what_is_no_key_set_replaces_none(instead: httpx.Response) -> None:
    place = Place()
    async with place.published.kept_fresh():
        await place.tokens.verify_token(token(place.ring.in_use))
        place.instead = instead
        await place.pass_time(10 * MINUTE)
        assert place.fetches > 2
        await place.tokens.verify_token(token(place.ring.in_use))


async def test_only_whole_public_keys_that_we_check_by_are_taken() -> None:
    place = Place()
    good = place.ring.in_use.public
    others: list[dict[str, Any]] = [
        {"kty": "oct", "alg": "HS256", "kid": "secret", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        {**good, "kid": "none", "alg": "none"},
        {**good, "kid": "other alg", "alg": "ES384"},
        {**good, "kid": "mixed", "alg": "RS256"},
        {**good, "kid": "not on the curve", "x": good["y"]},
        {**good, "kid": "to encrypt", "use": "enc"},
        {name: part for name, part in good.items() if name != "kid"},
        {**good, "kid": 7},
        {"kty": "RSA", "alg": "RS256", "kid": "short", "e": "AQAB", "n": "u" * 86},
        {**RSA_PUBLIC, "kid": "rsa"},
        {**good, "kid": "private", "d": "c2VjcmV0"},
    ]
    place.instead = httpx.Response(200, json={"keys": [*others, good]})
    published = (await place.published.published())["keys"]
    assert [key["kid"] for key in published] == ["rsa", "private", good["kid"]]
    assert all("d" not in key for key in published)


@asynccontextmanager
async def hung_server() -> AsyncGenerator[str]:
    """A server that takes every connection and answers none."""
    over = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        server.close()


async def test_a_server_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "FETCH_SECONDS_MAX", 0.5)
    place = Place()
    await place.published.published()
    async with hung_server() as url, polite_client() as client:
        place.published.client, place.published.url = client, url
        place.at += MINUTE
        stranger = asyncio.create_task(place.tokens.verify_token(token(SigningKey.generate())))
        await asyncio.sleep(0.05)
        slowest, ended = 0.0, time.monotonic() + 0.3
        while time.monotonic() < ended:
            before = time.monotonic()
            await place.tokens.verify_token(token(place.ring.in_use))
            await asyncio.sleep(0)
            slowest = max(slowest, time.monotonic() - before)
        assert not stranger.done()
        assert slowest < 0.25
        with pytest.raises(IdentityUnavailable):
            await stranger
