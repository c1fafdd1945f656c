"""Values that can't be wrong: money, points, phones, tenants, terms, days, codes' signs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from salesarck_domain.days import Span, day_of, first_instant, month_of, zone
from salesarck_domain.money import Money
from salesarck_domain.phone import Email, Phone
from salesarck_domain.points import POINTS_MAX, Points
from salesarck_domain.redemption.alphabet import ALPHABET, show, spell, typed
from salesarck_domain.redemption.terms import BelowRedemptionMinimum, check_minimum, offer, worth
from salesarck_domain.tenants import RedemptionTerms, Reward
from salesarck_domain.testing.examples import CAFE, NOON

COFFEE = Reward("free coffee", 100)
TERMS = RedemptionTerms(
    points_per_unit=100, points_min=50, bill_percent_max=50, catalogue=(COFFEE,)
)


class TestMoney:
    def test_amounts_of_one_currency_add_up_and_compare(self) -> None:
        assert Money(5, "USD") + Money(7, "USD") == Money(12, "USD")
        assert Money(7, "USD") >= Money(7, "USD")
        assert not Money(6, "USD") >= Money(7, "USD")
        assert Money(1_299, "USD") // Money(100, "USD") == 12
        assert (bool(Money(1, "USD")), bool(Money(0, "USD"))) == (True, False)

    @pytest.mark.parametrize(("amount", "currency"), [(-1, "USD"), (1, "usd"), (1, "DOLLAR")])
    def test_an_amount_is_not_negative_and_its_currency_is_one(
        self, amount: int, currency: str
    ) -> None:
        with pytest.raises(ValueError, match="got"):
            Money(amount, currency)


class TestPoints:
    def test_they_count_without_a_sign(self) -> None:
        assert Points(2) + Points(3) == Points(5)
        assert (bool(Points(1)), bool(Points(0)), str(Points(1_200))) == (True, False, "1,200 pts")

    @pytest.mark.parametrize("count", [-1, POINTS_MAX + 1])
    def test_they_have_bounds(self, count: int) -> None:
        with pytest.raises(ValueError, match="points lie between"):
            Points(count)


class TestPeople:
    def test_a_phone_and_an_address_are_written_without_being_shown(self) -> None:
        assert repr(Phone("+15555550123")) == "Phone(…23)"
        assert repr(Email("Ada@Example.test")) == "Email(…@example.test)"
        assert str(Email(" Ada@Example.test ")) == "ada@example.test"

    @pytest.mark.parametrize("text", ["", "ada", "ada@", "@example.test", "a da@example.test"])
    def test_what_is_no_address_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="looks like"):
            Email(text)


class TestTenant:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("time_zone", "Nowhere/Here"),
            ("time_zone", "../etc/passwd"),
            ("currency", "usd"),
            ("country", "USA"),
            ("code_lifetime", timedelta(0)),
            ("claim_window", timedelta(-1)),
            ("grace", timedelta(-1)),
        ],
    )
    def test_its_terms_make_sense(self, key: str, value: object) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            replace(CAFE, **{key: value})

    @pytest.mark.parametrize(
        "wrong", [{"points_per_unit": 0}, {"points_min": -1}, {"bill_percent_max": 101}]
    )
    def test_points_are_worth_something_sensible(self, wrong: dict[str, int]) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            RedemptionTerms(**wrong)

    @pytest.mark.parametrize(("name", "points"), [("", 100), ("coffee", 0)])
    def test_a_reward_has_a_name_and_a_price(self, name: str, points: int) -> None:
        with pytest.raises(ValueError, match="reward"):
            Reward(name, points)


class TestTerms:
    def test_points_pay_no_more_than_their_share_of_a_bill(self) -> None:
        found = offer(10_000, Money(12_50, "USD"), TERMS)
        assert (found.points, found.value) == (625, Money(6_25, "USD"))

    def test_points_are_rounded_up_so_that_no_fraction_is_given_away(self) -> None:
        dear = RedemptionTerms(points_per_unit=3)
        assert offer(10, Money(50, "USD"), dear).points == 2
        assert worth(2, "USD", dear) == Money(66, "USD")

    def test_below_the_minimum_there_is_no_offer_and_no_code(self) -> None:
        assert offer(49, Money(12_50, "USD"), TERMS).points == 0
        with pytest.raises(BelowRedemptionMinimum, match="from 50 pts on"):
            check_minimum(49, TERMS)
        check_minimum(50, TERMS)

    def test_rewards_are_those_that_the_balance_covers(self) -> None:
        assert offer(99, Money(1, "USD"), TERMS).rewards == ()
        assert offer(100, Money(1, "USD"), TERMS).rewards == (COFFEE,)

    def test_a_yen_has_no_parts(self) -> None:
        assert worth(250, "JPY", TERMS) == Money(2, "JPY")


class TestDays:
    def test_a_whole_day_that_a_zone_skipped_begins_with_the_next(self) -> None:
        apia = zone("Pacific/Apia")
        skipped, following = date(2011, 12, 30), date(2011, 12, 31)
        assert first_instant(skipped, apia) == first_instant(following, apia)

    def test_a_day_holds_its_first_instant_and_not_its_last(self) -> None:
        day = day_of(NOON, zone("America/New_York"))
        assert day == Span(datetime(2026, 3, 2, 5, tzinfo=UTC), datetime(2026, 3, 3, 5, tzinfo=UTC))
        assert day.since in day
        assert day.until not in day

    def test_a_month_is_the_one_on_the_wall(self) -> None:
        month = month_of(datetime(2026, 3, 1, 4, tzinfo=UTC), zone("America/New_York"))
        assert month.until == datetime(2026, 3, 1, 5, tzinfo=UTC)

    def test_ever_has_no_bounds(self) -> None:
        assert NOON in Span(None, None)


class TestAlphabet:
    def test_what_is_spelled_can_be_typed_in_any_manner(self) -> None:
        text = spell(bytes(range(200, 232)))
        assert typed(show(text).lower()) == text

    def test_one_wrong_sign_is_caught_wherever_it_is(self) -> None:
        text = spell(bytes(range(200, 232)))
        for place, right in enumerate(text):
            for sign in set(ALPHABET) - {right}:
                assert typed(text[:place] + sign + text[place + 1 :]) is None

    @pytest.mark.parametrize("text", ["", "2222222", "222222222", "2222222O", "2222 222é"])
    def test_what_is_no_code_is_none(self, text: str) -> None:
        assert typed(text) is None
