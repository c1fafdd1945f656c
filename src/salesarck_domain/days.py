"""Days: where a local day begins and ends, for people who live in zones."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone(name: str) -> ZoneInfo:
    """Find a zone by its IANA name.

    Raises:
        ValueError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError(
            f"there is no time zone {name!r}, use one like America/New_York"
        ) from unknown


def local_date(at: datetime, where: ZoneInfo) -> date:
    """Say which day it is there at that moment."""
    return at.astimezone(where).date()


def first_instant(day: date, where: ZoneInfo) -> datetime:
    """Find the first moment of a local day, in UTC.

    That is midnight, but for days that begin later because midnight was skipped.

    >>> first_instant(date(2026, 3, 8), zone("America/New_York")).isoformat()
    '2026-03-08T05:00:00+00:00'
    >>> first_instant(date(2024, 9, 8), zone("America/Santiago")).isoformat()
    '2024-09-08T04:00:00+00:00'
    """
    midnight = datetime.combine(day, time(), where)
    found = midnight.astimezone(UTC)
    if found.astimezone(where).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return found
    before, after = found - timedelta(days=2), found + timedelta(days=2)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if local_date(middle, where) < day else (before, middle)
    return after


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment, included, to another, not included; None has no bound."""

    since: datetime | None
    until: datetime | None

    def __contains__(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


def day_of(at: datetime, where: ZoneInfo) -> Span:
    """Name the local day that holds this moment."""
    day = local_date(at, where)
    return Span(first_instant(day, where), first_instant(day + timedelta(days=1), where))


def month_of(at: datetime, where: ZoneInfo) -> Span:
    """Name the local month that holds this moment."""
    first = local_date(at, where).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Span(first_instant(first, where), first_instant(following, where))
