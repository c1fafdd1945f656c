"""Facts: which of several states told about one tender, or one refund, counts."""

from datetime import datetime
from typing import Protocol, TypeVar

from salesarck_domain.news import RefundNews, SaleNews, TenderState

FINAL = frozenset({TenderState.VOID, TenderState.FAILED})
"""States that nothing told about the same thing ever undoes."""


class Fact(Protocol):
    """What states of tenders and of refunds have in common."""

    @property
    def state(self) -> TenderState:
        """How far it has come."""
        ...

    @property
    def changed_at(self) -> datetime:
        """When the provider changed it last."""
        ...


F = TypeVar("F", bound=Fact)


def newest(known: F | None, told: F) -> F:
    """Choose the state that counts, in whatever order the two were told.

    A final state beats any other; of two final ones the earlier was there first. Otherwise the
    later `changed_at`, then anything over pending, then the larger `refunded`, then the known.
    """
    if known is None:
        return told
    if FINAL & {known.state, told.state}:
        if {known.state, told.state} <= FINAL:
            return told if told.changed_at < known.changed_at else known
        return told if told.state in FINAL else known
    return told if _rank(told) > _rank(known) else known


def _rank(fact: Fact) -> tuple[datetime, bool, int]:
    refunded = fact.refunded if isinstance(fact, SaleNews) else 0
    return (fact.changed_at, fact.state is not TenderState.PENDING, refunded)


def refunded_of(tender: SaleNews, refunds: list[RefundNews]) -> int:
    """Say how much of a tender was given back: never more than was spent, tips don't count.

    What the refunds add up to and what the provider says of the payment are two tellings of one
    thing, so the larger counts, not both.
    """
    told = sum(refund.amount for refund in refunds if refund.state is TenderState.COMPLETED)
    return min(tender.spend, max(told, tender.refunded))
