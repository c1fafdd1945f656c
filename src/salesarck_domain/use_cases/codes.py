"""What can be done with codes: issue, redeem, undo, cancel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import CancelCode, IssueCode, RedeemCode, UndoRedemption
from salesarck_domain.errors import Refused
from salesarck_domain.ids import ActId, CodeId, ConsumerId, TenantId
from salesarck_domain.ledger.adjustment import OwnWallet
from salesarck_domain.ledger.wallet import By, Wallet
from salesarck_domain.ports.answers import Receipt, no_receipt
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.push import Balance, Publisher
from salesarck_domain.ports.store import BeginWork, Work
from salesarck_domain.redemption.alphabet import typed
from salesarck_domain.redemption.code import CodeUnknown, Peppers, RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.redemption.terms import check_minimum
from salesarck_domain.use_cases.sales import kept

WRONG_TRIES_MAX = 5
WRONG_TRIES_WITHIN = timedelta(minutes=15)


@dataclass(eq=False)
class TillLocked(Refused):
    """Too many wrong codes were typed at a till, or by a cashier."""

    until: datetime
    code: ClassVar[str] = "till_locked"

    def __str__(self) -> str:
        return f"too many wrong codes; this till can try again at {self.until:%H:%M:%S} UTC"


@dataclass(eq=False)
class CodeTaken(Refused):
    """The text of a new code reads like one that is out. Another id makes another text."""

    code: ClassVar[str] = "code_taken"

    def __str__(self) -> str:
        return "a code that reads the same is out; ask again"


@dataclass(frozen=True, slots=True)
class Moved:
    """A code after a deed, and what its wallet holds then."""

    code: RedemptionCode
    balance: Balance


async def issue(work: Work, deed: IssueCode, by: By) -> Moved:
    """Take points out of a wallet and promise them to a till.

    Raises:
        InsufficientPoints: the wallet holds fewer.
        BelowRedemptionMinimum: it holds fewer than the tenant wants before any are spent.
        CodeTaken: the text is that of a live code.
    """
    wallet = await _open(work, deed.consumer, deed.id, by)
    live = await work.codes.find([deed.lookup])
    if live and live.state is CodeState.ISSUED:
        raise CodeTaken
    check_minimum(wallet.balance, work.tenant.terms)
    code = RedemptionCode(
        id=deed.id,
        consumer=deed.consumer,
        points=deed.points,
        issued_at=by.at,
        expires_at=by.at + work.tenant.code_lifetime,
        pepper=deed.pepper,
        lookup=deed.lookup,
    )
    wallet.issue(code, by)
    return await _keep(work, wallet, code, deed, by)


async def redeem(work: Work, deed: RedeemCode, by: By) -> Moved:
    """Honour a code at a till, once.

    Raises:
        CodeAlreadyRedeemed: it was, and so on for expired and cancelled.
    """
    wallet = await _open(work, deed.consumer, deed.id, by)
    code = wallet.codes[deed.id].follow(CodeState.REDEEMED, by.at, deed.till)
    wallet.settle(code)
    return await _keep(work, wallet, code, deed, by)


async def undo(work: Work, deed: UndoRedemption, by: By) -> Moved:
    """Take a redemption back; the points return to the wallet.

    Raises:
        UndoRefused: not redeemed, by another till, or too long ago.
    """
    wallet = await _open(work, deed.consumer, deed.id, by)
    code = wallet.codes[deed.id].undo(by.at, deed.till)
    wallet.release(code, by.at, by, work.tenant.grace)
    return await _keep(work, wallet, code, deed, by)


async def cancel(work: Work, deed: CancelCode, by: By) -> Moved:
    """Take a code back by its owner; the points return to the wallet.

    Raises:
        CodeAlreadyRedeemed: it was, and so on for expired and cancelled.
    """
    wallet = await _open(work, deed.consumer, deed.id, by)
    code = wallet.codes[deed.id].follow(CodeState.CANCELLED, by.at)
    wallet.release(code, by.at, by, work.tenant.grace)
    return await _keep(work, wallet, code, deed, by)


async def _open(work: Work, consumer: ConsumerId, code: CodeId, by: By) -> Wallet:
    wallet = (await work.wallets.lock([consumer], codes=[code]))[consumer]
    wallet.apply_due(by, work.tenant.grace)
    return wallet


async def _keep(
    work: Work,
    wallet: Wallet,
    code: RedemptionCode,
    deed: IssueCode | RedeemCode | UndoRedemption | CancelCode,
    by: By,
) -> Moved:
    await work.wallets.append([wallet])
    await work.apply([kept(deed, by)])
    balance = Balance(wallet.tenant, wallet.consumer, wallet.balance, wallet.owed, wallet.seq)
    return Moved(code, balance)


@dataclass(frozen=True, slots=True)
class Shown:
    """A code with its text, for its owner's eyes."""

    code: RedemptionCode
    text: str


