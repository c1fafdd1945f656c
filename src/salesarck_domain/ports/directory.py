"""The directory: look-ups that come before a tenant is known. They have tables of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from salesarck_domain.audit import AuditNote
from salesarck_domain.errors import Conflict, Missing, Unavailable
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.people import AccountMerge, Evidence, Invitation, Member, Proof
from salesarck_domain.ports.answers import Answered
from salesarck_domain.tenants import Tenant


@dataclass(eq=False)
class TenantMissing(Missing):
    """There is no such tenant."""

    tenant: str
    code: ClassVar[str] = "tenant_unknown"

    def __str__(self) -> str:
        return f"there is no tenant {self.tenant}"


@dataclass(eq=False)
class LinkTaken(Conflict):
    """A merchant's till belongs to another tenant."""

    provider: str
    merchant: str
    code: ClassVar[str] = "link_taken"

    def __str__(self) -> str:
        return f"{self.provider} merchant {self.merchant} is linked to another tenant"


@dataclass(eq=False)
class StoreUnavailable(Unavailable):
    """The database isn't there, or it is not certain that it kept what we gave it."""

    what: str
    code: ClassVar[str] = "store_unavailable"

    def __str__(self) -> str:
        return f"the store isn't answering: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One merchant account at a provider, and the tenant whose sales it tells. At most one."""

    tenant: TenantId
    provider: str
    merchant: str
    name: str = ""
    state: str = "active"
    linked_at: datetime

    def __post_init__(self) -> None:
        if not self.merchant.strip():
            raise ValueError("name the merchant by the id that its provider gave it")


class Directory(Protocol):
    """Tenants, links, people. Each call is its own transaction."""

    async def add_tenant(self, tenant: Tenant) -> None:
        """Add a tenant, or write its terms anew."""
        ...

    async def tenant(self, tenant: TenantId) -> Tenant:
        """Read one.

        Raises:
            TenantMissing: there is none.
        """
        ...

    async def tenants(self) -> Sequence[Tenant]:
        """Read all, by name."""
        ...

    async def add_link(self, link: Link) -> None:
        """Link a merchant; again by the same tenant makes it active.

        Raises:
            LinkTaken: another tenant has it.
        """
        ...

    async def end_link(self, provider: str, merchant: str, state: str) -> None:
        """Note that a link no longer works (`needs_reauth`, `revoked`)."""
        ...

    async def link(self, provider: str, merchant: str) -> Link | None:
        """Find whose a merchant account is."""
        ...

    async def links(self, tenant: TenantId | None = None) -> Sequence[Link]:
        """Read the links of a tenant, or all."""
        ...

    async def prove(self, proofs: Iterable[Proof]) -> None:
        """Note proofs of phones and e-mails. What somebody proved before stays theirs."""
        ...

    async def lift(self, consumer: ConsumerId, marks: Iterable[str]) -> None:
        """Forget that somebody was erased who had these contacts: this person has proved them.

        Not while this person is being erased.
        """
        ...

    async def let_go(self, consumer: ConsumerId, evidence: Iterable[Evidence]) -> None:
        """Make what is this person's nobody's: whoever comes next may prove it."""
        ...

    async def merge_accounts(self, merge: AccountMerge) -> None:
        """Make the proofs of the absorbed the survivor's, once; keep that it was so."""
        ...

    async def part_accounts(self, id_: ActId, at: datetime) -> None:
        """Give back the proofs that a merge moved and that are still there, once."""
        ...

    async def account_merge(self, id_: ActId) -> AccountMerge | None:
        """Find a merge of accounts."""
        ...

    async def whose(self, evidence: Evidence) -> ConsumerId | None:
        """Find the person who proved a phone or an e-mail."""
        ...

    async def evidence_of(self, consumer: ConsumerId) -> Sequence[Proof]:
        """Read the phones and e-mails that a person proved."""
        ...

    async def tenants_waiting_for(self, evidence: Iterable[Evidence]) -> Sequence[TenantId]:
        """Find the tenants with unclaimed sales that wait for any of this evidence.

        Nothing is judged at a tenant that isn't active: it is not among them, nor in
        `claimable`, and what was proved meanwhile is claimed afterwards.
        """
        ...

    async def claimable(self, limit: int) -> Sequence[tuple[TenantId, Proof]]:
        """Find evidence proved in time that claimable sales (`Sale.is_claimable`) still wait for.

        That is what a proof and a delivery at one moment leave behind; the timetable claims it.
        """
        ...

    async def add_member(self, member: Member) -> None:
        """Give a person a role at a tenant, or on the platform, if they have none there."""
        ...

    async def memberships(self, person: ConsumerId) -> Sequence[Member]:
        """Read a person's roles."""
        ...

    async def invitations(
        self, evidence: Iterable[Evidence], now: datetime
    ) -> Sequence[Invitation]:
        """Find the open invitations of whoever proved any of this evidence, latest id first."""
        ...

    async def forget_invitations(self, now: datetime) -> int:
        """Forget the invitations that ran out; say how many."""
        ...

    async def is_suspended(self, person: ConsumerId) -> bool:
        """Whether an admin has suspended a person."""
        ...

    async def suspend(
        self,
        person: ConsumerId,
        note: AuditNote,
        answered: Answered | None = None,
        *,
        suspended: bool,
    ) -> bool:
        """Suspend a person or reinstate them, with its audit row; say if that changed anything.

        Nothing is written where it changes nothing.

        Raises:
            CommandLost: somebody else holds the command that this answers; nothing is written.
        """
        ...

    async def note(self, note: AuditNote, answered: Answered | None = None) -> None:
        """Add an audit row of the platform: what is about no tenant. Twice is once.

        Raises:
            CommandLost: somebody else holds the command that this answers; nothing is written.
        """
        ...

    async def notes(
        self, *, target: str | None = None, before: UUID | None = None, limit: int = 50
    ) -> Sequence[AuditNote]:
        """Read audit rows of the platform, latest id first; those about a target."""
        ...
