"""Sales and tenders as rows, and sales put together again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.rows import Values, moment_or_none
from salesarck_adapters.store.postgres.statements import keyed
from salesarck_domain.ids import ConsumerId, SaleId, TenantId
from salesarck_domain.news import RefundNews, SaleNews
from salesarck_domain.news_codec import decode_news, encode_news
from salesarck_domain.people import Evidence, EvidenceKind
from salesarck_domain.sales.sale import PaymentKey, Sale, SaleKey, Tender

SALE_KEY = ("tenant_id", "provider", "merchant", "name")
PAYMENT_KEY = ("tenant_id", "provider", "merchant", "payment")
SALE_OF_TENDER = ("tenant_id", "provider", "merchant", "sale_name")


def payment_values(tenant: TenantId, key: PaymentKey) -> Values:
    """The key of a tender, as columns."""
    return {
        "tenant_id": tenant,
        "provider": key.provider,
        "merchant": key.merchant,
        "payment": key.payment,
    }


def sale_key_values(tenant: TenantId, key: SaleKey) -> Values:
    """The key of a sale, as columns."""
    return {
        "tenant_id": tenant,
        "provider": key.provider,
        "merchant": key.merchant,
        "name": key.name,
    }


def sale_values(tenant: TenantId, sale: Sale) -> Values:
    """A sale as a row, without its tenders."""
    return {
        **sale_key_values(tenant, sale.key),
        "id": sale.id,
        "consumer_id": sale.consumer,
        "posted": sale.posted,
        "earned": sale.earned,
        "clawed": sale.clawed,
        "worth": sale.worth,
        "happened_at": sale.happened_at,
        "moment": sale.happened_at or sale.first_happened(),
        "award": sale.award,
        "waits_for": [[found.kind, found.value] for found in sale.waits_for],
    }


def tender_values(tenant: TenantId, tender: Tender, sale: SaleKey | None) -> Values:
    """A tender as a row, in a sale or in none."""
    return {
        **payment_values(tenant, tender.key),
        "sale_name": sale and sale.name,
        "state": tender.state and encode_news(tender.state),
    }


def refund_values(tenant: TenantId, tender: Tender) -> Iterable[Values]:
    """A tender's refunds as rows."""
    for reference, refund in tender.refunds.items():
        yield {
            **payment_values(tenant, tender.key),
            "reference": reference,
            "state": encode_news(refund),
        }


def payment_of(row: Row[Any]) -> PaymentKey:
    """The payment that a row is about."""
    return PaymentKey(row.provider, row.merchant, row.payment)


def tender_of(row: Row[Any]) -> Tender:
    """A row as a tender, without its refunds."""
    state = decode_news(row.state) if row.state else None
    return Tender(
        key=payment_of(row),
        state=state if isinstance(state, SaleNews) else None,
        sale=None if row.sale_name is None else SaleKey(row.provider, row.merchant, row.sale_name),
    )


async def load_refunds(
    connection: AsyncConnection, tenant: TenantId, tenders: Mapping[PaymentKey, Tender]
) -> None:
    """Put what was given back into its tenders."""
    if not tenders:
        return
    keys = [payment_values(tenant, key) for key in tenders]
    found = select(schema.refund).where(keyed(schema.refund, PAYMENT_KEY, keys))
    for row in await connection.execute(found.order_by(schema.refund.c.reference)):
        news = decode_news(row.state)
        if isinstance(news, RefundNews):
            tenders[payment_of(row)].refunds[row.reference] = news


async def load_sales(
    connection: AsyncConnection,
    tenant: TenantId,
    rows: Sequence[Row[Any]],
    locked: Mapping[PaymentKey, Tender] | None = None,
) -> list[Sale]:
    """Put sales together, around tenders that are here already or are read now."""
    sales = {(row.provider, row.merchant, row.name): _sale_of(row) for row in rows}
    if not sales:
        return []
    keys = [{**sale_key_values(tenant, it.key), "sale_name": it.key.name} for it in sales.values()]
    table = schema.tender
    found = select(table).where(keyed(table, SALE_OF_TENDER, keys)).order_by(table.c.payment)
    fresh: dict[PaymentKey, Tender] = {}
    for row in await connection.execute(found):
        here = (locked or {}).get(payment_of(row))
        tender = here or fresh.setdefault(payment_of(row), tender_of(row))
        sales[row.provider, row.merchant, row.sale_name].tenders[row.payment] = tender
    await load_refunds(connection, tenant, fresh)
    return list(sales.values())


def _sale_of(row: Row[Any]) -> Sale:
    return Sale(
        id=SaleId(row.id),
        key=SaleKey(row.provider, row.merchant, row.name),
        consumer=row.consumer_id and ConsumerId(row.consumer_id),
        posted=row.posted,
        earned=row.earned,
        clawed=row.clawed,
        worth=row.worth,
        happened_at=moment_or_none(row.happened_at),
        award=row.award or {},
        waits_for=tuple(Evidence(EvidenceKind(kind), value) for kind, value in row.waits_for),
    )
