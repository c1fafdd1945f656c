"""Where a command's packages aren't installed, it says how to install them."""

import subprocess
import sys

import pytest

WITHOUT = (
    "import sys; sys.modules[{!r}] = None; from salesarck_service.__main__ import main; main()"
)


@pytest.mark.parametrize(
    ("package", "words"),
    [("click", ("--help",)), ("psycopg", ("books", "verify")), ("phonenumbers", ("pos", "verify"))],
)
def test_it_names_the_package_and_what_to_install(package: str, words: tuple[str, ...]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(package), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.returncode == 1
    assert told.stdout == ""
    (said,) = told.stderr.splitlines()
    assert said.startswith(f"Error: the package {package} is not installed; ")
    assert "pip install 'salesarck[all]'" in said
