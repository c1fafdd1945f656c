"""Every error has one kind, one explanation and one code that machines may rely on."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator

import pytest

import salesarck_adapters
import salesarck_domain
from salesarck_domain.errors import SalesArckError

KINDS = tuple(sorted(SalesArckError.__subclasses__(), key=lambda kind: kind.__name__))


def import_everything() -> None:
    for package in (salesarck_domain, salesarck_adapters):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in module.name:  # those run, and only under Alembic
                importlib.import_module(module.name)


def descendants(parent: type[SalesArckError]) -> Iterator[type[SalesArckError]]:
    for child in parent.__subclasses__():
        yield child
        yield from descendants(child)


import_everything()
ERRORS = sorted(set(descendants(SalesArckError)), key=lambda error: error.__qualname__)


def test_there_are_seven_kinds() -> None:
    assert len(KINDS) == 7
    assert {kind.__module__ for kind in KINDS} == {"salesarck_domain.errors"}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_one_kind_and_an_explanation(error: type[SalesArckError]) -> None:
    assert sum(issubclass(error, kind) for kind in KINDS) == 1
    explanation = vars(error).get("__doc__") or ""
    assert explanation.endswith(".")  # and is not what a dataclass says about itself
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)


def test_no_two_errors_share_a_code() -> None:
    codes = Counter(error.code for error in ERRORS if "code" in vars(error))
    assert [code for code, times in codes.items() if times > 1] == []
