"""What a browser keeps for us: sealed, so that nobody else can read it, change it or make one."""

import base64
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from salesarck_domain.ids import Randomness
from salesarck_domain.ports.identity import IdentityUnavailable, Session

COOKIE = "__Host-session"
"""A browser takes a cookie of such a name from our host alone, encrypted, and for all its paths."""

COOKIE_BYTES_MAX = 4000
LIFETIME = timedelta(days=30)
"""After this somebody signs in again, however often they came."""

PURPOSE = b"salesarck browser session"
NONCE_BYTES, NUMBER_BYTES, TOKEN_BYTES = 12, 2, 24


class Kept(Struct, frozen=True, array_like=True):
    """A session of somebody who is signed in, and the token that pages show with what they ask."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    ends_at: datetime
    page_token: str

    def __repr__(self) -> str:
        return f"Kept(until {self.ends_at})"

    def with_session(self, session: Session) -> Self:
        """Go on with the tokens that a refresh gave; the end stays where it is."""
        return type(self)(
            session.access_token,
            session.refresh_token,
            session.expires_at,
            self.ends_at,
            self.page_token,
        )


class Seal:
    """Seals sessions with AES-256-GCM, under keys derived from the peppers (HKDF, RFC 5869).

    The newest seals and all open, so that a new pepper signs nobody out.
    """

    def __init__(self, peppers: Mapping[int, bytes], randomness: Randomness) -> None:
        self._randomness = randomness
        self._newest = max(peppers)
        self._keys = {
            number: AESGCM(HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(pepper))
            for number, pepper in peppers.items()
        }

    def begin(self, session: Session, now: datetime) -> Kept:
        """Make what a browser keeps from now on."""
        token = base64.urlsafe_b64encode(self._randomness(TOKEN_BYTES)).decode()
        return Kept(
            session.access_token, session.refresh_token, session.expires_at, now + LIFETIME, token
        )

    def close(self, kept: Kept) -> str:
        """Seal a session.

        Raises:
            IdentityUnavailable: its tokens are so large that a browser would drop them.
        """
        nonce = self._randomness(NONCE_BYTES)
        sealed = self._keys[self._newest].encrypt(
            nonce, msgspec.msgpack.encode(kept), COOKIE.encode()
        )
        number = self._newest.to_bytes(NUMBER_BYTES, "big")
        text = base64.urlsafe_b64encode(number + nonce + sealed).decode().rstrip("=")
        if len(text) > COOKIE_BYTES_MAX:
            raise IdentityUnavailable("its tokens are too large for a browser to keep")
        return text

    def open(self, text: str) -> Kept | None:
        """Open what a browser sent; nothing, if it isn't ours."""
        with suppress(ValueError, KeyError, InvalidTag, msgspec.MsgspecError):
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            number = int.from_bytes(raw[:NUMBER_BYTES], "big")
            nonce, sealed = raw[NUMBER_BYTES:][:NONCE_BYTES], raw[NUMBER_BYTES + NONCE_BYTES :]
            opened = self._keys[number].decrypt(nonce, sealed, COOKIE.encode())
            return msgspec.msgpack.decode(opened, type=Kept)
        return None

    def cookie(self, kept: Kept, now: datetime) -> str:
        """Write the header that a browser keeps a session by."""
        seconds = max(0, round((kept.ends_at - now).total_seconds()))
        return _cookie(self.close(kept), seconds)


def no_cookie() -> str:
    """Write the header that makes a browser forget."""
    return _cookie("", 0)


def _cookie(value: str, seconds: int) -> str:
    return f"{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}"
