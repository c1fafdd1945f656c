"""One polite HTTP client: it waits so long and no longer, follows nobody, and says who it is.

Secrets go into headers, never into an address: addresses are logged.
"""

import math

import httpx

TIMEOUT = httpx.Timeout(10, connect=3)
WAIT_SECONDS_MAX = 24 * 3600


def polite_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Make a client. One a process: it keeps connections open."""
    return httpx.AsyncClient(
        transport=transport,
        timeout=TIMEOUT,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
        headers={"user-agent": "salesarck", "accept": "application/json"},
    )


def asked_to_wait(response: httpx.Response) -> float | None:
    """Read how many seconds an answer asks us to wait; None where it doesn't say."""
    try:
        seconds = float(response.headers.get("retry-after", "nan"))
    except ValueError:
        return None
    return min(seconds, WAIT_SECONDS_MAX) if math.isfinite(seconds) and seconds >= 0 else None
