"""What is wrong with a secret or an address, as one sentence that says what to do, or nothing."""

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec

from salesarck_service.security.names import is_here

SIGNS_MIN = 8
"""A secret made of fewer different signs was typed, not made."""

NEIGHBOURS_MAX = 0.6
"""So many signs beside their neighbours in the alphabet stand there by hand: abcd, 1234, aaaa."""

EXAMPLE = re.compile(
    r"change.?me|default|example|passw|placeholder|salesarck|secret", re.IGNORECASE
)
PREFIX = re.compile(r"sb_secret_")
"""What a made secret may begin with."""

ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
"""Of Postgres' sslmodes those that never fall back to plain text."""


def secret_fault(name: str, text: str, length_min: int) -> str | None:
    """Say what is wrong with a secret."""
    if EXAMPLE.search(PREFIX.sub("", text)):
        why = "is an example of somebody's"
    elif len(text.encode()) < length_min or len(set(text)) < SIGNS_MIN or _is_typed(text):
        why = "is too weak"
    else:
        return None
    return (
        f"{name} {why}: use at least {length_min} signs, and let a machine make them: "
        "openssl rand -base64 48"
    )


def role_of(key: str) -> str:
    """Read the role in a key of the older kind, which is a token; empty where it is none."""
    with suppress(ValueError, IndexError, msgspec.ValidationError):
        middle = key.split(".")[1]
        text = base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))
        claims = msgspec.json.decode(text, type=dict[str, object])
        return str(claims.get("role", ""))
    return ""


def address_fault(name: str, url: str, *, encrypted: bool) -> str | None:
    """Say what is wrong with an address on the web."""
    parts = _split(url)
    ours = {"https"} if encrypted else {"https", "http"}
    if parts is None or parts.scheme not in ours or not parts.hostname:
        return f"{name} begins with https://, and a host follows"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return f"{name} is an address without a password, a question mark or a #"
    return None


def database_fault(name: str, url: str, *, private: bool) -> str | None:
    """Say what is wrong with the way to a Postgres elsewhere."""
    parts = _split(url)
    if parts is None or parts.scheme not in {"postgresql", "postgres"}:
        return f"{name} begins with postgresql://"
    asked = parse_qs(parts.query)
    if is_here(parts.hostname or asked.get("host", [""])[-1]) or private:
        return None
    if asked.get("sslmode", [""])[-1] not in ENCRYPTED:
        return (
            f"{name} would send everything in plain text if the server asked for it: end it with "
            f"?sslmode=verify-full, or {OR_PRIVATE}"
        )
    return None


def redis_fault(name: str, url: str, *, private: bool) -> str | None:
    """Say what is wrong with the way to a Redis elsewhere."""
    parts = _split(url)
    if parts is None or parts.scheme not in {"redis", "rediss", "unix"}:
        return f"{name} begins with rediss://"
    if parts.scheme == "unix" or is_here(parts.hostname) or private:
        return None
    if parts.scheme != "rediss":
        return f"{name} sends everything in plain text: begin it with rediss://, or {OR_PRIVATE}"
    if not parts.password:
        return f"{name} has no password: anybody who reaches it could read and write; give it one"
    return None


def password_of(url: str) -> str:
    """Find the password in an address, unless that is this machine's, where others decide."""
    parts = _split(url)
    return "" if parts is None or is_here(parts.hostname) else parts.password or ""


def same_faults(secrets: Mapping[str, str]) -> list[str]:
    """Name the secrets that were set before, under another name."""
    first: dict[str, str] = {}
    return [
        f"{name} is the same as {first[text]}: make one of its own for each"
        for name, text in secrets.items()
        if first.setdefault(text, name) != name
    ]


OR_PRIVATE = "set SALESARCK_PRIVATE_NETWORK=true where nobody else can listen on the way"


def _split(url: str) -> SplitResult | None:
    with suppress(ValueError):
        return urlsplit(url)
    return None


def _is_typed(text: str) -> bool:
    beside = sum(abs(ord(one) - ord(two)) <= 1 for one, two in pairwise(text))
    return beside > NEIGHBOURS_MAX * (len(text) - 1)
