"""`salesarck story` says what it found, and its exit code agrees."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from salesarck_service.cli import main

AT = "2026-03-02T18:00:00Z"
GRANT = {"at": AT, "grant": {"person": "ada", "points": 7, "reason": "welcome"}}


def story(balance: int) -> dict[str, Any]:
    return {
        "story": "a gift",
        "steps": [GRANT, {"at": AT, "expect": {"person": "ada", "balance": balance}}],
    }


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["story", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.json").write_text(json.dumps(story(7)))
    return tmp_path


def test_it_counts_files_and_those_in_folders(folder: Path) -> None:
    told = run(folder, folder / "good.json")
    assert (told.stdout, told.exit_code) == ("2 passed, 0 failed\n", 0)


@pytest.mark.parametrize("store", ["memory", "postgres"])
def test_it_says_what_differs_and_counts_last(folder: Path, store: str) -> None:
    (folder / "bad.json").write_text(json.dumps(story(8)))
    told = run("--store", store, folder)
    first, last = told.stdout.splitlines()
    assert first == f"{folder / 'bad.json'}: step 2 ({AT}): ada: balance is 7, told was 8"
    assert (last, told.exit_code) == ("1 passed, 1 failed", 1)


def test_it_speaks_json(folder: Path) -> None:
    told = run("--json", folder)
    line, last = told.stdout.splitlines()
    expected = {"story": str(folder / "good.json"), "passed": True, "differences": []}
    assert (json.loads(line), last, told.exit_code) == (expected, "1 passed, 0 failed", 0)


@pytest.mark.parametrize("content", ["{", "[]", '{"steps": 1}', '{"steps": [1]}'])
def test_what_is_no_story_fails(folder: Path, content: str) -> None:
    (folder / "bad.json").write_text(content)
    told = run(folder)
    assert told.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert told.exit_code == 1


def test_no_story_at_all_is_a_failure(tmp_path: Path) -> None:
    told = run(tmp_path)
    assert (told.stdout, told.exit_code) == ("0 passed, 0 failed\n", 1)
    assert "no story below" in told.stderr
