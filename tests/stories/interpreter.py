"""Stories, understood a second time: from the page about stories alone, as plainly as can be.

It knows no class of ours and has no idea of speed. Where it and the domain disagree, one of
them has misread the page.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.stories.told import Json, Key, Till

DEFAULTS = {
    "currency": "USD",
    "time_zone": "America/New_York",
    "code_minutes": 15,
    "claim_days": 90,
    "grace_days": 7,
}
VERBS = (
    *("publish", "retire", "join", "link", "news", "issue", "redeem", "cancel"),
    *("grant", "deduct", "refused", "expect", "books"),
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEVER = datetime.max.replace(tzinfo=UTC)


class No(Exception):
    """The verb is refused with this code."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """Look at every minute until the calendar on the wall shows `day`."""
    minute = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=16)
    while minute.astimezone(zone).date() < day:
        minute += timedelta(minutes=1)
    return minute


class Interpreter:
    """One tenant's story, and all that was told in it."""

    def __init__(self, story: Json) -> None:
        self.steps = story["steps"]
        self.tenant = DEFAULTS | story.get("tenant", {})
        self.zone = ZoneInfo(self.tenant["time_zone"])
        self.now = datetime.min.replace(tzinfo=UTC)
        self.versions: list[tuple[datetime, int, list[Json]]] = []
        self.retirements: list[tuple[datetime, int]] = []
        self.till = Till(self.tenant["currency"])
        self.proofs: list[tuple[datetime, str, Key]] = []
        self.entries: dict[str, list[Json]] = {}
        self.lots: list[Json] = []
        self.codes: dict[str, Json] = {}
        self.owed: dict[str, int] = {}
        self.owners: dict[Key, str] = {}
        self.worth: dict[Key, int] = {}

    # -- the steps

    def play(self) -> list[str]:
        """Play all steps and say what came out otherwise."""
        wrong = []
        for number, step in enumerate(self.steps):
            (verb,) = (key for key in step if key in VERBS)
            said = step[verb]
            if verb == "refused":
                code = said["code"]
                (verb,) = (key for key in said if key in VERBS)
                refusal = self.do(step["at"], verb, said[verb])
                if refusal != code:
                    wrong.append(f"step {number}: {verb} said {refusal}, not {code}")
            elif verb == "expect":
                self.let_time_pass(moment(step["at"]))
                seen = self.seen(said["person"])
                wrong += [
                    f"step {number}: {key} is {seen[key]}, not {expected}"
                    for key, expected in said.items()
                    if seen[key] != self.as_seen(key, expected)
                ]
            elif verb != "books" and (refusal := self.do(step["at"], verb, said)):
                wrong.append(f"step {number}: {verb} said {refusal}")
        return wrong

    def do(self, at: str, verb: str, said: Json) -> str:
        """Do one step; say with which code it is refused, if it is."""
        self.let_time_pass(moment(at))
        try:
            getattr(self, f"do_{verb}")(**{key + "_": value for key, value in said.items()})
        except No as no:
            return str(no)
        return ""

    def seen(self, person: str) -> Json:
        lots = [lot for lot in self.lots if lot["person"] == person and lot["left"]]
        ending = sorted((lot["ends"], lot["number"], lot["left"]) for lot in lots)
        return {
            "person": person,
            "balance": sum(lot["left"] for lot in lots),
            "owed": self.owed.get(person, 0),
            "entries": [[e["kind"], e["points"]] for e in self.entries.get(person, [])],
            "expiring": [[left, ends] for ends, _, left in ending if ends != NEVER],
        }

    @staticmethod
    def as_seen(key: str, expected: Any) -> Any:  # noqa: ANN401 -- any JSON
        if key == "expiring":
            return [[points, moment(at)] for points, at in expected]
        return expected

    # -- time

    def let_time_pass(self, until: datetime) -> None:
        while True:
            due = [(lot["ends"], 0, lot["number"], lot) for lot in self.lots if lot["left"]]
            due += [
                (code["ends"], 1, code["number"], code)
                for code in self.codes.values()
                if code["state"] == "issued"
            ]
            due = [item for item in due if item[0] <= until]
            if not due:
                break
            self.now, is_code, _, item = min(due, key=lambda item: item[:3])
            if is_code:
                self.release(item, "expired")
            else:
                self.write(item["person"], "expire", item["left"], item["sale"])
                item["left"] = 0
        self.now = until

    # -- verbs

    def do_publish(self, rules_: list[Json], from_: str | None = None) -> None:
        begins = moment(from_) if from_ else self.now
        check(rules_)
        if begins < self.now and self.rules_at(begins) is not None:
            raise No("rules_invalid")
        self.versions.append((begins, len(self.versions), rules_))
        if begins < self.now:
            self.judge_all(
                sale
                for sale in self.till.sales()
                if (at := self.till.happened(sale)) and self.rules_at(at) is rules_
            )

    def do_retire(self, force_: bool = False) -> None:  # noqa: FBT001, FBT002 -- the story's own
        if self.rules_at(self.now) is None:
            raise No("no_rule_version")
        if not force_:
            raise No("last_rule_version")
        self.retirements.append((self.now, len(self.versions)))

    def do_join(self, person_: str, phone_: str | None = None, email_: str | None = None) -> None:
        proofs = [("phone", phone_)] if phone_ else []
        proofs += [("email", email_.lower())] if email_ else []
        self.prove(person_, *proofs)

    def do_link(self, person_: str, provider_: str, customer_: str) -> None:
        self.prove(person_, ("id", provider_, customer_))

    def prove(self, person: str, *proofs: Key) -> None:
        self.proofs += [(self.now, person, proof) for proof in proofs]
        self.judge_waiting(set(proofs))

    def do_news(self, **told_: Any) -> None:  # noqa: ANN401 -- any JSON
        told = {key.removesuffix("_"): value for key, value in told_.items()}
        told = {"provider": "square", "merchant": "M1", "state": "completed"} | told
        if told["news"] == "customer":
            self.judge_waiting(self.till.tell_customer(told))
            return
        told = {"currency": self.tenant["currency"], "changed_at": told["happened_at"]} | told
        for key in ("happened_at", "changed_at"):
            at = moment(told[key])
            told[key] = at if at <= self.now + timedelta(minutes=5) else self.now
        for sale in self.till.tell(told):
            self.judge(sale)

    def do_issue(self, person_: str, points_: int, as_: str) -> None:
        self.codes[as_] = {
            "person": person_,
            "taken": self.take(person_, points_),
            "points": points_,
            "state": "issued",
            "ends": self.now + timedelta(minutes=self.tenant["code_minutes"]),
            "number": len(self.codes),
        }
        self.write(person_, "redeem", points_)

    def do_redeem(self, code_: str) -> None:
        self.issued(code_)["state"] = "redeemed"

    def do_cancel(self, code_: str) -> None:
        self.release(self.issued(code_), "cancelled")

    def do_grant(self, person_: str, points_: int, reason_: str) -> None:
        assert reason_
        self.receive(person_, "grant", points_, [(points_, NEVER, ())])

    def do_deduct(self, person_: str, points_: int, reason_: str) -> None:
        assert reason_
        self.take(person_, points_)
        self.write(person_, "deduct", points_)

    # -- codes

    def issued(self, name: str) -> Json:
        code = self.codes.get(name)
        if code is None:
            raise No("code_unknown")
        if code["state"] != "issued":
            why = {"redeemed": "code_already_redeemed"}
            raise No(why.get(code["state"], "code_" + code["state"]))
        return code

    def release(self, code: Json, state: str) -> None:
        code["state"] = state
        back = []
        for lot, points in code["taken"]:
            if lot["ends"] <= self.now:
                back.append((points, self.grace(), lot["sale"]))
            else:
                lot["left"] += points
        self.receive(code["person"], "release", code["points"], back)

    def grace(self) -> datetime:
        return self.now + timedelta(hours=24 * self.tenant["grace_days"])

    # -- the wallet

    def write(self, person: str, kind: str, points: int, sale: Key = (), owed: int = 0) -> None:
        entry = {"kind": kind, "points": points, "sale": sale, "owed": owed}
        self.entries.setdefault(person, []).append(entry)
        self.owed[person] = self.owed.get(person, 0) + owed

    def take(self, person: str, points: int, first: Key = ()) -> list[tuple[Json, int]]:
        lots = [lot for lot in self.lots if lot["person"] == person and lot["left"]]
        if points > sum(lot["left"] for lot in lots):
            raise No("insufficient_points")
        lots.sort(key=lambda lot: (not first or lot["sale"] != first, lot["ends"], lot["number"]))
        taken = []
        for lot in lots:
            share = min(points, lot["left"])
            if share:
                lot["left"] -= share
                points -= share
                taken.append((lot, share))
        return taken

    def receive(
        self,
        person: str,
        kind: str,
        points: int,
        lots: list[tuple[int, datetime, Key]],
        sale: Key = (),
    ) -> None:
        for count, ends, of in lots:
            number = len(self.lots)
            lot = {"person": person, "left": count, "ends": ends, "sale": of, "number": number}
            self.lots.append(lot)
        self.write(person, kind, points, sale)
        there = self.seen(person)["balance"]
        back = min(self.owed[person], there)
        if back:
            self.take(person, back)
            self.write(person, "repay", back, owed=-back)

    # -- the sale

    def consumer(self, sale: Key, happened: datetime) -> str | None:
        if sale in self.owners:
            return self.owners[sale]
        last = happened + timedelta(hours=24 * self.tenant["claim_days"])
        for tender in self.till.tenders(sale):
            for way in self.till.evidence(tender):
                for at, person, proof in self.proofs:
                    if proof == way and at <= last:
                        return person
        return None

    # -- judging

    def judge_waiting(self, proofs: set[Key]) -> None:
        self.judge_all(
            sale
            for sale in self.till.sales()
            if sale not in self.owners and self.till.points_to(sale, proofs)
        )

    def judge_all(self, sales: Iterable[Key]) -> None:
        """Judge sales in the order in which they happened, then of their names."""
        found = [(self.till.happened(sale) or NEVER, sale) for sale in sales]
        for _, sale in sorted(found):
            self.judge(sale)

    def judge(self, sale: Key) -> None:
        happened = self.till.happened(sale)
        owner = self.consumer(sale, happened) if happened else self.owners.get(sale)
        if owner is None:
            return
        award = self.award(sale, owner, happened) if happened else 0
        self.worth[sale] = award
        mine = [e for e in self.entries.get(owner, []) if e["sale"] == sale]
        posted = sum(e["points"] for e in mine if e["kind"] == "earn")
        posted -= sum(e["points"] + e["owed"] for e in mine if e["kind"] == "clawback")
        ran_out = sum(e["points"] for e in mine if e["kind"] == "expire")
        if award > posted:
            self.owners[sale] = owner
            lot = (award - posted, self.end_of(happened), sale)
            self.receive(owner, "earn", award - posted, [lot], sale)
        asked = min(posted - award, posted - ran_out)
        if asked > 0:
            taken = min(asked, self.seen(owner)["balance"])
            self.take(owner, taken, first=sale)
            self.write(owner, "clawback", taken, sale, owed=asked - taken)

    def end_of(self, happened: datetime | None) -> datetime:
        assert happened
        for rule in self.rules_at(happened) or []:
            if rule["rule"] == "points_expire":
                day = happened.astimezone(self.zone).date() + timedelta(days=rule["days"] + 1)
                ends = day_begins(day, self.zone)
                return self.grace() if ends <= self.now else ends
        return NEVER

    def rules_at(self, at: datetime) -> list[Json] | None:
        standing = [
            (begins, number)
            for begins, number, _ in self.versions
            if begins <= at
            and not any(since <= at and number < up_to for since, up_to in self.retirements)
        ]
        return self.versions[max(standing)[1]][2] if standing else None

    def award(self, sale: Key, owner: str, happened: datetime) -> int:
        rules = self.rules_at(happened) or []
        today = happened.astimezone(self.zone).date()
        points = self.points_for_money(rules, sale)
        exact = Fraction(points)
        for rule in rules:
            if rule["rule"] == "multiplier" and applies(rule, today):
                exact *= Fraction(rule["times"])
        points = exact.numerator // exact.denominator
        if points:
            points += sum(
                rule["points"]
                for rule in rules
                if rule["rule"] == "fixed_bonus" and applies(rule, today)
            )
        for rule in rules:
            if rule["rule"] == "cap_per_sale":
                points = min(points, rule["points"])
        for rule in rules:
            if rule["rule"] == "limit_per_consumer":
                others = self.others(sale, owner, today, rule["period"])
                points = min(points, max(rule["points"] - others, 0))
        return points

    def points_for_money(self, rules: list[Json], sale: Key) -> int:
        tenders = self.till.counting(sale)
        gross = sum(tender["spend"] for tender in tenders)
        net = gross - sum(self.till.refunded(tender) for tender in tenders)
        base, points = net, 0
        for rule in rules:
            if rule["rule"] == "earn_base" and rule.get("tax") == "without" and gross:
                tax = sum(tender.get("tax") or 0 for tender in tenders)
                base = max(net - tax * net // gross, 0)
        for rule in rules:
            if rule["rule"] == "minimum_spend" and net < rule["amount"]:
                return 0
            if rule["rule"] == "points_per_spend":
                points += base // rule["per"] * rule["points"]
        return points

    def others(self, sale: Key, owner: str, today: date, period: str) -> int:
        letters = {"day": 10, "month": 7, "ever": 0}[period]
        return sum(
            self.worth[other]
            for other, its_owner in self.owners.items()
            if other != sale
            and its_owner == owner
            and (happened := self.till.happened(other))
            and str(happened.astimezone(self.zone).date())[:letters] == str(today)[:letters]
        )


def applies(rule: Json, today: date) -> bool:
    return rule.get("from", "0000") <= str(today) <= rule.get("to", "9999") and WEEKDAYS[
        today.weekday()
    ] in rule.get("days", WEEKDAYS)


def check(rules: list[Json]) -> None:
    """Only what the page says about the whole; what is wrong within a rule is the domain's."""
    kinds = [rule["rule"] for rule in rules]
    if (
        "points_per_spend" not in kinds
        or kinds.count("earn_base") > 1
        or kinds.count("points_expire") > 1
    ):
        raise No("rules_invalid")
