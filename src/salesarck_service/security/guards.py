"""Who may do what: every route names the permission it asks for, or says that it is public."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from salesarck_domain.errors import SalesArckError
from salesarck_domain.ids import TenantId
from salesarck_domain.people import MAY, WHILE_PENDING, Member, Permission, Role
from salesarck_domain.ports.directory import Directory, TenantMissing
from salesarck_domain.ports.identity import Claims, TokenNotAccepted, TokenVerifier
from salesarck_domain.ports.revocations import Revocations
from salesarck_domain.tenants import Tenant, TenantState
from salesarck_domain.use_cases.sessions import shown, whose
from salesarck_service.caller import Caller, NotAllowed, PersonSuspended, TenantPending
from salesarck_service.security.addresses import Connection
from salesarck_service.security.limits import RequestLimits

PUBLIC = {"public": True}
"""What a route says that asks nobody who they are."""


def asks(permission: Permission) -> dict[str, Permission]:
    """What a route says that asks for a permission."""
    return {"permission": permission}


def is_public(handler: BaseRouteHandler) -> bool:
    """Whether a route asks nobody; what lists a path's methods never does."""
    methods = handler.http_methods if isinstance(handler, HTTPRouteHandler) else set[Any]()
    return handler.opt.get("public") is True or methods == {"OPTIONS"}


def permission_of(handler: BaseRouteHandler) -> Permission | None:
    """The permission that a route asks for, if it declares one."""
    declared = handler.opt.get("permission")
    return declared if isinstance(declared, Permission) else None


def undeclared(routes: Iterable[BaseRoute]) -> list[str]:
    """List the routes that say neither what they ask for nor that they are public."""
    return sorted(
        f"{' '.join(sorted(handler.http_methods))} {route.path}"
        for route in routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if not is_public(handler) and permission_of(handler) is None
    )


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Lets a request through to its handler, or doesn't. What nobody declared is refused."""

    verifier: TokenVerifier
    directory: Directory
    revocations: Revocations
    limits: RequestLimits

    async def check(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Find the caller of a request, and keep them for the handler.

        Raises:
            LimitReached: too many requests came from there, or from them.
            TokenNotAccepted: nobody, or nobody we know, or ended before its time.
            NotAllowed: their role doesn't stretch this far.
            TenantMissing: the address names no tenant of theirs.
            TenantSuspended: it names a suspended one.
            TenantPending: it names one that nobody approved, for more than setting it up.
            PersonSuspended: an admin suspended them.
        """
        if is_public(handler):
            await self.limits.check(connection, handler, None)
            return
        permission = permission_of(handler)
        if permission is None:
            raise NotAllowed("what no route declares")
        claims = await self._claims(connection, handler)
        person = await whose(self.directory, claims)
        if person is None:
            raise TokenNotAccepted("it is nobody's we know")
        if await self.directory.is_suspended(person):
            raise PersonSuspended
        named = connection.path_params.get("tenant")
        asked = Asked(
            permission=permission,
            named=TenantId(named) if named else None,
            tenant=await self._tenant(TenantId(named)) if named else None,
            members=()
            if permission in MAY[Role.CONSUMER]
            else await self.directory.memberships(person),
        )
        if not await self.revocations.stands(shown(claims, person, asked.place)):
            raise TokenNotAccepted("it was ended before its time")
        correlation = str(connection.scope["state"]["correlation"])
        connection.scope["state"]["caller"] = Caller(
            person=person, role=asked.role(), tenant=asked.tenant, correlation=correlation
        )

    async def _claims(self, connection: Connection, handler: BaseRouteHandler) -> Claims:
        """Read the token, and count the request, also where there is no good one."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer" or not token:
                raise TokenNotAccepted("there is none")
            claims = await self.verifier.verify_token(token.strip())
        except SalesArckError:
            await self.limits.check(connection, handler, None)
            raise
        await self.limits.check(connection, handler, claims.subject)
        return claims

    async def _tenant(self, named: TenantId) -> Tenant | None:
        """Find a tenant. One that isn't there is refused later, like one of others."""
        try:
            return await self.directory.tenant(named)
        except TenantMissing:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a route asks of its caller, and what our tables say of them."""

    permission: Permission
    named: TenantId | None
    tenant: Tenant | None
    members: Sequence[Member]

    @property
    def place(self) -> TenantId | None:
        """Where a token must not have been ended: a tenant that the caller knows to be there.

        At a suspended one everybody is told that it is suspended, whatever they show.
        """
        if self.tenant is None or self.tenant.state is TenantState.SUSPENDED:
            return None
        is_theirs = self.permission in MAY[Role.CONSUMER] or any(
            member.tenant in {None, self.named} for member in self.members
        )
        return self.named if is_theirs else None

    def role(self) -> Role:
        """Choose the role that gives the permission, if the tenant lets anybody work.

        A tenant of others is missing, exactly like one that isn't there.

        Raises:
            NotAllowed: no role of theirs stretches this far.
            TenantMissing: the address names no tenant of theirs.
            TenantSuspended: it names a suspended one.
            TenantPending: it names one that nobody approved, for more than setting it up.
        """
        role = self._role()
        if self.named and self.tenant is None:
            raise TenantMissing(str(self.named))
        if self.tenant and role is not Role.ADMIN:
            _check_standing(self.tenant, role, self.permission)
        return role

    def _role(self) -> Role:
        if self.permission in MAY[Role.CONSUMER]:
            return Role.CONSUMER
        where = None if self.permission in MAY[Role.ADMIN] else self.named
        here = [member for member in self.members if member.tenant == where]
        if where and not here:
            raise TenantMissing(str(where))
        for member in here:
            if self.permission in MAY[member.role]:
                return member.role
        raise NotAllowed(self.permission)


def _check_standing(tenant: Tenant, role: Role, permission: Permission) -> None:
    """Let nobody but admins work with a tenant that doesn't take part.

    To those who don't work there, one that nobody approved yet is none.
    """
    tenant.check_not_suspended()
    if tenant.state is TenantState.PENDING and permission not in WHILE_PENDING:
        if role is Role.CONSUMER:
            raise TenantMissing(str(tenant.id))
        raise TenantPending(tenant.name)
