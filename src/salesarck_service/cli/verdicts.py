"""Files of JSON that are played one by one, and what is said of each."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

Play = Callable[[object], Sequence[str]]
"""Plays what a file holds, and names what did not come out as told."""


def json_files(folder: Path) -> Sequence[Path]:
    """List the files of JSON below a folder."""
    return sorted(file for file in folder.rglob("*.json") if file.is_file())


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
    kind: str, found: Mapping[Path, Sequence[Path]], play: Play, *, as_json: bool
) -> None:
    """Play the files found at some places, and say of each what did not come out as told.

    Prints a line for each that failed, or for each with JSON, and the counts last. Ends the
    command: with 1 if a file failed, or if a place has none.
    """
    passed = failed = 0
    for file in [file for files in found.values() for file in files]:
        differences = _played(file, play)
        passed, failed = passed + (not differences), failed + bool(differences)
        if as_json:
            line = {kind: str(file), "passed": not differences, "differences": differences}
            click.echo(json.dumps(line))
        elif differences:
            click.echo(printable(f"{file}: {'; '.join(differences)}"))
    empty = [place for place, files in found.items() if not files]
    for place in empty:
        click.echo(printable(f"no {kind} below {place}: name a folder with *.json"), err=True)
    click.echo(f"{passed} passed, {failed} failed")
    click.get_current_context().exit(1 if failed or empty else 0)


def _played(file: Path, play: Play) -> Sequence[str]:
    try:
        return play(load_json(file))
    except ValueError as error:
        return [str(error)]


def printable(text: str) -> str:
    """Escape what no terminal can show: names of files and ids may hold anything."""
    return " ".join(text.encode(errors="backslashreplace").decode().split())
