"""What can be done at a Clover till, and the thin notices each deed leaves behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from salesarck_adapters.simulation import (
    NewCustomer,
    Outcome,
    Purchase,
    RefundOutcome,
    Rung,
    TillRefused,
    share,
)
from salesarck_adapters.simulators.clover.build import (
    ALIVE,
    PAID,
    REFUND_STATUS,
    add_line,
    addresses,
    new_customer,
    new_order,
    new_payment,
    new_refund,
    numbers,
    payment_state,
)
from salesarck_adapters.simulators.clover.wire import CheckoutNotice, Order, Payment
from salesarck_adapters.simulators.clover.world import CloverWorld

VOIDABLE_FOR = timedelta(minutes=25)


@dataclass(frozen=True, slots=True)
class CloverTill:
    """The tills of every merchant of a simulated Clover."""

    world: CloverWorld

    def ring_up(self, purchase: Purchase) -> Rung:
        shop, parts = self.world.shop(purchase.merchant), purchase.parts()
        if purchase.customer is not None:
            self._must_own(self.world.customer(purchase.customer).id, shop.profile.id)
        if purchase.location is not None:
            raise TillRefused("a Clover merchant is one location; leave it out")
        if purchase.outcome == "approved" and any(part.tender != "card" for part in parts):
            raise TillRefused("only a card can be approved and charged later")
        if purchase.order is None:
            order = new_order(self.world, shop, purchase)
            self.world.owners[order.id] = shop.profile.id
            self.world.notice("O", order.id, "CREATE")
        else:
            order = self.world.order(purchase.order)
            self._must_own(order.id, shop.profile.id)
        add_line(self.world, order, purchase)
        taxes = share(purchase.tax, [part.amount for part in parts])
        payments = list[str]()
        for part, tax in zip(parts, taxes, strict=True):
            payment = new_payment(self.world, order, purchase, part, tax)
            self.world.owners[payment.id] = shop.profile.id
            self.world.notice("P", payment.id, "CREATE")
            payments.append(payment.id)
        order.pay_type = "SPLIT_CUSTOM" if len(self.world.payments_of(order.id)) > 1 else "FULL"
        order.state = "locked"
        self._touch_order(order)
        return Rung(order.id, tuple(payments))

    def complete(self, payment: str) -> None:
        approved = self.world.payment(payment)
        if approved.result != "AUTH":
            raise TillRefused(f"{payment} is {approved.result}, so it can't be completed")
        self._change(approved, result="AUTH_COMPLETED")

    def tip(self, payment: str, amount: int) -> None:
        paid = self.world.payment(payment)
        if paid.result not in ALIVE:
            raise TillRefused(f"{payment} is {paid.result}; there is nothing to tip")
        if amount < 0:
            raise TillRefused("a tip is never negative")
        self._change(paid, tip_amount=amount or None)

    def void(self, payment: str) -> None:
        paid = self.world.payment(payment)
        if paid.result not in ALIVE:
            raise TillRefused(f"{payment} is {paid.result}; there is nothing to void")
        if self.world.now() - paid.created_time > VOIDABLE_FOR / timedelta(milliseconds=1):
            raise TillRefused(f"{payment} is older than 25 minutes; refund it instead")
        if self.world.refunds_of(paid.id):
            raise TillRefused(f"{payment} has a refund; refund the rest instead")
        self._change(paid, result="VOIDED", void_reason="USER_CANCEL")

    def refund(
        self, payment: str, amount: int | None = None, outcome: RefundOutcome = "completed"
    ) -> str:
        paid = self.world.payment(payment)
        left = self._left(paid)
        given = left if amount is None else amount
        if paid.result not in PAID:
            raise TillRefused(f"{payment} is {paid.result}; there is nothing to give back")
        if not 0 < given <= left:
            raise TillRefused(f"{payment} has {left} left to give back, not {given}")
        refund = new_refund(self.world, paid, given, outcome)
        self.world.owners[refund.id] = self.world.owners[paid.id]
        self._change(paid)
        return refund.id

    def settle(self, refund: str, outcome: RefundOutcome) -> None:
        pending = self.world.refund(refund)
        if pending.status != "PENDING":
            raise TillRefused(f"{refund} is {pending.status}, so it is settled already")
        pending.status = REFUND_STATUS[outcome]
        self._change(self.world.payment(pending.payment.id))

    def checkout(self, merchant: str, amount: int, outcome: Outcome = "completed") -> Rung:
        """Let somebody pay on the merchant's Hosted Checkout page, which has a webhook of its own.

        Raises:
            TillRefused: the merchant has no such page.
        """
        shop = self.world.shop(merchant)
        if shop.checkout_url is None:
            raise TillRefused(f"{merchant} has no Hosted Checkout")
        rung = self.ring_up(Purchase(merchant=merchant, amount=amount, outcome=outcome))
        is_declined = outcome == "declined"
        notice = CheckoutNotice(
            created_time=self.world.now() // 1000,
            message=f"{'Decline' if is_declined else 'Approved'} for {amount}",
            status="DECLINED" if is_declined else "APPROVED",
            type="PAYMENT",
            id=rung.payments[0],
            merchant_id=merchant,
            data=self.world.mint.uuid("checkout"),
        )
        self.world.checkouts.append(notice)
        return rung

    def add_customer(self, customer: NewCustomer) -> str:
        added = new_customer(self.world, customer)
        self.world.owners[added.id] = customer.merchant
        self.world.notice("C", added.id, "CREATE")
        return added.id

    def edit_customer(
        self, customer: str, *, phone: str | None = None, email: str | None = None
    ) -> None:
        edited = self.world.customer(customer)
        edited.phone_numbers = numbers(self.world, phone) if phone else edited.phone_numbers
        edited.email_addresses = addresses(self.world, email) if email else edited.email_addresses
        self.world.notice("C", edited.id, "UPDATE")

    def delete_customer(self, customer: str) -> None:
        gone = self.world.customer(customer)
        del self.world.customers[gone.id]
        self.world.notice("C", gone.id, "DELETE")

    def attach_customer(self, to: str, customer: str) -> None:
        """The buyer hangs on the order, even when a payment is named."""
        known = self.world.customer(customer)
        is_payment = to in self.world.payments
        order = self.world.order_of(self.world.payment(to)) if is_payment else self.world.order(to)
        self._must_own(known.id, self.world.owners[order.id])
        self.world.buyers[order.id] = [known.id]
        self._touch_order(order)

    def merge_customers(self, customers: Sequence[str]) -> str:
        """The first stays and takes over the others' orders. Clover doesn't document this."""
        found = {self.world.customer(customer).id: None for customer in customers}
        if len(found) <= 1:
            raise TillRefused("merging takes two customers or more")
        stays, *gone = [self.world.customer(customer) for customer in found]
        for one in gone:
            self._must_own(one.id, self.world.owners[stays.id])
            self.delete_customer(one.id)
            for order, buyers in self.world.buyers.items():
                if one.id in buyers:
                    self.attach_customer(order, stays.id)
        self.world.notice("C", stays.id, "UPDATE")
        return stays.id

    def unlink(self, merchant: str) -> None:
        self.world.shop(merchant).is_installed = False
        self.world.notice("A", self.world.app_id, "DELETE", merchant)

    def install(self, merchant: str) -> None:
        """Let a merchant take our app (again)."""
        self.world.shop(merchant).is_installed = True
        self.world.notice("A", self.world.app_id, "CREATE", merchant)

    def verify(self, code: str) -> None:
        """Press "Send Verification Code" in the dashboard."""
        self.world.codes.append(code)

    def merchants(self) -> Mapping[str, str]:
        return {name: one.profile.name for name, one in self.world.shops.items()}

    def _change(self, payment: Payment, **to: object) -> None:
        """A payment in a new state, or with a new refund: the same notice either way."""
        changed = self.world.change_payment(payment, **to)
        self.world.notice("P", changed.id, "UPDATE")
        self._touch_order(self.world.order_of(changed))

    def _touch_order(self, order: Order) -> None:
        payments = self.world.payments_of(order.id)
        refunds = [refund for one in payments for refund in self.world.refunds_of(one.id)]
        order.payment_state = payment_state(order, payments, refunds)
        order.modified_time = max(self.world.now(), order.modified_time + 1)
        self.world.notice("O", order.id, "UPDATE")

    def _must_own(self, name: str, merchant: str) -> None:
        if self.world.owners[name] != merchant:
            raise TillRefused(f"{name} belongs to another merchant than {merchant}")

    def _left(self, paid: Payment) -> int:
        """What can still be given back: pending refunds count as given."""
        refunds = self.world.refunds_of(paid.id)
        given = sum(refund.amount for refund in refunds if refund.status in {"SUCCESS", "PENDING"})
        return paid.amount + (paid.tip_amount or 0) - given
