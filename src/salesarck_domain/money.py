"""Money: what a till takes, in the smallest unit of its currency (ISO 4217)."""

import re
from dataclasses import dataclass
from typing import Self

CODE = re.compile("[A-Z]{3}")
EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
"""How many decimals a currency has where it is not two (ISO 4217, list one)."""


def exponent(currency: str) -> int:
    """Say how many decimals a currency has: JPY 0, USD 2, KWD 3."""
    return EXPONENTS.get(currency, 2)


def is_currency(text: str) -> bool:
    """Whether it has the shape of an ISO 4217 code: three capital letters."""
    return CODE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in its currency's smallest unit: $12.34 is ``Money(12_34, "USD")``.

    >>> str(Money(12_34, "USD")), str(Money(1200, "JPY")), str(Money(1_500, "KWD"))
    ('USD 12.34', 'JPY 1200', 'KWD 1.500')
    >>> Money(1, "USD") + Money(1, "EUR")
    Traceback (most recent call last):
    ValueError: can't mix USD with EUR
    """

    minor_units: int
    currency: str

    def __post_init__(self) -> None:
        if self.minor_units < 0:
            raise ValueError(f"a till never takes less than nothing, got {self.minor_units}")
        if not is_currency(self.currency):
            raise ValueError(f"a currency is three capital letters, got {self.currency!r}")

    def __add__(self, other: Self) -> Self:
        self._check_comparable(other)
        return type(self)(self.minor_units + other.minor_units, self.currency)

    def __ge__(self, other: Self) -> bool:
        self._check_comparable(other)
        return self.minor_units >= other.minor_units

    def __floordiv__(self, step: Self) -> int:
        """Count the whole steps that fit into this amount."""
        self._check_comparable(step)
        return self.minor_units // step.minor_units

    def __bool__(self) -> bool:
        return self.minor_units > 0

    def __str__(self) -> str:
        places = exponent(self.currency)
        whole, rest = divmod(self.minor_units, 10**places)
        return f"{self.currency} {whole}" + (f".{rest:0{places}}" if places else "")

    def _check_comparable(self, other: Self) -> None:
        if other.currency != self.currency:
            raise ValueError(f"can't mix {self.currency} with {other.currency}")
