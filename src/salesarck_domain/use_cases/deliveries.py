"""What can be done with deliveries: keep one, and work off what was kept."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from salesarck_domain.deeds import TellNews
from salesarck_domain.errors import SalesArckError, Unavailable
from salesarck_domain.ids import Randomness, TenantId
from salesarck_domain.news import (
    ChangedNews,
    CustomerNews,
    News,
    RefundNews,
    SaleNews,
    UnlinkedNews,
)
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory, Link, StoreUnavailable
from salesarck_domain.ports.inbox import ATTEMPTS_MAX, Arrival, Inbox, InboxRow, LeaseLost
from salesarck_domain.ports.pos import (
    Answer,
    Delivery,
    Fetcher,
    Genuine,
    LinkRefused,
    LinkResting,
    ProviderUnavailable,
    Question,
    UnreadableDelivery,
    WebhookReader,
)
from salesarck_domain.ports.store import BeginWork, Finished
from salesarck_domain.tenants import Tenant, TenantState, TenantSuspended
from salesarck_domain.use_cases.sales import RecordNews, in_time, outcome_of

RETRY_FIRST = timedelta(seconds=30)
RETRY_FACTOR = 6
RETRY_MAX = timedelta(hours=2)
LOOK_AGAIN = timedelta(minutes=5)
"""How long a row waits for what only people can mend: a tenant that isn't active, a link."""

TRIES_AT_ONCE = 3
"""Two works can stand in each other's way; the second try mostly finds the way free."""

Store = Callable[[Sequence[Arrival]], Awaitable[Sequence[bool]]]
"""Keeps arrivals as `Inbox.store` does: the inbox itself, or what gathers for it."""

ReadKept = Callable[[Genuine, str], Sequence[News]]
"""Reads what the inbox kept, as `WebhookReader.read` does."""


@dataclass(eq=False)
class RowMustWait(Unavailable):
    """A row can't be worked on before somebody has mended something elsewhere."""

    why: str
    code: ClassVar[str] = "row_must_wait"

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True)
class TakeDelivery:
    """Believe a delivery, find whom it is for, and keep it. Nothing else is done with it.

    `headers` names those that are kept; none of them may be a secret.
    """

    store: Store
    inbox: Inbox
    headers: Collection[str]

    async def __call__(self, reader: WebhookReader, delivery: Delivery, correlation: str) -> str:
        """Keep one row for each merchant; say `new`, `again` or `handshake`.

        Raises:
            ForgedDelivery: its provider didn't send it.
            StoreUnavailable: it is not certain that it is kept.
        """
        genuine = reader.authenticate(delivery)
        route = reader.route(genuine)
        if route.verification_code:
            await self.inbox.keep_handshake(
                reader.provider, route.verification_code, delivery.received_at
            )
            return "handshake"
        headers = {name: text for name, text in genuine.headers.items() if name in self.headers}
        arrivals = [
            Arrival(
                provider=reader.provider,
                merchant=merchant,
                key=route.key,
                body=genuine.body,
                headers=headers,
                received_at=genuine.received_at,
                correlation=correlation,
            )
            for merchant in dict.fromkeys(route.merchants or (None,))
        ]
        return "new" if any(await self.store(arrivals)) else "again"


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of a row that was worked on.

    `end` is its outcome, or else `retried`, `put_off`, `parked`, `lease_lost`, or `left` where
    even that could not be written.
    """

    row: InboxRow
    end: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What a row tells: deeds to record, and what could not be read of the rest."""

    deeds: list[TellNews] = field(default_factory=list[TellNews])
    clocks_ahead: set[bool] = field(default_factory=set[bool])
    spoiled: list[SalesArckError] = field(default_factory=list[SalesArckError])

    def add(self, row: InboxRow, news: Sequence[News], received_at: datetime) -> None:
        for told in news:
            if isinstance(told, CustomerNews) and told.merchant == row.merchant:
                self.deeds.append(TellNews(provider=row.provider, news=told))
            elif isinstance(told, SaleNews | RefundNews) and told.merchant == row.merchant:
                timely = in_time(told, received_at)
                self.clocks_ahead.add(timely != told)
                self.deeds.append(TellNews(provider=row.provider, news=timely))

    def tells_of(self, question: Question) -> bool:
        """Whether an order that was asked for has brought this payment along."""
        return question.object == "payment" and any(
            isinstance(deed.news, SaleNews) and deed.news.reference == question.id
            for deed in self.deeds
        )


