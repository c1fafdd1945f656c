"""Audit: who did what to whom, and why. Kept beside the books, and never under their hash."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from salesarck_domain.ids import ActId

Plain = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditNote:
    """One privileged deed. `reason` is a person's own words, so it can be erased.

    `on_behalf_of` names whom the actor acts for, where that is somebody else: the tenant whose
    staff they are, the admin whose request they approve.
    """

    id: UUID
    actor: str
    action: str
    target: str
    reason: str
    at: datetime
    before: Plain = field(default_factory=dict[str, object])
    after: Plain = field(default_factory=dict[str, object])
    correlation: str = ""
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person sets out to do. The same again, under the same id, is the same act."""

    id: ActId
    actor: str
    on_behalf_of: str = ""
    reason: str = ""
    correlation: str = ""

    def note(
        self,
        action: str,
        target: str,
        at: datetime,
        before: Plain | None = None,
        after: Plain | None = None,
    ) -> AuditNote:
        """Write down that it was done."""
        return AuditNote(
            id=self.id,
            actor=self.actor,
            action=action,
            target=target,
            reason=self.reason,
            at=at,
            before=before or {},
            after=after or {},
            correlation=self.correlation,
            on_behalf_of=self.on_behalf_of,
        )
