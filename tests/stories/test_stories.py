"""Our own stories, and those beside the project, on every store; and read a second time."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.testing.store import WholeStore
from salesarck_domain.testing.stories import run_story
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.replay import Replay
from tests.postgres import OpenDatabase
from tests.stories.interpreter import Interpreter
from tests.stories.plant import HERE, ROOT
from tests.stories.told import Json

SHARED = ROOT.parent / "shared" / "stories"
FILES = [*sorted(HERE.glob("*.json")), *sorted(SHARED.glob("*.json"))]


def name_of(file: Path) -> str:
    return f"{file.parent.parent.name}-{file.stem}"


def told_in(file: Path) -> Json:
    story: Json = json.loads(file.read_text())
    return story


@asynccontextmanager
async def open_empty(kind: str, request: pytest.FixtureRequest) -> AsyncGenerator[WholeStore]:
    if kind == "memory":
        yield MemoryStore()
        return
    open_database: OpenDatabase = request.getfixturevalue("open_database")
    with open_database() as database:
        async with PostgresStore.open(database.dsn()) as store:
            yield store


@pytest.mark.parametrize("kind", ["memory", "postgres"])
@pytest.mark.parametrize("file", FILES, ids=name_of)
async def test_a_story_comes_out_as_told(
    file: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    """Then its books hold, and doing all of it again in an empty store gives the same ledger."""
    again = MemoryStore()
    async with open_empty(kind, request) as store:
        assert await run_story(told_in(file), store, store.directory) == []
        assert await VerifyBooks(store.books, store.directory)() == []
        assert await Replay(store, store.directory, again, again.directory)() == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_an_independent_reader_agrees(file: Path) -> None:
    assert Interpreter(told_in(file)).play() == []


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no {SHARED.name} beside the project")
def test_the_shared_stories_were_played() -> None:
    assert {file.parent for file in FILES} == {HERE, SHARED}
