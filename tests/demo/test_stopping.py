"""A demo starts quickly, and leaves nothing running, however it ends."""

import signal
import time
from pathlib import Path

import pytest

from tests.demo.run import eventually, processes_of, running

pytestmark = pytest.mark.xdist_group("demo")  # they are timed, so not beside each other

SECONDS = 5


def test_a_second_start_takes_less_than_five_seconds(home: Path) -> None:
    began = time.monotonic()
    with running(home) as demo:
        assert demo.says("web: "), demo.lines
        assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("request_", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_stops_all_within_five_seconds(
    home: Path, request_: signal.Signals
) -> None:
    with running(home) as demo:
        assert demo.says("web: "), demo.lines
        assert len(processes_of(home)) > SECONDS
        began = time.monotonic()
        demo.process.send_signal(request_)
        assert demo.process.wait(SECONDS) == 0
        assert not processes_of(home)
        assert time.monotonic() - began < SECONDS
        assert demo.says("stopped", 1)
    assert "database system is shut down" in (home / "postgres/postgres.log").read_text()[-200:]


def test_told_to_stop_while_it_starts_it_leaves_nothing(home: Path) -> None:
    with running(home) as demo:
        assert demo.says("starting")
        assert eventually(lambda: len(processes_of(home)) > 1, SECONDS)
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(SECONDS) == 0
        assert not processes_of(home)


def test_killed_it_takes_everything_along(home: Path) -> None:
    with running(home) as demo:
        assert demo.says("web: "), demo.lines
        demo.process.kill()
        assert eventually(lambda: not processes_of(home), SECONDS), processes_of(home)
