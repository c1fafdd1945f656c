"""Answers in memory: a dictionary, since one process has one event loop."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from salesarck_domain.ports.answers import Answer, Asked, Command, taken_on

Name = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class MemoryAnswers:
    """Commands by who sends them where under which key."""

    commands: dict[Name, Command] = field(default_factory=dict[Name, Command])

    async def begin(self, asked: Asked, token: UUID, at: datetime, now: datetime) -> Command:
        """Take a command on, or find who did.

        Raises:
            KeyReused: the key came before with another content.
        """
        name = _name(asked)
        command = taken_on(self.commands.get(name), asked, token, at, now)
        self.commands[name] = command
        return command

    async def keep(self, asked: Asked, token: UUID, answer: Answer) -> None:
        """Keep the answer of who holds the token."""
        self._change(asked, token, lambda command: replace(command, answer=answer))

    async def let_go(self, asked: Asked, token: UUID, now: datetime) -> None:
        """Let the next who asks take it on."""
        self._change(asked, token, lambda command: replace(command, held_until=now))

    async def forget(self, now: datetime) -> int:
        """Forget the commands whose day is over."""
        old = [name for name, command in self.commands.items() if command.kept_until <= now]
        for name in old:
            del self.commands[name]
        return len(old)

    def _change(self, asked: Asked, token: UUID, change: Callable[[Command], Command]) -> None:
        there = self.commands.get(_name(asked))
        if there and there.token == token:
            self.commands[_name(asked)] = change(there)


def _name(asked: Asked) -> Name:
    return asked.caller, asked.route, asked.key
