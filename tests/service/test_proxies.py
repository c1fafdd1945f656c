"""Where a request came from is what our own proxies say, and what nobody else says."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from salesarck_service.security.proxies import Origin, Proxies, Written

OURS = tuple(ip_network(each) for each in ("10.0.0.0/8", "fd00::/8"))
Header = tuple[str, str]


def came(client: str, *headers: Header, written: Written = "x-forwarded-for") -> tuple[str, str]:
    scope: Any = {
        "client": (client, 4711),
        "scheme": "http",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    origin = Proxies(OURS, written).origin(scope)
    return origin.address, origin.scheme


def for_(value: str) -> Header:
    return "x-forwarded-for", value


def proto(value: str) -> Header:
    return "x-forwarded-proto", value


@pytest.mark.parametrize(
    ("client", "headers", "found"),
    [
        ("203.0.113.7", [for_("198.51.100.1"), proto("https")], ("203.0.113.7", "http")),
        ("fe80::1", [for_("198.51.100.1")], ("fe80::1", "http")),
        ("", [for_("198.51.100.1")], ("", "http")),
        ("10.1.1.1", [], ("10.1.1.1", "http")),
        ("10.1.1.1", [for_("198.51.100.1"), proto("https")], ("198.51.100.1", "https")),
        ("::ffff:10.1.1.1", [for_("198.51.100.1")], ("198.51.100.1", "http")),
        ("10.1.1.1", [for_("::ffff:198.51.100.1")], ("198.51.100.1", "http")),
        ("10.1.1.1", [for_("1.2.3.4, 198.51.100.1")], ("198.51.100.1", "http")),
        ("10.1.1.1", [for_("1.2.3.4, 198.51.100.1, 10.2.2.2")], ("198.51.100.1", "http")),
        ("10.1.1.1", [for_("1.2.3.4"), for_("198.51.100.1")], ("198.51.100.1", "http")),
        ("10.1.1.1", [for_("198.51.100.1:50000")], ("198.51.100.1", "http")),
        ("10.1.1.1", [for_("[2001:db8::9]:50000")], ("2001:db8::9", "http")),
        ("10.1.1.1", [for_("2001:DB8::9")], ("2001:db8::9", "http")),
        ("fd00::1", [for_("198.51.100.1")], ("198.51.100.1", "http")),
        ("10.1.1.1", [for_("198.51.100.1, nonsense")], ("10.1.1.1", "http")),
        ("10.1.1.1", [for_("198.51.100.1, unknown, 10.2.2.2")], ("10.2.2.2", "http")),
        ("10.1.1.1", [for_(", ,")], ("10.1.1.1", "http")),
        ("10.1.1.1", [for_("198.51.100.1"), proto("gopher")], ("198.51.100.1", "http")),
        ("10.1.1.1", [for_("198.51.100.1"), proto("http, HTTPS")], ("198.51.100.1", "https")),
        ("10.1.1.1", [("forwarded", "for=198.51.100.1")], ("10.1.1.1", "http")),
        ("10.1.1.1", [("x-real-ip", "198.51.100.1")], ("10.1.1.1", "http")),
    ],
    ids=str,
)
def test_x_forwarded_for(client: str, headers: Sequence[Header], found: tuple[str, str]) -> None:
    assert came(client, *headers) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("for=198.51.100.1;proto=https;by=10.1.1.1", ("198.51.100.1", "https")),
        ('For="[2001:db8::9]:4711";Proto=HTTPS', ("2001:db8::9", "https")),
        ("for=1.2.3.4;proto=https, for=198.51.100.1", ("198.51.100.1", "http")),
        ("for=198.51.100.1;proto=https, for=10.2.2.2;proto=http", ("198.51.100.1", "https")),
        ("for=198.51.100.1, for=_hidden", ("10.1.1.1", "http")),
        ("for=unknown", ("10.1.1.1", "http")),
        ("nonsense", ("10.1.1.1", "http")),
    ],
)
def test_forwarded(value: str, found: tuple[str, str]) -> None:
    told = [("forwarded", value), for_("203.0.113.200"), proto("https")]
    assert came("10.1.1.1", *told, written="forwarded") == found
    assert came("203.0.113.7", *told, written="forwarded") == ("203.0.113.7", "http")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("", ""),
        ("testclient", ""),
    ],
)
def test_a_log_is_told_the_crowd_and_not_the_person(address: str, network: str) -> None:
    assert Origin(address, "https").network == network
