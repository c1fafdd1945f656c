"""Access tokens: signed here, checked here, in the shape that Supabase Auth gives them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from salesarck_adapters.identity.development.key import ALGORITHM, SigningKey
from salesarck_domain.phone import Email, Phone
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.identity import Claims, Contact, TokenNotAccepted

AUDIENCE = "authenticated"
LIFETIME = timedelta(hours=1)
LEEWAY = timedelta(seconds=30)
BYTES_MAX = 8 * 1024
REQUIRED = ["aud", "exp", "iat", "iss", "role", "session_id", "sub"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signs and checks with one key, for one issuer, by one clock."""

    key: SigningKey
    issuer: str
    clock: Clock

    def sign(self, contact: Contact, subject: UUID, session: UUID) -> tuple[str, datetime]:
        """Make a token, and say until when it is good."""
        now = self.clock().replace(microsecond=0)
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": str(subject),
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "role": AUDIENCE,
            "session_id": str(session),
            "is_anonymous": False,
            "aal": "aal1",
            # Both are always there, empty if unknown, and a phone has lost its plus sign.
            "phone": contact.number[1:] if isinstance(contact, Phone) else "",
            "email": contact.address if isinstance(contact, Email) else "",
        }
        headers = {"kid": self.key.public["kid"]}
        return jwt.encode(claims, self.key.private, ALGORITHM, headers), now + LIFETIME

    def check(self, token: str) -> Claims:
        """Read a token, if it is genuine.

        Raises:
            TokenNotAccepted: it is not.
        """
        if len(token.encode(errors="replace")) > BYTES_MAX:
            raise TokenNotAccepted("it is too long")
        try:
            if jwt.get_unverified_header(token).get("kid") != self.key.public["kid"]:
                raise TokenNotAccepted("it is signed with a key we don't know")
            claims = jwt.decode(
                token,
                self.key.private.public_key(),
                [ALGORITHM],
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
            return self._read(claims)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as trouble:
            raise TokenNotAccepted("it is not genuine") from trouble

    def _read(self, claims: dict[str, Any]) -> Claims:
        """Believe what it says of a person, never what they may do."""
        if claims["role"] != AUDIENCE or claims.get("is_anonymous") is not False:
            raise TokenNotAccepted("it stands for no person")
        now = self.clock()
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        if now >= expires_at + LEEWAY:
            raise TokenNotAccepted("it has expired")
        if now < datetime.fromtimestamp(claims["iat"], UTC) - LEEWAY:
            raise TokenNotAccepted("it comes from the future")
        phone, email = claims.get("phone"), claims.get("email")
        return Claims(
            subject=UUID(claims["sub"]),
            session=UUID(claims["session_id"]),
            expires_at=expires_at,
            phone=Phone(f"+{phone}") if phone else None,
            email=Email(email) if email else None,
        )
