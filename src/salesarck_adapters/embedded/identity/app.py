"""The server: people, admins, keys, and nothing outside development."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from litestar import Litestar, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler

from salesarck_adapters.embedded.identity.admin import admin_api
from salesarck_adapters.embedded.identity.api import Behind, Desk, Show, people_api
from salesarck_adapters.embedded.identity.faults import (
    AuthFault,
    KeyFault,
    OAuthFault,
    auth_fault_answer,
    key_fault_answer,
    oauth_fault_answer,
)
from salesarck_adapters.embedded.identity.key import KeyRing
from salesarck_adapters.embedded.identity.limits import Buckets, Limits
from salesarck_adapters.embedded.identity.tokens import Tokens
from salesarck_adapters.embedded.identity.world import World
from salesarck_domain.errors import Refused
from salesarck_domain.ports.clock import Clock

ENVIRONMENT = "development"
PATH = "/auth/v1"
Connection = ASGIConnection[Any, Any, Any, Any]


@dataclass(eq=False)
class DevelopmentOnly(Refused):
    """The embedded identity was asked to run where people are real."""

    environment: str
    code: ClassVar[str] = "development_only"

    def __str__(self) -> str:
        return (
            f"the embedded identity shows everybody's codes and won't start in "
            f"{self.environment!r}; set up Supabase, or set the environment to {ENVIRONMENT!r}"
        )


def create_identity(
    environment: str,
    *,
    url: str,
    key: str,
    show: Show,
    keys: KeyRing,
    clock: Clock,
    limits: Limits | None = None,
) -> Litestar:
    """Make one that is found at `url`; `show` is given each code: to whom, and which.

    Raises:
        DevelopmentOnly: the environment is another one.
    """
    if environment != ENVIRONMENT:
        raise DevelopmentOnly(environment)
    world = World(clock)
    tokens = Tokens(keys, f"{url}{PATH}", world)
    desk = Desk(world, tokens, Buckets(limits or Limits()), show)
    closed = Router("/", route_handlers=[people_api(), admin_api()], guards=[_gateway(key)])
    return Litestar(
        [Router(PATH, route_handlers=[closed, jwks, health])],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        exception_handlers={
            AuthFault: auth_fault_answer,
            OAuthFault: oauth_fault_answer,
            KeyFault: key_fault_answer,
        },
        openapi_config=None,
        logging_config=None,
    )


@get("/.well-known/jwks.json")
async def jwks(desk: Behind) -> Response[dict[str, object]]:
    """Give all public keys, that of the key to come among them."""
    keys = [{**key.public, "key_ops": ["verify"], "ext": True} for key in desk.tokens.keys.all]
    return Response({"keys": keys}, headers={"cache-control": "public, max-age=600"})


@get("/health")
async def health() -> dict[str, str]:
    """Say that it is there."""
    return {"name": "GoTrue", "version": "embedded", "description": "an identity for development"}


def _gateway(key: str) -> Callable[[Connection, BaseRouteHandler], None]:
    def check(connection: Connection, _: BaseRouteHandler) -> None:
        """Let nobody in without the project's key.

        Raises:
            KeyFault: there is none, or another.
        """
        given = connection.headers.get("apikey", "")
        if not given:
            raise KeyFault("No API key found in request")
        if not hmac.compare_digest(given.encode(), key.encode()):
            raise KeyFault("Invalid API key")

    return check
