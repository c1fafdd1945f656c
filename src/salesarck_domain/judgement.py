"""Judgement: whose a sale is, and what it is worth now. Pure; asks nobody, keeps nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from salesarck_domain.ids import ConsumerId
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.rules.award import Award, award
from salesarck_domain.rules.version import RuleBook, RuleVersion
from salesarck_domain.sales.sale import Bill, CustomerBook, Sale
from salesarck_domain.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a sale is, or why it is nobody's."""

    consumer: ConsumerId | None
    reason: str | None = None


def owner_of(
    sale: Sale, bill: Bill, tenant: Tenant, proofs: Mapping[Evidence, Proof], book: CustomerBook
) -> Owner:
    """Find the consumer: the first tender whose customer is known, by its best evidence.

    The first posting fixed it, if there was one. A proof that came after the claim window is
    none; the last moment of the window still counts.
    """
    if sale.consumer:
        return Owner(sale.consumer)
    happened_at = bill.happened_at or sale.first_happened()
    late = False
    for evidence in sale.evidence(book):
        proof = proofs.get(evidence)
        if proof is None or happened_at is None:
            continue
        if proof.proved_at - happened_at <= tenant.claim_window:
            return Owner(proof.consumer)
        late = True
    return Owner(None, "claim_window_passed" if late else "unclaimed")


def judge(
    sale: Sale,
    bill: Bill,
    owner: Owner,
    tenant: Tenant,
    rules: RuleBook,
    worth_of_others: Callable[[str], int],
) -> Award:
    """Say what a sale is worth now, under the version of its moment.

    `worth_of_others` answers what the owner's other sales of a period (day, month, ever) are
    worth now.

    Raises:
        TooManyPoints: more points than the books can hold.
    """
    happened_at = bill.happened_at or sale.happened_at or sale.first_happened()
    version = _version_at(rules, happened_at)
    number = version.number if version else None
    if bill.reason:
        return Award(points=0, reason=bill.reason, version=number)
    if owner.consumer is None:
        return Award(points=0, reason=owner.reason, version=number)
    if version is None:
        return Award(points=0, reason="no_rule_in_force", version=None)
    return award(version, bill, tenant.time_zone, worth_of_others)


def _version_at(rules: RuleBook, at: datetime | None) -> RuleVersion | None:
    return rules.in_force(at) if at else None
