"""`demo --check` plays the same day for the same seed, and what it keeps can be looked at."""

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.demo.run import SALESARCK, demo, eventually, free_port, processes_of

pytestmark = pytest.mark.xdist_group("demo")  # they are timed, so not beside each other

DELIVERIES_MIN = 200
SECONDS_MAX = 60


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check") / "kept"


@pytest.fixture(scope="module")
def results(kept: Path) -> list[subprocess.CompletedProcess[str]]:
    """Two checks of one seed, side by side."""
    with ThreadPoolExecutor(2) as both:
        first = both.submit(demo, "--check", "--seed", "3", "--keep", str(kept))
        again = both.submit(demo, "--check", "--seed", "3")
    return [first.result(), again.result()]


def last_line(told: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 - it is JSON
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.splitlines()[-1])


def test_every_point_is_accounted_for(results: list[subprocess.CompletedProcess[str]]) -> None:
    for result in map(last_line, results):
        assert result["ok"] is True
        assert result["deliveries"] >= DELIVERIES_MIN
        assert result["entries"] > 100
        assert result["wallets"] == 10
        assert result["discrepancies"] == 0
        assert result["replay_equal"] is True
        assert result["wrong"] == []


def test_one_seed_is_one_ledger(results: list[subprocess.CompletedProcess[str]]) -> None:
    first, again = (last_line(result)["ledger"] for result in results)
    assert first == again


@pytest.mark.usefixtures("results")
def test_what_is_kept_was_stopped_cleanly_and_can_be_opened(kept: Path) -> None:
    assert not processes_of(kept)
    log = (kept / "postgres/postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")
    assert "interrupted" not in log
    for command, said in (
        (["books", "verify", "--data", str(kept)], "0 discrepancies"),
        (["replay", "--into", "memory", "--data", str(kept)], "equal"),
    ):
        told = subprocess.run(
            [*SALESARCK, *command], capture_output=True, text=True, check=False, timeout=60
        )
        assert (told.returncode, told.stdout.splitlines()[-1]) == (0, said), told.stderr


def test_what_is_kept_answers_sql_as_told(
    results: list[subprocess.CompletedProcess[str]], kept: Path
) -> None:
    (told,) = (line for line in results[0].stderr.splitlines() if "start its server with" in line)
    port = free_port()
    command = told.partition("with: ")[2].replace("-p 5433", f"-p {port}")
    password = (kept / "postgres/password").read_text().strip()
    address = f"postgresql://salesarck:{password}@127.0.0.1:{port}/salesarck"
    server = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: count_entries(address) == last_line(results[0])["entries"], 20)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0


def count_entries(address: str) -> int:
    try:
        with psycopg.connect(address) as connection:
            counted = connection.execute("SELECT count(*) FROM ledger_entry").fetchone()
    except psycopg.OperationalError:
        return -1
    return int(counted[0]) if counted else -1


def test_a_check_that_is_stopped_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with subprocess.Popen(
        [*SALESARCK, "demo", "--check", "--keep", str(kept)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as check:
        assert check.stderr
        assert "playing" in check.stderr.readline()
        check.terminate()
        _, said = check.communicate(timeout=10)
    assert check.returncode == 1
    assert said.splitlines()[-1] == "Error: it was stopped before its end"
    assert not processes_of(kept)


def test_another_seed_is_another_ledger_and_what_is_wrong_is_found(
    results: list[subprocess.CompletedProcess[str]],
) -> None:
    """Here the plan expects a point more of each sale than the rules say."""
    told = subprocess.run(
        [sys.executable, "-c", MISTAKES, "demo", "--check", "--seed", "4"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    result = json.loads(told.stdout.splitlines()[-1])
    assert told.returncode == 1
    assert result["ok"] is False
    assert any(wrong.startswith("Ada at the Café") for wrong in result["wrong"])
    assert (result["discrepancies"], result["replay_equal"]) == (0, True)
    assert result["seconds"] < SECONDS_MAX
    assert result["ledger"] != last_line(results[0])["ledger"]


MISTAKES = """
from salesarck_service.demo import plan
plan.WORTH_AT_NOON[plan.CAFE.tenant.id] = lambda cents: cents // 100 * 5 + 1
from salesarck_service.cli import main
main()
"""
