"""The check: play the day, then hold everything that was written to everything that happened."""

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from msgspec import Struct

from salesarck_domain.ledger.entry import LedgerEntry
from salesarck_domain.ports.inbox import RowState
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.replay import Replay, essence
from salesarck_service.container.demo import Backstage, command_to_open, empty_store, shared_clock
from salesarck_service.demo.day import Day
from salesarck_service.demo.home import Home
from salesarck_service.demo.plan import expected_next_month, next_month, play
from salesarck_service.demo.processes import until_told_to_stop
from salesarck_service.demo.product import Product, Start, open_product
from salesarck_service.demo.world import EPOCH, SHOPS, Shop

DELIVERIES_MIN = 200
PAGE = 200


class Result(Struct, kw_only=True):
    """What came of it, in one line of JSON."""

    ok: bool
    deliveries: int
    entries: int
    wallets: int
    discrepancies: int
    replay_equal: bool
    seconds: float
    ledger: str
    seed: int
    wrong: Sequence[str]


@dataclass(slots=True)
class Findings:
    """What is not as it should be."""

    wrong: list[str] = field(default_factory=list[str])

    def expect(self, what: str, expected: object, found: object) -> None:
        """Note a difference, if there is one."""
        if expected != found:
            self.wrong.append(f"{what}: expected {expected}, found {found}")


def how_to_look(kept: Path) -> str:
    """Say how to look into a folder that was kept."""
    home = Home(kept.absolute())
    return (
        f"the data is kept; verify it with: salesarck books verify --data {home.folder}\n"
        f"or ask it in SQL; start its server with: {command_to_open(home.server)}\n"
        f"(database salesarck, user salesarck, password in {home.server / 'password'})"
    )


def run_check(seed: int, keep: Path | None) -> Result | None:
    """Play the day in a folder of its own, or in one that is kept. None if it was stopped.

    Raises:
        SalesArckError: it could not be played to its end.
    """
    if keep:
        Home(keep.absolute()).must_be_empty()
        return asyncio.run(until_told_to_stop(_check(seed, Home(keep.absolute()))))
    with TemporaryDirectory(prefix="salesarck-check-") as folder:
        return asyncio.run(until_told_to_stop(_check(seed, Home(Path(folder)))))


async def _check(seed: int, home: Home) -> Result:
    began = time.monotonic()
    findings = Findings()
    start = Start(seed=str(seed), clock_at=EPOCH)
    async with open_product(home, start) as product:
        _say(f"playing the day of seed {seed} against {product.web}")
        clock = shared_clock(product.database)
        day = Day(product, clock.move, EPOCH, Random(seed), seed)  # noqa: S311 - a plan, no secret
        await play(day, _say)
        await _compare(day, Day.expected, findings)
        await next_month(day)
        await _compare(day, expected_next_month, findings)
        clock.close()
        _say("the day is over; verifying the books")
        deliveries = await _count_deliveries(product, findings)
        ledger, wallets, entries = await _read_ledger(product.backstage)
        discrepancies, differences = await _prove(product.backstage)
    if deliveries < DELIVERIES_MIN:
        findings.wrong.append(f"only {deliveries} deliveries, and {DELIVERIES_MIN} are wanted")
    findings.wrong += discrepancies + differences
    return Result(
        ok=not findings.wrong,
        deliveries=deliveries,
        entries=entries,
        wallets=wallets,
        discrepancies=len(discrepancies),
        replay_equal=not differences,
        seconds=round(time.monotonic() - began, 1),
        ledger=ledger,
        seed=seed,
        wrong=findings.wrong,
    )


async def _compare(day: Day, expected: Callable[[Day, Shop, str], int], findings: Findings) -> None:
    """Hold every wallet of everybody to what was added up."""
    for name, person in day.people.items():
        wallets = {wallet.tenant: wallet for wallet in await person.wallets()}
        for shop in SHOPS:
            wallet = wallets.get(shop.tenant.id)
            found = wallet.balance - wallet.owed if wallet else 0
            what = f"{name} at the {shop.tenant.name} on {day.now:%d %B}"
            findings.expect(what, expected(day, shop, name), found)


async def _count_deliveries(product: Product, findings: Findings) -> int:
    """Count what the web acknowledged, and make sure that all of it came to an end."""
    inbox = product.backstage.inbox
    taken = product.square.taken + product.clover.taken
    findings.expect("posted and taken", product.square.posted + product.clover.posted, taken)
    states = {state: count for state, count in (await inbox.counts()).states.items() if count}
    findings.expect("states of inbox rows", {RowState.DONE.value}, set(states))
    kept, last = 0, None
    while rows := await inbox.rows(RowState.DONE.value, last, PAGE):
        kept += sum(row.deliveries for row in rows)
        last = rows[-1].id
    findings.expect("deliveries in the inbox", taken, kept)
    return taken


async def _read_ledger(backstage: Backstage) -> tuple[str, int, int]:
    """Hash what has to be the same whenever this day is played, and count it.

    People's ids are random, and what they do is named after them: here they are who they proved
    to be, and their codes are numbered.
    """
    books, directory = backstage.store.books, backstage.directory
    digest, wallets, entries = hashlib.sha256(), 0, 0
    for tenant in sorted(await directory.tenants(), key=lambda found: found.id):
        owners = await books.consumers(tenant.id)
        proofs = {it: await directory.evidence_of(it) for it in owners}
        names = {it: sorted(proof.evidence.value for proof in proofs[it]) for it in owners}
        owners = sorted(owners, key=names.__getitem__)
        for wallet in await books.wallet_books(tenant.id, owners):
            wallets += bool(wallet.entries)
            entries += len(wallet.entries)
            for line in _lines(wallet.entries):
                said = json.dumps([str(tenant.id), names[wallet.consumer], *line])
                digest.update(f"{said}\n".encode())
    return digest.hexdigest(), wallets, entries


def _lines(entries: Sequence[LedgerEntry]) -> Iterator[list[str]]:
    """Say what is in a wallet, apart from whose it is."""
    numbers: dict[str, str] = {}
    for entry in entries:
        kind = entry.reference.partition(":")[0]
        number = numbers.setdefault(entry.reference, f"{kind} {len(numbers)}")
        name = entry.reference if kind == "sale" else number
        yield [name if it == entry.reference else str(it) for it in essence(entry)[1:]]


async def _prove(backstage: Backstage) -> tuple[list[str], list[str]]:
    """Recompute the books, and replay them into memory."""
    store, directory = backstage.store, backstage.directory
    discrepancies = await VerifyBooks(store.books, directory)()
    into, into_directory = empty_store()
    differences = await Replay(store, directory, into, into_directory)()
    return [str(each) for each in discrepancies], [str(each) for each in differences]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the last line of stdout is for machines
