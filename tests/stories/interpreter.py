"""Stories, understood a second time: from the page about stories alone, as plainly as can be.

It knows no class of ours and has no idea of speed. Where it and the domain disagree, one of
them has misread the page.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Key = tuple[str, ...]

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


class No(Exception):  # noqa: N818 -- it is what the story calls it
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
        self.book: dict[tuple[str, str], Json] = {}
        self.told: list[Json] = []
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
            self.let_time_pass(moment(step["at"]))
            (verb,) = (key for key in step if key in VERBS)
            if verb == "refused":
                asked = dict(step["refused"])
                code = asked.pop("code")
                ((verb, arguments),) = asked.items()
                said = self.attempt(verb, arguments)
                if said != code:
                    wrong.append(f"step {number}: {verb} said {said}, not {code}")
            elif verb == "expect":
                seen = self.seen(step["expect"]["person"])
                wrong += [
                    f"step {number}: {key} is {seen[key]}, not {expected}"
                    for key, expected in step["expect"].items()
                    if seen[key] != self.as_seen(key, expected)
                ]
            elif verb != "books":
                said = self.attempt(verb, step[verb])
                if said:
                    wrong.append(f"step {number}: {verb} said {said}")
        return wrong

    def attempt(self, verb: str, arguments: Json) -> str:
        try:
            getattr(self, f"do_{verb}")(**{key + "_": value for key, value in arguments.items()})
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
            self.judge_all(lambda sale: (at := self.happened(sale)) and self.rules_at(at) is rules_)

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
        self.judge_all(
            lambda sale: (
                sale not in self.owners
                and any(set(proofs) & set(self.evidence(tender)) for tender in self.tenders(sale))
            )
        )

    def do_news(self, **told_: Any) -> None:  # noqa: ANN401 -- any JSON
        told = {key.removesuffix("_"): value for key, value in told_.items()}
        told = {"provider": "square", "merchant": "M1", "state": "completed"} | told
        if told["news"] == "customer":
            self.tell_customer(told)
            return
        told = {"currency": self.tenant["currency"], "changed_at": told["happened_at"]} | told
        for key in ("happened_at", "changed_at"):
            at = moment(told[key])
            told[key] = at if at <= self.now + timedelta(minutes=5) else self.now
        payment = told["reference"] if told["news"] == "sale" else told["sale"]
        till = (told["provider"], told["merchant"])
        before = (self.sale_of(*till, payment), newest(self.facts(told)))
        self.told.append(told)
        after = (self.sale_of(*till, payment), newest(self.facts(told)))
        if before != after:
            for sale in dict.fromkeys((before[0], after[0])):
                self.judge(sale)

    def tell_customer(self, told: Json) -> None:
        """What the till's customer book says; of merged customers all ids are one."""
        provider = told["provider"]
        one = {"ids": [told["id"]], "phone": told.get("phone"), "email": told.get("email")}
        if told.get("deleted"):
            one |= {"phone": None, "email": None}
        one["ids"] += told.get("merged_from") or []
        for id_ in one["ids"]:
            self.book[provider, id_] = one
        ids = {("id", provider, id_) for id_ in one["ids"]}
        self.judge_all(
            lambda sale: (
                sale not in self.owners
                and any(ids & set(self.evidence(tender)) for tender in self.tenders(sale))
            )
        )

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

    def facts(self, told: Json) -> list[Json]:
        """All that was told about the tender or refund that this is about."""
        keys = ("news", "provider", "merchant", "reference")
        return [fact for fact in self.told if all(fact[key] == told[key] for key in keys)]

    def sale_of(self, provider: str, merchant: str, payment: str) -> Key:
        about = {"provider": provider, "merchant": merchant, "reference": payment}
        named = [fact for fact in self.facts(about | {"news": "sale"}) if fact.get("order")]
        tender = newest(named)
        if tender:
            return (provider, merchant, "order", tender["order"])
        return (provider, merchant, "payment", payment)

    def tenders(self, sale: Key) -> list[Json]:
        """In the order in which they happened."""
        states: dict[str, Json] = {}
        for fact in self.told:
            till = (fact["provider"], fact["merchant"])
            if fact["news"] == "sale" and till == sale[:2]:
                payment = fact["reference"]
                if self.sale_of(*till, payment) == sale:
                    states[payment] = newest(self.facts(fact)) or fact
        return sorted(states.values(), key=lambda one: (one["happened_at"], one["reference"]))

    def counting(self, sale: Key) -> list[Json]:
        return [
            tender
            for tender in self.tenders(sale)
            if tender["state"] == "completed"
            and not tender.get("test", False)
            and tender["currency"] == self.tenant["currency"]
        ]

    def happened(self, sale: Key) -> datetime | None:
        return min((tender["happened_at"] for tender in self.counting(sale)), default=None)

    def refunded(self, tender: Json) -> int:
        till = (tender["provider"], tender["merchant"])
        refunds = {
            fact["reference"]: newest(self.facts(fact)) or fact
            for fact in self.told
            if fact["news"] == "refund" and (fact["provider"], fact["merchant"]) == till
        }
        told = sum(
            refund["amount"]
            for refund in refunds.values()
            if refund["sale"] == tender["reference"] and refund["state"] == "completed"
        )
        return min(max(told, tender.get("refunded", 0)), tender["spend"])

    def evidence(self, tender: Json) -> list[Key]:
        """Whose it may be, the best first."""
        customer = tender.get("customer") or {}
        provider = tender["provider"]
        book = self.book.get((provider, customer.get("id")), {})
        ids = [customer.get("id"), *book.get("ids", [])]
        phones = [customer.get("phone"), book.get("phone")]
        emails = [customer.get("email"), book.get("email")]
        return [
            *(("id", provider, id_) for id_ in ids if id_),
            *(("phone", phone) for phone in phones if phone),
            *(("email", email.lower()) for email in emails if email),
        ]

    def consumer(self, sale: Key, happened: datetime) -> str | None:
        if sale in self.owners:
            return self.owners[sale]
        last = happened + timedelta(hours=24 * self.tenant["claim_days"])
        for tender in self.tenders(sale):
            for way in self.evidence(tender):
                for at, person, proof in self.proofs:
                    if proof == way and at <= last:
                        return person
        return None

    # -- judging

    def judge_all(self, which: Any) -> None:  # noqa: ANN401 -- a question about a sale
        sales = dict.fromkeys(
            self.sale_of(fact["provider"], fact["merchant"], fact["reference"])
            for fact in self.told
            if fact["news"] == "sale"
        )
        found = [(self.happened(sale) or NEVER, sale) for sale in sales if which(sale)]
        for _, sale in sorted(found):
            self.judge(sale)

    def judge(self, sale: Key) -> None:
        happened = self.happened(sale)
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
        rules = self.rules_at(happened)
        if rules is None:
            return 0
        tenders = self.counting(sale)
        gross = sum(tender["spend"] for tender in tenders)
        net = gross - sum(self.refunded(tender) for tender in tenders)
        if any(rule["rule"] == "minimum_spend" and net < rule["amount"] for rule in rules):
            return 0
        base = net
        if any(rule["rule"] == "earn_base" and rule.get("tax") == "without" for rule in rules):
            tax = sum(tender.get("tax") or 0 for tender in tenders)
            base = max(net - (tax * net // gross if gross else 0), 0)
        today = happened.astimezone(self.zone).date()
        points = sum(
            base // rule["per"] * rule["points"]
            for rule in rules
            if rule["rule"] == "points_per_spend"
        )
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

    def others(self, sale: Key, owner: str, today: date, period: str) -> int:
        letters = {"day": 10, "month": 7, "ever": 0}[period]
        return sum(
            self.worth[other]
            for other, its_owner in self.owners.items()
            if other != sale
            and its_owner == owner
            and (happened := self.happened(other))
            and str(happened.astimezone(self.zone).date())[:letters] == str(today)[:letters]
        )


def newest(facts: list[Json]) -> Json | None:
    """Of one tender or refund; of equals the first told. Void and failed are final."""
    final = [fact for fact in facts if fact["state"] in ("void", "failed")]
    return max(
        final[:1] or facts,
        key=lambda fact: (
            fact["changed_at"],
            fact["state"] != "pending",
            fact.get("refunded", 0),
        ),
        default=None,
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
