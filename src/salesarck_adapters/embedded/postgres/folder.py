"""The folder that a server works in: its data, its password, its log, and who has it now."""

import fcntl
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from salesarck_adapters.embedded.postgres.account import Account
from salesarck_adapters.embedded.postgres.errors import (
    FolderInUse,
    FolderOfOtherVersion,
    FolderUnusable,
)
from salesarck_adapters.embedded.postgres.programs import Programs

SUPERUSER = "salesarck"
OURS = {"data", "data.new", "lock", "password", "postgres.log"}
PATIENCE = 3.0
"""Seconds for a server whose owner was just killed to notice and go."""

READY_LINE = 8


@dataclass(frozen=True, slots=True)
class Folder:
    """Everything one server needs on disk. Private to us: its password lies in it."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "postgres.log"

    @property
    def password(self) -> str:
        return self._password_file.read_text().strip()

    @property
    def _password_file(self) -> Path:
        return self.path / "password"

    def lock(self) -> int:
        """Have the folder for ourselves, for as long as the descriptor is open in anyone.

        Raises:
            FolderUnusable: we may not write here, or somebody else's things are in it.
            FolderInUse: another server has it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            strangers = {entry.name for entry in self.path.iterdir()} - OURS
            if strangers and not self.data.exists():
                raise FolderUnusable(self.path, "other things are in it; choose an empty folder")
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as trouble:
            raise FolderUnusable(self.path, str(trouble.strerror)) from trouble
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise FolderInUse(self.path, self.server_process()) from None
                time.sleep(0.05)
            else:
                return descriptor

    def prepare(self, programs: Programs, account: Account, *, durable: bool) -> None:
        """Make the data where there is none yet, and check what is there.

        Raises:
            FolderUnusable: the data is damaged, or could not be made.
            FolderOfOtherVersion: another major version of Postgres made it.
        """
        if not self.data.exists():
            self._create(programs, account, durable=durable)
        try:
            made_by = (self.data / "PG_VERSION").read_text().strip()
            known = bool(self.password)
        except OSError as trouble:
            why = f"{Path(str(trouble.filename)).name} can't be read ({trouble.strerror})"
            remedy = "the folder is damaged; move it away to start afresh"
            raise FolderUnusable(self.path, f"{why}; {remedy}") from trouble
        if not known:
            raise FolderUnusable(self.path, "the password is empty; move it away to start afresh")
        if made_by != str(programs.version):
            raise FolderOfOtherVersion(self.path, made_by, str(programs.version))

    def _create(self, programs: Programs, account: Account, *, durable: bool) -> None:
        """Run `initdb` beside the final name, so that a first start cut short leaves nothing."""
        half = self.path / "data.new"
        if half.exists():
            shutil.rmtree(half)
        half.mkdir(mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24) + "\n")
        account.give(half)
        account.give(self._password_file)
        with account.hand(half, self._password_file) as ((data, password), inherit):
            made = account.run(
                [
                    str(programs.folder / "initdb"),
                    f"--pgdata={data}",
                    f"--pwfile={password}",
                    f"--username={SUPERUSER}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-instructions",
                    *([] if durable else ["--no-sync"]),
                ],
                inherit,
            )
        if made.returncode != 0:
            said = re.search(r"(?:error|FATAL): +(.*)", made.stderr)
            raise FolderUnusable(self.path, said[1] if said else "initdb gave no reason")
        Account(os.geteuid(), os.getegid()).give(self._password_file)
        half.rename(self.data)

    def server_process(self) -> int | None:
        """Tell the living server of this folder from a number that one left behind."""
        status = self._status()
        if not status or not status[0].lstrip("-").isdigit():
            return None
        process = abs(int(status[0]))
        working_in = Path(f"/proc/{process}/cwd")
        try:
            if Path("/proc/self/cwd").exists():
                return process if working_in.samefile(self.data) else None
            os.kill(process, 0)
        except OSError:
            return None
        return process

    def forget_dead_server(self) -> None:
        """Remove what a killed server left, lest its number now names an innocent process."""
        deadline = time.monotonic() + PATIENCE
        while (process := self.server_process()) is not None:
            if time.monotonic() > deadline:
                raise FolderInUse(self.path, process)
            time.sleep(0.05)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def is_ready(self) -> bool:
        status = self._status()
        return len(status) >= READY_LINE and status[READY_LINE - 1].strip() == "ready"

    def _status(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []
