"""A small process between us and the server, so that no server outlives us, whatever kills us.

It is started by its file name with an interpreter that loads nothing else, in a session of its
own. Its standard input is a pipe whose other end we hold: the end of it means "stop".
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

TICK = 0.1
PATIENCE = ((signal.SIGINT, 1.2), (signal.SIGQUIT, 0.5), (signal.SIGKILL, 5.0))
"""Fast shutdown, then an immediate one, then none at all: the next start recovers."""

PR_SET_PDEATHSIG = 1


def die_with_parent() -> Callable[[], object] | None:
    """Prepare a child that is stopped if this process is killed: Linux alone can."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def launch(
    command: Sequence[str], user: int | None, group: int | None, inherit: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Start the server as our own child."""
    return subprocess.Popen(  # noqa: S603 - the command is the launcher's own
        command,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        pass_fds=tuple(inherit),
        cwd="/",
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent(),  # noqa: PLW1509 - this process has a single thread
    )


def stop(server: subprocess.Popen[bytes]) -> None:
    """Ask ever less politely until it is gone."""
    for request, seconds in PATIENCE:
        server.send_signal(request)
        try:
            server.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        return


def main() -> int:
    """Start what the first argument describes; stop it when our parent is gone or says so."""
    parent = os.getppid()
    server = launch(**json.loads(sys.argv[1]))
    while server.poll() is None:
        told, _, _ = select.select([sys.stdin], [], [], TICK)
        # A copy of the pipe may live on in some child of our parent, so the parent counts too.
        if told or os.getppid() != parent:
            stop(server)
    return 0 if server.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
