"""How a tenant's tills know people, in Postgres."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.forgetting import PostgresForgetting
from salesarck_adapters.store.postgres.rows import Values, moment
from salesarck_adapters.store.postgres.statements import add_missing, among, keyed, write
from salesarck_domain.ids import ActId, ConsumerId, SaleId
from salesarck_domain.news import CustomerNews
from salesarck_domain.people import Evidence, EvidenceKind, Proof, WalletMerge
from salesarck_domain.sales.sale import CustomerBook, KnownCustomer

CUSTOMER_KEY = ("tenant_id", "provider", "id")


@dataclass(frozen=True, slots=True)
class _Customer:
    """One id of a customer book. `main` is the customer it belongs to now."""

    main: str
    phone: str | None = None
    email: str | None = None
    merged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostgresPeople(PostgresForgetting):
    """Till customers and proofs, as one work sees them."""

    async def proofs(self, evidence: Iterable[Evidence]) -> Mapping[Evidence, Proof]:
        """Look phones and e-mails up at the platform, till customers at the tenant."""
        asked = set(evidence)
        till = [each.value for each in asked if each.kind is EvidenceKind.TILL]
        other = [_key(each) for each in asked if each.kind is not EvidenceKind.TILL]
        found: list[Proof] = []
        if till:
            table = schema.till_proof
            which = (table.c.tenant_id == self.tenant) & among(table.c.value, till)
            found += await self._read(
                select(literal(EvidenceKind.TILL.value).label("kind"), table).where(which)
            )
        if other:
            table = schema.proof
            found += await self._read(select(table).where(keyed(table, ("kind", "value"), other)))
        return {proof.evidence: proof for proof in found}

    async def prove(self, proofs: Iterable[Proof]) -> None:
        """Add what nobody proved before."""
        listed = sorted(proofs, key=lambda proof: proof.evidence)
        till = [it for it in listed if it.evidence.kind is EvidenceKind.TILL]
        rows = [
            {
                "tenant_id": self.tenant,
                "value": proof.evidence.value,
                "consumer_id": proof.consumer,
                "proved_at": proof.proved_at,
            }
            for proof in till
        ]
        await add_missing(self.connection, schema.till_proof, rows)
        await add_proofs(self.connection, listed)

    async def keep_merge(self, merge: WalletMerge) -> None:
        """Write it over what is there of it."""
        row = {
            "tenant_id": self.tenant,
            "id": merge.id,
            "absorbed_id": merge.absorbed,
            "survivor_id": merge.survivor,
            "seq": merge.seq,
            "sales": list(merge.sales),
            "is_undone": merge.is_undone,
        }
        await write(self.connection, schema.wallet_merge, [row])

    async def merge(self, id_: ActId) -> WalletMerge | None:
        """Find it by its act."""
        table = schema.wallet_merge
        found = select(table).where(table.c.tenant_id == self.tenant, table.c.id == id_)
        row = (await self.connection.execute(found)).first()
        return merge_of(row) if row else None

    async def customers(self, ids: Iterable[tuple[str, str]]) -> CustomerBook:
        """Follow each id to the customer it belongs to now."""
        asked = await self._customers(ids)
        mains = await self._customers((key[0], row.main) for key, row in asked.items())
        return {key: _known_customer(mains[key[0], row.main]) for key, row in asked.items()}

    async def tell_customer(self, provider: str, news: CustomerNews) -> None:
        """Write what is said of this id, and lead merged ids and theirs to it.

        News about an id that is merged already says nothing about whom it was merged into. A
        tenant's customer books change one at a time, so that two merges can't cross.
        """
        await self.connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"books:{self.tenant}", 0)))
        )
        told = {news.id, *news.merged_from}
        known = await self._known(provider, told)
        mains = told | {customer.main for customer in known.values()}
        known |= await self._known(provider, mains)
        merged = {id_ for customer in known.values() for id_ in customer.merged}
        known |= await self._known(provider, merged)
        rows = [
            {"tenant_id": self.tenant, "provider": provider, "id": id_, **asdict(customer)}
            for id_, customer in sorted(_merge(news, known).items())
        ]
        await write(self.connection, schema.till_customer, rows)

    async def _known(self, provider: str, ids: Iterable[str]) -> dict[str, _Customer]:
        found = await self._customers((provider, id_) for id_ in ids)
        return {
            id_: _Customer(row.main, row.phone, row.email, tuple(row.merged))
            for (_, id_), row in found.items()
        }

    async def _customers(self, ids: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Row[Any]]:
        rows = [{"tenant_id": self.tenant, "provider": it[0], "id": it[1]} for it in ids]
        if not rows:
            return {}
        table = schema.till_customer
        found = select(table).where(keyed(table, CUSTOMER_KEY, rows))
        return {(row.provider, row.id): row for row in await self.connection.execute(found)}

    async def _read(self, found: Select[Any]) -> list[Proof]:
        return [proof_of(row) for row in await self.connection.execute(found)]


def merge_of(row: Row[Any]) -> WalletMerge:
    """A row as a merge of wallets."""
    return WalletMerge(
        id=ActId(row.id),
        absorbed=ConsumerId(row.absorbed_id),
        survivor=ConsumerId(row.survivor_id),
        seq=row.seq,
        sales=tuple(map(SaleId, row.sales)),
        is_undone=row.is_undone,
    )


def proof_of(row: Row[Any]) -> Proof:
    """A row as a proof."""
    evidence = Evidence(EvidenceKind(row.kind), row.value)
    return Proof(evidence, ConsumerId(row.consumer_id), moment(row.proved_at))


async def add_proofs(connection: AsyncConnection, proofs: Iterable[Proof]) -> None:
    """Add proofs of phones and e-mails that nobody gave before, in an order that all keep."""
    rows = [
        {**_key(proof.evidence), "consumer_id": proof.consumer, "proved_at": proof.proved_at}
        for proof in sorted(proofs, key=lambda proof: proof.evidence)
        if proof.evidence.kind is not EvidenceKind.TILL
    ]
    await add_missing(connection, schema.proof, rows)


def _key(evidence: Evidence) -> Values:
    return {"kind": evidence.kind, "value": evidence.value}


def _known_customer(row: Row[Any]) -> KnownCustomer:
    return KnownCustomer(ids=(row.id, *row.merged), phone=row.phone, email=row.email)


def _merge(news: CustomerNews, known: Mapping[str, _Customer]) -> Mapping[str, _Customer]:
    """Decide which id is the customer's now, and lead all others to it."""
    found = {id_: known.get(id_, _Customer(id_)) for id_ in (news.id, *news.merged_from)}
    phone, email = (None, None) if news.deleted else (news.phone, news.email)
    found[news.id] = replace(found[news.id], phone=phone, email=email)
    old = {found[id_].main for id_ in news.merged_from}
    now = found[news.id].main
    main = news.id if now in old else now
    customers = {**known, **found}
    mains = {*old, now}
    ids = mains | {id_ for each in mains for id_ in customers.get(each, _Customer(each)).merged}
    for id_ in ids:
        merged = tuple(sorted(ids - {main})) if id_ == main else ()
        customer = customers.get(id_, _Customer(id_))
        found[id_] = replace(customer, main=main, merged=merged)
    return found
