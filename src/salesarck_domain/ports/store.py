"""The store: what we ask of whatever keeps the books.

Batch-first: one item is a batch of one. One work is one database transaction of one tenant.
Lock order everywhere: payments and sales, then wallets, in a sorted order of their own.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from salesarck_domain.audit import AuditNote
from salesarck_domain.days import Span
from salesarck_domain.deeds import Applied
from salesarck_domain.ids import ActId, CodeId, ConsumerId, SaleId, TenantId
from salesarck_domain.ledger.adjustment import Adjustment, AdjustmentState
from salesarck_domain.ledger.entry import LedgerEntry
from salesarck_domain.ledger.lots import Lot
from salesarck_domain.ledger.reconciliation import WalletBooks
from salesarck_domain.news import CustomerNews
from salesarck_domain.people import Evidence, Proof, WalletMerge
from salesarck_domain.ports.adjustments import Adjustments
from salesarck_domain.ports.answers import Answered
from salesarck_domain.ports.erasures import Forgetting
from salesarck_domain.ports.team import Team
from salesarck_domain.ports.wallets import Codes, Wallets
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.rules.version import Retirement, RuleBook, RuleVersion
from salesarck_domain.sales.sale import CustomerBook, PaymentKey, Sale, SaleKey, Tender
from salesarck_domain.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Wanted:
    """A payment that news is about, and the sale that the news puts it in.

    `sale` is None for news that puts it nowhere (a refund).
    """

    payment: PaymentKey
    sale: SaleKey | None = None


@dataclass(frozen=True, slots=True)
class LockedSales:
    """What a work may change: tenders by payment, and every sale that one of them is or may be in.

    Each sale holds the very `Tender` objects that stand in `tenders`.
    """

    tenders: Mapping[PaymentKey, Tender]
    sales: Mapping[SaleKey, Sale]


@dataclass(frozen=True, slots=True)
class Worth:
    """What one sale of a consumer is worth now."""

    sale: SaleId
    happened_at: datetime
    points: int


class Sales(Protocol):
    """Sales of one tenant."""

    async def lock(self, wanted: Sequence[Wanted], at: datetime) -> LockedSales:
        """Lock payments, then sales, each in sorted order, and load them.

        For each payment that is its tender (an empty one if it was never heard of), the sale it
        is in, if any, and the wanted sale, begun empty if it is new. A new sale's id is
        ``derived(at, "sale", tenant, provider, merchant, name)``.
        """
        ...

    async def waiting_for(self, evidence: Iterable[Evidence]) -> Sequence[Sale]:
        """Lock and load the sales without a consumer that wait for any of this evidence.

        In the order in which they happened, then of their keys.
        """
        ...

    async def happened_in(self, span: Span) -> Sequence[Sale]:
        """Lock and load the sales that happened in a span; in the same order."""
        ...

    async def held_by(self, consumer: ConsumerId) -> Sequence[Sale]:
        """Lock and load the sales whose points a consumer holds; in the same order."""
        ...

    async def worths(self, consumer: ConsumerId, span: Span) -> Sequence[Worth]:
        """Say what the sales of a consumer that happened in a span are worth now.

        Called under the lock of the consumer's wallet.
        """
        ...

    async def save(self, sales: Iterable[Sale]) -> None:
        """Write sales as they are now, with their tenders, refunds and what they wait for."""
        ...

    async def keep(self, tenders: Iterable[Tender]) -> None:
        """Write tenders that are in no sale: payments of which only refunds are known."""
        ...


class People(Forgetting, Protocol):
    """How a tenant's tills know people."""

    async def proofs(self, evidence: Iterable[Evidence]) -> Mapping[Evidence, Proof]:
        """Find whose this evidence is, as far as anybody proved it.

        Phones and e-mails are proved to the platform, till customers to the tenant.
        """
        ...

    async def prove(self, proofs: Iterable[Proof]) -> None:
        """Note proofs. Evidence that somebody proved before stays theirs."""
        ...

    async def keep_merge(self, merge: WalletMerge) -> None:
        """Write what a merge moved, or that it was undone."""
        ...

    async def merge(self, id_: ActId) -> WalletMerge | None:
        """Find what a merge moved."""
        ...

    async def customers(self, ids: Iterable[tuple[str, str]]) -> CustomerBook:
        """Look up till customers by (provider, id)."""
        ...

    async def tell_customer(self, provider: str, news: CustomerNews) -> None:
        """Note what a till's customer book says now.

        Ids in `merged_from`, and what was merged into them before, become ids of this customer.
        A deleted customer keeps its ids and loses phone and e-mail.
        """
        ...


@dataclass(frozen=True, slots=True)
class Finished:
    """An inbox row whose effects are in this work. `token` shows that the lease is still held.

    `clock_ahead` says that the till's clock ran ahead of the receipt.
    """

    row: UUID
    token: UUID
    outcome: str
    sales: tuple[SaleId, ...] = ()
    clock_ahead: bool = False


