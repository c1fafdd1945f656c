"""One Postgres of our own: started, stopped and killed with the program that needs it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from salesarck_adapters.embedded.postgres import supervisor
from salesarck_adapters.embedded.postgres.account import Account, account_for_server
from salesarck_adapters.embedded.postgres.errors import FolderInUse, PortInUse, StartFailed
from salesarck_adapters.embedded.postgres.folder import SUPERUSER, Folder
from salesarck_adapters.embedded.postgres.programs import Programs, find_programs

LAST_WORDS = "unexpected postmaster exit"
"""What a killed server's own processes write, maybe while the next one starts: no reason of it."""

HOST = "127.0.0.1"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings for tests: fast, and nothing survives a crash of the machine."""

START_SECONDS = 60.0
"""Recovery after a kill may take a while; a server that does nothing for so long is stuck."""

STOP_SECONDS = 8.0
ATTEMPTS = 20


class Postgres:
    """A server over one folder, to be used as a context manager or by `start` and `stop`.

    Only who can read the folder can connect: TCP on the loopback alone, with a password made up
    for this folder. The server ends with this process, however that ends.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
        programs: Path | None = None,
    ) -> None:
        self._folder = Folder(folder.absolute())
        self._settings = {**SETTINGS, **(settings or {})}
        self._asked_port = port
        self._asked_programs = programs
        self._port = port
        self._process: int | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def dsn(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """Build the address of a database, for a role that has `password` as its password."""
        login = f"{quote(user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@{HOST}:{self._port}/{quote(database, safe='')}"

    @property
    def password(self) -> str:
        """The superuser's; give it to other roles too, if they are to use `dsn`."""
        return self._folder.password

    @property
    def process(self) -> int | None:
        """The postmaster's process id while it runs."""
        running = self._supervisor is not None and self._supervisor.poll() is None
        return self._process if running else None

    def start(self) -> None:
        """Start the server, making its data first if there is none. Starting twice is once.

        Raises:
            ProgramsMissing, ProgramsUnusable: there is no Postgres to start.
            RootNotSupported: we are root, and this system has no way around it.
            FolderUnusable, FolderInUse, FolderOfOtherVersion: it can't work in this folder.
            PortInUse: the port that was asked for is taken.
            StartFailed: it started and gave up.
        """
        if self.process is not None:
            return
        account = account_for_server()
        programs = find_programs(account, self._asked_programs)
        lock = self._folder.lock()
        try:
            durable = self._settings.get("fsync") != "off"
            self._folder.prepare(programs, account, durable=durable)
            self._folder.forget_dead_server()
            self._launch_until_ready(programs, account, lock)
        except BaseException:
            self.stop()
            raise
        finally:
            os.close(lock)

    def stop(self) -> None:
        """Stop the server within two seconds; what it has committed stays."""
        if self._supervisor is None:
            return
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()
        try:
            self._supervisor.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        self._supervisor = None

    def kill(self) -> None:
        """Let it die as in a power cut; `start` brings it back, at the same address if it can."""
        if self.process is not None:
            os.kill(self.process, signal.SIGKILL)
        self.stop()

    def _launch_until_ready(self, programs: Programs, account: Account, lock: int) -> None:
        """Launch, and again where another port or a little patience helps."""
        for attempt in range(ATTEMPTS):
            port = self._choose_port(attempt)
            log_start = self._folder.log.stat().st_size if self._folder.log.exists() else 0
            self._launch(programs, account, lock, port)
            if self._wait_until_ready():
                self._port = port
                self._process = self._folder.server_process()
                return
            self.stop()
            why = self._reason(log_start)
            if "Address already in use" in why:
                continue
            if "shared memory block" not in why and "postmaster.pid" not in why:
                raise StartFailed(self._folder.path, why)
            time.sleep(0.2)  # what a killed server was doing is still going on
        raise FolderInUse(self._folder.path, self._folder.server_process())

    def _choose_port(self, attempt: int) -> int:
        """Take the port asked for or the last one, else a free one.

        Raises:
            PortInUse: it was asked for, and is taken.
        """
        if self._port is not None and attempt == 0 and _is_free(self._port):
            return self._port
        if self._asked_port is not None:
            raise PortInUse(self._asked_port)
        with socket.socket() as any_port:
            any_port.bind((HOST, 0))
            return int(any_port.getsockname()[1])

    def _launch(self, programs: Programs, account: Account, lock: int, port: int) -> None:
        settings = {**self._settings, "port": str(port)}
        with (
            account.hand(self._folder.data) as ((data,), inherit),
            self._folder.log.open("ab") as log,
        ):
            command = [str(programs.folder / "postgres"), "-D", data]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
            what = {"command": command, "inherit": inherit}
            who = {"user": account.user, "group": account.group}
            # It inherits the lock, so that the folder stays ours until the server is gone.
            self._supervisor = subprocess.Popen(  # noqa: S603 - our own interpreter and file
                [sys.executable, "-I", "-S", supervisor.__file__, json.dumps({**what, **who})],
                pass_fds=(lock, *inherit),
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while self._supervisor is not None and self._supervisor.poll() is None:
            if self._folder.is_ready():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return False

    def _reason(self, log_start: int) -> str:
        """Find what the server said last that was serious."""
        with self._folder.log.open("rb") as log:
            log.seek(log_start)
            said = log.read().decode(errors="replace")
        if "Address already in use" in said:
            return "Address already in use"
        serious = re.findall(r"(?:FATAL|PANIC|ERROR): +(.*)", said) or said.split("\n", 1)[:1]
        told = [each for each in serious if LAST_WORDS not in each]
        return (told or serious)[-1] or f"it said nothing within {START_SECONDS:.0f} seconds"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Postgres itself does: a port that only waits out old connections counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
