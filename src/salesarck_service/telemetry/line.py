"""What the line counts: deliveries by what we answered, rows by what became of them."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class LineMetrics:
    """Counters in a registry: one a process, and one a test."""

    registry: CollectorRegistry
    deliveries: Counter = field(init=False)
    rows: Counter = field(init=False)
    row_seconds: Histogram = field(init=False)

    def __post_init__(self) -> None:
        deliveries = Counter(
            "salesarck_deliveries",
            "Webhooks by what became of them: new, again, handshake, forged, unavailable.",
            ("provider", "end"),
            registry=self.registry,
        )
        rows = Counter(
            "salesarck_inbox_rows",
            "Inbox rows worked on, by their outcome, or by what else became of them.",
            ("provider", "end"),
            registry=self.registry,
        )
        row_seconds = Histogram(
            "salesarck_inbox_row_seconds",
            "How long a worker had a row.",
            ("provider",),
            registry=self.registry,
            buckets=SECONDS,
        )
        object.__setattr__(self, "deliveries", deliveries)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "row_seconds", row_seconds)
