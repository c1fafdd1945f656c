"""The web application: every route, who answers it, and what holds for all of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Request, Router, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, ControllerRouterHandler

from salesarck_domain.ids import Randomness
from salesarck_domain.ports.answers import Answers
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.erasures import Erasures
from salesarck_domain.ports.identity import Identity, TokenVerifier
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.profiles import Profiles
from salesarck_domain.ports.push import Push
from salesarck_domain.ports.revocations import Revocations
from salesarck_domain.ports.store import BeginWork, Store
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.use_cases.adjustments import AdjustmentDesk
from salesarck_domain.use_cases.codes import CodeDesk
from salesarck_domain.use_cases.contacts import ChangeContact
from salesarck_domain.use_cases.erasing import EraseConsumer
from salesarck_domain.use_cases.exporting import ExportPerson
from salesarck_domain.use_cases.merging import MergeAccounts
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.platform import PeopleDesk
from salesarck_domain.use_cases.profiles import ChangeProfile
from salesarck_domain.use_cases.rules import PreviewSale, Publish, Retire
from salesarck_domain.use_cases.sessions import Refresh, SignIn, SignOut
from salesarck_domain.use_cases.standing import BeginUnlessSuspended
from salesarck_domain.use_cases.team import TeamDesk
from salesarck_domain.use_cases.tenants import SignUpTenant, TenantDesk
from salesarck_service.caller import Caller
from salesarck_service.contacts import Contacts
from salesarck_service.document import complete
from salesarck_service.idempotency import Idempotency, provide_once, provide_once_if_named
from salesarck_service.problems import answer_problem
from salesarck_service.routes.admin.adjustments import AdjustmentsController
from salesarck_service.routes.admin.audit import AuditController
from salesarck_service.routes.admin.leaving import AdminLeavingController
from salesarck_service.routes.admin.people import PeopleController
from salesarck_service.routes.admin.platform import PlatformController
from salesarck_service.routes.admin.tenants import TenantsController
from salesarck_service.routes.browser import BrowserController
from salesarck_service.routes.consumer.codes import CodesController
from salesarck_service.routes.consumer.contacts import change_contact
from salesarck_service.routes.consumer.events import Watching, events
from salesarck_service.routes.consumer.leaving import LeavingController
from salesarck_service.routes.consumer.merges import MergesController
from salesarck_service.routes.consumer.profile import ProfileController
from salesarck_service.routes.consumer.tenants import OnboardingController
from salesarck_service.routes.consumer.wallets import WalletsController
from salesarck_service.routes.health import HealthController, Readiness
from salesarck_service.routes.merchant.rules import RulesController
from salesarck_service.routes.merchant.sales import SalesController
from salesarck_service.routes.merchant.team import TeamController
from salesarck_service.routes.merchant.terms import TermsController
from salesarck_service.routes.merchant.till import TillController
from salesarck_service.routes.sign_in import SignInController, jwks
from salesarck_service.routes.webhooks import Reception, webhooks_router
from salesarck_service.security.browsers import Browsers
from salesarck_service.security.front import Front
from salesarck_service.security.gate import Gate
from salesarck_service.security.guards import PUBLIC, Doorkeeper, undeclared
from salesarck_service.security.limits import RequestLimits
from salesarck_service.security.seal import Seal
from salesarck_service.telemetry.edge import Edge
from salesarck_service.telemetry.metrics import Metrics

BODY_MAX = 64 * 1024
PAGE = """<!doctype html><html lang="en"><title>SalesArck</title>
<h1>SalesArck</h1><p>Sales at tills become points in wallets.</p>
<ul><li><a href="/schema/openapi.json">The API, as OpenAPI 3.1</a></li>
<li><a href="/health/ready">Is it ready?</a></li></ul></html>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that the web application is made of."""

    store: Store
    directory: Directory
    inbox: Inbox
    answers: Answers
    profiles: Profiles
    erasures: Erasures
    identity: Identity
    verifier: TokenVerifier
    revocations: Revocations
    limits: RequestLimits
    clock: Clock
    real_clock: Clock
    randomness: Randomness
    peppers: Peppers
    push: Push
    contacts: Contacts
    reception: Reception
    checks: Mapping[str, Callable[[], Awaitable[object]]]
    metrics: Metrics
    front: Front
    watching: Watching = field(default_factory=Watching)
    approve_at_once: bool = False


def create_app(parts: Parts) -> ASGIApp:
    """Put the application together.

    Raises:
        ValueError: a route says neither what it asks for nor that it is public.
    """
    browsers = Browsers(
        litestar_app(parts), parts.front.origin, _seal(parts), parts.identity, parts.real_clock
    )
    gate = Gate(browsers, parts.front)
    return Edge(gate, parts.real_clock, parts.randomness, parts.metrics, parts.front.proxies)


def litestar_app(parts: Parts) -> Litestar:
    """Make the routes, without what wraps them.

    Raises:
        ValueError: a route says neither what it asks for nor that it is public.
    """
    doorkeeper = Doorkeeper(parts.verifier, parts.directory, parts.revocations, parts.limits)
    app = Litestar(
        route_handlers=_handlers(),
        dependencies=_dependencies(parts, doorkeeper),
        guards=[doorkeeper.check],
        exception_handlers={Exception: answer_problem},
        request_max_body_size=BODY_MAX,
        cors_config=parts.front.cors,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="SalesArck",
            version=version("salesarck"),
            openapi_router=Router(
                "/schema", route_handlers=[], opt=PUBLIC, include_in_schema=False
            ),
            render_plugins=[JsonRenderPlugin(path=["/openapi.json", "/"])],
            components=Components(
                security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
            ),
            security=[{"bearer": []}],
        ),
    )
    if missing := undeclared(app.routes):
        raise ValueError(f"say what these routes ask for: {', '.join(missing)}")
    complete(app)
    return app


@get("/", opt=PUBLIC, media_type="text/html", include_in_schema=False)
async def page() -> str:
    """Say what this is, and where to go on."""
    return PAGE


def _seal(parts: Parts) -> Seal:
    return Seal(parts.peppers.secrets, parts.randomness)


def _handlers() -> Sequence[ControllerRouterHandler]:
    return [
        page,
        HealthController,
        SignInController,
        BrowserController,
        jwks,
        ProfileController,
        change_contact,
        MergesController,
        LeavingController,
        WalletsController,
        CodesController,
        events,
        TillController,
        RulesController,
        SalesController,
        OnboardingController,
        TermsController,
        TeamController,
        TenantsController,
        PeopleController,
        AdjustmentsController,
        AuditController,
        PlatformController,
        AdminLeavingController,
        webhooks_router(),
    ]


def _dependencies(parts: Parts, doorkeeper: Doorkeeper) -> Mapping[str, Provide]:
    begin, clock, push = parts.store.begin, parts.clock, parts.push
    begin_open = BeginUnlessSuspended(begin)
    prove = Prove(begin, parts.directory, clock, push, parts.peppers)
    made: Mapping[str, object] = {
        "store": parts.store,
        "books": parts.store.books,
        "directory": parts.directory,
        "inbox": parts.inbox,
        "profiles": parts.profiles,
        "clock": clock,
        "push": push,
        "identity": parts.identity,
        "verifier": parts.verifier,
        "contacts": parts.contacts,
        "reception": parts.reception,
        "watching": parts.watching,
        "doorkeeper": doorkeeper,
        "front": parts.front,
        "seal": _seal(parts),
        "real_clock": parts.real_clock,
        "readiness": Readiness(parts.checks),
        **_signing_in(parts, prove),
        "code_desk": CodeDesk(begin_open, clock, parts.peppers, push),
        "change": ChangeContact(parts.identity, parts.directory, prove),
        "merge_accounts": MergeAccounts(parts.identity, parts.directory, parts.store, clock, push),
        **_leaving(parts),
        "randomness": parts.randomness,
        "change_profile": ChangeProfile(parts.profiles, clock),
        "publish": Publish(begin_open, clock),
        "retire": Retire(begin_open, clock),
        "preview_sale": PreviewSale(parts.store, clock),
        **_staff(parts, begin_open),
        "idempotency": Idempotency(parts.answers, clock, parts.real_clock, parts.randomness),
    }
    found = {name: _given(thing) for name, thing in made.items()}
    return {
        **found,
        "caller": Provide(_caller, sync_to_thread=False),
        "once": Provide(provide_once),
        "once_if_named": Provide(provide_once_if_named),
    }


def _staff(parts: Parts, begin_open: BeginWork) -> Mapping[str, object]:
    store, directory, clock = parts.store, parts.directory, parts.clock
    return {
        "adjustment_desk": AdjustmentDesk(store.begin, directory, clock, parts.push),
        "people_desk": PeopleDesk(store, directory, clock),
        "team_desk": TeamDesk(begin_open, directory, clock),
        "tenant_desk": TenantDesk(store, clock),
        "sign_up_tenant": SignUpTenant(store, directory, clock, at_once=parts.approve_at_once),
    }


def _signing_in(parts: Parts, prove: Prove) -> Mapping[str, object]:
    sessions = (parts.identity, parts.verifier, parts.directory, parts.revocations)
    return {
        "sign_in": SignIn(
            parts.identity, parts.directory, parts.erasures, prove, parts.clock, parts.randomness
        ),
        "refresh": Refresh(*sessions),
        "sign_out": SignOut(*sessions, parts.real_clock),
    }


def _leaving(parts: Parts) -> Mapping[str, object]:
    return {
        "erase_consumer": EraseConsumer(
            identity=parts.identity,
            directory=parts.directory,
            erasures=parts.erasures,
            inbox=parts.inbox,
            store=parts.store,
            revocations=parts.revocations,
            clock=parts.clock,
            real_clock=parts.real_clock,
            push=parts.push,
            peppers=parts.peppers,
        ),
        "export_person": ExportPerson(
            parts.store, parts.directory, parts.erasures, parts.profiles, parts.clock
        ),
    }


def _given(thing: object) -> Provide:
    def give() -> Any:  # noqa: ANN401 - of whatever kind the route names
        return thing

    return Provide(give, sync_to_thread=False)


def _caller(request: Request[Any, Any, Any]) -> Caller:
    """Hand on whom the doorkeeper let in."""
    caller: Caller = request.scope["state"]["caller"]
    return caller
