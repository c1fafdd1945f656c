"""Tills: a package a provider. `RECORDED` is the one line that a new provider adds."""

from collections.abc import Mapping

from salesarck_adapters.pos.clover.recorded import RecordedClover
from salesarck_adapters.pos.square.recorded import RecordedSquare
from salesarck_domain.testing.recordings import RecordedTill

RECORDED: Mapping[str, RecordedTill] = {
    "clover": RecordedClover(),
    "square": RecordedSquare(),
}
