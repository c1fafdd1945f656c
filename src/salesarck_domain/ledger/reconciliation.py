"""Reconciliation: what a wallet's books should say, worked out again from its entries alone."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from salesarck_domain.ids import ConsumerId
from salesarck_domain.ledger.entry import FIRST, INCOMING, EntryKind, LedgerEntry
from salesarck_domain.ledger.lots import Lot, Taking
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import GIVES_BACK, CodeState


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A place where the books disagree with themselves. `kind` is stable, `what` says the sums."""

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletBooks:
    """Everything that is written about one wallet, right or wrong, for verification.

    `entries` are made with `LedgerEntry.as_recorded`; `hashes` are those that stand beside them.
    """

    consumer: ConsumerId
    entries: Sequence[LedgerEntry]
    hashes: Sequence[str]
    lots: Sequence[Lot]
    takings: Sequence[Taking]
    codes: Sequence[RedemptionCode]


@dataclass(frozen=True, slots=True)
class Written:
    """All that is written about one wallet, as it stands."""

    where: str
    entries: Sequence[LedgerEntry]
    hashes: Sequence[str]
    lots: Sequence[Lot]
    takings: Sequence[Taking]
    codes: Sequence[RedemptionCode]


def check_wallet(written: Written) -> Iterator[Discrepancy]:
    """Name every way in which a wallet's books are wrong."""
    for check in CHECKS:
        for kind, what in check(written):
            yield Discrepancy(kind, written.where, what)


Found = Iterable[tuple[str, str]]


def _sequence(written: Written) -> Found:
    seqs = [entry.seq for entry in written.entries]
    if seqs != list(range(1, len(seqs) + 1)):
        missing = sorted(set(range(1, max(seqs) + 1)) - set(seqs))
        yield "sequence", f"entries {missing or seqs} are missing or out of order"


def _running_sums(written: Written) -> Found:
    balance = owed = 0
    for entry in written.entries:
        balance += entry.delta
        owed += entry.owed_change
        if entry.balance_after != balance:
            yield "balance", f"entry {entry.seq} says {entry.balance_after}, the sum is {balance}"
        if entry.owed_after != owed:
            yield "owed", f"entry {entry.seq} says {entry.owed_after} owed, the sum is {owed}"
        if min(entry.balance_after, entry.owed_after) < 0:
            yield "below_zero", f"entry {entry.seq} leaves {entry.balance_after} points"
        balance, owed = entry.balance_after, entry.owed_after
    if balance and owed:
        yield "owed_and_held", f"{owed} points are owed while {balance} are held"


def _chain(written: Written) -> Found:
    for entry, stored in zip(written.entries, written.hashes, strict=True):
        if entry.hash != stored:
            yield "hash", f"entry {entry.seq} was changed after it was written"
    links = [FIRST, *written.hashes]
    for entry, before in zip(written.entries, links, strict=False):
        if entry.previous_hash != before:
            yield "chain", f"entry {entry.seq} does not name the entry before it"


def _lots(written: Written) -> Found:
    kinds = {entry.seq: entry.kind for entry in written.entries}
    put, taken, ended = Counter[object](), Counter[object](), Counter[object]()
    moved = Counter[int]()
    for taking in written.takings:
        kind = kinds.get(taking.seq)
        side = put if kind in INCOMING else taken
        side[taking.lot] += taking.points
        ended[taking.lot] += taking.points if kind is EntryKind.EXPIRE else 0
        moved[taking.seq] += taking.points
    for entry in written.entries:
        if moved[entry.seq] != entry.points:
            yield "lots", f"entry {entry.seq} moved {moved[entry.seq]} of {entry.points} in lots"
    known = {lot.id for lot in written.lots}
    for lot in written.lots:
        left = put[lot.id] - taken[lot.id]
        if lot.remaining != left or lot.remaining < 0:
            yield "lots", f"lot {lot.id} says {lot.remaining} remain, its movements leave {left}"
        if lot.run_out != ended[lot.id]:
            yield "lots", f"lot {lot.id} says {lot.run_out} ran out, its entries {ended[lot.id]}"
    for lost in {taking.lot for taking in written.takings} - known:
        yield "lots", f"lot {lost} is gone"
    balance = written.entries[-1].balance_after if written.entries else 0
    if (held := sum(lot.remaining for lot in written.lots)) != balance:
        yield "lots", f"open lots hold {held}, the balance is {balance}"


def _openings(written: Written) -> Found:
    entries = {entry.seq: entry for entry in written.entries}
    put = {(taking.seq, taking.lot): taking.points for taking in written.takings}
    for lot in written.lots:
        brought = put.get((lot.opened_by, lot.id), 0)
        opener = entries.get(lot.opened_by)
        if opener is None or opener.kind not in INCOMING or brought != lot.points:
            yield "lots", f"lot {lot.id} of {lot.points}: entry {lot.opened_by} brought {brought}"
    ends = {lot.id: lot.ends_at for lot in written.lots}
    for taking in written.takings:
        entry = entries.get(taking.seq)
        if entry and entry.kind is EntryKind.EXPIRE and entry.happened_at != ends.get(taking.lot):
            yield "lots", f"lot {taking.lot} ends at {ends.get(taking.lot)}, it ran out otherwise"


def _codes(written: Written) -> Found:
    redeemed = _points_by_code(written.entries, EntryKind.REDEEM)
    released = _points_by_code(written.entries, EntryKind.RELEASE)
    for code in written.codes:
        name = f"code:{code.id}"
        if redeemed.pop(name, None) != code.points:
            yield "codes", f"{name} promises {code.points} points that no entry took"
        back = released.pop(name, None)
        due = code.points if code.state in GIVES_BACK else None
        if back != due:
            yield "codes", f"{name} is {code.state} and gave back {back or 0} points"
    for name in {*redeemed, *released}:
        yield "codes", f"{name} has entries and is not there"


def _times_of_codes(written: Written) -> Found:
    taken = {entry.reference: entry for entry in written.entries if entry.kind is EntryKind.REDEEM}
    back = {entry.reference: entry for entry in written.entries if entry.kind is EntryKind.RELEASE}
    for code in written.codes:
        name = f"code:{code.id}"
        if name in taken and taken[name].happened_at != code.issued_at:
            yield "codes", f"{name} says it was issued at {code.issued_at}, its entry otherwise"
        if name not in back:
            continue
        given_back = back[name].happened_at
        ended = code.expires_at if code.state is CodeState.EXPIRED else code.settled_at
        if given_back != ended:
            yield "codes", f"{name} is {code.state} at {ended}, its points came back otherwise"


def _points_by_code(entries: Sequence[LedgerEntry], kind: EntryKind) -> dict[str, int]:
    return {entry.reference: entry.points for entry in entries if entry.kind is kind}


CHECKS: Sequence[Callable[[Written], Found]] = (
    _sequence,
    _running_sums,
    _chain,
    _lots,
    _openings,
    _codes,
    _times_of_codes,
)
