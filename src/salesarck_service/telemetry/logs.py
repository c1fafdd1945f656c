"""Logs: one JSON object a line, with the correlation id, and without anybody's secrets."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper
from structlog.stdlib import ProcessorFormatter
from structlog.tracebacks import ExceptionDictTransformer

from salesarck_service.telemetry.redaction import HIDDEN, NAMES, redacted

SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    TimeStamper(fmt="iso", utc=True),
)


def hide(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Blacken what must not be read, whoever logs it."""
    return {name: HIDDEN if name in NAMES else redacted(value) for name, value in event.items()}


def configure_logs(level: str, out: TextIO | None = None) -> None:
    """Send what we and our libraries log to one place in one shape."""
    structlog.configure(
        processors=[*SHARED, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    # Tracebacks name what went wrong without the variables, which hold codes and numbers.
    tracebacks = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    formatter = ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            tracebacks,
            hide,
            JSONRenderer(ensure_ascii=False, default=str),
        ],
    )
    handler = logging.StreamHandler(out or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
