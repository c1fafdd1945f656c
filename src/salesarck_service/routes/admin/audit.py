"""The audit: who did what to whom, and why; to be read, and to be taken away."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from salesarck_domain.audit import AuditNote
from salesarck_domain.ids import TenantId
from salesarck_domain.people import Permission
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.store import Books
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.routes.paging import LIMIT, Cursor, Limit, cursor_after, read_id
from salesarck_service.routes.views import PLAIN, NoteView
from salesarck_service.security.guards import asks

Target = Annotated[
    str | None,
    QueryParameter(min_length=1, max_length=254, pattern=PLAIN, description="Like consumer:…"),
]
CSV, LINES = "text/csv", "application/jsonl"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take text for a formula."""


class AuditView(Struct):
    """A page of audit rows, latest first. `next` is the cursor of the page after."""

    notes: Sequence[NoteView]
    next: str | None


def exported(media_type: str, *statuses: int) -> dict[int, ResponseSpec]:
    """Say in the API document that a route answers with a file."""
    page = ResponseSpec(str, description="A page", media_type=media_type, generate_examples=False)
    return {**problems(*statuses), 200: page}


class AuditController(Controller):
    """Audit rows of tenants, and of the platform."""

    path = "/v1/admin"
    tags = ("admin",)
    opt = asks(Permission.READ_AUDIT)

    @get("/audit", summary="Who did what", responses=problems(400, 401, 403, 503))
    async def platform(
        self,
        directory: Given[Directory],
        target: Target = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> AuditView:
        """List what admins did that is about no tenant: look-ups, suspended people."""
        place = read_id(cursor)
        return _page(await directory.notes(target=target, before=place, limit=limit + 1), limit)

    @get(
        "/audit/export.csv",
        summary="Take it away as CSV",
        responses=exported(CSV, 400, 401, 403, 503),
    )
    async def platform_as_csv(
        self,
        request: Request[Any, Any, Any],
        directory: Given[Directory],
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response[bytes]:
        """Write a page of it; the header `Link` leads to the next."""
        found = await directory.notes(before=read_id(cursor), limit=limit + 1)
        return _file(request, found, limit, CSV)

    @get(
        "/audit/export.jsonl",
        summary="Take it away as JSON lines",
        responses=exported(LINES, 400, 401, 403, 503),
    )
    async def platform_as_jsonl(
        self,
        request: Request[Any, Any, Any],
        directory: Given[Directory],
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response[bytes]:
        """Write a page of it; the header `Link` leads to the next."""
        found = await directory.notes(before=read_id(cursor), limit=limit + 1)
        return _file(request, found, limit, LINES)

    @get(
        "/tenants/{tenant:uuid}/audit",
        summary="Who did what with a tenant",
        responses=problems(400, 401, 403, 404, 503),
    )
    async def of_tenant(
        self,
        tenant: FromPath[UUID],
        books: Given[Books],
        target: Target = None,
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> AuditView:
        """List a tenant's audit rows; those about a target (`consumer:…`, `rules:…`), say."""
        found = await books.notes(
            TenantId(tenant), target=target, before=read_id(cursor), limit=limit + 1
        )
        return _page(found, limit)

    @get(
        "/tenants/{tenant:uuid}/audit/export.csv",
        summary="Take a tenant's away as CSV",
        responses=exported(CSV, 400, 401, 403, 404, 503),
    )
    async def tenant_as_csv(
        self,
        request: Request[Any, Any, Any],
        tenant: FromPath[UUID],
        books: Given[Books],
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response[bytes]:
        """Write a page of it; the header `Link` leads to the next."""
        found = await books.notes(TenantId(tenant), before=read_id(cursor), limit=limit + 1)
        return _file(request, found, limit, CSV)

    @get(
        "/tenants/{tenant:uuid}/audit/export.jsonl",
        summary="Take a tenant's away as JSON lines",
        responses=exported(LINES, 400, 401, 403, 404, 503),
    )
    async def tenant_as_jsonl(
        self,
        request: Request[Any, Any, Any],
        tenant: FromPath[UUID],
        books: Given[Books],
        cursor: Cursor = None,
        limit: Limit = LIMIT,
    ) -> Response[bytes]:
        """Write a page of it; the header `Link` leads to the next."""
        found = await books.notes(TenantId(tenant), before=read_id(cursor), limit=limit + 1)
        return _file(request, found, limit, LINES)


def _page(found: Sequence[AuditNote], limit: int) -> AuditView:
    page = found[:limit]
    more = len(found) > limit
    return AuditView(
        notes=[NoteView.of(note) for note in page],
        next=cursor_after(page[-1].id) if more else None,
    )


def _file(
    request: Request[Any, Any, Any], found: Sequence[AuditNote], limit: int, media_type: str
) -> Response[bytes]:
    page = _page(found, limit)
    headers: dict[str, str] = {}
    if page.next:
        query = f"?limit={limit}&cursor={page.next}"
        headers["Link"] = f'<{request.url.path}{query}>; rel="next"'
    return Response(WRITERS[media_type](page.notes), media_type=media_type, headers=headers)


def _as_lines(notes: Sequence[NoteView]) -> bytes:
    return b"".join(msgspec.json.encode(note) + b"\n" for note in notes)


def _as_csv(notes: Sequence[NoteView]) -> bytes:
    """Write rows for spreadsheets, in which no cell is a formula (RFC 4180; OWASP)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(NoteView.__struct_fields__)
    for note in notes:
        plain = msgspec.to_builtins(note)
        writer.writerow(_cell(plain[name]) for name in NoteView.__struct_fields__)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(FORMULA) else text


WRITERS: Mapping[str, Callable[[Sequence[NoteView]], bytes]] = {
    CSV: _as_csv,
    LINES: _as_lines,
}
