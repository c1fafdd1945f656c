"""Keys, as they are pressed."""

import asyncio
import os
import termios
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def pressed_keys(terminal: int, press: Callable[[str], None]) -> Generator[None]:
    """Give every key to `press` at once, and put the terminal back as it was in the end."""
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(terminal)

    def read() -> None:
        for key in os.read(terminal, 64).decode(errors="ignore"):
            press(key)

    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
