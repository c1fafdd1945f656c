"""The queue: a doorbell for workers. It holds no work; losing every ring loses nothing."""

from typing import Protocol


class Doorbell(Protocol):
    """Wakes a worker up."""

    async def ring(self) -> None:
        """Say that the inbox has news. Never raises, and may be lost: a sweep finds the row."""
        ...
