"""Where a request came from: what our own proxies say of it, and nobody else."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from litestar.types import HTTPScope

Network = IPv4Network | IPv6Network
Written = Literal["x-forwarded-for", "forwarded"]
SCHEMES = {"http", "https"}
NETWORK_BITS = {4: 24, 6: 48}
"""How much of an address a log may keep: enough to find a crowd by, too little to find a person."""


@dataclass(frozen=True, slots=True)
class Origin:
    """An address on the network, empty where there is none, and how it spoke to the first of us."""

    address: str
    scheme: str

    @property
    def network(self) -> str:
        """What a log may say of the address."""
        with suppress(ValueError):
            address = ip_address(self.address)
            return str(ip_network((address, NETWORK_BITS[address.version]), strict=False))
        return ""


@dataclass(frozen=True, slots=True)
class Proxies:
    """Networks whose word on where a request came from is believed, and the header of that word.

    One header: a proxy writes one of them anew, and passes on what a stranger wrote in the other.
    """

    networks: Sequence[Network] = ()
    written: Written = "x-forwarded-for"

    def origin(self, scope: HTTPScope) -> Origin:
        """Follow the proxies' words backwards from whom we see, to the first who is none of ours.

        X-Forwarded-Proto counts beside X-Forwarded-For; `Forwarded` (RFC 7239) says it all itself.
        """
        client = scope["client"]
        nearest, scheme = client[0] if client else "", str(scope["scheme"])
        if not self._are_ours(nearest):
            return Origin(nearest, scheme)
        headers = scope["headers"]
        if self.written == "x-forwarded-for":
            said = _listed(headers, b"x-forwarded-proto")
            hops = [(text, "") for text in _listed(headers, b"x-forwarded-for")]
            scheme = said[-1].lower() if said and said[-1].lower() in SCHEMES else scheme
        else:
            hops = [_element(text) for text in _listed(headers, b"forwarded")]
        for text, by in reversed(hops):
            address = _address(text)
            if not address:
                break
            nearest, scheme = address, by if by in SCHEMES else scheme
            if not self._are_ours(address):
                break
        return Origin(nearest, scheme)

    def _are_ours(self, text: str) -> bool:
        if not self.networks:
            return False
        with suppress(ValueError):
            address = _plain(ip_address(text))
            return any(address in network for network in self.networks)
        return False


def _listed(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> Sequence[str]:
    """Read a header that is a list, which may come in several lines (RFC 9110, 5.3)."""
    found = b",".join(value for given, value in headers if given == name).decode("latin-1")
    return [part.strip() for part in found.split(",") if part.strip()]


def _element(text: str) -> tuple[str, str]:
    """Read one element of `Forwarded`: for whom, and by which scheme."""
    pairs = dict(_pairs(text))
    return pairs.get("for", ""), pairs.get("proto", "").lower()


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(";"):
        name, _, value = part.partition("=")
        yield name.strip().lower(), value.strip().strip('"')


def _address(text: str) -> str:
    """Take an address out of what a proxy wrote: it may have a port; else it is no address."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    with suppress(ValueError):
        return str(_plain(ip_address(host)))
    return ""


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that a socket for both showed as IPv6 is an IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
