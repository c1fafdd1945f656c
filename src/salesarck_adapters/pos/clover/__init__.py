from salesarck_adapters.pos.clover.app import CloverApp
from salesarck_adapters.pos.clover.checkout import CloverCheckout
from salesarck_adapters.pos.clover.fetcher import CloverFetcher

__all__ = ["CloverApp", "CloverCheckout", "CloverFetcher"]
