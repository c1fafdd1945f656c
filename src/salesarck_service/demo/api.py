"""Our own API as people use it: signed in by a one-time code, with a key for every command."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPMethod
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

import httpx
import msgspec
from msgspec import Meta, Struct

from salesarck_domain.errors import Refused, Unavailable
from salesarck_domain.ids import ConsumerId, TenantId

CODE_SECONDS = 5.0
SHOWN = re.compile(r"the code for (?P<contact>\S+) is (?P<code>[0-9]{6})")
"""How the embedded identity shows a code."""

Answer = TypeVar("Answer")


@dataclass(eq=False)
class ApiRefused(Refused):
    """The API said no, with one of its codes."""

    status: int
    problem: str
    detail: str
    code: ClassVar[str] = "demo_api_refused"

    def __str__(self) -> str:
        return self.detail


@dataclass(eq=False)
class NotAnswering(Unavailable):
    """Whom we asked has gone, or is not there yet."""

    name: str
    code: ClassVar[str] = "demo_not_answering"

    def __str__(self) -> str:
        return f"the {self.name} isn't answering just now; try again in a moment"


@dataclass(eq=False)
class CodeNotShown(Unavailable):
    """A one-time code was sent, and nobody saw it."""

    contact: str
    code: ClassVar[str] = "demo_code_not_shown"

    def __str__(self) -> str:
        return f"no one-time code for {self.contact} was shown"


class Problem(Struct):
    """A refusal as the API words it."""

    code: str
    detail: str


class SignedIn(Struct):
    """What signing in answers."""

    person: UUID
    access_token: str
    expires_at: datetime


class Code(Struct):
    """A redemption code, to be shown at a till."""

    id: UUID
    code: str
    points: int
    expires_at: datetime


class Redeemed(Struct):
    """A code that a till honoured."""

    id: UUID
    state: str
    points: int


class Wallet(Struct):
    """What somebody holds with a tenant."""

    tenant: UUID
    tenant_name: str
    balance: int
    owed: int


class Adjusted(Struct):
    """A wallet after an adjustment."""

    balance: int


class Version(Struct):
    """A rule version."""

    number: Annotated[int, Meta(ge=1)]


@dataclass(slots=True)
class OneTimeCodes:
    """The codes that the identity shows: those we wait for, and those of other people."""

    wanted: dict[str, asyncio.Future[str]] = field(
        default_factory=dict[str, asyncio.Future[str]], repr=False
    )
    of_others: list[str] = field(default_factory=list[str])

    def hear(self, line: str) -> None:
        """Take note of a code, if a line of the web shows one."""
        if told := SHOWN.search(line):
            waiting = self.wanted.pop(told["contact"], None)
            if waiting:
                waiting.set_result(told["code"])
            else:
                self.of_others.append(f"the code for {told['contact']} is {told['code']}")

    def want(self, contact: str) -> asyncio.Future[str]:
        """Say that the next code of a contact is for us, before it is asked for."""
        coming = asyncio.get_running_loop().create_future()
        self.wanted[contact] = coming
        return coming


@dataclass(slots=True)
class Person:
    """Somebody who is signed in."""

    api: "Api"
    phone: str
    id: ConsumerId
    token: str = field(repr=False)
    expires_at: datetime

    async def wallets(self) -> list[Wallet]:
        """Read all one's wallets."""
        return await self._ask(list[Wallet], HTTPMethod.GET, "/v1/consumer/wallets")

    async def issue(self, tenant: TenantId, points: int, key: str) -> Code:
        """Turn points into a code.

        Raises:
            ApiRefused: there are not enough, for one.
        """
        path = f"/v1/consumer/wallets/{tenant}/codes"
        return await self._ask(Code, HTTPMethod.POST, path, {"points": points}, key)

    async def cancel(self, tenant: TenantId, code: UUID, key: str) -> Redeemed:
        """Take a code back.

        Raises:
            ApiRefused: it is used, or has run out.
        """
        path = f"/v1/consumer/wallets/{tenant}/codes/{code}"
        return await self._ask(Redeemed, HTTPMethod.DELETE, path, None, key)

    async def redeem(self, tenant: TenantId, code: str, till: str, key: str) -> Redeemed:
        """Honour a code, as a cashier.

        Raises:
            ApiRefused: it is unknown, used, or has run out.
        """
        path = f"/v1/merchant/tenants/{tenant}/redemptions"
        return await self._ask(Redeemed, HTTPMethod.POST, path, {"code": code, "till": till}, key)

    async def undo(self, tenant: TenantId, code: UUID, till: str, key: str) -> Redeemed:
        """Take a redemption back, as a cashier.

        Raises:
            ApiRefused: it is too late, or another till's.
        """
        path = f"/v1/merchant/tenants/{tenant}/redemptions/{code}/undo"
        return await self._ask(Redeemed, HTTPMethod.POST, path, {"till": till}, key)

    async def publish(self, tenant: TenantId, rules: object, key: str) -> Version:
        """Publish rules, as an owner.

        Raises:
            ApiRefused: they break the table of rules.
        """
        path = f"/v1/merchant/tenants/{tenant}/rules"
        return await self._ask(Version, HTTPMethod.POST, path, {"rules": rules}, key)

    async def adjust(
        self, tenant: TenantId, consumer: ConsumerId, points: int, reason: str, key: str
    ) -> Adjusted:
        """Give points, or take them if they are below zero, as an admin.

        Raises:
            ApiRefused: there are not enough to take.
        """
        path = f"/v1/admin/tenants/{tenant}/consumers/{consumer}/adjustments"
        kind = "grant" if points > 0 else "deduct"
        asked = {"kind": kind, "points": abs(points), "reason": reason}
        return await self._ask(Adjusted, HTTPMethod.POST, path, asked, key)

    async def _ask(
        self,
        kind: type[Answer],
        method: HTTPMethod,
        path: str,
        body: object = None,
        key: str | None = None,
    ) -> Answer:
        headers = {"authorization": f"Bearer {self.token}"}
        if key:
            headers["idempotency-key"] = key
        return msgspec.json.decode(await self.api.ask(method, path, body, headers), type=kind)


