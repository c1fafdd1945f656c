"""People and their wallets, as an admin finds, suspends and freezes them."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import Evidence, Permission
from salesarck_domain.phone import Phone
from salesarck_domain.use_cases.platform import Found, PeopleDesk
from salesarck_service.caller import Caller
from salesarck_service.contacts import Contacts
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.views import Because, Reason, WalletView
from salesarck_service.security.guards import asks

Typed = Annotated[str, Meta(min_length=1, max_length=254)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166, like US.")]
ABOUT = "/tenants/{tenant:uuid}/consumers/{consumer:uuid}"


class LookUp(Struct, forbid_unknown_fields=True):
    """A phone, in any spelling, or an e-mail address, and why it is asked for.

    It comes in the body: addresses are written into logs.
    """

    phone: Typed | None = None
    email: Typed | None = None
    country: Country | None = None
    reason: Reason | None = None


class PersonView(Struct):
    """A person, whether they are suspended, and their wallets."""

    id: UUID
    suspended: bool
    wallets: Sequence[WalletView]

    @classmethod
    def of(cls, found: Found) -> Self:
        wallets = [WalletView.of(it, found.tenants[it.tenant]) for it in found.accounts]
        return cls(found.person, found.suspended, wallets)


class FrozenView(Struct):
    """Whether a wallet is frozen."""

    tenant: UUID
    consumer: UUID
    frozen: bool


class PeopleController(Controller):
    """People, for admins."""

    path = "/v1/admin"
    tags = ("admin",)

    @post(
        "/look-ups",
        status_code=200,
        opt=asks(Permission.FIND_PEOPLE),
        summary="Whose phone?",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def look_up(
        self,
        data: JSONBody[LookUp],
        caller: Given[Caller],
        once: Given[Once],
        contacts: Given[Contacts],
        people_desk: Given[PeopleDesk],
    ) -> PersonView:
        """Find a person by a phone or an e-mail, with all their wallets. The look-up is audited."""
        contact = contacts.read(data.phone, data.email, data.country)
        known = Evidence.phone if isinstance(contact, Phone) else Evidence.email

        async def do(attempt: Attempt[PersonView]) -> Found:
            act = caller.act(attempt.id("look_up"), data.reason or "")
            receipt = attempt.receipt(PersonView.of)
            return await people_desk.find(known(str(contact)), act, receipt)

        return await once(PersonView, do)

    @get(
        "/people/{person:uuid}",
        opt=asks(Permission.FIND_PEOPLE),
        summary="One person",
        responses=problems(401, 403, 404, 503),
    )
    async def one(
        self,
        person: FromPath[UUID],
        people_desk: Given[PeopleDesk],
    ) -> PersonView:
        """Read whether a person is suspended, and all their wallets."""
        return PersonView.of(await people_desk.show(ConsumerId(person)))

    @post(
        "/people/{person:uuid}/suspend",
        status_code=200,
        opt=asks(Permission.SUSPEND_PEOPLE),
        summary="Suspend a person",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def suspend(
        self,
        person: FromPath[UUID],
        data: JSONBody[Because],
        caller: Given[Caller],
        once: Given[Once],
        people_desk: Given[PeopleDesk],
    ) -> PersonView:
        """Let a person do nothing more, from their next request on."""

        async def do(attempt: Attempt[PersonView]) -> Found:
            act = caller.act(attempt.id("person"), data.reason)
            receipt = attempt.receipt(PersonView.of)
            return await people_desk.suspend(
                ConsumerId(person), act, suspended=True, receipt=receipt
            )

        return await once(PersonView, do)

    @post(
        "/people/{person:uuid}/reinstate",
        status_code=200,
        opt=asks(Permission.SUSPEND_PEOPLE),
        summary="Reinstate a person",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def reinstate(
        self,
        person: FromPath[UUID],
        data: JSONBody[Because],
        caller: Given[Caller],
        once: Given[Once],
        people_desk: Given[PeopleDesk],
    ) -> PersonView:
        """End a person's suspension."""

        async def do(attempt: Attempt[PersonView]) -> Found:
            act = caller.act(attempt.id("person"), data.reason)
            receipt = attempt.receipt(PersonView.of)
            return await people_desk.suspend(
                ConsumerId(person), act, suspended=False, receipt=receipt
            )

        return await once(PersonView, do)

    @post(
        f"{ABOUT}/freeze",
        status_code=200,
        opt=asks(Permission.FREEZE_WALLETS),
        summary="Freeze a wallet",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def freeze(
        self,
        tenant: FromPath[UUID],
        consumer: FromPath[UUID],
        data: JSONBody[Because],
        caller: Given[Caller],
        once: Given[Once],
        people_desk: Given[PeopleDesk],
    ) -> FrozenView:
        """Stop codes and adjustments of a wallet. It still earns, refunds and expires."""
        return await _freeze(
            once, people_desk, TenantId(tenant), ConsumerId(consumer), caller, data, frozen=True
        )

    @post(
        f"{ABOUT}/unfreeze",
        status_code=200,
        opt=asks(Permission.FREEZE_WALLETS),
        summary="Let a wallet go on",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def unfreeze(
        self,
        tenant: FromPath[UUID],
        consumer: FromPath[UUID],
        data: JSONBody[Because],
        caller: Given[Caller],
        once: Given[Once],
        people_desk: Given[PeopleDesk],
    ) -> FrozenView:
        """Let a frozen wallet issue and redeem codes again, and take adjustments."""
        return await _freeze(
            once, people_desk, TenantId(tenant), ConsumerId(consumer), caller, data, frozen=False
        )


async def _freeze(
    once: Once,
    people_desk: PeopleDesk,
    tenant: TenantId,
    consumer: ConsumerId,
    caller: Caller,
    data: Because,
    *,
    frozen: bool,
) -> FrozenView:
    async def do(attempt: Attempt[FrozenView]) -> bool:
        act = caller.act(attempt.id("wallet"), data.reason)
        receipt = attempt.receipt(partial(FrozenView, tenant, consumer))
        return await people_desk.freeze(tenant, consumer, act, frozen=frozen, receipt=receipt)

    return await once(FrozenView, do)