class Work(Protocol):
    """One transaction of one tenant: everything in it happens, or nothing.

    Leaving it without an exception commits.
    """

    @property
    def tenant(self) -> Tenant:
        """Whose work it is, with the terms as they stand."""
        ...

    @property
    def rules(self) -> RuleBook:
        """The tenant's rule versions as this work began."""
        ...

    @property
    def sales(self) -> Sales:
        """Its sales."""
        ...

    @property
    def wallets(self) -> Wallets:
        """Its wallets."""
        ...

    @property
    def codes(self) -> Codes:
        """Its codes."""
        ...

    @property
    def people(self) -> People:
        """How its tills know people."""
        ...

    @property
    def team(self) -> Team:
        """Who works for it."""
        ...

    @property
    def adjustments(self) -> Adjustments:
        """What admins moved in its wallets by hand, and what waits for a second one."""
        ...

    async def change_tenant(self, tenant: Tenant) -> None:
        """Write the tenant's terms and state anew. Only in a work that is alone."""
        ...

    async def publish(self, version: RuleVersion) -> None:
        """Add a rule version. Only in a work that is alone."""
        ...

    async def retire(self, retirement: Retirement) -> None:
        """End the versions so far. Only in a work that is alone."""
        ...

    async def note(self, note: AuditNote) -> None:
        """Add an audit row."""
        ...

    async def noted(self, id_: UUID) -> AuditNote | None:
        """Find the audit row of a deed, if it was done before."""
        ...

    async def apply(self, deeds: Sequence[Applied]) -> None:
        """Add deeds to the order in which they were applied. Called after the last lock."""
        ...

    async def finish(self, rows: Sequence[Finished]) -> None:
        """Mark inbox rows done.

        Raises:
            LeaseLost: somebody else holds one of them now. Nothing of this work may stand.
        """
        ...

    async def claimed(self, sales: Iterable[SaleId]) -> None:
        """Change the outcome of inbox rows that told of these sales from unclaimed to applied."""
        ...

    async def answer(self, answered: Answered | None) -> None:
        """Keep the answer of the command that this work does, if it is one. After the last lock.

        Raises:
            CommandLost: somebody else holds it now. Nothing of this work may stand.
        """
        ...

    async def announce(self, topic: str, content: Mapping[str, object]) -> None:
        """Put a message that must not be lost into the outbox."""
        ...


class BeginWork(Protocol):
    """Opens works."""

    def __call__(
        self, tenant: TenantId, *, alone: bool = False
    ) -> AbstractAsyncContextManager[Work]:
        """Open a work of a tenant, at read committed.

        Works of one tenant run side by side, but one that is `alone` waits for them and keeps
        others waiting: for what every judgement rests on (rules, proofs).

        Raises:
            TenantMissing: there is no such tenant.
            StoreUnavailable: the database isn't there, or gave up.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A wallet as its owner reads it: what is there, what is owed, what runs out when."""

    tenant: TenantId
    consumer: ConsumerId
    balance: int
    owed: int
    seq: int
    lots: Sequence[Lot]
    frozen: bool = False


class Books(Protocol):
    """Reads that lock nothing. Each sees what was committed when it began."""

    async def account(self, tenant: TenantId, consumer: ConsumerId) -> Account:
        """Read one wallet; an empty one if there is none."""
        ...

    async def accounts_of(self, consumer: ConsumerId) -> Sequence[Account]:
        """Read all wallets of a consumer that have entries or are frozen, by tenant."""
        ...

    async def history(
        self, tenant: TenantId, consumer: ConsumerId, before: int | None, limit: int
    ) -> Sequence[LedgerEntry]:
        """Read entries, newest first, those with a seq below `before`."""
        ...

    async def sales_of(
        self,
        tenant: TenantId,
        *,
        consumer: ConsumerId | None = None,
        unclaimed: bool = False,
        before: SaleId | None = None,
        limit: int = 50,
    ) -> Sequence[Sale]:
        """Read sales that have tenders, latest id first; of one consumer, or the unclaimed.

        Unclaimed are those that `Sale.is_unclaimed` names.
        """
        ...

    async def sale(self, tenant: TenantId, sale: SaleId) -> Sale | None:
        """Read one sale."""
        ...

    async def code(self, tenant: TenantId, code: CodeId) -> RedemptionCode | None:
        """Read one code."""
        ...

    async def rules(self, tenant: TenantId) -> RuleBook:
        """Read the rule versions."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[TenantId, ConsumerId]]:
        """Find wallets in which something is due, the longest due first."""
        ...

    async def consumers(self, tenant: TenantId) -> Sequence[ConsumerId]:
        """List the owners of a tenant's wallets, sorted."""
        ...

    async def wallet_books(
        self, tenant: TenantId, consumers: Sequence[ConsumerId]
    ) -> Sequence[WalletBooks]:
        """Read all that is written about some wallets, in one snapshot."""
        ...

    def all_sales(self, tenant: TenantId) -> AsyncIterator[Sale]:
        """Walk over every sale of a tenant, by key."""
        ...

    def applied(self, tenant: TenantId) -> AsyncIterator[Applied]:
        """Walk over everything that was applied, in its order."""
        ...

    async def rule_hashes(self, tenant: TenantId) -> Mapping[int, str]:
        """Read the content hash that was written when each rule version was published."""
        ...

    async def acts(self, tenant: TenantId) -> Collection[UUID]:
        """List the ids of the tenant's audit rows."""
        ...

    async def merges(self, tenant: TenantId) -> Sequence[WalletMerge]:
        """Read the merges of a tenant's wallets, undone ones too, by id."""
        ...

    async def notes(
        self,
        tenant: TenantId,
        *,
        target: str | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[AuditNote]:
        """Read audit rows, latest id first; those about a target."""
        ...

    async def adjustments(
        self,
        tenant: TenantId,
        *,
        state: AdjustmentState | None = None,
        before: ActId | None = None,
        limit: int = 50,
    ) -> Sequence[Adjustment]:
        """Read adjustments, latest id first; those in a state."""
        ...


class Store(Protocol):
    """Books to read and works to change them."""

    @property
    def begin(self) -> BeginWork:
        """Opens works."""
        ...

    @property
    def books(self) -> Books:
        """Reads."""
        ...
