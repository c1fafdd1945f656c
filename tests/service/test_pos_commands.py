"""`salesarck pos` says what it found, and its exit code agrees."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from salesarck_service.cli import main

GOOD: dict[str, Any] = {
    "provider": "clover",
    "keys": {"auth_codes": []},
    "delivery": {"headers": {}, "body": '{"verificationCode": "abc"}'},
    "expect": {"news": [{"news": "verification", "code": "abc"}]},
}
BAD: dict[str, Any] = {**GOOD, "expect": {"news": [{"news": "verification", "code": "xyz"}]}}
FORGED: dict[str, Any] = {**GOOD, "delivery": {"headers": {}, "body": "{}"}}


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["pos", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "good.json").write_text(json.dumps(GOOD))
    (tmp_path / "notes.txt").write_text("no recording")
    return tmp_path


def test_verify_counts_every_recording_below_every_folder(folder: Path) -> None:
    (folder / "good.json").write_text(json.dumps(GOOD))
    told = run("verify", folder, folder / "deep")
    assert (told.stdout, told.exit_code) == ("3 passed, 0 failed\n", 0)


def test_verify_says_what_differs_and_counts_last(folder: Path) -> None:
    (folder / "bad.json").write_text(json.dumps(BAD))
    told = run("verify", folder)
    first, last = told.stdout.splitlines()
    assert first == f"{folder / 'bad.json'}: code is 'abc', not 'xyz'"
    assert (last, told.exit_code) == ("1 passed, 1 failed", 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "isn't JSON"),
        (b"\xff", "isn't JSON"),
        (b"[" * 100_000, "isn't JSON"),
        (b"[]", "not a recording"),
        (b'{"provider": "\\ud800", "delivery": {}, "expect": {"news": []}}', "either 'body'"),
    ],
)
def test_verify_fails_what_is_no_recording(folder: Path, content: bytes, said: str) -> None:
    (folder / "odd.json").write_bytes(content)
    told = run("verify", folder)
    assert said in told.stdout.splitlines()[0]
    assert told.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert told.exit_code == 1


def test_verify_fails_a_folder_without_recordings(tmp_path: Path, folder: Path) -> None:
    for where in (tmp_path / "nowhere", folder / "notes.txt"):
        told = run("verify", where)
        assert (told.stdout, told.exit_code) == ("0 passed, 0 failed\n", 1)
        assert f"no recording below {where}" in told.stderr
    assert run("verify", folder, tmp_path / "nowhere").exit_code == 1


def test_verify_speaks_to_machines_in_lines_of_json(folder: Path) -> None:
    (folder / "bad.json").write_text(json.dumps(BAD))
    told = run("verify", "--json", folder)
    *lines, last = told.stdout.splitlines()
    bad, good = map(json.loads, lines)
    assert bad == {
        "recording": str(folder / "bad.json"),
        "passed": False,
        "differences": ["code is 'abc', not 'xyz'"],
    }
    assert (good["passed"], good["differences"]) == (True, [])
    assert (last, told.exit_code) == ("1 passed, 1 failed", 1)


def test_read_prints_news_as_json(folder: Path) -> None:
    told = run("read", folder / "deep" / "er" / "good.json")
    assert json.loads(told.stdout) == [{"news": "verification", "code": "abc"}]
    assert told.exit_code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps(FORGED), "not signed by clover with a key we know"),
        ("{}", "a recording has either 'delivery' or 'fetch'"),
        ("nothing", "isn't JSON"),
    ],
)
def test_read_refuses_in_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "odd.json").write_text(content)
    told = run("read", tmp_path / "odd.json")
    assert said in told.stderr
    assert (told.stdout, told.exit_code) == ("", 1)


def test_read_says_when_there_is_no_file(tmp_path: Path) -> None:
    told = run("read", tmp_path / "nowhere.json")
    assert "can't read" in told.stderr
    assert told.exit_code == 1


def test_a_command_is_loaded_when_it_is_called_and_not_before() -> None:
    words = "import sys, salesarck_service.cli; print('httpx' in sys.modules)"
    asked = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True
    )
    assert asked.stdout == "False\n"
    assert "pos" in CliRunner().invoke(main, ["--help"]).stdout
    assert CliRunner().invoke(main, ["nope"]).exit_code == 2
