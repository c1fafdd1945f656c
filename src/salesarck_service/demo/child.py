"""A process of the demo: one of our commands, which ends when the demo does, however that ends.

Its standard input is a pipe that the demo holds. One line comes through it: the settings, while
the command is loaded already. The end of it means "stop", also when the demo was killed and could
not say so.
"""

import os
import signal
import sys
import threading
import time
from importlib import import_module
from queue import SimpleQueue

import click
import msgspec

PATIENCE = 2.5
"""Seconds for a command to come to its end before it is ended."""


def main() -> None:
    """Run the command that the arguments name: a module, and what stands in it."""
    told = SimpleQueue[bytes]()
    threading.Thread(target=_listen, args=[told], daemon=True).start()
    module, name = sys.argv[1:]
    command: click.Command = getattr(import_module(module), name)
    os.environ.update(msgspec.json.decode(told.get(), type=dict[str, str]))
    command.main([], prog_name=name)


def _listen(told: SimpleQueue[bytes]) -> None:
    heard = b""
    while some := os.read(sys.stdin.fileno(), 65_536):
        heard += some
        if heard.endswith(b"\n"):
            told.put(heard)
            heard = b""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)


if __name__ == "__main__":
    main()
