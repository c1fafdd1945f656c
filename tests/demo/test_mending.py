"""What ends is started again, and nothing that was sold is lost."""

import os
import signal
from pathlib import Path

import pytest

from tests.demo.run import Running, running


@pytest.mark.parametrize(
    ("process", "name"),
    [
        ("cli.serve", "web"),
        ("cli.work", "worker"),
        ("demo.tills", "tills"),
        ("postgres -D", "database server"),
    ],
)
def test_what_is_killed_is_started_again(home: Path, process: str, name: str) -> None:
    with running(home) as demo:
        assert demo.says("(earn)"), demo.lines
        assert_goes_on_without(demo, process, name)


def assert_goes_on_without(demo: Running, process: str, name: str) -> None:
    before = len(demo.lines)
    for number in demo.children(process):
        os.kill(number, signal.SIGKILL)
    assert demo.says(f"the {name} ended; it is started again", after=before), demo.lines
    mended = len(demo.lines)
    assert demo.says("(earn)", after=mended), demo.lines[before:]
    assert demo.process.poll() is None
