"""The checks: `make test` runs those of the first list, the others wait to be asked by name."""

import json
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "none"  # .venv has everything; see .ci/setup
nox.options.sessions = ["lint", "types", "imports", "tests", "bare"]

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))

BRANCHES_COVERED_MIN = {"salesarck_domain": 98, "salesarck_adapters": 90}
ALONE = ("tests/line", "tests/demo")
"""Tests that start whole processes and look at the clock: they share the machine with nobody."""

SHORT = ("-m", "not long")
"""Whole products of everything with everything, of which these runs take samples, are left out."""

RUNNER = """
_pytest anyio idna iniconfig packaging pluggy py.py pygments pytest sniffio typing_extensions.py
"""
"""What it takes to run tests, lent to an environment that has nothing else."""

IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import salesarck_domain
names = [m.name for m in pkgutil.walk_packages(salesarck_domain.__path__, "salesarck_domain.")]
for name in names:
    importlib.import_module(name)
print(f"{len(names)} modules imported with nothing but the standard library")
"""


def run(session: nox.Session, tool: str, *args: str, **env: str) -> None:
    """Run a program of .venv."""
    session.run(str(BIN / tool), *args, env=env, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, with every rule that we could not name a reason against."""
    run(session, "ruff", "check")
    run(session, "ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Two strict type checkers: each sees what the other does not."""
    run(session, "mypy")
    run(session, "basedpyright")


@nox.session
def imports(session: nox.Session) -> None:
    """Check who may import whom."""
    run(session, "lint-imports", "--no-logo")


@nox.session
def tests(session: nox.Session) -> None:
    """All but the long tests, with coverage; or, quickly, some: `nox -s tests -- tests/unit`."""
    if session.posargs:
        run(session, "pytest", *session.posargs)
        return
    report = Path(session.create_tmp()) / "coverage.json"
    cov = ("--cov", "--cov-report=", f"--cov-report=json:{report}")
    apart = [f"--ignore={room}" for room in ALONE]
    run(session, "pytest", "-n2", "--dist=loadgroup", "-q", *SHORT, *cov, *apart)
    run(session, "pytest", "-q", *SHORT, *cov, "--cov-append", *ALONE)
    _check_coverage(session, json.loads(report.read_text())["files"])


@nox.session
def long(session: nox.Session) -> None:
    """Try the whole products that `make test` takes samples of."""
    run(session, "pytest", "-q", "-m", "long", *session.posargs)


@nox.session
def bare(session: nox.Session) -> None:
    """Install the wheel alone, without a single dependency: the domain must import and hold."""
    room = Path(session.create_tmp())
    shutil.rmtree(room)
    run(session, "python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(room))
    run(session, "python", "-m", "venv", "--without-pip", str(room / "venv"))
    python = str(room / "venv" / "bin" / "python")
    (wheel,) = room.glob("*.whl")
    pip = ("-m", "pip", "--python", python, "install", "--quiet", "--no-index", str(wheel))
    run(session, "python", *pip)

    (site,) = (room / "venv" / "lib").glob("python*/site-packages")
    session.run(python, "-I", "-S", "-W", "error", "-c", IMPORT_ALL, str(site), external=True)

    lent = room / "runner"
    lent.mkdir()
    for name in RUNNER.split():
        (lent / name).symlink_to(SITE_PACKAGES / name)
    env = {"PYTHONPATH": str(lent), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    config = f"-c /dev/null --rootdir={HERE} --confcutdir=tests/unit -o anyio_mode=auto"
    manner = "-q -W error --import-mode=importlib --doctest-modules -p anyio.pytest_plugin"
    rooms = ("tests/unit", str(site / "salesarck_domain"))
    words = ("-m", "pytest", *config.split(), *manner.split(), *rooms)
    session.run(python, *words, env=env, external=True)


@nox.session
def postgres15(session: nox.Session) -> None:
    """Hold the Postgres store and its migrations to their contracts on the oldest Postgres."""
    binaries = session.env.get("SALESARCK_TEST_POSTGRES", "/usr/lib/postgresql/15/bin")
    run(session, "pytest", "tests/contract/store", SALESARCK_TEST_POSTGRES=binaries)


@nox.session
def pgbouncer(session: nox.Session) -> None:
    """Hold the Postgres store to its contracts through a pooler that shares sessions."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        session.run("apt-get", "install", "--yes", "pgbouncer", external=True)
        program = "/usr/sbin/pgbouncer"
    rooms = [f"tests/contract/{it}" for it in ("store", "directory", "inbox", "answers")]
    run(session, "pytest", *rooms, SALESARCK_TEST_PGBOUNCER=program)


@nox.session
def edge(session: nox.Session) -> None:
    """Try the nginx configuration that we ship with the real nginx before the real service."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        session.run("apt-get", "install", "--yes", "nginx-light", external=True)
        program = "/usr/sbin/nginx"
    run(session, "pytest", "tests/edge", *session.posargs, SALESARCK_TEST_NGINX=program)


@nox.session
def walls(session: nox.Session) -> None:
    """Compare an authenticated wallet read to the same read with the walls off."""
    run(session, "python", "-m", "tests.service.walls")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Search for longer than `make test` has time for, and never the same way twice."""
    rooms = session.posargs or ("tests",)
    run(session, "pytest", "--hypothesis-profile=fuzz", "-m", "hypothesis", *rooms)


@nox.session
def mutants(session: nox.Session) -> None:
    """Plant faults in the domain, one at a time, and list those that no test saw."""
    run(session, "mutmut", "run", *session.posargs)
    run(session, "mutmut", "results")


@nox.session
def misreadings(session: nox.Session) -> None:
    """Plant what else the page about stories could mean, and list what no story caught."""
    run(session, "python", "-m", "tests.stories.plant", *session.posargs)


@nox.session
def pin(session: nox.Session) -> None:
    """Write requirements/ anew: the newest versions that fit pyproject.toml, with all hashes."""
    words = "pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes"
    quiet = "--no-header --no-annotate --no-emit-index-url"
    for name, extra in (("run", "all"), ("dev", "dev")):
        target = ("--extra", extra, "pyproject.toml", "-o", f"requirements/{name}.txt")
        run(session, "uv", *words.split(), *quiet.split(), *target)


def _check_coverage(session: nox.Session, files: dict[str, Any]) -> None:
    """Compare the share of branches taken in each package with what is asked of it."""
    for package, asked in BRANCHES_COVERED_MIN.items():
        inside = [f["summary"] for path, f in files.items() if package in Path(path).parts]
        taken = sum(summary["covered_branches"] for summary in inside)
        there = sum(summary["num_branches"] for summary in inside)
        share = 100 * taken / max(there, 1)
        session.log(f"{package}: {share:.1f} % of {there} branches taken, {asked} % asked")
        if share < asked:
            session.error(f"cover more of {package}: see `.venv/bin/coverage report -m`")
