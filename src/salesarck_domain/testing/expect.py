"""The one thing contracts need from a test runner, so that they need no test runner."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

Expected = TypeVar("Expected", bound=Exception)


@contextmanager
def expect(error: type[Expected]) -> Generator[list[Expected]]:
    """Fail unless the block raises `error`; afterwards the list has it."""
    raised: list[Expected] = []
    try:
        yield raised
    except error as it:
        raised.append(it)
        return
    raise AssertionError(f"expected {error.__name__}, and nothing was raised")
