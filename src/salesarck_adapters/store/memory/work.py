"""One work in memory: a draft of one tenant's shelf."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from salesarck_adapters.store.memory.adjustments import MemoryAdjustments
from salesarck_adapters.store.memory.answers import MemoryAnswers
from salesarck_adapters.store.memory.inbox import Rows
from salesarck_adapters.store.memory.people import MemoryPeople
from salesarck_adapters.store.memory.sales import MemorySales
from salesarck_adapters.store.memory.shelf import Room, Shelf, copy_note, plain
from salesarck_adapters.store.memory.team import MemoryTeam, check_alone
from salesarck_adapters.store.memory.wallets import MemoryCodes, MemoryWallets
from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import Applied
from salesarck_domain.ids import SaleId
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.ports.answers import Answered
from salesarck_domain.ports.store import Finished
from salesarck_domain.rules.version import Retirement, RuleBook, RuleVersion
from salesarck_domain.tenants import Tenant
from salesarck_domain.veil import evidence_in, renamed, stand_in


@dataclass(slots=True)
class MemoryWork:
    """Reads what is kept, writes on a draft, and is kept as a whole."""

    tenant: Tenant
    alone: bool
    shelf: Shelf
    platform: ChainMap[Evidence, Proof]
    room: Room
    inbox: Rows
    answers: MemoryAnswers
    answered: list[Answered] = field(default_factory=list[Answered])
    done: list[Finished] = field(default_factory=list[Finished])
    later: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    now_claimed: set[SaleId] = field(default_factory=set[SaleId])
    has_changed: bool = False

    @classmethod
    def begin(
        cls, tenant: Tenant, room: Room, inbox: Rows, answers: MemoryAnswers, *, alone: bool
    ) -> "MemoryWork":
        """Begin with empty drafts over what is kept."""
        shelf = room.shelves.setdefault(tenant.id, Shelf())
        proofs = ChainMap({}, room.proofs)
        return cls(tenant, alone, shelf.draft(), proofs, room, inbox, answers)

    @property
    def rules(self) -> RuleBook:
        """The tenant's rule versions, with those of this work."""
        return self.shelf.rule_book()

    @property
    def sales(self) -> MemorySales:
        """Its sales."""
        return MemorySales(self.tenant.id, self.shelf)

    @property
    def wallets(self) -> MemoryWallets:
        """Its wallets."""
        return MemoryWallets(self.tenant.id, self.shelf)

    @property
    def codes(self) -> MemoryCodes:
        """Its codes."""
        return MemoryCodes(self.shelf)

    @property
    def people(self) -> MemoryPeople:
        """How its tills know people."""
        return MemoryPeople(
            tenant=self.tenant.id,
            shelf=self.shelf,
            room=self.room,
            rows=self.inbox,
            platform=self.platform,
            later=self.later,
        )

    @property
    def team(self) -> MemoryTeam:
        """Who works for it."""
        return MemoryTeam(self.shelf, alone=self.alone)

    @property
    def adjustments(self) -> MemoryAdjustments:
        """What admins moved by hand."""
        return MemoryAdjustments(self.shelf)

    async def change_tenant(self, tenant: Tenant) -> None:
        """Write terms and state anew."""
        check_alone(alone=self.alone)
        self.tenant, self.has_changed = tenant, True

    async def publish(self, version: RuleVersion) -> None:
        """Add a rule version."""
        check_alone(alone=self.alone)
        self.shelf.versions[version.number] = version

    async def retire(self, retirement: Retirement) -> None:
        """End the versions so far."""
        check_alone(alone=self.alone)
        self.shelf.retirements[len(self.shelf.retirements)] = retirement

    async def note(self, note: AuditNote) -> None:
        """Add an audit row."""
        self.shelf.notes[note.id] = copy_note(note)

    async def noted(self, id_: UUID) -> AuditNote | None:
        """Find an audit row."""
        return self.shelf.notes.get(id_)

    async def apply(self, deeds: Sequence[Applied]) -> None:
        """Number deeds from where the last work ended, and draw the veil over them."""
        for applied in deeds:
            number = len(self.shelf.applied) + 1
            names = {it: self._stand_in(it) for it in sorted(evidence_in(applied.deed))}
            deed = renamed(applied.deed, names)
            self.shelf.applied[number] = replace(applied, deed=deed, number=number)

    async def finish(self, rows: Sequence[Finished]) -> None:
        """Mark rows done when this work is kept.

        Raises:
            LeaseLost: somebody else holds one of them now.
        """
        for row in rows:
            self.inbox.held(row.row, row.token)
        self.done.extend(rows)

    async def claimed(self, sales: Iterable[SaleId]) -> None:
        """Change outcomes when this work is kept."""
        self.now_claimed.update(sales)

    async def answer(self, answered: Answered | None) -> None:
        """Keep an answer when this work is kept.

        Raises:
            CommandLost: somebody else holds the command now.
        """
        if answered:
            self.answers.check(answered)
            self.answered.append(answered)

    async def announce(self, topic: str, content: Mapping[str, object]) -> None:
        """Put a message into the outbox."""
        self.shelf.outbox[len(self.shelf.outbox)] = (topic, plain(content))

    def keep(self, room: Room) -> None:
        """Make all of it the truth.

        Raises:
            LeaseLost: a lease ended while this work went on; nothing of it is kept.
            CommandLost: its command was taken over meanwhile; nor is anything then.
        """
        for row in self.done:
            self.inbox.held(row.row, row.token)
        for answered in self.answered:
            self.answers.check(answered)
        for answered in self.answered:
            self.answers.write(answered)
        for row in self.done:
            self.inbox.finish(row)
        self.inbox.claimed(self.now_claimed)
        if self.has_changed:
            room.tenants[self.tenant.id] = self.tenant
        room.shelves[self.tenant.id].take_in(self.shelf)
        for evidence, proof in self.platform.maps[0].items():
            room.proofs.setdefault(evidence, proof)
        for do in self.later:
            do()

    def _stand_in(self, evidence: Evidence) -> Evidence:
        number = self.shelf.contacts.get(evidence) or next(self.room.numbers)
        self.shelf.contacts[evidence] = number
        return stand_in(evidence, number)
