"""What the project's secret key may ask."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice

from litestar import Router, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from salesarck_adapters.embedded.identity.api import Behind, body_of
from salesarck_adapters.embedded.identity.faults import Asking, AuthFault, invalid
from salesarck_adapters.embedded.identity.tokens import as_json
from salesarck_adapters.embedded.identity.world import read_contact

PER_PAGE = 50
DURATION = re.compile(r"(?:([0-9]{1,7})h)?(?:([0-9]{1,7})m)?(?:([0-9]{1,7})s)?")
LAST = datetime(9999, 12, 31, tzinfo=UTC)


class Change(Struct):
    """What is to be different about a user."""

    phone: str | None = None
    email: str | None = None
    ban_duration: str | None = None
    app_metadata: dict[str, object] = {}
    user_metadata: dict[str, object] = {}


class LinkAsked(Struct):
    """Whose code to make."""

    type: str
    email: str


def admin_api() -> Router:
    """The routes for the owner of the project."""
    return Router(
        "/admin",
        route_handlers=[list_users, get_user, change_user, delete_user, generate_link],
        guards=[_is_admin],
    )


def _is_admin(connection: ASGIConnection[None, None, None, State], _: BaseRouteHandler) -> None:
    """Let nobody in with a person's token. The key itself was looked at before.

    Raises:
        AuthFault: it is a person's.
    """
    given = connection.headers.get("authorization", "").partition(" ")[2]
    if given not in ("", connection.headers.get("apikey", "")):
        raise AuthFault(403, "not_admin", "User not allowed")


@get("/users")
async def list_users(request: Asking, desk: Behind) -> dict[str, object]:
    """List all users, a page at a time."""
    try:
        page = int(request.query_params.get("page") or 1)
        size = int(request.query_params.get("per_page") or PER_PAGE)
    except ValueError:
        raise invalid("Bad Pagination Parameters") from None
    first = max(page - 1, 0) * size
    shown = islice(desk.world.users.values(), first, first + max(size, 0))
    return {"users": [as_json(user) for user in shown], "aud": "authenticated"}


@get("/users/{user_id:str}")
async def get_user(user_id: FromPath[str], desk: Behind) -> dict[str, object]:
    """Tell of a user."""
    return as_json(desk.world.user(user_id))


@put("/users/{user_id:str}")
async def change_user(request: Asking, user_id: FromPath[str], desk: Behind) -> dict[str, object]:
    """Change a user, or ban them for a while."""
    user = desk.world.user(user_id)
    change: Change = await body_of(request, Change)
    if change.phone is not None:
        user.phone = read_contact(change.phone, None)
    if change.email is not None:
        user.email = read_contact(None, change.email)
    if change.ban_duration is not None:
        user.banned_until = _ban_until(change.ban_duration, desk.world.clock())
    user.app_metadata |= change.app_metadata
    user.user_metadata |= change.user_metadata
    return as_json(user)


@delete("/users/{user_id:str}", status_code=200)
async def delete_user(user_id: FromPath[str], desk: Behind) -> dict[str, str]:
    """Forget a user."""
    desk.world.delete(desk.world.user(user_id))
    return {}


@post("/generate_link", status_code=200)
async def generate_link(request: Asking, desk: Behind) -> dict[str, object]:
    """Make a code for an e-mail address, and send it to nobody."""
    asked: LinkAsked = await body_of(request, LinkAsked)
    if asked.type != "magiclink":
        raise invalid("Only magiclink is known here")
    contact = read_contact(None, asked.email)
    user = desk.world.find(contact) or desk.world.add(contact)
    code = desk.world.new_code(user)
    return {**as_json(user), "email_otp": code, "verification_type": asked.type}


def _ban_until(duration: str, now: datetime) -> datetime | None:
    """Read a duration of Go's: hours, minutes, seconds, or none.

    Raises:
        AuthFault: it is none of Go's.
    """
    if duration == "none":
        return None
    told = DURATION.fullmatch(duration)
    if not duration or told is None:
        raise invalid("invalid format for ban duration")
    hours, minutes, seconds = (int(part or 0) for part in told.groups())
    try:
        return now + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return LAST
