"""Square's lists: a cursor that belongs to one question and lives five minutes."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from salesarck_adapters.simulators.square.faults import SquareFault

LIFETIME = timedelta(minutes=5)
T = TypeVar("T")


class Cursor(Struct, frozen=True):
    """Where the last page ended, in which question, and when that was."""

    after: tuple[str, str]
    question: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and how to ask for more."""

    rows: Sequence[T]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a list was asked for. `question` is all of it but the cursor."""

    question: Struct
    cursor: str | None
    limit: int
    is_newest_first: bool
    now: datetime

    def page(self, rows: Sequence[T], key: Callable[[T], tuple[str, str]]) -> Page[T]:
        """The rows after the cursor. What is added meanwhile moves nothing.

        Raises:
            SquareFault: the cursor is another question's, made up, or too old.
        """
        question = sha256(msgspec.json.encode(self.question)).hexdigest()[:16]
        ordered = sorted(rows, key=key, reverse=self.is_newest_first)
        if self.cursor:
            after = _read(self.cursor, question, self.now)
            ordered = [row for row in ordered if self._is_behind(key(row), after)]
        page = ordered[: self.limit]
        if len(ordered) <= self.limit:
            return Page(page, None)
        cursor = msgspec.json.encode(Cursor(key(page[-1]), question, self.now))
        return Page(page, urlsafe_b64encode(cursor).decode())

    def _is_behind(self, place: tuple[str, str], after: tuple[str, str]) -> bool:
        return place < after if self.is_newest_first else place > after


def _read(text: str, question: str, now: datetime) -> tuple[str, str]:
    try:
        cursor = msgspec.json.decode(urlsafe_b64decode(text.encode()), type=Cursor)
    except ValueError as broken:
        raise SquareFault(400, "INVALID_CURSOR", "The cursor is invalid.", "cursor") from broken
    if cursor.question != question or now - cursor.made_at > LIFETIME:
        raise SquareFault(400, "INVALID_CURSOR", "The cursor has expired.", "cursor")
    return cursor.after
