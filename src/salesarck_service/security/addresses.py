"""Addresses on the network: where a request came from."""

from contextlib import suppress
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from litestar.connection import ASGIConnection

Connection = ASGIConnection[Any, Any, Any, Any]
SUBSCRIBER_BITS = 64
"""An IPv6 subscriber is given that many bits, and may come from any address within."""


def address_of(connection: Connection) -> str:
    """Say where on the network a request came from; empty where nobody knows."""
    return connection.client.host if connection.client else ""


def subscriber_of(address: str) -> str:
    """Name whoever an address was given to: for IPv6 a network, for IPv4 the address itself.

    >>> subscriber_of("192.0.2.7"), subscriber_of("::ffff:192.0.2.7"), subscriber_of("2001:db8::7")
    ('192.0.2.7', '192.0.2.7', '2001:db8::/64')
    """
    with suppress(ValueError):
        found = ip_address(address)
        if not isinstance(found, IPv6Address):
            return str(found)
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found), SUBSCRIBER_BITS), strict=False))
    return address
