"""Stand-ins in Postgres: what `applied` holds in place of contacts, and whose they are."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.statements import add_missing, among, keyed
from salesarck_domain.deeds import Deed
from salesarck_domain.ids import TenantId
from salesarck_domain.people import Evidence, EvidenceKind
from salesarck_domain.veil import evidence_in, number_of, stand_in

KEY = ("tenant_id", "kind", "value")


async def stand_ins(
    connection: AsyncConnection, tenant: TenantId, deeds: Iterable[Deed]
) -> Mapping[Evidence, Evidence]:
    """Find a stand-in for everything in these deeds that points to a person, or make one.

    Most contacts were named before; those that others name just now are waited for.
    """
    named = sorted({found for deed in deeds for found in evidence_in(deed)})
    rows = [{"tenant_id": tenant, "kind": it.kind, "value": it.value} for it in named]
    if not rows:
        return {}
    table = schema.contact
    found = select(table.c.kind, table.c.value, table.c.number).where(keyed(table, KEY, rows))
    known = (await connection.execute(found)).all()
    if len(known) < len(rows):
        await add_missing(connection, table, rows)
        known = (await connection.execute(found)).all()
    made = {Evidence(EvidenceKind(row.kind), row.value): row.number for row in known}
    return {evidence: stand_in(evidence, number) for evidence, number in made.items()}


async def contacts(
    connection: AsyncConnection, tenant: TenantId, deeds: Iterable[Deed]
) -> Mapping[Evidence, Evidence]:
    """Find whose the stand-ins in these deeds are, as far as nobody erased it."""
    named = {found for deed in deeds for found in evidence_in(deed)}
    numbers = {number for it in named if (number := number_of(it)) is not None}
    if not numbers:
        return {}
    table = schema.contact
    found = select(table).where(table.c.tenant_id == tenant, among(table.c.number, numbers))
    kept = {row.number: row for row in await connection.execute(found)}
    return {
        it: Evidence(it.kind, kept[number].value)
        for it in named
        if (number := number_of(it)) in kept
    }