@dataclass(frozen=True, slots=True)
class Api:
    """The API at an address, and the codes that its identity shows."""

    client: httpx.AsyncClient
    url: str
    codes: OneTimeCodes

    async def sign_in(self, phone: str) -> Person:
        """Have a one-time code sent to a phone, and sign in with it.

        Raises:
            ApiRefused: the API says no.
            CodeNotShown: the code didn't come.
        """
        coming = self.codes.want(phone)
        await self.ask(HTTPMethod.POST, "/v1/sign-in/codes", {"phone": phone})
        try:
            typed = {"phone": phone, "code": await asyncio.wait_for(coming, CODE_SECONDS)}
        except TimeoutError:
            raise CodeNotShown(phone) from None
        answer = await self.ask(HTTPMethod.POST, "/v1/sign-in/sessions", typed)
        signed_in = msgspec.json.decode(answer, type=SignedIn)
        person = ConsumerId(signed_in.person)
        return Person(self, phone, person, signed_in.access_token, signed_in.expires_at)

    async def ask(
        self,
        method: HTTPMethod,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Ask, and give the body of the answer.

        Raises:
            ApiRefused: the answer is a problem.
            NotAnswering: there is none.
        """
        given: dict[str, Any] = {} if body is None else {"json": body}
        address = f"{self.url}{path}"
        try:
            answer = await self.client.request(method, address, headers=headers, **given)
        except httpx.TransportError as error:
            raise NotAnswering("web") from error
        if answer.is_error:
            problem = msgspec.json.decode(answer.content, type=Problem)
            raise ApiRefused(answer.status_code, problem.code, problem.detail)
        return answer.content
