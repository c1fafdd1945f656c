"""A store that forgets: for tests, stories, replays and the first five minutes."""

from salesarck_adapters.store.memory.store import MemoryStore

__all__ = ["MemoryStore"]
