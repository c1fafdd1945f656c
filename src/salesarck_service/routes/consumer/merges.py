"""Two accounts of one consumer, made one and parted again."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from litestar import Controller, Request, delete, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from salesarck_domain.ids import ActId
from salesarck_domain.people import AccountMerge, Permission
from salesarck_domain.use_cases.merging import UNDO_WITHIN, MergeAccounts
from salesarck_service.caller import Caller
from salesarck_service.contacts import Contacts
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.consumer.contacts import shown
from salesarck_service.routes.sign_in import CodeTyped
from salesarck_service.security.addresses import address_of
from salesarck_service.security.guards import asks


class MergeAsked(Struct, forbid_unknown_fields=True):
    """A contact of each account, each with the code that was sent there."""

    mine: CodeTyped
    other: CodeTyped


class MergeView(Struct):
    """A merge, and until when it can be undone."""

    id: UUID
    absorbed: UUID
    survivor: UUID
    merged_at: datetime
    undo_until: datetime

    @classmethod
    def of(cls, merge: AccountMerge) -> Self:
        until = merge.at + UNDO_WITHIN
        return cls(merge.id, merge.absorbed, merge.survivor, merge.at, until)


class MergesController(Controller):
    """Making accounts one."""

    path = "/v1/consumer/merges"
    tags = ("consumer",)
    opt = asks(Permission.OWN_WALLET)

    @post(summary="Merge your other account", responses=problems(400, 401, 404, 409, 422, 429, 503))
    async def merge(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[MergeAsked],
        caller: Given[Caller],
        once: Given[Once],
        contacts: Given[Contacts],
        merge_accounts: Given[MergeAccounts],
    ) -> MergeView:
        """Bring the other account's points here, with their ends. Its live codes are taken back."""
        mine, other = shown(contacts, data.mine), shown(contacts, data.other)

        async def do(attempt: Attempt[MergeView]) -> MergeView:
            act = ActId(attempt.id("merge"))
            merged = await merge_accounts(
                caller.person, mine, other, act, caller.correlation, address_of(request)
            )
            return MergeView.of(merged)

        return await once.step_by_step(MergeView, do)

    @delete(
        "/{merge:uuid}",
        status_code=200,
        summary="Part them again",
        responses=problems(400, 401, 404, 409, 422, 503),
    )
    async def undo(
        self,
        merge: FromPath[UUID],
        caller: Given[Caller],
        once: Given[Once],
        merge_accounts: Given[MergeAccounts],
    ) -> MergeView:
        """Give back what is still there of it, within thirty days."""

        async def do(attempt: Attempt[MergeView]) -> MergeView:
            act = ActId(attempt.id("undo"))
            undone = await merge_accounts.undo(caller.person, ActId(merge), act, caller.correlation)
            return MergeView.of(undone)

        return await once.step_by_step(MergeView, do)
