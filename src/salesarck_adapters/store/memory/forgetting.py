"""What a tenant's work takes away of a person, in memory: when it is kept, and not before."""

from collections.abc import Callable, Collection, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from salesarck_adapters.store.memory.inbox import Rows
from salesarck_adapters.store.memory.shelf import Customer, Room, Shelf, empty_reasons
from salesarck_domain.ids import ConsumerId, SaleId, TenantId
from salesarck_domain.news import SaleNews, TillCustomer
from salesarck_domain.people import Evidence, EvidenceKind, Proof
from salesarck_domain.sales.sale import PaymentKey
from salesarck_domain.veil import evidence_of_customer


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryForgetting:
    """A draft of one tenant's shelf; `later` is what its keeping takes away."""

    tenant: TenantId
    shelf: Shelf
    room: Room
    rows: Rows
    platform: MutableMapping[Evidence, Proof]
    later: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    async def erased(self, marks: Iterable[str]) -> Collection[str]:
        """Look them up."""
        return self.room.marks.intersection(marks)

    async def keep_out(self, marks: Iterable[str], at: datetime) -> None:
        """Add them; nobody asks since when."""
        kept = dict.fromkeys(marks, at)
        self.later.append(lambda: self.room.marks.update(kept))

    async def said_of(
        self, consumer: ConsumerId, evidence: Collection[Evidence]
    ) -> Collection[Evidence]:
        """Look through proofs, sales and customer books."""
        proofs = self.shelf.till_proofs.values()
        found = {proof.evidence for proof in proofs if proof.consumer == consumer}
        for sale in self.shelf.sales.values():
            for tender in sale.tenders.values() if sale.consumer == consumer else ():
                if tender.state and tender.state.customer:
                    found |= evidence_of_customer(tender.key.provider, tender.state.customer)
        named = {*found, *evidence}
        mains = {
            (provider, page.main)
            for (provider, id_), page in self.shelf.customers.items()
            if not named.isdisjoint(_evidence_of(provider, id_, page))
        }
        for (provider, id_), page in self.shelf.customers.items():
            if (provider, page.main) in mains:
                found |= _evidence_of(provider, id_, page)
        return found

    async def forget(self, consumer: ConsumerId, evidence: Collection[Evidence]) -> None:
        """Do it when all that this work writes is there."""
        gone = frozenset(evidence)
        self.later.append(lambda: _forget(self.room.shelf(self.tenant), consumer, gone))

    async def rows_about(self, sales: Iterable[SaleId]) -> Sequence[UUID]:
        """Look through all rows."""
        asked = set(sales)
        return sorted(id_ for id_, kept in self.rows.by_id.items() if asked & kept.sales)


def _evidence_of(provider: str, id_: str, page: Customer) -> set[Evidence]:
    return set(evidence_of_customer(provider, TillCustomer(id_, page.phone, page.email)))


def _forget(shelf: Shelf, consumer: ConsumerId, gone: frozenset[Evidence]) -> None:
    theirs = {
        tender.key
        for sale in shelf.sales.values()
        if sale.consumer == consumer
        for tender in sale.tenders.values()
    }
    for key, tender in list(shelf.tenders.items()):
        if tender.state and tender.state.customer:
            whom = None if key in theirs else _left(key.provider, tender.state.customer, gone)
            _put(shelf, key, replace(tender.state, customer=whom))
    _forget_pages(shelf, gone)
    for evidence, proof in list(shelf.till_proofs.items()):
        if proof.consumer == consumer:
            del shelf.till_proofs[evidence]
    for evidence in gone:
        shelf.contacts.pop(evidence, None)
    for id_, adjustment in list(shelf.adjustments.items()):
        if adjustment.consumer == consumer:
            shelf.adjustments[id_] = replace(adjustment, reason="")
    empty_reasons(shelf.notes, f"consumer:{consumer}")


def _put(shelf: Shelf, key: PaymentKey, state: SaleNews) -> None:
    tender = shelf.tenders[key] = replace(shelf.tenders[key], state=state)
    if tender.sale and (sale := shelf.sales.get(tender.sale)):
        tenders = {**sale.tenders, key.payment: tender}
        shelf.sales[tender.sale] = replace(sale, tenders=tenders)


def _left(provider: str, told: TillCustomer, gone: frozenset[Evidence]) -> TillCustomer:
    def kept(one: TillCustomer) -> bool:
        return gone.isdisjoint(evidence_of_customer(provider, one))

    return TillCustomer(
        told.id if kept(TillCustomer(told.id)) else None,
        told.phone if kept(TillCustomer(None, told.phone)) else None,
        told.email if kept(TillCustomer(None, None, told.email)) else None,
    )


def _forget_pages(shelf: Shelf, gone: frozenset[Evidence]) -> None:
    lost = {it.value for it in gone if it.kind is EvidenceKind.TILL}
    for (provider, id_), page in list(shelf.customers.items()):
        if f"{provider}:{id_}" in lost:
            del shelf.customers[provider, id_]
            continue
        left = _left(provider, TillCustomer(None, page.phone, page.email), gone)
        shelf.customers[provider, id_] = Customer(
            main=id_ if f"{provider}:{page.main}" in lost else page.main,
            phone=left.phone,
            email=left.email,
            merged=tuple(each for each in page.merged if f"{provider}:{each}" not in lost),
        )
