"""The caller: whoever makes this request, as our own tables know them."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from salesarck_domain.audit import Act
from salesarck_domain.errors import Forbidden, Missing
from salesarck_domain.ids import ActId, ConsumerId
from salesarck_domain.people import STAFF, Role
from salesarck_domain.tenants import Tenant


@dataclass(eq=False)
class NotAllowed(Forbidden):
    """The caller's role doesn't stretch to what a route asks for."""

    permission: str
    code: ClassVar[str] = "not_allowed"

    def __str__(self) -> str:
        return f"this takes somebody who may {self.permission.replace('_', ' ')}"


@dataclass(eq=False)
class TenantPending(Forbidden):
    """No admin has approved the tenant yet: it can be set up, and nothing else."""

    name: str
    code: ClassVar[str] = "tenant_pending"

    def __str__(self) -> str:
        return f"{self.name} waits for approval; set it up meanwhile, its sales are kept"


@dataclass(eq=False)
class PersonSuspended(Forbidden):
    """An admin suspended this person."""

    code: ClassVar[str] = "person_suspended"

    def __str__(self) -> str:
        return "you are suspended; your points are safe. Ask support why"


@dataclass(eq=False)
class NotFound(Missing):
    """There is no such thing, or none that the caller may see."""

    what: str
    code: ClassVar[str] = "not_found"

    def __str__(self) -> str:
        return f"there is no such {self.what} here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person in one role, at the tenant that the address names, if it names one."""

    person: ConsumerId
    role: Role
    tenant: Tenant | None
    correlation: str

    @property
    def actor(self) -> str:
        """How books and audit rows call this person."""
        return f"person:{self.person}"

    def act(self, id_: UUID, reason: str = "") -> Act:
        """What this person sets out to do: staff on behalf of their tenant, others on their own."""
        staff = self.tenant if self.role in STAFF else None
        return Act(
            id=ActId(id_),
            actor=self.actor,
            on_behalf_of=f"tenant:{staff.id}" if staff else "",
            reason=reason.strip(),
            correlation=self.correlation,
        )

    @property
    def here(self) -> Tenant:
        """The tenant that the address names: of a route without one, a fault of ours."""
        if self.tenant is None:
            raise ValueError("this route's address names no tenant")
        return self.tenant
