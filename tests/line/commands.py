"""People's commands: what each needs before it, what may happen after it, and what it tells."""

import json
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4

import httpx

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.ids import CodeId, ConsumerId
from salesarck_domain.testing.examples import CAFE
from tests.service.desk import ADA, ADMIN, CLERK, OWNER

Told = dict[str, object]
WALLET = f"/v1/consumer/wallets/{CAFE.id}"
MERCHANT = f"/v1/merchant/tenants/{CAFE.id}"
TILL = {"till": "T1"}


@dataclass
class Town:
    """A café whose people are signed in, and a web that lives."""

    client: httpx.AsyncClient
    store: PostgresStore
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    people: dict[str, ConsumerId] = field(default_factory=dict[str, ConsumerId])

    async def ask(
        self,
        asking: "Asking",
        *,
        key: str = "",
        client: httpx.AsyncClient | None = None,
    ) -> httpx.Response:
        """Ask as whoever asks it, by default under a key of its own."""
        headers = {
            "Authorization": f"Bearer {self.tokens[asking.who]}",
            "Idempotency-Key": key or str(uuid4()),
        }
        return await (client or self.client).request(
            asking.method, asking.path, json=asking.body, headers=headers
        )

    async def done(self, asking: "Asking") -> Told:
        """Have something done."""
        answer = await self.ask(asking)
        assert answer.is_success, answer.text
        told: Told = answer.json()
        return told

    async def entries(self, kind: str) -> list[Told]:
        """Ada's entries of one kind, newest first, as she sees them."""
        path = f"{WALLET}/history?limit=200"
        told = await self.done(Asking(ADA, "GET", path))
        found = told["entries"]
        assert isinstance(found, list)
        return [entry for entry in found if entry["kind"] == kind]

    async def give(self, points: int) -> Told:
        return await self.done(self.giving(points))

    def giving(self, points: int) -> "Asking":
        body = {"kind": "grant", "points": points, "reason": "welcome"}
        path = f"/v1/admin/tenants/{CAFE.id}/consumers/{self.people[ADA]}/adjustments"
        return Asking(ADMIN, "POST", path, body)

    async def issue(self) -> Told:
        return await self.done(Asking(ADA, "POST", f"{WALLET}/codes", {"points": 10}))

    async def redeem(self) -> Told:
        typed = {"code": (await self.issue())["code"], **TILL}
        return await self.done(Asking(CLERK, "POST", f"{MERCHANT}/redemptions", typed))

    async def publish(self, points: int) -> Told:
        return await self.done(publishing(points))

    async def notes(self, action: str, target: str) -> list[str]:
        """The moments at which something was done, as JSON tells them."""
        notes = await self.store.books.notes(CAFE.id, target=target)
        return [_moment(note.at.isoformat()) for note in notes if note.action == action]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what."""

    who: str
    method: str
    path: str
    body: Told | None = None


class Command(Protocol):
    """A command whose effect can be counted."""

    async def prepare(self, town: Town) -> Asking:
        """Make what it needs, and say what is asked."""
        ...

    async def meanwhile(self, town: Town, *, is_done: bool) -> None:
        """Do something else, so that the present no longer is what the answer tells."""
        ...

    async def effects(self, town: Town) -> list[Told]:
        """What it did, once for every time, in the words of its answer."""
        ...


class Issue:
    """Points become a code."""

    async def prepare(self, town: Town) -> Asking:
        self.before = len(await town.entries("redeem"))
        return Asking(ADA, "POST", f"{WALLET}/codes", {"points": 10})

    async def meanwhile(self, town: Town, *, is_done: bool) -> None:
        del is_done
        await town.give(7)

    async def effects(self, town: Town) -> list[Told]:
        entries = await town.entries("redeem")
        ids = [str(entry["reference"])[5:] for entry in entries[: len(entries) - self.before]]
        states = [await town.done(Asking(ADA, "GET", f"{WALLET}/codes/{id_}")) for id_ in ids]
        return [dict(state["shown"]) for state in states]  # type: ignore[call-overload] # it is an object


class Redeem:
    """A till honours a code. Afterwards the same till may take it back."""

    async def prepare(self, town: Town) -> Asking:
        issued = await town.issue()
        self.id = str(issued["id"])
        return Asking(CLERK, "POST", f"{MERCHANT}/redemptions", {"code": issued["code"], **TILL})

    async def meanwhile(self, town: Town, *, is_done: bool) -> None:
        if is_done:
            await town.done(Asking(CLERK, "POST", f"{MERCHANT}/redemptions/{self.id}/undo", TILL))

    async def effects(self, town: Town) -> list[Told]:
        moments = await town.notes("redeem_code", f"code:{self.id}")
        common = {"id": self.id, "state": "redeemed", "points": 10, **TILL}
        return [{**common, "settled_at": moment} for moment in moments]


class Undo:
    """A till takes back what it honoured."""

    async def prepare(self, town: Town) -> Asking:
        self.id = str((await town.redeem())["id"])
        return Asking(CLERK, "POST", f"{MERCHANT}/redemptions/{self.id}/undo", TILL)

    async def meanwhile(self, town: Town, *, is_done: bool) -> None:
        del is_done
        await town.give(7)

    async def effects(self, town: Town) -> list[Told]:
        moments = await town.notes("undo_redemption", f"code:{self.id}")
        released = [
            entry for entry in await town.entries("release") if self.id in str(entry["reference"])
        ]
        assert len(released) == len(moments)
        common = {"id": self.id, "state": "undone", "points": 10, **TILL}
        return [{**common, "settled_at": moment} for moment in moments]


class Cancel:
    """Who asked for a code takes it back."""

    async def prepare(self, town: Town) -> Asking:
        self.id = str((await town.issue())["id"])
        return Asking(ADA, "DELETE", f"{WALLET}/codes/{self.id}")

    async def meanwhile(self, town: Town, *, is_done: bool) -> None:
        del is_done
        await town.give(7)

    async def effects(self, town: Town) -> list[Told]:
        released = [
            entry for entry in await town.entries("release") if self.id in str(entry["reference"])
        ]
        code = await town.store.books.code(CAFE.id, CodeId(UUID(self.id)))
        assert code
        settled = _moment(code.settled_at.isoformat()) if code.settled_at else None
        told: Told = {"id": self.id, "state": "cancelled", "settled_at": settled}
        return [told for _ in released]


class Adjust:
    """An operator gives points by hand."""

    async def prepare(self, town: Town) -> Asking:
        self.points = 1_000 + len(await town.entries("grant"))
        return town.giving(self.points)

    async def meanwhile(self, town: Town, *, is_done: bool) -> None:
        del is_done
        await town.give(7)

    async def effects(self, town: Town) -> list[Told]:
        return [
            {
                "act": str(entry["reference"]).removeprefix("act:"),
                "balance": entry["balance_after"],
                "owed": entry["owed_after"],
                "seq": entry["seq"],
            }
            for entry in await town.entries("grant")
            if entry["points"] == self.points
        ]


class Publish:
    """An owner publishes rules, which other rules may follow."""

    async def prepare(self, town: Town) -> Asking:
        self.points = 1_000 + len(await versions(town))
        return publishing(self.points)

    async def meanwhile(self, town: Town, *, is_done: bool) -> None:
        del is_done
        await town.publish(1)

    async def effects(self, town: Town) -> list[Told]:
        mine = f'"points": {self.points},'
        found = [version for version in await versions(town) if mine in json.dumps(version)]
        return [{**version, "in_force": True} for version in found]


class Retire:
    """An owner wants no rules at all, and then others."""

    async def prepare(self, town: Town) -> Asking:
        await town.publish(2)
        self.before = len(await town.notes("retire_rules", "rules:all"))
        return Asking(OWNER, "POST", f"{MERCHANT}/rules/retire", {"force": True})

    async def meanwhile(self, town: Town, *, is_done: bool) -> None:
        del is_done
        await town.publish(3)

    async def effects(self, town: Town) -> list[Told]:
        moments = await town.notes("retire_rules", "rules:all")
        return [{"retired_at": moment} for moment in moments[: len(moments) - self.before]]


def publishing(points: int) -> Asking:
    rules = [{"rule": "points_per_spend", "points": points, "per": 100}]
    return Asking(OWNER, "POST", f"{MERCHANT}/rules", {"rules": rules})


async def versions(town: Town) -> list[Told]:
    token = {"Authorization": f"Bearer {town.tokens[OWNER]}"}
    found: list[Told] = (await town.client.get(f"{MERCHANT}/rules", headers=token)).json()
    return found


def _moment(text: str) -> str:
    return text.replace("+00:00", "Z")
