"""What a person asks: a code, a session for it, another token, an end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from msgspec import Struct

from salesarck_adapters.embedded.identity.faults import Asking, AuthFault, OAuthFault, invalid
from salesarck_adapters.embedded.identity.limits import Buckets, Kind
from salesarck_adapters.embedded.identity.tokens import Tokens, as_json
from salesarck_adapters.embedded.identity.world import User, World, read_contact

TYPES = {
    "phone": frozenset({"sms"}),
    "email": frozenset({"email", "magiclink", "signup"}),
}
Show = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that the routes need. `show` is given each code: to whom, and which."""

    world: World
    tokens: Tokens
    buckets: Buckets
    show: Show

    def count(self, request: Asking, kind: Kind) -> None:
        """Count a request for its address: the one that it was passed on for, if it says so.

        Raises:
            AuthFault: there were too many.
        """
        peer = request.client.host if request.client else ""
        address = request.headers.get("sb-forwarded-for", peer)
        self.buckets.take(kind, address, self.world.clock())


Behind = NamedDependency[Desk]


class OtpAsked(Struct):
    """Where to send a code."""

    phone: str | None = None
    email: str | None = None
    create_user: bool = True
    channel: str = "sms"


class Verification(Struct):
    """The code that arrived."""

    type: str
    token: str
    phone: str | None = None
    email: str | None = None


class Refresh(Struct):
    """A token that works once."""

    refresh_token: str = ""


def people_api() -> Router:
    """The routes for people."""
    return Router("/", route_handlers=[otp, verify, token, logout, user])


async def body_of(request: Asking, shape: type[Any]) -> Any:  # noqa: ANN401 - whatever is asked for
    """Read a body.

    Raises:
        AuthFault: it is no JSON, or not of this shape.
    """
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except msgspec.ValidationError as trouble:
        raise invalid(str(trouble)) from trouble
    except (msgspec.DecodeError, UnicodeDecodeError) as trouble:
        message = "Could not parse request body as JSON"
        raise AuthFault(400, "bad_json", message) from trouble


@post("/otp", status_code=200)
async def otp(request: Asking, desk: Behind) -> dict[str, str]:
    """Send a code, and make the user first if need be."""
    desk.count(request, "otp")
    asked: OtpAsked = await body_of(request, OtpAsked)
    contact = read_contact(asked.phone, asked.email)
    known = desk.world.find(contact)
    if known is None and not asked.create_user:
        raise AuthFault(422, "otp_disabled", "Signups not allowed for otp")
    if known:
        _not_so_soon(desk, known, "sms" if asked.phone else "email")
    owner = known or desk.world.add(contact)
    desk.show(f"+{contact}" if asked.phone else contact, desk.world.new_code(owner))
    return {"message_id": str(owner.id)} if known and asked.phone else {}


def _not_so_soon(desk: Desk, owner: User, channel: str) -> None:
    sent = desk.world.sent.get(owner.id)
    if sent is None:
        return
    left = sent.at + desk.buckets.limits.resend - desk.world.clock()
    if left > timedelta(0):
        seconds = -(-left // timedelta(seconds=1))
        message = f"For security purposes, you can only request this after {seconds} seconds."
        raise AuthFault(429, f"over_{channel}_send_rate_limit", message)


@post("/verify", status_code=200)
async def verify(request: Asking, desk: Behind) -> dict[str, object]:
    """Swap a code for a session."""
    desk.count(request, "verify")
    typed: Verification = await body_of(request, Verification)
    contact = read_contact(typed.phone, typed.email)
    if typed.type not in TYPES["phone" if typed.phone else "email"]:
        raise invalid("Verify requires a verification type")
    owner = desk.world.take_code(contact, typed.token)
    return desk.tokens.answer(desk.world.begin(owner))


@post("/token", status_code=200)
async def token(request: Asking, desk: Behind) -> dict[str, object]:
    """Swap a refresh token for new tokens."""
    if request.query_params.get("grant_type") != "refresh_token":
        raise OAuthFault("unsupported_grant_type", "unsupported_grant_type")
    desk.count(request, "refresh")
    shown: Refresh = await body_of(request, Refresh)
    if not shown.refresh_token:
        raise OAuthFault("invalid_request", "refresh_token required")
    return desk.tokens.answer(desk.world.refresh(shown.refresh_token))


@post("/logout", status_code=204)
async def logout(request: Asking, desk: Behind) -> None:
    """End sessions. Access tokens stay good until they expire."""
    session = desk.tokens.session_of(request.headers.get("authorization", ""))
    desk.world.sign_out(session, request.query_params.get("scope", "global"))


@get("/user")
async def user(request: Asking, desk: Behind) -> Response[dict[str, object]]:
    """Tell whose token it is, while their session lasts."""
    session = desk.tokens.session_of(request.headers.get("authorization", ""))
    return Response(as_json(session.user))
