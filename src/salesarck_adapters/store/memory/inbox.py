"""The inbox in memory."""

import hashlib
import re
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from uuid import UUID, uuid4

from salesarck_adapters.store.memory.directory import MemoryDirectory
from salesarck_domain.ids import SaleId, TenantId, uuid7
from salesarck_domain.ports.inbox import (
    ATTEMPTS_MAX,
    Arrival,
    InboxCounts,
    InboxRow,
    LeaseLost,
    OpenRows,
    RowState,
    needle_of,
)
from salesarck_domain.ports.pos import Answer
from salesarck_domain.ports.store import Finished

HANDSHAKES_MAX = 5

Lane = tuple[str, str | None]
"""Provider and merchant: rows of one lane keep their order."""


@dataclass(slots=True)
class KeptRow:
    """A row with what only the inbox knows of it."""

    row: InboxRow
    lease_ends_at: datetime | None = None
    sales: AbstractSet[SaleId] = frozenset()
    told_differently: bool = False
    body_hash: bytes = b""
    done_at: datetime | None = None
    clock_ahead: bool = False

    @property
    def lane(self) -> Lane:
        """Whose turn it is in."""
        return (self.row.provider, self.row.merchant)

    def is_due(self, now: datetime) -> bool:
        """Whether somebody may lease it."""
        if self.row.state is RowState.WAITING:
            return self.row.due_at <= now
        return self.lease_ends_at is not None and self.lease_ends_at <= now

    def is_held(self, now: datetime) -> bool:
        """Whether somebody works on it."""
        return self.lease_ends_at is not None and self.lease_ends_at > now


@dataclass(slots=True)
class Rows:
    """The rows, for the inbox and for works that finish them."""

    by_id: dict[UUID, KeptRow] = field(default_factory=dict[UUID, KeptRow])

    def held(self, row: UUID, token: UUID) -> KeptRow:
        """Find a row by its lease.

        Raises:
            LeaseLost: it is not held any more.
        """
        kept = self.by_id.get(row)
        if kept is None or kept.row.token != token:
            raise LeaseLost(row)
        return kept

    def let_go(
        self,
        kept: KeptRow,
        state: RowState,
        *,
        due_at: datetime | None = None,
        outcome: str | None = None,
        error: str | None = None,
    ) -> None:
        """End a row's lease."""
        kept.lease_ends_at = None
        kept.row = replace(
            kept.row,
            state=state,
            token=None,
            due_at=due_at or kept.row.due_at,
            outcome=outcome,
            error=error,
        )

    def finish(self, finished: Finished) -> None:
        """Mark a held row done."""
        kept = self.held(finished.row, finished.token)
        self.let_go(kept, RowState.DONE, outcome=finished.outcome)
        kept.sales = frozenset(finished.sales)
        kept.clock_ahead = finished.clock_ahead
        kept.done_at = datetime.now(UTC)

    def claimed(self, sales: AbstractSet[SaleId]) -> None:
        """Change unclaimed to applied for rows that told of these sales."""
        for kept in self.by_id.values():
            if kept.row.outcome == "unclaimed" and not sales.isdisjoint(kept.sales):
                kept.row = replace(kept.row, outcome="applied")


