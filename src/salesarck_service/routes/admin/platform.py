"""An operator's view of deliveries: what waits in the inbox, and who shook hands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, get
from litestar.params import QueryParameter
from msgspec import Struct

from salesarck_domain.people import Permission
from salesarck_domain.ports.inbox import OUTCOMES, Inbox, InboxRow, RowState
from salesarck_service.given import Given
from salesarck_service.problems import problems, request_invalid
from salesarck_service.routes.paging import LIMIT, Cursor, Limit, cursor_after, read_id
from salesarck_service.routes.views import PLAIN
from salesarck_service.security.guards import asks

READ = asks(Permission.READ_PLATFORM)
STATES = frozenset({*(state.value for state in RowState), *OUTCOMES})
Where = Annotated[
    str, QueryParameter(name="state", max_length=40, description="A state, or an outcome.")
]
Text = Annotated[str, QueryParameter(min_length=1, max_length=254, pattern=PLAIN)]


class RowView(Struct):
    """An inbox row, without what was delivered: that may name people."""

    id: UUID
    provider: str
    merchant: str | None
    key: str
    state: RowState
    outcome: str | None
    error: str | None
    attempts: int
    deliveries: int
    received_at: datetime
    due_at: datetime
    correlation: str

    @classmethod
    def of(cls, row: InboxRow) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.__struct_fields__})


class InboxView(Struct):
    """How many rows are where, and a page of those that were asked for."""

    states: Mapping[str, int]
    outcomes: Mapping[str, int]
    told_differently: int
    clock_ahead: int
    rows: Sequence[RowView]
    next: str | None


class HandshakeView(Struct):
    """A code that a provider wants copied into its dashboard. Nobody has vouched for it."""

    code: str
    at: datetime


class PlatformController(Controller):
    """For operators of the platform."""

    path = "/v1/admin"
    tags = ("admin",)

    @get("/inbox", opt=READ, summary="The inbox", responses=problems(400, 401, 403, 503))
    async def rows(
        self,
        inbox: Given[Inbox],
        where: Where = RowState.PARKED.value,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> InboxView:
        """Count deliveries, and list those in a state, or with an outcome, latest first."""
        if where not in STATES:
            raise request_invalid("state", f"one of {', '.join(sorted(STATES))}", "query")
        counts = await inbox.counts()
        found = await inbox.rows(where, read_id(cursor), limit + 1)
        page = found[:limit]
        return InboxView(
            states=counts.states,
            outcomes=counts.outcomes,
            told_differently=counts.told_differently,
            clock_ahead=counts.clock_ahead,
            rows=[RowView.of(row) for row in page],
            next=cursor_after(page[-1].id) if len(found) > limit else None,
        )

    @get("/handshakes", opt=READ, summary="Handshakes", responses=problems(400, 401, 403, 503))
    async def handshakes(
        self, inbox: Given[Inbox], provider: Text = "clover"
    ) -> Sequence[HandshakeView]:
        """List the last codes that a provider wants copied into its dashboard."""
        return [HandshakeView(code, at) for at, code in await inbox.handshakes(provider)]
