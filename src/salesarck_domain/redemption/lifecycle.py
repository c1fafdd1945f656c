"""The life of a code, as a table."""

from collections.abc import Mapping
from enum import StrEnum


class CodeState(StrEnum):
    """Where a code is in its life."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNDONE = "undone"


MAY_BECOME: Mapping[CodeState, frozenset[CodeState]] = {
    CodeState.ISSUED: frozenset({CodeState.REDEEMED, CodeState.EXPIRED, CodeState.CANCELLED}),
    CodeState.REDEEMED: frozenset({CodeState.UNDONE}),
    CodeState.EXPIRED: frozenset(),
    CodeState.CANCELLED: frozenset(),
    CodeState.UNDONE: frozenset(),
}
"""What may follow what. Expired, cancelled and undone give the points back, once."""

GIVES_BACK = frozenset({CodeState.EXPIRED, CodeState.CANCELLED, CodeState.UNDONE})
