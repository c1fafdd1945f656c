"""What can be done with the books: verify them, all of them, and say where they are wrong."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from salesarck_domain.deeds import (
    Applied,
    CancelCode,
    EraseWallet,
    IssueCode,
    MergeWallets,
    RedeemCode,
    RetireRules,
    UndoMerge,
    UndoRedemption,
)
from salesarck_domain.ids import CodeId, ConsumerId, TenantId
from salesarck_domain.ledger.entry import INCOMING, EntryKind, LedgerEntry
from salesarck_domain.ledger.reconciliation import Discrepancy, WalletBooks, Written, check_wallet
from salesarck_domain.people import kin_of
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.store import Books
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.rules.award import award, ends_at
from salesarck_domain.rules.version import RuleBook, RuleVersion
from salesarck_domain.sales.sale import Bill, Sale
from salesarck_domain.tenants import Tenant

WALLETS_AT_A_TIME = 200
BY_HAND = frozenset({EntryKind.GRANT, EntryKind.DEDUCT})
GIFTS = frozenset({EntryKind.GRANT, EntryKind.BONUS})


@dataclass(slots=True)
class Postings:
    """What the ledger says of one sale."""

    earned: int = 0
    clawed: int = 0
    run_out: int = 0
    references: set[str] = field(default_factory=set[str])
    owners: set[ConsumerId] = field(default_factory=set[ConsumerId])


@dataclass(slots=True)
class Told:
    """What the deeds that were applied say of codes, of the rules' ends and of merges.

    `taken_back` are codes that a merge or an erasure cancelled unless they had run out; `handed`
    the references under which points went from one wallet to another.
    """

    issued: dict[CodeId, IssueCode] = field(default_factory=dict[CodeId, IssueCode])
    settled: dict[CodeId, CodeState] = field(default_factory=dict[CodeId, CodeState])
    taken_back: set[CodeId] = field(default_factory=set[CodeId])
    retired: list[datetime] = field(default_factory=list[datetime])
    handed: set[str] = field(default_factory=set[str])
    erased: set[ConsumerId] = field(default_factory=set[ConsumerId])

    def hear(self, applied: Applied) -> None:
        """Take note of one deed, in its order."""
        match applied.deed:
            case IssueCode() as deed:
                self.issued[deed.id] = deed
            case RedeemCode(id=code):
                self.settled[code] = CodeState.REDEEMED
            case UndoRedemption(id=code):
                self.settled[code] = CodeState.UNDONE
            case CancelCode(id=code):
                self.settled[code] = CodeState.CANCELLED
            case RetireRules():
                self.retired.append(applied.at)
            case MergeWallets() as deed:
                self.handed.add(f"act:{deed.id}")
                self._take_back(deed.absorbed)
            case UndoMerge() as deed:
                self.handed.add(f"act:{deed.id}")
            case EraseWallet(consumer=person):
                self.erased.add(person)
                self._take_back(person)
            case _:
                pass

    def _take_back(self, consumer: ConsumerId) -> None:
        theirs = {it.id for it in self.issued.values() if it.consumer == consumer}
        self.taken_back |= theirs - self.settled.keys()

    def states(self, code: CodeId) -> set[CodeState]:
        """Say in which states a code may stand after all these deeds."""
        if settled := self.settled.get(code):
            return {settled}
        by_deed = CodeState.CANCELLED if code in self.taken_back else CodeState.ISSUED
        return {by_deed, CodeState.EXPIRED}


@dataclass(frozen=True, slots=True)
class VerifyBooks:
    """Recompute everything from what is written, and name each discrepancy.

    Wallets: sequence, running sums, chain, lots and their ends, codes. Sales: their postings, and
    their award judged again by the rule version it names. Versions: their hash. Deeds by hand:
    their reason. What was applied: every code and every end of the rules is as it says.
    """

    books: Books
    directory: Directory

    async def __call__(self) -> list[Discrepancy]:
        """Verify every tenant."""
        found: list[Discrepancy] = []
        for tenant in await self.directory.tenants():
            found += [each async for each in self.verify(tenant)]
        return found

    async def verify(self, tenant: Tenant) -> AsyncIterator[Discrepancy]:
        """Verify one tenant."""
        rules = await self.books.rules(tenant.id)
        hashes = await self.books.rule_hashes(tenant.id)
        for each in _check_versions(rules, hashes, tenant.id):
            yield each
        told = await self._told(tenant.id)
        for each in _check_retirements(rules, told, tenant.id):
            yield each
        acts = {str(act) for act in await self.books.acts(tenant.id)}
        postings: dict[str, Postings] = defaultdict(Postings)
        seen: set[tuple[str, EntryKind]] = set()
        moved: dict[str, Counter[object]] = defaultdict(Counter[object])
        async for books in self._wallets(tenant.id):
            where = f"tenant {tenant.id} wallet {books.consumer}"
            for each in check_wallet(_written(books, where)):
                yield each
            for each in _check_references(books, where, rules, seen):
                yield each
            for kind, what in chain(
                _check_lots(books, tenant, rules),
                _check_by_hand(books, acts, told),
                _check_gifts(books, told),
                _check_codes(books, told),
            ):
                yield Discrepancy(kind, where, what)
            _collect(postings, books)
            _follow(moved, books, told)
        for reference, lots in moved.items():
            if any(lots.values()):
                where = f"tenant {tenant.id} {reference}"
                yield Discrepancy("lots", where, "a merge brought other lots than it took")
        async for each in self._sales(tenant, rules, postings):
            yield each

    async def _sales(
        self, tenant: Tenant, rules: RuleBook, postings: dict[str, Postings]
    ) -> AsyncIterator[Discrepancy]:
        kin = kin_of(await self.books.merges(tenant.id))
        async for sale in self.books.all_sales(tenant.id):
            where = f"tenant {tenant.id} sale {sale.id}"
            posted = postings.pop(str(sale.id), None) or Postings()
            if sale.consumer:
                posted.owners -= kin.get(sale.consumer, set())
            for kind, what in _check_sale(sale, posted, tenant, rules):
                yield Discrepancy(kind, where, what)
        for sale_id in postings:
            yield Discrepancy("sales", f"tenant {tenant.id} sale {sale_id}", "it is not there")

    async def _told(self, tenant: TenantId) -> Told:
        told = Told()
        async for applied in self.books.applied(tenant):
            told.hear(applied)
        return told

    async def _wallets(self, tenant: TenantId) -> AsyncIterator[WalletBooks]:
        owners = await self.books.consumers(tenant)
        for start in range(0, len(owners), WALLETS_AT_A_TIME):
            some = owners[start : start + WALLETS_AT_A_TIME]
            for books in await self.books.wallet_books(tenant, some):
                yield books


def _written(books: WalletBooks, where: str) -> Written:
    return Written(where, books.entries, books.hashes, books.lots, books.takings, books.codes)


def _check_versions(
    rules: RuleBook, hashes: Mapping[int, str], tenant: TenantId
) -> Iterator[Discrepancy]:
    for version in rules.versions:
        if hashes.get(version.number) != version.content_hash:
            where = f"tenant {tenant} rules {version.number}"
            yield Discrepancy("rules", where, "the version was changed after it was published")


def _check_references(
    books: WalletBooks,
    where: str,
    rules: RuleBook,
    seen: set[tuple[str, EntryKind]],
) -> Iterator[Discrepancy]:
    numbers = {version.number for version in rules.versions}
    for entry in books.entries:
        name = (entry.reference, entry.kind)
        if name in seen:
            yield Discrepancy("reference", where, f"{entry.kind} {entry.reference} stands twice")
        seen.add(name)
        if entry.rule_version is not None and entry.rule_version not in numbers:
            yield Discrepancy(
                "rules", where, f"entry {entry.seq} names version {entry.rule_version}"
            )


def _check_by_hand(books: WalletBooks, acts: set[str], told: Told) -> Iterator[tuple[str, str]]:
    """Every deed by hand has its audit row; what came to an erased person's wallet left it."""
    came: set[str] = set()
    for entry in books.entries:
        came |= {entry.reference} if entry.kind in INCOMING else set()
        forfeited = entry.kind is EntryKind.DEDUCT and entry.reference in came
        if forfeited and books.consumer in told.erased:
            continue
        if entry.kind in BY_HAND and entry.reference.removeprefix("act:") not in acts:
            yield "audit", f"{entry.reference} has no reason"
    if books.consumer in told.erased and books.entries and books.entries[-1].balance_after:
        yield "erased", f"{books.entries[-1].balance_after} points are held by nobody"


