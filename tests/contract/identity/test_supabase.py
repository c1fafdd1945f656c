"""The contract, by the Supabase adapter: against our own server, and a real one if it is named."""

import asyncio
import os
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from salesarck_adapters.http import polite_client
from salesarck_adapters.identity.supabase import PublishedKeys, SupabaseIdentity, SupabaseTokens
from salesarck_domain.phone import Email
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.identity import Contact
from salesarck_domain.testing.identity import IdentityContract, IdentityInTimeContract
from tests.contract.identity.server import KEY, Embedded, embedded

URL = os.environ.get("SALESARCK_CONTRACT_SUPABASE_URL", "")
REAL_KEY = os.environ.get("SALESARCK_CONTRACT_SUPABASE_KEY", "")
"""A real project and its secret key. It must send mail to nobody, and limit nobody."""


def adapters(
    client: httpx.AsyncClient, url: str, key: str, clock: Clock
) -> tuple[SupabaseIdentity, SupabaseTokens]:
    issuer = f"{url}/auth/v1"
    published = PublishedKeys(client, f"{issuer}/.well-known/jwks.json")
    return SupabaseIdentity(client, issuer, key, clock), SupabaseTokens(published, issuer, clock)


class TestEmbedded(IdentityInTimeContract):
    server: Embedded

    @pytest.fixture(autouse=True)
    def _serving(self) -> Generator[None]:
        with embedded() as self.server:
            yield

    @pytest.fixture(autouse=True)
    async def _asking(self, _serving: None) -> AsyncGenerator[None]:
        async with polite_client() as client:
            self.identity, self.verifier = adapters(client, self.server.url, KEY, self.server.clock)
            yield

    async def code_sent_to(self, contact: Contact) -> str:
        return self.server.shown[str(contact)]

    def wait(self, time: timedelta) -> None:
        self.server.now += time

    async def test_processes_that_race_to_refresh_end_nobodys_session(self) -> None:
        session = await self.sign_in(self.ada)
        async with polite_client() as client:
            other, _ = adapters(client, self.server.url, KEY, self.server.clock)
            racers = await asyncio.gather(
                *(
                    process.refresh(session.refresh_token)
                    for process in (self.identity, other)
                    for _ in range(10)
                )
            )
            assert len({racer.refresh_token for racer in racers}) == 1
            await other.refresh(racers[0].refresh_token)

    async def test_of_a_hundred_who_refresh_at_once_one_asks(self) -> None:
        session = await self.sign_in(self.ada)
        asked = list[str]()

        async def note(request: httpx.Request) -> None:
            asked.append(request.url.path)

        async with polite_client() as client:
            client.event_hooks["request"] = [note]
            identity, _ = adapters(client, self.server.url, KEY, self.server.clock)
            asking = [
                asyncio.create_task(identity.refresh(session.refresh_token)) for _ in range(100)
            ]
            await asyncio.sleep(0)
            asking[0].cancel()  # who gives up takes nobody's answer away
            answers = await asyncio.gather(*asking[1:])
        assert asked == ["/auth/v1/token"]
        assert len({answer.access_token for answer in answers}) == 1


class RealProject(IdentityContract):
    @pytest.fixture(autouse=True)
    async def _asking(self) -> AsyncGenerator[None]:
        self.ada, self.ada_elsewhere, self.grace = (
            Email(f"contract-{uuid4().hex}@example.com") for _ in range(3)
        )
        async with polite_client() as self.client:
            self.identity, self.verifier = adapters(
                self.client, URL, REAL_KEY, lambda: datetime.now(UTC)
            )
            yield

    async def code_sent_to(self, contact: Contact) -> str:
        """Have a code made that nobody needs to read in a mailbox."""
        answer = await self.client.post(
            f"{URL}/auth/v1/admin/generate_link",
            headers={"apikey": REAL_KEY, "authorization": f"Bearer {REAL_KEY}"},
            json={"type": "magiclink", "email": str(contact)},
        )
        return str(answer.raise_for_status().json()["email_otp"])


if URL:

    class TestRealProject(RealProject):
        """Where one is named."""