@dataclass(frozen=True, slots=True)
class WorkInbox:
    """Take rows out of the inbox, and make of each what it tells.

    Nothing that goes wrong with one row is raised: it would hold up others. Leases and waits are
    measured by `real_clock`, so that they end also where `clock` is one that somebody moves.
    """

    inbox: Inbox
    directory: Directory
    begin: BeginWork
    record: RecordNews
    readers: Mapping[str, ReadKept]
    fetchers: Mapping[str, Fetcher]
    clock: Clock
    real_clock: Clock
    randomness: Randomness
    lease: timedelta = timedelta(seconds=30)

    async def claim(self, limit: int) -> Sequence[InboxRow]:
        """Lease rows that are due.

        Raises:
            StoreUnavailable: nothing was leased, or the leases end by themselves.
        """
        return await self.inbox.claim(limit, self._now(), self.lease)

    async def __call__(self, row: InboxRow) -> Worked:
        """Work on a leased row."""
        try:
            return Worked(row, await self._work(row))
        except LeaseLost:
            return Worked(row, "lease_lost")
        except Exception as error:  # noqa: BLE001 - a row that surprises us must not stop the rest
            return await self._set_aside(row, error)

    async def _work(self, row: InboxRow) -> str:
        if row.tenant is None:
            return await self._work_for_nobody(row)
        tenant = await self.directory.tenant(row.tenant)
        if tenant.state is not TenantState.ACTIVE:
            raise RowMustWait(f"{tenant.name} is {tenant.state}")
        news = self._read(row, tenant.country)
        gone = next((told for told in news if isinstance(told, UnlinkedNews)), None)
        link = await self._link_to_end(row) if gone else None
        if gone and link:
            return await self._finish_ended(row, link, gone.by)
        return await self._take_in(row, tenant, news)

    async def _work_for_nobody(self, row: InboxRow) -> str:
        """Work on a row without a merchant: there is nothing in it, or a person has to look.

        Raises:
            UnreadableDelivery: there is.
        """
        if any(getattr(told, "merchant", "") for told in self._read(row, "")):
            raise UnreadableDelivery(row.provider, "nobody can tell whose it is")
        return await self._finish(row, "nothing")

    def _read(self, row: InboxRow, country: str) -> Sequence[News]:
        genuine = Genuine(row.body, row.headers, row.received_at, row.merchant)
        return self.readers[row.provider](genuine, country)

    async def _take_in(self, row: InboxRow, tenant: Tenant, news: Sequence[News]) -> str:
        found = _Found()
        found.add(row, news, row.received_at)
        thin = [it for it in news if isinstance(it, ChangedNews) and it.merchant == row.merchant]
        fetcher = self.fetchers.get(row.provider)
        if thin and fetcher:
            await self._fetch(row, tenant, fetcher, _questions(thin), found)
        if found.spoiled:
            await self._record(row, tenant.id, found.deeds)
            raise found.spoiled[0]
        if not found.deeds:
            nothing = "nothing_to_fetch" if thin and not fetcher else "nothing"
            return await self._finish(row, nothing)
        finished = Finished(row.id, _token(row), "", clock_ahead=any(found.clocks_ahead))
        return await self._record(row, tenant.id, found.deeds, finished)

    async def _fetch(
        self,
        row: InboxRow,
        tenant: Tenant,
        fetcher: Fetcher,
        questions: Sequence[Question],
        found: _Found,
    ) -> None:
        """Ask for what thin news is about. A till's moments are held against the answer's."""
        link = await self.directory.link(row.provider, row.merchant or "")
        if link is None or link.state != "active":
            raise RowMustWait(f"the link to {row.provider} has ended; link {row.merchant} again")
        answers: list[Answer] = []
        for question in questions:
            if found.tells_of(question):
                continue
            try:
                fetched = await fetcher.fetch(question, tenant.country)
            except LinkRefused:
                await self._need_a_new_permission(link)
                raise
            except UnreadableDelivery as error:
                found.spoiled.append(error)
                continue
            found.add(row, fetched.news, self.clock())
            answers += fetched.answers
            await self.inbox.answered(row.id, _token(row), answers, self._now() + self.lease)

    async def _record(
        self,
        row: InboxRow,
        tenant: TenantId,
        deeds: Sequence[TellNews],
        finished: Finished | None = None,
    ) -> str:
        for _ in range(TRIES_AT_ONCE - 1):
            try:
                return outcome_of(await self.record(tenant, deeds, finished, row.correlation))
            except StoreUnavailable:
                continue
        return outcome_of(await self.record(tenant, deeds, finished, row.correlation))

    async def _finish(self, row: InboxRow, outcome: str) -> str:
        await self.inbox.finish(row.id, _token(row), outcome)
        return outcome

    async def _link_to_end(self, row: InboxRow) -> Link | None:
        """Find the link that a row ends; one that was made after it came is another."""
        link = await self.directory.link(row.provider, row.merchant or "")
        return link if link and link.linked_at < row.received_at else None

    async def _finish_ended(self, row: InboxRow, link: Link, by: str) -> str:
        await self.directory.end_link(link.provider, link.merchant, "revoked")
        async with self.begin(link.tenant) as work:
            await work.announce("link_ended", _ended(link, "revoked", by))
            await work.finish([Finished(row.id, _token(row), "link_ended")])
        return "link_ended"

    async def _need_a_new_permission(self, link: Link) -> None:
        """Note a refused token, unless the merchant was linked again in the meantime."""
        if await self.directory.link(link.provider, link.merchant) != link:
            return
        async with self.begin(link.tenant) as work:
            await work.announce("link_ended", _ended(link, "needs_reauth", "provider"))
        await self.directory.end_link(link.provider, link.merchant, "needs_reauth")

    async def _set_aside(self, row: InboxRow, error: Exception) -> Worked:
        """Let a row wait, or give it to a person, as the kind of its error asks for."""
        named = isinstance(error, SalesArckError)
        what = str(error) if named else type(error).__name__  # its text may hold anything
        wait = _asked_to_wait(error)
        may_pass = isinstance(error, Unavailable) or not named
        try:
            if wait is not None:
                await self.inbox.put_off(row.id, _token(row), self._now() + wait, what)
                return Worked(row, "put_off", what)
            if may_pass and row.attempts < ATTEMPTS_MAX:
                due_at = self._now() + backoff(row.attempts, self.randomness)
                await self.inbox.retry(row.id, _token(row), due_at, what)
                return Worked(row, "retried", what)
            await self.inbox.park(row.id, _token(row), what)
        except LeaseLost:
            return Worked(row, "lease_lost", what)
        except StoreUnavailable:
            return Worked(row, "left", what)
        return Worked(row, "parked", what)

    def _now(self) -> datetime:
        return max(self.clock(), self.real_clock())


