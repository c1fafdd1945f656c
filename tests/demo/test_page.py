"""In a terminal: a page that shows what happens, and keys that make it happen."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from pathlib import Path

import pytest

from tests.demo.run import SALESARCK, eventually, free_port, processes_of

pytestmark = pytest.mark.xdist_group("demo")  # they are timed, so not beside each other

MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ROWS, COLUMNS = 24, 80


class Terminal:
    """A terminal in which a program runs, and all that it has shown."""

    def __init__(self, *command: str) -> None:
        self.process, self.screen = pty.fork()
        if self.process == 0:
            for name in ("COLUMNS", "LINES"):
                os.environ.pop(name, None)
            os.environ["TERM"] = "xterm-256color"
            os.execv(command[0], command)  # noqa: S606 - there is no other way into a terminal
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, size)
        self.shown = ""

    def press(self, key: str) -> None:
        os.write(self.screen, key.encode())

    def shows(self, what: str, seconds: float = 20) -> bool:
        """Wait until these words have been on the screen."""
        deadline = time.monotonic() + seconds
        while what not in self.shown:
            ready, _, _ = select.select([self.screen], [], [], 0.1)
            if ready and not self._read():
                return what in self.shown
            if time.monotonic() > deadline:
                return False
        return True

    def ended(self, seconds: float) -> int:
        """Wait for the end, and give the exit code."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.screen], [], [], 0.05)[0]:
                self._read()
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                self.process = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it goes on after {seconds} seconds: {self.shown[-500:]}")

    def close(self) -> None:
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.screen)

    def _read(self) -> bool:
        try:
            read = os.read(self.screen, 65_536)
        except OSError:
            return False
        self.shown += MOVES.sub("", read.decode(errors="replace"))
        return bool(read)


def test_keys_play_and_q_quits(home: Path) -> None:
    port = str(free_port())
    terminal = Terminal(*SALESARCK, "demo", "--data", str(home), "--port", port)
    try:
        assert terminal.shows("s rings up a sale"), terminal.shown
        assert terminal.shows(f"curl -H @tokens/ada http://127.0.0.1:{port}/v1/consumer/wallets")
        assert terminal.shows("+12125550101")
        assert terminal.shows("Bakery cashier")
        for _ in range(3):
            terminal.press("s")
        assert terminal.shows("buys for USD"), terminal.shown[-2000:]
        assert terminal.shows("pts (earn)"), terminal.shown[-2000:]
        terminal.press("c")
        assert terminal.shows("pts (redeem)"), terminal.shown[-2000:]
        terminal.press("R")
        assert terminal.shows(" takes "), terminal.shown[-2000:]
        terminal.press("x")
        assert terminal.shows("pts (clawback)"), terminal.shown[-2000:]
        terminal.press("q")
        assert terminal.ended(5) == 0
        assert not processes_of(home)
        assert terminal.shows("stopped", 1)
    finally:
        terminal.close()
        assert eventually(lambda: not processes_of(home), 10)
