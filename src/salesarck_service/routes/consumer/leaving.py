"""A consumer's own data: all of it, and none of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec import Struct

from salesarck_domain.erasure import Erasure
from salesarck_domain.ids import ActId
from salesarck_domain.people import Permission
from salesarck_domain.ports.directory import Directory
from salesarck_domain.use_cases.erasing import EraseConsumer
from salesarck_domain.use_cases.exporting import ExportPerson
from salesarck_service.caller import Caller
from salesarck_service.contacts import Contacts
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.consumer.contacts import shown
from salesarck_service.routes.export import DOCUMENT, streamed
from salesarck_service.routes.sign_in import CodeTyped
from salesarck_service.routes.views import WalletView
from salesarck_service.security.addresses import address_of
from salesarck_service.security.guards import asks


class GivenUpView(Struct):
    """What goes for good: the points in all wallets, and the codes that are out."""

    points: int
    wallets: Sequence[WalletView]


class ErasedView(Struct):
    """Somebody is forgotten."""

    id: UUID
    erased_at: datetime

    @classmethod
    def of(cls, erasure: Erasure) -> Self:
        return cls(erasure.id, erasure.at)


class LeavingController(Controller):
    """Taking one's data out, and being forgotten."""

    path = "/v1/consumer"
    tags = ("consumer",)
    opt = asks(Permission.OWN_WALLET)

    @get("/export", summary="All your data", responses={**DOCUMENT, **problems(401, 404, 503)})
    async def export(self, caller: Given[Caller], export_person: Given[ExportPerson]) -> Stream:
        """Take out everything that is known of you, as one document."""
        return streamed(export_person, await export_person.person(caller.person))

    @get("/erasure", summary="What would you give up?", responses=problems(401, 409, 503))
    async def given_up(
        self,
        caller: Given[Caller],
        directory: Given[Directory],
        erase_consumer: Given[EraseConsumer],
    ) -> GivenUpView:
        """See which points you give up if you are erased. They can't be brought back."""
        accounts = await erase_consumer.gives_up(caller.person)
        wallets = [WalletView.of(it, await directory.tenant(it.tenant)) for it in accounts]
        return GivenUpView(sum(wallet.balance for wallet in wallets), wallets)

    @post(
        "/erasure",
        status_code=200,
        summary="Be forgotten",
        responses=problems(400, 401, 404, 409, 422, 429, 503),
    )
    async def erase(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[CodeTyped],
        caller: Given[Caller],
        once: Given[Once],
        contacts: Given[Contacts],
        erase_consumer: Given[EraseConsumer],
    ) -> ErasedView:
        """Show a contact of yours by a code, and be erased, for good: your points are gone too."""
        proof = shown(contacts, data)

        async def do(attempt: Attempt[ErasedView]) -> ErasedView:
            act = ActId(attempt.id("erasure"))
            return ErasedView.of(
                await erase_consumer.by_themselves(
                    caller.person, proof, act, caller.correlation, address_of(request)
                )
            )

        return await once.step_by_step(ErasedView, do)
