"""How a tenant's tills know people, in memory."""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, replace

from salesarck_adapters.store.memory.forgetting import MemoryForgetting
from salesarck_adapters.store.memory.shelf import Customer
from salesarck_domain.ids import ActId
from salesarck_domain.news import CustomerNews
from salesarck_domain.people import Evidence, EvidenceKind, Proof, WalletMerge
from salesarck_domain.sales.sale import CustomerBook, KnownCustomer


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPeople(MemoryForgetting):
    """Till customers of a draft, and a draft of what was proved to the platform."""

    async def proofs(self, evidence: Iterable[Evidence]) -> Mapping[Evidence, Proof]:
        """Look each up where it is proved."""
        found = ((each, self._proofs_like(each).get(each)) for each in evidence)
        return {each: proof for each, proof in found if proof}

    async def prove(self, proofs: Iterable[Proof]) -> None:
        """Keep each unless somebody was first."""
        for proof in proofs:
            self._proofs_like(proof.evidence).setdefault(proof.evidence, proof)

    async def keep_merge(self, merge: WalletMerge) -> None:
        """Put it in its place."""
        self.shelf.merges[merge.id] = merge

    async def merge(self, id_: ActId) -> WalletMerge | None:
        """Take it from its place."""
        return self.shelf.merges.get(id_)

    async def customers(self, ids: Iterable[tuple[str, str]]) -> CustomerBook:
        """Follow each id to the customer it belongs to now."""
        asked = {key: self.shelf.customers[key] for key in ids if key in self.shelf.customers}
        return {key: self._known(key[0], customer.main) for key, customer in asked.items()}

    async def tell_customer(self, provider: str, news: CustomerNews) -> None:
        """Write what is said of this id, and lead merged ids and theirs to it.

        News about an id that is merged already says nothing about whom it was merged into.
        """
        told = self._of(provider, news.id)
        phone, email = (None, None) if news.deleted else (news.phone, news.email)
        self.shelf.customers[provider, news.id] = replace(told, phone=phone, email=email)
        old = {self._of(provider, id_).main for id_ in news.merged_from}
        main = news.id if told.main in old else told.main
        ids = {
            id_ for each in {*old, told.main} for id_ in (each, *self._of(provider, each).merged)
        }
        for id_ in ids:
            merged = tuple(sorted(ids - {main})) if id_ == main else ()
            customer = replace(self._of(provider, id_), main=main, merged=merged)
            self.shelf.customers[provider, id_] = customer

    def _proofs_like(self, evidence: Evidence) -> MutableMapping[Evidence, Proof]:
        return self.shelf.till_proofs if evidence.kind is EvidenceKind.TILL else self.platform

    def _of(self, provider: str, id_: str) -> Customer:
        return self.shelf.customers.get((provider, id_), Customer(id_))

    def _known(self, provider: str, main: str) -> KnownCustomer:
        told = self._of(provider, main)
        return KnownCustomer(ids=(main, *told.merged), phone=told.phone, email=told.email)
