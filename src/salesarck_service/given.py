"""What a route is given by name."""

from typing import TypeAlias, TypeVar

from litestar.di import NamedDependency
from litestar.params import SkipValidation

T = TypeVar("T")

Given: TypeAlias = SkipValidation[NamedDependency[T]]
"""Taken as it is: most are ports, and a port can't be checked by asking for its class."""
