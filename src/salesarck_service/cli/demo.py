"""`salesarck demo`: the whole product on this machine, to look at or to be checked."""

from pathlib import Path

import click
import msgspec

from salesarck_domain.errors import SalesArckError
from salesarck_service.demo.check import how_to_look, run_check
from salesarck_service.demo.home import Home
from salesarck_service.demo.live import run_live

PORT = 8000
METRICS = "Show what the web counts there, and the worker at the next."
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--metrics-port", default=0, type=click.IntRange(0, 65_534), help=METRICS)
@click.option("--data", type=FOLDER, help="Where its data is kept from one start to the next.")
@click.option("--check", is_flag=True, help="Play a fixed day, check everything, say so in JSON.")
@click.option("--keep", type=FOLDER, help="With --check: leave the data in this folder.")
@click.option("--seed", default=1, show_default=True, help="With --check: which day.")
def demo(
    port: int, metrics_port: int, data: Path | None, keep: Path | None, seed: int, *, check: bool
) -> None:
    """Start everything: a database, simulated tills, the web, a worker. Ctrl-C stops it all."""
    if keep and not check:
        raise click.UsageError("--keep goes with --check; use --data to choose a folder")
    if data and check:
        raise click.UsageError("--data goes without --check; use --keep to keep what it leaves")
    try:
        if check:
            _check(seed, keep)
        else:
            run_live(Home(data.absolute()) if data else Home.of_this_person(), port, metrics_port)
    except SalesArckError as error:
        if check:
            click.echo(msgspec.json.encode({"ok": False, "error": str(error)}))
        raise click.ClickException(str(error)) from error


def _check(seed: int, keep: Path | None) -> None:
    result = run_check(seed, keep)
    if result is None:
        raise click.ClickException("it was stopped before its end")
    for each in result.wrong:
        click.echo(each, err=True)
    if keep:
        click.echo(how_to_look(keep), err=True)
    click.echo(msgspec.json.encode(result))
    click.get_current_context().exit(0 if result.ok else 1)
