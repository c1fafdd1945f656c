"""Access tokens of Supabase Auth, believed only as far as their signature and our checks go.

The client's own `get_claims` takes a foreign issuer, another audience, the service's role and a
token of the future, so it is not used.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from salesarck_adapters.identity.supabase.keys import PublishedKeys
from salesarck_domain.news_codec import is_list, is_object
from salesarck_domain.phone import Email, Phone
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.identity import Claims, KeySet, TokenNotAccepted

ALGORITHMS = ("ES256", "RS256")
AUDIENCE = "authenticated"
BYTES_MAX = 8 * 1024
LEEWAY = timedelta(seconds=30)
REMEMBERED_FOR = timedelta(seconds=60)
REMEMBERED_MAX = 10_000
REQUIRED = ["aud", "exp", "iat", "iss", "role", "session_id", "sub"]


@dataclass(slots=True)
class SupabaseTokens:
    """Checks tokens of one issuer. One that was good is not checked again for a minute."""

    published: PublishedKeys
    issuer: str
    clock: Clock
    _remembered: OrderedDict[bytes, tuple[Claims, datetime]] = field(
        default_factory=OrderedDict[bytes, tuple[Claims, datetime]], repr=False
    )

    async def verify_token(self, access_token: str) -> Claims:
        token = access_token.encode(errors="replace")
        if len(token) > BYTES_MAX:
            raise TokenNotAccepted("it is too long")
        name, now = hashlib.sha256(token).digest(), self.clock()
        claims, until = self._remembered.get(name, (None, now))
        if claims and now < min(until, claims.expires_at):
            return claims
        claims = await self._check(access_token)
        self._remembered[name] = (claims, now + REMEMBERED_FOR)
        self._remembered.move_to_end(name)
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return claims

    async def keys(self) -> KeySet:
        return await self.published.published()

    async def _check(self, token: str) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise TokenNotAccepted("it is not signed as we ask for")
            # Whatever else a header offers as a key, or as an address of one, is never looked at.
            key = await self.published.find(header.get("kid"))
            told = jwt.decode(
                token,
                key,
                [key.algorithm_name],
                audience=AUDIENCE,
                issuer=self.issuer,
                # Time is checked below, by our own clock.
                options={
                    "require": REQUIRED,
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return self._read(told)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as trouble:
            raise TokenNotAccepted("it is not genuine") from trouble

    def _read(self, told: dict[str, Any]) -> Claims:
        """Believe what it says of a person, never what they may do."""
        if told["role"] != AUDIENCE or told.get("is_anonymous") is not False:
            raise TokenNotAccepted("it stands for no person")
        now = self.clock()
        expires_at, issued_at = _moment(told["exp"]), _moment(told["iat"])
        if now >= expires_at + LEEWAY:
            raise TokenNotAccepted("it has expired")
        if now < max(issued_at, _moment(told.get("nbf", told["iat"]))) - LEEWAY:
            raise TokenNotAccepted("it comes from the future")
        phone, email = told.get("phone"), told.get("email")
        return Claims(
            subject=UUID(str(told["sub"])),
            session=UUID(str(told["session_id"])),
            signed_in_at=_signed_in(told.get("amr"), issued_at),
            issued_at=issued_at,
            expires_at=expires_at,
            phone=Phone(f"+{phone}") if phone else None,
            email=Email(str(email)) if email else None,
        )


def _signed_in(told: object, issued_at: datetime) -> datetime:
    """Read when the session began: the first of the methods that its owner showed.

    Where nothing is said of it, a token counts as a session's first.
    """
    methods = [method for method in told if is_object(method)] if is_list(told) else []
    moments = [_moment(method["timestamp"]) for method in methods if "timestamp" in method]
    return min([*moments, issued_at])


def _moment(told: object) -> datetime:
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise TypeError("a moment is told in seconds")
    return datetime.fromtimestamp(told, UTC)
