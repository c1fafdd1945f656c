"""Without a terminal: plain lines, of which those that can be typed elsewhere work."""

import shlex
from pathlib import Path

import httpx
import pytest

from tests.demo.run import running

pytestmark = pytest.mark.xdist_group("demo")  # they are timed, so not beside each other


def test_the_commands_that_it_prints_work(home: Path) -> None:
    with running(home) as demo:
        assert demo.says("(earn)"), demo.lines
        commands = [shlex.split(line) for line in demo.lines if line.startswith("curl -H @")]
        assert len(commands) == 3
        for _, _, header, address in commands:
            name, value = (home / header[1:]).read_text().rstrip().split(": ", 1)
            answer = httpx.get(address, headers={name: value}, follow_redirects=False)
            assert answer.status_code == 200, answer.text
        assert (home / "tokens/ada").stat().st_mode & 0o077 == 0
        (code,) = [shlex.split(line) for line in demo.lines if line.startswith("curl --json")]
        _, _, body, address = code
        sent = httpx.post(address, content=body, headers={"content-type": "application/json"})
        assert sent.status_code == 202, sent.text
        assert demo.says("the code for +12125550101 is "), demo.lines
