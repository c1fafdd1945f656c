"""Profiles: what a person says about themselves. None of it moves points or opens a door."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from salesarck_domain.errors import Refused

NAME_LENGTH_MAX = 100
LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
YEAR_MIN = 1900
LEAP_YEAR = 2000
"""Stands in for a year that nobody told, so that February has all its days."""


@dataclass(eq=False)
class ProfileInvalid(Refused):
    """A profile says something that can't be."""

    what: str
    code: ClassVar[str] = "profile_invalid"

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Birthday:
    """A day of the year, and the year if the person tells it.

    >>> Birthday(2, 29).year is None
    True
    >>> Birthday(2, 29, 2001)
    Traceback (most recent call last):
    salesarck_domain.profile.ProfileInvalid: there is no 2001-02-29
    """

    month: int
    day: int
    year: int | None = None

    def __post_init__(self) -> None:
        try:
            date(self.year or LEAP_YEAR, self.month, self.day)
        except ValueError as impossible:
            told = "" if self.year is None else f"{self.year:04}-"
            raise ProfileInvalid(f"there is no {told}{self.month:02}-{self.day:02}") from impossible
        if self.year is not None and self.year < YEAR_MIN:
            raise ProfileInvalid(f"a birthday lies after {YEAR_MIN - 1}")

    def is_after(self, today: date) -> bool:
        """Whether it is still to come, with its year."""
        return self.year is not None and date(self.year, self.month, self.day) > today


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a person told of themselves. `language` is a tag like en or pt-BR (BCP 47)."""

    name: str | None = None
    birthday: Birthday | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        if self.name is not None:
            object.__setattr__(self, "name", self.name.strip())
            _check_name(self.name)
        if self.language is not None and not LANGUAGE.fullmatch(self.language):
            raise ProfileInvalid("a language is written like en or pt-BR")

    def __repr__(self) -> str:
        return "Profile(…)"


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise ProfileInvalid(f"a name has 1 to {NAME_LENGTH_MAX} letters")
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in name):
        raise ProfileInvalid("a name is written in one line of plain text")
