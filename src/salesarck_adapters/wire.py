"""What readers of other people's JSON share: strict text, strict numbers, and one kind of refusal.

A value that could not be (a negative amount, a moment without an offset, a number wider than the
ledger's) is as unreadable as a missing one: better a person looks than a wallet is wrong.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from salesarck_domain.ports.pos import UnreadableDelivery

NO_CONTROLS = r"\A[^\x00-\x1f\x7f]*\Z"
RFC_3339 = (
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})\Z"
)

Id = Annotated[str, Meta(min_length=1, max_length=255, pattern=NO_CONTROLS)]
Text = Annotated[str, Meta(max_length=1000, pattern=NO_CONTROLS)]
Minor = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
Rfc3339 = Annotated[str, Meta(pattern=RFC_3339)]
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]
Millis = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Shape = TypeVar("Shape")


def read_json(provider: str, body: bytes, shape: type[Shape]) -> Shape:
    """Decode JSON that must have a shape.

    Raises:
        UnreadableDelivery: it hasn't, or isn't JSON in UTF-8.
    """
    try:
        body.decode()  # msgspec does not look into text that no field asks for
        return msgspec.json.decode(body, type=shape)
    except UnicodeDecodeError as error:
        raise UnreadableDelivery(provider, "a body that isn't UTF-8") from error
    except RecursionError as error:
        raise UnreadableDelivery(provider, "a body nested too deeply") from error
    except msgspec.DecodeError as error:
        raise UnreadableDelivery(provider, str(error)) from error


def moment(provider: str, text: str) -> datetime:
    """Read an `Rfc3339` text; what is finer than a microsecond is cut off.

    Raises:
        UnreadableDelivery: no calendar has it.
    """
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableDelivery(provider, f"the moment {text}") from error


def moment_of(millis: int) -> datetime:
    """Read a moment that is told in milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=millis)
