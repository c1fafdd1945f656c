"""Stories: what happened, told as data, with the balances that must follow. Runs on any store.

A story runs the use cases, with a clock that it moves itself. No test runner is imported, so any
team can hold its own store to its own folder of stories.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from salesarck_domain.deeds import DeductPoints, GrantPoints, TellNews
from salesarck_domain.errors import SalesArckError
from salesarck_domain.ids import ActId, CodeId, ConsumerId, TenantId, derived
from salesarck_domain.ledger.lots import soonest_first
from salesarck_domain.news import CustomerNews, RefundNews, SaleNews
from salesarck_domain.news_codec import (
    decode_moment,
    decode_news,
    encode_moment,
    plain_list,
    plain_object,
)
from salesarck_domain.people import Evidence
from salesarck_domain.points import POINTS_MAX
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.push import Balance
from salesarck_domain.ports.store import Store
from salesarck_domain.redemption.code import CodeUnknown, Peppers
from salesarck_domain.tenants import Tenant
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.codes import CodeDesk, Shown
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.rules import Publish, Retire
from salesarck_domain.use_cases.sales import RecordNews, in_time
from salesarck_domain.use_cases.wallets import AdjustWallet, RunTimetable

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
PEPPERS = Peppers({1: bytes(range(32))})
ENTRIES_MAX = 100_000

Data = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Silent:
    """Nobody watches a story's wallets while it runs."""

    async def publish(self, balance: Balance) -> None:
        """Tell nobody."""


@dataclass(slots=True)
class Story:
    """One story being played: its clock, its codes by name, and what did not come out as told."""

    store: Store
    directory: Directory
    tenant: Tenant
    now: datetime = BEGINNING
    step: int = 0
    codes: dict[str, Shown] = field(default_factory=dict[str, Shown])
    failures: list[str] = field(default_factory=list[str])

    def clock(self) -> datetime:
        """The story's own moment."""
        return self.now

    def fail(self, what: str) -> None:
        """Write down what did not come out as told."""
        self.failures.append(f"step {self.step} ({encode_moment(self.now)}): {what}")

    @property
    def desk(self) -> CodeDesk:
        """What people do with codes, at the story's clock."""
        return CodeDesk(self.store.begin, self.clock, PEPPERS, Silent())

    @property
    def here(self) -> UUID:
        """An id for what this step does."""
        return derived(self.now, "story", self.tenant.id, self.step)


async def run_story(story: object, store: Store, directory: Directory) -> list[str]:
    """Play a story in an empty store; say what did not come out as told.

    An empty list means that it passed. A story that isn't one is a failure too.
    """
    try:
        told = plain_object("a story", story)
        steps = plain_list("steps", told.get("steps"))
        tenant = _tenant(plain_object("tenant", told.get("tenant", {})), str(told.get("story")))
    except (ValueError, TypeError) as broken:
        return [f"not a story: {broken}"]
    await directory.add_tenant(tenant)
    played = Story(store, directory, tenant)
    for number, step in enumerate(steps, start=1):
        played.step = number
        try:
            await _play(played, plain_object("a step", step))
        except (ValueError, TypeError, KeyError) as broken:
            played.fail(f"not in the format of stories: {broken!r}")
            break
        except SalesArckError as refused:
            played.fail(f"refused with {refused.code}: {refused}")
    return played.failures


def _tenant(data: Data, name: str) -> Tenant:
    known = {"currency", "country", "time_zone", "code_minutes", "claim_days", "grace_days"}
    if unknown := set(data) - known:
        raise ValueError(f"a tenant has no {', '.join(sorted(unknown))}")
    return Tenant(
        id=TenantId(derived(BEGINNING, "story", name)),
        name=name,
        currency=str(data.get("currency", "USD")),
        country=str(data.get("country", "US")),
        time_zone=str(data.get("time_zone", "America/New_York")),
        code_lifetime=timedelta(minutes=_number(data, "code_minutes", 15)),
        claim_window=timedelta(days=_number(data, "claim_days", 90)),
        grace=timedelta(days=_number(data, "grace_days", 7)),
        adjustment_limit=POINTS_MAX,
    )


async def _play(story: Story, step: Data) -> None:
    """Move the clock, do what came due by then, and play the step's verb."""
    at = decode_moment(str(step["at"]))
    if at < story.now:
        raise ValueError(f"the clock never goes back, from {story.now} to {at}")
    story.now = at
    await RunTimetable(story.store, story.clock, Silent())()
    verbs = [key for key in step if key != "at"]
    if len(verbs) != 1 or verbs[0] not in VERBS:
        raise ValueError(f"a step has one verb of {', '.join(VERBS)}, got {verbs}")
    await VERBS[verbs[0]](story, plain_object(verbs[0], step[verbs[0]]))


async def _publish(story: Story, said: Data) -> None:
    rules = said.get("rules")
    listed = list(plain_list("rules", rules))
    begins = decode_moment(str(said["from"])) if said.get("from") is not None else None
    publish = Publish(story.store.begin, story.clock)
    await publish(story.tenant.id, listed, "owner", story.here, begins)


async def _retire(story: Story, said: Data) -> None:
    retire = Retire(story.store.begin, story.clock)
    await retire(story.tenant.id, "owner", story.here, force=said.get("force") is True)


async def _join(story: Story, said: Data) -> None:
    evidence = [Evidence.phone(str(said["phone"]))] if said.get("phone") else []
    evidence += [Evidence.email(str(said["email"]))] if said.get("email") else []
    await _prove(story, said, evidence)


