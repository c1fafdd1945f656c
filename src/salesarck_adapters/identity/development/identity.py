"""Sign-in without anybody's help: the code appears in the terminal."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from salesarck_adapters.identity.development.key import SigningKey
from salesarck_adapters.identity.development.tokens import Tokens
from salesarck_domain.errors import Refused
from salesarck_domain.ids import Randomness, uuid7
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.identity import (
    Claims,
    CodeNotAccepted,
    Contact,
    KeySet,
    Session,
    SessionEnded,
)

ENVIRONMENT = "development"
CODE_DIGITS = 6
CODE_LIFETIME = timedelta(minutes=10)
WRONG_TRIES_MAX = 5


@dataclass(eq=False)
class DevelopmentOnly(Refused):
    """The development identity was asked to run where people are real."""

    environment: str
    code: ClassVar[str] = "development_only"

    def __str__(self) -> str:
        return (
            f"the development identity shows everybody's codes and won't start in "
            f"{self.environment!r}; set up Supabase, or set the environment to {ENVIRONMENT!r}"
        )


@dataclass(slots=True)
class _Sent:
    """A code on its way back to us."""

    code: str
    expires_at: datetime
    wrong_tries: int = 0


@dataclass(frozen=True, slots=True)
class _SignedIn:
    """A session, and the only refresh token that is still good for it."""

    contact: Contact
    refresh_token: str


class DevelopmentIdentity:
    """Keeps codes and sessions in this process; only the key may be kept, and shared, in a file.

    So one process signs people in, and any that has the key can check their tokens.
    """

    def __init__(
        self,
        environment: str,
        *,
        show: Callable[[str, str], None],
        key: SigningKey,
        issuer: str,
        clock: Clock,
        randomness: Randomness = secrets.token_bytes,
    ) -> None:
        """Start, in development only; `show` is given each code: to whom, and which.

        Raises:
            DevelopmentOnly: the environment is another one.
        """
        if environment != ENVIRONMENT:
            raise DevelopmentOnly(environment)
        self._show = show
        self._key = key
        self._tokens = Tokens(key, issuer, clock)
        self._clock = clock
        self._randomness = randomness
        self._sent: dict[Contact, _Sent] = {}
        self._sessions: dict[UUID, _SignedIn] = {}
        self._issued: dict[str, UUID] = {}

    async def send_code(self, contact: Contact) -> None:
        number = int.from_bytes(self._randomness(8), "big") % 10**CODE_DIGITS
        code = f"{number:0{CODE_DIGITS}}"
        now = self._clock()
        self._sent = {to: sent for to, sent in self._sent.items() if now < sent.expires_at}
        self._sent[contact] = _Sent(code, now + CODE_LIFETIME)
        self._show(str(contact), code)

    async def verify_code(self, contact: Contact, code: str) -> Session:
        sent = self._sent.get(contact)
        if sent is None or self._clock() >= sent.expires_at:
            raise CodeNotAccepted
        if not hmac.compare_digest(sent.code.encode(), code.encode(errors="replace")):
            sent.wrong_tries += 1
            if sent.wrong_tries >= WRONG_TRIES_MAX:
                del self._sent[contact]
            raise CodeNotAccepted
        del self._sent[contact]
        return self._tokens_of(uuid7(self._clock(), self._randomness(10)), contact)

    async def refresh(self, refresh_token: str) -> Session:
        session = self._issued.get(refresh_token)
        signed_in = self._sessions.get(session) if session else None
        if session is None or signed_in is None:
            raise SessionEnded
        if refresh_token != signed_in.refresh_token:
            del self._sessions[session]
            raise SessionEnded
        return self._tokens_of(session, signed_in.contact)

    async def sign_out(self, access_token: str) -> None:
        self._sessions.pop(self._tokens.check(access_token).session, None)

    async def verify_token(self, access_token: str) -> Claims:
        return self._tokens.check(access_token)

    async def keys(self) -> KeySet:
        return {"keys": [self._key.public]}

    def _tokens_of(self, session: UUID, contact: Contact) -> Session:
        refresh_token = self._randomness(16).hex()
        self._issued[refresh_token] = session
        self._sessions[session] = _SignedIn(contact, refresh_token)
        # One address is one person, so that a second sign-in is the same person.
        subject = uuid5(NAMESPACE_URL, str(contact))
        access_token, expires_at = self._tokens.sign(contact, subject, session)
        return Session(access_token, refresh_token, expires_at)
