"""Phones, addresses and waiting times are taken whole or not at all."""

import httpx
import pytest

from salesarck_adapters.http import asked_to_wait
from salesarck_adapters.phones import address, e164


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("(555) 555-0142", "US", "+15555550142"),
        ("1 555 555 0142", "US", "+15555550142"),
        ("555.555.0142 x7", "US", "+15555550142"),
        ("+44 20 7946 0018", "US", "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("5555550142", "", None),
        ("5555550142", "XX", None),
        ("555-0142", "US", None),
        ("0142", "US", None),
        ("911", "US", None),
        ("5" * 300, "US", None),
        ("+49 123456789012345", "US", None),
        ("call me", "US", None),
        ("\x00", "US", None),
        ("", "US", None),
        (None, "US", None),
    ],
)
def test_a_number_is_completed_only_where_nothing_is_guessed(
    typed: str | None, country: str, number: str | None
) -> None:
    assert e164(typed, country) == number


@pytest.mark.parametrize(
    ("typed", "mail"),
    [
        (" Ada@Example.TEST ", "ada@example.test"),
        ("ada@example.test", "ada@example.test"),
        ("ada", None),
        ("a b@example.test", None),
        ("a\x00@example.test", None),
        ("a@" + "x" * 300, None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_is_lower_case_or_nothing(typed: str | None, mail: str | None) -> None:
    assert address(typed) == mail


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("1e9", 86400), ("inf", None), ("-1", None), ("later", None)],
)
def test_a_wait_is_a_number_of_seconds_within_a_day(header: str, seconds: float | None) -> None:
    assert asked_to_wait(httpx.Response(429, headers={"retry-after": header})) == seconds
    assert asked_to_wait(httpx.Response(429)) is None
