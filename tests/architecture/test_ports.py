"""A port has one name in four places: port, contract, adapters, proof."""

import ast
from pathlib import Path

from tests.architecture import unfinished
from tests.architecture.tree import ADAPTERS, DOMAIN, ROOT


def classes(path: Path) -> list[ast.ClassDef]:
    tree = ast.parse(path.read_text()) if path.is_file() else ast.Module()
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def is_protocol(node: ast.ClassDef) -> bool:
    names = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    return any(isinstance(name, ast.Name) and name.id == "Protocol" for name in names)


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if path.stem != "__init__")


PORTS = [
    path.relative_to(DOMAIN / "ports").parts[0].removesuffix(".py")
    for path in modules(DOMAIN / "ports")
    if any(map(is_protocol, classes(path)))
]
"""Those that are more than a function: a function needs no contract and no folder."""


ROOM = dict.fromkeys(
    ("adjustments", "answers", "directory", "erasures", "inbox", "profiles", "team", "wallets"),
    "store",
)
"""Ports that share a room with another, because one transaction spans them."""


def missing(port: str) -> list[str]:
    room = ROOM.get(port, port)
    testing = DOMAIN / "testing"
    contracts = [testing / f"{port}.py", testing / room / f"{port}.py", *modules(testing / port)]
    found = {
        "a contract in salesarck_domain/testing": any(
            node.name.endswith("Contract") for path in contracts for node in classes(path)
        ),
        "an adapter in salesarck_adapters": bool(modules(ADAPTERS / room))
        or any((ADAPTERS / room).glob("*/__init__.py")),
        "a proof in tests/contract": any((ROOT / "tests/contract" / room).glob("test_*.py")),
    }
    return [what for what, is_there in found.items() if not is_there]


def test_every_port_is_promised_answered_and_proved() -> None:
    """A port that lacks something is unfinished, and one that lacks nothing no longer is."""
    lacking = {port: what for port in {*PORTS, *unfinished.PORTS} if (what := missing(port))}
    assert set(lacking) == unfinished.PORTS, lacking
