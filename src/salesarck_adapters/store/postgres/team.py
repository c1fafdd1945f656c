"""A tenant's team in Postgres. The work is alone with its tenant, which is the lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.rows import invitation_of, invitation_values, member_of
from salesarck_adapters.store.postgres.statements import write
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import Invitation, Member


def check_alone(*, alone: bool) -> None:
    """See to it that what everything rests on changes while nobody else works."""
    if not alone:
        raise ValueError("rules, terms and teams change only in a work that is alone")


@dataclass(frozen=True, slots=True)
class PostgresTeam:
    """The team of one work's tenant."""

    connection: AsyncConnection
    tenant: TenantId
    alone: bool

    async def members(self) -> Sequence[Member]:
        """Read everybody's role, by person."""
        table = schema.member
        found = select(table).where(table.c.tenant_id == self.tenant).order_by(table.c.person_id)
        return [member_of(row) for row in await self.connection.execute(found)]

    async def employ(self, member: Member) -> None:
        """Write a role, over the one that is there."""
        check_alone(alone=self.alone)
        statement = insert(schema.member).values(
            person_id=member.person, tenant_id=self.tenant, role=member.role.value
        )
        await self.connection.execute(
            statement.on_conflict_do_update(
                constraint="member_person_id_tenant_id_key",
                set_={"role": statement.excluded.role},
            )
        )

    async def dismiss(self, person: ConsumerId) -> None:
        """Delete a role."""
        check_alone(alone=self.alone)
        table = schema.member
        which = (table.c.tenant_id == self.tenant) & (table.c.person_id == person)
        await self.connection.execute(delete(table).where(which))

    async def invitations(self, now: datetime) -> Sequence[Invitation]:
        """Read the invitations that are open, latest id first."""
        table = schema.invitation
        found = select(table).where(table.c.tenant_id == self.tenant, table.c.expires_at > now)
        rows = await self.connection.execute(found.order_by(table.c.id.desc()))
        return [invitation_of(row) for row in rows]

    async def invite(self, invitation: Invitation) -> None:
        """Write an invitation, over an earlier one."""
        check_alone(alone=self.alone)
        await write(self.connection, schema.invitation, [invitation_values(invitation)])

    async def close(self, invitation: UUID) -> None:
        """Delete an invitation."""
        check_alone(alone=self.alone)
        table = schema.invitation
        which = (table.c.tenant_id == self.tenant) & (table.c.id == invitation)
        await self.connection.execute(delete(table).where(which))
