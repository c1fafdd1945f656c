"""The embedded identity on a port of its own, in a thread, with a clock that tests move."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn

from salesarck_adapters.embedded.identity import KeyRing, Limits, create_identity

KEY = "sb_secret_0123456789abcdef"


@dataclass
class Embedded:
    """A server that runs, and what it has shown."""

    keys: KeyRing = field(default_factory=KeyRing.generate)
    shown: dict[str, str] = field(default_factory=dict[str, str])
    now: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)
    url: str = ""

    def clock(self) -> datetime:
        return self.now


@contextmanager
def embedded(limits: Limits | None = None) -> Generator[Embedded]:
    here = Embedded()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app: Any = create_identity(
            "development",
            url=here.url,
            key=KEY,
            show=here.shown.__setitem__,
            keys=here.keys,
            clock=here.clock,
            limits=limits,
        )
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, loop="asyncio"))
        thread = threading.Thread(target=server.run, args=[[listening]])
        thread.start()
        try:
            while not server.started:
                time.sleep(0.005)
            yield here
        finally:
            server.should_exit = True
            thread.join()
