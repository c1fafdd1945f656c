"""`salesarck tenant`: the businesses on the platform."""

import asyncio
import secrets
from datetime import UTC, datetime

import click

from salesarck_domain.errors import SalesArckError
from salesarck_domain.ids import ConsumerId, TenantId, uuid7
from salesarck_domain.people import Evidence, Member, Proof, Role
from salesarck_domain.tenants import Tenant
from salesarck_service.container.books import open_database

DATABASE = click.option(
    "--database", envvar="SALESARCK_DATABASE_URL", required=True, help="The database's address."
)


@click.group()
def tenant() -> None:
    """Tenants: create and list them."""


@tenant.command()
@DATABASE
@click.argument("name")
@click.option("--currency", default="USD", show_default=True)
@click.option("--country", default="US", show_default=True)
@click.option("--time-zone", default="America/New_York", show_default=True)
@click.option("--owner", help="The phone (E.164) of the person who runs it.")
def create(
    database: str, name: str, currency: str, country: str, time_zone: str, owner: str | None
) -> None:
    """Create a tenant and print its id."""
    now = datetime.now(UTC)
    try:
        new = Tenant(
            id=TenantId(uuid7(now, secrets.token_bytes(10))),
            name=name,
            currency=currency,
            country=country,
            time_zone=time_zone,
        )
        evidence = Evidence.phone(owner) if owner else None
        asyncio.run(_create(database, new, evidence, now))
    except (SalesArckError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(new.id)


@tenant.command(name="list")
@DATABASE
def list_tenants(database: str) -> None:
    """Print every tenant: id, currency, zone, name."""
    try:
        found = asyncio.run(_list(database))
    except SalesArckError as error:
        raise click.ClickException(str(error)) from error
    for each in found:
        click.echo(f"{each.id}  {each.currency}  {each.time_zone}  {each.name}")


async def _create(database: str, new: Tenant, owner: Evidence | None, now: datetime) -> None:
    async with open_database(database) as opened:
        await opened.directory.add_tenant(new)
        if owner:
            person = await opened.directory.whose(owner)
            if person is None:
                person = ConsumerId(uuid7(now, secrets.token_bytes(10)))
                await opened.directory.prove([Proof(owner, person, now)])
            await opened.directory.add_member(Member(person, Role.OWNER, new.id))


async def _list(database: str) -> list[Tenant]:
    async with open_database(database) as opened:
        return list(await opened.directory.tenants())
