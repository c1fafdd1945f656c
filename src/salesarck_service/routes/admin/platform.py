"""An operator's view: whose wallet is it, what waits in the inbox, who did what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import DeductPoints, GrantPoints
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.ledger.entry import ToldDifferently
from salesarck_domain.people import Evidence, Permission
from salesarck_domain.phone import Phone
from salesarck_domain.points import POINTS_MAX
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.inbox import OUTCOMES, Inbox, InboxRow, RowState
from salesarck_domain.ports.store import Books, Store
from salesarck_domain.use_cases.wallets import AdjustWallet
from salesarck_service.caller import Caller, NotFound, OwnWallet
from salesarck_service.contacts import Contacts
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems, request_invalid
from salesarck_service.routes.paging import LIMIT, Cursor, Limit, cursor_after, read_id
from salesarck_service.routes.views import WalletView
from salesarck_service.security.guards import asks

PLAIN = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""Text with something to read in it, and without what no database keeps."""

READ = asks(Permission.READ_PLATFORM)
STATES = frozenset({*(state.value for state in RowState), *OUTCOMES})
Where = Annotated[
    str, QueryParameter(name="state", max_length=40, description="A state, or an outcome.")
]
Country = Annotated[
    str | None, QueryParameter(pattern="^[A-Z]{2}$", description="ISO 3166, like US.")
]
Contact = Annotated[str | None, QueryParameter(min_length=1, max_length=254)]
Text = Annotated[str, QueryParameter(min_length=1, max_length=254, pattern=PLAIN)]


class ConsumerView(Struct):
    """A person and their wallets."""

    id: UUID
    wallets: Sequence[WalletView]


class Adjustment(Struct, forbid_unknown_fields=True):
    """Points to give or take by hand, and why."""

    kind: Literal["grant", "deduct"]
    points: Annotated[int, Meta(ge=1, le=POINTS_MAX, examples=[50])]
    reason: Annotated[
        str, Meta(min_length=1, max_length=500, pattern=PLAIN, examples=["for the wait"])
    ]


class AdjustedView(Struct):
    """What the wallet holds after it."""

    act: UUID
    balance: int
    owed: int
    seq: int


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


class NoteView(Struct):
    """Who did what, and why."""

    id: UUID
    actor: str
    action: str
    target: str
    reason: str
    at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @classmethod
    def of(cls, note: AuditNote) -> Self:
        return cls(**{name: getattr(note, name) for name in cls.__struct_fields__})


class HandshakeView(Struct):
    """A code that a provider wants copied into its dashboard. Nobody has vouched for it."""

    code: str
    at: datetime


class PlatformController(Controller):
    """For operators of the platform."""

    path = "/v1/admin"
    tags = ("admin",)

    @get(
        "/consumers", opt=READ, summary="Whose phone?", responses=problems(400, 401, 403, 404, 503)
    )
    async def consumer(
        self,
        contacts: Given[Contacts],
        directory: Given[Directory],
        books: Given[Books],
        phone: Contact = None,
        email: Contact = None,
        country: Country = None,
    ) -> ConsumerView:
        """Find a consumer by a phone, in any spelling, or an e-mail, with all their wallets."""
        contact = contacts.read(phone, email, country, "query")
        known = Evidence.phone if isinstance(contact, Phone) else Evidence.email
        person = await directory.whose(known(str(contact)))
        if person is None:
            raise NotFound("consumer")
        accounts = await books.accounts_of(person)
        wallets = [
            WalletView.of(account, await directory.tenant(account.tenant)) for account in accounts
        ]
        return ConsumerView(person, wallets)

    @post(
        "/tenants/{tenant:uuid}/consumers/{consumer:uuid}/adjustments",
        opt=asks(Permission.ADJUST_WALLETS),
        summary="Give or take points",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def adjust(
        self,
        tenant: FromPath[UUID],
        consumer: FromPath[UUID],
        data: JSONBody[Adjustment],
        caller: Given[Caller],
        once: Given[Once],
        adjust_wallet: Given[AdjustWallet],
        store: Given[Store],
        directory: Given[Directory],
    ) -> AdjustedView:
        """Move points by hand, with a reason that is kept."""
        who = ConsumerId(consumer)
        if who == caller.person:
            raise OwnWallet
        if not await directory.evidence_of(who):
            raise NotFound("consumer")

        async def do(attempt: Attempt) -> AdjustedView:
            act = ActId(attempt.id("act"))
            kind = GrantPoints if data.kind == "grant" else DeductPoints
            deed = kind(consumer=who, points=data.points, id=act)
            try:
                done = await adjust_wallet(
                    TenantId(tenant), deed, data.reason, caller.actor, caller.correlation
                )
            except ToldDifferently:
                return await _adjusted_before(store, TenantId(tenant), act)
            return AdjustedView(act, done.balance, done.owed, done.seq)

        return await once(AdjustedView, do)

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

    @get(
        "/tenants/{tenant:uuid}/audit",
        opt=READ,
        summary="Who did what",
        responses=problems(400, 401, 403, 404, 503),
    )
    async def audit(
        self, tenant: FromPath[UUID], target: Text, books: Given[Books]
    ) -> Sequence[NoteView]:
        """List the audit rows about a target (`consumer:…`, `rules:…`), oldest first."""
        return [NoteView.of(note) for note in await books.notes(TenantId(tenant), target)]

    @get("/handshakes", opt=READ, summary="Handshakes", responses=problems(400, 401, 403, 503))
    async def handshakes(
        self, inbox: Given[Inbox], provider: Text = "clover"
    ) -> Sequence[HandshakeView]:
        """List the last codes that a provider wants copied into its dashboard."""
        return [HandshakeView(code, at) for at, code in await inbox.handshakes(provider)]


async def _adjusted_before(store: Store, tenant: TenantId, act: ActId) -> AdjustedView:
    """Answer as the attempt did that made this adjustment."""
    async with store.begin(tenant) as work:
        note = await work.noted(act)
    after: Mapping[str, object] = note.after if note else {}
    balance, owed, seq = (int(str(after[name])) for name in ("balance", "owed", "seq"))
    return AdjustedView(act, balance, owed, seq)