def _check_retirements(rules: RuleBook, told: Told, tenant: TenantId) -> Iterator[Discrepancy]:
    stand = [retirement.at for retirement in rules.retirements]
    if sorted(stand) != sorted(told.retired):
        what = f"they end {len(stand)} times, {len(told.retired)} times somebody ended them"
        yield Discrepancy("rules", f"tenant {tenant} rules", what)


def _check_lots(books: WalletBooks, tenant: Tenant, rules: RuleBook) -> Iterator[tuple[str, str]]:
    """Hold the lots of sales to their sale, and to the version their entry names."""
    entries = {entry.seq: entry for entry in books.entries}
    for lot in books.lots:
        entry = entries.get(lot.opened_by)
        if entry and entry.kind is EntryKind.EARN:
            if entry.reference.split(":")[1] != str(lot.sale):
                yield "lots", f"lot {lot.id} is of {entry.reference}, it says {lot.sale}"
            version = _version(rules, entry.rule_version)
            ends = version and ends_at(version, entry.happened_at, tenant.time_zone)
            if ends and ends <= entry.recorded_at:
                ends = entry.recorded_at + tenant.grace
            if lot.ends_at != ends:
                yield "lots", f"lot {lot.id} says it ends at {lot.ends_at}, its rules say {ends}"
        elif entry and entry.kind is EntryKind.RELEASE:
            ends = entry.happened_at + tenant.grace
            if lot.ends_at != ends:
                yield "lots", f"lot {lot.id} says it ends at {lot.ends_at}, its grace at {ends}"


