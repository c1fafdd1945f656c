"""Signing in and out, for everybody alike: what somebody is stands in our tables."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from litestar import Controller, Request, delete, get, post
from litestar.datastructures import CacheControlHeader
from litestar.params import FromQuery, HeaderParameter, JSONBody
from msgspec import Meta, Struct

from salesarck_domain.ids import TenantId
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.identity import Contact, Identity, KeySet, Session, TokenVerifier
from salesarck_domain.use_cases.sessions import Refresh, SignIn, SignOut
from salesarck_service.contacts import Contacts
from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.security.addresses import address_of
from salesarck_service.security.guards import PUBLIC
from salesarck_service.security.limits import Traffic, is_traffic

Country = Annotated[
    str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166, like US.", examples=["US"])
]
Length = Meta(min_length=1, max_length=254)
Phone = Annotated[str, Length, Meta(description="Any spelling.", examples=["+12125550100"])]
Email = Annotated[str, Length, Meta(examples=["ada@example.com"])]
Authorization = Annotated[
    str, HeaderParameter(name="Authorization", max_length=9000, description="Bearer, and a token.")
]


class CodeAsked(Struct, forbid_unknown_fields=True):
    """Where to send a one-time code: a phone, in any spelling, or an e-mail address.

    A phone without its country code is of the country that is named, or of the tenant's.
    """

    phone: Phone | None = None
    email: Email | None = None
    country: Country | None = None
    tenant: UUID | None = None


class CodeSent(Struct):
    """Where the code went. Strangers read the same as friends."""

    sent_to: str


class CodeTyped(CodeAsked, kw_only=True):
    """The code that arrived there."""

    code: Annotated[str, Meta(pattern="^[0-9]{6}$", examples=["123456"])]


class RefreshAsked(Struct, forbid_unknown_fields=True):
    """A refresh token, which works once."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=4096, examples=["v1.MRjcyfwxlO"])]


class SessionView(Struct):
    """Tokens of somebody who is signed in."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_at: datetime

    @classmethod
    def of(cls, session: Session) -> Self:
        return cls(session.access_token, session.refresh_token, "Bearer", session.expires_at)


class SignedInView(SessionView, kw_only=True):
    """Tokens, and the id of the person they stand for."""

    person: UUID


class SignInController(Controller):
    """One-time codes for tokens."""

    path = "/v1/sign-in"
    tags = ("sign in",)
    opt = PUBLIC

    @post(
        "/codes",
        status_code=202,
        opt=is_traffic(Traffic.SIGN_IN),
        summary="Send a code",
        responses=problems(400, 404, 422, 503),
    )
    async def send(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[CodeAsked],
        identity: Given[Identity],
        contacts: Given[Contacts],
        directory: Given[Directory],
    ) -> CodeSent:
        """Send a one-time code to a phone or an e-mail address."""
        contact = await _contact(data, contacts, directory)
        await identity.send_code(contact, address_of(request))
        return CodeSent(str(contact))

    @post(
        "/sessions",
        opt=is_traffic(Traffic.SIGN_IN),
        summary="Sign in",
        responses=problems(400, 401, 404, 503),
    )
    async def begin(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[CodeTyped],
        sign_in: Given[SignIn],
        contacts: Given[Contacts],
        directory: Given[Directory],
    ) -> SignedInView:
        """Swap the code for tokens. Sales that waited for this phone or address become yours."""
        contact = await _contact(data, contacts, directory)
        correlation = str(request.scope["state"]["correlation"])
        signed_in = await sign_in(contact, data.code, correlation, address_of(request))
        view = SessionView.of(signed_in.session)
        return SignedInView(
            view.access_token,
            view.refresh_token,
            view.token_type,
            view.expires_at,
            person=signed_in.person,
        )

    @post("/refresh", summary="Stay signed in", responses=problems(400, 401, 503))
    async def refresh(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[RefreshAsked],
        refresh: Given[Refresh],
    ) -> SessionView:
        """Swap a refresh token for new tokens of the same session."""
        return SessionView.of(await refresh(data.refresh_token, address_of(request)))

    @delete(
        "/sessions",
        security=[{"bearer": []}],
        summary="Sign out",
        responses=problems(400, 401, 503),
    )
    async def end(
        self,
        authorization: Authorization,
        sign_out: Given[SignOut],
        everywhere: FromQuery[bool] = False,  # noqa: FBT002 - so it is written in the URL
    ) -> None:
        """End the session of the token that is shown, or all sessions of its owner, at once."""
        token = authorization.partition(" ")[2].strip()
        await sign_out(token, everywhere=everywhere)


@get(
    "/.well-known/jwks.json",
    opt=PUBLIC,
    tags=("sign in",),
    cache_control=CacheControlHeader(max_age=600, public=True),
    summary="The public keys of tokens",
    responses=problems(503),
)
async def jwks(verifier: Given[TokenVerifier]) -> KeySet:
    """Give the keys that access tokens are checked by (RFC 7517)."""
    return await verifier.keys()


async def _contact(asked: CodeAsked, contacts: Contacts, directory: Directory) -> Contact:
    """Read a contact as somebody typed it, maybe on a tenant's page."""
    country = asked.country
    if country is None and asked.phone and asked.tenant:
        country = (await directory.tenant(TenantId(asked.tenant))).country
    return contacts.read(asked.phone, asked.email, country)
