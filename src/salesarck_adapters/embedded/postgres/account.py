"""Who the server runs as: ourselves, or `nobody` where we are root, which Postgres refuses."""

import os
import pwd
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from salesarck_adapters.embedded.postgres.errors import RootNotSupported


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group to become, or None for who we already are."""

    user: int | None = None
    group: int | None = None

    def give(self, path: Path) -> None:
        """Make it the owner of a file or folder of ours."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    @contextmanager
    def hand(self, *paths: Path) -> Generator[tuple[Sequence[str], Sequence[int]]]:
        """Give names by which it can open its own files, and the descriptors to inherit.

        Files of root may lie where nobody else can look, such as below a private home. So
        another account gets them already open: no parent's rights need to be touched.
        """
        if self.user is None:
            yield [str(path) for path in paths], ()
            return
        descriptors: list[int] = []
        try:
            descriptors.extend(os.open(path, os.O_RDONLY) for path in paths)
            yield [f"/proc/self/fd/{descriptor}" for descriptor in descriptors], descriptors
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def run(
        self, command: Sequence[str], inherit: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this account."""
        return subprocess.run(  # noqa: S603 - only Postgres's own programs, with our arguments
            command,
            user=self.user,
            group=self.group,
            extra_groups=None if self.user is None else [],
            pass_fds=tuple(inherit),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def account_for_server() -> Account:
    """Choose who runs the server.

    Raises:
        RootNotSupported: we are root, on a system where we can't hand over our folders.
    """
    if os.geteuid() != 0:
        return Account()
    if sys.platform != "linux" or not Path("/proc/self/fd").is_dir():
        raise RootNotSupported("there is no /proc to hand folders over")
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise RootNotSupported("there is no user `nobody`") from None
    return Account(nobody.pw_uid, nobody.pw_gid)
