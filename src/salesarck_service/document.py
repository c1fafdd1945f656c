"""The API document, completed by what the framework can't tell: who asks for whom, what is shut."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Reference, Schema
from litestar.routes import HTTPRoute
from msgspec import Struct

from salesarck_service.problems import MEDIA_TYPE
from salesarck_service.security.guards import is_public

IDS = "An id of ours, a UUID. Keep it as it is: nothing can be read from it."
PROBLEM = "#/components/schemas/Problem"


def complete(app: Litestar) -> None:
    """Say which routes ask nobody, which bodies take no unknown field, and what ids are."""
    components = app.openapi_schema.components.schemas
    for handler, operation in _operations(app):
        if is_public(handler) and handler.security is None:
            operation.security = []
        _tell_of_problems(operation)
    for shape in _bodies(app):
        if shape.__struct_config__.forbid_unknown_fields:
            components[_named(shape, components)].additional_properties = False
    for component in components.values():
        for told in (component.properties or {}).values():
            _describe(told)
    for _, operation in _operations(app):
        for parameter in operation.parameters or ():
            if not isinstance(parameter, Reference) and _is_id(parameter.schema):
                parameter.description = parameter.description or IDS


def _operations(app: Litestar) -> Iterator[tuple[HTTPRouteHandler, Operation]]:
    """Walk the routes that the document tells of."""
    paths = app.openapi_schema.paths or {}
    for route in app.routes:
        item = paths.get(route.path_format) if isinstance(route, HTTPRoute) else None
        if item is None or not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            for method in handler.http_methods:
                operation: Operation | None = getattr(item, str(method).lower(), None)
                if operation:
                    yield handler, operation


def _bodies(app: Litestar) -> Iterator[type[Struct]]:
    """Give the shapes of all bodies, and those within them."""
    for handler, _ in _operations(app):
        if field := handler.parsed_data_field:
            yield from _shapes(msgspec.inspect.type_info(field.annotation))


def _shapes(told: Any) -> Iterator[type[Struct]]:  # noqa: ANN401 - of msgspec's many kinds
    if isinstance(told, msgspec.inspect.StructType):
        yield told.cls
        for field in told.fields:
            yield from _shapes(field.type)
    elif isinstance(told, msgspec.inspect.Metadata):
        yield from _shapes(told.type)
    elif isinstance(told, msgspec.inspect.UnionType):
        for each in told.types:
            yield from _shapes(each)
    elif isinstance(told, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
        yield from _shapes(told.item_type)


def _named(shape: type[Struct], components: Mapping[str, Schema]) -> str:
    """Find the name of a shape: its own, or with as much of its module as makes it the only one."""
    whole = f"{shape.__module__}.{shape.__name__}".replace(".", "_")
    fitting = [name for name in components if f"_{whole}".endswith(f"_{name}")]
    return max(fitting, key=len)


def _tell_of_problems(operation: Operation) -> None:
    """Put our problem where the framework tells of one of its own, and where it tells nothing."""
    answers = operation.responses or {}
    wanted = {HTTPStatus.BAD_REQUEST} if "400" in answers else set[HTTPStatus]()
    if operation.request_body:
        wanted.add(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    for status in wanted:
        told = {MEDIA_TYPE: OpenAPIMediaType(Reference(PROBLEM))}
        answers[str(int(status))] = OpenAPIResponse(status.phrase, content=told)


def _describe(told: Schema | Reference) -> None:
    if isinstance(told, Schema) and _is_id(told):
        told.description = told.description or IDS


def _is_id(told: Schema | Reference | None) -> bool:
    if not isinstance(told, Schema):
        return False
    return told.format == "uuid" or any(_is_id(one) for one in told.one_of or ())
