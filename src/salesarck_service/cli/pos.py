"""`salesarck pos`: what tills send, looked at by hand."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from salesarck_domain.errors import SalesArckError
from salesarck_domain.news_codec import encode_news
from salesarck_domain.testing.recordings import news_of, run_recording
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
    passed = failed = 0
    for recording, differences in _played(folders):
        passed, failed = passed + (not differences), failed + bool(differences)
        if as_json:
            line = {"recording": recording, "passed": not differences, "differences": differences}
            click.echo(json.dumps(line))
        elif differences:
            click.echo(_printable(f"{recording}: {'; '.join(differences)}"))
    empty = [folder for folder in folders if not _recordings(folder)]
    for folder in empty:
        click.echo(_printable(f"no recording below {folder}: name a folder with *.json"), err=True)
    click.echo(f"{passed} passed, {failed} failed")
    click.get_current_context().exit(1 if failed or empty else 0)


@pos.command()
@click.argument("file", type=click.Path(path_type=Path))
def read(file: Path) -> None:
    """Print the news of the recording FILE as a JSON list."""
    try:
        news = news_of(_load(file), recorded_tills())
    except (SalesArckError, ValueError) as refusal:
        raise click.ClickException(_printable(str(refusal))) from refusal
    click.echo(json.dumps([encode_news(item) for item in news], indent=2))


def _played(folders: Sequence[Path]) -> Iterator[tuple[str, list[str]]]:
    tills = recorded_tills()
    for file in [file for folder in folders for file in _recordings(folder)]:
        try:
            yield str(file), run_recording(_load(file), tills)
        except ValueError as error:
            yield str(file), [str(error)]


def _recordings(folder: Path) -> Sequence[Path]:
    return sorted(file for file in folder.rglob("*.json") if file.is_file())


def _load(file: Path) -> object:
    """Read a file of JSON.

    Raises:
        ValueError: it can't be read, or isn't JSON.
    """
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise ValueError(f"can't read {file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} isn't JSON: {error}") from error


def _printable(text: str) -> str:
    """Escape what no terminal can show: names of files and ids may hold anything."""
    return " ".join(text.encode(errors="backslashreplace").decode().split())
