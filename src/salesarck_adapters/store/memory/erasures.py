"""Erasures in memory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from salesarck_adapters.store.memory.answers import MemoryAnswers
from salesarck_adapters.store.memory.directory import MemoryDirectory
from salesarck_adapters.store.memory.shelf import Room, empty_reasons
from salesarck_domain.erasure import Erasure
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.people import AccountMerge, Evidence


@dataclass(frozen=True, slots=True)
class MemoryErasures:
    """All erasures."""

    room: Room
    answers: MemoryAnswers
    directory: MemoryDirectory

    async def begin(self, erasure: Erasure, marks: Iterable[str]) -> None:
        """Keep what is missing."""
        self.room.erasures.setdefault(erasure.id, erasure)
        self.room.marks.update(marks)

    async def find(self, id_: ActId) -> Erasure | None:
        """Take it from its place."""
        return self.room.erasures.get(id_)

    async def tenants_that_know(
        self, people: Collection[ConsumerId], evidence: Collection[Evidence]
    ) -> Sequence[TenantId]:
        """Look through all shelves."""
        asked = set(evidence)
        return sorted(
            tenant
            for tenant, shelf in self.room.shelves.items()
            if not asked.isdisjoint(shelf.contacts)
            or any(who in shelf.wallets for who in people)
            or any(it.consumer in people for it in shelf.adjustments.values())
            or any(not asked.isdisjoint(sale.waits_for) for sale in shelf.sales.values())
        )

    async def end(self, id_: ActId, at: datetime) -> None:
        """Take it all away."""
        erasure = self.room.erasures[id_]
        for evidence, proof in list(self.room.proofs.items()):
            if proof.consumer in erasure.people:
                self._forget_invitations(evidence)
                del self.room.proofs[evidence]
                self.room.moved.pop(evidence, None)
        for subject, person in list(self.room.subjects.items()):
            if person in erasure.people:
                del self.room.subjects[subject]
        for person in erasure.people:
            self.room.profiles.pop(person, None)
            self.answers.forget_caller(f"person:{person}")
            empty_reasons(self.directory.platform_notes, f"person:{person}")
        finished_at = erasure.finished_at or at
        self.room.erasures[id_] = replace(erasure, finished_at=finished_at)

    def _forget_invitations(self, evidence: Evidence) -> None:
        for shelf in self.room.shelves.values():
            for id_, invitation in list(shelf.invitations.items()):
                if invitation and invitation.evidence == evidence:
                    del shelf.invitations[id_]

    async def merges_of(self, consumer: ConsumerId) -> Sequence[AccountMerge]:
        """Look through all merges."""
        found = (self.room.merges[id_] for id_ in sorted(self.room.merges))
        return [
            merge
            for merge in found
            if consumer in {merge.absorbed, merge.survivor} and merge.undone_at is None
        ]

    async def note_sign_in(self, consumer: ConsumerId, subject: UUID) -> None:
        """Put it in its place."""
        self.room.subjects[subject] = consumer

    async def subjects(self, people: Collection[ConsumerId]) -> Sequence[UUID]:
        """Look through all sign-ins."""
        return sorted(it for it, person in self.room.subjects.items() if person in people)
