"""Who a signed-in person is to us."""

from collections.abc import Sequence
from uuid import UUID

from litestar import get
from msgspec import Struct

from salesarck_domain.people import Permission, Role
from salesarck_domain.ports.directory import Directory
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.security.guards import asks


class MembershipView(Struct):
    """A role at a tenant or, without one, on the platform."""

    role: Role
    tenant: UUID | None
    tenant_name: str | None


class ProfileView(Struct):
    """A person, what they proved to be theirs, and where they work."""

    person: UUID
    proved: Sequence[str]
    works: Sequence[MembershipView]


@get(
    "/v1/consumer/profile",
    opt=asks(Permission.OWN_WALLET),
    tags=("consumer",),
    summary="Who am I?",
    responses=problems(401, 503),
)
async def profile(caller: Given[Caller], directory: Given[Directory]) -> ProfileView:
    """Read your own id, your phones and addresses, and your roles with tenants."""
    proofs = await directory.evidence_of(caller.person)
    works = [
        MembershipView(
            member.role,
            member.tenant,
            (await directory.tenant(member.tenant)).name if member.tenant else None,
        )
        for member in await directory.memberships(caller.person)
    ]
    return ProfileView(caller.person, [proof.evidence.value for proof in proofs], works)
