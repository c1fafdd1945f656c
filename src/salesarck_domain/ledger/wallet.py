"""Wallets: what the ledger says a consumer has with one tenant. The wallet decides every entry.

Inside one unit of work a wallet is loaded under its lock, decides, and collects what it decided
in `entries`, `takings`, `changed_lots` and `changed_codes`, which the store then writes.
Whatever is due must be applied first (`apply_due`), so that ended points are never spent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from salesarck_domain.errors import Refused
from salesarck_domain.ids import CodeId, ConsumerId, LotId, SaleId, TenantId, derived
from salesarck_domain.ledger.entry import FIRST, INCOMING, EntryKind, LedgerEntry
from salesarck_domain.ledger.lots import Lot, Taking, age, soonest_first
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState

TICK = timedelta(milliseconds=1)
"""The smallest difference that ids tell apart."""

TIMETABLE = "timetable"
"""The actor of what nobody did: points and codes that ran out."""


@dataclass(eq=False)
class InsufficientPoints(Refused):
    """A wallet was asked for more points than it holds."""

    balance: int
    asked: int
    code: ClassVar[str] = "insufficient_points"

    def __str__(self) -> str:
        short = self.asked - self.balance
        return f"the wallet holds {self.balance:,} pts, {short:,} pts short of {self.asked:,} pts"


@dataclass(eq=False)
class WalletFrozen(Refused):
    """An admin froze this wallet: points come and run out, and nobody spends or moves them."""

    code: ClassVar[str] = "wallet_frozen"

    def __str__(self) -> str:
        return (
            "this wallet is frozen: it issues and redeems no codes and takes no part in "
            "adjustments and merges; it still earns, refunds and expires. Ask support why"
        )


@dataclass(frozen=True, slots=True)
class By:
    """Who moves points, when, and what it is called across logs and rows."""

    actor: str
    at: datetime
    correlation: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why points move: the reference, the moment it happened, and the sale and rules behind it."""

    reference: str
    happened_at: datetime
    rule_version: int | None = None
    sale: SaleId | None = None


