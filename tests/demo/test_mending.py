"""What ends is started again, and nothing that was sold is lost."""

import os
import signal
from pathlib import Path

import pytest

from tests.demo.run import running

pytestmark = pytest.mark.xdist_group("demo")  # they are timed, so not beside each other


PROCESSES = {
    "cli.serve": "web",
    "cli.work": "worker",
    "demo.tills": "tills",
    "demo.identity": "identity",
    "postgres -D": "database server",
}


def test_what_is_killed_is_started_again(home: Path) -> None:
    with running(home) as demo:
        assert demo.says("(earn)"), demo.lines
        for process, name in PROCESSES.items():
            before = len(demo.lines)
            for number in demo.children(process):
                os.kill(number, signal.SIGKILL)
            said = f"the {name} ended; it is started again"
            assert demo.says(said, after=before), demo.lines[before:]
            mended = next(at for at, line in enumerate(demo.lines) if said in line)
            assert demo.says("(earn)", after=mended), demo.lines[before:]
            assert demo.process.poll() is None
