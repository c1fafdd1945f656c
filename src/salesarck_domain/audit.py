"""Audit: who did what to whom, and why. Kept beside the books, and never under their hash."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditNote:
    """One privileged deed. `reason` is a person's own words, so it can be erased."""

    id: UUID
    actor: str
    action: str
    target: str
    reason: str
    at: datetime
    before: Mapping[str, object] = field(default_factory=dict[str, object])
    after: Mapping[str, object] = field(default_factory=dict[str, object])
    correlation: str = ""
