"""`salesarck openapi`: the API's own description."""

import json

import click

from salesarck_service.app import litestar_app
from salesarck_service.container.memory import memory_parts


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the API. Needs no settings and no database."""
    click.echo(json.dumps(litestar_app(memory_parts()).openapi_schema.to_schema(), indent=2))