def _check_gifts(books: WalletBooks, told: Told) -> Iterator[tuple[str, str]]:
    entries = {entry.seq: entry for entry in books.entries}
    for lot in books.lots:
        entry = entries.get(lot.opened_by)
        is_gift = entry and entry.kind in GIFTS and entry.reference not in told.handed
        if is_gift and (lot.ends_at or lot.sale):
            yield "lots", f"lot {lot.id} is a gift: it is of no sale and never ends"


def _follow(moved: dict[str, Counter[object]], books: WalletBooks, told: Told) -> None:
    """Count what merges took from lots, and put into such as end alike and are of the same sale."""
    handed = {it.seq: it for it in books.entries if it.reference in told.handed}
    lots = {lot.id: (lot.sale, lot.ends_at) for lot in books.lots}
    for taking in books.takings:
        entry = handed.get(taking.seq)
        if entry and entry.kind in BY_HAND:
            sign = 1 if entry.kind in INCOMING else -1
            moved[entry.reference][lots.get(taking.lot)] += sign * taking.points


def _check_codes(books: WalletBooks, told: Told) -> Iterator[tuple[str, str]]:
    for code in books.codes:
        deed = told.issued.get(code.id)
        if deed is None:
            yield "codes", f"code:{code.id} was issued by nobody"
        elif (deed.consumer, deed.points, deed.pepper, deed.lookup) != (
            code.consumer,
            code.points,
            code.pepper,
            code.lookup,
        ):
            yield "codes", f"code:{code.id} is not as it was issued"
        if code.state not in told.states(code.id):
            left = told.settled.get(code.id)
            yield "codes", f"code:{code.id} is {code.state}, the last deed left it {left}"


