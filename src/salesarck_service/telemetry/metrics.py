"""Metrics: how many requests, how long they took, how many failed; in Prometheus' words."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True)
class Metrics:
    """All meters of a process, in a registry of their own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Histogram = field(init=False)
    deliveries: Counter = field(init=False)

    def __post_init__(self) -> None:
        requests = Histogram(
            "salesarck_request_seconds",
            "HTTP requests by route and status",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=self.registry,
        )
        deliveries = Counter(
            "salesarck_deliveries",
            "Webhook deliveries by provider and what they were answered",
            ("provider", "answer"),
            registry=self.registry,
        )
        object.__setattr__(self, "requests", requests)
        object.__setattr__(self, "deliveries", deliveries)
