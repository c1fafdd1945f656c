"""Documents that can lie are tested."""

import ast
import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from tests.architecture import unfinished
from tests.architecture.tree import PYTHON, ROOT, name_of

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]

CODE = [
    line
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", page.read_text(), re.DOTALL)
    for line in "".join(block).splitlines()
]
PROMISED = {found for line in CODE for found in re.findall(r"\bsalesarck ([a-z]+)\b", line)}
WORDS = re.findall(
    r"^\| \*\*([a-z ]+)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE
)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_says_what_enforces_it(page: Path) -> None:
    assert re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE) == HEADINGS


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_promised_make_target_exists() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    asked = {found for line in CODE for found in re.findall(r"^make ([a-z]+)", line)}
    assert {"demo", "test"} <= asked <= set(targets)


def test_every_promised_nox_session_exists() -> None:
    functions = ast.parse((ROOT / "noxfile.py").read_text()).body
    sessions = {node.name for node in functions if isinstance(node, ast.FunctionDef)}
    asked = {found for line in CODE for found in re.findall(r"\bnox -s (\w+)", line)}
    assert asked
    assert asked <= sessions


def test_every_promised_command_exists() -> None:
    program = import_module("salesarck_service.cli").main
    commands = set(program.list_commands(click.Context(program)))
    assert PROMISED - commands <= unfinished.COMMANDS


@pytest.mark.parametrize("word", WORDS)
def test_the_code_speaks_the_words_of_the_glossary(word: str) -> None:
    spoken = re.compile(rf"(?<![a-z]){word.replace(' ', '[ _]?')}(?![a-rt-z])", re.IGNORECASE)
    used = any(spoken.search(path.read_text()) for path in PYTHON)
    assert used or word in unfinished.WORDS
