"""A person's data, for an admin who acts on their behalf."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import Struct

from salesarck_domain.ids import ActId, ConsumerId, Randomness, uuid7
from salesarck_domain.ledger.wallet import By
from salesarck_domain.people import Permission
from salesarck_domain.ports.clock import Clock
from salesarck_domain.use_cases.erasing import EraseConsumer
from salesarck_domain.use_cases.exporting import ExportPerson
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.consumer.leaving import ErasedView
from salesarck_service.routes.export import DOCUMENT, streamed
from salesarck_service.routes.views import Reason
from salesarck_service.security.guards import asks
from salesarck_service.telemetry.redaction import redacted_text


class ErasureAsked(Struct, forbid_unknown_fields=True):
    """Why. It is kept without whatever looks like a phone or an e-mail, so name nobody."""

    reason: Reason


class AdminLeavingController(Controller):
    """Taking a person's data out, and erasing them."""

    path = "/v1/admin/consumers/{consumer:uuid}"
    tags = ("admin",)

    @get(
        "/export",
        opt=asks(Permission.EXPORT_PEOPLE),
        summary="All data of a person",
        responses={**DOCUMENT, **problems(401, 403, 404, 503)},
    )
    async def export(
        self,
        consumer: FromPath[UUID],
        caller: Given[Caller],
        clock: Given[Clock],
        randomness: Given[Randomness],
        export_person: Given[ExportPerson],
    ) -> Stream:
        """Take out everything that is known of a person; that you did stands in the audit log."""
        person = await export_person.person(ConsumerId(consumer))
        by = By(caller.actor, clock(), caller.correlation)
        await export_person.note(person.id, ActId(uuid7(by.at, randomness(10))), by)
        return streamed(export_person, person)

    @post(
        "/erasure",
        status_code=200,
        opt=asks(Permission.ERASE_PEOPLE),
        summary="Erase a person",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def erase(
        self,
        consumer: FromPath[UUID],
        data: JSONBody[ErasureAsked],
        caller: Given[Caller],
        once: Given[Once],
        clock: Given[Clock],
        erase_consumer: Given[EraseConsumer],
    ) -> ErasedView:
        """Erase a person for good, as they asked: their points are gone, the books stay."""

        async def do(attempt: Attempt[ErasedView]) -> ErasedView:
            by = By(caller.actor, clock(), caller.correlation)
            act = ActId(attempt.id("erasure"))
            reason = redacted_text(data.reason.strip())
            return ErasedView.of(await erase_consumer(ConsumerId(consumer), act, by, reason))

        return await once.step_by_step(ErasedView, do)
