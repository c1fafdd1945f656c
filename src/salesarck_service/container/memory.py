"""A web application without a database: for its document, and for whoever fuzzes it."""

import secrets
from collections.abc import Callable

from salesarck_adapters.identity.limited import LimitedIdentity
from salesarck_adapters.phones import address, e164
from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.redemption.code import PEPPER_BYTES_MIN, Peppers
from salesarck_domain.use_cases.deliveries import TakeDelivery
from salesarck_service.app import Parts
from salesarck_service.contacts import Contacts
from salesarck_service.container.identity import signing_in_here
from salesarck_service.container.line import KEPT_HEADERS, real_clock
from salesarck_service.container.shared import request_limits
from salesarck_service.routes.webhooks import Reception
from salesarck_service.security.front import Front
from salesarck_service.settings import Settings
from salesarck_service.telemetry.metrics import Metrics

HERE = Front(address="http://localhost", hosts=("localhost", "127.0.0.1", "test", "testserver"))


def memory_parts(show: Callable[[str, str], None] = lambda _contact, _code: None) -> Parts:
    """Put everything together in memory; every till is turned away, for no secret is known.

    `show` is given each one-time code: to whom, and which.
    """
    store, metrics = MemoryStore(), Metrics()
    peppers = Peppers({1: secrets.token_bytes(PEPPER_BYTES_MIN)})
    settings = Settings(database_url="", peppers={})
    signing_in = signing_in_here(show, real_clock)
    take = TakeDelivery(store.inbox.store, store.inbox, KEPT_HEADERS)
    return Parts(
        store=store,
        directory=store.directory,
        inbox=store.inbox,
        answers=store.answers,
        profiles=store.profiles,
        erasures=store.erasures,
        identity=LimitedIdentity(signing_in.identity, store.limits, peppers, settings.code_limit),
        verifier=signing_in.verifier,
        revocations=store.revocations,
        limits=request_limits(settings, store.limits, peppers),
        clock=real_clock,
        real_clock=real_clock,
        randomness=secrets.token_bytes,
        peppers=peppers,
        push=MemoryPush(),
        contacts=Contacts(e164, address),
        reception=Reception(take, {}, {}, real_clock, metrics),
        checks={"database": store.directory.tenants},
        metrics=metrics,
        front=HERE,
    )
