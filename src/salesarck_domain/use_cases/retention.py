"""What can be done so that nothing is kept longer than it is needed."""

from dataclasses import dataclass
from datetime import timedelta

from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.inbox import Inbox


@dataclass(frozen=True, slots=True)
class Retain:
    """Empty deliveries some time after they are done, and forget handshakes.

    Their rows and hashes stay, so a delivery that comes again is still known. By real time: what
    a demonstration's clock says makes nothing older.
    """

    inbox: Inbox
    clock: Clock
    bodies: timedelta
    handshakes: timedelta = timedelta(days=30)
    at_a_time: int = 1_000

    async def __call__(self) -> int:
        """Empty what is old, a thousand at a time; say how much there was."""
        now = self.clock()
        emptied = await self.inbox.erase_old(now - self.bodies, self.at_a_time)
        return emptied + await self.inbox.forget_handshakes(now - self.handshakes)