def _collect(postings: dict[str, Postings], books: WalletBooks) -> None:
    for entry in books.entries:
        if entry.kind in {EntryKind.EARN, EntryKind.CLAWBACK}:
            posted = postings[entry.reference.split(":")[1]]
            posted.references.add(entry.reference)
            posted.owners.add(books.consumer)
            _add(posted, entry)
    for lot in books.lots:
        if lot.sale and lot.run_out:
            postings[str(lot.sale)].run_out += lot.run_out


def _add(posted: Postings, entry: LedgerEntry) -> None:
    if entry.kind is EntryKind.EARN:
        posted.earned += entry.points
    else:
        posted.clawed += entry.points + entry.owed_change


def _check_sale(
    sale: Sale, posted: Postings, tenant: Tenant, rules: RuleBook
) -> Iterator[tuple[str, str]]:
    if (sale.earned, sale.clawed) != (posted.earned, posted.clawed):
        here = f"{sale.earned} earned and {sale.clawed} taken back"
        yield "sales", f"it says {here}, the ledger {posted.earned} and {posted.clawed}"
    names = {f"sale:{sale.id}:{number}" for number in range(1, sale.posted + 1)}
    if names != posted.references:
        yield "sales", f"it counts {sale.posted} postings, the ledger has {len(posted.references)}"
    if posted.owners - {sale.consumer}:
        yield "sales", f"it belongs to {sale.consumer}, its points to {posted.owners}"
    short = sale.standing - sale.worth
    if not 0 <= short <= posted.run_out:
        yield "sales", f"it is worth {sale.worth} and stands at {sale.standing}"
    if sale.award:
        yield from _check_award(sale, tenant, rules)


def _check_award(sale: Sale, tenant: Tenant, rules: RuleBook) -> Iterator[tuple[str, str]]:
    if sale.award.get("points") != sale.worth:
        yield "awards", f"it is worth {sale.worth}, its award says {sale.award.get('points')}"
    if sale.consumer and sale.award.get("owner") != str(sale.consumer):
        yield "awards", f"it is {sale.consumer}'s, its award says {sale.award.get('owner')}"
    bill = Bill.of(sale, tenant.currency)
    if bill.happened_at not in {None, sale.happened_at}:
        yield "awards", f"it happened at {bill.happened_at}, it says {sale.happened_at}"
    version = _version(rules, sale.award.get("version"))
    steps = sale.award.get("steps")
    if bill.reason:
        if sale.worth or sale.award.get("reason") != bill.reason:
            yield "awards", f"its tenders give nothing ({bill.reason}), it says {sale.worth}"
    elif steps and version:
        again = award(version, bill, tenant.time_zone, _others_then(sale.award).__getitem__)
        if {"owner": sale.award.get("owner"), **again.explain()} != sale.award:
            here = f"its award says {sale.award.get('points')}"
            yield "awards", f"version {version.number} makes {again.points} of it, {here}"
    elif sale.worth:
        yield "awards", f"it is worth {sale.worth} without a rule version to say so"


def _version(rules: RuleBook, number: object) -> RuleVersion | None:
    return next((found for found in rules.versions if found.number == number), None)


def _others_then(explained: Mapping[str, object]) -> dict[str, int]:
    """What the consumer's other sales were worth when this one was judged: limits look at that."""
    found: dict[str, int] = {}
    steps = explained.get("steps")
    for step in steps if isinstance(steps, Sequence) else ():  # pyright: ignore[reportUnknownVariableType] # stored JSON
        if step["rule"]["rule"] == "limit_per_consumer":
            found[step["rule"]["period"]] = step["saw"]["others"]
    return found
