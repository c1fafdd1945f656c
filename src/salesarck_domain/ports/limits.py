"""Limits: how often something may be done, counted once for all processes.

The counting is GCRA (ITU-T I.371, annex A): all that is kept of a count is the moment at which it
will be full again. The moments are the keeper's own, so it doesn't matter what time processes
think it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Protocol

from salesarck_domain.errors import Refused, Unavailable

MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)


@dataclass(eq=False)
class LimitReached(Refused):
    """Somebody asks too often, and hears when to ask again."""

    retry_after: float
    code: ClassVar[str] = "too_many_requests"

    def __str__(self) -> str:
        return f"that is too often; try again in {math.ceil(self.retry_after)} seconds"


@dataclass(eq=False)
class LimitsUnavailable(Unavailable):
    """Nobody can say how often somebody has asked."""

    why: str
    code: ClassVar[str] = "limits_unavailable"

    def __str__(self) -> str:
        return f"it can't be counted how often you ask ({self.why}); try again in a moment"


@dataclass(frozen=True, slots=True)
class Limit:
    """In no stretch of `within` more than `most`, of which `at_once` may come together.

    They come back one by one, each `apart` from the one before. A stretch can see `at_once`, and
    then what comes back in it: `most - at_once` whole ones, for the last is there as it ends.
    """

    name: str
    most: int
    within: timedelta
    at_once: int

    def __post_init__(self) -> None:
        if not 1 <= self.at_once <= self.most:
            raise ValueError(f"of {self.most} at most {self.most} can come at once, and at least 1")

    @property
    def apart(self) -> int:
        """Microseconds until one comes back, rounded up so that never too many do."""
        return -(-(self.within // MICROSECOND) // (self.most - self.at_once + 1))

    @property
    def full(self) -> int:
        """Microseconds until all have come back."""
        return self.apart * self.at_once


@dataclass(frozen=True, slots=True)
class Count:
    """So many, counted for somebody. `whose` names them; it may be read by whoever keeps counts."""

    limit: Limit
    whose: str
    many: int = 1

    @property
    def name(self) -> str:
        """What it is kept by."""
        return f"{self.limit.name}:{self.whose}"


@dataclass(frozen=True, slots=True)
class Left:
    """How many were granted, and what is left; `full_in` seconds it is as if nobody had asked."""

    limit: Limit
    granted: int
    left: int
    full_in: float

    @classmethod
    def of(cls, limit: Limit, granted: int, ahead: int) -> "Left":
        """Say what is left where it takes so many microseconds to be full again."""
        left = max(0, (limit.full - ahead) // limit.apart)
        return cls(limit, granted, left, ahead * MICROSECOND / SECOND)

    @property
    def retry_after(self) -> float:
        """Seconds until there is one more."""
        return max(0.0, self.full_in - (self.limit.full - self.limit.apart) / 1e6)


class Limits(Protocol):
    """All counts, for all processes. Each call may be refused as Unavailable."""

    async def take(self, counts: Sequence[Count]) -> Sequence[Left]:
        """Count, each for itself, in one step; grant as many as there are, up to what is asked.

        No two counts of one call have the same name.
        """
        ...

    async def give_back(self, counts: Sequence[Count]) -> None:
        """Count so many less: what they were taken for did not happen."""
        ...

    async def forget(self) -> int:
        """Forget the counts that are full again; say how many."""
        ...
