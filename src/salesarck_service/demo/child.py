"""A process of the demo: one of our commands, which ends when the demo does, however that ends.

Its standard input is a pipe that the demo holds. The end of it means "stop", also when the demo
was killed and could not say so.
"""

import os
import signal
import sys
import threading
import time

PATIENCE = 2.5
"""Seconds for a command to come to its end before it is ended."""


def main() -> None:
    """Run the command that the arguments name."""
    threading.Thread(target=_end_with_the_demo, daemon=True).start()
    if sys.argv[1:] == ["tills"]:
        from salesarck_service.demo.tills import serve_tills as command  # noqa: PLC0415
    else:
        from salesarck_service.cli import main as command  # noqa: PLC0415 - each loads its own
    command()


def _end_with_the_demo() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)


if __name__ == "__main__":
    main()
