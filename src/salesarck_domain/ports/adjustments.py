"""Adjustments of one work: what admins moved by hand, and what waits for a second one."""

from typing import Protocol

from salesarck_domain.days import Span
from salesarck_domain.ids import ActId, ConsumerId
from salesarck_domain.ledger.adjustment import Adjustment


class Adjustments(Protocol):
    """Adjustments of one tenant."""

    async def made(self, consumer: ConsumerId, span: Span) -> int:
        """Say how many points were moved by one admin alone in a span, in either direction.

        Whoever asks about the same consumer waits until this work has ended.
        """
        ...

    async def add(self, adjustment: Adjustment) -> None:
        """Write an adjustment down."""
        ...

    async def lock(self, adjustment: ActId) -> Adjustment | None:
        """Find one, and keep others who want to decide it waiting."""
        ...

    async def decide(self, adjustment: Adjustment) -> None:
        """Write down how a locked request was decided.

        Raises:
            ValueError: it was not pending, or ran out, or its decider is who requested it.
        """
        ...
