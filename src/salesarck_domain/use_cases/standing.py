"""Works with a tenant that is looked at again under its lock: it may just have been suspended."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from salesarck_domain.ids import TenantId
from salesarck_domain.ports.store import BeginWork, Work


@dataclass(frozen=True, slots=True)
class BeginUnlessSuspended:
    """Opens works for everybody but admins. A suspension waits for those that are open."""

    begin: BeginWork

    @asynccontextmanager
    async def __call__(self, tenant: TenantId, *, alone: bool = False) -> AsyncGenerator[Work]:
        """Open a work, unless the tenant was suspended after its caller was let in.

        Raises:
            TenantMissing: there is no such tenant.
            TenantSuspended: it is suspended.
            StoreUnavailable: the database isn't there, or gave up.
        """
        async with self.begin(tenant, alone=alone) as work:
            work.tenant.check_not_suspended()
            yield work
