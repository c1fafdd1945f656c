"""Simulated providers: which simulators stand behind the tills of the demo."""

from datetime import UTC, datetime

from litestar import Litestar

from salesarck_adapters.clock.postgres import SharedClock
from salesarck_adapters.simulators.clover.app import create_clover
from salesarck_adapters.simulators.clover.world import CloverWorld
from salesarck_adapters.simulators.square.app import create_square
from salesarck_adapters.simulators.square.world import SquareWorld
from salesarck_domain.ports.clock import Clock
from salesarck_service.demo.world import TillsPlan


def till_servers(plan: TillsPlan) -> tuple[Litestar, Litestar]:
    """Square and Clover as servers, with their merchants."""
    clock: Clock = SharedClock(plan.clock_url) if plan.clock_url else _now
    # Providers never give an id twice, so a new start by real time makes new ones.
    seed = plan.seed if plan.clock_url else f"{plan.seed}/{_now().isoformat()}"
    square = SquareWorld(clock, seed=f"square/{seed}")
    for till in plan.square:
        square.add_seller(till.name, merchant=till.merchant, currency=till.currency)
    clover = CloverWorld(clock, seed=f"clover/{seed}")
    for till in plan.clover:
        clover.add_shop(
            till.name, merchant=till.merchant, currency=till.currency, token=plan.clover_token
        )
    return (
        create_square(square, webhook_url=plan.square_url, signature_key=plan.square_key),
        create_clover(clover, webhook_url=plan.clover_url, auth_code=plan.clover_auth_code),
    )


def _now() -> datetime:
    return datetime.now(UTC)
