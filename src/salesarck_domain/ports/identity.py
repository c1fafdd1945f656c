"""Identity: who a person is, shown by a code sent to their phone or e-mail address.

What somebody may do stands in our own tables. A token says who asks, and nothing else in it is
believed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from salesarck_domain.errors import Untrusted
from salesarck_domain.phone import Email, Phone

Contact = Phone | Email
"""Where a code can be sent: who can read it there has shown that it is theirs."""

KeySet = Mapping[str, Sequence[Mapping[str, str]]]
"""Public keys as a JSON Web Key Set (RFC 7517), ready to be published."""


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in. Who has these tokens is taken for that person."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine access token says: the person, the session, what was proved, until when.

    `subject` is the same whenever the same person signs in.
    """

    subject: UUID
    session: UUID
    expires_at: datetime
    phone: Phone | None = None
    email: Email | None = None


@dataclass(eq=False)
class CodeNotAccepted(Untrusted):
    """A one-time code that is wrong, used, too old or tried too often: nobody learns which."""

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


class Identity(Protocol):
    """Signs people in and out."""

    async def send_code(self, contact: Contact) -> None:
        """Send a one-time code. A new one replaces the last, and strangers get one like friends."""
        ...

    async def verify_code(self, contact: Contact, code: str) -> Session:
        """Sign in with the code that was sent. It works once.

        Raises:
            CodeNotAccepted: it is not that code, or no longer; five wrong ones spoil it.
        """
        ...

    async def refresh(self, refresh_token: str) -> Session:
        """Swap a refresh token for new tokens of the same session. It works once.

        Raises:
            SessionEnded: it is unknown, or its session is over. A token used before is taken
                for stolen, and ends its session.
        """
        ...

    async def sign_out(self, access_token: str) -> None:
        """End the token's session. The access token itself stays good until it expires.

        Raises:
            TokenNotAccepted: it is not a good one.
        """
        ...


class TokenVerifier(Protocol):
    """Tells genuine access tokens from others, by public keys alone."""

    async def verify_token(self, access_token: str) -> Claims:
        """Read a token, if it is genuine, for us, and in its time.

        Raises:
            TokenNotAccepted: it is not.
        """
        ...

    async def keys(self) -> KeySet:
        """Give the public keys that tokens are checked by."""
        ...
