"""Clover's `filter=`: a field, a sign, a value. Several are all to hold."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from salesarck_adapters.simulators.clover.faults import bad_request

SHAPE = re.compile(r"([A-Za-z.]+)(>=|<=|!=|=|>|<)(.*)")
SIGNS: Mapping[str, Callable[[str | int, str | int], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
ALLOWED_HEADER = "X-Clover-Allowed-Filter-Fields"
T = TypeVar("T")
Values = Sequence[str | int | None]


@dataclass(frozen=True, slots=True)
class Filters(Generic[T]):
    """The fields that a list may be filtered by, each with its values in a row."""

    fields: Mapping[str, Callable[[T], Values]]

    @property
    def headers(self) -> Mapping[str, str]:
        """Clover says with every list what it may be filtered by."""
        return {ALLOWED_HEADER: ", ".join(self.fields)}

    def apply(self, rows: Sequence[T], filters: Sequence[str]) -> Sequence[T]:
        """The rows for which every filter holds.

        Raises:
            CloverFault: a filter has another shape, or a field that isn't allowed.
        """
        for one in filters:
            rows = self._narrow(rows, one)
        return rows

    def _narrow(self, rows: Sequence[T], text: str) -> Sequence[T]:
        match = SHAPE.fullmatch(text)
        if match is None or match[1] not in self.fields:
            raise bad_request(f"Invalid filter {text!r}", **self.headers)
        values_of, sign = self.fields[match[1]], SIGNS[match[2]]
        return [row for row in rows if any(_holds(v, sign, match[3]) for v in values_of(row))]


def _holds(
    value: str | int | None, sign: Callable[[str | int, str | int], bool], text: str
) -> bool:
    if value is None:
        return False
    if isinstance(value, int):
        return text.lstrip("-").isdigit() and sign(value, int(text))
    return sign(value, text)
