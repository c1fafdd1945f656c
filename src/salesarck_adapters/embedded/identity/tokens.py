"""Access tokens in the shape that Supabase Auth gives them, signed here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from salesarck_adapters.embedded.identity.faults import AuthFault
from salesarck_adapters.embedded.identity.key import ALGORITHM, KeyRing
from salesarck_adapters.embedded.identity.world import Session, User, World

AUDIENCE = "authenticated"
LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signs with the key in use, and knows its own tokens again."""

    keys: KeyRing
    issuer: str
    world: World

    def answer(self, session: Session) -> dict[str, object]:
        """Give the session as its owner gets it, with a new access token."""
        now = self.world.clock().replace(microsecond=0)
        until = int((now + LIFETIME).timestamp())
        return {
            "access_token": self._sign(session, now, until),
            "token_type": "bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "expires_at": until,
            "refresh_token": session.tokens[-1],
            "user": as_json(session.user),
        }

    def session_of(self, authorization: str) -> Session:
        """Find the session of an access token.

        Raises:
            AuthFault: it is missing or not ours, or the session or its user is no more.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "This endpoint requires a valid Bearer token"
            raise AuthFault(401, "no_authorization", message)
        known = {key.public["kid"]: key for key in self.keys.all}
        try:
            key = known[jwt.get_unverified_header(token)["kid"]].private.public_key()
            told = jwt.decode(
                token,
                key,
                [ALGORITHM],
                audience=AUDIENCE,
                # Time is checked below, by our own clock.
                options={"verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as trouble:
            raise AuthFault(403, "bad_jwt", "invalid JWT") from trouble
        if self.world.clock().timestamp() >= told["exp"]:
            raise AuthFault(403, "bad_jwt", "invalid JWT: token is expired")
        user = next((one for one in self.world.users.values() if str(one.id) == told["sub"]), None)
        if user is None:
            message = "User from sub claim in JWT does not exist"
            raise AuthFault(403, "user_not_found", message)
        if self.world.is_banned(user):
            raise AuthFault(403, "user_banned", "User is banned")
        for session in self.world.sessions.values():
            if str(session.id) == told["session_id"]:
                return session
        message = "Session from session_id claim in JWT does not exist"
        raise AuthFault(403, "session_not_found", message)

    def _sign(self, session: Session, now: datetime, until: int) -> str:
        user = session.user
        claims = {
            "iss": self.issuer,
            "sub": str(user.id),
            "aud": AUDIENCE,
            "exp": until,
            "iat": int(now.timestamp()),
            # Both are always there, empty if unknown, and a phone has no plus sign.
            "email": user.email,
            "phone": user.phone,
            "app_metadata": _app_metadata(user),
            "user_metadata": user.user_metadata,
            "role": AUDIENCE,
            "aal": "aal1",
            "amr": [{"method": "otp", "timestamp": int(session.signed_in_at.timestamp())}],
            "session_id": str(session.id),
            "is_anonymous": False,
        }
        key = self.keys.in_use
        return jwt.encode(claims, key.private, ALGORITHM, {"kid": key.public["kid"]})


def as_json(user: User) -> dict[str, object]:
    """Write a user as Supabase Auth does."""
    at = user.created_at.isoformat()
    confirmed = user.confirmed_at.isoformat() if user.confirmed_at else None
    told: dict[str, object] = {
        "id": str(user.id),
        "aud": AUDIENCE,
        "role": AUDIENCE,
        "email": user.email,
        "phone": user.phone,
        "app_metadata": _app_metadata(user),
        "user_metadata": user.user_metadata,
        "identities": [],
        "created_at": at,
        "updated_at": at,
        "is_anonymous": False,
    }
    if confirmed:
        told |= {"confirmed_at": confirmed, "last_sign_in_at": confirmed}
        told["phone_confirmed_at" if user.phone else "email_confirmed_at"] = confirmed
    if user.banned_until:
        told["banned_until"] = user.banned_until.isoformat()
    return told


def _app_metadata(user: User) -> dict[str, object]:
    provider = "phone" if user.phone else "email"
    return {"provider": provider, "providers": [provider], **user.app_metadata}
