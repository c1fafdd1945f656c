"""The web process' adapters: who keeps, who signs in, who believes tills, what makes it ready."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network

from salesarck_adapters.identity.limited import LimitedIdentity
from salesarck_adapters.phones import address, e164
from salesarck_service.app import Parts
from salesarck_service.contacts import Contacts
from salesarck_service.container.books import check_tables
from salesarck_service.container.identity import open_identity
from salesarck_service.container.line import (
    open_bell,
    open_clock,
    open_push,
    open_reception,
    open_store,
    peppers_of,
    real_clock,
)
from salesarck_service.container.shared import open_shared, request_limits
from salesarck_service.security.front import Front
from salesarck_service.security.proxies import Proxies
from salesarck_service.settings import Settings, SettingsInvalid
from salesarck_service.telemetry.metrics import Metrics


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncGenerator[Parts]:
    """Open everything that a web process needs.

    Raises:
        SettingsInvalid: these settings are not for development, and they name no identity, or
            no address for the world.
    """
    front = front_of(settings)
    metrics = Metrics()
    peppers = peppers_of(settings)
    async with AsyncExitStack() as opened:
        signing_in = await opened.enter_async_context(open_identity(settings))
        store = await opened.enter_async_context(open_store(settings))
        clock = await opened.enter_async_context(open_clock(settings))
        push = await opened.enter_async_context(open_push(settings))
        shared = await opened.enter_async_context(open_shared(settings, store))
        bell = await opened.enter_async_context(open_bell(settings))
        reception = await opened.enter_async_context(
            open_reception(settings, bell, store.inbox, clock, metrics)
        )
        yield Parts(
            store=store,
            directory=store.directory,
            inbox=store.inbox,
            answers=store.answers,
            profiles=store.profiles,
            erasures=store.erasures,
            identity=LimitedIdentity(
                signing_in.identity, store.limits, peppers, settings.code_limit
            ),
            verifier=signing_in.verifier,
            revocations=shared.revocations,
            limits=request_limits(settings, shared.limits, peppers),
            clock=clock,
            real_clock=real_clock,
            randomness=secrets.token_bytes,
            peppers=peppers,
            push=push,
            contacts=Contacts(e164, address),
            reception=reception,
            checks={
                "database": store.is_current,
                "migrations": lambda: check_tables(store),
                "queue": bell.check,
            },
            metrics=metrics,
            front=front,
            approve_at_once=settings.tenant_approval == "at_once",
        )


def front_of(settings: Settings) -> Front:
    """Say how the world reaches us; a machine of one's own has two names.

    Raises:
        SettingsInvalid: the world can't reach us.
    """
    if settings.environment == "production" and not settings.public_url:
        raise SettingsInvalid(
            "set SALESARCK_PUBLIC_URL to the address at which people and tills reach you, "
            "like https://points.example.test"
        )
    here = () if settings.public_url else ("localhost", "127.0.0.1", settings.host)
    return Front(
        address=settings.address,
        hosts=settings.allowed_hosts or here,
        origins=settings.allowed_origins,
        proxies=Proxies(
            tuple(ip_network(each) for each in settings.trusted_proxies),
            settings.forwarded_header,
        ),
    )
