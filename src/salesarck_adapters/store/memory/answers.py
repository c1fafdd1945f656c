"""Answers in memory: a dictionary, since one process has one event loop."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from salesarck_domain.ports.answers import Answered, Asked, Command, CommandLost, taken_on

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

    async def keep(self, answered: Answered) -> None:
        """Keep the answer of who holds the token, if there is none."""
        if self._holds(answered):
            self.write(answered)

    def check(self, answered: Answered) -> None:
        """See that a command is still held, and waits for its answer.

        Raises:
            CommandLost: it isn't, or doesn't.
        """
        if not self._holds(answered):
            raise CommandLost

    def write(self, answered: Answered) -> None:
        """Write an answer down."""
        name = _name(answered.asked)
        self.commands[name] = replace(self.commands[name], answer=answered.answer)

    async def let_go(self, asked: Asked, token: UUID, now: datetime) -> bool:
        """Let the next who asks take it on."""
        there = self.commands.get(_name(asked))
        if there and there.token == token:
            self.commands[_name(asked)] = replace(there, held_until=now)
            return True
        return False

    async def forget(self, now: datetime) -> int:
        """Forget the commands whose day is over."""
        old = [name for name, command in self.commands.items() if command.kept_until <= now]
        for name in old:
            del self.commands[name]
        return len(old)

    def forget_caller(self, caller: str) -> None:
        """Forget all commands of somebody."""
        for name in [name for name in self.commands if name[0] == caller]:
            del self.commands[name]

    def _holds(self, answered: Answered) -> bool:
        there = self.commands.get(_name(answered.asked))
        return bool(there and there.token == answered.token and there.answer is None)


def _name(asked: Asked) -> Name:
    return asked.caller, asked.route, asked.key
