"""Browsers: a sealed cookie stands for the token that other callers show.

Behind this a browser's request looks like any other, so there is one doorkeeper for all. Whoever
shows a token of their own is not looked at here.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from salesarck_domain.errors import Unavailable
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.identity import Identity, SessionEnded
from salesarck_service.problems import ProblemError, send_problem
from salesarck_service.security.seal import COOKIE, Kept, Seal, no_cookie

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PAGE_TOKEN = "x-page-token"  # noqa: S105 - the name of a header
EARLY = timedelta(seconds=60)
"""So long before its end a token is renewed: it has to last for the request."""


@dataclass(frozen=True, slots=True)
class Browsers:
    """Puts a browser's token where the doorkeeper looks, and renews it when its time comes."""

    app: ASGIApp
    origin: str
    seal: Seal
    identity: Identity
    real_clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        text = _cookie(scope) if scope["type"] == ScopeType.HTTP else None
        if scope["type"] != ScopeType.HTTP or text is None:
            await self.app(scope, receive, send)
            return
        kept, now = self.seal.open(text), self.real_clock()
        try:
            fresh = await self._fresh(scope, kept, now) if kept else None
            if fresh is None:
                send = _giving(no_cookie(), send)
            elif fresh is not kept:
                send = _giving(self.seal.cookie(fresh, now), send)
        except (ProblemError, Unavailable) as error:
            await send_problem(scope, send, error)
            return
        if fresh:
            bearer = (b"authorization", f"Bearer {fresh.access_token}".encode())
            scope["headers"] = [*scope["headers"], bearer]
            scope["state"]["kept"] = fresh
        await self.app(scope, receive, send)

    async def _fresh(self, scope: HTTPScope, kept: Kept, now: datetime) -> Kept | None:
        """Give the session as it is now; nothing, if it is over.

        Raises:
            ProblemError: a page of somebody else asks.
            IdentityBusy, IdentityUnavailable: it can't be renewed just now.
        """
        if kept.ends_at <= now:
            return None
        check_page(scope, self.origin, kept.page_token)
        if now < kept.expires_at - EARLY:
            return kept
        client = scope["client"]
        try:
            session = await self.identity.refresh(kept.refresh_token, client[0] if client else "")
        except SessionEnded:
            return None
        except Unavailable:
            if now < kept.expires_at:
                return kept
            raise
        return kept.with_session(session)


def check_page(scope: HTTPScope, origin: str, page_token: str | None = None) -> None:
    """Make sure that what changes something was asked by a page of ours.

    Browsers say where a request comes from (Sec-Fetch-Site, or Origin), and pages can't lie about
    it. Of one that says nothing the page's token is asked.

    Raises:
        ProblemError: it was not.
    """
    if scope["method"] in SAFE:
        return
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    site, from_ = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None:
        is_ours = site == "same-origin"
    elif from_ is not None:
        is_ours = from_ == origin
    else:
        given = headers.get(PAGE_TOKEN.encode(), "")
        is_ours = page_token is not None and hmac.compare_digest(
            given.encode(), page_token.encode()
        )
    if not is_ours:
        detail = "this was not asked by a page of ours; a program signs in for a token instead"
        raise ProblemError(HTTPStatus.FORBIDDEN, "foreign_page", detail)


def _cookie(scope: HTTPScope) -> str | None:
    """Find the sealed session, unless the caller shows a token of their own."""
    found = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            return None
        if name == b"cookie":
            for part in value.decode("latin-1").split(";"):
                called, _, text = part.strip().partition("=")
                found = text if called == COOKIE else found
    return found


def _giving(cookie: str, send: Send) -> Send:
    """Hand out a cookie with an answer, which then nobody else may keep; a route's goes first."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            if "set-cookie" not in headers:
                headers["set-cookie"] = cookie
                headers["cache-control"] = "no-store"
        await send(message)

    return send_on
