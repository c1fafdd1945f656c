"""Deeds: everything that can change a ledger, as plain values that can be kept and done again.

The order in which a tenant's deeds were applied, with the moments they were applied at, is all
that `replay` needs. They hold ids, never secrets: a code is named, not spelled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from salesarck_domain.ids import ActId, CodeId, ConsumerId
from salesarck_domain.news import CustomerNews, RefundNews, SaleNews
from salesarck_domain.people import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class TellNews:
    """A till's news was told. `proofs` are those it rested on, as they stood then."""

    provider: str
    news: SaleNews | RefundNews | CustomerNews
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRules:
    """A rule version was published. `rules` is its plain data.

    `rested_on` are the proofs by which sales without a consumer were judged by it.
    """

    rules: tuple[Mapping[str, object], ...]
    in_force_from: datetime
    rested_on: tuple[Proof, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireRules:
    """The rules in force were ended, and nothing put in their place."""

    force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveEvidence:
    """A person proved a phone, an e-mail address, or to be a till's customer.

    `rested_on` are the proofs by which the sales that waited were judged, as they stood then.
    """

    consumer: ConsumerId
    proofs: tuple[Proof, ...]
    rested_on: tuple[Proof, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCode:
    """Points were promised to a till. `lookup` is what the row keeps of the code's text."""

    consumer: ConsumerId
    points: int
    id: CodeId
    pepper: int
    lookup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemCode:
    """A cashier honoured a code."""

    consumer: ConsumerId
    id: CodeId
    till: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRedemption:
    """The same till took it back."""

    consumer: ConsumerId
    id: CodeId
    till: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCode:
    """A code's owner took it back."""

    consumer: ConsumerId
    id: CodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPoints:
    """An admin gave points. The reason stands in the audit row that `id` names."""

    consumer: ConsumerId
    points: int
    id: ActId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductPoints:
    """An admin took points. The reason stands in the audit row that `id` names."""

    consumer: ConsumerId
    points: int
    id: ActId


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeWallets:
    """Two accounts of one person became one: what one wallet held is the other's now."""

    absorbed: ConsumerId
    survivor: ConsumerId
    id: ActId


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoMerge:
    """Two accounts were parted again: what is still there of a merge goes back."""

    merge: ActId
    id: ActId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTerms:
    """A tenant's terms were changed: judgements and codes rest on them. Both are plain data."""

    before: Mapping[str, object]
    after: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseWallet:
    """A person was erased: live codes were taken back, and the points are forfeited."""

    consumer: ConsumerId
    id: ActId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyDue:
    """The timetable applied what had come due in some wallets."""

    consumers: tuple[ConsumerId, ...]


Deed = (
    TellNews
    | PublishRules
    | RetireRules
    | ProveEvidence
    | IssueCode
    | RedeemCode
    | UndoRedemption
    | CancelCode
    | GrantPoints
    | DeductPoints
    | MergeWallets
    | UndoMerge
    | ChangeTerms
    | EraseWallet
    | ApplyDue
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A deed in its place: `number` orders a tenant's deeds, `at` is the clock's moment.

    Of two deeds that touched the same sale or wallet the earlier has the smaller number.
    `number` is 0 until the store has given one.
    """

    deed: Deed
    at: datetime
    actor: str
    correlation: str = ""
    number: int = field(default=0)
