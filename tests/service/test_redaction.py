"""What nobody should read is in no log line and in no problem, however it got there."""

import io
import json
import logging
from collections.abc import Generator

import pytest
import structlog

from salesarck_domain.redemption.alphabet import show, spell
from salesarck_service.telemetry.logs import configure_logs
from salesarck_service.telemetry.redaction import DEEPEST, redacted, redacted_text

CODE = spell(b"a code")
CANARIES = (
    "+12125550100",
    "(212) 555-0100",
    "212.555.0100",
    "%2B12125550100",
    "ada.lovelace+points@mail.example.test",
    "ada%40example.test",
    "4111111111111111",
    "4111 1111 1111 1111",
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
    "Bearer opaque-token-of-somebody",
    "sb_secret_abcdefghijkl",
    "whsec_abcdefghijkl",
    CODE,
    show(CODE).lower(),
)
KEPT = (
    "row 019cae6b-6600-7144-a36a-109a84a1acc5 of square failed",
    "at 2026-05-04T12:00:00.123456+00:00, again at 12:15:00 UTC",
    "a code is XXXX-XXXX, and ABCD-EFGH is none",
    "409 after 1500 ms on port 18080",
)


@pytest.fixture
def lines() -> Generator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    out = io.StringIO()
    configure_logs("debug", out)
    yield out
    root.handlers, root.level = before, level
    structlog.reset_defaults()


@pytest.mark.parametrize("canary", CANARIES)
def test_it_is_hidden_by_its_looks(canary: str, lines: io.StringIO) -> None:
    log = structlog.get_logger("test")
    told = f"somebody wrote {canary}, and went"
    log.info(told, deep=[{"way": {"down": told}}], phone=canary, thing=(canary,))
    logging.getLogger("a.library").warning("it said %s", told)
    log.error("it failed", exc_info=ValueError(told))
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["event"].split()[0] for line in written] == ["somebody", "it", "it"]
    assert canary not in lines.getvalue()
    assert "ValueError" in lines.getvalue()


@pytest.mark.parametrize("text", KEPT)
def test_what_a_person_needs_stays(text: str) -> None:
    assert redacted_text(text) == text


def test_names_hide_and_nothing_is_too_deep() -> None:
    deep: object = "+12125550100"
    for _ in range(DEEPEST + 5):
        deep = [deep]
    told = {"Authorization": "x", "count": 3, "phone_number": 12125550100, "deep": deep, "no": None}
    found = json.dumps(redacted(told))
    assert "2125550100" not in found
    assert '"Authorization": "\\u2026"' in found
    assert '"count": 3' in found
    assert '"no": null' in found
