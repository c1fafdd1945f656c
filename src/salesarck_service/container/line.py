"""The line's adapters: who reads what tills send, who asks them again, who rings and who hears."""

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

from saq import Queue

from salesarck_adapters.clock.postgres import SharedClock
from salesarck_adapters.http import polite_client
from salesarck_adapters.pos.clover import CloverApp, CloverCheckout, CloverFetcher
from salesarck_adapters.pos.limits import GuardedFetcher, paced
from salesarck_adapters.pos.square import Square, Subscription
from salesarck_adapters.push.postgres import open_postgres_push
from salesarck_adapters.push.redis import open_redis_push
from salesarck_adapters.queue.saq import SaqDoorbell, open_doorbell, open_queue, open_timetable
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.schema import SERVICE_ROLE
from salesarck_domain.news import News
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.pos import Fetcher, Genuine, LinkRefused, WebhookReader
from salesarck_domain.ports.push import Push
from salesarck_domain.ports.queue import Doorbell
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.use_cases.deliveries import ReadKept, TakeDelivery, WorkInbox
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.retention import Retain
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_domain.use_cases.wallets import RunTimetable
from salesarck_service.ingest import Ingest
from salesarck_service.routes.webhooks import Reception
from salesarck_service.settings import Settings
from salesarck_service.telemetry.line import WorkerMetrics
from salesarck_service.telemetry.metrics import Metrics
from salesarck_service.worker import InboxWorker, timetable

CHECKOUT_HEADER = "clover-signature"
KEPT_HEADERS = frozenset(
    {
        "content-type",
        "x-square-hmacsha256-signature",
        "square-environment",
        "square-initial-delivery-timestamp",
        "square-retry-number",
        "square-retry-reason",
        CHECKOUT_HEADER,
    }
)
"""What reading or an operator needs. Clover's secret is no signature, so it is not here."""


def real_clock() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_clock(settings: Settings) -> AsyncGenerator[Clock]:
    """Open the clock that the settings name."""
    if settings.clock == "real":
        yield real_clock
        return
    clock = SharedClock(settings.database_url)
    try:
        yield clock
    finally:
        clock.close()


def peppers_of(settings: Settings) -> Peppers:
    """The secrets that codes are spelled with, and erased contacts are told by."""
    return Peppers({number: text.encode() for number, text in settings.peppers.items()})


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncGenerator[PostgresStore]:
    """Open the store that the settings name."""
    async with PostgresStore.open(
        settings.database_url,
        pool_size=settings.database_pool_size,
        pool_timeout=settings.database_pool_timeout,
        prepare_threshold=settings.database_prepare_threshold or None,
    ) as store:
        yield store


def readers(settings: Settings) -> Mapping[str, WebhookReader]:
    """Who believes what is posted to each provider's address."""
    url = settings.square_notification_url
    return {
        "square": Square([Subscription(key.encode(), url) for key in settings.square_keys]),
        "clover": CloverApp([code.encode() for code in settings.clover_auth_codes]),
    }


def checkouts(settings: Settings) -> Mapping[str, WebhookReader]:
    """Who believes what is posted to the address of each merchant's Hosted Checkout."""
    return {
        merchant: CloverCheckout([secret.encode() for secret in texts], merchant=merchant)
        for merchant, texts in settings.clover_checkout_secrets.items()
    }


def reads() -> Mapping[str, ReadKept]:
    """Who reads what the inbox has kept: it was believed when it came, so no secret is needed."""
    app, checkout = CloverApp(()), CloverCheckout(())

    def read_clover(kept: Genuine, country: str) -> Sequence[News]:
        reader = checkout if CHECKOUT_HEADER in kept.headers else app
        return reader.read(kept, country)

    return {"square": Square(()).read, "clover": read_clover}


@asynccontextmanager
async def open_fetchers(settings: Settings) -> AsyncGenerator[Mapping[str, Fetcher]]:
    """Who asks a provider again, politely."""
    tokens = settings.clover_tokens

    def token(merchant: str) -> str:
        if merchant not in tokens:
            raise LinkRefused("clover", merchant)
        return tokens[merchant][0]

    async with polite_client(paced()) as client:
        clover = CloverFetcher(client, settings.clover_api_base, token)
        yield {"clover": GuardedFetcher(clover)}


@asynccontextmanager
async def open_push(settings: Settings) -> AsyncGenerator[Push]:
    """Pass balances on between processes, in the place where the doorbell is."""
    if settings.redis_url:
        async with open_redis_push(settings.redis_url) as push:
            yield push
    else:
        async with open_postgres_push(settings.database_url) as push:
            yield push


@asynccontextmanager
async def open_bell(settings: Settings) -> AsyncGenerator[SaqDoorbell]:
    """Open the doorbell of a web process."""
    async with open_doorbell(_queue(settings)) as bell:
        yield bell


@asynccontextmanager
async def open_reception(
    settings: Settings, bell: Doorbell, inbox: Inbox, clock: Clock, metrics: Metrics
) -> AsyncGenerator[Reception]:
    """Open everything that stands between a till and the inbox, in a web process."""
    ingest = Ingest(inbox.store, bell)
    take = TakeDelivery(ingest, inbox, KEPT_HEADERS)
    try:
        yield Reception(take, readers(settings), checkouts(settings), clock, metrics)
    finally:
        await ingest.close()


@asynccontextmanager
async def open_worker(settings: Settings) -> AsyncGenerator[InboxWorker]:
    """Open everything that a worker process needs, with its timetable running."""
    async with AsyncExitStack() as opened:
        store = await opened.enter_async_context(open_store(settings))
        clock = await opened.enter_async_context(open_clock(settings))
        fetchers = await opened.enter_async_context(open_fetchers(settings))
        push = await opened.enter_async_context(open_push(settings))
        due = RunTimetable(store, clock, push)
        prove = Prove(store.begin, store.directory, clock, push, peppers_of(settings))
        ear = await opened.enter_async_context(
            open_timetable(
                _queue(settings),
                timetable(
                    apply_due=due,
                    claim_leftovers=prove.claim_leftovers,
                    forget_answers=lambda: store.answers.forget(real_clock()),
                    forget_revocations=lambda: store.revocations.forget(real_clock()),
                    forget_limits=store.limits.forget,
                    forget_invitations=lambda: store.directory.forget_invitations(clock()),
                    retain=Retain(
                        store.inbox, real_clock, timedelta(days=settings.inbox_retention_days)
                    ),
                ),
                every_seconds=min(max(1, round(settings.sweep_seconds)), 59),
            )
        )
        work = WorkInbox(
            inbox=store.inbox,
            directory=store.directory,
            begin=store.begin,
            record=RecordNews(store.begin, clock, push, peppers_of(settings)),
            readers=reads(),
            fetchers=fetchers,
            clock=clock,
            real_clock=real_clock,
            randomness=secrets.token_bytes,
            lease=timedelta(seconds=settings.lease_seconds),
        )
        yield InboxWorker(
            work,
            ear.heard,
            WorkerMetrics(),
            sweep_seconds=settings.sweep_seconds,
            drain_seconds=settings.drain_seconds,
        )


def _queue(settings: Settings) -> Queue:
    """Name the doorbell's place: Redis where there is one, else our database."""
    return open_queue(settings.redis_url or settings.database_url, role=SERVICE_ROLE)