def backoff(attempts: int, randomness: Randomness) -> timedelta:
    """Draw how long to wait after so many attempts: anything up to a limit that grows."""
    limit = min(RETRY_FIRST * int(RETRY_FACTOR ** (attempts - 1)), RETRY_MAX)
    return limit * (int.from_bytes(randomness(4)) / 2**32)


def _asked_to_wait(error: Exception) -> timedelta | None:
    """How long to wait where no attempt was made, or the provider says when to come back."""
    if isinstance(error, LinkResting):
        return timedelta(seconds=error.seconds)
    if isinstance(error, ProviderUnavailable) and error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    return LOOK_AGAIN if isinstance(error, LinkRefused | RowMustWait | TenantSuspended) else None


def _questions(thin: Sequence[ChangedNews]) -> Sequence[Question]:
    """What to ask, each once; orders first, for they bring their payments along."""
    asked = dict.fromkeys(Question(told.merchant, told.object, told.id) for told in thin)
    return sorted(asked, key=lambda question: question.object != "order")


def _ended(link: Link, state: str, by: str) -> Mapping[str, object]:
    return {"provider": link.provider, "merchant": link.merchant, "state": state, "by": by}


def _token(row: InboxRow) -> UUID:
    """The token of a row's lease.

    Raises:
        LeaseLost: nobody holds it.
    """
    if row.token is None:
        raise LeaseLost(row.id)
    return row.token
