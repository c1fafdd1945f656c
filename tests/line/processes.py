"""Our commands as processes of their own, with settings and nothing else of ours."""

import asyncio
import re
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.architecture.tree import ROOT

SOON = 20.0
COMMAND = "from salesarck_service.cli import main; main([{!r}])"
PEPPER = "kJ8vQ2xR7mZ4tW9bN3cL6fH1dG5sE0yA"


async def start(command: str, **settings: str) -> asyncio.subprocess.Process:
    named = {f"SALESARCK_{name.upper()}": text for name, text in settings.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        COMMAND.format(command),
        env={"PYTHONPATH": str(ROOT / "src"), "SALESARCK_PEPPER_1": PEPPER, **named},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running(command: str, **settings: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Start a command, and kill it in the end if it is still there."""
    process = await start(command, **settings)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: asyncio.subprocess.Process, pattern: str) -> str:
    """Wait for a line on standard output, and give the part in brackets."""
    assert process.stdout
    async with asyncio.timeout(SOON):
        while line := (await process.stdout.readline()).decode():
            if found := re.search(pattern, line):
                return found[1]
    raise AssertionError(f"it ended without saying {pattern}")


def free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])
