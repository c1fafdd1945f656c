"""`salesarck pos`: what tills send, looked at by hand."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from salesarck_domain.errors import SalesArckError
from salesarck_domain.news_codec import encode_news
from salesarck_domain.testing.recordings import news_of, run_recording
from salesarck_service.cli.verdicts import json_files, load_json, printable, tell_verdicts
from salesarck_service.container.pos import recorded_tills


@click.group()
def pos() -> None:
    """Tills: check and read what they send."""


@pos.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
@click.argument("folders", metavar="DIR…", nargs=-1, required=True, type=click.Path(path_type=Path))
def verify(folders: Sequence[Path], *, as_json: bool) -> None:
    """Run every recording (*.json) below each DIR.

    Prints a line for each that fails, and `N passed, M failed` last. With --json it prints
    {"recording", "passed", "differences"} for each recording instead, and the same last line. The
    exit code is 1 if one failed, or if a DIR has no recording.
    """
    found = {folder: json_files(folder) for folder in folders}
    tills = recorded_tills()
    tell_verdicts("recording", found, lambda told: run_recording(told, tills), as_json=as_json)


@pos.command()
@click.argument("file", type=click.Path(path_type=Path))
def read(file: Path) -> None:
    """Print the news of the recording FILE as a JSON list."""
    try:
        news = news_of(load_json(file), recorded_tills())
    except (SalesArckError, ValueError) as refusal:
        raise click.ClickException(printable(str(refusal))) from refusal
    click.echo(json.dumps([encode_news(item) for item in news], indent=2))
