"""Adjustments in memory. The work's turn is the lock."""

from dataclasses import dataclass

from salesarck_adapters.store.memory.shelf import Shelf
from salesarck_domain.days import Span
from salesarck_domain.ids import ActId, ConsumerId
from salesarck_domain.ledger.adjustment import Adjustment, AdjustmentState


@dataclass(frozen=True, slots=True)
class MemoryAdjustments:
    """Adjustments of a draft."""

    shelf: Shelf

    async def made(self, consumer: ConsumerId, span: Span) -> int:
        """Look through all."""
        return sum(
            each.points
            for each in self.shelf.adjustments.values()
            if each.consumer == consumer
            and each.state is AdjustmentState.MADE
            and each.requested_at in span
        )

    async def add(self, adjustment: Adjustment) -> None:
        """Put it in its place."""
        self.shelf.adjustments[adjustment.id] = adjustment

    async def lock(self, adjustment: ActId) -> Adjustment | None:
        """Take it from its place."""
        return self.shelf.adjustments.get(adjustment)

    async def decide(self, adjustment: Adjustment) -> None:
        """Put it over the request.

        Raises:
            ValueError: it was not pending, or ran out, or its decider is who requested it.
        """
        there = self.shelf.adjustments[adjustment.id]
        if there.state is not AdjustmentState.PENDING or adjustment.decided_by in {
            there.requested_by,
            f"person:{there.consumer}",
            None,
        }:
            raise ValueError("an adjustment is decided once, by somebody else")
        if adjustment.decided_at is None or there.expires_at is None:
            raise ValueError("a request runs out, and a decision has its moment")
        if adjustment.decided_at >= there.expires_at:
            raise ValueError("an adjustment is decided before it runs out")
        self.shelf.adjustments[adjustment.id] = adjustment
