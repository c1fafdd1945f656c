"""A consumer's wallets: what is there, how it came, and what it would pay."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from salesarck_domain.ids import SaleId, TenantId
from salesarck_domain.ledger.entry import LedgerEntry
from salesarck_domain.money import Money
from salesarck_domain.people import Permission
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.store import Account, Books
from salesarck_domain.redemption.terms import Offer, offer
from salesarck_domain.sales.sale import Sale
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.routes.paging import LIMIT, Cursor, Limit, cursor_after, read_number
from salesarck_service.routes.views import AwardView, MinorUnits, MoneyView, RewardView, WalletView
from salesarck_service.security.guards import asks

SALE = "sale"


class EntryView(Struct):
    """One movement of points, and the explanation of the sale behind it."""

    seq: int
    kind: str
    points: int
    owed_change: int
    balance_after: int
    owed_after: int
    reference: str
    rule_version: int | None
    happened_at: datetime
    recorded_at: datetime
    explanation: AwardView | None

    @classmethod
    def of(cls, entry: LedgerEntry, sale: Sale | None) -> Self:
        return cls(
            seq=entry.seq,
            kind=entry.kind.value,
            points=entry.points,
            owed_change=entry.owed_change,
            balance_after=entry.balance_after,
            owed_after=entry.owed_after,
            reference=entry.reference,
            rule_version=entry.rule_version,
            happened_at=entry.happened_at,
            recorded_at=entry.recorded_at,
            explanation=AwardView.read(sale.award) if sale and sale.award else None,
        )


class HistoryView(Struct):
    """A page of entries, newest first. `next` is the cursor of the page after, if there is one."""

    entries: Sequence[EntryView]
    next: str | None


class BillAsked(Struct, forbid_unknown_fields=True):
    """A bill at a till of the tenant, in the smallest unit of its currency."""

    minor_units: Annotated[MinorUnits, Meta(ge=0, le=10**12)]


class OfferView(Struct):
    """What the wallet pays of a bill: points that leave, money that falls away."""

    points: int
    value: MoneyView
    balance: int
    points_min: int
    rewards: Sequence[RewardView]

    @classmethod
    def of(cls, found: Offer, balance: int, points_min: int) -> Self:
        return cls(
            points=found.points,
            value=MoneyView.of(found.value),
            balance=balance,
            points_min=points_min,
            rewards=[RewardView.of(reward) for reward in found.rewards],
        )


class WalletsController(Controller):
    """Reading wallets."""

    path = "/v1/consumer/wallets"
    tags = ("consumer",)
    opt = asks(Permission.OWN_WALLET)

    @get("/", summary="All my wallets", responses=problems(401, 503))
    async def all(
        self,
        caller: Given[Caller],
        books: Given[Books],
        directory: Given[Directory],
    ) -> Sequence[WalletView]:
        """List what you hold with each tenant, what you owe, and what runs out when."""
        accounts = await books.accounts_of(caller.person)
        return [
            WalletView.of(account, await directory.tenant(account.tenant)) for account in accounts
        ]

    @get("/{tenant:uuid}", summary="One wallet", responses=problems(401, 403, 404, 503))
    async def one(
        self, tenant: FromPath[UUID], caller: Given[Caller], books: Given[Books]
    ) -> WalletView:
        """Read what you hold with one tenant; nothing yet, if you never bought there."""
        account = await books.account(TenantId(tenant), caller.person)
        return WalletView.of(account, caller.here)

    @get(
        "/{tenant:uuid}/history",
        summary="How it came",
        responses=problems(400, 401, 403, 404, 503),
    )
    async def history(
        self,
        tenant: FromPath[UUID],
        caller: Given[Caller],
        books: Given[Books],
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> HistoryView:
        """List every movement of points, newest first, with what the rules said of the sale."""
        here = TenantId(tenant)
        found = await books.history(here, caller.person, read_number(cursor), limit + 1)
        page = found[:limit]
        sales = await _sales_behind(books, here, page)
        return HistoryView(
            entries=[EntryView.of(entry, sales.get(entry.reference)) for entry in page],
            next=cursor_after(page[-1].seq) if len(found) > limit else None,
        )

    @post(
        "/{tenant:uuid}/preview",
        status_code=200,
        summary="What would it pay?",
        responses=problems(400, 401, 403, 404, 503),
    )
    async def preview(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[BillAsked],
        caller: Given[Caller],
        books: Given[Books],
        clock: Given[Clock],
    ) -> OfferView:
        """Say what your points take off a bill, and which rewards they cover. Nothing moves."""
        terms = caller.here.terms
        account = await books.account(TenantId(tenant), caller.person)
        balance = _spendable(account, clock())
        bill = Money(data.minor_units, caller.here.currency)
        return OfferView.of(offer(balance, bill, terms), balance, terms.points_min)


def _spendable(account: Account, now: datetime) -> int:
    """What is there, without the points that have run out and are not yet written off."""
    return account.balance - sum(lot.remaining for lot in account.lots if lot.is_over(now))


async def _sales_behind(
    books: Books, tenant: TenantId, entries: Sequence[LedgerEntry]
) -> Mapping[str, Sale]:
    """Find the sales that moved points, by the references of their entries."""
    found: dict[UUID, Sale | None] = {}
    behind: dict[str, Sale] = {}
    for entry in entries:
        word, _, rest = entry.reference.partition(":")
        if word == SALE:
            id_ = SaleId(UUID(rest.partition(":")[0]))
            if id_ not in found:
                found[id_] = await books.sale(tenant, id_)
            if sale := found[id_]:
                behind[entry.reference] = sale
    return behind
