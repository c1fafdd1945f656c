"""What can be done at a Square till, and the events each deed leaves behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from salesarck_adapters.simulation import (
    NewCustomer,
    Purchase,
    RefundOutcome,
    Rung,
    TillRefused,
)
from salesarck_adapters.simulators.square.build import (
    Bill,
    add_line,
    add_up,
    new_customer,
    new_order,
    new_payment,
    new_return,
)
from salesarck_adapters.simulators.square.wire import (
    Customer,
    EventContext,
    EventData,
    Merge,
    Money,
    Order,
    OrderNotice,
    Payment,
    Refund,
    Revocation,
)
from salesarck_adapters.simulators.square.world import CAPITALS, SquareWorld

REFUND_STATUS: Mapping[RefundOutcome, str] = {
    "completed": "COMPLETED",
    "pending": "PENDING",
    "failed": "FAILED",
}


@dataclass(frozen=True, slots=True)
class SquareTill:
    """The tills of every seller of a simulated Square."""

    world: SquareWorld

    def ring_up(self, purchase: Purchase) -> Rung:
        seller, parts = self.world.seller(purchase.merchant), purchase.parts()
        if purchase.customer is not None:
            self._must_own(self.world.customer(purchase.customer).id, purchase.merchant)
        if purchase.outcome == "approved" and any(part.tender == "cash" for part in parts):
            raise TillRefused("cash is never only approved")
        place = self.world.location(seller, purchase.location)
        if purchase.order is None:
            order = new_order(self.world, place, purchase)
            self._know_order(order, seller.profile.id, is_test=purchase.test)
        else:
            order = self.world.order(purchase.order)
            self._must_own(order.id, seller.profile.id)
        add_line(self.world, order, purchase)
        bill = Bill(self.world, place, order, purchase)
        payments = [self._take(new_payment(bill, part), purchase) for part in parts]
        self._touch_order(order)
        return Rung(order.id, tuple(payment.id for payment in payments))

    def complete(self, payment: str) -> None:
        pending = self.world.payment(payment)
        if pending.status not in {"APPROVED", "PENDING"}:
            raise TillRefused(f"{payment} is {pending.status}, so it can't be completed")
        self._capture(pending)
        self._touch_order(self.world.order(pending.order_id))

    def tip(self, payment: str, amount: int) -> None:
        approved = self.world.payment(payment)
        if approved.status != "APPROVED":
            raise TillRefused(f"{payment} is {approved.status}; a tip needs one that is APPROVED")
        if amount < 0:
            raise TillRefused("a tip is never negative")
        goods = approved.amount_money
        approved.tip_money = replace(goods, amount=amount) if amount else None
        approved.total_money = replace(goods, amount=goods.amount + amount)
        approved.approved_money = approved.total_money
        self._touch_payment(approved)
        self._touch_order(self.world.order(approved.order_id))

    def void(self, payment: str) -> None:
        approved = self.world.payment(payment)
        if approved.status not in {"APPROVED", "PENDING"}:
            raise TillRefused(f"{payment} is {approved.status}; Square voids only before capture")
        approved.status = "CANCELED"
        approved.receipt_number = None
        if approved.card_details is not None:
            approved.card_details.status = "VOIDED"
            approved.card_details.card_payment_timeline.voided_at = self.world.now()
        self._touch_payment(approved)
        self._touch_order(self.world.order(approved.order_id))

    def refund(
        self, payment: str, amount: int | None = None, outcome: RefundOutcome = "completed"
    ) -> str:
        paid = self.world.payment(payment)
        left = self._left(paid)
        given = left if amount is None else amount
        if paid.status != "COMPLETED":
            raise TillRefused(f"{payment} is {paid.status}; void it instead")
        if not 0 < given <= left:
            raise TillRefused(f"{payment} has {left} left to give back, not {given}")
        order, moment = new_return(self.world, paid), self.world.now()
        merchant = self.world.owners[paid.id]
        self._know_order(order, merchant, is_test=paid.id in self.world.sandboxed)
        refund = Refund(
            id=f"{paid.id}_{self.world.mint.id('refund', 20, CAPITALS)}",
            status="PENDING",
            amount_money=Money(given, paid.amount_money.currency),
            payment_id=paid.id,
            order_id=order.id,
            created_at=moment,
            updated_at=moment,
            location_id=paid.location_id,
            reason="Returned goods",
        )
        self.world.refunds[refund.id] = refund
        self.world.refunding[paid.id].append(refund.id)
        self._own(refund.id, merchant, is_test=paid.id in self.world.sandboxed)
        self._tell_refund("refund.created", refund)
        if outcome != "pending":
            self.settle(refund.id, outcome)
        return refund.id

    def settle(self, refund: str, outcome: RefundOutcome) -> None:
        pending = self.world.refund(refund)
        if pending.status != "PENDING":
            raise TillRefused(f"{refund} is {pending.status}, so it is settled already")
        pending.status = REFUND_STATUS[outcome]
        pending.version += 1
        pending.updated_at = self.world.later(pending.updated_at)
        self._tell_refund("refund.updated", pending)
        if outcome == "completed":
            paid = self.world.payment(pending.payment_id)
            sofar = paid.refunded_money.amount if paid.refunded_money else 0
            paid.refunded_money = replace(
                pending.amount_money, amount=sofar + pending.amount_money.amount
            )
            paid.refund_ids = [*(paid.refund_ids or ()), pending.id]
            self._touch_payment(paid)

    def add_customer(self, customer: NewCustomer) -> str:
        merchant = self.world.seller(customer.merchant).profile.id
        added = new_customer(self.world, customer, "THIRD_PARTY")
        self._own(added.id, merchant)
        self._tell_customer("created", added)
        return added.id

    def edit_customer(
        self, customer: str, *, phone: str | None = None, email: str | None = None
    ) -> None:
        edited = self.world.customer(customer)
        edited.phone_number = phone or edited.phone_number
        edited.email_address = email or edited.email_address
        edited.version += 1
        edited.updated_at = self.world.later(edited.updated_at)
        self._tell_customer("updated", edited)

    def delete_customer(self, customer: str) -> None:
        gone = self.world.customer(customer)
        del self.world.customers[gone.id]
        self._tell_customer("deleted", gone)

    def attach_customer(self, to: str, customer: str) -> None:
        known = self.world.customer(customer)
        if to in self.world.payments:
            payment = self.world.payment(to)
            self._must_own(known.id, self.world.owners[to])
            payment.customer_id = known.id
            self._touch_payment(payment)
            return
        order = self.world.order(to)
        self._must_own(known.id, self.world.owners[to])
        order.customer_id = known.id
        self._touch_order(order)

    def merge_customers(self, customers: Sequence[str]) -> str:
        """Square makes a new customer of them; the old ids find it from then on."""
        old = [self.world.customer(customer) for customer in customers]
        if len({one.id for one in old}) <= 1:
            raise TillRefused("merging takes two customers or more")
        merchant = self.world.owners[old[0].id]
        for one in old:
            self._must_own(one.id, merchant)
        asked = NewCustomer(
            merchant=merchant,
            given_name=old[0].given_name,
            family_name=old[0].family_name,
            phone=next((one.phone_number for one in old if one.phone_number), None),
            email=next((one.email_address for one in old if one.email_address), None),
        )
        merged = new_customer(self.world, asked, "MERGE")
        self._own(merged.id, merchant)
        why = EventContext(Merge([one.id for one in old], merged.id))
        self._tell_customer("created", merged, why)
        for one in old:
            del self.world.customers[one.id]
            self.world.merged[one.id] = merged.id
            self._tell_customer("deleted", one, why)
        return merged.id

    def unlink(self, merchant: str) -> None:
        self.revoke(merchant, "MERCHANT")

    def revoke(self, merchant: str, revoker: str) -> None:
        """Take the permission back. `revoker` is MERCHANT, or APPLICATION: that's us."""
        seller = self.world.seller(merchant)
        seller.permission = "revoked"
        about: dict[str, object] = {"revocation": Revocation(self.world.now(), revoker)}
        data = EventData(type="revocation", id=self.world.mint.uuid("revocation"), object=about)
        self.world.tell(merchant, "oauth.authorization.revoked", data)

    def merchants(self) -> Mapping[str, str]:
        return {name: one.profile.business_name for name, one in self.world.sellers.items()}

    def _take(self, payment: Payment, purchase: Purchase) -> Payment:
        """Let a new payment go through its life as far as it comes at the till."""
        self.world.payments[payment.id] = payment
        self.world.paying[payment.order_id].append(payment.id)
        self._own(payment.id, purchase.merchant, is_test=purchase.test)
        self._tell_payment("payment.created", payment)
        if purchase.outcome == "completed" and payment.status in {"APPROVED", "PENDING"}:
            self._capture(payment)
        return payment

    def _capture(self, payment: Payment) -> None:
        payment.status = "COMPLETED"
        payment.receipt_url = f"https://squareup.com/receipt/preview/{payment.id}"
        if payment.card_details is not None:
            payment.card_details.status = "CAPTURED"
            payment.card_details.card_payment_timeline.captured_at = self.world.now()
        self._touch_payment(payment)

    def _touch_payment(self, payment: Payment) -> None:
        payment.updated_at = self.world.later(payment.updated_at)
        payment.version_token = self.world.mint.id("version", 40, CAPITALS)
        self._tell_payment("payment.updated", payment)

    def _tell_payment(self, kind: str, payment: Payment) -> None:
        data = EventData(type="payment", id=payment.id, object={"payment": payment})
        self.world.tell(self.world.owners[payment.id], kind, data)

    def _tell_refund(self, kind: str, refund: Refund) -> None:
        data = EventData(type="refund", id=refund.id, object={"refund": refund})
        self.world.tell(self.world.owners[refund.id], kind, data)

    def _know_order(self, order: Order, merchant: str, *, is_test: bool) -> None:
        self._own(order.id, merchant, is_test=is_test)
        self._tell_order("created", order)

    def _touch_order(self, order: Order) -> None:
        add_up(self.world, order, self.world.payments_of(order.id))
        order.updated_at = self.world.later(order.updated_at)
        self._tell_order("updated", order)

    def _tell_order(self, how: str, order: Order) -> None:
        """Square tells of an order thinly: where it is, not what is on it."""
        self.world.versions[order.id] += 1
        notice = OrderNotice(
            order_id=order.id,
            version=self.world.versions[order.id],
            location_id=order.location_id,
            state=order.state,
            created_at=order.created_at,
            updated_at=None if how == "created" else order.updated_at,
        )
        data = EventData(type="order", id=order.id, object={f"order_{how}": notice})
        self.world.tell(self.world.owners[order.id], f"order.{how}", data)

    def _tell_customer(self, how: str, customer: Customer, why: EventContext | None = None) -> None:
        about: dict[str, object] = {"customer": customer}
        if why is not None:
            about["event_context"] = why
        data = EventData(type="customer", id=customer.id, deleted=how == "deleted", object=about)
        self.world.tell(self.world.owners[customer.id], f"customer.{how}", data)

    def _own(self, name: str, merchant: str, *, is_test: bool = False) -> None:
        self.world.owners[name] = merchant
        if is_test:
            self.world.sandboxed.add(name)

    def _must_own(self, name: str, merchant: str) -> None:
        if self.world.owners[name] != merchant:
            raise TillRefused(f"{name} belongs to another merchant than {merchant}")

    def _left(self, paid: Payment) -> int:
        """What can still be given back: pending refunds count as given."""
        given = sum(
            refund.amount_money.amount
            for refund in self.world.refunds_of(paid.id)
            if refund.status in {"PENDING", "COMPLETED"}
        )
        return paid.total_money.amount - given
