"""A pgbouncer in transaction mode before a server: every transaction may meet another session."""

import socket
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psycopg

from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.embedded.postgres.account import account_for_server

SESSIONS = 10
"""Fewer than a store's pool has, so that clients really share them."""

START_SECONDS = 20.0


class Pooler:
    """One pgbouncer for all databases of one server, whose superuser connects through it."""

    def __init__(self, program: Path, server: Postgres) -> None:
        self._program = program
        self._server = server
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]

    def __enter__(self) -> Self:
        account = account_for_server()
        self._folder = TemporaryDirectory(prefix="salesarck-pooler-")
        folder = Path(self._folder.name)
        for name, content in (("users", self._users()), ("settings", self._settings(folder))):
            (folder / name).write_text(content)
            account.give(folder / name)
        account.give(folder)
        self._process = subprocess.Popen(
            [self._program, "-q", folder / "settings"],
            user=account.user,
            group=account.group,
            extra_groups=None if account.user is None else [],
            cwd="/",
        )
        self._wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def dsn(self, database: str) -> str:
        """Build the address of a database behind it."""
        server = urlsplit(self._server.dsn(database))
        return server._replace(netloc=f"{server.username}:{server.password}@{self._at}").geturl()

    @property
    def _at(self) -> str:
        return f"127.0.0.1:{self._port}"

    def _users(self) -> str:
        return f'"{urlsplit(self._server.dsn()).username}" "{self._server.password}"\n'

    def _settings(self, folder: Path) -> str:
        server = urlsplit(self._server.dsn())
        return f"""
[databases]
* = host={server.hostname} port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self._port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder / "users"}
pool_mode = transaction
default_pool_size = {SESSIONS}
max_client_conn = 500
"""

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.dsn("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return
