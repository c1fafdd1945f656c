"""Revocations in memory, for one process."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from salesarck_domain.ports.revocations import Ended, Revocation, Shown

Name = tuple[Ended, UUID]


@dataclass(frozen=True, slots=True)
class MemoryRevocations:
    """The latest revocation of each session, person and tenant."""

    kept: dict[Name, Revocation] = field(default_factory=dict[Name, Revocation])

    async def revoke(self, revocation: Revocation) -> None:
        """Write it down, unless there is a later one."""
        name = revocation.kind, revocation.id
        there = self.kept.get(name, revocation)
        self.kept[name] = replace(
            revocation,
            before=max(there.before, revocation.before),
            kept_until=max(there.kept_until, revocation.kept_until),
        )

    async def stands(self, shown: Shown) -> bool:
        """Whether nothing has ended it."""
        return not any(
            at < self.kept[kind, id_].before
            for kind, id_, at in shown.parts
            if (kind, id_) in self.kept
        )

    async def forget(self, now: datetime) -> int:
        """Forget what is kept no longer."""
        old = [name for name, revocation in self.kept.items() if revocation.kept_until <= now]
        for name in old:
            del self.kept[name]
        return len(old)
