"""The clock: a port of one function. The domain never asks what time it is by itself."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Returns the present moment, aware, in UTC."""
