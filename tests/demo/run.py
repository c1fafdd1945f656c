"""A demo in a process of its own, and whatever of it is still there."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

SALESARCK = (sys.executable, "-c", "from salesarck_service.cli import main; main()")


def free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a demo to its end."""
    return subprocess.run(
        [*SALESARCK, "demo", *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def processes_of(folder: Path) -> dict[int, str]:
    """Find the processes that work in a folder, or have one of its files open."""
    found: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            held = [(process / "cwd").readlink()]
            held += [each.readlink() for each in (process / "fd").iterdir()]
            if any(each.is_relative_to(folder) for each in held):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(process.name)] = command
    return found


def eventually(is_so: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@dataclass
class Running:
    """A demo without a terminal, and what it has said so far."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    lines: list[str] = field(default_factory=list[str])

    def listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)

    def says(self, what: str, seconds: float = 30, after: int = 0) -> bool:
        """Wait for a line that has these words in it."""
        return eventually(lambda: any(what in line for line in self.lines[after:]), seconds)

    def children(self, name: str) -> Sequence[int]:
        """Find its processes that run a command."""
        found = processes_of(self.folder)
        return [process for process, command in found.items() if name in command]


@contextmanager
def running(folder: Path) -> Generator[Running]:
    port = free_port()
    process = subprocess.Popen(
        [*SALESARCK, "demo", "--data", str(folder), "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    here = Running(process, folder, port)
    listening = Thread(target=here.listen)
    listening.start()
    try:
        yield here
    finally:
        process.kill()
        process.wait()
        listening.join()
        assert process.stdout
        process.stdout.close()
        assert eventually(lambda: not processes_of(folder), 10), processes_of(folder)
