"""Who may do what: every route names the permission it asks for, or says that it is public."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import MAY, WHILE_PENDING, Evidence, Permission, Role
from salesarck_domain.ports.directory import Directory, TenantMissing
from salesarck_domain.ports.identity import Claims, TokenNotAccepted, TokenVerifier
from salesarck_domain.tenants import Tenant, TenantState
from salesarck_service.caller import (
    Caller,
    NotAllowed,
    PersonSuspended,
    TenantPending,
)

PUBLIC = {"public": True}
"""What a route says that asks nobody who they are."""

Connection = ASGIConnection[Any, Any, Any, Any]


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

    async def check(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Find the caller of a request, and keep them for the handler.

        Raises:
            TokenNotAccepted: nobody, or nobody we know.
            NotAllowed: their role doesn't stretch this far.
            TenantMissing: the address names no tenant of theirs.
            TenantSuspended: it names a suspended one.
            TenantPending: it names one that nobody approved, for more than setting it up.
            PersonSuspended: an admin suspended them.
        """
        if is_public(handler):
            return
        permission = permission_of(handler)
        if permission is None:
            raise NotAllowed("what no route declares")
        person = await self._person(connection.headers.get("authorization", ""))
        if await self.directory.is_suspended(person):
            raise PersonSuspended
        named = connection.path_params.get("tenant")
        role = await self._role(person, permission, TenantId(named) if named else None)
        tenant = await self.directory.tenant(TenantId(named)) if named else None
        if tenant and role is not Role.ADMIN:
            _check_standing(tenant, role, permission)
        correlation = str(connection.scope["state"]["correlation"])
        connection.scope["state"]["caller"] = Caller(
            person=person, role=role, tenant=tenant, correlation=correlation
        )

    async def _person(self, authorization: str) -> ConsumerId:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenNotAccepted("there is none")
        for evidence in _proved(await self.verifier.verify_token(token.strip())):
            if person := await self.directory.whose(evidence):
                return person
        raise TokenNotAccepted("it is nobody's we know")

    async def _role(
        self, person: ConsumerId, permission: Permission, tenant: TenantId | None
    ) -> Role:
        """Choose the role that gives the permission.

        A tenant of others is missing, exactly like one that isn't there.
        """
        if permission in MAY[Role.CONSUMER]:
            return Role.CONSUMER
        members = await self.directory.memberships(person)
        where = None if permission in MAY[Role.ADMIN] else tenant
        here = [member for member in members if member.tenant == where]
        if where and not here:
            raise TenantMissing(str(where))
        for member in here:
            if permission in MAY[member.role]:
                return member.role
        raise NotAllowed(permission)


def _check_standing(tenant: Tenant, role: Role, permission: Permission) -> None:
    """Let nobody but admins work with a tenant that doesn't take part.

    To those who don't work there, one that nobody approved yet is none.
    """
    tenant.check_not_suspended()
    if tenant.state is TenantState.PENDING and permission not in WHILE_PENDING:
        if role is Role.CONSUMER:
            raise TenantMissing(str(tenant.id))
        raise TenantPending(tenant.name)


def _proved(claims: Claims) -> Iterable[Evidence]:
    """What the token's owner has shown to be theirs, best first."""
    if claims.phone:
        yield Evidence.phone(claims.phone.number)
    if claims.email:
        yield Evidence.email(claims.email.address)
