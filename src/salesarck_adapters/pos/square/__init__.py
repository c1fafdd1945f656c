from salesarck_adapters.pos.square.reader import Square, Subscription

__all__ = ["Square", "Subscription"]
