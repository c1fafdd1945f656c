"""What is there before anything happens: shops with their links and rules, and people."""

from datetime import UTC, datetime

from salesarck_domain.ids import derived
from salesarck_domain.people import Evidence, Member, Proof, Role
from salesarck_domain.ports.directory import Link
from salesarck_domain.use_cases.rules import Publish
from salesarck_service.container.demo import Backstage
from salesarck_service.demo.world import ABROAD, CAFE, CONSUMERS, SHOPS, STAFF, Shop

MADE_BY = "demo"


async def seed(backstage: Backstage, check_at: datetime | None) -> None:
    """Put everything in its place. Once more changes nothing.

    The check, which has a moment of its own, lets its consumers join by themselves.
    """
    at = check_at or datetime.now(UTC)
    directory = backstage.directory
    there = {tenant.id for tenant in await directory.tenants()}
    for shop in SHOPS:
        if shop.tenant.id not in there:
            await directory.add_tenant(shop.tenant)
    for link in _links(at):
        if await directory.link(link.provider, link.merchant) is None:
            await directory.add_link(link)
    people = STAFF if check_at else (*CONSUMERS, *STAFF)
    await directory.prove(
        [Proof(Evidence.phone(somebody.phone), somebody.id, at) for somebody in people]
    )
    for somebody in people:
        if somebody.role is not Role.CONSUMER:
            await directory.add_member(Member(somebody.id, somebody.role, somebody.tenant))
    for shop in SHOPS:
        await _publish(backstage, shop, at)


def _links(at: datetime) -> list[Link]:
    links = [
        Link(
            tenant=shop.tenant.id,
            provider=shop.provider,
            merchant=shop.merchant,
            name=shop.tenant.name,
            linked_at=at,
        )
        for shop in SHOPS
    ]
    abroad = Link(
        tenant=CAFE.tenant.id, provider="square", merchant=ABROAD, name="Café Canada", linked_at=at
    )
    return [*links, abroad]


async def _publish(backstage: Backstage, shop: Shop, at: datetime) -> None:
    if (await backstage.store.books.rules(shop.tenant.id)).versions:
        return
    publish = Publish(backstage.store.begin, lambda: at)
    await publish(shop.tenant.id, shop.rules, MADE_BY, derived(at, "demo rules", shop.merchant))
