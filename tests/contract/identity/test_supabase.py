"""The contract, by the Supabase adapter: against our own server, and a real one if it is named."""

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
