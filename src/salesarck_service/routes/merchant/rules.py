"""A merchant's rules: what sales are worth, from when on, and what one sale would earn."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from salesarck_domain.ids import TenantId
from salesarck_domain.people import Permission
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.store import Books
from salesarck_domain.rules.version import RuleBook, RuleVersion
from salesarck_domain.use_cases.rules import PreviewSale, Publish, Published, Retire
from salesarck_service.caller import Caller, NotFound
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems
from salesarck_service.routes.views import AwardView, MinorUnits, Moment, in_our_time
from salesarck_service.security.guards import asks

Rules = Annotated[
    Sequence[Mapping[str, Any]],
    Meta(
        max_length=200,
        description="Each has a key `rule`; the reference lists the kinds and their keys.",
        examples=[[{"rule": "points_per_spend", "points": 1, "per": 100}]],
    ),
]
Amount = Annotated[MinorUnits, Meta(ge=0, le=10**12)]


class RulesDraft(Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A whole rule set, in force from a moment on: now, if left out."""

    rules: Rules
    from_: Moment | None = None


class Retirement(Struct, forbid_unknown_fields=True):
    """Whether no rules at all are wanted from now on."""

    force: bool = False


class SaleImagined(Struct, forbid_unknown_fields=True):
    """A sale that didn't happen, under the rules in force or others."""

    spend: Amount
    tax: Amount | None = None
    happened_at: Moment | None = None
    rules: Rules | None = None


class VersionView(Struct):
    """A rule version: frozen, numbered, and named by the hash of its content."""

    number: int
    rules: Sequence[Mapping[str, Any]]
    in_force_from: datetime
    published_at: datetime
    published_by: str
    content_hash: str
    in_force: bool

    @classmethod
    def of(cls, version: RuleVersion, *, in_force: bool) -> Self:
        return cls(
            number=version.number,
            rules=[rule.as_data() for rule in version.rules],
            in_force_from=version.in_force_from,
            published_at=version.published_at,
            published_by=version.published_by,
            content_hash=version.content_hash,
            in_force=in_force,
        )


class RetiredView(Struct):
    """No rules are in force from this moment on."""

    retired_at: datetime


class RulesController(Controller):
    """Rules of a tenant."""

    path = "/v1/merchant/tenants/{tenant:uuid}/rules"
    tags = ("merchant",)

    @get(
        "/",
        opt=asks(Permission.READ_RULES),
        summary="All versions",
        responses=problems(401, 403, 404, 503),
    )
    async def all(
        self,
        tenant: FromPath[UUID],
        books: Given[Books],
        clock: Given[Clock],
    ) -> Sequence[VersionView]:
        """List every version ever published, latest first, and which one is in force."""
        return _views(await books.rules(TenantId(tenant)), clock())

    @get(
        "/{number:int}",
        opt=asks(Permission.READ_RULES),
        summary="One version",
        responses=problems(401, 403, 404, 503),
    )
    async def one(
        self,
        tenant: FromPath[UUID],
        number: FromPath[int],
        books: Given[Books],
        clock: Given[Clock],
    ) -> VersionView:
        """Read a version by its number."""
        return _numbered(await books.rules(TenantId(tenant)), number, clock())

    @post(
        "/",
        opt=asks(Permission.CHANGE_RULES),
        summary="Publish rules",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def publish(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[RulesDraft],
        caller: Given[Caller],
        once: Given[Once],
        publish: Given[Publish],
    ) -> VersionView:
        """Freeze a rule set as the next version. Sales of a stretch without rules are judged."""
        here = TenantId(tenant)
        begins = in_our_time("from", data.from_)

        async def do(attempt: Attempt[VersionView]) -> Published:
            return await publish(
                here,
                data.rules,
                caller.actor,
                attempt.id("note"),
                begins,
                caller.correlation,
                attempt.receipt(_published),
            )

        return await once(VersionView, do)

    @post(
        "/retire",
        opt=asks(Permission.CHANGE_RULES),
        status_code=200,
        summary="End the rules",
        responses=problems(400, 401, 403, 404, 409, 422, 503),
    )
    async def retire(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[Retirement],
        caller: Given[Caller],
        once: Given[Once],
        retire: Given[Retire],
    ) -> RetiredView:
        """End all rules from now on. Refused unless `force` says that none are wanted."""
        here = TenantId(tenant)

        async def do(attempt: Attempt[RetiredView]) -> datetime:
            return await retire(
                here,
                caller.actor,
                attempt.id("note"),
                force=data.force,
                correlation=caller.correlation,
                receipt=attempt.receipt(RetiredView),
            )

        return await once(RetiredView, do)

    @post(
        "/preview",
        opt=asks(Permission.READ_RULES),
        status_code=200,
        summary="What would a sale earn?",
        responses=problems(400, 401, 403, 404, 409, 503),
    )
    async def preview(
        self,
        tenant: FromPath[UUID],
        data: JSONBody[SaleImagined],
        preview_sale: Given[PreviewSale],
    ) -> AwardView:
        """Judge an imagined sale under the rules in force, or under a draft. Nothing is written."""
        happened_at = in_our_time("happened_at", data.happened_at)
        return AwardView.of(
            await preview_sale(TenantId(tenant), data.spend, data.tax, happened_at, data.rules)
        )


def _views(book: RuleBook, now: datetime) -> Sequence[VersionView]:
    """Show a tenant's versions, latest first."""
    standing = book.in_force(now)
    return [
        VersionView.of(version, in_force=version == standing) for version in reversed(book.versions)
    ]


def _numbered(book: RuleBook, number: int, now: datetime) -> VersionView:
    for view in _views(book, now):
        if view.number == number:
            return view
    raise NotFound("rule version")


def _published(published: Published) -> VersionView:
    return VersionView.of(published.version, in_force=published.in_force)
