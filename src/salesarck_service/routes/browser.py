"""Signing in with a browser, whose pages never see a token that opens anything."""

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, post
from litestar.params import FromQuery, JSONBody
from msgspec import Struct

from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.identity import TokenNotAccepted
from salesarck_domain.use_cases.sessions import SignIn, SignOut
from salesarck_service.contacts import Contacts
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.routes.sign_in import CodeTyped
from salesarck_service.security.browsers import check_page
from salesarck_service.security.front import Front
from salesarck_service.security.guards import PUBLIC
from salesarck_service.security.seal import Kept, Seal, no_cookie


class BrowserView(Struct):
    """What a page may know of its session: until when, and what to send as X-Page-Token."""

    page_token: str
    ends_at: datetime


class SignedInBrowser(BrowserView, kw_only=True):
    """The same, and the id of the person who signed in."""

    person: UUID


class BrowserController(Controller):
    """One-time codes for a sealed cookie."""

    path = "/v1/sign-in/browser"
    tags = ("sign in",)
    opt = PUBLIC

    @post(summary="Sign in with a browser", responses=problems(400, 401, 403, 429, 503))
    async def begin(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[CodeTyped],
        sign_in: Given[SignIn],
        contacts: Given[Contacts],
        seal: Given[Seal],
        front: Given[Front],
        real_clock: Given[Clock],
    ) -> Response[SignedInBrowser]:
        """Swap a code for a cookie. Only a page of ours may, or it could sign you in as another."""
        check_page(request.scope, front.origin)
        contact = contacts.read(data.phone, data.email, data.country)
        correlation = str(request.scope["state"]["correlation"])
        address = request.client.host if request.client else ""
        signed_in = await sign_in(contact, data.code, correlation, address)
        now = real_clock()
        kept = seal.begin(signed_in.session, now)
        view = SignedInBrowser(kept.page_token, kept.ends_at, person=signed_in.person)
        return Response(view, headers={"Set-Cookie": seal.cookie(kept, now)})

    @get(summary="Whether this browser is signed in", responses=problems(401, 503))
    async def read(self, request: Request[Any, Any, Any]) -> BrowserView:
        """Tell a page about its session."""
        kept: Kept | None = request.scope["state"].get("kept")
        if kept is None:
            raise TokenNotAccepted("there is none")
        return BrowserView(kept.page_token, kept.ends_at)

    @delete(
        summary="Sign out with a browser",
        response_headers={"Set-Cookie": no_cookie(), "Clear-Site-Data": '"cache", "storage"'},
        responses=problems(400, 403, 429, 503),
    )
    async def end(
        self,
        request: Request[Any, Any, Any],
        sign_out: Given[SignOut],
        everywhere: FromQuery[bool] = False,  # noqa: FBT002 - so it is written in the URL
    ) -> None:
        """End this browser's session, or all of its owner; who is signed out already stays so."""
        kept: Kept | None = request.scope["state"].get("kept")
        if kept is not None:
            with suppress(TokenNotAccepted):
                await sign_out(kept.access_token, everywhere=everywhere)
