"""The command line, `salesarck`.

A command is a module in this folder that has a click command or group of its name, and its name in
`COMMANDS`. The module is imported when the command is called, or its help is wanted, and not
before: so that `salesarck pos verify` doesn't wait for a web server to load.
"""

from importlib import import_module

import click

COMMANDS = (
    "books",
    "demo",
    "link",
    "migrate",
    "openapi",
    "pos",
    "replay",
    "serve",
    "story",
    "tenant",
    "work",
)


class Commands(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Say which commands there are."""
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: object = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=Commands)
def main() -> None:
    """Sales at tills become points in wallets."""