async def _link(story: Story, said: Data) -> None:
    customer = Evidence.till(str(said.get("provider", "square")), str(said["customer"]))
    await _prove(story, said, [customer])


async def _prove(story: Story, said: Data, evidence: Sequence[Evidence]) -> None:
    prove = Prove(story.store.begin, story.directory, story.clock, Silent(), PEPPERS)
    await prove(_person(story, said), evidence, [story.tenant.id])


async def _news(story: Story, said: Data) -> None:
    told = dict(said)
    provider = str(told.pop("provider", "square"))
    told.setdefault("merchant", "M1")
    if told.get("news") in {"sale", "refund"}:
        told.setdefault("currency", story.tenant.currency)
        told.setdefault("happened_at", encode_moment(story.now))
        told.setdefault("changed_at", told["happened_at"])
        told.setdefault("state", "completed")
    if told.get("news") == "sale":
        told.setdefault("tip", 0)
        told.setdefault("tender", "card")
    news = decode_news(told)
    if isinstance(news, SaleNews | RefundNews):
        news = in_time(news, story.now)
    if isinstance(news, SaleNews | RefundNews | CustomerNews):
        record = RecordNews(story.store.begin, story.clock, Silent(), PEPPERS)
        await record(story.tenant.id, [TellNews(provider=provider, news=news)])


async def _issue(story: Story, said: Data) -> None:
    code = CodeId(story.here)
    points = _number(said, "points", None)
    shown = await story.desk.issue(story.tenant.id, _person(story, said), points, code)
    story.codes[str(said["as"])] = shown


async def _redeem(story: Story, said: Data) -> None:
    shown = story.codes.get(str(said["code"]))
    text = shown.text if shown else "no such code"
    place = f"{story.step}"
    await story.desk.redeem(story.tenant.id, text, place, place)


async def _cancel(story: Story, said: Data) -> None:
    shown = story.codes.get(str(said["code"]))
    if shown is None:
        raise CodeUnknown
    await story.desk.cancel(story.tenant.id, shown.code.consumer, shown.code.id)


async def _grant(story: Story, said: Data) -> None:
    act, points = ActId(story.here), _number(said, "points", None)
    deed = GrantPoints(consumer=_person(story, said), points=points, id=act)
    await _adjust(story, deed, said)


async def _deduct(story: Story, said: Data) -> None:
    act, points = ActId(story.here), _number(said, "points", None)
    deed = DeductPoints(consumer=_person(story, said), points=points, id=act)
    await _adjust(story, deed, said)


async def _adjust(story: Story, deed: GrantPoints | DeductPoints, said: Data) -> None:
    adjust = AdjustWallet(story.store.begin, story.clock, Silent())
    await adjust(story.tenant.id, deed, str(said["reason"]), "admin")


async def _refused(story: Story, said: Data) -> None:
    verbs = [key for key in said if key != "code"]
    if len(verbs) != 1 or verbs[0] not in VERBS:
        raise ValueError(f"refused names one verb, got {verbs}")
    try:
        await VERBS[verbs[0]](story, plain_object(verbs[0], said[verbs[0]]))
    except SalesArckError as refusal:
        if refusal.code != said["code"]:
            story.fail(f"{verbs[0]} was refused with {refusal.code}, not {said['code']}")
    else:
        story.fail(f"{verbs[0]} was not refused, it should be with {said['code']}")


async def _expect(story: Story, said: Data) -> None:
    consumer, books = _person(story, said), story.store.books
    account = await books.account(story.tenant.id, consumer)
    entries = await books.history(story.tenant.id, consumer, None, ENTRIES_MAX)
    ending = [lot for lot in soonest_first(account.lots) if lot.ends_at and lot.remaining]
    found: Data = {
        "balance": account.balance,
        "owed": account.owed,
        "entries": [[entry.kind.value, entry.points] for entry in reversed(entries)],
        "expiring": [[lot.remaining, lot.ends_at] for lot in ending],
    }
    for key in said:
        if key == "person":
            continue
        if key not in found:
            raise ValueError(f"expect has no {key}")
        wanted = _expiring(said[key]) if key == "expiring" else said[key]
        if wanted != found[key]:
            story.fail(f"{said['person']}: {key} is {found[key]}, told was {said[key]}")


def _expiring(said: object) -> list[list[object]]:
    pairs = [plain_list("expiring", pair) for pair in plain_list("expiring", said)]
    return [[points, decode_moment(str(at))] for points, at in pairs]


async def _books(story: Story, said: Data) -> None:
    verify = VerifyBooks(story.store.books, story.directory)
    found = [each async for each in verify.verify(story.tenant)]
    if len(found) != said["discrepancies"]:
        names = "; ".join(map(str, found))
        story.fail(f"the books have {len(found)} discrepancies: {names}")


def _person(story: Story, said: Data) -> ConsumerId:
    return ConsumerId(derived(BEGINNING, "person", story.tenant.id, said["person"]))


def _number(data: Data, key: str, default: int | None) -> int:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{key} is a whole number, got {value!r}")
    return value


VERBS: Mapping[str, Callable[[Story, Data], Awaitable[None]]] = {
    "publish": _publish,
    "retire": _retire,
    "join": _join,
    "link": _link,
    "news": _news,
    "issue": _issue,
    "redeem": _redeem,
    "cancel": _cancel,
    "grant": _grant,
    "deduct": _deduct,
    "refused": _refused,
    "expect": _expect,
    "books": _books,
}
