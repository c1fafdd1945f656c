"""Names of machines, and addresses in which they stand."""

import re
from contextlib import suppress
from ipaddress import ip_address

HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def host_of(text: str) -> str:
    """Take the name out of a Host header, without its port; empty if that is no name."""
    found = HOST.fullmatch(text)
    return found["name"].lower() if found else ""


def is_here(host: str | None) -> bool:
    """Whether a name is this machine's, so that nobody listens on the way."""
    if not host or host == "localhost" or host.startswith("/"):
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False
