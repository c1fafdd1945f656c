"""Files of JSON that are played one by one, and what is said of each."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

Verdict = tuple[Path, Sequence[str]]
"""A file, and what did not come out in it as told."""


def json_files(place: Path) -> Sequence[Path]:
    """List the files of JSON below a folder, or the one file."""
    if place.is_file():
        return [place]
    return sorted(file for file in place.rglob("*.json") if file.is_file())


def load_json(file: Path) -> object:
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


def tell_verdicts(
    kind: str, places: Sequence[Path], verdicts: Iterable[Verdict], *, as_json: bool
) -> None:
    """Print a line for each file that failed, or for each with JSON, and the counts last.

    Ends the command: with 1 if a file failed, or if a place has none.
    """
    passed = failed = 0
    for file, differences in verdicts:
        passed, failed = passed + (not differences), failed + bool(differences)
        if as_json:
            line = {kind: str(file), "passed": not differences, "differences": differences}
            click.echo(json.dumps(line))
        elif differences:
            click.echo(printable(f"{file}: {'; '.join(differences)}"))
    empty = [place for place in places if not json_files(place)]
    for place in empty:
        click.echo(printable(f"no {kind} below {place}: name a folder with *.json"), err=True)
    click.echo(f"{passed} passed, {failed} failed")
    click.get_current_context().exit(1 if failed or empty else 0)


def printable(text: str) -> str:
    """Escape what no terminal can show: names of files and ids may hold anything."""
    return " ".join(text.encode(errors="backslashreplace").decode().split())
