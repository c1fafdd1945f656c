"""One sale: the state that counts, the bill, and why nothing of it counts."""

from dataclasses import replace
from itertools import permutations

import pytest

from salesarck_domain.ids import SaleId, derived
from salesarck_domain.judgement import Owner, judge, owner_of
from salesarck_domain.news import TenderState, TillCustomer
from salesarck_domain.people import Proof
from salesarck_domain.rules.version import RuleBook
from salesarck_domain.sales.sale import (
    Bill,
    KnownCustomer,
    PaymentKey,
    Sale,
    SaleKey,
    Tender,
)
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    CAFE,
    DAY,
    GRACE,
    GRACES_PHONE,
    MINUTE,
    NOON,
    paid,
    refunded,
)

PENDING, VOID = TenderState.PENDING, TenderState.VOID
ADA_AT_TILL = TillCustomer(phone="+15555550100")


def sale_of(*tenders: Tender) -> Sale:
    key = SaleKey("square", "M1", "order:O1")
    named = {tender.key.payment: tender for tender in tenders}
    return Sale(id=SaleId(derived(NOON, "sale")), key=key, tenders=named)


def tender(payment: str = "P1") -> Tender:
    return Tender(key=PaymentKey("square", "M1", payment))


def told(*states: object) -> Tender:
    it = tender()
    for state in states:
        it.tell(state)
    return it


class TestTender:
    def test_the_order_of_telling_does_not_matter(self) -> None:
        states = [
            paid("P1", 10, changed_at=NOON),
            paid("P1", 11, changed_at=NOON + MINUTE),
            paid("P1", 12, changed_at=NOON + 2 * MINUTE, state=PENDING),
            paid("P1", 13, changed_at=NOON + 2 * MINUTE),
        ]
        for order in permutations(states):
            assert told(*order).state == states[3]
        for order in permutations([*states, paid("P1", 9, state=VOID)]):
            assert told(*order).state.state is VOID

    def test_of_two_final_states_the_earlier_was_there_first(self) -> None:
        early, late = paid("P1", 10, state=VOID), paid("P1", 11, at=NOON + DAY, state=VOID)
        assert told(early, late).state == told(late, early).state == early

    def test_it_says_whether_anything_changed(self) -> None:
        it = tender()
        assert it.tell(paid("P1", 10))
        assert not it.tell(paid("P1", 10))
        assert it.refund(refunded("R1", "P1", 3))
        assert not it.refund(refunded("R1", "P1", 3))

    def test_an_order_once_named_stays_named(self) -> None:
        early, late = paid("P1", 10, order="O1"), paid("P1", 10, at=NOON + DAY)
        assert told(early, late).state.order == told(late, early).state.order == "O1"

    def test_refunds_wait_for_their_tender(self) -> None:
        it = tender()
        it.refund(refunded("R1", "P1", 3))
        assert (it.refunded, list(it.evidence({}))) == (0, [])
        it.tell(paid("P1", 10))
        assert it.refunded == 3_00

    def test_what_needs_guessing_points_to_nobody(self) -> None:
        customer = TillCustomer(id="T1", phone="555-0100", email="no address")
        it = told(paid("P1", 10, customer=customer))
        assert [found.value for found in it.evidence({})] == ["square:T1"]

    def test_the_customer_book_adds_what_the_till_knows(self) -> None:
        it = told(paid("P1", 10, customer=TillCustomer(id="T1")))
        known = KnownCustomer(ids=("T1", "T2"), phone="+15555550100", email="ada@example.test")
        found = [str(each.value) for each in it.evidence({("square", "T1"): known})]
        assert found == ["square:T1", "square:T2", "+15555550100", "ada@example.test"]


class TestBill:
    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (paid("P1", 10, state=PENDING), "not_completed"),
            (paid("P1", 10, state=VOID), "void"),
            (replace(paid("P1", 10), test=True), "test_sale"),
            (replace(paid("P1", 10), currency="EUR"), "other_currency"),
            (paid("P1", 0), "nothing_spent"),
            (replace(paid("P1", 10), refunded=10_00), "fully_refunded"),
            (paid("P1", 10), None),
        ],
    )
    def test_it_says_why_nothing_counts(self, state: object, reason: str | None) -> None:
        assert Bill.of(sale_of(told(state)), "USD").reason == reason

    def test_a_sale_whose_tenders_have_gone_says_so(self) -> None:
        empty = sale_of()
        assert Bill.of(empty, "USD").reason == "moved_to_its_order"
        assert (empty.first_happened(), empty.standing, empty.is_claimable) == (None, 0, False)


PROOFS = {ADAS_PHONE: Proof(ADAS_PHONE, ADA, NOON + DAY)}


class TestJudgement:
    def judged(self, sale: Sale) -> Owner:
        return owner_of(sale, Bill.of(sale, "USD"), CAFE, PROOFS, {})

    def test_nobody_known_is_unclaimed(self) -> None:
        assert self.judged(sale_of(told(paid("P1", 10)))) == Owner(None, "unclaimed")

    def test_a_proof_in_time_makes_an_owner(self) -> None:
        sale = sale_of(told(paid("P1", 10, customer=ADA_AT_TILL)))
        assert self.judged(sale) == Owner(ADA)

    def test_a_proof_too_late_says_so(self) -> None:
        early = NOON + DAY - CAFE.claim_window - MINUTE
        sale = sale_of(told(paid("P1", 10, at=early, customer=ADA_AT_TILL)))
        assert self.judged(sale) == Owner(None, "claim_window_passed")

    def test_the_first_posting_fixed_the_owner(self) -> None:
        sale = sale_of(told(paid("P1", 10, customer=ADA_AT_TILL)))
        sale.consumer = GRACE
        assert GRACES_PHONE not in PROOFS
        assert self.judged(sale) == Owner(GRACE)

    def test_without_rules_or_owner_or_bill_the_award_says_why(self) -> None:
        sale = sale_of(told(paid("P1", 10)))
        bill = Bill.of(sale, "USD")
        nothing = Bill.of(sale_of(), "USD")
        cases = [
            (bill, Owner(ADA), "no_rule_in_force"),
            (bill, Owner(None, "unclaimed"), "unclaimed"),
            (nothing, Owner(ADA), "moved_to_its_order"),
        ]
        for its_bill, owner, reason in cases:
            award = judge(sale, its_bill, owner, CAFE, RuleBook(), lambda _: 0)
            assert (award.points, award.reason) == (0, reason)
