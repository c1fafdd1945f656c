"""A consumer's phones and e-mails: a new one in the place of an old one."""

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody
from msgspec import Struct

from salesarck_domain.people import Permission
from salesarck_domain.use_cases.contacts import ChangeContact, Shown
from salesarck_service.caller import Caller
from salesarck_service.contacts import Contacts
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.routes.sign_in import CodeTyped, SessionView
from salesarck_service.security.addresses import address_of
from salesarck_service.security.guards import asks


class ContactChange(Struct, forbid_unknown_fields=True):
    """Two contacts, each with the code that was sent there (by `/v1/sign-in/codes`)."""

    old: CodeTyped
    new: CodeTyped


@post(
    "/v1/consumer/profile/contacts",
    status_code=200,
    opt=asks(Permission.OWN_WALLET),
    tags=("consumer",),
    summary="Change your phone or e-mail",
    responses=problems(400, 401, 404, 409, 429, 503),
)
async def change_contact(
    request: Request[Any, Any, Any],
    data: JSONBody[ContactChange],
    caller: Given[Caller],
    contacts: Given[Contacts],
    change: Given[ChangeContact],
) -> SessionView:
    """Show that you read both. The old one is nobody's afterwards; your points stay with you.

    Each code works once, so this happens once; the answer holds tokens, and is kept nowhere.
    """
    old, new = shown(contacts, data.old), shown(contacts, data.new)
    return SessionView.of(
        await change(caller.person, old, new, caller.correlation, address_of(request))
    )


def shown(contacts: Contacts, typed: CodeTyped) -> Shown:
    """Read a contact and its code as somebody typed them."""
    return Shown(contacts.read(typed.phone, typed.email, typed.country), typed.code)
