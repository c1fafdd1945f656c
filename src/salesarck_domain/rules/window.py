"""Windows: the local days on which a promotion holds."""

from dataclasses import dataclass
from datetime import date

from salesarck_domain.rules.base import Reader, RulesInvalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """From a local date to another, both included, and only on some days of the week.

    >>> Window(since=date(2026, 3, 2), until=date(2026, 3, 2)).holds(date(2026, 3, 2))
    True
    >>> Window(days=("sat", "sun")).holds(date(2026, 3, 2))
    False
    """

    since: date | None = None
    until: date | None = None
    days: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Reader) -> "Window":
        """Read `from`, `to` and `days`, each of which may be left out."""
        window = cls(data.day("from"), data.day("to"), data.words("days", WEEKDAYS))
        if window.since and window.until and window.until < window.since:
            raise RulesInvalid(f"{data.name}: to lies before from")
        return window

    def as_data(self) -> dict[str, object]:
        """The keys that were given."""
        given: dict[str, object] = {}
        if self.since:
            given["from"] = self.since.isoformat()
        if self.until:
            given["to"] = self.until.isoformat()
        if self.days:
            given["days"] = list(self.days)
        return given

    def holds(self, day: date) -> bool:
        """Whether that local day lies inside."""
        return (
            (self.since is None or self.since <= day)
            and (self.until is None or day <= self.until)
            and (not self.days or WEEKDAYS[day.weekday()] in self.days)
        )
