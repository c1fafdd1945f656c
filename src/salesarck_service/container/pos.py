"""Which adapters stand behind the tills."""

from collections.abc import Mapping

from salesarck_adapters.pos import RECORDED
from salesarck_domain.testing.recordings import RecordedTill


def recorded_tills() -> Mapping[str, RecordedTill]:
    """How to make each provider's adapter from a recording's keys and answers."""
    return RECORDED
