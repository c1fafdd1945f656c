"""A doorbell in the process: for a worker that lives beside the web."""

import asyncio


class InlineDoorbell:
    """One event. However often it is rung, a worker comes once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def ring(self) -> None:
        """Wake the worker, now or when it comes back."""
        self._rung.set()

    async def heard(self, seconds: float) -> bool:
        """Wait until it is rung, or so long; say whether it was."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return False
        self._rung.clear()
        return True
