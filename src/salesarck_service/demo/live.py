"""The demo as people see it: everything runs, and a page or plain lines say what happens."""

import asyncio
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle

from rich.console import Console, RenderableType
from rich.live import Live

from salesarck_domain.errors import SalesArckError
from salesarck_service.demo.feed import Feed, Line
from salesarck_service.demo.home import Home
from salesarck_service.demo.keys import pressed_keys
from salesarck_service.demo.player import Player
from salesarck_service.demo.processes import until_told_to_stop
from salesarck_service.demo.product import Product, Start, open_product
from salesarck_service.demo.screen import Screen, plain, role_of
from salesarck_service.demo.world import PEOPLE

LOOK_SECONDS = 0.4
PLAY_SECONDS = 3.0
BY_ITSELF = "sscsrsx"
"""What the demo does where nobody can press a key, again and again."""

QUIT = "q"


@dataclass(slots=True)
class Show:
    """One run of the demo."""

    home: Home
    product: Product
    player: Player
    feed: Feed
    screen: Screen
    on_line: Callable[[Line], None] = lambda _: None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    keys: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])

    def tell(self, what: str, kind: str = "note") -> None:
        """Say something of our own."""
        self._add(Line(datetime.now(UTC), "demo", what, kind))

    def press(self, key: str) -> None:
        """Take a key."""
        if key.lower() == QUIT:
            self.over.set()
        elif key.lower() in self.player.deeds:
            self.keys.put_nowait(key.lower())

    async def run(self) -> None:
        """Go on until it is over, or until something can't be mended."""
        doing = [
            asyncio.create_task(each)
            for each in (self.over.wait(), self._play(), self._look(), self._watch())
        ]
        try:
            ended, _ = await asyncio.wait(doing, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in doing:
                task.cancel()
            await asyncio.gather(*doing, return_exceptions=True)

    async def _play(self) -> None:
        while True:
            deed = self.player.deeds[await self.keys.get()]
            try:
                self.tell(await deed(), "deed")
            except SalesArckError as refusal:
                self.tell(str(refusal))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                async for line in self.feed.news():
                    self._add(line)
                self.screen.holdings = await self.feed.holdings()
            except SalesArckError as trouble:
                self.tell(str(trouble))
            codes = self.product.api.codes.of_others
            for said in codes:
                self.tell(said)
            codes.clear()

    async def _watch(self) -> None:
        """Start again whatever ends, and keep everybody's token fresh."""
        tills_know_nobody = False
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            mended = await self.product.mend()
            for name in mended:
                self.tell(f"the {name} ended; it is started again")
            tills_know_nobody |= "tills" in mended
            try:
                if tills_know_nobody:
                    await self.player.fill_customer_books()
                    tills_know_nobody = False
                if await self.player.sign_everybody_in():
                    keep_tokens(self.home, self.player)
            except SalesArckError as trouble:
                self.tell(str(trouble))

    def _add(self, line: Line) -> None:
        self.screen.lines.append(line)
        self.on_line(line)


def run_live(home: Home, port: int, metrics_port: int) -> None:
    """Run until somebody stops it.

    Raises:
        SalesArckError: it could not start, or not go on.
    """
    asyncio.run(_run(home, Start("live", port, metrics_port=metrics_port)))


async def _run(home: Home, start: Start) -> None:
    console = Console()
    console.print("starting; the first start takes a little longer", highlight=False)
    await until_told_to_stop(_show(console, home, start))
    console.print("stopped", highlight=False)


async def _show(console: Console, home: Home, start: Start) -> None:
    has_keys = sys.stdin.isatty() and console.is_terminal
    async with open_product(home, start) as product:
        player, feed = Player(product), Feed(product.backstage)
        await player.fill_customer_books()
        await player.sign_everybody_in()
        keep_tokens(home, player)
        await feed.open()
        screen = Screen(_addresses(product), player.curl_lines(shlex.quote(str(home.folder))))
        show = Show(home, product, player, feed, screen)
        if has_keys:
            await _on_page(console, show)
        else:
            await _in_lines(console, show)


async def _on_page(console: Console, show: Show) -> None:
    def draw() -> RenderableType:
        return show.screen.page(console.width, console.height)

    with (
        Live(get_renderable=draw, console=console, screen=True, refresh_per_second=4),
        pressed_keys(sys.stdin.fileno(), show.press),
    ):
        await show.run()


async def _in_lines(console: Console, show: Show) -> None:
    """Print what happens, and make something happen now and then."""

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    for line in show.screen.addresses:
        say(line)
    for somebody in PEOPLE:
        say(f"sign in as {somebody.name}, {role_of(somebody)}: {somebody.phone}")
    for line in show.screen.curl_lines:
        say(line)
    show.on_line = lambda line: say(plain(line))
    playing = asyncio.create_task(_press_by_itself(show))
    try:
        await show.run()
    finally:
        playing.cancel()


async def _press_by_itself(show: Show) -> None:
    for key in cycle(BY_ITSELF):
        show.press(key)
        await asyncio.sleep(PLAY_SECONDS)


def _addresses(product: Product) -> Sequence[str]:
    return [
        f"web: {product.web}  API: {product.web}/schema/openapi.json",
        f"tills: Square {product.square.url}/till  Clover {product.clover.url}/till",
        *(f"metrics: {address}" for address in product.metrics),
    ]


def keep_tokens(home: Home, player: Player) -> None:
    """Write everybody's token to where the `curl` lines look for it."""
    for name, person in player.people.items():
        home.keep_token(name, person.token)
