"""`salesarck link`: which merchant's till tells whose sales."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import click

from salesarck_domain.errors import SalesArckError
from salesarck_domain.ids import TenantId
from salesarck_domain.ports.directory import Link
from salesarck_service.cli.tenant import DATABASE
from salesarck_service.container.books import open_database


@click.group()
def link() -> None:
    """Links: add and list them."""


@link.command()
@DATABASE
@click.option("--provider", required=True, type=click.Choice(["square", "clover"]))
@click.option("--merchant", required=True, help="The provider's id of the merchant.")
@click.option("--tenant", required=True, type=click.UUID)
@click.option("--name", default="", help="What people call it.")
def add(database: str, provider: str, merchant: str, tenant: UUID, name: str) -> None:
    """Link a merchant to a tenant, and let go what its till has told so far."""
    try:
        new = Link(
            tenant=TenantId(tenant),
            provider=provider,
            merchant=merchant,
            name=name,
            linked_at=datetime.now(UTC),
        )
        released = asyncio.run(_add(database, new))
    except (SalesArckError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"linked; {released} deliveries had waited for it")


@link.command(name="list")
@DATABASE
def list_links(database: str) -> None:
    """Print every link: tenant, provider, merchant, state, name."""
    try:
        found = asyncio.run(_list(database))
    except SalesArckError as error:
        raise click.ClickException(str(error)) from error
    for each in found:
        said = f"{each.tenant}  {each.provider}  {each.merchant}  {each.state}  {each.name}"
        click.echo(said.rstrip())


async def _add(database: str, new: Link) -> int:
    async with open_database(database) as opened:
        await opened.directory.tenant(new.tenant)
        await opened.directory.add_link(new)
        return await opened.inbox.release(new.provider, new.merchant, new.linked_at)


async def _list(database: str) -> list[Link]:
    async with open_database(database) as opened:
        return list(await opened.directory.links())
