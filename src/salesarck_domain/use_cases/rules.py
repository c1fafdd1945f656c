"""What can be done with rules: publish, retire, and see what one sale would earn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from salesarck_domain.audit import AuditNote
from salesarck_domain.days import Span
from salesarck_domain.deeds import PublishRules, RetireRules
from salesarck_domain.ids import TenantId
from salesarck_domain.ledger.wallet import By
from salesarck_domain.ports.answers import Receipt, no_receipt
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.store import BeginWork, Store, Work
from salesarck_domain.rules.award import Award, award
from salesarck_domain.rules.version import RuleVersion, read_rules
from salesarck_domain.sales.sale import Bill
from salesarck_domain.use_cases.judging import Judging
from salesarck_domain.use_cases.sales import kept


async def publish(work: Work, deed: PublishRules, by: By) -> RuleVersion:
    """Publish a rule set, and judge the sales of a stretch that had no rules.

    Raises:
        RulesInvalid: it breaks the table of rules, or begins where others were in force.
    """
    rules = read_rules(list(deed.rules))
    version = work.rules.publish(rules, deed.in_force_from, by.at, by.actor)
    await work.publish(version)
    if deed.in_force_from < by.at:
        begun = await work.sales.happened_in(Span(deed.in_force_from, None))
        found = [sale for sale in begun if _in_force(work, sale.happened_at) == version.number]
        judging = await Judging.begin(work, by, found, seen=deed.rested_on)
        rested_on = judging.proofs_behind(sale for sale in found if sale.consumer is None)
        deed = replace(deed, rested_on=rested_on)
        for sale in found:
            await judging.judge(sale, by.at)
        await judging.save()
        await work.claimed(sale.id for sale in found if sale.consumer)
    await work.apply([kept(deed, by)])
    return version


def _in_force(work: Work, at: datetime | None) -> int | None:
    version = work.rules.in_force(at) if at else None
    return version.number if version else None


async def retire(work: Work, deed: RetireRules, by: By) -> None:
    """End the rules.

    Raises:
        NoRuleVersion: none is in force.
        LastRuleVersion: one is, and nobody said that no rules are wanted.
    """
    await work.retire(work.rules.retire(by.at, force=deed.force))
    await work.apply([kept(deed, by)])


@dataclass(frozen=True, slots=True)
class Published:
    """A rule version, and whether it is in force at once."""

    version: RuleVersion
    in_force: bool


@dataclass(frozen=True, slots=True)
class Publish:
    """Freeze a rule set as the tenant's next version, in force from now or the moment given."""

    begin: BeginWork
    clock: Clock

    async def __call__(
        self,
        tenant: TenantId,
        rules: Sequence[object],
        by: str,
        note: UUID,
        in_force_from: datetime | None = None,
        correlation: str = "",
        receipt: Receipt[Published] = no_receipt,
    ) -> Published:
        """Publish; `note` is the id of the audit row.

        Raises:
            RulesInvalid: it breaks the table of rules, or begins where others were in force.
        """
        signed = By(by, self.clock(), correlation)
        plain = tuple(rule.as_data() for rule in read_rules(list(rules)))
        begins = (in_force_from or signed.at).astimezone(UTC)
        deed = PublishRules(rules=plain, in_force_from=begins)
        async with self.begin(tenant, alone=True) as work:
            version = await publish(work, deed, signed)
            after = {"number": version.number, "content_hash": version.content_hash}
            await work.note(_note(note, tenant, signed, "publish_rules", version.number, after))
            published = Published(version, work.rules.in_force(signed.at) == version)
            await work.answer(receipt(published))
        return published


@dataclass(frozen=True, slots=True)
class Retire:
    """End all rules from now on: sales earn nothing, and say so, until others are published."""

    begin: BeginWork
    clock: Clock

    async def __call__(
        self,
        tenant: TenantId,
        by: str,
        note: UUID,
        *,
        force: bool,
        correlation: str = "",
        receipt: Receipt[datetime] = no_receipt,
    ) -> datetime:
        """Retire, and say from when on; `force` says that no rules are wanted.

        `note` is the id of the audit row.

        Raises:
            NoRuleVersion: none is in force.
            LastRuleVersion: one is, and `force` is not said.
        """
        signed = By(by, self.clock(), correlation)
        async with self.begin(tenant, alone=True) as work:
            await retire(work, RetireRules(force=force), signed)
            await work.note(_note(note, tenant, signed, "retire_rules", "all", {"force": force}))
            await work.answer(receipt(signed.at))
        return signed.at


@dataclass(frozen=True, slots=True)
class PreviewSale:
    """Say what a sale would earn, under given rules or those in force, and why."""

    store: Store
    clock: Clock

    async def __call__(
        self,
        tenant: TenantId,
        spend: int,
        tax: int | None,
        happened_at: datetime | None,
        rules: Sequence[object] | None,
    ) -> Award:
        """Judge an imagined sale of somebody without other sales; writes nothing.

        Raises:
            RulesInvalid: the given rules break the table of rules.
        """
        at = happened_at or self.clock()
        async with self.store.begin(tenant) as work:
            book, zone = work.rules, work.tenant.time_zone
        version = book.in_force(at)
        if rules is not None:
            draft = read_rules(list(rules))
            version = RuleVersion(number=0, rules=draft, in_force_from=at, published_at=at)
        if version is None:
            return Award(points=0, reason="no_rule_in_force", version=None)
        bill = Bill(
            net=spend,
            gross=spend,
            tax=tax or 0,
            tax_unknown=tax is None,
            happened_at=at,
            reason=None,
        )
        return award(version, bill, zone, lambda _: 0)


def _note(
    note: UUID, tenant: TenantId, by: By, action: str, target: object, after: Mapping[str, object]
) -> AuditNote:
    return AuditNote(
        id=note,
        actor=by.actor,
        action=action,
        target=f"rules:{target}",
        reason="",
        at=by.at,
        after=after,
        correlation=by.correlation,
        on_behalf_of=f"tenant:{tenant}",
    )
