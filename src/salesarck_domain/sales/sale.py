"""Sales: what was bought once, with the tenders that paid for it and what was given back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from salesarck_domain.ids import ConsumerId, SaleId
from salesarck_domain.news import RefundNews, SaleNews, TenderState
from salesarck_domain.people import Evidence
from salesarck_domain.sales.facts import FINAL, newest, refunded_of


@dataclass(frozen=True, slots=True, order=True)
class PaymentKey:
    """One payment of one merchant of one provider, wherever it belongs."""

    provider: str
    merchant: str
    payment: str


@dataclass(frozen=True, slots=True, order=True)
class SaleKey:
    """What makes a sale one: its order or, where there is none, its payment."""

    provider: str
    merchant: str
    name: str

    @classmethod
    def of(cls, payment: PaymentKey, order: str | None) -> "SaleKey":
        """Name the sale that a payment of this order belongs to."""
        name = f"payment:{payment.payment}" if order is None else f"order:{order}"
        return cls(payment.provider, payment.merchant, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCustomer:
    """What a till's own customer book says of one customer; `ids` has merged ones too."""

    ids: tuple[str, ...] = ()
    phone: str | None = None
    email: str | None = None


CustomerBook = Mapping[tuple[str, str], KnownCustomer]
"""By provider and customer id."""


UNCLAIMED = frozenset({"unclaimed", "claim_window_passed"})
"""Reasons of an award that nobody gets."""


@dataclass(slots=True, kw_only=True)
class Tender:
    """One payment in its newest state, with its refunds.

    `state` is None while only refunds of it are known: they wait. `sale` names where it is now.
    """

    key: PaymentKey
    state: SaleNews | None = None
    refunds: dict[str, RefundNews] = field(default_factory=dict[str, RefundNews])
    sale: SaleKey | None = None

    def tell(self, news: SaleNews) -> bool:
        """Take in a state of the payment; say whether that changed anything.

        An order once named stays named, whichever state said so.
        """
        before = self.state
        state = newest(before, news)
        if state.order is None:
            other = news if state is before else before
            state = replace(state, order=other.order) if other else state
        self.state = state
        return state != before

    def refund(self, news: RefundNews) -> bool:
        """Take in a state of one of its refunds; say whether that changed anything."""
        before = self.refunds.get(news.reference)
        self.refunds[news.reference] = newest(before, news)
        return self.refunds[news.reference] != before

    @property
    def refunded(self) -> int:
        """How much of its spend was given back, in minor units."""
        return refunded_of(self.state, list(self.refunds.values())) if self.state else 0

    def evidence(self, book: CustomerBook) -> Iterable[Evidence]:
        """Whom it points to, best evidence first: till ids, then phones, then e-mails."""
        told = self.state.customer if self.state else None
        if told is None:
            return ()
        known = book.get((self.key.provider, told.id or "")) or KnownCustomer()
        ids = dict.fromkeys(filter(None, (told.id, *known.ids)))
        return (
            *(Evidence.till(self.key.provider, id_) for id_ in ids),
            *_proofs_of(Evidence.phone, told.phone, known.phone),
            *_proofs_of(Evidence.email, told.email, known.email),
        )


def _proofs_of(make: Callable[[str], Evidence], *texts: str | None) -> Iterable[Evidence]:
    """Leave out what no person could prove: a number that needs guessing never matches."""
    for text in filter(None, texts):
        with suppress(ValueError):
            yield make(text)


@dataclass(slots=True, kw_only=True)
class Sale:
    """One sale as far as it is known, and what it has moved in the ledger so far.

    `consumer` is None until the first posting fixes it. `posted` counts the postings; `earned`
    and `clawed` are sums of points over them (`clawed` with what became owed); `worth` is what
    the newest judgement says the sale is worth to its consumer now, and `award` is its
    explanation, with the `owner` that it found. While nobody is its consumer, `waits_for` holds
    the evidence that would make somebody.
    """

    id: SaleId
    key: SaleKey
    tenders: dict[str, Tender] = field(default_factory=dict[str, Tender])
    consumer: ConsumerId | None = None
    posted: int = 0
    earned: int = 0
    clawed: int = 0
    worth: int = 0
    happened_at: datetime | None = None
    award: dict[str, object] = field(default_factory=dict[str, object])
    waits_for: tuple[Evidence, ...] = ()

    @property
    def standing(self) -> int:
        """The points that it has in the ledger now."""
        return self.earned - self.clawed

    @property
    def is_unclaimed(self) -> bool:
        """Whether nobody is known whose it could be: the newest judgement says so."""
        return self.award.get("reason") in UNCLAIMED

    @property
    def is_claimable(self) -> bool:
        """Whether a proof could still make it somebody's."""
        return self.award.get("reason") == "unclaimed"

    def states(self) -> list[SaleNews]:
        """Its tenders in the order in which they happened at the till."""
        states = [tender.state for tender in self.tenders.values() if tender.state]
        return sorted(states, key=lambda state: (state.happened_at, state.reference))

    def first_happened(self) -> datetime | None:
        """When the first of its tenders happened, counting or not."""
        return next((state.happened_at for state in self.states()), None)

    def evidence(self, book: CustomerBook) -> list[Evidence]:
        """Whom it points to: the first tender's evidence before the second's."""
        return [
            found
            for state in self.states()
            for found in self.tenders[state.reference].evidence(book)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What of a sale counts: amounts in minor units of the tenant's currency.

    `gross` is what the counting tenders spent, `net` less what was refunded; `tax` is what those
    that say it say, `tax_unknown` whether one does not, `tip` their tips. `reason` tells why
    nothing counts.
    """

    net: int
    gross: int
    tax: int
    tax_unknown: bool
    happened_at: datetime | None
    reason: str | None
    tip: int = 0

    @classmethod
    def of(cls, sale: Sale, currency: str) -> "Bill":
        """Add up the tenders that count."""
        counting = [state for state in sale.states() if _counts(state, currency)]
        gross = sum(state.spend for state in counting)
        refunded = sum(sale.tenders[state.reference].refunded for state in counting)
        return cls(
            net=max(0, gross - refunded),
            gross=gross,
            tax=sum(state.tax or 0 for state in counting),
            tax_unknown=any(state.tax is None for state in counting),
            happened_at=min((state.happened_at for state in counting), default=None),
            reason=_why_nothing(sale.states(), counting, gross, refunded, currency),
            tip=sum(state.tip for state in counting),
        )


FURTHEST = (
    TenderState.COMPLETED,
    TenderState.PENDING,
    TenderState.VOID,
    TenderState.FAILED,
)


def furthest(states: Sequence[SaleNews]) -> TenderState | None:
    """Say how far the tender has come that has come furthest."""
    told = {state.state for state in states}
    return next((state for state in FURTHEST if state in told), None)


def _counts(state: SaleNews, currency: str) -> bool:
    return state.state is TenderState.COMPLETED and not state.test and state.currency == currency


def _why_nothing(
    states: Sequence[SaleNews],
    counting: Sequence[SaleNews],
    gross: int,
    refunded: int,
    currency: str,
) -> str | None:
    if counting:
        if gross == 0:
            return "nothing_spent"
        return "fully_refunded" if refunded >= gross else None
    if not states:
        return "moved_to_its_order"
    if any(state.test for state in states):
        return "test_sale"
    if any(state.currency != currency for state in _completed(states)):
        return "other_currency"
    return "void" if all(state.state in FINAL for state in states) else "not_completed"


def _completed(states: Iterable[SaleNews]) -> list[SaleNews]:
    return [state for state in states if state.state is TenderState.COMPLETED]
