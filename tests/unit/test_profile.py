"""What people tell of themselves, what a token says of them, and how often they may ask."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from salesarck_domain.people import Evidence
from salesarck_domain.phone import Email
from salesarck_domain.ports.identity import Claims
from salesarck_domain.ports.limits import Limit
from salesarck_domain.profile import Birthday, Profile, ProfileInvalid
from salesarck_domain.testing.examples import CAFE, MINUTE, NOON


@pytest.mark.parametrize(
    ("year", "month", "day", "why"),
    [
        (2023, 2, 29, "there is no 2023-02-29"),
        (None, 4, 31, "there is no 04-31"),
        (1850, 1, 1, "a birthday lies after"),
    ],
)
def test_a_birthday_is_a_day_that_a_person_can_have(
    year: int | None, month: int, day: int, why: str
) -> None:
    with pytest.raises(ProfileInvalid, match=why):
        Birthday(month, day, year)


def test_a_birthday_of_a_leap_day_needs_no_year_and_then_never_lies_ahead() -> None:
    assert not Birthday(2, 29).is_after(date(2026, 1, 1))
    assert Birthday(1, 2, 2026).is_after(date(2026, 1, 1))
    assert not Birthday(1, 1, 2026).is_after(date(2026, 1, 1))


@pytest.mark.parametrize("language", ["English", "e", "en_US", ""])
def test_a_language_is_a_tag(language: str) -> None:
    with pytest.raises(ProfileInvalid, match="language"):
        Profile(language=language)


def test_a_token_proves_the_contacts_that_it_names_and_no_others() -> None:
    nobody = Claims(
        subject=UUID(int=1),
        session=UUID(int=2),
        signed_in_at=NOON,
        issued_at=NOON,
        expires_at=NOON + MINUTE,
    )
    assert list(nobody.proved) == []
    by_email = replace(nobody, email=Email("ada@example.test"))
    assert list(by_email.proved) == [Evidence.email("ada@example.test")]


@pytest.mark.parametrize("at_once", [0, 6])
def test_no_more_come_at_once_than_come_at_all(at_once: int) -> None:
    with pytest.raises(ValueError, match="at most 5"):
        Limit("tries", 5, MINUTE, at_once)


def test_a_limit_of_adjustments_is_not_negative() -> None:
    with pytest.raises(ValueError, match="not negative"):
        replace(CAFE, adjustment_limit=-1)
    with pytest.raises(ValueError, match="no time"):
        replace(CAFE, code_lifetime=timedelta(0))
