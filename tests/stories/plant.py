"""Plant each misreading in a copy of the domain, and see the story that is said to catch it fail.

`python -m tests.stories.plant [WORD…]` plants those that hold a word, or all.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.testing.stories import run_story

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOMAIN = ROOT / "src" / "salesarck_domain"


@dataclass(frozen=True, slots=True)
class Misreading:
    """A sentence, what else it could mean, the change that makes it so, and who catches it."""

    sentence: str
    means: str
    story: str
    file: str
    old: str
    new: str


def misreadings() -> list[Misreading]:
    """Read them all."""
    told = tomllib.loads((HERE / "misreadings.toml").read_text())
    return [Misreading(**each) for each in told["misreading"]]


def failing_stories() -> dict[str, list[str]]:
    """Play our own stories in memory; say which fail, and how."""
    found = {}
    for file in sorted(HERE.glob("*.json")):
        store = MemoryStore()
        story = json.loads(file.read_text())
        if failures := asyncio.run(run_story(story, store, store.directory)):
            found[file.stem] = failures
    return found


def failing_with(misreading: Misreading) -> dict[str, list[str]]:
    """Play them in a process of their own, whose domain holds this misreading."""
    with TemporaryDirectory(prefix="salesarck-misread-") as folder:
        copy = Path(folder) / DOMAIN.name
        shutil.copytree(DOMAIN, copy, ignore=shutil.ignore_patterns("__pycache__"))
        place = copy / misreading.file
        place.write_text(place.read_text().replace(misreading.old, misreading.new))
        path = os.pathsep.join((folder, str(ROOT / "src"), str(ROOT)))
        words = [sys.executable, "-m", "tests.stories.plant", "--in", folder]
        env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        told = subprocess.run(
            words, env=env, stdout=subprocess.PIPE, check=False, text=True, cwd=ROOT
        )
        assert told.returncode == 0, f"the domain does not start with {misreading}"
    found: dict[str, list[str]] = json.loads(told.stdout)
    return found


def main(words: list[str]) -> int:
    """Plant misreadings; return how many were not caught by their story."""
    missed = 0
    wanted = [each for each in misreadings() if not words or any(w in str(each) for w in words)]
    for each in wanted:
        failing = failing_with(each)
        caught = each.story in failing
        missed += not caught
        by = ", ".join(failing) or "nothing"
        say(f"{'caught' if caught else 'MISSED'}: {each.sentence}: {each.means}: by {by}")
    say(f"{len(wanted) - missed} caught, {missed} missed")
    return missed


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in"]:
        import salesarck_domain

        assert salesarck_domain.__file__.startswith(sys.argv[2]), "the copy is not what is played"
        say(json.dumps(failing_stories()))
    else:
        sys.exit(1 if main(sys.argv[1:]) else 0)