class MemoryInbox:
    """Rows in the order of their arrival, lanes in turn."""

    def __init__(self, rows: Rows, directory: MemoryDirectory) -> None:
        self._rows = rows
        self._directory = directory
        self._ids = count(1)
        self._turns = count(1)
        self._told: defaultdict[tuple[str, str | None, str], list[KeptRow]] = defaultdict(list)
        self._served: defaultdict[Lane, int] = defaultdict(int)
        self._handshakes: defaultdict[str, deque[tuple[datetime, str]]] = defaultdict(
            lambda: deque(maxlen=HANDSHAKES_MAX)
        )

    async def store(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        """Keep what is new, count what is not."""
        return [self._store(arrival) for arrival in arrivals]

    async def claim(self, limit: int, now: datetime, lease: timedelta) -> Sequence[InboxRow]:
        """Lease the head of each lane that has its turn."""
        self._set_aside(now)
        due = [kept for kept in self._in_order() if kept.is_due(now)]
        busy = {kept.lane for kept in self._in_order() if kept.is_held(now)}
        heads: dict[Lane, KeptRow] = {}
        for kept in due:
            if kept.lane not in busy:
                heads.setdefault(kept.lane, kept)
        in_turn = sorted(heads.values(), key=lambda kept: self._served[kept.lane])
        return [self._lease(kept, now + lease) for kept in islice(in_turn, limit)]

    async def answered(
        self, row: UUID, token: UUID, answers: Sequence[Answer], lease_ends_at: datetime
    ) -> None:
        """Keep answers beside a held row."""
        kept = self._rows.held(row, token)
        kept.lease_ends_at = lease_ends_at
        kept.row = replace(kept.row, answers=tuple(answers))

    async def finish(self, row: UUID, token: UUID, outcome: str) -> None:
        """Mark a held row done."""
        self._rows.finish(Finished(row, token, outcome))

    async def retry(self, row: UUID, token: UUID, due_at: datetime, error: str) -> None:
        """Let a held row wait."""
        kept = self._rows.held(row, token)
        self._rows.let_go(kept, RowState.WAITING, due_at=due_at, error=error)

    async def put_off(self, row: UUID, token: UUID, due_at: datetime, error: str) -> None:
        """Let a held row wait as if nobody had held it."""
        kept = self._rows.held(row, token)
        kept.row = replace(kept.row, attempts=kept.row.attempts - 1)
        self._rows.let_go(kept, RowState.WAITING, due_at=due_at, error=error)

    async def park(self, row: UUID, token: UUID, error: str) -> None:
        """Set a held row aside."""
        self._rows.let_go(self._rows.held(row, token), RowState.PARKED, error=error)

    async def release(self, provider: str, merchant: str, now: datetime) -> int:
        """Make a lane's unlinked rows due."""
        found = [
            kept
            for kept in self._rows.by_id.values()
            if kept.lane == (provider, merchant) and kept.row.state is RowState.UNLINKED
        ]
        for kept in found:
            self._rows.let_go(kept, RowState.WAITING, due_at=now)
        return len(found)

    async def counts(self, tenant: TenantId | None = None) -> InboxCounts:
        """Count all rows, or a tenant's."""
        kept = [
            each
            for each in self._rows.by_id.values()
            if tenant is None or each.row.tenant == tenant
        ]
        return InboxCounts(
            states=Counter(each.row.state.value for each in kept),
            outcomes=Counter(each.row.outcome for each in kept if each.row.outcome),
            told_differently=sum(each.told_differently for each in kept),
            clock_ahead=sum(each.clock_ahead for each in kept),
        )

    async def rows(
        self, state: str, before: UUID | None = None, limit: int = 50
    ) -> Sequence[InboxRow]:
        """Read from the newest back."""
        found = (
            kept.row
            for kept in reversed(self._in_order())
            if state in {kept.row.state.value, kept.row.outcome}
            and (before is None or kept.row.id < before)
        )
        return list(islice(found, limit))

    async def unfinished(self, now: datetime) -> int:
        """Count what is due or leased."""
        return sum(
            kept.is_due(now) or kept.row.state is RowState.LEASED
            for kept in self._rows.by_id.values()
        )

    async def open_rows(self) -> OpenRows:
        """Look at what is not done."""
        kept = [each for each in self._rows.by_id.values() if each.row.state is not RowState.DONE]
        coming = [
            each.lease_ends_at or each.row.due_at
            for each in kept
            if each.row.state in {RowState.WAITING, RowState.LEASED}
        ]
        return OpenRows(Counter(each.row.state.value for each in kept), min(coming, default=None))

    async def erase(self, rows: Iterable[UUID], texts: Collection[str]) -> int:
        """Look through all rows that are done."""
        asked = set(rows)
        return self._empty(
            kept for kept in self._done() if kept.row.id in asked or _names(kept.row, texts)
        )

    async def erase_old(self, before: datetime, limit: int) -> int:
        """Look through all rows that are done."""
        old = (kept for kept in self._done() if kept.done_at and kept.done_at < before)
        return self._empty(islice(old, limit))

    async def forget_handshakes(self, before: datetime) -> int:
        """Look through all."""
        forgotten = 0
        for kept in self._handshakes.values():
            while kept and kept[-1][0] < before:
                kept.pop()
                forgotten += 1
        return forgotten

    async def keep_handshake(self, provider: str, code: str, at: datetime) -> None:
        """Push the oldest out."""
        self._handshakes[provider].appendleft((at, code))

    async def handshakes(self, provider: str) -> Sequence[tuple[datetime, str]]:
        """Read them, latest first."""
        return list(self._handshakes[provider])

    def _done(self) -> list[KeptRow]:
        return [it for it in self._in_order() if it.row.state is RowState.DONE and it.row.body]

    def _empty(self, found: Iterable[KeptRow]) -> int:
        emptied = list(found)
        for kept in emptied:
            kept.row = replace(kept.row, body=b"", answers=())
        return len(emptied)

    def _store(self, arrival: Arrival) -> bool:
        body_hash = hashlib.sha256(arrival.body).digest()
        told = self._told[arrival.provider, arrival.merchant, arrival.key]
        again = next((kept for kept in told if kept.body_hash == body_hash), None)
        if again:
            again.row = replace(again.row, deliveries=again.row.deliveries + 1)
            return False
        row = InboxRow(
            id=uuid7(arrival.received_at, next(self._ids).to_bytes(10, "big")),
            provider=arrival.provider,
            merchant=arrival.merchant,
            key=arrival.key,
            body=arrival.body,
            headers=dict(arrival.headers),
            received_at=arrival.received_at,
            correlation=arrival.correlation,
            state=RowState.WAITING,
            attempts=0,
            token=None,
            tenant=None,
            outcome=None,
            error=None,
            deliveries=1,
            due_at=arrival.received_at,
        )
        kept = self._rows.by_id[row.id] = KeptRow(
            row, told_differently=bool(told), body_hash=body_hash
        )
        told.append(kept)
        return True

    def _in_order(self) -> list[KeptRow]:
        return sorted(self._rows.by_id.values(), key=lambda kept: kept.row.id)

    def _set_aside(self, now: datetime) -> None:
        """Let rows of unlinked merchants wait, and park those whose workers keep dying."""
        for kept in self._rows.by_id.values():
            if not kept.is_due(now):
                continue
            if kept.row.state is RowState.LEASED and kept.row.attempts >= ATTEMPTS_MAX:
                error = f"{kept.row.attempts} workers took it up and none came back"
                self._rows.let_go(kept, RowState.PARKED, error=error)
            elif kept.row.merchant and not self._tenant_of(kept.row):
                self._rows.let_go(kept, RowState.UNLINKED)

    def _lease(self, kept: KeptRow, ends_at: datetime) -> InboxRow:
        self._served[kept.lane] = next(self._turns)
        kept.lease_ends_at = ends_at
        kept.row = replace(
            kept.row,
            state=RowState.LEASED,
            attempts=kept.row.attempts + 1,
            token=uuid4(),
            tenant=self._tenant_of(kept.row),
        )
        return kept.row

    def _tenant_of(self, row: InboxRow) -> TenantId | None:
        link = self._directory.links_by_merchant.get((row.provider, row.merchant or ""))
        return link.tenant if link else None


def _names(row: InboxRow, texts: Collection[str]) -> bool:
    """Whether one of these texts stands in what was delivered or fetched; phones by their end."""
    told = [row.body.decode(errors="replace"), *(answer.body for answer in row.answers)]
    whole = "\n".join(told).lower()
    digits = re.sub(r"\D", "", whole)
    needles = [needle_of(text) for text in texts]
    return any(needle.text in (digits if needle.is_phone else whole) for needle in needles)
