"""What a tenant's work takes away of a person, in Postgres."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.statements import add_missing, among
from salesarck_domain.ids import ConsumerId, SaleId, TenantId
from salesarck_domain.news import TillCustomer
from salesarck_domain.people import Evidence, EvidenceKind
from salesarck_domain.veil import evidence_of_customer

CUSTOMERS_OF_SALES = text("""
SELECT DISTINCT tender.provider, tender.state -> 'customer' AS customer
FROM public.tender
JOIN public.sale ON sale.tenant_id = tender.tenant_id AND sale.provider = tender.provider
    AND sale.merchant = tender.merchant AND sale.name = tender.sale_name
WHERE sale.tenant_id = :tenant AND sale.consumer_id = :consumer
    AND jsonb_typeof(tender.state -> 'customer') = 'object'
""")
BOOK_PAGES = text("""
SELECT page.provider, page.id, page.phone, page.email
FROM public.till_customer AS page
WHERE page.tenant_id = :tenant AND (page.provider, page.main) IN (
    SELECT named.provider, named.main FROM public.till_customer AS named
    WHERE named.tenant_id = :tenant AND (
        named.provider || ':' || named.id = ANY (CAST(:tills AS text[]))
        OR named.phone = ANY (CAST(:phones AS text[]))
        OR lower(btrim(named.email)) = ANY (CAST(:emails AS text[]))
    )
)
""")
FORGET: Sequence[TextClause] = (
    text("""
    UPDATE public.tender SET state = jsonb_set(tender.state, '{customer}', 'null')
    FROM public.sale
    WHERE sale.tenant_id = tender.tenant_id AND sale.provider = tender.provider
        AND sale.merchant = tender.merchant AND sale.name = tender.sale_name
        AND sale.tenant_id = :tenant AND sale.consumer_id = :consumer
        AND jsonb_typeof(tender.state -> 'customer') = 'object'
    """),
    text("""
    UPDATE public.tender SET state = jsonb_set(state, '{customer,id}', 'null')
    WHERE tenant_id = :tenant
        AND provider || ':' || (state -> 'customer' ->> 'id') = ANY (CAST(:tills AS text[]))
    """),
    text("""
    UPDATE public.tender SET state = jsonb_set(state, '{customer,phone}', 'null')
    WHERE tenant_id = :tenant AND state -> 'customer' ->> 'phone' = ANY (CAST(:phones AS text[]))
    """),
    text("""
    UPDATE public.tender SET state = jsonb_set(state, '{customer,email}', 'null')
    WHERE tenant_id = :tenant
        AND lower(btrim(state -> 'customer' ->> 'email')) = ANY (CAST(:emails AS text[]))
    """),
    text("""
    DELETE FROM public.till_customer
    WHERE tenant_id = :tenant AND provider || ':' || id = ANY (CAST(:tills AS text[]))
    """),
    # What is left of a customer whose main page is gone stands on pages of its own.
    text("""
    UPDATE public.till_customer SET
        main = CASE WHEN provider || ':' || main = ANY (CAST(:tills AS text[]))
            THEN id ELSE main END,
        merged = ARRAY(
            SELECT each FROM unnest(merged) WITH ORDINALITY AS it (each, place)
            WHERE provider || ':' || each <> ALL (CAST(:tills AS text[])) ORDER BY place
        ),
        phone = CASE WHEN phone <> ALL (CAST(:phones AS text[])) THEN phone END,
        email = CASE WHEN lower(btrim(email)) <> ALL (CAST(:emails AS text[])) THEN email END
    WHERE tenant_id = :tenant AND (
        provider || ':' || main = ANY (CAST(:tills AS text[]))
        OR EXISTS (
            SELECT FROM unnest(merged) AS each
            WHERE provider || ':' || each = ANY (CAST(:tills AS text[]))
        )
        OR phone = ANY (CAST(:phones AS text[]))
        OR lower(btrim(email)) = ANY (CAST(:emails AS text[]))
    )
    """),
    text("DELETE FROM public.till_proof WHERE tenant_id = :tenant AND consumer_id = :consumer"),
    text("""
    DELETE FROM public.contact WHERE tenant_id = :tenant AND (
        (kind = 'till' AND value = ANY (CAST(:tills AS text[])))
        OR (kind = 'phone' AND value = ANY (CAST(:phones AS text[])))
        OR (kind = 'email' AND value = ANY (CAST(:emails AS text[])))
    )
    """),
    text("""
    UPDATE public.adjustment SET reason = ''
    WHERE tenant_id = :tenant AND consumer_id = :consumer AND reason <> ''
    """),
    text("""
    UPDATE public.audit SET reason = ''
    WHERE tenant_id = :tenant AND target = :target AND reason <> ''
    """),
)


@dataclass(frozen=True, slots=True)
class PostgresForgetting:
    """What is known of people at one tenant, as far as it can be forgotten."""

    connection: AsyncConnection
    tenant: TenantId

    async def erased(self, marks: Iterable[str]) -> Collection[str]:
        """Look them up by their key."""
        table = schema.erased_contact
        found = select(table.c.mark).where(among(table.c.mark, marks))
        return set(await self.connection.scalars(found))

    async def keep_out(self, marks: Iterable[str], at: datetime) -> None:
        """Add those that are missing."""
        rows = [{"mark": mark, "at": at} for mark in sorted(set(marks))]
        await add_missing(self.connection, schema.erased_contact, rows)

    async def said_of(
        self, consumer: ConsumerId, evidence: Collection[Evidence]
    ) -> Collection[Evidence]:
        """Read proofs, then whom sales name, then the pages of the customer books."""
        table = schema.till_proof
        proved = select(table.c.value).where(
            table.c.tenant_id == self.tenant, table.c.consumer_id == consumer
        )
        values = await self.connection.scalars(proved)
        found = {Evidence(EvidenceKind.TILL, value) for value in values}
        asked = {"tenant": self.tenant, "consumer": consumer}
        for row in await self.connection.execute(CUSTOMERS_OF_SALES, asked):
            found |= evidence_of_customer(row.provider, TillCustomer(**row.customer))
        pages = {"tenant": self.tenant, **_texts({*found, *evidence})}
        for row in await self.connection.execute(BOOK_PAGES, pages):
            told = TillCustomer(row.id, row.phone, row.email)
            found |= evidence_of_customer(row.provider, told)
        return found

    async def forget(self, consumer: ConsumerId, evidence: Collection[Evidence]) -> None:
        """Take it out of one table after another."""
        asked = {
            "tenant": self.tenant,
            "consumer": consumer,
            "target": f"consumer:{consumer}",
            **_texts(evidence),
        }
        for statement in FORGET:
            named = statement.compile().params.keys()
            await self.connection.execute(statement, {name: asked[name] for name in named})

    async def rows_about(self, sales: Iterable[SaleId]) -> Sequence[UUID]:
        """Read what was noted when they were finished."""
        table = schema.inbox_sale
        found = select(table.c.row_id).where(
            table.c.tenant_id == self.tenant, among(table.c.sale_id, sales)
        )
        return list(await self.connection.scalars(found.distinct().order_by(table.c.row_id)))


def _texts(evidence: Collection[Evidence]) -> dict[str, list[str]]:
    return {
        f"{kind}s": sorted(it.value for it in evidence if it.kind is kind) for kind in EvidenceKind
    }
