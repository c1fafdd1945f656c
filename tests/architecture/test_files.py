"""What must not stand in a file that others will read."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, kept_files, name_of

MACHINE_PATH = re.compile(r"(?:^|[\s\"'`(=:])/(?:work|root|Users|tmp/[a-z_]+)/\w")
INDEX = re.compile(
    r"--(?:extra-|default-)?index-url|^-[if] |--(?:find)-links|^\s*registry\s*=\s*h", re.MULTILINE
)
PINNED = re.compile(
    r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][\w.]*( ; [^/\\@]+)? \\(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+"
)
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def text_of(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert [name_of(path) for path in kept_files() if MACHINE_PATH.search(text_of(path))] == []


def test_no_file_names_a_package_index() -> None:
    assert [name_of(path) for path in kept_files() if INDEX.search(text_of(path))] == []


@pytest.mark.parametrize("path", REQUIREMENTS, ids=name_of)
def test_every_requirement_is_one_version_with_its_hashes_and_nothing_else(path: Path) -> None:
    entries = re.split(r"\n(?=\S)", path.read_text().rstrip("\n"))
    assert len(entries) > 1
    assert [entry for entry in entries if not PINNED.fullmatch(entry)] == []


def test_what_runs_is_what_was_tested() -> None:
    run, dev = (
        set(
            re.findall(
                r"^\S+==\S+", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE
            )
        )
        for name in ("run", "dev")
    )
    assert run
    assert run <= dev
