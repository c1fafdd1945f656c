"""Wallets and codes in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from salesarck_adapters.store.memory.shelf import KeptWallet, Shelf
from salesarck_domain.ids import CodeId, ConsumerId, LotId, SaleId, TenantId
from salesarck_domain.ledger.entry import FIRST, EntryKind, LedgerEntry, ToldDifferently
from salesarck_domain.ledger.lots import Lot, Taking
from salesarck_domain.ledger.wallet import Wallet
from salesarck_domain.people import kin_of
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState


@dataclass(frozen=True, slots=True)
class MemoryWallets:
    """Wallets of a draft. The work's turn is the lock."""

    tenant: TenantId
    shelf: Shelf

    async def lock(
        self,
        consumers: Iterable[ConsumerId],
        *,
        sales: Iterable[SaleId] = (),
        codes: Iterable[CodeId] = (),
    ) -> Mapping[ConsumerId, Wallet]:
        """Build the wallets out of copies."""
        asked, wanted = set(codes), set(sales)
        return {each: self._load(each, wanted, asked) for each in sorted(set(consumers))}

    async def append(self, wallets: Iterable[Wallet]) -> None:
        """Check that the entries follow and that nobody told them before; keep copies."""
        for wallet in wallets:
            kept = self.shelf.wallets.get(wallet.consumer, KeptWallet())
            for entry in wallet.entries:
                self._check(entry, kept)
                kept = replace(kept, entries=(*kept.entries, entry))
                self.shelf.references[entry.reference, entry.kind] = entry.seq
            if wallet.entries:
                lots = {each.id: replace(each) for each in wallet.changed_lots.values()}
                self.shelf.wallets[wallet.consumer] = replace(
                    kept,
                    lots={**kept.lots, **lots},
                    takings={**kept.takings, **_by_entry(wallet.takings)},
                )
            self.shelf.codes.update(wallet.changed_codes)
            if wallet.is_closed:
                self.shelf.closed[wallet.consumer] = True

    async def freeze(self, consumer: ConsumerId, *, frozen: bool) -> None:
        """Note it beside the wallet."""
        self.shelf.frozen[consumer] = frozen

    def _load(self, consumer: ConsumerId, sales: set[SaleId], codes: set[CodeId]) -> Wallet:
        kept = self.shelf.wallets.get(consumer, KeptWallet())
        last = kept.entries[-1] if kept.entries else None
        loaded = {
            code.id: code
            for code in self.shelf.codes.values()
            if code.consumer == consumer and (code.state is CodeState.ISSUED or code.id in codes)
        }
        taken_for = {code: self._taken_for(code, kept) for code in loaded}
        return Wallet(
            tenant=self.tenant,
            consumer=consumer,
            seq=last.seq if last else 0,
            balance=last.balance_after if last else 0,
            owed=last.owed_after if last else 0,
            head=last.hash if last else FIRST,
            frozen=self.shelf.frozen.get(consumer, False),
            is_closed=self.shelf.closed.get(consumer, False),
            lots=_lots(kept, taken_for.values()),
            codes=loaded,
            taken_for=taken_for,
            run_out=_run_out(self._lots_of_kin(consumer), sales),
        )

    def _lots_of_kin(self, consumer: ConsumerId) -> list[Lot]:
        """The lots of this wallet, and of those that a merge ever led points from or to."""
        kin = kin_of(self.shelf.merges.values()).get(consumer, {consumer})
        wallets = (self.shelf.wallets.get(each, KeptWallet()) for each in kin)
        return [lot for kept in wallets for lot in kept.lots.values()]

    def _taken_for(self, code: CodeId, kept: KeptWallet) -> Sequence[Taking]:
        seq = self.shelf.references[f"code:{code}", EntryKind.REDEEM]
        return kept.takings[seq]

    def _check(self, entry: LedgerEntry, kept: KeptWallet) -> None:
        if (entry.reference, entry.kind) in self.shelf.references:
            raise ToldDifferently(entry.reference)
        last = kept.entries[-1] if kept.entries else None
        follows = (
            entry.seq == (last.seq if last else 0) + 1
            and entry.previous_hash == (last.hash if last else FIRST)
            and entry.balance_after == (last.balance_after if last else 0) + entry.delta
            and entry.owed_after == (last.owed_after if last else 0) + entry.owed_change
        )
        if not follows:
            raise ValueError(f"entry {entry.seq} does not follow what its wallet holds")


@dataclass(frozen=True, slots=True)
class MemoryCodes:
    """Codes of a draft."""

    shelf: Shelf

    async def find(self, lookups: Sequence[str]) -> RedemptionCode | None:
        """Look through all codes."""
        found = [code for code in self.shelf.codes.values() if code.lookup in lookups]
        return max(found, key=_rank, default=None)

    async def get(self, code: CodeId) -> RedemptionCode | None:
        """Take it from its place."""
        return self.shelf.codes.get(code)

    async def wrong_tries(self, place: str, since: datetime) -> Sequence[datetime]:
        """Read one place's moments."""
        return sorted(at for at in self.shelf.wrong_tries.get(place, ()) if at >= since)

    async def note_wrong_try(self, places: Iterable[str], at: datetime) -> None:
        """Add a moment to each place."""
        for place in places:
            self.shelf.wrong_tries[place] = (*self.shelf.wrong_tries.get(place, ()), at)


def _rank(code: RedemptionCode) -> tuple[bool, datetime, CodeId]:
    return (code.state is CodeState.ISSUED, code.issued_at, code.id)


def _lots(kept: KeptWallet, takings: Iterable[Sequence[Taking]]) -> dict[LotId, Lot]:
    promised = {taking.lot for taken in takings for taking in taken}
    return {
        lot.id: replace(lot) for lot in kept.lots.values() if lot.remaining or lot.id in promised
    }


def _run_out(lots: Iterable[Lot], sales: set[SaleId]) -> dict[SaleId, int]:
    found: dict[SaleId, int] = {}
    for lot in lots:
        if lot.sale is not None and lot.sale in sales and lot.run_out:
            found[lot.sale] = found.get(lot.sale, 0) + lot.run_out
    return found


def _by_entry(takings: Iterable[Taking]) -> dict[int, Sequence[Taking]]:
    found: dict[int, Sequence[Taking]] = {}
    for taking in takings:
        found[taking.seq] = (*found.get(taking.seq, ()), taking)
    return found
