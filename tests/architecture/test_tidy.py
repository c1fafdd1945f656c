"""Sizes that keep a file readable in one sitting and a function on one screen."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import PYTHON, ROOT, SRC, name_of

LINES_PER_MODULE_MAX = 400
LINES_PER_FUNCTION_MAX = 50


def long_functions(source: str) -> list[str]:
    return [
        f"{node.name} has {lines} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LINES_PER_FUNCTION_MAX
    ]


@pytest.mark.parametrize("module", [*PYTHON, ROOT / "noxfile.py"], ids=name_of)
def test_everything_fits_on_a_page(module: Path) -> None:
    source = module.read_text()
    assert len(source.splitlines()) <= LINES_PER_MODULE_MAX
    assert not long_functions(source)


def test_the_tidy_test_counts_a_function_from_its_name_to_its_last_line() -> None:
    fits = "def f():\n" + " x = 1\n" * (LINES_PER_FUNCTION_MAX - 1)
    assert not long_functions(fits)
    assert long_functions(fits + " x = 1\n") == ["f has 51 lines"]


def test_every_folder_of_code_is_a_package() -> None:
    """Without its `__init__.py` a folder is invisible to the import contracts."""
    folders = {path.parent for path in PYTHON} - {SRC}
    assert [name_of(path) for path in folders if not (path / "__init__.py").is_file()] == []
