"""The whole contract of a store, and what only some stores can do."""

from salesarck_domain.testing.store.adjustments import StandingContract
from salesarck_domain.testing.store.books import BooksContract
from salesarck_domain.testing.store.commands import CommandsContract
from salesarck_domain.testing.store.finishing import FinishingContract
from salesarck_domain.testing.store.forgetting import ForgettingContract
from salesarck_domain.testing.store.merges import MergesContract
from salesarck_domain.testing.store.people import PeopleContract
from salesarck_domain.testing.store.records import RecordsContract
from salesarck_domain.testing.store.sales import SalesContract
from salesarck_domain.testing.store.team import TeamContract
from salesarck_domain.testing.store.wallets import WalletsContract
from salesarck_domain.testing.store.works import SideBySideContract, WorksContract

__all__ = ["SideBySideContract", "StoreContract"]


class StoreContract(
    WorksContract,
    WalletsContract,
    SalesContract,
    PeopleContract,
    MergesContract,
    RecordsContract,
    FinishingContract,
    CommandsContract,
    ForgettingContract,
    BooksContract,
    StandingContract,
    TeamContract,
):
    """Subclass it, say how to open an empty store, and inherit the tests."""
