"""Work that nobody waits for, done so that one broken thing does not hold up the others."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from salesarck_domain.errors import SalesArckError, Unavailable, Unreadable
from salesarck_domain.ids import TenantId

Thing = TypeVar("Thing")

Find = Callable[[int], Awaitable[Sequence[tuple[TenantId, Thing]]]]
"""Says what there is to do now, up to a limit. What was done it finds no more."""

Do = Callable[[TenantId, Sequence[Thing]], Awaitable[Collection[Thing]]]
"""Does some things of one tenant, all or none, and says for which of them there was a need."""


@dataclass(eq=False)
class Stuck(Unreadable):
    """Some things could not be done, and a person should look at them. All others were."""

    things: Sequence[str]
    done: int
    code: ClassVar[str] = "stuck"

    def __str__(self) -> str:
        return f"{self.done} done, {len(self.things)} stuck: {'; '.join(self.things)}"


async def each_apart(find: Find[Thing], do: Do[Thing], at_a_time: int) -> int:
    """Do all that is found, in batches; where a batch fails, its things one by one.

    Raises:
        Unavailable: nothing can be done now.
        Stuck: these things failed.
    """
    in_vain = set[tuple[TenantId, Thing]]()
    stuck: list[str] = []
    count = 0
    while fresh := [it for it in await find(at_a_time + len(in_vain)) if it not in in_vain]:
        in_vain.update(fresh)
        for tenant in dict.fromkeys(tenant for tenant, _ in fresh):
            things = [thing for owner, thing in fresh if owner == tenant]
            done = await _together(do, tenant, things, stuck)
            in_vain.difference_update((tenant, thing) for thing in done)
            count += len(done)
    if stuck:
        raise Stuck(stuck, count)
    return count


async def _together(
    do: Do[Thing], tenant: TenantId, things: Sequence[Thing], stuck: list[str]
) -> Collection[Thing]:
    try:
        return await do(tenant, things)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others go on
        if len(things) == 1:
            why = str(error) if isinstance(error, SalesArckError) else type(error).__name__
            stuck.append(f"{things[0]} of {tenant} ({why})")
            return ()
    return [it for thing in things for it in await _together(do, tenant, [thing], stuck)]
