"""The public keys of an identity: fetched long before they are missed, and kept while it is away.

A new key is published before it signs anything, so who looks every few minutes always has it. A
token with an unknown key may still be genuine, after a rotation in a hurry: it is worth one look,
and no more of them than one in half a minute, whoever makes up names of keys.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Struct

from salesarck_domain.ports.identity import IdentityUnavailable, KeySet, TokenNotAccepted

REFRESH_SECONDS = 300.0
RETRY_SECONDS = 15.0
STALE_SECONDS_MAX = 24 * 3600.0
LOOKS_APART_SECONDS = 30.0
FETCH_SECONDS_MAX = 5.0
COLD_SECONDS = 1.0
"""How soon to try again while there are no keys at all."""

BYTES_MAX = 64 * 1024
KEYS_MAX = 32
RSA_BITS_MIN = 2048
SHAPES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("EC", "ES256"): ("kty", "crv", "x", "y"),
    ("RSA", "RS256"): ("kty", "n", "e"),
}
"""The kinds of keys that we check by, and what is public of each."""

_log = logging.getLogger(__name__)


class _Told(Struct):
    keys: list[dict[str, object]]


@dataclass(slots=True)
class PublishedKeys:
    """The key set at an address."""

    client: httpx.AsyncClient
    url: str
    tick: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _known: Mapping[str, jwt.PyJWK] = field(default_factory=dict[str, jwt.PyJWK])
    _published: KeySet = field(default_factory=dict[str, list[dict[str, str]]])
    _fetched_at: float = -STALE_SECONDS_MAX
    _looked_at: float = -LOOKS_APART_SECONDS
    _fails: bool = True
    _fetching: asyncio.Task[None] | None = None

    async def find(self, name: object) -> jwt.PyJWK:
        """Find a key by its name.

        Raises:
            TokenNotAccepted: there is none of that name.
            IdentityUnavailable: nobody can say, for there are no keys, or none that we may use.
        """
        await self._make_sure()
        if not isinstance(name, str):
            raise TokenNotAccepted("it names no key")
        if name not in self._known and self._may_look(LOOKS_APART_SECONDS):
            await self._fetch()
        if name in self._known:
            return self._known[name]
        if self._fails:
            raise IdentityUnavailable("its newest keys can't be read")
        raise TokenNotAccepted("it is signed with a key we don't know")

    async def published(self) -> KeySet:
        """Give all keys, with nothing in them that isn't public.

        Raises:
            IdentityUnavailable: there are none.
        """
        await self._make_sure()
        return self._published

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncGenerator[None]:
        """Fetch them again and again in the background."""
        keeping = asyncio.create_task(self._keep_fresh())
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    async def _make_sure(self) -> None:
        if self._is_usable():
            return
        if self._is_fetching() or self._may_look(COLD_SECONDS):
            await self._fetch()
        if not self._is_usable():
            raise IdentityUnavailable("its keys can't be read")

    def _is_usable(self) -> bool:
        return bool(self._known) and self.tick() < self._fetched_at + STALE_SECONDS_MAX

    def _may_look(self, apart: float) -> bool:
        """Whether it is time for a look, which starts now if it is."""
        now = self.tick()
        if now < self._looked_at + apart:
            return False
        self._looked_at = now
        return True

    async def _keep_fresh(self) -> None:
        while True:
            await self._fetch()
            pause = RETRY_SECONDS if self._fails else REFRESH_SECONDS
            # Many processes that were started together don't go on asking together.
            pause = COLD_SECONDS if not self._is_usable() else pause
            await self.sleep(pause * random.uniform(0.8, 1.0))  # noqa: S311 - no secret

    async def _fetch(self) -> None:
        """Fetch them, together with whoever does so already; what fails is written down."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch_once())
        await asyncio.shield(self._fetching)

    def _is_fetching(self) -> bool:
        return self._fetching is not None and not self._fetching.done()

    async def _fetch_once(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS_MAX):
                found = await self._read()
        except (httpx.HTTPError, msgspec.DecodeError, TimeoutError, ValueError) as trouble:
            _log.warning("the identity's keys can't be read: %s", type(trouble).__name__)
            self._fails = True
            return
        self._known = {name: jwt.PyJWK(key, key["alg"]) for name, key in found.items()}
        self._published = {"keys": list(found.values())}
        self._fetched_at, self._fails = self.tick(), False

    async def _read(self) -> Mapping[str, dict[str, str]]:
        """Read what is published.

        Raises:
            ValueError, msgspec.DecodeError: it is no key set, or nothing in it is of use.
            httpx.HTTPError: there is no answer, or not a good one.
        """
        body = b""
        async with self.client.stream("GET", self.url) as answer:
            if not answer.is_success:
                raise ValueError(f"it answers {answer.status_code}")
            async for some in answer.aiter_bytes():
                body += some
                if len(body) > BYTES_MAX:
                    raise ValueError("it is too long")
        told = msgspec.json.decode(body, type=_Told).keys[:KEYS_MAX]
        found = {key["kid"]: key for each in told if (key := _public(each))}
        if not found:
            raise ValueError("there is no key in it that we check by")
        return found


def _public(told: Mapping[str, object]) -> dict[str, str] | None:
    """Keep what is public of a key; nothing, if it is of another kind, or not whole.

    A shared secret is no public key, wherever it is published.
    """
    kind = (str(told.get("kty")), str(told.get("alg")))
    name, use = told.get("kid"), told.get("use", "sig")
    if kind not in SHAPES or not isinstance(name, str) or use != "sig":
        return None
    parts = {part: str(told.get(part, "")) for part in SHAPES[kind]}
    key = {**parts, "kid": name, "alg": kind[1], "use": "sig"}
    try:
        made: object = jwt.PyJWK(key, kind[1]).key
    except (jwt.PyJWTError, ValueError):
        return None
    too_short = isinstance(made, RSAPublicKey) and made.key_size < RSA_BITS_MIN
    return None if too_short else key
