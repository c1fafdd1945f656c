"""An HTTP server among other things of a process: signals are the process' business."""

from collections.abc import Generator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """uvicorn, which would raise a signal again when it has ended.

    That ends the process before anything else of it is closed: the last ring of the doorbell and
    the last balances would be lost.
    """

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave them to whoever started it."""
        yield
