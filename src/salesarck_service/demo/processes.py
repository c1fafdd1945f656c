"""The processes of a demo: loaded, told their settings, watched, and stopped."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypeVar

import msgspec

from salesarck_domain.errors import Unavailable

INHERITED = re.compile(r"PATH|HOME|USER|TMPDIR|TZ|LANG|LC_.*|PYTHON.*|VIRTUAL_ENV|COVERAGE.*|LD_.*")
"""What of our environment is passed on: nothing that is a setting."""

T = TypeVar("T")

STOP_SECONDS = 3.0
MENDED_SECONDS = 5.0
TRIES_MAX = 3
"""What ends so often, and sooner than that after its start, would only end again."""

LAST_LINES = 3
COMMANDS = "salesarck_service.demo.child"
"""The module that runs any of our commands as a child."""


@dataclass(eq=False)
class ProcessEnded(Unavailable):
    """A process of the demo ended before anybody asked it to."""

    name: str
    said: str
    log: Path
    code: ClassVar[str] = "demo_process_ended"

    def __str__(self) -> str:
        return f"the {self.name} ended by itself: {self.said} (all of it is in {self.log})"


@dataclass(slots=True)
class Child:
    """One process. What it prints is heard line by line, and kept beside what it logs."""

    name: str
    module: str
    command: str
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    sockets: Sequence[int] = ()
    hear: Callable[[str], None] = lambda _: None
    process: asyncio.subprocess.Process | None = None
    hearing: asyncio.Task[None] | None = None
    started: float = 0.0
    tries: int = 0

    @property
    def is_running(self) -> bool:
        """Whether it was started and hasn't ended."""
        return self.process is not None and self.process.returncode is None

    async def load(self) -> None:
        """Start to load it. It ends when our end of its input closes, whatever closes it."""
        passed_on = {name: text for name, text in os.environ.items() if INHERITED.fullmatch(name)}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                COMMANDS,
                self.module,
                self.command,
                env=passed_on,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=self.sockets,
                start_new_session=True,
            )
        self.hearing = asyncio.create_task(self._listen(self.process))
        self.started = time.monotonic()

    def begin(self, settings: Mapping[str, str]) -> None:
        """Let it begin. No setting stands on its command line or in its first environment."""
        self.settings = settings
        if self.process and self.process.stdin:
            self.process.stdin.write(msgspec.json.encode(settings) + b"\n")

    def ask_to_stop(self) -> None:
        """Say that it should end."""
        if self.process and self.is_running:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
            if self.process.stdin:
                self.process.stdin.close()

    async def wait(self) -> None:
        """Wait until it has ended, and end it if that takes too long."""
        if self.process is None:
            return
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        if self.hearing:
            await self.hearing

    async def mend(self) -> bool:
        """Start it again if it has ended; say whether it had.

        Raises:
            ProcessEnded: it ends again and again, as soon as it is started.
        """
        if self.is_running:
            return False
        ended_early = time.monotonic() < self.started + MENDED_SECONDS
        self.tries = self.tries + 1 if ended_early else 0
        if self.tries >= TRIES_MAX:
            self.check()
        await self.load()
        self.begin(self.settings)
        return True

    def check(self) -> None:
        """Make sure that it runs.

        Raises:
            ProcessEnded: it doesn't.
        """
        if self.process and not self.is_running:
            raise ProcessEnded(self.name, self._last_words(), self.log)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        code = self.process.returncode if self.process else None
        return " / ".join(lines[-LAST_LINES:]) or f"it said nothing, exit code {code}"

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        with self.log.open("ab") as log:
            while process.stdout and (line := await process.stdout.readline()):
                log.write(line)
                log.flush()
                self.hear(line.decode(errors="replace").rstrip())


async def until_told_to_stop(doing: Coroutine[object, object, T]) -> T | None:
    """Do something to its end; let it clean up instead when told to stop, and give None.

    A terminal that is closed says so too, unless `nohup` made us deaf to that.
    """
    task, loop = asyncio.ensure_future(doing), asyncio.get_running_loop()

    def stop_once() -> None:
        if not task.cancelling():
            task.cancel()

    deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for number in (signal.SIGINT, signal.SIGTERM, *(() if deaf else (signal.SIGHUP,))):
        loop.add_signal_handler(number, stop_once)
    await asyncio.wait([task])
    return None if task.cancelled() else task.result()


async def stop(children: Sequence[Child]) -> None:
    """Stop processes, all at once."""
    for child in children:
        child.ask_to_stop()
    await asyncio.gather(*(child.wait() for child in children))
