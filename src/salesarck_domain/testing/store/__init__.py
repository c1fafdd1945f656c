"""What every store promises, as tests that come with the promise."""

from salesarck_domain.testing.store.bench import WholeStore
from salesarck_domain.testing.store.contract import SideBySideContract, StoreContract

__all__ = ["SideBySideContract", "StoreContract", "WholeStore"]
