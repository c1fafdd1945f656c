"""An HTTP server among other things of a process: signals are the process' business."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import uvicorn

from salesarck_service.protocol import BoundedProtocol


class Server(uvicorn.Server):
    """uvicorn, which would raise a signal again when it has ended.

    That ends the process before anything else of it is closed: the last ring of the doorbell and
    the last balances would be lost.
    """

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave them to whoever started it."""
        yield


def server_of(
    app: Callable[..., Any],
    *,
    drain_seconds: int,
    host: str = "127.0.0.1",
    port: int = 0,
    lifespan: Literal["auto", "off"] = "auto",
    headers: Mapping[str, str] | None = None,
) -> Server:
    """Make a server for an application, with what holds for all of ours.

    Proxies are the application's affair: uvicorn would believe whoever speaks from this machine.
    """
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=BoundedProtocol,
            ws="none",
            lifespan=lifespan,
            proxy_headers=False,
            log_config=None,
            access_log=False,
            server_header=False,
            headers=list((headers or {}).items()),
            timeout_graceful_shutdown=drain_seconds,
        )
    )
