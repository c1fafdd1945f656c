"""What a worker counts: the rows it had, by what became of them."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True)
class WorkerMetrics:
    """A worker's meters, in a registry of their own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    rows: Counter = field(init=False)
    row_seconds: Histogram = field(init=False)

    def __post_init__(self) -> None:
        rows = Counter(
            "salesarck_inbox_rows",
            "Inbox rows worked on, by their outcome, or by what else became of them",
            ("provider", "end"),
            registry=self.registry,
        )
        row_seconds = Histogram(
            "salesarck_inbox_row_seconds",
            "How long a worker had a row",
            ("provider",),
            buckets=SECONDS,
            registry=self.registry,
        )
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "row_seconds", row_seconds)
