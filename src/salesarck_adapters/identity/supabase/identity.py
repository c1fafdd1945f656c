"""Sign-in by Supabase Auth.

Its client keeps the session of whoever signed in last, and would speak for them in everybody
else's calls. So each call has a client of its own, and all of them share one connection pool.
"""

import hashlib
import re
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Literal, TypeVar
from uuid import UUID

import httpx
from supabase_auth import AsyncGoTrueClient
from supabase_auth.errors import AuthError
from supabase_auth.types import AdminUserAttributes, AuthResponse, User

from salesarck_adapters.identity.supabase.faults import SaidNo, fault_of
from salesarck_adapters.identity.supabase.flights import Flights
from salesarck_domain.phone import Email, Phone
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.identity import (
    CodeNotAccepted,
    CodeNotSent,
    Contact,
    IdentityUnavailable,
    Registered,
    Session,
    SessionEnded,
    SubjectUnknown,
    TokenNotAccepted,
)

SAME_ANSWER_FOR = timedelta(seconds=10)
"""As long as Supabase itself lets a refresh token be used again."""

AS_IF_SENT = frozenset({"otp_disabled", "signup_disabled", "user_banned"})
"""Nothing was sent, and saying so would say who is registered."""

GONE = frozenset({"session_expired", "session_not_found", "user_banned", "user_not_found"})
"""Who is told so when signing out is out already."""

CODE = re.compile(r"[0-9]{6,10}")
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")
FOREVER = "876000h"
T = TypeVar("T")


class SupabaseIdentity:
    """Asks the Supabase Auth at an address, with a secret key of its project."""

    def __init__(self, client: httpx.AsyncClient, url: str, key: str, clock: Clock) -> None:
        self._client = client
        self._url = url
        self._key = key
        self._clock = clock
        self._refreshed = Flights[Session](SAME_ANSWER_FOR, clock)

    async def send_code(self, contact: Contact, address: str = "") -> None:
        client = self._for_call(address)
        sending = (
            client.sign_in_with_otp({"phone": _digits(contact)})
            if isinstance(contact, Phone)
            else client.sign_in_with_otp({"email": contact.address})
        )
        try:
            await _ask(sending)
        except SaidNo as no:
            if no.code not in AS_IF_SENT:
                raise CodeNotSent from None

    async def verify_code(self, contact: Contact, code: str, address: str = "") -> Session:
        if not CODE.fullmatch(code):
            raise CodeNotAccepted
        client = self._for_call(address)
        verifying = (
            client.verify_otp({"type": "sms", "phone": _digits(contact), "token": code})
            if isinstance(contact, Phone)
            else client.verify_otp({"type": "email", "email": contact.address, "token": code})
        )
        try:
            return self._session(await _ask(verifying))
        except SaidNo:
            raise CodeNotAccepted from None

    async def refresh(self, refresh_token: str, address: str = "") -> Session:
        if not TOKEN.fullmatch(refresh_token):
            raise SessionEnded
        name = hashlib.sha256(refresh_token.encode()).digest()
        return await self._refreshed.ask(name, lambda: self._refresh(refresh_token, address))

    async def sign_out(self, access_token: str, *, everywhere: bool = False) -> None:
        if not TOKEN.fullmatch(access_token):
            raise TokenNotAccepted("it is not genuine")
        self._refreshed.forget()
        scope: Literal["global", "local"] = "global" if everywhere else "local"
        try:
            await _ask(self._for_call().admin.sign_out(access_token, scope))
        except SaidNo as no:
            if no.code not in GONE:
                raise TokenNotAccepted("it is not genuine") from None

    async def look_up(self, subject: UUID) -> Registered:
        try:
            answer = await _ask(self._for_admin().admin.get_user_by_id(str(subject)))
        except SaidNo:
            raise SubjectUnknown(subject) from None
        return self._registered(answer.user)

    async def shut_out(self, subject: UUID) -> None:
        await self._change(subject, {"ban_duration": FOREVER})

    async def let_in(self, subject: UUID) -> None:
        await self._change(subject, {"ban_duration": "none"})

    async def delete(self, subject: UUID) -> None:
        self._refreshed.forget()
        with suppress(SaidNo):  # there is nobody any more
            await _ask(self._for_admin().admin.delete_user(str(subject)))

    async def _refresh(self, refresh_token: str, address: str) -> Session:
        try:
            refreshing = self._for_call(address).refresh_session(refresh_token)
            return self._session(await _ask(refreshing))
        except SaidNo:
            raise SessionEnded from None

    async def _change(self, subject: UUID, change: AdminUserAttributes) -> None:
        self._refreshed.forget()
        try:
            await _ask(self._for_admin().admin.update_user_by_id(str(subject), change))
        except SaidNo:
            raise SubjectUnknown(subject) from None

    def _for_call(self, address: str = "") -> AsyncGoTrueClient:
        headers = {"apikey": self._key}
        with suppress(ValueError):
            # Without it all people would share the limits of one address, ours.
            headers["Sb-Forwarded-For"] = str(ip_address(address))
        return self._made(headers)

    def _for_admin(self) -> AsyncGoTrueClient:
        return self._made({"apikey": self._key, "Authorization": f"Bearer {self._key}"})

    def _made(self, headers: dict[str, str]) -> AsyncGoTrueClient:
        return AsyncGoTrueClient(
            url=self._url,
            headers=headers,
            http_client=self._client,
            auto_refresh_token=False,
            persist_session=False,
        )

    def _session(self, answer: AuthResponse) -> Session:
        if answer.session is None:
            raise IdentityUnavailable("its answer makes no sense")
        given = answer.session
        until = given.expires_at or round(self._clock().timestamp()) + given.expires_in
        return Session(
            subject=UUID(given.user.id),
            access_token=given.access_token,
            refresh_token=given.refresh_token,
            expires_at=datetime.fromtimestamp(until, UTC),
        )

    def _registered(self, user: User) -> Registered:
        until = datetime.fromisoformat(user.banned_until) if user.banned_until else None
        return Registered(
            subject=UUID(user.id),
            phone=Phone(f"+{user.phone.removeprefix('+')}") if user.phone else None,
            email=Email(user.email) if user.email else None,
            is_shut_out=until is not None and self._clock() < until,
        )


def _digits(phone: Phone) -> str:
    """Write a number as Supabase keeps it, without its plus sign."""
    return phone.number.removeprefix("+")


async def _ask(question: Coroutine[Any, Any, T]) -> T:
    """Wait for an answer.

    Raises:
        SaidNo: the answer is no.
        IdentityBusy, IdentityUnavailable: there is none.
    """
    try:
        return await question
    except AuthError as trouble:
        raise fault_of(trouble) from None
    except ValueError:  # it quotes what it could not read, and that may be a token
        raise IdentityUnavailable("its answer makes no sense") from None
