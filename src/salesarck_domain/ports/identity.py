"""Identity: who a person is, shown by a code sent to their phone or e-mail address.

What somebody may do stands in our own tables. A token says who asks, and nothing else in it is
believed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from salesarck_domain.errors import Missing, Refused, Unavailable, Untrusted
from salesarck_domain.people import Evidence
from salesarck_domain.phone import Email, Phone

Contact = Phone | Email
"""Where a code can be sent: who can read it there has shown that it is theirs."""

RETRY_AFTER = 5.0
"""Seconds to wait where nobody says how long."""

KeySet = Mapping[str, Sequence[Mapping[str, str]]]
"""Public keys as a JSON Web Key Set (RFC 7517), ready to be published."""


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in. Who has these tokens is taken for that person."""

    subject: UUID
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine access token says: the person, the session, what was proved, until when.

    `subject` is the same whenever the same person signs in. `signed_in_at` is the same in all
    tokens of a session, `issued_at` is the token's own.
    """

    subject: UUID
    session: UUID
    signed_in_at: datetime
    issued_at: datetime
    expires_at: datetime
    phone: Phone | None = None
    email: Email | None = None

    @property
    def proved(self) -> Iterator[Evidence]:
        """What the token's owner has shown to be theirs, best first."""
        if self.phone:
            yield Evidence.phone(self.phone.number)
        if self.email:
            yield Evidence.email(self.email.address)


@dataclass(frozen=True, slots=True)
class Registered:
    """What the identity keeps of somebody. Who is shut out can't sign in, nor stay signed in."""

    subject: UUID
    phone: Phone | None
    email: Email | None
    is_shut_out: bool


@dataclass(eq=False)
class CodeNotAccepted(Untrusted):
    """A one-time code that is wrong, used, too old, or nobody's: nobody learns which."""

    code: ClassVar[str] = "sign_in_code_not_accepted"

    def __str__(self) -> str:
        return "the code is wrong or has run out; ask for a new one"


@dataclass(eq=False)
class SessionEnded(Untrusted):
    """A refresh token that no longer stands for anybody."""

    code: ClassVar[str] = "session_ended"

    def __str__(self) -> str:
        return "the session has ended; sign in again"


@dataclass(eq=False)
class TokenNotAccepted(Untrusted):
    """An access token that is not genuine, not for us, or no longer good."""

    why: str
    code: ClassVar[str] = "token_not_accepted"

    def __str__(self) -> str:
        return f"the token is not accepted: {self.why}; sign in again"


@dataclass(eq=False)
class CodeNotSent(Refused):
    """There is no way to get a code to a phone or an e-mail address."""

    code: ClassVar[str] = "sign_in_code_not_sent"

    def __str__(self) -> str:
        return "no code can be sent there; check it, or use another phone or e-mail address"


@dataclass(eq=False)
class SubjectUnknown(Missing):
    """The identity knows nobody by this id."""

    subject: UUID
    code: ClassVar[str] = "subject_unknown"

    def __str__(self) -> str:
        return f"nobody has ever signed in as {self.subject}"


@dataclass(eq=False)
class IdentityBusy(Unavailable):
    """The identity was asked too often, and says when to ask again."""

    retry_after: float
    code: ClassVar[str] = "identity_busy"

    def __str__(self) -> str:
        return f"asked too often; try again in {math.ceil(self.retry_after)} seconds"


@dataclass(eq=False)
class IdentityUnavailable(Unavailable):
    """The identity doesn't answer, or not as it should."""

    why: str
    retry_after: float = RETRY_AFTER
    code: ClassVar[str] = "identity_unavailable"

    def __str__(self) -> str:
        return f"signing in is not possible just now: {self.why}; try again in a moment"


class Identity(Protocol):
    """Signs people in and out. All of it may be refused as IdentityBusy or IdentityUnavailable.

    `address` is where the caller is on the network: the identity counts what comes from there.
    """

    async def send_code(self, contact: Contact, address: str = "") -> None:
        """Send a one-time code. A new one replaces the last, and strangers get one like friends.

        Raises:
            CodeNotSent: none can be sent there.
        """
        ...

    async def verify_code(self, contact: Contact, code: str, address: str = "") -> Session:
        """Sign in with the code that was sent. It works once.

        Raises:
            CodeNotAccepted: it is not that code, or no longer, or its owner is shut out.
        """
        ...

    async def refresh(self, refresh_token: str, address: str = "") -> Session:
        """Swap a refresh token for new tokens of the same session.

        It works once. Who asks twice at once, or again at once because the answer was lost, gets
        the same answer; used later, a token is taken for stolen, and ends its session.

        Raises:
            SessionEnded: it is unknown, or its session is over, or its owner is shut out.
        """
        ...

    async def sign_out(self, access_token: str, *, everywhere: bool = False) -> None:
        """End the token's session, or all of its owner. The token itself is good until it expires.

        Raises:
            TokenNotAccepted: it is not a good one.
        """
        ...

    async def look_up(self, subject: UUID) -> Registered:
        """Tell what is known of somebody.

        Raises:
            SubjectUnknown: there is nobody.
        """
        ...

    async def shut_out(self, subject: UUID) -> None:
        """Let somebody neither sign in nor stay signed in, until they are let in again.

        Raises:
            SubjectUnknown: there is nobody.
        """
        ...

    async def let_in(self, subject: UUID) -> None:
        """Let somebody sign in again.

        Raises:
            SubjectUnknown: there is nobody.
        """
        ...

    async def delete(self, subject: UUID) -> None:
        """Forget somebody, and end their sessions. Who is forgotten already stays so."""
        ...


class TokenVerifier(Protocol):
    """Tells genuine access tokens from others, by public keys alone."""

    async def verify_token(self, access_token: str) -> Claims:
        """Read a token, if it is genuine, for us, and in its time.

        Raises:
            TokenNotAccepted: it is not.
            IdentityUnavailable: there are no keys to tell by.
        """
        ...

    async def keys(self) -> KeySet:
        """Give the public keys that tokens are checked by.

        Raises:
            IdentityUnavailable: there are none.
        """
        ...