@dataclass(slots=True, kw_only=True)
class Wallet:
    """One consumer's points with one tenant, as its entries, lots and open codes say.

    `lots` holds the open ones and those that an open code took from; `run_out` says how many
    points of a sale ended unspent. One that is closed is an erased person's: it holds nothing.
    """

    tenant: TenantId
    consumer: ConsumerId
    seq: int = 0
    balance: int = 0
    owed: int = 0
    head: str = FIRST
    frozen: bool = False
    is_closed: bool = False
    lots: dict[LotId, Lot] = field(default_factory=dict[LotId, Lot])
    codes: dict[CodeId, RedemptionCode] = field(default_factory=dict[CodeId, RedemptionCode])
    taken_for: Mapping[CodeId, Sequence[Taking]] = field(
        default_factory=dict[CodeId, Sequence[Taking]]
    )
    run_out: dict[SaleId, int] = field(default_factory=dict[SaleId, int])
    entries: list[LedgerEntry] = field(default_factory=list[LedgerEntry])
    takings: list[Taking] = field(default_factory=list[Taking])
    changed_lots: dict[LotId, Lot] = field(default_factory=dict[LotId, Lot])
    changed_codes: dict[CodeId, RedemptionCode] = field(
        default_factory=dict[CodeId, RedemptionCode]
    )

    def earn(
        self, points: int, cause: Cause, by: By, ends_at: datetime | None, grace: timedelta
    ) -> None:
        """Bring in points of a sale. Points that would have ended already end a grace later."""
        if ends_at is not None and ends_at <= by.at:
            ends_at = by.at + grace
        self._bring(EntryKind.EARN, points, cause, by, ends_at)

    def give(self, kind: EntryKind, points: int, cause: Cause, by: By) -> None:
        """Bring in points that never end: a grant or a bonus.

        Raises:
            WalletFrozen: it is a grant, and the wallet takes none.
        """
        if kind is EntryKind.GRANT:
            self.check_not_frozen()
        self._bring(kind, points, cause, by, None)

    def claw_back(self, asked: int, cause: Cause, by: By) -> None:
        """Take back points of a sale, its own lots first; what isn't there is owed."""
        taken = min(asked, self.balance)
        self._take(EntryKind.CLAWBACK, taken, cause, by, owed_change=asked - taken)

    def deduct(self, points: int, cause: Cause, by: By) -> None:
        """Take points out by hand.

        Raises:
            InsufficientPoints: there are fewer.
            WalletFrozen: the wallet takes no adjustments.
        """
        self.check_not_frozen()
        self._check_covers(points)
        self._take(EntryKind.DEDUCT, points, cause, by)

    def hand_out(
        self, points: int, cause: Cause, by: By, out_of: Sequence[Lot] | None = None
    ) -> Sequence[Lot]:
        """Deduct points that another wallet takes in: answers with what left, lot by lot.

        Raises:
            InsufficientPoints: there are fewer.
            WalletFrozen: nothing leaves it.
        """
        self.check_not_frozen()
        self._check_covers(points)
        before = len(self.takings)
        self._take(EntryKind.DEDUCT, points, cause, by, out_of=out_of)
        return [
            replace(self.lots[taking.lot], points=taking.points, remaining=0, run_out=0)
            for taking in self.takings[before:]
        ]

    def take_in(self, lots: Sequence[Lot], cause: Cause, by: By) -> int:
        """Grant what another wallet handed out, with its ends; answers with the grant's seq.

        Raises:
            WalletFrozen: it takes none.
        """
        self.check_not_frozen()
        points = sum(lot.points for lot in lots)
        entry = self._write(EntryKind.GRANT, points, cause, by)
        for number, lot in enumerate(lots):
            here = replace(lot, id=self._lot_id(entry, number), opened_by=entry.seq)
            self._put(entry, here, lot.points)
        self._repay(entry, by)
        return entry.seq

    def issue(self, code: RedemptionCode, by: By) -> None:
        """Take points out and promise them to a till.

        Raises:
            InsufficientPoints: there are fewer.
            WalletFrozen: the wallet issues no codes.
        """
        self.check_not_frozen()
        self._check_covers(code.points)
        before = len(self.takings)
        self._take(EntryKind.REDEEM, code.points, _cause_of(code.id, by.at), by)
        self.taken_for = {**self.taken_for, code.id: tuple(self.takings[before:])}
        self._keep(code)

    def settle(self, code: RedemptionCode) -> None:
        """Note that a till honoured a code: the points left when it was issued.

        Raises:
            WalletFrozen: the wallet redeems no codes.
        """
        self.check_not_frozen()
        self._keep(code)

    def release(self, code: RedemptionCode, at: datetime, by: By, grace: timedelta) -> None:
        """Give a code's points back to the lots they came from.

        Of lots that ran out meanwhile they come back as lots that end a grace after `at`.
        """
        self._keep(code)
        entry = self._write(EntryKind.RELEASE, code.points, _cause_of(code.id, at), by)
        for number, taking in enumerate(self.taken_for[code.id]):
            lot = self.lots[taking.lot]
            if lot.is_over(at):
                lot = replace(
                    lot,
                    id=self._lot_id(entry, number),
                    opened_by=entry.seq,
                    points=taking.points,
                    remaining=0,
                    run_out=0,
                    ends_at=at + grace,
                )
            self._put(entry, lot, taking.points)
        self._repay(entry, by)

    def close(self, cause: Cause, by: By, grace: timedelta) -> int:
        """Take live codes back and forfeit all points, for good; answers with how many.

        What is due must have been applied. What comes in afterwards is forfeited at once.
        """
        for code in [it for it in self.codes.values() if it.state is CodeState.ISSUED]:
            self.release(code.follow(CodeState.CANCELLED, by.at), by.at, by, grace)
        points = self.balance
        self.is_closed = True
        self._forfeit(cause, by)
        return points

    def apply_due(self, by: By, grace: timedelta) -> None:
        """Apply what came due by now, in the order of its moment; points before codes."""
        while due := min(self._due(by.at), default=None):
            moment, _, _, what = due
            if isinstance(what, Lot):
                self._expire(what, moment, replace(by, actor=TIMETABLE))
            else:
                code = what.follow(CodeState.EXPIRED, moment)
                self.release(code, moment, replace(by, actor=TIMETABLE), grace)

    def check_not_frozen(self) -> None:
        """Let nobody spend or move points of a frozen wallet.

        Raises:
            WalletFrozen: it is.
        """
        if self.frozen:
            raise WalletFrozen

    def not_run_out(self, sale: SaleId, standing: int) -> int:
        """Say how many of a sale's points that stand in the ledger have not run out."""
        return max(0, standing - self.run_out.get(sale, 0))

    def _due(
        self, now: datetime
    ) -> Iterable[tuple[datetime, int, tuple[int, str], Lot | RedemptionCode]]:
        for lot in self.lots.values():
            if lot.remaining and lot.ends_at is not None and lot.ends_at <= now:
                yield lot.ends_at, 0, age(lot), lot
        for code in self.codes.values():
            if code.state is CodeState.ISSUED and code.expires_at <= now:
                yield code.expires_at, 1, (self.taken_for[code.id][0].seq, ""), code

    def _expire(self, lot: Lot, moment: datetime, by: By) -> None:
        points = lot.remaining
        cause = Cause(f"lot:{lot.id}", moment, sale=lot.sale)
        self._take(EntryKind.EXPIRE, points, cause, by, out_of=[lot])
        lot.run_out += points
        if lot.sale:
            self.run_out[lot.sale] = self.run_out.get(lot.sale, 0) + points

    def _bring(
        self, kind: EntryKind, points: int, cause: Cause, by: By, ends_at: datetime | None
    ) -> None:
        entry = self._write(kind, points, cause, by)
        lot = Lot(
            id=self._lot_id(entry, 0),
            opened_by=entry.seq,
            points=points,
            remaining=0,
            ends_at=ends_at,
            sale=cause.sale,
        )
        self._put(entry, lot, points)
        self._repay(entry, by)

    def _repay(self, brought: LedgerEntry, by: By) -> None:
        """Pay back at once, so that owed and held are never both above zero."""
        points = min(self.owed, self.balance)
        if points:
            cause = Cause(brought.reference, by.at, brought.rule_version)
            self._take(EntryKind.REPAY, points, cause, by, owed_change=-points)
        if self.is_closed:
            self._forfeit(Cause(brought.reference, by.at, brought.rule_version), by)

    def _forfeit(self, cause: Cause, by: By) -> None:
        if self.balance:
            self._take(EntryKind.DEDUCT, self.balance, cause, by)

    def _take(
        self,
        kind: EntryKind,
        points: int,
        cause: Cause,
        by: By,
        *,
        owed_change: int = 0,
        out_of: Sequence[Lot] | None = None,
    ) -> None:
        own = cause.sale if kind is EntryKind.CLAWBACK else None
        lots = out_of or soonest_first(self.lots.values(), own)
        entry = self._write(kind, points, cause, by, owed_change)
        for lot in lots:
            take = min(points, lot.remaining)
            if take:
                lot.remaining -= take
                self._move(entry, lot, take)
                points -= take
        if points:
            raise ValueError(f"the lots of a wallet are {points} short of its balance")

    def _put(self, entry: LedgerEntry, lot: Lot, points: int) -> None:
        lot.remaining += points
        self.lots[lot.id] = lot
        self._move(entry, lot, points)

    def _move(self, entry: LedgerEntry, lot: Lot, points: int) -> None:
        self.takings.append(Taking(entry.seq, lot.id, points))
        self.changed_lots[lot.id] = lot

    def _keep(self, code: RedemptionCode) -> None:
        self.codes[code.id] = code
        self.changed_codes[code.id] = code

    def _write(
        self, kind: EntryKind, points: int, cause: Cause, by: By, owed_change: int = 0
    ) -> LedgerEntry:
        entry = LedgerEntry(
            tenant=self.tenant,
            consumer=self.consumer,
            seq=self.seq + 1,
            kind=kind,
            points=points,
            owed_change=owed_change,
            balance_after=self.balance + (points if kind in INCOMING else -points),
            owed_after=self.owed + owed_change,
            reference=cause.reference,
            rule_version=cause.rule_version,
            actor=by.actor,
            happened_at=cause.happened_at,
            recorded_at=by.at,
            previous_hash=self.head,
            correlation=by.correlation,
        )
        self.seq, self.head = entry.seq, entry.hash
        self.balance, self.owed = entry.balance_after, entry.owed_after
        self.entries.append(entry)
        return entry

    def _lot_id(self, entry: LedgerEntry, number: int) -> LotId:
        # One release can open several lots. Ids sort by their moment: theirs are a tick apart, so
        # that the points taken first are the older lot again.
        at = entry.recorded_at + number * TICK
        return LotId(derived(at, "lot", self.tenant, self.consumer, entry.seq, number))

    def _check_covers(self, points: int) -> None:
        if points > self.balance:
            raise InsufficientPoints(self.balance, points)


def _cause_of(code: CodeId, at: datetime) -> Cause:
    return Cause(f"code:{code}", at)
