"""The domain imports the standard library and itself, and nothing else."""

import ast
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import DOMAIN, ROOT, name_of

ALONE = sys.stdlib_module_names | {"salesarck_domain"}
UNIT_TESTS = sorted((ROOT / "tests" / "unit").rglob("*.py"))
MEMORY_STORE = "salesarck_adapters.store.memory"


def imported(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    origins = {
        "." * node.level + (node.module or "") for node in nodes if isinstance(node, ast.ImportFrom)
    }
    return plain | origins


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("module", sorted(DOMAIN.rglob("*.py")), ids=name_of)
def test_the_domain_is_pure(module: Path) -> None:
    assert roots(imported(module.read_text())) <= ALONE


def test_the_purity_test_sees_every_kind_of_import() -> None:
    source = "import a.b\nfrom c.d import e\nfrom .f import g\nfrom . import h\ndef i():\n import j"
    assert imported(source) == {"a.b", "c.d", ".f", ".", "j"}


@pytest.mark.parametrize("module", UNIT_TESTS, ids=name_of)
def test_unit_tests_need_the_domain_and_the_memory_store_alone(module: Path) -> None:
    """`nox -s bare` runs them where nothing else is installed; the rest live in other rooms."""
    names = {
        name for name in imported(module.read_text()) if not f"{name}.".startswith(MEMORY_STORE)
    }
    assert roots(names) <= ALONE | {"pytest", "tests"}
