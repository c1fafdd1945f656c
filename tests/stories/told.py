"""What an independent reader knows of sales: all that was told, and what it comes to."""

from datetime import datetime
from typing import Any

Json = dict[str, Any]
Key = tuple[str, ...]


class Till:
    """All tills of one tenant, with their customer book. Keeps what was told, and nothing else."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.told: list[Json] = []
        self.book: dict[Key, Json] = {}

    def tell(self, told: Json) -> list[Key]:
        """Take in a fact; say which sales it changed."""
        payment = told["reference"] if told["news"] == "sale" else told["sale"]
        till = (told["provider"], told["merchant"])
        before = (self.sale_of(*till, payment), newest(self.facts(told)))
        self.told.append(told)
        after = (self.sale_of(*till, payment), newest(self.facts(told)))
        return list(dict.fromkeys((before[0], after[0]))) if before != after else []

    def tell_customer(self, told: Json) -> set[Key]:
        """Note what the customer book says; of merged customers all ids are one."""
        provider = told["provider"]
        known = self.book.get((provider, told["id"]), {"ids": []})
        one = {"ids": [told["id"], *known["ids"]], "phone": None, "email": None}
        if not told.get("deleted"):
            one |= {"phone": told.get("phone"), "email": told.get("email")}
        for id_ in told.get("merged_from") or []:
            one["ids"] += [id_, *self.book.get((provider, id_), {"ids": []})["ids"]]
        for id_ in one["ids"]:
            self.book[provider, id_] = one
        return {("id", provider, id_) for id_ in one["ids"]}

    def sales(self) -> list[Key]:
        return list(
            dict.fromkeys(
                self.sale_of(fact["provider"], fact["merchant"], fact["reference"])
                for fact in self.told
                if fact["news"] == "sale"
            )
        )

    def points_to(self, sale: Key, proofs: set[Key]) -> bool:
        return any(proofs & set(self.evidence(tender)) for tender in self.tenders(sale))

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
            and tender["currency"] == self.currency
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


def newest(facts: list[Json]) -> Json | None:
    """Of one tender or refund; of equals the first told. Void and failed are final."""
    final = [fact for fact in facts if fact["state"] in ("void", "failed")]
    if final:
        return min(final, key=lambda fact: fact["changed_at"])
    return max(
        facts,
        key=lambda fact: (
            fact["changed_at"],
            fact["state"] != "pending",
            fact.get("refunded", 0),
        ),
        default=None,
    )
