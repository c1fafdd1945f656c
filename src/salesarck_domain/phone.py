"""Phone numbers and e-mail addresses: what a person can prove to be theirs."""

import re
from dataclasses import dataclass

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in E.164: a plus sign, the country, the rest, and never a guess.

    >>> str(Phone("+15555550123"))
    '+15555550123'
    >>> Phone("555-0123")
    Traceback (most recent call last):
    ValueError: a phone number looks like +15555550123
    """

    number: str

    def __post_init__(self) -> None:
        if not E164.fullmatch(self.number):
            raise ValueError("a phone number looks like +15555550123")

    def __str__(self) -> str:
        return self.number

    def __repr__(self) -> str:
        return f"Phone(…{self.number[-2:]})"


@dataclass(frozen=True, slots=True)
class Email:
    """An address in lower case: people type capitals, tills keep them, mail ignores them."""

    address: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", self.address.strip().lower())
        if not EMAIL.fullmatch(self.address):
            raise ValueError("an e-mail address looks like ada@example.test")

    def __str__(self) -> str:
        return self.address

    def __repr__(self) -> str:
        return f"Email(…@{self.address.rpartition('@')[2]})"
