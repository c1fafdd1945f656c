"""Commands about a database refuse in one sentence what they can't use, and change nothing."""

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from secrets import token_urlsafe

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql

from salesarck_adapters.embedded.postgres import NOT_DURABLE, Postgres
from salesarck_domain.testing.examples import CAFE
from salesarck_service.cli import main
from tests.postgres import Database

LINK = ("link", "add", "--provider", "square", "--tenant", str(CAFE.id), "--merchant")
READERS = (
    ("books", "verify"),
    ("replay", "--into", "memory"),
    ("tenant", "list"),
    ("tenant", "create", "Kiosk"),
    ("link", "list"),
    (*LINK, "M1"),
)


def refused(*words: str) -> str:
    told = CliRunner().invoke(main, words, env={"SALESARCK_DATABASE_URL": None})
    assert (told.exit_code, told.stdout) == (1, ""), told.output
    assert isinstance(told.exception, SystemExit)
    (said,) = told.stderr.splitlines()
    assert said.startswith("Error: ")
    return said


@pytest.mark.parametrize("words", [*READERS, ("migrate",)], ids=" ".join)
@pytest.mark.parametrize("address", ["nonsense", "mysql://owner:hidden@127.0.0.1/x"])
def test_an_address_that_is_none(words: tuple[str, ...], address: str) -> None:
    said = refused(*words, "--database", address)
    assert "its address can't be read; write it like postgresql://" in said
    assert "hidden" not in said


def test_an_address_to_replay_into_that_is_none(database: Database) -> None:
    said = refused("replay", "--into", "nonsense", "--database", database.dsn())
    assert "its address can't be read" in said


@pytest.mark.parametrize("words", [("books", "verify"), ("migrate",)], ids=" ".join)
def test_a_database_that_is_not_there(words: tuple[str, ...]) -> None:
    said = refused(*words, "--database", "postgresql://owner:hidden@127.0.0.1:1/x")
    assert "the store isn't answering: the connection failed" in said
    assert "hidden" not in said


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of a database on a server that has seen neither our tables nor our roles."""
    with Postgres(tmp_path_factory.mktemp("bare"), settings=NOT_DURABLE) as server:
        yield server.dsn()


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_database_without_our_tables(words: tuple[str, ...], bare: str) -> None:
    assert "run: salesarck migrate" in refused(*words, "--database", bare)


def test_an_owner_who_is_no_superuser_makes_the_tables_and_works_with_them(
    tmp_path: Path,
) -> None:
    with Postgres(tmp_path, settings=NOT_DURABLE) as server:
        password = sql.Literal(server.password)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            for name, right in (("owner", "CREATEROLE"), ("poor", "NOCREATEROLE")):
                make = sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}")
                who = sql.Identifier(name)
                connection.execute(make.format(who, sql.SQL(right), password))
                connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(who))
        said = refused("migrate", "--database", server.dsn("poor", "poor"))
        assert "let an administrator run: CREATE ROLE salesarck_service; GRANT" in said
        at = ("--database", server.dsn("owner", "owner"))
        for words in (("migrate",), ("tenant", "create", "Kiosk"), ("tenant", "list")):
            told = CliRunner().invoke(main, [*words, *at])
            assert told.exit_code == 0, told.output
        assert told.stdout.endswith("Kiosk\n")


def test_a_worker_waits_for_the_tables_and_says_so(bare: str) -> None:
    settings = {
        "SALESARCK_ENV": "development",
        "SALESARCK_DATABASE_URL": bare,
        "SALESARCK_PEPPER_1": token_urlsafe(36),
        "SALESARCK_SWEEP_SECONDS": "1",
    }
    command = [sys.executable, "-c", "from salesarck_service.cli import main; main(['work'])"]
    said = ""
    with subprocess.Popen(
        command,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as worker:
        assert worker.stdout
        while "run: salesarck migrate" not in said and (line := worker.stdout.readline()):
            said += line
        worker.terminate()
        rest, _ = worker.communicate(timeout=20)
    assert "run: salesarck migrate" in said
    assert "Traceback" not in said + rest
    assert worker.returncode == 0


@pytest.mark.parametrize("words", [("books", "verify"), ("replay", "--into", "memory")])
def test_a_folder_in_which_no_demo_kept_anything_stays_as_it_is(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        said = refused(*words, "--data", str(folder))
        assert f"no demo has kept its data in {folder}" in said
    assert not list(tmp_path.iterdir())


def test_names_of_nothing(database: Database) -> None:
    at = ("--database", database.dsn())
    assert "a tenant has a name" in refused("tenant", "create", " ", *at)
    assert "name the merchant by the id" in refused(*LINK, "", *at)
