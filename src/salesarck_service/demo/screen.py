"""What the demo shows in a terminal, and the plain lines it prints where there is none."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Group
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from salesarck_service.demo.feed import Holding, Line
from salesarck_service.demo.world import PEOPLE, SHOPS, Somebody

LINES_MAX = 200
COLORS = {
    "sale": "white",
    "earn": "green",
    "grant": "green",
    "release": "cyan",
    "redeem": "magenta",
    "clawback": "red",
    "expire": "yellow",
    "repay": "yellow",
    "deduct": "red",
    "deed": "bold",
    "note": "bold yellow",
}
KEYS = "s rings up a sale · c issues a code · r redeems it · x refunds · q quits"


@dataclass(slots=True)
class Screen:
    """One page: what happens, who holds what, whom to sign in as, and what to type elsewhere."""

    addresses: Sequence[tuple[str, str]]
    curl_lines: Sequence[str]
    lines: deque[Line] = field(default_factory=lambda: deque[Line](maxlen=LINES_MAX))
    holdings: Sequence[Holding] = ()

    def page(self, height: int) -> Layout:
        """Draw it, for a terminal of so many lines."""
        page = Layout()
        below = len(self.curl_lines) + 3
        page.split_column(
            Layout(self._addresses(), size=len(self.addresses) + 2),
            Layout(name="middle"),
            Layout(self._commands(), size=below),
        )
        room = max(3, height - below - len(self.addresses) - 4)
        page["middle"].split_row(Layout(self._feed(room), ratio=3), Layout(self._people(), ratio=2))
        return page

    def _addresses(self) -> Panel:
        rows = Table.grid(padding=(0, 2))
        for name, address in self.addresses:
            rows.add_row(Text(name, "bold"), address)
        return Panel(rows, title="SalesArck", title_align="left")

    def _feed(self, room: int) -> Panel:
        shown = [_styled(line) for line in list(self.lines)[-room:]]
        return Panel(Group(*shown), title="what happens", title_align="left")

    def _people(self) -> Group:
        holds = Table(box=None, padding=(0, 1))
        for name in ("holds", "at the", "points", "owes"):
            holds.add_column(name, justify="right" if name in {"points", "owes"} else "left")
        for held in self.holdings:
            owed = str(held.owed) if held.owed else ""
            holds.add_row(held.name, held.tenant, str(held.balance), owed)
        people = Table(box=None, padding=(0, 1))
        for name in ("sign in as", "phone", "who is"):
            people.add_column(name)
        for somebody in PEOPLE:
            people.add_row(somebody.name, somebody.phone, role_of(somebody))
        return Group(Panel(holds), Panel(people))

    def _commands(self) -> Panel:
        commands = [Text(line, no_wrap=True, overflow="ellipsis") for line in self.curl_lines]
        return Panel(Group(*commands, Text(KEYS, "bold")))


def plain(line: Line) -> str:
    """Write what happened on one line."""
    return f"{line.at:%H:%M:%S}  {line.where:<7} {line.what}"


def role_of(somebody: Somebody) -> str:
    """Say what somebody of the demo is."""
    for shop in SHOPS:
        if shop.tenant.id == somebody.tenant:
            return f"{somebody.role} of the {shop.tenant.name}"
    return somebody.role.value


def _styled(line: Line) -> Text:
    return Text(plain(line), COLORS.get(line.kind, ""), no_wrap=True, overflow="ellipsis")
