"""Where things are, for the tests that look at the project itself."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
DOMAIN = SRC / "salesarck_domain"
ADAPTERS = SRC / "salesarck_adapters"
PYTHON = sorted(SRC.rglob("*.py"))
GIT = shutil.which("git") or "git"


def kept_files() -> list[Path]:
    """List what a commit would hold; without git, everything outside hidden folders."""
    try:
        listed = subprocess.run(
            [GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return [path for path in ROOT.rglob("*") if path.is_file() and not _is_made(path)]
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def _is_made(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts[:-1]
    return any(part == "__pycache__" or (part[0] == "." and part != ".ci") for part in parts)


def name_of(path: Path) -> str:
    """A short name for a test's id."""
    return path.relative_to(ROOT).as_posix()