@dataclass(frozen=True, slots=True)
class CodeDesk:
    """Everything people do with codes. Texts come in and go out here, and are kept nowhere."""

    begin: BeginWork
    clock: Clock
    peppers: Peppers
    push: Publisher

    async def issue(
        self,
        tenant: TenantId,
        consumer: ConsumerId,
        points: int,
        code: CodeId,
        correlation: str = "",
        receipt: Receipt[Shown] = no_receipt,
    ) -> Shown:
        """Issue a code under an id that the caller made.

        Raises:
            InsufficientPoints: the wallet holds fewer.
            BelowRedemptionMinimum: it holds fewer than the tenant wants before any are spent.
            CodeTaken: the text is that of a live code; another id will do.
            ToldDifferently: this id was issued before.
        """
        by = By(f"person:{consumer}", self.clock(), correlation)
        pepper = self.peppers.newest
        text = self.peppers.text(code, pepper)
        lookup = self.peppers.lookup(text, pepper)
        deed = IssueCode(consumer=consumer, points=points, id=code, pepper=pepper, lookup=lookup)
        async with self.begin(tenant) as work:
            moved = await issue(work, deed, by)
            shown = Shown(moved.code, text)
            await work.answer(receipt(shown))
        await self.push.publish(moved.balance)
        return shown

    def show(self, code: RedemptionCode) -> Shown:
        """Spell a code."""
        return Shown(code, self.peppers.text(code.id, code.pepper))

    async def redeem(
        self,
        tenant: TenantId,
        text: str,
        till: str,
        cashier: str,
        correlation: str = "",
        *,
        act: ActId | None = None,
        receipt: Receipt[RedemptionCode] = no_receipt,
    ) -> RedemptionCode:
        """Honour the code that a cashier typed. `act` names the deed in the audit.

        Raises:
            CodeUnknown: no code of this tenant reads like that.
            TillLocked: too many wrong codes here lately.
            CodeAlreadyRedeemed: it was, and so on for expired and cancelled.
        """
        by = By(cashier, self.clock(), correlation)
        async with self.begin(tenant) as work:
            places = (f"till:{till}", f"cashier:{cashier}")
            await _check_tries(work, places, by.at)
            found = await self._find(work, text)
            if found:
                deed = RedeemCode(consumer=found.consumer, id=found.id, till=till)
                await _note(work, act, "redeem_code", deed, by)
                redeemed = (await redeem(work, deed, by)).code
                await work.answer(receipt(redeemed))
                return redeemed
            unknown = CodeUnknown()
            await work.codes.note_wrong_try(places, by.at)
            await work.answer(receipt(unknown))
        raise unknown

    async def undo(
        self,
        tenant: TenantId,
        code: CodeId,
        till: str,
        cashier: str,
        correlation: str = "",
        *,
        act: ActId | None = None,
        receipt: Receipt[RedemptionCode] = no_receipt,
    ) -> RedemptionCode:
        """Take back a redemption of the same till; `act` is as in `redeem`.

        Raises:
            CodeUnknown: the tenant has no such code.
            UndoRefused: not redeemed, by another till, or too long ago.
            OwnWallet: the points would return to the cashier's own.
        """
        by = By(cashier, self.clock(), correlation)
        async with self.begin(tenant) as work:
            known = await _known(work, code)
            if cashier == f"person:{known.consumer}":
                raise OwnWallet
            deed = UndoRedemption(consumer=known.consumer, id=code, till=till)
            await _note(work, act, "undo_redemption", deed, by)
            moved = await undo(work, deed, by)
            await work.answer(receipt(moved.code))
        await self.push.publish(moved.balance)
        return moved.code

    async def cancel(
        self,
        tenant: TenantId,
        consumer: ConsumerId,
        code: CodeId,
        correlation: str = "",
        receipt: Receipt[RedemptionCode] = no_receipt,
    ) -> RedemptionCode:
        """Take a code back by its owner.

        Raises:
            CodeUnknown: the tenant has no such code of this consumer.
            CodeAlreadyRedeemed: it was, and so on for expired and cancelled.
        """
        by = By(f"person:{consumer}", self.clock(), correlation)
        async with self.begin(tenant) as work:
            known = await _known(work, code)
            if known.consumer != consumer:
                raise CodeUnknown
            moved = await cancel(work, CancelCode(consumer=consumer, id=code), by)
            await work.answer(receipt(moved.code))
        await self.push.publish(moved.balance)
        return moved.code

    async def _find(self, work: Work, text: str) -> RedemptionCode | None:
        plain = typed(text)
        return await work.codes.find(self.peppers.lookups(plain)) if plain else None


async def _note(
    work: Work, act: ActId | None, action: str, deed: RedeemCode | UndoRedemption, by: By
) -> None:
    if act is None:
        return
    note = AuditNote(
        id=act,
        actor=by.actor,
        action=action,
        target=f"code:{deed.id}",
        reason="",
        at=by.at,
        after={"till": deed.till},
        correlation=by.correlation,
        on_behalf_of=f"tenant:{work.tenant.id}",
    )
    await work.note(note)


async def _known(work: Work, code: CodeId) -> RedemptionCode:
    known = await work.codes.get(code)
    if known is None:
        raise CodeUnknown
    return known


async def _check_tries(work: Work, places: tuple[str, ...], now: datetime) -> None:
    since = now - WRONG_TRIES_WITHIN
    for place in places:
        tries = [at for at in await work.codes.wrong_tries(place, since) if at > since]
        if len(tries) >= WRONG_TRIES_MAX:
            raise TillLocked(tries[-WRONG_TRIES_MAX] + WRONG_TRIES_WITHIN)
