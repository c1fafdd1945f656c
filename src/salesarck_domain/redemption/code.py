"""Codes: a promise to honour points once, until it expires."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from salesarck_domain.errors import Missing, Refused
from salesarck_domain.ids import CodeId, ConsumerId, TenantId
from salesarck_domain.people import Evidence, EvidenceKind
from salesarck_domain.redemption.alphabet import spell
from salesarck_domain.redemption.lifecycle import MAY_BECOME, CodeState

UNDO_WITHIN = timedelta(minutes=2)
PEPPER_BYTES_MIN = 32


@dataclass(eq=False)
class CodeUnknown(Missing):
    """No code of this tenant reads like that."""

    code: ClassVar[str] = "code_unknown"

    def __str__(self) -> str:
        return "no such code here; check the eight signs with the customer"


@dataclass(eq=False)
class CodeAlreadyRedeemed(Refused):
    """The code was honoured before."""

    at: datetime | None
    code: ClassVar[str] = "code_already_redeemed"

    def __str__(self) -> str:
        return f"this code was redeemed at {self.at:%H:%M:%S} UTC"


@dataclass(eq=False)
class CodeExpired(Refused):
    """The code ran out unused; its points went back."""

    at: datetime | None
    code: ClassVar[str] = "code_expired"

    def __str__(self) -> str:
        return f"this code ran out at {self.at:%H:%M:%S} UTC; its points are back in the wallet"


@dataclass(eq=False)
class CodeCancelled(Refused):
    """The owner took the code back; its points went back."""

    code: ClassVar[str] = "code_cancelled"

    def __str__(self) -> str:
        return "this code was cancelled by its owner; its points are back in the wallet"


@dataclass(eq=False)
class UndoRefused(Refused):
    """A redemption can't be undone: not redeemed, by another till, or too long ago."""

    why: str
    code: ClassVar[str] = "undo_refused"

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionCode:
    """Points on their way to a till. Its text is not here: it is spelled from the id.

    `lookup` finds it by what a cashier types, `pepper` numbers the secret that both rest on.
    `settled_at` and `till` say when and where its life ended.
    """

    id: CodeId
    consumer: ConsumerId
    points: int
    issued_at: datetime
    expires_at: datetime
    pepper: int
    lookup: str
    state: CodeState = CodeState.ISSUED
    settled_at: datetime | None = None
    till: str | None = None

    def follow(self, state: CodeState, at: datetime, till: str | None = None) -> "RedemptionCode":
        """Take one step in the table of its life.

        Raises:
            CodeAlreadyRedeemed: the table doesn't have it, and so on for the others.
        """
        if state not in MAY_BECOME[self.state]:
            raise self.refusal()
        return replace(self, state=state, settled_at=at, till=till or self.till)

    def undo(self, at: datetime, till: str) -> "RedemptionCode":
        """Take a redemption back: by the till that made it, within two minutes, once.

        Raises:
            UndoRefused: otherwise.
        """
        if self.state is not CodeState.REDEEMED or self.settled_at is None:
            raise UndoRefused(f"this code is {self.state}, there is nothing to undo")
        if self.till != till:
            raise UndoRefused("only the till that redeemed a code undoes it")
        if at - self.settled_at > UNDO_WITHIN:
            raise UndoRefused("a redemption is undone within two minutes; ask for an adjustment")
        return replace(self, state=CodeState.UNDONE, settled_at=at)

    def refusal(self) -> Refused:
        """Say why it can't be used any more."""
        if self.state is CodeState.EXPIRED:
            return CodeExpired(self.settled_at)
        if self.state in {CodeState.CANCELLED, CodeState.UNDONE}:
            return CodeCancelled()
        return CodeAlreadyRedeemed(self.settled_at)


@dataclass(frozen=True, slots=True)
class Peppers:
    """The secrets that codes are spelled with, by number; the newest spells new ones.

    Raises:
        ValueError: there is none, or one is shorter than 32 bytes.
    """

    secrets: Mapping[int, bytes]

    def __post_init__(self) -> None:
        if not self.secrets or any(
            len(secret) < PEPPER_BYTES_MIN for secret in self.secrets.values()
        ):
            raise ValueError("codes need a pepper of at least 32 bytes")

    @property
    def newest(self) -> int:
        """The number of the pepper for new codes."""
        return max(self.secrets)

    def text(self, code: CodeId, pepper: int) -> str:
        """Spell a code from its id: the same text every time, and none without the pepper."""
        return spell(hmac.digest(self.secrets[pepper], b"code:" + code.bytes, "sha256"))

    def pseudonym(self, text: str) -> str:
        """Name somebody by a phone, say, so that the name tells nothing of it."""
        return hmac.digest(self.secrets[self.newest], b"name:" + text.encode(), "sha256").hex()

    def lookup(self, text: str, pepper: int) -> str:
        """Make what the row keeps in place of a code's text."""
        return hmac.digest(self.secrets[pepper], b"lookup:" + text.encode(), "sha256").hex()

    def mark(self, evidence: Evidence, tenant: TenantId | None = None) -> str:
        """Make what is kept of an erased person's contact: it tells that contact, and no more.

        Till customers are a tenant's own; a phone or an e-mail is one and the same everywhere.
        """
        return self._mark(self.newest, evidence, tenant)

    def marks(self, evidence: Evidence, tenant: TenantId | None = None) -> list[str]:
        """Make what to look for when somebody names this contact."""
        return [self._mark(pepper, evidence, tenant) for pepper in sorted(self.secrets)]

    def _mark(self, pepper: int, evidence: Evidence, tenant: TenantId | None) -> str:
        where = tenant if evidence.kind is EvidenceKind.TILL else ""
        text = f"erased:{where}:{evidence.kind}:{evidence.value}"
        return hmac.digest(self.secrets[pepper], text.encode(), "sha256").hex()

    def lookups(self, text: str) -> list[str]:
        """Make what to look for when a cashier typed this text."""
        return [self.lookup(text, pepper) for pepper in sorted(self.secrets, reverse=True)]
