"""What the demo shows in a terminal, and the plain lines it prints where there is none."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from rich.console import Group
from rich.text import Text

from salesarck_domain.people import Role
from salesarck_service.demo.feed import Holding, Line
from salesarck_service.demo.world import PEOPLE, SHOPS, Somebody

LINES_MAX = 200
STYLES = {
    "earn": "green",
    "grant": "green",
    "release": "cyan",
    "redeem": "magenta",
    "clawback": "red",
    "deduct": "red",
    "expire": "yellow",
    "repay": "yellow",
    "deed": "bold",
    "note": "bold yellow",
}
KEYS = "s rings up a sale · c issues a code · r redeems it · x refunds · q quits"


@dataclass(slots=True)
class Screen:
    """One page: what happens, whom to sign in as, who holds what, and what to type elsewhere.

    It fits where a terminal has 80 columns and 24 lines. A command too long for a line is broken
    at its end and nowhere else, so that it can be copied.
    """

    addresses: Sequence[str]
    curl_lines: Sequence[str]
    lines: deque[Line] = field(default_factory=lambda: deque[Line](maxlen=LINES_MAX))
    holdings: Sequence[Holding] = ()

    def page(self, width: int, height: int) -> Group:
        """Draw it, for a terminal of this size."""
        above = [*_folded(self.addresses, width, "bold"), _rule("what happens", width)]
        below = [
            _rule("people: sign in with their phone; the code is shown above", width),
            *self._people(width),
            _rule("to type elsewhere", width),
            *_folded(self.curl_lines, width),
            Text(KEYS[:width], "reverse"),
        ]
        room = max(1, height - len(above) - len(below))
        feed = [_styled(line, width) for line in list(self.lines)[-room:]]
        return Group(*above, *feed, *[Text()] * (room - len(feed)), *below)

    def _people(self, width: int) -> Iterator[Text]:
        """Everybody, two a line."""
        half = (len(PEOPLE) + 1) // 2
        said = [f"{who.name:<6}{who.phone} {self._about(who)}" for who in PEOPLE]
        for left, right in zip_longest(said[:half], said[half:], fillvalue=""):
            column = width // 2
            yield Text(f"{left[: column - 1]:<{column}}{right[:column]}", no_wrap=True)

    def _about(self, somebody: Somebody) -> str:
        held = [
            f"{here.tenant} {here.balance}" + (f" (owes {here.owed})" if here.owed else "")
            for here in self.holdings
            if here.name == somebody.name
        ]
        return ", ".join(held) or role_of(somebody)


def plain(line: Line) -> str:
    """Write what happened on one line."""
    return f"{line.at:%H:%M:%S} {line.where:<7}{line.what}"


def role_of(somebody: Somebody) -> str:
    """Say what somebody of the demo is."""
    for shop in SHOPS:
        if shop.tenant.id == somebody.tenant:
            return f"{shop.tenant.name} {somebody.role}"
    return "admin" if somebody.role is Role.ADMIN else "consumer"


def _rule(title: str, width: int) -> Text:
    return Text(f"── {title} {'─' * width}"[:width], "dim", no_wrap=True)


def _folded(lines: Sequence[str], width: int, style: str = "") -> Iterator[Text]:
    for line in lines:
        for start in range(0, len(line), width):
            yield Text(line[start : start + width], style, no_wrap=True)


def _styled(line: Line, width: int) -> Text:
    return Text(plain(line)[:width], STYLES.get(line.kind, ""), no_wrap=True)
