"""Who signs people in: Supabase Auth at an address, or the embedded identity, by one adapter."""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import httpx
from litestar import Litestar

from salesarck_adapters.embedded.identity import KeyRing, Limits, create_identity
from salesarck_adapters.http import polite_client
from salesarck_adapters.identity.supabase import PublishedKeys, SupabaseIdentity, SupabaseTokens
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.identity import Identity, TokenVerifier
from salesarck_service.container.line import real_clock
from salesarck_service.demo.world import IdentityPlan
from salesarck_service.settings import Settings, SettingsInvalid

PATH = "/auth/v1"
HERE = "http://identity.localhost"
"""The name of an identity that is part of this process, and has no port."""

PLAYFUL = Limits(resend=timedelta(0))
"""Who develops needn't wait for the next code."""


@dataclass(frozen=True, slots=True)
class SigningIn:
    """Both sides of it: who gives tokens, and who believes them."""

    identity: Identity
    verifier: TokenVerifier
    published: PublishedKeys


@asynccontextmanager
async def open_identity(settings: Settings) -> AsyncGenerator[SigningIn]:
    """Open what the settings name; in development, where they name nothing, the embedded one.

    Raises:
        SettingsInvalid: they name nothing, and people are real.
    """
    if settings.supabase_url:
        signing_in = signing_in_at(
            polite_client(), settings.supabase_url.rstrip("/"), settings.supabase_key, real_clock
        )
    elif settings.environment == "development":
        file = settings.identity_key_file
        keys = KeyRing.kept_in(Path(file)) if file else KeyRing.generate()
        signing_in = signing_in_here(show_code, real_clock, keys)
    else:
        raise SettingsInvalid(
            "set SALESARCK_SUPABASE_URL to your Supabase project, like https://abc.supabase.co, "
            "and SALESARCK_SUPABASE_KEY to its secret key"
        )
    async with signing_in.published.client, signing_in.published.kept_fresh():
        yield signing_in


def signing_in_here(
    show: Callable[[str, str], None], clock: Clock, keys: KeyRing | None = None
) -> SigningIn:
    """Make an embedded identity that is asked within this process."""
    key = secrets.token_urlsafe(36)
    app: Any = create_identity(
        "development",
        url=HERE,
        key=key,
        show=show,
        keys=keys or KeyRing.generate(),
        clock=clock,
        limits=PLAYFUL,
    )
    return signing_in_at(polite_client(httpx.ASGITransport(app)), HERE, key, clock)


def signing_in_at(client: httpx.AsyncClient, url: str, key: str, clock: Clock) -> SigningIn:
    """Make what asks the Supabase Auth at an address."""
    issuer = f"{url}{PATH}"
    published = PublishedKeys(client, f"{issuer}/.well-known/jwks.json")
    tokens = SupabaseTokens(published, issuer, clock)
    return SigningIn(SupabaseIdentity(client, issuer, key, clock), tokens, published)


def identity_server(plan: IdentityPlan) -> Litestar:
    """Make the embedded identity as a server, whose port is opened elsewhere."""
    return create_identity(
        plan.environment,
        url=plan.url,
        key=plan.key,
        show=show_code,
        keys=KeyRing.kept_in(Path(plan.key_file)),
        clock=real_clock,
        limits=PLAYFUL,
    )


def show_code(contact: str, code: str) -> None:
    """Show a code to whoever looks at this process' output."""
    click.echo(f"the code for {contact} is {code}")
