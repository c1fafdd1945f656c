"""Who is there, which codes are on their way, and who is signed in: all of it in memory."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from salesarck_adapters.embedded.identity.faults import AuthFault, invalid
from salesarck_domain.ids import Randomness
from salesarck_domain.ports.clock import Clock

CODE_DIGITS = 6
CODE_LIFETIME = timedelta(minutes=10)
REUSE_INTERVAL = timedelta(seconds=10)
PHONE = re.compile(r"[1-9][0-9]{1,14}")
EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(slots=True)
class User:
    """Somebody, from the first code that they asked for."""

    id: UUID
    phone: str
    email: str
    created_at: datetime
    confirmed_at: datetime | None = None
    banned_until: datetime | None = None
    app_metadata: dict[str, object] = field(default_factory=dict[str, object])
    user_metadata: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Sent:
    """The one code of a user that is good."""

    code: str
    at: datetime


@dataclass(slots=True)
class Session:
    """A session, and its refresh tokens in their order: the last is good."""

    id: UUID
    user: User
    signed_in_at: datetime
    tokens: list[str] = field(default_factory=list[str])
    replaced_at: dict[str, datetime] = field(default_factory=dict[str, datetime])


@dataclass(slots=True)
class World:
    """Everything that a restart forgets. The same person gets the same id again."""

    clock: Clock
    randomness: Randomness = secrets.token_bytes
    users: dict[UUID, User] = field(default_factory=dict[UUID, User])
    sent: dict[UUID, Sent] = field(default_factory=dict[UUID, Sent])
    sessions: dict[UUID, Session] = field(default_factory=dict[UUID, Session])
    deleted: list[str] = field(default_factory=list[str])

    def find(self, contact: str) -> User | None:
        """Find whose phone or e-mail it is."""
        return next((one for one in self.users.values() if contact in (one.phone, one.email)), None)

    def user(self, name: str) -> User:
        """Find a user by id.

        Raises:
            AuthFault: there is none.
        """
        try:
            found = self.users.get(UUID(name))
        except ValueError:
            raise AuthFault(404, "validation_failed", "user_id must be an UUID") from None
        if found is None:
            raise AuthFault(404, "user_not_found", "User not found")
        return found

    def add(self, contact: str) -> User:
        """Register somebody; who was deleted comes back as another."""
        before = self.deleted.count(contact)
        user = User(
            id=uuid5(NAMESPACE_URL, f"{contact}#{before}"),
            phone="" if "@" in contact else contact,
            email=contact if "@" in contact else "",
            created_at=self.clock(),
        )
        self.users[user.id] = user
        return user

    def delete(self, user: User) -> None:
        """Forget somebody, and all that hangs on them."""
        self.deleted += [contact for contact in (user.phone, user.email) if contact]
        self.end(session for session in self.sessions.values() if session.user is user)
        self.sent.pop(user.id, None)
        del self.users[user.id]

    def is_banned(self, user: User) -> bool:
        return user.banned_until is not None and self.clock() < user.banned_until

    def new_code(self, user: User) -> str:
        """Make a code, in the place of the last."""
        number = int.from_bytes(self.randomness(8), "big") % 10**CODE_DIGITS
        self.sent[user.id] = Sent(f"{number:0{CODE_DIGITS}}", self.clock())
        return self.sent[user.id].code

    def take_code(self, contact: str, code: str) -> User:
        """Use a code up.

        Raises:
            AuthFault: it is wrong, or too old, or there is nobody; or they are banned.
        """
        user = self.find(contact)
        sent = self.sent.get(user.id) if user else None
        if user and self.is_banned(user):
            raise AuthFault(403, "user_banned", "User is banned")
        late = sent is None or self.clock() >= sent.at + CODE_LIFETIME
        if user is None or sent is None or late or not secrets.compare_digest(sent.code, code):
            raise AuthFault(403, "otp_expired", "Token has expired or is invalid")
        del self.sent[user.id]
        user.confirmed_at = user.confirmed_at or self.clock()
        return user

    def begin(self, user: User) -> Session:
        """Sign somebody in."""
        session = Session(UUID(bytes=self.randomness(16), version=4), user, self.clock())
        self.sessions[session.id] = session
        self._add_token(session)
        return session

    def refresh(self, token: str) -> Session:
        """Swap a refresh token for the next; used once more, soon enough, it gives the same.

        Raises:
            AuthFault: it is unknown, or was used too long ago, which ends its session.
        """
        session = next((one for one in self.sessions.values() if token in one.tokens), None)
        if session is None:
            message = "Invalid Refresh Token: Refresh Token Not Found"
            raise AuthFault(400, "refresh_token_not_found", message)
        if self.is_banned(session.user):
            raise AuthFault(400, "user_banned", "Invalid Refresh Token: User Banned")
        if token == session.tokens[-1]:
            session.replaced_at[token] = self.clock()
            self._add_token(session)
        elif token != session.tokens[-2] and (
            self.clock() >= session.replaced_at[token] + REUSE_INTERVAL
        ):
            self.end([session])
            message = "Invalid Refresh Token: Already Used"
            raise AuthFault(400, "refresh_token_already_used", message)
        return session

    def sign_out(self, session: Session, scope: str) -> None:
        """End a session, all of its user, or all others.

        Raises:
            AuthFault: the scope means nothing.
        """
        if scope not in ("global", "local", "others"):
            raise invalid(f"Unsupported logout scope {scope!r}")
        self.end(
            one
            for one in self.sessions.values()
            if one.user is session.user
            and (scope == "global" or (one is session) == (scope == "local"))
        )

    def end(self, sessions: Iterator[Session] | list[Session]) -> None:
        """Forget sessions with their tokens."""
        for session in list(sessions):
            del self.sessions[session.id]

    def _add_token(self, session: Session) -> None:
        session.tokens.append(self.randomness(16).hex())


def read_contact(phone: object, email: object) -> str:
    """Read one of the two as it is kept: a number without its plus sign, an address in small.

    Raises:
        AuthFault: it is none, or both.
    """
    if isinstance(phone, str) and phone and not email:
        number = phone.replace(" ", "").removeprefix("+")
        if PHONE.fullmatch(number):
            return number
        raise invalid("Invalid phone number format (E.164 required)")
    if isinstance(email, str) and email and not phone:
        if EMAIL.fullmatch(email):
            return email.lower()
        raise invalid("Unable to validate email address: invalid format")
    raise invalid("Only an email address or phone number should be provided")
